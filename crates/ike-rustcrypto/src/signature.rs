//! Signatures: verification of every scheme, and private keys that sign.

use ike_crypto::{KeyLoader, SignatureScheme, Verify};
use ipsec_doi::HashId;

mod ecdsa;
mod ed25519;
mod rsa;
#[cfg(feature = "rsa-sign")]
mod rsa_sign;

pub use self::ecdsa::{EcdsaLoader, EcdsaVerify};
pub use self::ed25519::{Ed25519Loader, Ed25519Verify};
pub use self::rsa::RsaVerify;
#[cfg(feature = "rsa-sign")]
pub use self::rsa_sign::{RsaLoader, generate_rsa};

/// ECDSA with SHA-256, DER, on any of the curves.
pub static ECDSA_SHA2_256: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA2_256));
/// ECDSA with SHA-384, DER, on any of the curves.
pub static ECDSA_SHA2_384: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA2_384));
/// ECDSA with SHA-512, DER, on any of the curves.
pub static ECDSA_SHA2_512: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA2_512));
/// ECDSA with SHA-1, DER, on any of the curves: legacy.
pub static ECDSA_SHA1: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA1));
/// ECDSA with SHA-256 on P-256, r||s.
pub static ECDSA_P256: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaFixed(HashId::SHA2_256));
/// ECDSA with SHA-384 on P-384, r||s.
pub static ECDSA_P384: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaFixed(HashId::SHA2_384));
/// ECDSA with SHA-512 on P-521, r||s.
pub static ECDSA_P521: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaFixed(HashId::SHA2_512));
/// ECDSA on P-256 over a digest as it is, r||s, IKEv1: legacy.
pub static ECDSA_BARE_P256: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaBare(HashId::SHA2_256));
/// ECDSA on P-384 over a digest as it is, r||s, IKEv1: legacy.
pub static ECDSA_BARE_P384: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaBare(HashId::SHA2_384));
/// ECDSA on P-521 over a digest as it is, r||s, IKEv1: legacy.
pub static ECDSA_BARE_P521: EcdsaVerify = EcdsaVerify(SignatureScheme::EcdsaBare(HashId::SHA2_512));
/// Ed25519.
pub static ED25519: Ed25519Verify = Ed25519Verify::new();
/// RSASSA-PSS with SHA-256.
pub static RSA_PSS_SHA2_256: RsaVerify = RsaVerify::new(SignatureScheme::RsaPss(HashId::SHA2_256));
/// RSASSA-PSS with SHA-384.
pub static RSA_PSS_SHA2_384: RsaVerify = RsaVerify::new(SignatureScheme::RsaPss(HashId::SHA2_384));
/// RSASSA-PSS with SHA-512.
pub static RSA_PSS_SHA2_512: RsaVerify = RsaVerify::new(SignatureScheme::RsaPss(HashId::SHA2_512));
/// RSASSA-PSS with SHA-1: legacy.
pub static RSA_PSS_SHA1: RsaVerify = RsaVerify::new(SignatureScheme::RsaPss(HashId::SHA1));
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub static RSA_SHA2_256: RsaVerify = RsaVerify::new(SignatureScheme::RsaPkcs1(HashId::SHA2_256));
/// RSASSA-PKCS1-v1_5 with SHA-384.
pub static RSA_SHA2_384: RsaVerify = RsaVerify::new(SignatureScheme::RsaPkcs1(HashId::SHA2_384));
/// RSASSA-PKCS1-v1_5 with SHA-512.
pub static RSA_SHA2_512: RsaVerify = RsaVerify::new(SignatureScheme::RsaPkcs1(HashId::SHA2_512));
/// RSASSA-PKCS1-v1_5 with SHA-1, the only one of IKEv2's method 1 before RFC 7427: legacy.
pub static RSA_SHA1: RsaVerify = RsaVerify::new(SignatureScheme::RsaPkcs1(HashId::SHA1));
/// RSASSA-PKCS1-v1_5 without DigestInfo, IKEv1: legacy.
pub static RSA_BARE: RsaVerify = RsaVerify::new(SignatureScheme::RsaBare);

/// Private keys on P-256, P-384 and P-521.
pub static ECDSA_KEYS: EcdsaLoader = EcdsaLoader::new();
/// Private keys of Ed25519.
pub static ED25519_KEYS: Ed25519Loader = Ed25519Loader::new();
/// Private keys of RSA.
#[cfg(feature = "rsa-sign")]
pub static RSA_KEYS: RsaLoader = RsaLoader::new();

pub(crate) const VERIFIERS: &[&dyn Verify] = &[
    &ED25519,
    &ECDSA_SHA2_256,
    &ECDSA_SHA2_384,
    &ECDSA_SHA2_512,
    &ECDSA_P256,
    &ECDSA_P384,
    &ECDSA_P521,
    &RSA_PSS_SHA2_256,
    &RSA_PSS_SHA2_384,
    &RSA_PSS_SHA2_512,
    &RSA_SHA2_256,
    &RSA_SHA2_384,
    &RSA_SHA2_512,
];

pub(crate) const LEGACY_VERIFIERS: &[&dyn Verify] = &[
    &ECDSA_SHA1,
    &ECDSA_BARE_P256,
    &ECDSA_BARE_P384,
    &ECDSA_BARE_P521,
    &RSA_PSS_SHA1,
    &RSA_SHA1,
    &RSA_BARE,
];

#[cfg(feature = "rsa-sign")]
pub(crate) const KEY_LOADERS: &[&dyn KeyLoader] = &[&ECDSA_KEYS, &ED25519_KEYS, &RSA_KEYS];
#[cfg(not(feature = "rsa-sign"))]
pub(crate) const KEY_LOADERS: &[&dyn KeyLoader] = &[&ECDSA_KEYS, &ED25519_KEYS];
