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

mod attempt;
mod auth;
mod auth_exchange;
mod authentication;
mod child;
mod config;
mod configuration;
mod contact;
mod context;
mod cookie;
mod create_child;
mod endpoint;
mod failure;
mod finish;
mod informational;
mod init;
mod input;
mod keys;
mod lease;
mod lifetime;
mod misuse;
mod narrow;
mod nat;
mod output;
mod pool;
mod profile;
mod protect;
mod receive;
mod reconfigure;
mod rekey;
mod sa;
mod select;
mod send;
mod serve;
mod status;
mod tasks;
mod transport;
mod window;

pub use ike_endpoint::{
    ChildKeys, ChildStatus, ChildUpdate, Datagram, Deadline, Ports, Remote, Retransmit,
    TrafficLimits, Transmit,
};

pub use crate::attempt::Attempt;
pub use crate::authentication::{
    Authentication, AuthorityHash, Credential, LocalProof, PeerKey, RemoteProof, Trust,
};
pub use crate::config::{
    Addressing, Child, ChildLifetime, Config, Connection, IkeLifetime, Limits, Selectors,
    StartAction,
};
pub use crate::endpoint::Endpoint;
pub use crate::failure::{AuthenticationFailure, Dropped, Failure, Incompatibility, Misbehaviour};
pub use crate::input::Input;
pub use crate::misuse::{InitiateError, Misuse};
pub use crate::output::{
    Assigned, ChildLife, ChildSa, CloseReason, Established, Event, KeyLog, Message,
    OriginalAddresses, Outbox, Output, PeerCertificates,
};
pub use crate::pool::{Pool, PoolError};
pub use crate::profile::{Profile, SuiteChoice};
pub use crate::status::SaStatus;
