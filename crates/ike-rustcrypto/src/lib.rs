#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
    )
)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod block_mac;
pub mod cipher;
pub mod group;
pub mod hash;
pub mod integrity;
mod keyed_hash;
pub mod prf;
mod random;
pub mod signature;

pub use random::SystemRandom;

use ike_crypto::{Algorithms, Provider};

/// The provider: everything that this crate can do.
#[must_use]
pub fn provider() -> &'static Provider {
    &PROVIDER
}

/// The tables of the provider itself go from the preferable to the less so. What old peers may need stands in the legacy
/// ones: 64-bit blocks, no encryption, MD5, small or doubtful groups (RFC 8247 §2.1-2.4), signatures over SHA-1 or
/// without a hash identifier.
static PROVIDER: Provider = Provider {
    name: "rustcrypto",
    ciphers: &[
        &cipher::AES_256_GCM_16,
        &cipher::AES_192_GCM_16,
        &cipher::AES_128_GCM_16,
        &cipher::CHACHA20_POLY1305,
        &cipher::AES_256_CBC,
        &cipher::AES_192_CBC,
        &cipher::AES_128_CBC,
        &cipher::AES_256_CTR,
        &cipher::AES_192_CTR,
        &cipher::AES_128_CTR,
        &cipher::AES_256_GCM_12,
        &cipher::AES_192_GCM_12,
        &cipher::AES_128_GCM_12,
        &cipher::AES_256_GCM_8,
        &cipher::AES_192_GCM_8,
        &cipher::AES_128_GCM_8,
        &cipher::AES_256_CCM_16,
        &cipher::AES_192_CCM_16,
        &cipher::AES_128_CCM_16,
        &cipher::AES_256_CCM_12,
        &cipher::AES_192_CCM_12,
        &cipher::AES_128_CCM_12,
        &cipher::AES_256_CCM_8,
        &cipher::AES_192_CCM_8,
        &cipher::AES_128_CCM_8,
    ],
    prfs: &[
        &prf::HMAC_SHA2_256,
        &prf::HMAC_SHA2_384,
        &prf::HMAC_SHA2_512,
        &prf::HMAC_SHA1,
        &prf::AES128_CMAC,
        &prf::AES128_XCBC,
    ],
    integrities: &[
        &integrity::HMAC_SHA2_256_128,
        &integrity::HMAC_SHA2_384_192,
        &integrity::HMAC_SHA2_512_256,
        &integrity::HMAC_SHA1_96,
        &integrity::HMAC_SHA1_160,
        &integrity::AES_CMAC_96,
        &integrity::AES_XCBC_96,
    ],
    groups: &[
        &group::CURVE25519,
        &group::ECP_256,
        &group::ECP_384,
        &group::ECP_521,
        &group::MODP_2048,
        &group::MODP_3072,
        &group::MODP_4096,
        &group::MODP_6144,
        &group::MODP_8192,
    ],
    hashes: &[
        &hash::SHA2_256,
        &hash::SHA2_384,
        &hash::SHA2_512,
        &hash::SHA1,
    ],
    verifiers: signature::VERIFIERS,
    key_loaders: signature::KEY_LOADERS,
    legacy: Algorithms {
        ciphers: &[&cipher::TDES, &cipher::DES, &cipher::NULL],
        prfs: &[&prf::HMAC_MD5],
        integrities: &[&integrity::HMAC_MD5_96, &integrity::HMAC_MD5_128],
        groups: &[
            &group::MODP_1536,
            &group::MODP_1024,
            &group::MODP_768,
            &group::MODP_2048_256,
            &group::MODP_2048_224,
            &group::MODP_1024_160,
        ],
        hashes: &[&hash::MD5],
        verifiers: signature::LEGACY_VERIFIERS,
    },
};
