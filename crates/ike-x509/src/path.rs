//! From the peer's certificate to an authority (RFC 5280 §6), by webpki, with what IKE asks beside it.

use core::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, RevocationOptions,
    RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use crate::blame::Known;
use crate::certificate::{self, Certificate};
use crate::crl::Crl;
use crate::identity;
use crate::policy::{Policy, Purpose, Purposes, Revocation};
use crate::refusal::{Reason, Refusal};
use crate::store::{MAX_CERTIFICATES, MAX_CRLS, Presented, Store, VerifiedKey};

/// The peer's own certificate.
pub(crate) struct Peer<'a> {
    pub(crate) parsed: X509Certificate<'a>,
    certificate: Certificate,
}

impl Store {
    /// The peer's own certificate, well-formed, from a heap that is not too large.
    pub(crate) fn examine<'a>(&self, presented: Presented<'a>) -> Result<Peer<'a>, Refusal> {
        let Some(der) = presented.chain.first() else {
            return Err(Refusal::new(
                Reason::Missing,
                "",
                "the peer sent no certificate; let it send the one of its identity",
            ));
        };
        if presented.chain.len() > MAX_CERTIFICATES || presented.crls.len() > MAX_CRLS {
            return Err(Refusal::new(
                Reason::TooMany,
                "",
                format!(
                    "the peer sent {} certificates and {} CRLs, and {MAX_CERTIFICATES} and {MAX_CRLS} are the most; let it \
                     send its own chain alone",
                    presented.chain.len(),
                    presented.crls.len(),
                ),
            ));
        }
        let malformed = |error: certificate::Malformed| {
            Refusal::new(
                Reason::Malformed,
                "",
                format!("the peer's certificate is broken: {error}; have it issued anew"),
            )
        };
        let peer = Peer {
            parsed: certificate::parse(der).map_err(malformed)?,
            certificate: Certificate::from_der(der.as_slice()).map_err(malformed)?,
        };
        if peer.parsed.version() != X509Version::V3 {
            let text = "it is not of version 3; have it issued anew";
            return Err(peer.refuse(Reason::Version, text));
        }
        identity::check_names(&peer.parsed).map_err(|text| peer.refuse(Reason::BadName, text))?;
        Ok(peer)
    }

    /// RFC 4945 §5.1.3.2 and §5.1.3.12: whether the certificate may be used for this.
    pub(crate) fn check_usage(&self, peer: &Peer<'_>, policy: &Policy) -> Result<(), Refusal> {
        if let Ok(Some(usage)) = peer.parsed.key_usage()
            && !usage.value.digital_signature()
            && !usage.value.non_repudiation()
        {
            return Err(peer.refuse(
                Reason::KeyUsage,
                "its key usage allows no signatures; have it issued with digitalSignature",
            ));
        }
        if let Ok(Some(usage)) = peer.parsed.extended_key_usage() {
            let usage = usage.value;
            let allowed = |purpose: &Purpose| match purpose {
                Purpose::ServerAuth => usage.server_auth,
                Purpose::ClientAuth => usage.client_auth,
                Purpose::IpsecIke | Purpose::IkeIntermediate => usage
                    .other
                    .iter()
                    .any(|oid| oid.as_bytes() == purpose.oid()),
            };
            if !usage.any && !policy.purposes.iter().any(allowed) {
                let names: Vec<&str> = policy.purposes.iter().map(|it| it.name()).collect();
                return Err(peer.refuse(
                    Reason::ExtendedKeyUsage,
                    format!(
                        "its extended key usage has none of {}; have it issued with one of them, or allow what it has",
                        names.join(", ")
                    ),
                ));
            }
        }
        check_key(peer.parsed.public_key(), policy).map_err(|text| peer.refuse(Reason::Key, text))
    }

    /// A path to an authority, all of its certificates valid, unrevoked and meant for what they are used for.
    pub(crate) fn build_path(
        &self,
        presented: Presented<'_>,
        peer: &Peer<'_>,
        now: Duration,
        policy: &Policy,
    ) -> Result<VerifiedKey, Refusal> {
        let sent: Vec<Crl> = presented
            .crls
            .iter()
            .filter_map(|der| Crl::from_der(der).ok())
            .collect();
        let crls = newest_first(self.crls.iter().chain(&sent), now, policy.revocation);
        let lists: Vec<&CertRevocationList<'_>> = crls.iter().map(|crl| &crl.list).collect();
        let others = presented.chain.iter().skip(1);
        let known = Known {
            peer: &peer.certificate,
            others: others
                .clone()
                .filter_map(|der| Certificate::from_der(der.as_slice()).ok())
                .chain(self.intermediates.iter().cloned())
                .collect(),
            authorities: &self.authorities,
            crls: &crls,
        };
        let blame = |error| known.blame(&error);
        let revocation = match revocation(&lists, policy.revocation) {
            Ok(options) => options,
            Err(error) => return Err(blame(error)),
        };
        let der = CertificateDer::from(peer.certificate.der());
        let end_entity = EndEntityCert::try_from(&der).map_err(blame)?;
        let intermediates: Vec<CertificateDer<'_>> = others
            .map(|der| CertificateDer::from(der.as_slice()))
            .chain(self.intermediates.iter().map(|it| it.der().into()))
            .collect();
        let path = end_entity
            .verify_for_usage(
                &self.accepted_algorithms(policy),
                &self.anchors,
                &intermediates,
                UnixTime::since_unix_epoch(now),
                Purposes(&policy.purposes),
                revocation,
                Some(&|path: &VerifiedPath<'_>| self.check_path(path, now)),
            )
            .map_err(blame)?;
        let authority = self.authority_of(&path);
        let not_after = path
            .intermediate_certificates()
            .filter_map(|it| Certificate::from_der(it.der().as_ref()).ok())
            .map(|it| it.not_after())
            .chain(authority.map(Certificate::not_after))
            .fold(peer.certificate.not_after(), Duration::min);
        Ok(VerifiedKey {
            public_key: peer.certificate.public_key().to_vec(),
            subject: peer.certificate.subject().to_owned(),
            authority: authority.map_or_else(String::new, |it| it.subject().to_owned()),
            not_after,
        })
    }

    fn accepted_algorithms(&self, policy: &Policy) -> Vec<&dyn SignatureVerificationAlgorithm> {
        let mut accepted: Vec<&dyn SignatureVerificationAlgorithm> = Vec::new();
        for algorithm in &self.algorithms {
            if policy.sha1 || !algorithm.legacy {
                accepted.push(algorithm);
            }
        }
        accepted
    }

    /// What webpki leaves to others: that an authority is itself still valid, and that what signs certificates may do so
    /// (RFC 5280 §6.1.4 (n)).
    fn check_path(&self, path: &VerifiedPath<'_>, now: Duration) -> Result<(), webpki::Error> {
        let time = UnixTime::since_unix_epoch(now);
        if let Some(authority) = self.authority_of(path) {
            if now > authority.not_after() {
                let not_after = UnixTime::since_unix_epoch(authority.not_after());
                return Err(webpki::Error::CertExpired { time, not_after });
            }
            if now < authority.not_before() {
                let not_before = UnixTime::since_unix_epoch(authority.not_before());
                return Err(webpki::Error::CertNotValidYet { time, not_before });
            }
        }
        let may_certify = |der: &[u8]| Certificate::from_der(der).is_ok_and(|it| it.may_certify());
        if path
            .intermediate_certificates()
            .all(|it| may_certify(it.der().as_ref()))
        {
            Ok(())
        } else {
            Err(webpki::Error::EndEntityUsedAsCa)
        }
    }

    fn authority_of(&self, path: &VerifiedPath<'_>) -> Option<&Certificate> {
        self.anchors
            .iter()
            .position(|anchor| anchor == path.anchor())
            .and_then(|index| self.authorities.get(index))
    }
}

