#![no_std]
#![forbid(unsafe_code)]
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

mod hook;
mod machine;
mod queue;
mod sender;
mod wire;

pub use crate::hook::{Counters, Fragmentation};
pub use crate::machine::{
    Added, Dropped, Limits, MessageKey, OVERHEAD, Queued, Reassembler, cost, cut,
};
pub use crate::sender::{Name, Sender, TimerRule};
pub use crate::wire::{Carrier, PACKET_SIZE_V4, PACKET_SIZE_V6, encode};
