//! One IKE SA.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use ike_crypto::{Error, Provider};
use ike_ext::{ChildId, Instant, PolicyId, Role, SaId};
use ipsec_doi::Identity;
use isakmp_wire::{OwnedPayload, Spi};

use crate::auth::Verified;
use crate::auth_exchange::{AwaitAuthRequest, AwaitAuthResponse, AwaitTrust};
use crate::init::AwaitInitResponse;
use crate::input::Datagram;
use crate::keys::Keys;
use crate::nat::Nat;
use crate::output::CloseReason;
use crate::protect::Protection;
use crate::window::Window;

/// What everybody may know about an SA, extensions included.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: SaId,
    pub(crate) role: Role,
    pub(crate) spis: (Spi, Spi),
    pub(crate) path: Path,
    pub(crate) policy: Option<PolicyId>,
    pub(crate) phase: Phase,
    pub(crate) vendor_ids: Vec<Vec<u8>>,
}

/// How far an SA has come, for the limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// We began it.
    Initiating,
    /// A stranger began it.
    HalfOpen,
    /// It is over.
    Over,
    /// Both sides are authenticated.
    Established,
}

/// The two ends of an SA's datagrams.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Path {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) marker: bool,
}

impl From<&Datagram<'_>> for Path {
    /// The way back.
    fn from(datagram: &Datagram<'_>) -> Self {
        Self {
            local: datagram.local,
            remote: datagram.remote,
            marker: datagram.marker,
        }
    }
}

/// One IKE SA.
#[derive(Debug)]
pub(crate) struct Sa {
    pub(crate) facts: Facts,
    pub(crate) connection: Option<usize>,
    pub(crate) state: State,
    pub(crate) secure: Option<Box<Secure>>,
    pub(crate) window: Window,
    pub(crate) nat: Nat,
    pub(crate) children: Vec<ChildEntry>,
    pub(crate) began: Instant,
    pub(crate) last_inbound: Instant,
    pub(crate) last_outbound: Instant,
}

/// Keys, and the messages' protection under them.
#[derive(Debug)]
pub(crate) struct Secure {
    pub(crate) keys: Keys,
    role: Role,
    protection: Option<Box<Protection>>,
}

impl Secure {
    pub(crate) const fn new(keys: Keys, role: Role) -> Self {
        Self {
            keys,
            role,
            protection: None,
        }
    }

    /// The protection of messages. Its key schedules are large and quickly made: who has not shown
    /// that it has the keys is not worth them yet.
    pub(crate) fn protection(
        &mut self,
        provider: &'static Provider,
    ) -> Result<&mut Protection, Error> {
        let made = match self.protection.take() {
            Some(made) => made,
            None => Box::new(self.keys.protection(provider, self.role)?),
        };
        Ok(self.protection.insert(made))
    }

    /// Forgets the schedules if nothing has been sent under them, as no counter must start anew.
    pub(crate) fn rest(&mut self) {
        self.protection = self.protection.take().filter(|it| it.has_sealed());
    }
}

/// What is awaited now.
#[derive(Debug)]
pub(crate) enum State {
    /// IKE_SA_INIT is out.
    AwaitInitResponse(Box<AwaitInitResponse>),
    /// IKE_SA_INIT is answered.
    AwaitAuthRequest(Box<AwaitAuthRequest>),
    /// IKE_AUTH is out.
    AwaitAuthResponse(Box<AwaitAuthResponse>),
    /// The peer signs; whether the application trusts its key is awaited.
    AwaitTrust(Box<AwaitTrust>),
    /// Both sides are authenticated.
    Established(Box<Established>),
    /// Our farewell is out; whatever comes of it, the SA goes. The reason, unless it was told.
    Closing(Option<CloseReason>),
    /// Over for everybody but a peer that missed our last answer and asks again, until then.
    Lingering(Instant),
    /// Over; the endpoint forgets it at the end of the call.
    Closed,
}

