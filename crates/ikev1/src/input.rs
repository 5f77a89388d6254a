//! What goes into an endpoint.

use core::net::SocketAddr;

use ike_ext::{ChildId, Hint};

/// One thing that happened outside.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// An IKE message arrived.
    Datagram(Datagram<'a>),
    /// The data plane says that a child has used up its volume: `hard` to delete it, else to begin its successor.
    ChildExpired {
        /// Which child.
        child: ChildId,
        /// Whether nothing may pass it any more.
        hard: bool,
    },
    /// The time of [`Endpoint::next_timeout`](crate::Endpoint::next_timeout) has come.
    Timeout,
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
