//! What an endpoint is told before it runs: connections, children, limits.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use ike_endpoint::{Ports, Remote, Retransmit};
use ike_ext::{PolicyId, Protection};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspProposal, Identity, IkeProposal, TrafficSelector};

use crate::authentication::Authentication;
use crate::pool::Pool;
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
    /// When the IKE SA gets new keys, and when the peers prove themselves anew.
    pub lifetime: IkeLifetime,
    /// Whether a first SA says that it is the only one (RFC 7296 §2.4); what peers say is heeded
    /// in any case.
    pub initial_contact: bool,
    /// Whether a new SA between the same two identities ends the older ones even if the peer does
    /// not ask for it.
    pub unique: bool,
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
            lifetime: IkeLifetime::default(),
            initial_contact: true,
            unique: false,
        }
    }
}

/// How long an IKE SA lives (RFC 7296 §2.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two deadlines, and how strictly they are kept"
)]
pub struct IkeLifetime {
    /// When it is rekeyed; `None`: never by us.
    pub rekey: Option<Duration>,
    /// When it is replaced by one with fresh proofs, which is opened before the old one goes
    /// (RFC 7296 §2.8.3); `None`: never.
    pub reauthenticate: Option<Duration>,
    /// Both happen earlier by a random part of this, so that neither the two peers nor many SAs
    /// act at once.
    pub jitter: Duration,
    /// How long after the earlier of both the SA is deleted if that came to nothing.
    pub hard: Duration,
}

impl Default for IkeLifetime {
    /// Rekeyed every four hours or up to ten minutes earlier; no reauthentication.
    fn default() -> Self {
        Self {
            rekey: Some(Duration::from_secs(4 * 3600)),
            reauthenticate: None,
            jitter: Duration::from_secs(600),
            hard: Duration::from_secs(900),
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
    /// Tunnel or transport. In transport mode only selectors of one address each come about
    /// (RFC 7296 §1.3.1).
    pub mode: Mode,
    /// When it gets new keys.
    pub lifetime: ChildLifetime,
    /// When it is opened; for whoever drives the endpoint, which does not start anything by itself.
    pub start: StartAction,
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
            lifetime: ChildLifetime::default(),
            start: StartAction::None,
        }
    }
}

/// When a child is opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum StartAction {
    /// When the peer or the operator asks for it.
    #[default]
    None,
    /// At start, and again when it is lost.
    Start,
    /// With the first packet for it.
    Trap,
}

/// What a child may carry, and how long it lives, before it is deleted (RFC 7296 §2.8). It is rekeyed
/// before that: at nine tenths of each limit, less a random part of the jitter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what can be counted of an SA: time, octets, packets"
)]
pub struct ChildLifetime {
    /// Time; `None`: without end.
    pub time: Option<Duration>,
    /// Octets in either direction; the data plane counts them.
    pub bytes: Option<u64>,
    /// Packets in either direction; the data plane counts them.
    pub packets: Option<u64>,
    /// How much earlier it may be rekeyed, percent of each limit; no more than 50 counts.
    pub jitter_percent: u8,
}

impl Default for ChildLifetime {
    /// One hour, any amount of data, jitter of 10 percent.
    fn default() -> Self {
        Self {
            time: Some(Duration::from_secs(3600)),
            bytes: None,
            packets: None,
            jitter_percent: 10,
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
    /// As a server, the IPv4 address for the peer that asks: a pool of one, before the others.
    pub assign_v4: Option<Ipv4Addr>,
    /// As a server, the IPv6 address for the peer that asks, and its prefix length: a pool of one,
    /// before the others.
    pub assign_v6: Option<(Ipv6Addr, u8)>,
    /// As a server, addresses for the peers that ask, in order of preference. Each goes to one
    /// identity at a time, across all connections of an endpoint.
    pub pools: Vec<Pool>,
    /// As a server, addresses that these identities always get. Nobody else of this connection gets
    /// them, even where they lie in a pool.
    pub fixed: Vec<(Identity, IpAddr)>,
    /// As a server, DNS servers for the peer that asks.
    pub dns: Vec<IpAddr>,
}

/// Bounds on what strangers may cost; counts are of IKE SAs that are not authenticated yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// With how many half-open SAs a request needs a cookie (RFC 7296 §2.6), and how many may be
    /// from one address.
    pub protection: Protection,
    /// No more half-open SAs than this.
    pub half_open: usize,
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
            protection: Protection::WINDOWS,
            half_open: 20_000,
            half_open_timeout: Duration::from_secs(60),
            cookie_lifetime: Duration::from_secs(150),
            vendor_ids: 32,
            certificates: 16,
            certificate_octets: 16_384,
            trust_timeout: Duration::from_secs(30),
        }
    }
}
