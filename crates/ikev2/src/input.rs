//! What goes into an endpoint.

use alloc::string::String;
use core::net::SocketAddr;

use ike_ext::{ChildId, Hint, SaId};

use crate::authentication::PeerKey;

/// One thing that happened outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// An IKE message arrived.
    Datagram(Datagram<'a>),
    /// The time of [`Endpoint::next_timeout`](crate::Endpoint::next_timeout) has come.
    Timeout,
    /// The application has looked at a peer's certificates.
    Trusted {
        /// The SA of the [`Event::PeerCertificates`](crate::Event::PeerCertificates).
        sa: SaId,
        /// The key that belongs to the identity, or why there is none: words for an operator.
        verdict: Result<PeerKey, String>,
    },
    /// A child has carried as much as its [`TrafficLimits`](crate::TrafficLimits) allow.
    ChildExpired {
        /// Which child.
        child: ChildId,
        /// Whether the hard limit is reached, which deletes the child; the soft one rekeys it.
        hard: bool,
    },
    /// The data plane has noticed something about a child's traffic.
    Traffic(ChildId, Hint),
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
