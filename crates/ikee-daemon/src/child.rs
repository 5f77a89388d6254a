//! Child SAs as data planes take them, whichever version of IKE has negotiated them.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ike_crypto::SecretVec;
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

/// One direction of a child SA.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "an SA has an SPI and keys")]
pub struct ChildKeys {
    /// The SPI on the wire, chosen by the receiver.
    pub spi: u32,
    /// Encryption key; for an AEAD, the salt follows. Empty for AH.
    pub encryption: SecretVec,
    /// Integrity key; empty for an AEAD.
    pub integrity: SecretVec,
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

impl From<ikev2::ChildSa> for ChildSa {
    fn from(child: ikev2::ChildSa) -> Self {
        let limits = child.life.limits;
        let keys = |keys: ikev2::ChildKeys| ChildKeys {
            spi: keys.spi,
            encryption: keys.encryption,
            integrity: keys.integrity,
        };
        Self {
            id: child.id,
            sa: child.sa,
            policy: child.policy,
            name: child.name,
            suite: Suite::Esp(child.suite),
            mode: child.mode,
            inbound: keys(child.inbound),
            outbound: keys(child.outbound),
            selectors: (child.local_selectors, child.remote_selectors),
            local: child.local,
            remote: child.remote,
            udp_encapsulation: child.udp_encapsulation,
            life: ChildLife {
                replaces: child.life.replaces,
                sends: child.life.sends,
                limits: TrafficLimits {
                    soft_bytes: limits.soft_bytes,
                    hard_bytes: limits.hard_bytes,
                    soft_packets: limits.soft_packets,
                    hard_packets: limits.hard_packets,
                },
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
        let keys = |keys: ikev1::ChildKeys| ChildKeys {
            spi: keys.spi,
            encryption: keys.encryption,
            integrity: keys.integrity,
        };
        let octets = child.limits.octets;
        Self {
            id: child.id,
            sa: child.sa,
            policy: child.policy,
            name: child.name,
            suite: child.suite.into(),
            mode: child.encapsulation.mode,
            inbound: keys(child.inbound),
            outbound: keys(child.outbound),
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

impl From<ikev2::ChildUpdate> for ChildUpdate {
    fn from(update: ikev2::ChildUpdate) -> Self {
        Self {
            child: update.child,
            local: update.local,
            remote: update.remote,
        }
    }
}

impl From<ikev1::ChildUpdate> for ChildUpdate {
    fn from(update: ikev1::ChildUpdate) -> Self {
        Self {
            child: update.child,
            local: update.local,
            remote: update.remote,
        }
    }
}
