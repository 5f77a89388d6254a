#![deny(unsafe_code)]
#![doc = include_str!("../README.md")]

pub mod cga;
pub mod child;
pub mod clock;
pub mod config;
pub mod control;
mod daemon;
pub mod dataplane;
mod discovery;
mod dns;
mod explain;
mod extensions;
mod fault;
pub mod keylog;
mod metrics;
pub mod pcap;
mod plane;
mod privileges;
pub mod provider;
mod routes;
mod sys;
pub mod trust;
mod tun;
pub mod udp;

pub use daemon::{Daemon, Log, StartError, run};
pub use extensions::{ikev1 as extensions_v1, ikev2 as extensions};
pub use plane::kernel::{KernelError, Refusal};
