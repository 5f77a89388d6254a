//! What comes out of an endpoint.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ike_crypto::SecretVec;
use ike_endpoint::{ChildUpdate, Transmit};
use ike_ext::{ChildId, Instant, PolicyId, Role, SaId};
use ipsec_doi::v1::IkeSuite;
use ipsec_doi::{Identity, TrafficSelector};
use isakmp_wire::v1::{AuthMethod, NotifyType};
use isakmp_wire::{ExchangeType, PayloadType, Spi};

use crate::failure::{Dropped, Failure};

mod child;

pub use child::{ChildLimits, ChildSa, ChildSuite};

/// Where an endpoint puts what follows from an input. Reuse it: it keeps its allocation.
#[derive(Debug, Default)]
pub struct Outbox {
    items: Vec<Output>,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// Takes everything out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Output> + '_ {
        self.items.drain(..)
    }

    /// Whether an endpoint asks for the key of a peer ([`Event::PeerCertificates`]). What that peer sends after its
    /// certificates is not awaited before the answer, so a driver with several datagrams at hand answers first.
    #[must_use]
    pub fn asks(&self) -> bool {
        let question = |it: &Output| matches!(it, Output::Event(Event::PeerCertificates(_)));
        self.items.iter().any(question)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.items.push(output);
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.items.push(Output::Event(event));
    }
}

/// One thing for the driver or the application to do or know.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must carry out every kind"
)]
pub enum Output {
    /// Send a datagram.
    Transmit(Transmit),
    /// Install both directions of a child SA, inbound first.
    InstallChild(Box<ChildSa>),
    /// The peer's outer address has moved: send this child's packets there.
    UpdateChild(ChildUpdate),
    /// Remove both directions of a child SA.
    DeleteChild(ChildId),
    /// Something to know.
    Event(Event),
}

/// News, for logs and for the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Both sides are authenticated.
    Established(Box<Established>),
    /// The negotiation has failed; the SA is gone.
    Failed {
        /// The SA.
        sa: SaId,
        /// Its connection, if one was chosen.
        policy: Option<PolicyId>,
        /// Where the peer is.
        remote: SocketAddr,
        /// Why.
        failure: Failure,
        /// How far it came, and with whom.
        attempt: Box<Attempt>,
    },
    /// A child could not be opened, or its successor; the IKE SA stands.
    ChildFailed {
        /// The IKE SA.
        sa: SaId,
        /// Its connection.
        policy: PolicyId,
        /// Why.
        failure: Failure,
    },
    /// A successor has taken the place of a child, which is being deleted.
    ChildRekeyed {
        /// The IKE SA.
        sa: SaId,
        /// The child that goes.
        old: ChildId,
        /// Its successor.
        new: ChildId,
    },
    /// An established SA is gone, its children with it.
    Closed {
        /// The SA.
        sa: SaId,
        /// Its connection.
        policy: PolicyId,
        /// Why.
        reason: CloseReason,
    },
    /// A successor has taken the place of an SA, and its children.
    Rekeyed {
        /// The SA that goes.
        old: SaId,
        /// Its successor.
        new: SaId,
    },
    /// A peer that nobody has authenticated says something; it changes nothing.
    Hint {
        /// The SA.
        sa: SaId,
        /// What it says.
        notify: NotifyType,
    },
    /// A datagram led to nothing.
    Dropped {
        /// Where it came from.
        from: SocketAddr,
        /// Why.
        reason: Dropped,
    },
    /// A first message was answered with an error; there was never an SA.
    Refused {
        /// Where it came from.
        from: SocketAddr,
        /// Why.
        failure: Failure,
        /// Main mode or aggressive mode, and the vendor IDs in it.
        attempt: Box<Attempt>,
    },
    /// An unanswered message was sent again (RFC 2408 §5.1).
    Retransmitted {
        /// The SA.
        sa: SaId,
        /// Which exchange.
        exchange: ExchangeType,
    },
    /// A peer wants addresses: answer with [`Endpoint::assign`](crate::Endpoint::assign). They are its until its SA is
    /// [closed](Self::Closed), and pass to a [successor](Self::Rekeyed).
    AddressesWanted(Box<AddressesWanted>),
    /// Mode config gave us something.
    Configured {
        /// The SA.
        sa: SaId,
        /// What.
        assigned: Box<Assigned>,
    },
    /// The peer shows certificates: answer with [`Endpoint::trusted`](crate::Endpoint::trusted).
    PeerCertificates(Box<PeerCertificates>),
    /// The peer's address has changed behind a NAT (RFC 3947 §4).
    Moved {
        /// The SA.
        sa: SaId,
        /// Where it is now.
        remote: SocketAddr,
    },
    /// An extension has news about the SA; ask it.
    Nudge(SaId),
    /// Key material, because the configuration asked for it.
    KeyLog(Box<KeyLog>),
    /// A message was sent or accepted, because the configuration asked for a trace.
    Message(Message),
}

