//! The daemon `ikee` against strongSwan, libreswan and OpenIKED, in network namespaces, over the wire only.
//!
//! `cargo xtask interop` builds what they need and runs them; without it (`IKEE_PEERS` is not set), and where root, the
//! lab, a peer or TUN devices are missing, each test ends at once and one line says why.

#![expect(clippy::disallowed_methods, reason = "real peers live in real time")]

mod addresses;
mod basics;
mod certificates;
mod cga;
mod cluster;
mod dead_peers;
mod discovery;
mod failover;
mod failures;
mod flood;
mod harmless;
mod ikee;
mod ikev1;
mod ikev1_addresses;
mod ikev1_aggressive;
mod ikev1_fragments;
mod ikev1_kernel;
mod ikev1_libreswan;
mod ikev1_nat;
mod ikev1_scan;
mod ikev1_transport;
mod ikev1_users;
mod ikev1_vpnc;
mod kernel;
mod lab;
mod lifecycle;
mod nat;
mod operator;
mod others;
mod peer;
mod probe;
mod rekey;
mod scripted;
mod suites;
mod traffic;
mod transport;
