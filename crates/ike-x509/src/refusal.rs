use core::fmt;

/// Why a certificate was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The peer sent none.
    Missing,
    /// More certificates or CRLs than anyone needs.
    TooMany,
    /// It is not the DER of a certificate, or breaks its rules.
    Malformed,
    /// Not version 3.
    Version,
    /// A critical extension that nobody here understands (RFC 5280 §4.2).
    CriticalExtension,
    /// A name in it holds NUL or another control character.
    BadName,
    /// Its validity is over.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// No configured authority has issued it, nor an issuer of its issuer.
    UnknownAuthority,
    /// It was not signed with the key of its issuer.
    BadSignature,
    /// It is signed in a way that is unknown or too weak.
    SignatureAlgorithm,
    /// A CA's certificate where a peer's belongs.
    AuthorityAsPeer,
    /// Issued by a certificate that is no CA's or may not sign certificates.
    IssuerIsNoAuthority,
    /// The chain is longer than an authority in it allows, or too long to be looked at.
    ChainTooLong,
    /// An authority above may not certify this name (RFC 5280 §4.2.1.10).
    NameConstraint,
    /// Its key usage allows no signatures (RFC 4945 §5.1.3.2).
    KeyUsage,
    /// Its extended key usage lacks what the configuration asks for (RFC 4945 §5.1.3.12).
    ExtendedKeyUsage,
    /// Its key is of an unknown kind, too short or broken.
    Key,
    /// It does not say that its holder is who the peer says to be (RFC 4945 §3.1).
    Identity,
    /// The identity of the peer is of a type that no certificate can confirm.
    IdentityType,
    /// It is revoked.
    Revoked,
    /// There is no list that says whether it is revoked.
    NoCrl,
    /// The list is out of date.
    CrlExpired,
    /// The list is not signed by the issuer of the certificate, or not in an acceptable way.
    CrlSignature,
    /// The list cannot be read.
    CrlMalformed,
}

/// A certificate was not accepted: why, which, and what to do, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The subject of the certificate that is at fault, as text; empty when there is none.
    pub subject: String,
    /// What is wrong, and what would help.
    pub text: String,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, subject: &str, text: impl Into<String>) -> Self {
        Self {
            reason,
            subject: subject.to_owned(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() {
            f.write_str(&self.text)
        } else {
            write!(f, "certificate '{}': {}", self.subject, self.text)
        }
    }
}

impl core::error::Error for Refusal {}
