//! Where datagrams come from and go to.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use isakmp_wire::marker;

/// Local UDP ports (RFC 2408 §2.5.1, RFC 3947 §4, RFC 7296 §2, §2.23, [MS-IKEE] §2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "IKE has two ports")]
pub struct Ports {
    /// For plain IKE.
    pub ike: u16,
    /// For IKE behind a non-ESP marker, and UDP-encapsulated ESP.
    pub nat_t: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            ike: 500,
            nat_t: 4500,
        }
    }
}

/// Where a peer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "an address and IKE's two ports")]
pub struct Remote {
    /// Its address.
    pub address: IpAddr,
    /// Its UDP ports.
    pub ports: Ports,
}

impl Remote {
    /// A peer on the usual ports.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            ports: Ports::default(),
        }
    }
}

/// An IKE message and where it came from.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a datagram has two ends and bytes"
)]
pub struct Datagram<'a> {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Whether a non-ESP marker stood before the message (RFC 3948 §2.2); the answer gets one too.
    pub marker: bool,
    /// The message, without the marker.
    pub bytes: &'a [u8],
}

/// A datagram to send.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a datagram has two ends and bytes"
)]
pub struct Transmit {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// The octets of the UDP payload; a non-ESP marker is already in front where one is due.
    pub bytes: Vec<u8>,
}

/// The two ends of an SA's datagrams.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a path has two ends")]
pub struct Path {
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Whether a non-ESP marker stands before each message (RFC 3948 §2.2).
    pub marker: bool,
}

impl Path {
    /// What goes this way to bring a message.
    #[must_use]
    pub fn transmit(&self, message: &[u8]) -> Transmit {
        let marker: &[u8] = if self.marker {
            &marker::NON_ESP_MARKER
        } else {
            &[]
        };
        Transmit {
            local: self.local,
            remote: self.remote,
            bytes: [marker, message].concat(),
        }
    }
}

impl From<&Datagram<'_>> for Path {
    /// The way back.
    fn from(datagram: &Datagram<'_>) -> Self {
        Self {
            local: datagram.local,
            remote: datagram.remote,
            marker: datagram.marker,
        }
    }
}
