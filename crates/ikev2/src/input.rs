//! What goes into an endpoint.

use alloc::string::String;
use ike_endpoint::Datagram;
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
