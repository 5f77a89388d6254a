use core::fmt;
use core::time::Duration;

use ipsec_doi::Identity;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::time::ASN1Time;

use crate::refusal::{Reason, Refusal};
use crate::{identity, name};

/// A certificate: its DER and what is needed of it again and again. Parsed, not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    subject: String,
    issuer: String,
    /// DER of the names, with tag and length.
    raw_names: (Vec<u8>, Vec<u8>),
    spki: Vec<u8>,
    serial: Vec<u8>,
    /// Seconds since 1970.
    validity: (i64, i64),
    is_authority: bool,
    may_certify: bool,
}

/// Octets that are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Not the DER of a certificate, or something after its end.
    Encoding,
    /// An extension that is there twice or cannot be read.
    Extension,
    /// Larger than any certificate may be.
    Size,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encoding => "not the DER of an X.509 certificate",
            Self::Extension => "an extension is there twice or cannot be read",
            Self::Size => "larger than 64 KiB",
        })
    }
}

impl core::error::Error for Malformed {}

/// Largest certificate, in octets: what a CERT payload can hold.
const LARGEST: usize = 65_535;

/// Parses a certificate that fills `der`, and finds the extensions that matter readable and there but once.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Malformed> {
    if der.len() > LARGEST {
        return Err(Malformed::Size);
    }
    let Ok(([], certificate)) = X509Certificate::from_der(der) else {
        return Err(Malformed::Encoding);
    };
    let readable = certificate.basic_constraints().is_ok()
        && certificate.key_usage().is_ok()
        && certificate.extended_key_usage().is_ok()
        && certificate.subject_alternative_name().is_ok();
    if readable {
        Ok(certificate)
    } else {
        Err(Malformed::Extension)
    }
}

impl Certificate {
    /// Reads a certificate from DER.
    ///
    /// # Errors
    ///
    /// When `der` is not one certificate, whole and alone, of at most 64 KiB.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, Malformed> {
        let der = der.into();
        let parsed = parse(&der)?;
        let validity = parsed.validity();
        let key_usage = parsed.key_usage().ok().flatten();
        let facts = Self {
            der: Vec::new(),
            subject: name::text(parsed.subject()),
            issuer: name::text(parsed.issuer()),
            raw_names: (
                parsed.subject().as_raw().to_vec(),
                parsed.issuer().as_raw().to_vec(),
            ),
            spki: parsed.public_key().raw.to_vec(),
            serial: parsed.raw_serial().to_vec(),
            validity: (
                validity.not_before.timestamp(),
                validity.not_after.timestamp(),
            ),
            is_authority: parsed.is_ca(),
            may_certify: key_usage.is_none_or(|usage| usage.value.key_cert_sign()),
        };
        Ok(Self { der, ..facts })
    }

    /// The certificate as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The subject as text for people, safe to log.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The issuer as text for people, safe to log.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject as DER, the data of an identity of type DER_ASN1_DN.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        &self.raw_names.0
    }

    /// The issuer as DER.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        &self.raw_names.1
    }

    /// The public key, a DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// The serial number: the content octets of its INTEGER.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// End of validity, since 1970; zero when before.
    #[must_use]
    pub fn not_after(&self) -> Duration {
        seconds(self.validity.1)
    }

    /// Begin of validity, since 1970; zero when before.
    #[must_use]
    pub fn not_before(&self) -> Duration {
        seconds(self.validity.0)
    }

    /// Whether the basic constraints say that it is a CA (RFC 5280 §4.2.1.9).
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// Whether its key usage, if any, allows to sign certificates (RFC 5280 §4.2.1.3).
    #[must_use]
    pub fn may_certify(&self) -> bool {
        self.may_certify
    }

    /// Whether it is for that identity (RFC 4945 §3.1), without wildcards.
    ///
    /// # Errors
    ///
    /// Whom it is for instead.
    pub fn check_identity(&self, identity: &Identity) -> Result<(), Refusal> {
        let parsed = parse(&self.der)
            .map_err(|error| Refusal::new(Reason::Malformed, &self.subject, error.to_string()))?;
        identity::check(&parsed, identity, false)
    }

    /// Whether subject and issuer are the same.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.raw_names.0 == self.raw_names.1
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("octets", &self.der.len())
            .finish_non_exhaustive()
    }
}

fn seconds(timestamp: i64) -> Duration {
    Duration::from_secs(u64::try_from(timestamp).unwrap_or(0))
}

/// A point in time as text: "2026-11-23 12:42 UTC".
pub(crate) fn date(since_1970: Duration) -> String {
    let time = i64::try_from(since_1970.as_secs())
        .ok()
        .and_then(|seconds| ASN1Time::from_timestamp(seconds).ok());
    time.map_or_else(
        || "a distant time".to_owned(),
        |time| {
            let time = time.to_datetime();
            format!(
                "{}-{:02}-{:02} {:02}:{:02} UTC",
                time.year(),
                u8::from(time.month()),
                time.day(),
                time.hour(),
                time.minute()
            )
        },
    )
}