impl Peer<'_> {
    fn refuse(&self, reason: Reason, text: impl Into<String>) -> Refusal {
        Refusal::new(reason, self.certificate.subject(), text)
    }
}

/// The lists to look into. One that claims to be of the future is none when they must be right.
fn newest_first<'a>(
    crls: impl Iterator<Item = &'a Crl>,
    now: Duration,
    revocation: Revocation,
) -> Vec<&'a Crl> {
    let mut crls: Vec<&Crl> = crls
        .filter(|crl| revocation != Revocation::Strict || crl.this_update() <= now)
        .collect();
    crls.sort_by_key(|crl| core::cmp::Reverse(crl.this_update()));
    crls
}

fn revocation<'a>(
    lists: &'a [&'a CertRevocationList<'a>],
    policy: Revocation,
) -> Result<Option<RevocationOptions<'a>>, webpki::Error> {
    let (status, expiration) = match policy {
        Revocation::Off => return Ok(None),
        Revocation::Lenient => (UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore),
        Revocation::Strict => (UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce),
    };
    match RevocationOptionsBuilder::new(lists) {
        Ok(builder) => Ok(Some(
            builder
                .with_status_policy(status)
                .with_expiration_policy(expiration)
                .build(),
        )),
        // without lists there is nothing to build from
        Err(_) if policy == Revocation::Strict => Err(webpki::Error::UnknownRevocationStatus),
        Err(_) => Ok(None),
    }
}

