#![doc = include_str!("../README.md")]
#![expect(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "tests build and match them"
)]

pub mod fault;
pub mod host;
pub mod keyring;
pub mod link;
pub mod nat;
pub mod net;
pub mod pair;
pub mod plane;
pub mod rng;
pub mod setup;
pub mod v1;
pub mod watch;
pub mod wire;

pub use crate::fault::Fault;
pub use crate::host::Host;
pub use crate::keyring::Keyring;
pub use crate::link::{Conditions, Crossed, Fate, Link, Packet};
pub use crate::nat::Nat;
pub use crate::pair::{Pair, Side};
pub use crate::plane::Plane;
pub use crate::rng::Rng;
pub use crate::setup::{Party, Setup};
