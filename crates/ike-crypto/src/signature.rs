use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use ipsec_doi::HashId;

use crate::{Error, Random};

mod identifier;

/// How a signature is made from a message: the kind of key, the padding or encoding, the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// ECDSA, the signature r||s, over the octets given, which are the digest: IKEv1 (RFC 4754 §3, where HASH_I or HASH_R
    /// stands for the hash of a message). Hash and curve go together as for [`EcdsaFixed`](Self::EcdsaFixed).
    EcdsaBare(HashId),
    /// ECDSA on the curve of the key, the signature a DER SEQUENCE of r and s: RFC 7427 §3, X.509.
    EcdsaDer(HashId),
    /// ECDSA, the signature r||s: RFC 4754 §7. The hash names the curve: SHA-256 goes with P-256, SHA-384 with P-384,
    /// SHA-512 with P-521, and no other pair is valid.
    EcdsaFixed(HashId),
    /// Ed25519: RFC 8420 §2, RFC 8032 §5.1.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 around the octets given, which are the digest, without DigestInfo: IKEv1, RFC 2409 §5.1.
    RsaBare,
    /// RSASSA-PKCS1-v1_5 with a DigestInfo: RFC 8017 §8.2, RFC 7296 §2.15.
    RsaPkcs1(HashId),
    /// RSASSA-PSS with MGF1 over the same hash and a salt as long as its output: RFC 8017 §8.1, RFC 7427 §3.
    RsaPss(HashId),
}

impl SignatureScheme {
    /// The hash of the message, by the number that announces it: IDENTITY for Ed25519, which has its own inside
    /// (RFC 8420 §2). `None` where the message is the digest already.
    #[must_use]
    pub const fn hash(self) -> Option<HashId> {
        match self {
            Self::EcdsaDer(hash)
            | Self::EcdsaFixed(hash)
            | Self::RsaPkcs1(hash)
            | Self::RsaPss(hash) => Some(hash),
            Self::Ed25519 => Some(HashId::IDENTITY),
            Self::EcdsaBare(_) | Self::RsaBare => None,
        }
    }
}

impl fmt::Display for SignatureScheme {
    /// As an operator knows it, such as `RSA PSS with SHA2_256`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaBare(_) => f.write_str("ECDSA without a hash"),
            Self::EcdsaDer(hash) => write!(f, "ECDSA with {hash}"),
            Self::EcdsaFixed(hash) => write!(f, "ECDSA with {hash} (RFC 4754)"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::RsaBare => f.write_str("RSA without a hash"),
            Self::RsaPkcs1(hash) => write!(f, "RSA with {hash}"),
            Self::RsaPss(hash) => write!(f, "RSA PSS with {hash}"),
        }
    }
}

/// Verification of one signature scheme.
pub trait Verify: Send + Sync + fmt::Debug {
    /// Which one this is.
    fn scheme(&self) -> SignatureScheme;

    /// Verifies `signature` over the concatenated `parts` with the public key `spki`, a DER SubjectPublicKeyInfo
    /// (RFC 5280 §4.1) as a certificate carries it.
    ///
    /// # Errors
    ///
    /// When the signature is not by that key over that message, in exactly that scheme's one encoding, or the key is
    /// not of the scheme's kind, malformed, off its curve or too short.
    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error>;
}

/// Reads private keys of one kind.
pub trait KeyLoader: Send + Sync + fmt::Debug {
    /// Reads a private key from DER: PKCS#8 (RFC 5208, RFC 5958), and where the kind has one, its own older form
    /// (SEC1: RFC 5915; PKCS#1: RFC 8017 Appendix A.1.2).
    ///
    /// # Errors
    ///
    /// When `der` is not a private key of this kind.
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error>;
}

/// A private key that signs.
pub trait SigningKey: Send + Sync + fmt::Debug {
    /// The schemes it can sign with, the preferable first.
    fn schemes(&self) -> &[SignatureScheme];

    /// Its public key, a DER SubjectPublicKeyInfo, to find the certificate that belongs to it.
    fn public_key(&self) -> &[u8];

    /// Signs the concatenated `parts`. `random` serves salts and blinding.
    ///
    /// # Errors
    ///
    /// When the key cannot sign with `scheme`, or `random` fails.
    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error>;
}
