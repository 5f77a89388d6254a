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

mod code;
mod hook;
mod machine;
mod wire;

pub use crate::code::{Advice, StatusCode};
pub use crate::hook::{Report, Status};
pub use crate::machine::{code_for_v1, code_for_v2};
pub use crate::wire::{Told, read_v1, write_v1};
