//! What a data plane is told of a child SA.

use core::net::SocketAddr;

use ike_crypto::SecretVec;
use ike_ext::{ChildId, Instant};

/// One direction of a child SA.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "an SA has an SPI and keys")]
pub struct ChildKeys {
    /// The SPI on the wire, chosen by the receiver.
    pub spi: u32,
    /// Encryption key; for an AEAD or a counter mode, the salt follows. Empty for AH.
    pub encryption: SecretVec,
    /// Integrity key; empty for an AEAD.
    pub integrity: SecretVec,
}

/// A child's new outer addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a path has two ends")]
pub struct ChildUpdate {
    /// Which child.
    pub child: ChildId,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
}

/// What a child may carry in either direction; what is reached is to be reported, each once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two limits each of two things that a data plane counts"
)]
pub struct TrafficLimits {
    /// Octets after which it is rekeyed.
    pub soft_bytes: Option<u64>,
    /// Octets after which it is deleted.
    pub hard_bytes: Option<u64>,
    /// Packets after which it is rekeyed.
    pub soft_packets: Option<u64>,
    /// Packets after which it is deleted.
    pub hard_packets: Option<u64>,
}

/// One child SA as an operator sees it; traffic is the data plane's to tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what IKE knows of a child")]
pub struct ChildStatus<'a> {
    /// Its handle.
    pub child: ChildId,
    /// Its name in the configuration.
    pub name: &'a str,
    /// SPIs, inbound and outbound.
    pub spis: (u32, u32),
    /// When its successor is due, if we begin it.
    pub renewal: Option<Instant>,
}
