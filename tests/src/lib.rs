//! Harness of the tests across the crates: two endpoints, one clock and a simulated link between them.
//!
//! ```
//! use ikee_tests::Setup;
//!
//! let mut pair = Setup::new().build();
//! pair.connect();
//! assert!(pair.a.is_established() && pair.b.is_established());
//! pair.assert_children_match();
//! pair.shut_down();
//! pair.assert_empty();
//! ```
//!
//! Nothing here reads a clock or a random source: a run is a function of its [`Setup`].
#![expect(
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    reason = "tests build and match them"
)]

pub mod host;
pub mod link;
pub mod nat;
pub mod pair;
pub mod rng;
pub mod setup;
pub mod watch;
pub mod wire;

pub use crate::host::Host;
pub use crate::link::{Conditions, Crossed, Fate, Link, Packet};
pub use crate::nat::Nat;
pub use crate::pair::{Pair, Side};
pub use crate::rng::Rng;
pub use crate::setup::{Party, Setup};
