//! A small authority: certificates by rcgen, signatures by our own provider.

use core::time::Duration;

use hex_literal::hex;
use ike_crypto::SignatureScheme;
use ike_rustcrypto::SystemRandom;
use ike_x509::{Certificate, Crl, Policy, Presented, Reason, Refusal, Store, VerifiedKey};
use ipsec_doi::{HashId, Identity};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, RevokedCertParams, SanType,
    SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

/// 2026-11-23, in the middle of all validities.
pub(crate) const NOW: Duration = Duration::from_secs(1_795_437_000);

/// A private key that rcgen can use.
pub(crate) struct Key {
    pub(crate) inner: Box<dyn ike_crypto::SigningKey>,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
    scheme: SignatureScheme,
}

impl Key {
    pub(crate) fn new(
        der: &[u8],
        algorithm: &'static SignatureAlgorithm,
        scheme: SignatureScheme,
    ) -> Self {
        let inner = ike_rustcrypto::provider().load_key(der).unwrap();
        let (_, spki) = SubjectPublicKeyInfo::from_der(inner.public_key()).unwrap();
        Self {
            public: spki.subject_public_key.data.to_vec(),
            inner,
            algorithm,
            scheme,
        }
    }

    /// A key on P-256, another one for every number.
    pub(crate) fn p256(number: u8) -> Self {
        let prefix =
            hex!("3041 020100 3013 06072a8648ce3d0201 06082a8648ce3d030107 0427 3025 020101 0420");
        let der = [&prefix[..], &[number; 32]].concat();
        let scheme = SignatureScheme::EcdsaDer(HashId::SHA2_256);
        Self::new(&der, &rcgen::PKCS_ECDSA_P256_SHA256, scheme)
    }

    /// A key of Ed25519, another one for every number.
    pub(crate) fn ed25519(number: u8) -> Self {
        let prefix = hex!("302e 020100 3005 06032b6570 0422 0420");
        let der = [&prefix[..], &[number; 32]].concat();
        Self::new(&der, &rcgen::PKCS_ED25519, SignatureScheme::Ed25519)
    }

    /// The RSA key of the tests.
    pub(crate) fn rsa() -> Self {
        let pem = include_bytes!("../keys/rsa.pkcs8.pem");
        let inner = ike_x509::private_key(pem, ike_rustcrypto::provider()).unwrap();
        let (_, spki) = SubjectPublicKeyInfo::from_der(inner.public_key()).unwrap();
        Self {
            public: spki.subject_public_key.data.to_vec(),
            inner,
            algorithm: &rcgen::PKCS_RSA_SHA256,
            scheme: SignatureScheme::RsaPkcs1(HashId::SHA2_256),
        }
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.inner
            .sign(self.scheme, &[message], &mut SystemRandom::new())
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// A public key without a private one, as somebody may ask a CA to certify.
pub(crate) struct Public(pub(crate) Vec<u8>, pub(crate) &'static SignatureAlgorithm);

impl PublicKeyData for Public {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.1
    }
}

/// What a certificate is to say: `CN=name`, valid from 2026 to 2029.
pub(crate) fn plain(name: &str, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2029, 1, 1);
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![1, 2, 3]);
    params
}

/// A peer's: with its name as the subjectAltName.
pub(crate) fn peer(name: &str, serial: u64) -> CertificateParams {
    let mut params = plain(name, serial);
    params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
    params
}

/// A CA's.
pub(crate) fn ca(name: &str, serial: u64) -> CertificateParams {
    let mut params = plain(name, serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Somebody who issues certificates, rightly or not.
pub(crate) struct Authority {
    issuer: Issuer<'static, Key>,
    pub(crate) der: Vec<u8>,
}

impl Authority {
    pub(crate) fn root(params: CertificateParams, key: Key) -> Self {
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    pub(crate) fn below(&self, params: CertificateParams, key: Key) -> Self {
        let der = self.issue(&params, &key);
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    pub(crate) fn issue(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Vec<u8> {
        params
            .clone()
            .signed_by(key, &self.issuer)
            .unwrap()
            .der()
            .to_vec()
    }

    /// A CRL with these serial numbers, made in the first and to be replaced in the second month of 2026.
    pub(crate) fn crl(&self, revoked: &[u64], months: (u8, u8)) -> Vec<u8> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 2),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, months.0, 1),
            next_update: date_time_ymd(2026, months.1, 30),
            crl_number: SerialNumber::from(u64::from(months.0)),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::PreSpecified(vec![1, 2, 3]),
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// The usual root.
pub(crate) fn root() -> Authority {
    Authority::root(ca("Root", 1), Key::p256(1))
}

/// A store that trusts these.
pub(crate) fn trusting(authorities: &[&Authority]) -> Store {
    let mut store = Store::new(ike_rustcrypto::provider());
    for authority in authorities {
        let certificate = Certificate::from_der(authority.der.as_slice()).unwrap();
        store.add_authority(certificate).unwrap();
    }
    store
}

pub(crate) fn with_crls(mut store: Store, crls: &[Vec<u8>]) -> Store {
    for crl in crls {
        store.add_crl(Crl::from_der(crl).unwrap());
    }
    store
}

/// What is said of a chain that should be `a.lab`'s.
pub(crate) fn judge(store: &Store, chain: &[Vec<u8>]) -> Result<VerifiedKey, Refusal> {
    judge_by(store, chain, &Policy::default())
}

pub(crate) fn judge_by(
    store: &Store,
    chain: &[Vec<u8>],
    policy: &Policy,
) -> Result<VerifiedKey, Refusal> {
    let presented = Presented { chain, crls: &[] };
    store.verify(presented, &Identity::fqdn("a.lab"), NOW, policy)
}

/// The refusal of a chain that should be `a.lab`'s: its reason must be this, and its text one clean line.
#[track_caller]
pub(crate) fn refused(store: &Store, chain: &[Vec<u8>], reason: Reason) -> Refusal {
    let refusal = judge(store, chain).unwrap_err();
    fair(&refusal, reason);
    refusal
}

#[track_caller]
pub(crate) fn fair(refusal: &Refusal, reason: Reason) {
    let line = refusal.to_string();
    assert_eq!(refusal.reason, reason, "{line}");
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(line.contains(&refusal.subject), "{line}");
    assert!(line.len() < 600, "{line}");
}
