//! What an endpoint is told before it runs: connections, children, limits.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU32;
use core::time::Duration;

use ike_crypto::SecretVec;
use ike_endpoint::{Ports, Remote, Retransmit};
use ike_ext::PolicyId;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, GroupId, IntegrityId, TrafficSelector};

use crate::authentication::Authentication;
use crate::profile::Profile;

/// Everything that an [`Endpoint`](crate::Endpoint) is told by its operator.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// The connections, in order of preference: a responder takes the first that fits.
    pub connections: Vec<Connection>,
    /// How the core deviates from the RFCs.
    pub profile: Profile,
    /// Bounds on what strangers may cost.
    pub limits: Limits,
    /// Local UDP ports.
    pub ports: Ports,
    /// Whether key material is reported as [`Event::KeyLog`](crate::Event::KeyLog).
    pub key_log: bool,
    /// Whether each message is reported as [`Event::Message`](crate::Event::Message).
    pub trace: bool,
    /// All handles of SAs and children are above this number. A driver that serves several endpoints keeps their handles
    /// apart by it.
    pub first_handle: u64,
}

impl Config {
    /// A configuration with the given connections and [`Profile::RFC`].
    #[must_use]
    pub fn new(connections: Vec<Connection>) -> Self {
        Self {
            connections,
            profile: Profile::RFC,
            limits: Limits::default(),
            ports: Ports::default(),
            key_log: false,
            trace: false,
            first_handle: 0,
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
    /// How we and the peer prove who we are, and in which exchange.
    pub authentication: Authentication,
    /// Acceptable phase 1 suites, best first.
    pub proposals: Vec<IkeProposal>,
    /// The child SAs; an initiator opens those that say so once phase 1 is done.
    pub children: Vec<Child>,
    /// Addresses to ask for, or to hand out.
    pub addressing: Addressing,
    /// Lifetimes of the phase 1 SA.
    pub lifetime: IkeLifetime,
    /// When what runs, and what may be weak.
    pub options: Options,
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
            lifetime: IkeLifetime::default(),
            options: Options::default(),
            retransmit: Retransmit::default(),
        }
    }
}

/// Switches of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Begin with aggressive mode, and accept it (RFC 2409 §5.4). With a shared key it gives everybody who asks a hash
    /// to try passwords on; hence it must be asked for.
    pub aggressive: bool,
    /// Allow DES, MD5 and the MODP groups below 1536 bits.
    pub legacy: bool,
    /// Say that we have no other SA with the peer, where that is so (RFC 2407 §4.6.3.3), and believe it.
    pub initial_contact: bool,
    /// Silence after which the peer is asked whether it lives (RFC 3706); `None`: never.
    pub liveness: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            aggressive: false,
            legacy: false,
            initial_contact: true,
            liveness: Some(Duration::from_secs(30)),
        }
    }
}

/// A child SA to open or to accept (RFC 2409 §5.5).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Child {
    /// Its name in configuration and logs.
    pub name: String,
    /// The protocol, and its acceptable suites, best first.
    pub suites: Suites,
    /// What lies behind us. IKEv1 has one selector for each side.
    pub local: Selector,
    /// What lies behind the peer.
    pub remote: Selector,
    /// Tunnel or transport.
    pub mode: Mode,
    /// How long it lives.
    pub lifetime: ChildLifetime,
    /// Whether the initiator opens it once phase 1 is done.
    pub start: bool,
}

impl Child {
    /// A tunnel with ESP between the two hosts themselves.
    #[must_use]
    pub fn new(name: impl Into<String>, suites: Vec<EspProposal>) -> Self {
        Self {
            name: name.into(),
            suites: Suites::Esp(suites),
            local: Selector::Dynamic,
            remote: Selector::Dynamic,
            mode: Mode::Tunnel,
            lifetime: ChildLifetime::default(),
            start: true,
        }
    }
}

