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
#[cfg(feature = "test-kit")]
extern crate std;

mod cipher;
mod error;
mod group;
mod hash;
mod integrity;
#[cfg(feature = "test-kit")]
pub mod null;
mod prf;
mod provider;
pub mod random;
mod secret;
mod signature;
#[cfg(feature = "test-kit")]
pub mod suite;

pub use cipher::{Cipher, CipherKey};
pub use error::Error;
pub use group::{Group, KeyExchange};
pub use hash::Hash;
pub use integrity::{Integrity, IntegrityKey};
pub use prf::{Prf, PrfKey, prf_plus};
pub use provider::{Algorithms, Provider};
pub use random::Random;
pub use secret::SecretVec;
pub use signature::{KeyLoader, SignatureScheme, SigningKey, Verify};
