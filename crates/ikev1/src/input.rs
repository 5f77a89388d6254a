//! What goes into an endpoint.

use ike_endpoint::Datagram;
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
