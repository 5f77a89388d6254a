//! One IKE SA.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use ike_crypto::{Error, Provider, SignatureScheme};
use ike_endpoint::{Path, Phase, Schedule, Tracked};
use ike_ext::{ChildId, Instant, PolicyId, Role, SaId};
use ipsec_doi::{HashId, Identity};
use isakmp_wire::v1::{AuthMethod, NotifyType, ProtocolId};
use isakmp_wire::{ExchangeType, Spi};

use crate::aggressive::Aggressive;
use crate::auth::{Proven, Verified};
use crate::authentication::{scheme, signs};
use crate::keys::Keys;
use crate::main_mode::MainMode;
use crate::output::CloseReason;
use crate::protect::Protection;
use crate::quick_mode::{AwaitAnswer, AwaitConnected, AwaitProof, Wanted};
use crate::retransmit::Repeat;
use crate::send::Outgoing;
use crate::transaction::{Asked, Leasing};

/// What everybody may know about an SA, extensions included.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: SaId,
    pub(crate) role: Role,
    pub(crate) spis: (Spi, Spi),
    pub(crate) path: Path,
    pub(crate) policy: Option<PolicyId>,
    pub(crate) phase: Phase,
    /// Main mode or aggressive mode.
    pub(crate) mode: ExchangeType,
    /// The hash function of phase 1, once chosen.
    pub(crate) hash: Option<HashId>,
    pub(crate) vendor_ids: Vec<Vec<u8>>,
}

/// One IKE SA.
#[derive(Debug)]
pub(crate) struct Sa {
    pub(crate) facts: Facts,
    pub(crate) connection: Option<usize>,
    pub(crate) state: State,
    pub(crate) secure: Option<Box<Secure>>,
    pub(crate) first: FirstPhase,
    pub(crate) exchanges: Vec<Exchange>,
    /// Message IDs of exchanges that are over, the latest last: none may come again.
    pub(crate) used: VecDeque<u32>,
    pub(crate) children: Vec<ChildEntry>,
    /// Our addresses inside the tunnel, or the peer's if we assigned them.
    pub(crate) assigned: Vec<IpAddr>,
    /// The SA that this one is to take the place of.
    pub(crate) replaces: Option<SaId>,
    /// What it was begun for, if it is beside an SA that takes no more quick modes.
    pub(crate) wanted: Option<Vec<Wanted>>,
    pub(crate) began: Instant,
    pub(crate) last_inbound: Instant,
}

/// What phase 1 keeps for repetition.
#[derive(Debug, Default)]
pub(crate) struct FirstPhase {
    /// The digest of the last message that was taken.
    pub(crate) last_in: Option<[u8; 8]>,
    pub(crate) repeat: Option<Repeat>,
    /// The message in clear that is out, as we composed it.
    pub(crate) draft: Option<Outgoing>,
    /// When a responder gives up.
    pub(crate) expires: Option<Instant>,
    /// What an unauthenticated notification said.
    pub(crate) hint: Option<NotifyType>,
    /// Whether something came that did not decrypt: the peer may have another pre-shared key.
    pub(crate) garbled: bool,
    /// Who failed in XAUTH.
    pub(crate) user: Option<String>,
}

/// Keys, and the messages' protection under them.
#[derive(Debug)]
pub(crate) struct Secure {
    pub(crate) keys: Keys,
    pub(crate) method: AuthMethod,
    /// Whether an extension brings the method.
    pub(crate) brought: bool,
    pub(crate) protection: Protection,
    /// The IV of the next message of phase 1; in the end its last block.
    pub(crate) iv: Vec<u8>,
    /// The last blocks of the encrypted messages of phase 1 that we sent and took; its first IV before there are any.
    pub(crate) last: (Vec<u8>, Vec<u8>),
}

impl Secure {
    pub(crate) fn new(
        provider: &Provider,
        keys: Keys,
        (method, brought): (AuthMethod, bool),
        publics: (&[u8], &[u8]),
    ) -> Result<Self, Error> {
        let iv = crate::iv::of_phase_1(provider, keys.suite(), publics)?;
        Ok(Self {
            protection: Protection::new(provider, &keys)?,
            last: (iv.clone(), iv.clone()),
            iv,
            keys,
            method,
            brought,
        })
    }

