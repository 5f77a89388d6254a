#![no_std]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
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

pub mod auth_method;
pub mod encapsulation;
mod encryption;
mod group;
mod hash;
pub mod id_type;
mod identity;
mod life;
pub mod notify;
pub mod protocol;
pub mod selector;
pub mod suite;
mod transform;
pub mod v1;

pub use crate::encryption::Encryption;
pub use crate::group::GroupId;
pub use crate::hash::HashId;
pub use crate::identity::{Identity, IdentityError};
pub use crate::life::Life;
pub use crate::selector::{SelectorError, TrafficSelector};
pub use crate::suite::{EspProposal, EspSuite, IkeProposal, IkeSuite, SuiteError, SuiteErrorKind};
pub use crate::transform::{EncryptionId, EsnId, IntegrityId, PrfId};