/// An authenticated SA. Only [`Verified`] leads here.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) peer: Verified,
    pub(crate) tasks: VecDeque<Task>,
    pub(crate) deleting: Option<ChildId>,
}

impl Established {
    pub(crate) const fn new(peer: Verified) -> Self {
        Self {
            peer,
            tasks: VecDeque::new(),
            deleting: None,
        }
    }

    pub(crate) const fn remote_id(&self) -> &Identity {
        self.peer.identity()
    }
}

/// A request of ours that waits for the window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Task {
    /// Delete the IKE SA.
    Delete,
    /// Delete one child.
    DeleteChild(ChildId),
    /// Send these payloads for an extension.
    Inform(Vec<OwnedPayload>),
    /// Ask whether the peer lives.
    Probe,
    /// Open the connection's child of this index.
    CreateChild(usize),
    /// Give a child new keys.
    RekeyChild(ChildId),
    /// Give the IKE SA new keys.
    Rekey,
    /// Replace the IKE SA by one with new proofs.
    Reauthenticate,
}

/// A child as its IKE SA knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChildEntry {
    pub(crate) id: ChildId,
    /// Which of the connection's children.
    pub(crate) index: usize,
    pub(crate) spi_in: u32,
    pub(crate) spi_out: u32,
}

/// How long the answer to a peer's farewell is kept for its repetitions.
pub(crate) const LINGER: Duration = Duration::from_secs(30);

/// How often a host behind a NAT shows itself (RFC 3948 §4).
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(20);

impl Sa {
    pub(crate) fn new(facts: Facts, connection: Option<usize>, now: Instant, state: State) -> Self {
        Self {
            facts,
            connection,
            state,
            secure: None,
            window: Window::default(),
            nat: Nat::default(),
            children: Vec::new(),
            began: now,
            last_inbound: now,
            last_outbound: now,
        }
    }

    /// When something is due, and why.
    pub(crate) fn deadline(&self, liveness: Option<Duration>) -> Option<(Instant, &'static str)> {
        let retransmit = self.window.deadline().map(|at| (at, "retransmission"));
        let own = match &self.state {
            State::AwaitAuthRequest(it) => Some((it.expires, "half-open time-out")),
            State::Established(_) => {
                let probe = liveness
                    .filter(|_| !self.window.is_busy())
                    .map(|after| (self.last_inbound + after, "liveness"));
                let keepalive = self
                    .nat
                    .here
                    .then(|| (self.last_outbound + KEEPALIVE, "keep-alive"));
                [probe, keepalive]
                    .into_iter()
                    .flatten()
                    .min_by_key(|it| it.0)
            }
            State::AwaitTrust(it) => Some((it.expires, "verdict on certificates")),
            State::Lingering(until) => Some((*until, "end")),
            State::AwaitInitResponse(_)
            | State::AwaitAuthResponse(_)
            | State::Closing(_)
            | State::Closed => None,
        };
        [retransmit, own]
            .into_iter()
            .flatten()
            .min_by_key(|it| it.0)
    }

    /// Remembers the vendor IDs of an accepted message, a bounded number and size of them.
    pub(crate) fn remember<'a>(&mut self, ids: impl Iterator<Item = &'a [u8]>, limit: usize) {
        bounded(&mut self.facts.vendor_ids, ids, limit);
    }
}

/// Adds vendor IDs to those that are known, a bounded number and size of them.
pub(crate) fn bounded<'a>(
    known: &mut Vec<Vec<u8>>,
    ids: impl Iterator<Item = &'a [u8]>,
    limit: usize,
) {
    for id in ids {
        if known.len() >= limit {
            return;
        }
        if id.len() <= MAX_VENDOR_ID && !known.iter().any(|it| it == id) {
            known.push(id.to_vec());
        }
    }
}

/// Longer vendor IDs are not remembered, octets.
const MAX_VENDOR_ID: usize = 64;
