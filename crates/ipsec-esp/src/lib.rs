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

pub mod ah;
mod error;
pub mod ip;
mod lifetime;
mod open;
mod parameters;
mod replay;
mod seal;
mod trailer;
mod transform;
pub mod transport;
pub mod udp;

#[cfg(test)]
mod tests;

pub use error::{OpenError, SealError, SetupError};
pub use lifetime::{Age, Lifetime, Usage};
pub use open::{InboundSa, Opened};
pub use parameters::{HEADER_LEN, Parameters};
pub use replay::{ReplayWindow, Verdict, WINDOW_DEFAULT, WINDOW_MAX, WINDOW_MIN};
pub use seal::OutboundSa;
pub use trailer::NO_NEXT_HEADER;
