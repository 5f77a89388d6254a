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
// a core answers every variant of what an extension or a state may be
#![warn(clippy::wildcard_enum_match_arm)]

extern crate alloc;

mod admission;
mod aggressive;
mod auth;
mod authentication;
mod config;
mod context;
mod endpoint;
mod failure;
mod finish;
mod finish_phase_1;
mod informational;
mod input;
mod iv;
mod keys;
mod lifetime;
mod main_mode;
mod misuse;
mod narrow;
mod output;
mod payload;
mod profile;
mod protect;
mod quick_mode;
mod receive;
mod reconfigure;
mod retransmit;
mod sa;
mod second_phase;
mod select;
mod send;
mod status;
mod transaction;

pub use ike_endpoint::{
    ChildKeys, ChildStatus, ChildUpdate, Datagram, Deadline, Ports, Remote, Retransmit, Transmit,
};

pub use crate::authentication::{Authentication, Credential, Proof, Trust, Xauth};
pub use crate::config::{
    Addressing, AhProposal, Assign, Child, ChildLifetime, Config, Connection, IkeLifetime, Limits,
    Options, Selector, Suites, User,
};
pub use crate::endpoint::Endpoint;
pub use crate::failure::{AuthenticationFailure, Dropped, Failure, Incompatibility, Misbehaviour};
pub use crate::input::Input;
pub use crate::misuse::{InitiateError, Misuse};
pub use crate::output::{
    AddressesWanted, Assigned, Attempt, ChildLimits, ChildSa, ChildSuite, CloseReason, Established,
    Event, KeyLog, Message, Outbox, Output, PeerCertificates,
};
pub use crate::profile::{Outliving, Profile};
pub use crate::status::SaStatus;