/// Bits of the shortest RSA key, and of the shortest where SHA-1 is allowed too.
const SHORTEST_RSA: (usize, usize) = (2048, 1024);
/// Bits of the longest RSA key: beyond it one verification takes too long.
const LONGEST_RSA: usize = 8192;

/// Whether signatures of that key can be verified at all; AUTH decides whether they are right.
fn check_key(key: &SubjectPublicKeyInfo<'_>, policy: &Policy) -> Result<(), String> {
    let unknown = || {
        Err(
            "its key is of a kind that is not understood; have it issued for a key of RSA, ECDSA on P-256, P-384 or \
             P-521, or Ed25519"
                .to_owned(),
        )
    };
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => check_rsa(&rsa, policy),
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref();
            let curve = curve.and_then(|it| it.as_oid().ok());
            match curve {
                Some(oid) if CURVES.contains(&oid.as_bytes()) => Ok(()),
                _ => unknown(),
            }
        }
        Ok(_) if key.algorithm.algorithm.as_bytes() == ED25519 => Ok(()),
        _ => unknown(),
    }
}

/// P-256, P-384, P-521: RFC 5480 §2.1.1.1.
const CURVES: [&[u8]; 3] = [
    b"\x2a\x86\x48\xce\x3d\x03\x01\x07",
    b"\x2b\x81\x04\x00\x22",
    b"\x2b\x81\x04\x00\x23",
];
/// id-Ed25519, RFC 8410 §3.
const ED25519: &[u8] = b"\x2b\x65\x70";

fn check_rsa(key: &RSAPublicKey<'_>, policy: &Policy) -> Result<(), String> {
    let bits = key.key_size();
    let shortest = if policy.sha1 {
        SHORTEST_RSA.1
    } else {
        SHORTEST_RSA.0
    };
    if bits < shortest {
        return Err(format!(
            "its RSA key has {bits} bits; have it issued for one of {shortest} or more"
        ));
    }
    if bits > LONGEST_RSA {
        return Err(format!(
            "its RSA key has {bits} bits; have it issued for one of {LONGEST_RSA} or less"
        ));
    }
    let odd = |number: &[u8]| number.last().is_some_and(|octet| octet & 1 == 1);
    let exponent = key.try_exponent().unwrap_or(0);
    if exponent < 3 || !odd(key.exponent) || !odd(key.modulus) {
        return Err(
            "its RSA key is none; have it issued for a key that was made properly".to_owned(),
        );
    }
    Ok(())
}
