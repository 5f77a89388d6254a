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

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod aead;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod ecdh;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod ecdsa;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod ed25519;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod rsa;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tables;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod x25519;

use ike_crypto::Provider;

/// The provider, if the processor has what graviola needs: on x86-64 AES, PCLMULQDQ, AVX2, ADX and BMI1, on AArch64
/// AES, PMULL, NEON and SHA-2. Otherwise `ike_rustcrypto::provider` does the same, slower.
#[must_use]
pub fn provider() -> Option<&'static Provider> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if graviola::util::is_cpu_supported() {
        return Some(&tables::PROVIDER);
    }
    None
}
