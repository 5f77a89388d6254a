//! What comes out of an endpoint.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ike_crypto::SecretVec;
use ike_endpoint::{ChildUpdate, Transmit};
use ike_ext::{ChildId, Instant, PolicyId, Role, SaId};
use ipsec_doi::{EspSuite, Identity, IkeSuite};
use isakmp_wire::v2::NotifyType;
use isakmp_wire::{ExchangeType, PayloadType, Spi};

use crate::attempt::Attempt;
use crate::authentication::AuthorityHash;
use crate::failure::{Dropped, Failure};

mod child;

pub use child::{ChildLife, ChildSa, OriginalAddresses};

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
    /// Install both directions of a child SA, inbound first. Unless [`ChildLife::sends`], nothing is
    /// sent with it yet, but what arrives is taken.
    InstallChild(Box<ChildSa>),
    /// The peer is ready: send with this child from now on, and no more with the one that it
    /// [replaces](ChildLife::replaces), which still receives.
    UseChild(ChildId),
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
        /// How far it came.
        attempt: Box<Attempt>,
    },
    /// The peer shows certificates, and signs: whose key is it? The SA waits, no longer than
    /// [`Limits::trust_timeout`](crate::Limits::trust_timeout), for
    /// [`Input::Trusted`](crate::Input::Trusted).
    PeerCertificates(Box<PeerCertificates>),
    /// A child could not be opened; the IKE SA stands.
    ChildFailed {
        /// The IKE SA.
        sa: SaId,
        /// Its connection.
        policy: PolicyId,
        /// Why.
        failure: Failure,
    },
    /// A child has a successor, which carries the traffic from now on.
    ChildRekeyed {
        /// The IKE SA.
        sa: SaId,
        /// The child that is going.
        old: ChildId,
        /// Its successor.
        new: ChildId,
    },
    /// A child is gone and has no successor; the IKE SA stands.
    ChildClosed {
        /// The IKE SA.
        sa: SaId,
        /// The child.
        child: ChildId,
        /// Why.
        reason: CloseReason,
    },
    /// An IKE SA has new keys and a new handle; its children belong to the new one. Nothing more
    /// is heard of the old one.
    Rekeyed {
        /// The SA that is going.
        old: SaId,
        /// Its successor.
        new: SaId,
        /// SPIs of the successor, initiator's first.
        spis: (Spi, Spi),
        /// Ciphers of the successor.
        suite: IkeSuite,
    },
    /// An IKE SA did not get new keys; it lives until its hard limit.
    RekeyFailed {
        /// The SA.
        sa: SaId,
        /// Why.
        failure: Failure,
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
    /// A peer that nobody has authenticated says no; the negotiation goes on (RFC 7296 §2.21.1).
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
        /// The vendor IDs in it, within the limits of the configuration.
        vendor_ids: Vec<Vec<u8>>,
    },
    /// An unanswered request was sent again (RFC 7296 §2.1).
    Retransmitted {
        /// The SA.
        sa: SaId,
        /// Which exchange.
        exchange: ExchangeType,
    },
    /// The peer assigned addresses (RFC 7296 §2.19).
    Configured {
        /// The SA.
        sa: SaId,
        /// What it gave us.
        assigned: Assigned,
    },
    /// The peer's address has changed behind a NAT (RFC 7296 §2.23).
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

/// What a peer shows for its identity. Nothing of it has been checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerCertificates {
    /// The SA.
    pub sa: SaId,
    /// Its connection.
    pub policy: PolicyId,
    /// Who the peer says it is: the certificate must be for this identity.
    pub identity: Identity,
    /// X.509 certificates in DER, as the peer ordered them: the first has the key that signs, the
    /// others may help to find its issuers. Empty when it sent none.
    pub chain: Vec<Vec<u8>>,
    /// Certificate revocation lists in DER.
    pub crls: Vec<Vec<u8>>,
    /// The authorities that the connection trusts, as configured; empty leaves it to you.
    pub authorities: Vec<AuthorityHash>,
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
    /// SPIs, initiator's first.
    pub spis: (Spi, Spi),
    /// Ciphers.
    pub suite: IkeSuite,
    /// Who the peer proved to be.
    pub remote_id: Identity,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Whether there is a NAT before us, and before the peer.
    pub nat: (bool, bool),
    /// When.
    pub at: Instant,
    /// When its negotiation began.
    pub began: Instant,
}

/// What a configuration payload gave us.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Assigned {
    /// Addresses with prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// DNS servers.
    pub dns: Vec<IpAddr>,
}

/// Why an established SA ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// Its time is over, or it has carried all it may, and a successor did not come about.
    Expired,
    /// We were told to.
    Local,
    /// Another SA with fresh proofs has taken its place (RFC 7296 §2.8.3).
    Reauthenticated,
    /// The peer, or our own rule, wants no other SA beside a new one (RFC 7296 §2.4).
    Superseded,
    /// The peer deleted it.
    Peer,
    /// The peer does not answer.
    Silent,
    /// The peer, authenticated, reported this error.
    PeerError(NotifyType),
    /// Something went wrong on it.
    Failure(Failure),
}

/// Key material for a capture's reader.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyLog {
    /// Of an IKE SA.
    Ike {
        /// SPIs, initiator's first.
        spis: (Spi, Spi),
        /// Ciphers.
        suite: IkeSuite,
        /// SK_ei and SK_er, salts included.
        encryption: (SecretVec, SecretVec),
        /// SK_ai and SK_ar; empty for an AEAD.
        integrity: (SecretVec, SecretVec),
    },
    /// Of one direction of a child SA.
    Esp {
        /// The sender's outer address.
        from: IpAddr,
        /// The receiver's.
        to: IpAddr,
        /// The SPI.
        spi: u32,
        /// Ciphers.
        suite: EspSuite,
        /// Encryption key, salt included.
        encryption: SecretVec,
        /// Integrity key; empty for an AEAD.
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
    /// Whether it is the response.
    pub response: bool,
    /// Its message ID.
    pub message_id: u32,
    /// The payloads, those inside SK if there is one.
    pub payloads: Vec<PayloadType>,
    /// Octets of all its datagrams, IKE header to the end.
    pub octets: usize,
    /// How many datagrams it took.
    pub datagrams: usize,
}
