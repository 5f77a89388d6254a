//! Certificates that nobody but their own key vouches for, as authentication by address has them ([MS-IKEE] §3.4.3).

use core::cell::RefCell;
use core::fmt;
use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

use ike_crypto::{Provider, Random, SignatureScheme, SigningKey};
use ipsec_doi::HashId;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyUsagePurpose, PublicKeyData, SanType,
    SerialNumber, SignatureAlgorithm,
};
use x509_parser::asn1_rs::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::algorithm::algorithms;
use crate::certificate::{self, Certificate};
use crate::refusal::{Reason, Refusal};

/// What a self-signed certificate is to say.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "an argument, made by callers")]
pub struct SelfSigned<'a> {
    /// The common name of subject and issuer.
    pub name: &'a str,
    /// The address in the subjectAltName.
    pub address: IpAddr,
    /// From when and until when it is valid, since 1970, to the second.
    pub validity: RangeInclusive<Duration>,
}

impl SelfSigned<'_> {
    /// Makes the certificate of an RSA key, signed with SHA-256 by that key. It may be used for signatures and is no
    /// CA's ([MS-IKEE] §3.4.3, RFC 4945 §5.1). `random` gives the serial number, and blinds.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn certificate(
        &self,
        key: &dyn SigningKey,
        random: &mut dyn Random,
    ) -> Result<Certificate, IssueError> {
        if !key.schemes().contains(&SCHEME) {
            return Err(IssueError::Key);
        }
        let (_, spki) =
            SubjectPublicKeyInfo::from_der(key.public_key()).map_err(|_| IssueError::Key)?;
        let mut serial = [0; 16];
        random.fill(&mut serial).map_err(|_| IssueError::Random)?;
        let mut params = CertificateParams::default();
        // positive, and of the same length always
        if let Some(first) = serial.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, self.name);
        params.subject_alt_names = vec![SanType::IpAddress(self.address)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.not_before = date(*self.validity.start())?.to_datetime();
        params.not_after = date(*self.validity.end())?.to_datetime();
        let signer = Signer {
            key,
            public: spki.subject_public_key.data.to_vec(),
            random: RefCell::new(random),
        };
        let made = params
            .self_signed(&signer)
            .map_err(|_| IssueError::Signature)?;
        Certificate::from_der(made.der().to_vec()).map_err(|_| IssueError::Name)
    }
}

/// How it is signed.
const SCHEME: SignatureScheme = SignatureScheme::RsaPkcs1(HashId::SHA2_256);

fn date(since_1970: Duration) -> Result<ASN1Time, IssueError> {
    let seconds = i64::try_from(since_1970.as_secs()).map_err(|_| IssueError::Validity)?;
    ASN1Time::from_timestamp(seconds).map_err(|_| IssueError::Validity)
}

/// Shows our keys to rcgen.
struct Signer<'a> {
    key: &'a dyn SigningKey,
    public: Vec<u8>,
    random: RefCell<&'a mut dyn Random>,
}

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut random = self.random.borrow_mut();
        let signed = self.key.sign(SCHEME, &[message], *random);
        signed.map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Why no certificate was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueError {
    /// The key is not RSA.
    Key,
    /// The name cannot be in a certificate.
    Name,
    /// There is no randomness.
    Random,
    /// The key does not sign.
    Signature,
    /// A date that no certificate can have.
    Validity,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "the key is not RSA",
            Self::Name => "the name cannot be in a certificate",
            Self::Random => "the random source fails",
            Self::Signature => "the key cannot sign the certificate",
            Self::Validity => "no certificate can have that validity",
        })
    }
}

impl core::error::Error for IssueError {}

/// The public key, a DER SubjectPublicKeyInfo, of a certificate that its own key has signed: whoever sent it has, or had,
/// the private key. It says nothing about who that is; dates, names and usages are not looked at ([MS-IKEE] §3.4.5.5).
///
/// # Errors
///
/// When it is no certificate, or signed by somebody else, or in a way that is unknown.
pub fn self_signed_key(der: &[u8], provider: &Provider) -> Result<Vec<u8>, Refusal> {
    let parsed = certificate::parse(der)
        .map_err(|malformed| Refusal::new(Reason::Malformed, "", malformed.to_string()))?;
    let subject = crate::name::text(parsed.subject());
    let refuse = |reason, text: &str| Err(Refusal::new(reason, &subject, text));
    if parsed.subject().as_raw() != parsed.issuer().as_raw() {
        return refuse(
            Reason::BadSignature,
            "it is issued by somebody else, and should be self-signed",
        );
    }
    let named = parsed.signature_algorithm.algorithm.as_bytes();
    let known = algorithms(provider);
    let mut fitting = known.iter().filter(|it| it.is_named(named)).peekable();
    if fitting.peek().is_none() {
        return refuse(
            Reason::SignatureAlgorithm,
            "it is signed in a way that is unknown",
        );
    }
    let spki = parsed.public_key().raw;
    let message = parsed.tbs_certificate.as_ref();
    let signature = &parsed.signature_value.data;
    if fitting.any(|it| it.accepts(spki, message, signature)) {
        Ok(spki.to_vec())
    } else {
        refuse(
            Reason::BadSignature,
            "it is not signed with the key that is in it",
        )
    }
}
