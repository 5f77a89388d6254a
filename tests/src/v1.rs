//! The same for IKEv1: two endpoints on one clock and one link, and a peer that is written from the documents.

pub mod pair;
pub mod peer;

pub use pair::{Host, Pair, Setup};
pub use peer::Peer;
