//! What an endpoint is told before it runs: connections, children, limits.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use ike_ext::PolicyId;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspProposal, IkeProposal, TrafficSelector};

use crate::authentication::Authentication;
use crate::profile::Profile;

/// Everything that an [`Endpoint`](crate::Endpoint) is told by its operator.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// The connections, in order of preference: a responder takes the first that fits.
    pub connections: Vec<Connection>,
    /// How the core deviates from the RFCs, and its defaults.
    pub profile: Profile,
    /// Bounds on what strangers may cost.
    pub limits: Limits,
    /// Local UDP ports.
    pub ports: Ports,
    /// Whether key material is reported as [`Event::KeyLog`](crate::Event::KeyLog).
    pub key_log: bool,
    /// Whether each message is reported as [`Event::Message`](crate::Event::Message).
    pub trace: bool,
}

impl Config {
    /// A configuration with the given connections and the defaults of [`Profile::MICROSOFT`].
    #[must_use]
    pub fn new(connections: Vec<Connection>) -> Self {
        Self {
            connections,
            profile: Profile::MICROSOFT,
            limits: Limits::default(),
            ports: Ports::default(),
            key_log: false,
            trace: false,
        }
    }
}

/// Local UDP ports (RFC 7296 §2, §2.23).
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

/// One peer, or one class of peers, and what we do with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connection {
    /// Names it to extensions and in events.
    pub policy: PolicyId,
    /// Its name in configuration and logs.
    pub name: String,
    /// Our address; `None` lets the datagram or the driver decide (an initiator needs one).
    pub local: Option<IpAddr>,
    /// The peer's address and ports; `None` accepts any and cannot initiate.
    pub remote: Option<Remote>,
    /// How we and the peer prove who we are.
    pub authentication: Authentication,
    /// Acceptable IKE suites, best first.
    pub proposals: Vec<IkeProposal>,
    /// The child SAs; an initiator opens the first in IKE_AUTH.
    pub children: Vec<Child>,
    /// Addresses to ask for, or to hand out.
    pub addressing: Addressing,
    /// Make the peer believe in a NAT, so that ESP is always UDP-encapsulated.
    pub force_encapsulation: bool,
    /// Begin on the NAT-T ports at once (RFC 7296 §2.23 allows it).
    pub start_on_nat_t: bool,
    /// Silence after which the peer is asked whether it lives (RFC 7296 §2.4); `None`: never.
    pub liveness: Option<Duration>,
    /// The retransmission schedule.
    pub retransmit: Retransmit,
}

impl Connection {
    /// A connection between two identities, without children, for any peer address.
    #[must_use]
    pub fn new(policy: PolicyId, name: impl Into<String>, authentication: Authentication) -> Self {
        Self {
            policy,
            name: name.into(),
            local: None,
            remote: None,
            authentication,
            proposals: Vec::new(),
            children: Vec::new(),
            addressing: Addressing::default(),
            force_encapsulation: false,
            start_on_nat_t: false,
            liveness: Some(Duration::from_secs(30)),
            retransmit: Retransmit::default(),
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

/// A child SA to open or to accept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Child {
    /// Its name in configuration and logs.
    pub name: String,
    /// Acceptable ESP suites, best first.
    pub proposals: Vec<EspProposal>,
    /// What lies behind us.
    pub local: Selectors,
    /// What lies behind the peer.
    pub remote: Selectors,
    /// Tunnel or transport.
    pub mode: Mode,
}

impl Child {
    /// A tunnel between the two hosts themselves.
    #[must_use]
    pub fn new(name: impl Into<String>, proposals: Vec<EspProposal>) -> Self {
        Self {
            name: name.into(),
            proposals,
            local: Selectors::Dynamic,
            remote: Selectors::Dynamic,
            mode: Mode::Tunnel,
        }
    }
}

/// One side of a child's policy.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "either known beforehand or not")]
pub enum Selectors {
    /// The address of that side: its assigned one if the configuration payload gave one, else
    /// the one that IKE runs over.
    Dynamic,
    /// These.
    Fixed(Vec<TrafficSelector>),
}

/// The configuration payload's part of a connection (RFC 7296 §2.19).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Addressing {
    /// As a client, ask for an IPv4 address.
    pub request_v4: bool,
    /// As a client, ask for an IPv6 address.
    pub request_v6: bool,
    /// As a server, the IPv4 address for the peer that asks.
    pub assign_v4: Option<Ipv4Addr>,
    /// As a server, the IPv6 address for the peer that asks, and its prefix length.
    pub assign_v6: Option<(Ipv6Addr, u8)>,
    /// As a server, DNS servers for the peer that asks.
    pub dns: Vec<IpAddr>,
}

/// When an unanswered request is sent again (RFC 7296 §2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a schedule has these three numbers"
)]
pub struct Retransmit {
    /// The first interval; each further one is twice as long.
    pub first: Duration,
    /// No interval is longer.
    pub longest: Duration,
    /// How often a request is sent again before the peer counts as silent.
    pub tries: u8,
}

impl Default for Retransmit {
    /// 1, 2, 4, 8, 16, 16 seconds, then the end after 16 more.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(16),
            tries: 6,
        }
    }
}

/// Bounds on what strangers may cost; counts are of IKE SAs that are not authenticated yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Above this many half-open SAs a request needs a cookie (RFC 7296 §2.6).
    pub cookie_threshold: usize,
    /// No more half-open SAs than this.
    pub half_open: usize,
    /// No more half-open SAs than this from one address.
    pub half_open_per_address: usize,
    /// How long a responder waits for IKE_AUTH.
    pub half_open_timeout: Duration,
    /// How long one cookie secret is used; the one before it is still accepted.
    pub cookie_lifetime: Duration,
    /// Vendor IDs remembered per SA.
    pub vendor_ids: usize,
    /// Certificates and CRLs taken from one peer.
    pub certificates: usize,
    /// Octets of one certificate or CRL taken from a peer.
    pub certificate_octets: usize,
    /// How long [`Input::Trusted`](crate::Input::Trusted) may be on its way.
    pub trust_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cookie_threshold: 100,
            half_open: 20_000,
            half_open_per_address: 35,
            half_open_timeout: Duration::from_secs(60),
            cookie_lifetime: Duration::from_secs(150),
            vendor_ids: 32,
            certificates: 16,
            certificate_octets: 16_384,
            trust_timeout: Duration::from_secs(30),
        }
    }
}
