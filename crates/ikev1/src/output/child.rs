//! What the data plane is told of a pair of SAs.

use alloc::string::String;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ike_endpoint::ChildKeys;
use ike_ext::{ChildId, PolicyId, SaId};
use ipsec_doi::encapsulation::Encapsulation;
use ipsec_doi::{Encryption, GroupId, IntegrityId, TrafficSelector};
use isakmp_wire::v1::ProtocolId;

/// The algorithms of a pair of ESP or AH SAs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChildSuite {
    /// ESP or AH.
    pub protocol: ProtocolId,
    /// Encryption; `None` for AH.
    pub encryption: Option<Encryption>,
    /// Integrity; `None` with AEAD.
    pub integrity: Option<IntegrityId>,
    /// The group of the key exchange of its own, if there was one.
    pub group: Option<GroupId>,
    /// Whether sequence numbers have 64 bits.
    pub esn: bool,
}

/// How long a child may be used; the core times the seconds, the data plane counts the octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChildLimits {
    /// From now until it is deleted.
    pub time: Duration,
    /// Octets after which [`Input::ChildExpired`](crate::Input::ChildExpired) is due, soft and hard.
    pub octets: Option<(u64, u64)>,
    /// Silence after which it may be deleted, which an extension asks for.
    pub idle: Option<Duration>,
}

/// A negotiated pair of SAs, with everything that a data plane needs.
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
    /// Protocol and algorithms.
    pub suite: ChildSuite,
    /// Tunnel or transport, with UDP around it or without.
    pub encapsulation: Encapsulation,
    /// From the peer to us.
    pub inbound: ChildKeys,
    /// From us to the peer.
    pub outbound: ChildKeys,
    /// What lies behind us, and behind the peer.
    pub selectors: (TrafficSelector, TrafficSelector),
    /// Our outer address and port, and the peer's.
    pub ends: (SocketAddr, SocketAddr),
    /// Our and the peer's address before translation, where they told (RFC 3947 §5.2): for checksums in transport mode.
    pub original: (Option<IpAddr>, Option<IpAddr>),
    /// The child that it takes the place of.
    pub replaces: Option<ChildId>,
    /// How long it may be used.
    pub limits: ChildLimits,
}
