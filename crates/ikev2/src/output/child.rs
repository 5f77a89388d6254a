//! What the data plane is told of a pair of SAs.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ike_endpoint::{ChildKeys, TrafficLimits};
use ike_ext::{ChildId, PolicyId, Role, SaId};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspSuite, TrafficSelector};

/// A negotiated pair of ESP SAs, with everything that a data plane needs.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChildSa {
    /// Its handle.
    pub id: ChildId,
    /// The IKE SA above it.
    pub sa: SaId,
    /// The connection it belongs to.
    pub policy: PolicyId,
    /// Its name in the configuration.
    pub name: String,
    /// Ciphers.
    pub suite: EspSuite,
    /// Tunnel or transport.
    pub mode: Mode,
    /// From the peer to us.
    pub inbound: ChildKeys,
    /// From us to the peer.
    pub outbound: ChildKeys,
    /// What lies behind us.
    pub local_selectors: Vec<TrafficSelector>,
    /// What lies behind the peer.
    pub remote_selectors: Vec<TrafficSelector>,
    /// Our outer address and port.
    pub local: SocketAddr,
    /// The peer's outer address and port.
    pub remote: SocketAddr,
    /// Whether ESP travels in UDP between these ports (RFC 3948).
    pub udp_encapsulation: bool,
    /// How it came to be, and how long it lasts.
    pub life: ChildLife,
    /// Transport mode through a NAT: the two addresses as the peer's packets have them before
    /// translation, over which its TCP and UDP checksums are (RFC 7296 §2.23.1).
    pub original: Option<OriginalAddresses>,
}

/// How a child came to be, and how long it lasts (RFC 7296 §2.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChildLife {
    /// Our part in its negotiation.
    pub role: Role,
    /// The child whose place it takes (RFC 7296 §2.8). Both stay installed for a while: the old one
    /// receives what is still under way until [`Output::DeleteChild`](crate::Output::DeleteChild).
    pub replaces: Option<ChildId>,
    /// Whether to send with it at once, and no more with the one that it replaces; otherwise
    /// [`Output::UseChild`](crate::Output::UseChild) tells when.
    pub sends: bool,
    /// What it may carry.
    pub limits: TrafficLimits,
    /// After how much time without a packet the data plane reports [`Hint::Idle`](ike_ext::Hint::Idle), where an
    /// extension wants to know.
    pub idle: Option<Duration>,
}

/// The addresses in a peer's packets before a NAT changed them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a packet has two addresses")]
pub struct OriginalAddresses {
    /// The peer's own address.
    pub remote: IpAddr,
    /// Ours, as the peer knows it.
    pub local: IpAddr,
}