    /// How this side signs, if it does: the scheme, and the hash of HASH_I and HASH_R where that is not the negotiated
    /// one. A method that an extension brings has RSA signatures on both sides.
    pub(crate) fn signature(&self, role: Role) -> Option<(SignatureScheme, Option<HashId>)> {
        if self.brought {
            return Some((SignatureScheme::RsaBare, None));
        }
        scheme(self.method).filter(|_| signs(self.method, role))
    }
}

/// What is awaited now in phase 1.
#[derive(Debug)]
pub(crate) enum State {
    Main(MainMode),
    Aggressive(Aggressive),
    /// Phase 1 is done, and a user has to prove itself.
    AwaitXauth(Box<Proven>),
    /// Both sides are authenticated.
    Established(Box<Established>),
    /// Its delete is out, or in, and its children go on ([MS-IKEE] §3.8.4.1).
    Lingering(Box<Lingering>),
    /// Over, but an extension still needs it to repeat what it holds.
    Closing,
    /// Over; the endpoint forgets it at the end of the call.
    Closed,
}

/// An SA that was deleted before its children. Nothing is negotiated under it any more, but their deletes still need its
/// keys; with the last of them it goes.
#[derive(Debug)]
pub(crate) struct Lingering {
    pub(crate) peer: Verified,
    /// Why it was deleted.
    pub(crate) reason: CloseReason,
}

/// An authenticated SA. Only [`Verified`] leads here.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) peer: Verified,
    /// When its successor is due, unless one is under way, and when it ends.
    pub(crate) rekey: Option<Instant>,
    pub(crate) expires: Instant,
    pub(crate) probe: Option<Probe>,
    /// The sequence number of our last liveness check.
    pub(crate) asked: Option<u32>,
    /// The last sequence number of the peer's liveness checks (RFC 3706 §6.2).
    pub(crate) heard: Option<u32>,
    /// Whether children still wait for addresses.
    pub(crate) configuring: bool,
    /// As a server: the addresses of the peer that the driver has been asked for, and what waits for them.
    pub(crate) leasing: Option<Leasing>,
    /// How many quick modes have been negotiated under it.
    pub(crate) quick_modes: u32,
}

/// A liveness check that is under way.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) sequence: u32,
    pub(crate) schedule: Schedule,
}

/// One exchange of phase 2 (RFC 2409 §5.5, §5.7).
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) message_id: u32,
    pub(crate) kind: ExchangeType,
    pub(crate) iv: Vec<u8>,
    pub(crate) step: Step,
    pub(crate) last_in: Option<[u8; 8]>,
    pub(crate) repeat: Option<Repeat>,
    /// When it is forgotten, whatever its state.
    pub(crate) expires: Instant,
}

/// What an exchange awaits.
#[derive(Debug)]
pub(crate) enum Step {
    /// Quick mode message 1 is out.
    Answer(Box<AwaitAnswer>),
    /// Quick mode message 2 is out.
    Proof(Box<AwaitProof>),
    /// Quick mode message 3 is out, and the responder wants to confirm it.
    Connected(Box<AwaitConnected>),
    /// A transaction is to be answered.
    Transaction(Asked),
    /// An extension holds the message that we sent.
    Held,
    /// Nothing; repetitions are answered.
    Done,
}

/// A child as its IKE SA knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChildEntry {
    pub(crate) id: ChildId,
    /// Of the quick mode that made it.
    pub(crate) message_id: u32,
    /// Whether its cipher is more than NULL.
    pub(crate) encrypts: bool,
    /// Which of the connection's children.
    pub(crate) index: usize,
    pub(crate) protocol: ProtocolId,
    pub(crate) spi_in: u32,
    pub(crate) spi_out: u32,
    /// Bodies of the ID payloads: what lies behind us, and behind the peer.
    pub(crate) identities: (Vec<u8>, Vec<u8>),
    /// When its successor is due, unless one is under way or there.
    pub(crate) rekey: Option<Instant>,
    pub(crate) expires: Instant,
}

