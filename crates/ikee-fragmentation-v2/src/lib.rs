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

mod hook;
mod machine;
mod queue;
mod wire;

pub use crate::hook::{Counters, FragmentationV2};
pub use crate::machine::{
    Added, Dropped, Fragment, Limits, MessageKey, OVERHEAD, Queued, Reassembler, cost, split,
};
pub use crate::wire::{PACKET_SIZE_V4, PACKET_SIZE_V6};
