//! What becomes of a packet.

use std::net::SocketAddr;
use std::ops::Range;

use ike_ext::ChildId;

use super::counters::DropReason;

/// What becomes of a packet from inside.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must carry out every kind"
)]
pub enum Outbound {
    /// Send it to the peer.
    Send(Sealed),
    /// It is too big: give this message back to whoever sent it, through the device it came from.
    Answer(Vec<u8>),
    /// Nothing.
    Drop(DropReason),
}

/// A datagram for the peer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a datagram has two ends and bytes"
)]
pub struct Sealed {
    /// The child that carries it.
    pub child: ChildId,
    /// Our outer address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Where in the buffer the ESP packet lies.
    pub datagram: Range<usize>,
    /// Whether it is the payload of a UDP datagram between these ports; else of an IP packet, protocol 50.
    pub udp: bool,
}

/// A packet for the inside.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a packet and what is known of it"
)]
pub struct Delivered {
    /// The child that carried it.
    pub child: ChildId,
    /// Where in the buffer the inner packet lies.
    pub packet: Range<usize>,
    /// Whether it came from another outer address than the child's. The packet is authentic, so the peer is
    /// there; whether to follow it is the key manager's to say (RFC 7296 §2.23), by [`Dataplane::update`](super::Dataplane::update).
    pub moved: bool,
}

/// A child that has carried what it should, or may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whose and how strictly")]
pub struct Expiry {
    /// Which child.
    pub child: ChildId,
    /// Whether nothing passes any more; otherwise it is time for a successor.
    pub hard: bool,
}

/// A datagram that led to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whose and why")]
pub struct Dropped {
    /// The child that its SPI names, if there is one.
    pub child: Option<ChildId>,
    /// Why.
    pub reason: DropReason,
}