impl Tracked for Sa {
    fn id(&self) -> SaId {
        self.facts.id
    }

    fn phase(&self) -> Phase {
        self.facts.phase
    }

    fn remote(&self) -> IpAddr {
        self.facts.path.remote.ip()
    }
}

impl Sa {
    pub(crate) fn new(facts: Facts, connection: Option<usize>, now: Instant) -> Self {
        Self {
            facts,
            connection,
            state: State::Closed,
            secure: None,
            first: FirstPhase::default(),
            exchanges: Vec::new(),
            used: VecDeque::new(),
            children: Vec::new(),
            assigned: Vec::new(),
            replaces: None,
            wanted: None,
            began: now,
            last_inbound: now,
        }
    }

    /// Who the peer proved to be.
    pub(crate) fn peer(&self) -> Option<&Verified> {
        match &self.state {
            State::Established(it) => Some(&it.peer),
            State::Lingering(it) => Some(&it.peer),
            State::Main(_)
            | State::Aggressive(_)
            | State::AwaitXauth(_)
            | State::Closing
            | State::Closed => None,
        }
    }

    /// Remembers the vendor IDs of an accepted message, a bounded number and size of them.
    pub(crate) fn remember<'a>(&mut self, ids: impl Iterator<Item = &'a [u8]>, limit: usize) {
        ike_endpoint::remember(&mut self.facts.vendor_ids, ids, limit);
    }

    /// Whether the peer has sent this vendor ID.
    pub(crate) fn peer_sent(&self, id: &[u8]) -> bool {
        self.facts.vendor_ids.iter().any(|it| it == id)
    }

    /// Whether it was deleted before its children.
    pub(crate) const fn lingers(&self) -> bool {
        matches!(self.state, State::Lingering(_))
    }

    /// Ends it, as soon as no extension holds one of its messages.
    pub(crate) fn over(&mut self) {
        self.facts.phase = Phase::Over;
        self.state = if self.is_held() {
            State::Closing
        } else {
            State::Closed
        };
    }

    /// Whether an extension holds one of its messages.
    pub(crate) fn is_held(&self) -> bool {
        self.exchanges
            .iter()
            .any(|it| matches!(it.step, Step::Held))
    }

    /// Whether the peer has sent a vendor ID that begins so.
    pub(crate) fn peer_sent_prefix(&self, prefix: &[u8]) -> bool {
        self.facts
            .vendor_ids
            .iter()
            .any(|it| it.starts_with(prefix))
    }

    /// Takes the exchange with this message ID out, to work on it.
    pub(crate) fn take_exchange(&mut self, message_id: u32) -> Option<Exchange> {
        let at = self
            .exchanges
            .iter()
            .position(|it| it.message_id == message_id)?;
        Some(self.exchanges.swap_remove(at))
    }

    /// Forgets an exchange for good.
    pub(crate) fn retire(&mut self, message_id: u32) {
        if self.used.len() >= MAX_USED {
            self.used.pop_front();
        }
        self.used.push_back(message_id);
    }
}

/// Who has the connection, and whom it is for: how one SA is known to succeed another.
pub(crate) fn same_peer(a: &Sa, b: &Sa) -> bool {
    let identity = |it: &Sa| -> Option<(Identity, Option<String>)> {
        let peer = it.peer()?;
        Some((peer.identity().clone(), peer.user().map(String::from)))
    };
    a.facts.policy == b.facts.policy && identity(a).is_some() && identity(a) == identity(b)
}

/// Why an SA goes, where its children may stay with a successor.
pub(crate) const fn leaves_children(reason: &CloseReason) -> bool {
    // silence may only mean that our peer's farewell was lost; its successor finds out for itself
    matches!(
        reason,
        CloseReason::Peer | CloseReason::Expired | CloseReason::Silent
    )
}

/// How many message IDs are remembered as used.
const MAX_USED: usize = 512;
