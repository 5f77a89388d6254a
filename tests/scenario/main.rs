//! Whole lives of two endpoints over a simulated link.

mod bad_input;
mod configuration;
mod cookies;
mod dead_peers;
mod deletion;
mod determinism;
mod exchange;
mod failover;
mod failures;
mod flood;
mod fragmentation;
mod handshake;
mod liveness;
mod loss;
mod memory;
mod mutation;
mod nat;
mod pairs;
mod rekey;
mod schedules;
mod selectors;
mod structure;
mod transport;
mod watching;
mod windows;
mod wycheproof;
