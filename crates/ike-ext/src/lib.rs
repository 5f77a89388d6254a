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

mod action;
mod context;
mod extension;
mod facet;
mod handle;
#[doc(hidden)]
pub mod kit;
mod message;
mod protection;
mod set;
mod table;
mod time;

pub use crate::action::{Action, Blame, Hint, Lifecycle, Verdict};
pub use crate::context::{ChildFacts, Context, Host, Key, Prf, SaFacts};
pub use crate::extension::Extension;
pub use crate::facet::{
    Admission, Attributes, Chunk, Chunking, Conclusion, Credential, Evidence, Framing, Gate,
    Gather, Join, Policy, Trust,
};
pub use crate::handle::{ChildId, FlowId, PolicyId, Role, SaId};
pub use crate::message::{ChildDraft, Draft, Foreign, Inbound, Place, Sent, Stage};
pub use crate::protection::{Alarm, Protect, Protection};
pub use crate::set::Extensions;
pub use crate::table::{Budget, SaTable, Timers};
pub use crate::time::Instant;
