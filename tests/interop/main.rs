//! The daemon `ikee` against strongSwan, in network namespaces, over the wire only.
//!
//! `cargo xtask interop` builds what they need and runs them; without it (`IKEE_PEER` is not set), and where root, the
//! lab, strongSwan or TUN devices are missing, each test ends at once and one line says why.

#![expect(clippy::disallowed_methods, reason = "real peers live in real time")]

mod addresses;
mod basics;
mod failures;
mod ikee;
mod lab;
mod lifecycle;
mod nat;
mod scripted;
mod strongswan;
mod suites;
mod traffic;