/// The protocol of a child SA, and what it may use.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "IPsec has these two protocols")]
pub enum Suites {
    /// Authentication header (RFC 4302).
    Ah(Vec<AhProposal>),
    /// Encapsulating security payload (RFC 4303).
    Esp(Vec<EspProposal>),
}

/// What AH may use: alternatives, best first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers build it by hand")]
pub struct AhProposal {
    /// Integrity.
    pub integrity: Vec<IntegrityId>,
    /// Groups of a key exchange of its own; none for the keys of phase 1.
    pub groups: Vec<GroupId>,
}

/// One side of a child's policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "either known beforehand or not")]
pub enum Selector {
    /// The address of that side: its assigned one if mode config gave one, else the one that IKE runs over.
    Dynamic,
    /// This.
    Fixed(TrafficSelector),
}

/// How long a child SA lives (RFC 2407 §4.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChildLifetime {
    /// Seconds, offered and enforced; the shorter of both sides' counts.
    pub time: Duration,
    /// Kilobytes of 1024 octets; `None` for no limit.
    pub kilobytes: Option<u32>,
    /// How long before the end a successor is negotiated; less a random part of it, so that both sides seldom begin at
    /// once.
    pub margin: Duration,
}

impl Default for ChildLifetime {
    /// One hour, begun anew up to nine minutes before.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(3600),
            kilobytes: None,
            margin: Duration::from_secs(540),
        }
    }
}

/// How long a phase 1 SA lives (RFC 2409 App. A).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct IkeLifetime {
    /// Seconds, offered and enforced.
    pub time: Duration,
    /// How long before the end a successor is negotiated, less a random part of it.
    pub margin: Duration,
    /// How many quick modes are negotiated under it at most; it stands on, and for more of them another one is
    /// negotiated ([MS-IKEE] §3.8.7.2). `None` for no limit.
    pub quick_modes: Option<NonZeroU32>,
}

impl Default for IkeLifetime {
    /// Four hours, begun anew up to nine minutes before.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(4 * 3600),
            margin: Duration::from_secs(540),
            quick_modes: None,
        }
    }
}

/// Mode config's part of a connection (draft-dukes-ike-mode-cfg-02).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Addressing {
    /// As a client, ask for an IPv4 address.
    pub request_v4: bool,
    /// As a client, ask for an IPv6 address.
    pub request_v6: bool,
    /// As a client, wait for the server to push what it assigns instead of asking.
    pub await_push: bool,
    /// As a server, what the peer gets.
    pub assign: Assign,
    /// As a server, ask the driver for the addresses of each peer, by [`Event::AddressesWanted`], instead of giving all the
    /// same.
    ///
    /// [`Event::AddressesWanted`]: crate::Event::AddressesWanted
    pub leased: bool,
    /// As a server, push it instead of waiting for the question.
    pub push: bool,
}

impl Addressing {
    /// Whether we are to get addresses.
    pub(crate) const fn is_client(&self) -> bool {
        self.request_v4 || self.request_v6 || self.await_push
    }
}

/// What a server hands out to its one peer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Assign {
    /// Addresses, with prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// DNS servers.
    pub dns: Vec<IpAddr>,
    /// Networks that go through the tunnel (Cisco Unity), IPv4.
    pub split: Vec<TrafficSelector>,
    /// Text for the user.
    pub banner: String,
}

/// A user of XAUTH.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a name and a password")]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: SecretVec,
}

/// Bounds on what strangers may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// No more SAs than this that are not authenticated.
    pub half_open: usize,
    /// With more of them than this from one address, it begins no more.
    pub half_open_per_address: usize,
    /// How long a responder waits for the end of phase 1.
    pub half_open_timeout: Duration,
    /// Exchanges of one SA under way or just over.
    pub exchanges: usize,
    /// Child SAs of one SA.
    pub children: usize,
    /// Vendor IDs remembered per SA.
    pub vendor_ids: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            half_open: 20_000,
            half_open_per_address: 35,
            half_open_timeout: Duration::from_secs(60),
            exchanges: 32,
            children: 128,
            vendor_ids: 32,
        }
    }
}
