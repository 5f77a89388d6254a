#![deny(unsafe_code)]
#![doc = include_str!("../README.md")]

pub mod cga;
pub mod clock;
pub mod config;
pub mod control;
mod daemon;
pub mod dataplane;
mod dns;
mod explain;
mod extensions;
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
pub use extensions::build as extensions;
pub use plane::kernel::{KernelError, Refusal};
