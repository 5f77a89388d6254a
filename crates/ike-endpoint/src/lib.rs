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

mod child;
mod path;
mod schedule;
mod table;
mod vendor_ids;

pub use crate::child::{ChildKeys, ChildStatus, ChildUpdate, TrafficLimits};
pub use crate::path::{Datagram, Path, Ports, Remote, Transmit};
pub use crate::schedule::{Deadline, Due, Retransmit, Schedule};
pub use crate::table::{FirstMessage, Phase, Table, Tracked};
pub use crate::vendor_ids::remember;
