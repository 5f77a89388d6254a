//! Child SAs as data planes take them, whichever version of IKE has negotiated them.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

pub use ike_endpoint::{ChildKeys, ChildUpdate, TrafficLimits};
use ike_ext::{ChildId, PolicyId, SaId};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspSuite, IntegrityId, TrafficSelector};

/// A negotiated pair of SAs, with everything that a data plane needs.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "whoever has another IKE builds it by hand"
)]
pub struct ChildSa {
    /// Its handle.
    pub id: ChildId,
    /// The IKE SA above it.
    pub sa: SaId,
    /// The connection it belongs to.
    pub policy: PolicyId,
    /// Its name in the configuration.
    pub name: String,
    /// Protocol and ciphers.
    pub suite: Suite,
    /// Tunnel or transport.
    pub mode: Mode,
    /// From the peer to us.
    pub inbound: ChildKeys,
    /// From us to the peer.
    pub outbound: ChildKeys,
    /// What lies behind us, and behind the peer.
    pub selectors: (Vec<TrafficSelector>, Vec<TrafficSelector>),
    /// Our outer address and port.
    pub local: SocketAddr,
    /// The peer's outer address and port.
    pub remote: SocketAddr,
    /// Whether ESP travels in UDP between these ports (RFC 3948).
    pub udp_encapsulation: bool,
    /// How it came to be, and how long it lasts.
    pub life: ChildLife,
    /// Transport mode through a NAT: our and the peer's address as the packets had them before translation, over which
    /// checksums of TCP and UDP are; as far as they are known.
    pub original: (Option<IpAddr>, Option<IpAddr>),
}

/// Protocol and ciphers of a child.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "IPsec has these two protocols")]
pub enum Suite {
    /// Authentication header (RFC 4302); its integrity algorithm.
    Ah(IntegrityId),
    /// Encapsulating security payload (RFC 4303).
    Esp(EspSuite),
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ah(integrity) => write!(f, "ah-{integrity}"),
            Self::Esp(suite) => suite.fmt(f),
        }
    }
}

/// How a child came to be, and how long it lasts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "whoever has another IKE builds it by hand"
)]
pub struct ChildLife {
    /// The child whose place it takes; both stay installed for a while.
    pub replaces: Option<ChildId>,
    /// Whether to send with it at once, and no more with the one that it replaces.
    pub sends: bool,
    /// What it may carry.
    pub limits: TrafficLimits,
    /// After how much time without a packet it is idle, where somebody wants to know.
    pub idle: Option<Duration>,
}

impl From<ikev2::ChildSa> for ChildSa {
    fn from(child: ikev2::ChildSa) -> Self {
        Self {
            id: child.id,
            sa: child.sa,
            policy: child.policy,
            name: child.name,
            suite: Suite::Esp(child.suite),
            mode: child.mode,
            inbound: child.inbound,
            outbound: child.outbound,
            selectors: (child.local_selectors, child.remote_selectors),
            local: child.local,
            remote: child.remote,
            udp_encapsulation: child.udp_encapsulation,
            life: ChildLife {
                replaces: child.life.replaces,
                sends: child.life.sends,
                limits: child.life.limits,
                idle: child.life.idle,
            },
            original: (
                child.original.map(|it| it.local),
                child.original.map(|it| it.remote),
            ),
        }
    }
}

impl From<ikev1::ChildSa> for ChildSa {
    fn from(child: ikev1::ChildSa) -> Self {
        let octets = child.limits.octets;
        Self {
            id: child.id,
            sa: child.sa,
            policy: child.policy,
            name: child.name,
            suite: child.suite.into(),
            mode: child.encapsulation.mode,
            inbound: child.inbound,
            outbound: child.outbound,
            selectors: (vec![child.selectors.0], vec![child.selectors.1]),
            local: child.ends.0,
            remote: child.ends.1,
            udp_encapsulation: child.encapsulation.udp.is_some(),
            life: ChildLife {
                replaces: child.replaces,
                // quick mode is over on both sides when one may send (RFC 2409 §5.5)
                sends: true,
                limits: TrafficLimits {
                    soft_bytes: octets.map(|it| it.0),
                    hard_bytes: octets.map(|it| it.1),
                    ..TrafficLimits::default()
                },
                idle: child.limits.idle,
            },
            original: child.original,
        }
    }
}

impl From<ikev1::ChildSuite> for Suite {
    fn from(suite: ikev1::ChildSuite) -> Self {
        match suite.encryption {
            Some(encryption) => Self::Esp(EspSuite {
                encryption,
                integrity: suite.integrity,
                group: suite.group,
                esn: suite.esn,
            }),
            None => Self::Ah(suite.integrity.unwrap_or(IntegrityId::NONE)),
        }
    }
}