/// How far a negotiation came that has failed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// Our part.
    pub role: Role,
    /// Main mode, aggressive mode, or the transaction in which a user failed.
    pub exchange: ExchangeType,
    /// The vendor IDs that the peer sent, within the limits of the configuration.
    pub vendor_ids: Vec<Vec<u8>>,
}

/// An authenticated IKE SA.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Established {
    /// The SA.
    pub sa: SaId,
    /// Its connection.
    pub policy: PolicyId,
    /// Our part.
    pub role: Role,
    /// Cookies, the initiator's first.
    pub spis: (Spi, Spi),
    /// Ciphers.
    pub suite: IkeSuite,
    /// Main mode or aggressive mode.
    pub mode: ExchangeType,
    /// How the peers authenticated.
    pub method: AuthMethod,
    /// Who the peer proved to be.
    pub remote_id: Identity,
    /// The user who proved itself by XAUTH, if one had to.
    pub user: Option<String>,
    /// Our address and port, and the peer's.
    pub ends: (SocketAddr, SocketAddr),
    /// When its negotiation began, and when it ended.
    pub span: (Instant, Instant),
}

/// Who wants addresses inside the tunnel (draft-dukes-ike-mode-cfg-02 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AddressesWanted {
    /// The SA, which waits.
    pub sa: SaId,
    /// Its connection.
    pub policy: PolicyId,
    /// Who the peer proved to be.
    pub identity: Identity,
    /// The user who proved itself by XAUTH, if one had to.
    pub user: Option<String>,
    /// Whether it wants an IPv4 address, and the one that it would like.
    pub v4: Option<Option<Ipv4Addr>>,
    /// Whether it wants an IPv6 address, and the one that it would like.
    pub v6: Option<Option<Ipv6Addr>>,
}

/// What mode config gave us.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Assigned {
    /// Addresses with prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// DNS servers.
    pub dns: Vec<IpAddr>,
    /// Networks that go through the tunnel (Cisco Unity); none for all.
    pub split: Vec<TrafficSelector>,
    /// Networks that do not.
    pub local: Vec<TrafficSelector>,
    /// The default domain.
    pub domain: String,
    /// Text for the user.
    pub banner: String,
}

/// Certificates of a peer that are to be judged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerCertificates {
    /// The SA, which waits.
    pub sa: SaId,
    /// Its connection.
    pub policy: PolicyId,
    /// Who the peer says it is.
    pub identity: Identity,
    /// Certificates, DER, as they came: the peer's own first as a rule.
    pub chain: Vec<Vec<u8>>,
    /// Revocation lists, DER.
    pub crls: Vec<Vec<u8>>,
    /// PKCS #7 wrappers of certificates, DER: what old Windows releases send for a chain.
    pub wrapped: Vec<Vec<u8>>,
}

/// Why an established SA ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// Its lifetime is over, and no successor is there.
    Expired,
    /// Something went wrong on it.
    Failure(Failure),
    /// We were told to.
    Local,
    /// The peer deleted it.
    Peer,
    /// The peer began anew and says that it has no SA with us (RFC 2407 §4.6.3.3).
    Restarted,
    /// The peer does not answer.
    Silent,
}

/// Key material for a capture's reader.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyLog {
    /// Of an IKE SA.
    Ike {
        /// Cookies, the initiator's first.
        spis: (Spi, Spi),
        /// Ciphers.
        suite: IkeSuite,
        /// The encryption key, cut from SKEYID_e (RFC 2409 App. B).
        encryption: SecretVec,
    },
    /// Of one direction of a child SA.
    Child {
        /// The sender's outer address.
        from: IpAddr,
        /// The receiver's.
        to: IpAddr,
        /// The SPI.
        spi: u32,
        /// Protocol and algorithms.
        suite: ChildSuite,
        /// Encryption key, salt included.
        encryption: SecretVec,
        /// Integrity key.
        integrity: SecretVec,
    },
}

/// One line of a timeline.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The SA.
    pub sa: SaId,
    /// Whether we sent it.
    pub outbound: bool,
    /// Which exchange.
    pub exchange: ExchangeType,
    /// Which message of it.
    pub number: u8,
    /// Its message ID.
    pub message_id: u32,
    /// The payloads, decrypted.
    pub payloads: Vec<PayloadType>,
    /// Octets, ISAKMP header to the end.
    pub octets: usize,
}
