//! One IKE SA.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use ike_crypto::{Error, Provider};
use ike_endpoint::{Path, Phase, Tracked};
use ike_ext::{ChildId, Instant, PolicyId, Role, SaId};
use ipsec_doi::TrafficSelector;
use ipsec_doi::encapsulation::Mode;
use isakmp_wire::Spi;
use isakmp_wire::v2::CfgAttribute;

use crate::auth::Verified;
use crate::auth_exchange::{AwaitAuthRequest, AwaitAuthResponse, AwaitTrust};
use crate::config::Connection;
use crate::init::AwaitInitResponse;
use crate::keys::Keys;
use crate::lifetime::ChildDeadlines;
use crate::nat::Nat;
use crate::output::CloseReason;
use crate::protect::Protection;
use crate::rekey::Contest;
use crate::window::Window;

mod established;

pub(crate) use established::{Established, Exchange, Queued, Task};

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
    /// The configuration attributes that the initiator asked for.
    pub(crate) asked: Vec<CfgAttribute>,
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
    kin: Option<Box<Kin>>,
    pub(crate) began: Instant,
    pub(crate) last_inbound: Instant,
    pub(crate) last_outbound: Instant,
}

/// What an SA has to do with others; most have nothing.
#[derive(Debug, Default)]
pub(crate) struct Kin {
    /// Children that only receive what is still under way, until then.
    pub(crate) fading: Vec<(ChildId, Instant)>,
    /// The place that is kept for the SA that our rekeying of this one is to make.
    pub(crate) prepared: Option<SaId>,
    /// Made by the peer while our own rekeying was under way.
    pub(crate) contends: Option<Contest>,
    /// The SA that goes when this one, with its fresh proofs, stands.
    pub(crate) supersedes: Option<SaId>,
    /// Nobody is told of its end: it has a successor, or never came to use.
    pub(crate) quiet: bool,
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
    /// Not begun: a place for what the rekeying of this other SA is to make.
    Prepared(SaId),
    /// The peer has put another SA into its place, and will delete it, before then.
    Replaced(Instant),
    /// Over for everybody but a peer that missed our last answer and asks again, until then.
    Lingering(Instant),
    /// Over; the endpoint forgets it at the end of the call.
    Closed,
}

/// A child as its IKE SA knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChildEntry {
    pub(crate) id: ChildId,
    /// Which of the connection's children.
    pub(crate) index: usize,
    pub(crate) spi_in: u32,
    pub(crate) spi_out: u32,
    pub(crate) mode: Mode,
    pub(crate) local: Vec<TrafficSelector>,
    pub(crate) remote: Vec<TrafficSelector>,
    pub(crate) deadlines: ChildDeadlines,
    /// Whether we send with it; the peer may not be ready for that yet (RFC 7296 §2.8).
    pub(crate) sends: bool,
    /// The child that takes its place.
    pub(crate) successor: Option<ChildId>,
}

/// How long a child that has a successor receives after both sides have agreed on its end: ESP
/// packets may be slower than IKE's.
pub(crate) const FADING: Duration = Duration::from_secs(5);

/// How long the peer may take to delete an SA that it has replaced.
pub(crate) const REPLACED: Duration = Duration::from_secs(60);

/// How long the answer to a peer's farewell is kept for its repetitions.
pub(crate) const LINGER: Duration = Duration::from_secs(30);

/// How often a host behind a NAT shows itself (RFC 3948 §4).
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(20);

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
    pub(crate) fn new(facts: Facts, connection: Option<usize>, now: Instant, state: State) -> Self {
        Self {
            facts,
            connection,
            state,
            secure: None,
            window: Window::default(),
            nat: Nat::default(),
            children: Vec::new(),
            kin: None,
            began: now,
            last_inbound: now,
            last_outbound: now,
        }
    }

    /// What it has to do with others.
    pub(crate) fn kin(&mut self) -> &mut Kin {
        self.kin.get_or_insert_default()
    }

    /// Whether it was made while our own rekeying of another was under way.
    pub(crate) fn contest(&self) -> Option<Contest> {
        self.kin.as_ref().and_then(|it| it.contends)
    }

    /// Whether it may still turn out to be redundant (RFC 7296 §2.8.2).
    pub(crate) fn is_undecided(&self) -> bool {
        matches!(self.contest(), Some(Contest::With(_)))
    }

    /// Whether nobody is told of its end.
    pub(crate) fn is_quiet(&self) -> bool {
        self.kin.as_ref().is_some_and(|it| it.quiet)
    }

    /// Takes back the place that was kept for its successor.
    pub(crate) fn take_place(&mut self) -> Option<SaId> {
        self.kin.as_mut().and_then(|it| it.prepared.take())
    }

    /// Keeps those of the replaced children that `stays` says.
    pub(crate) fn retain_fading(&mut self, mut stays: impl FnMut(ChildId, Instant) -> bool) {
        if let Some(kin) = &mut self.kin {
            kin.fading.retain(|it| stays(it.0, it.1));
        }
    }

    /// The SA that goes when this one stands.
    pub(crate) fn supersedes(&self) -> Option<SaId> {
        self.kin.as_ref().and_then(|it| it.supersedes)
    }

    /// When something is due, and why.
    pub(crate) fn deadline(&self, liveness: Option<Duration>) -> Option<(Instant, &'static str)> {
        let retransmit = self.window.deadline().map(|at| (at, "retransmission"));
        let own = match &self.state {
            State::AwaitAuthRequest(it) => Some((it.expires, "half-open time-out")),
            State::Established(state) => {
                let probe = liveness
                    .filter(|_| !self.window.is_busy())
                    .map(|after| (self.last_inbound + after, "liveness"));
                let keepalive = self
                    .nat
                    .here
                    .then(|| (self.last_outbound + KEEPALIVE, "keep-alive"));
                let due = state.next_due();
                let children = self.child_deadline();
                [probe, keepalive, due, children]
                    .into_iter()
                    .flatten()
                    .min_by_key(|it| it.0)
            }
            State::AwaitTrust(it) => Some((it.expires, "verdict on certificates")),
            State::Lingering(until) | State::Replaced(until) => Some((*until, "end")),
            State::AwaitInitResponse(_)
            | State::AwaitAuthResponse(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Closed => None,
        };
        let fading = self.kin.iter().flat_map(|it| &it.fading);
        let fading = fading.map(|it| it.1).min();
        let fading = fading.map(|at| (at, "end of a replaced child"));
        [retransmit, own, fading]
            .into_iter()
            .flatten()
            .min_by_key(|it| it.0)
    }

    fn child_deadline(&self) -> Option<(Instant, &'static str)> {
        let soft = self.children.iter().filter_map(|it| it.deadlines.soft);
        let hard = self.children.iter().filter_map(|it| it.deadlines.hard);
        let first = soft.chain(hard).min();
        first.map(|at| (at, "lifetime of a child"))
    }

    /// Finds the connection's children again by their names, after it has changed. One that is not
    /// there any more is deleted.
    pub(crate) fn find_children(&mut self, old: &Connection, new: &Connection) {
        let again = |index: usize| {
            let name = old.children.get(index).map(|it| it.name.as_str());
            let mut all = new.children.iter();
            name.and_then(|name| all.position(|it| it.name == name))
        };
        let mut gone = Vec::new();
        for child in &mut self.children {
            match again(child.index) {
                Some(index) => child.index = index,
                None => gone.push(child.id),
            }
        }
        if let State::AwaitAuthResponse(state) = &mut self.state {
            state.offer.index = again(state.offer.index).unwrap_or(usize::MAX);
        }
        let Some(state) = self.established() else {
            return;
        };
        for child in gone {
            state.enqueue(Task::DeleteChild(child, CloseReason::Local));
        }
        if let Exchange::Child(ours) = &mut state.exchange {
            ours.offer.index = again(ours.offer.index).unwrap_or(usize::MAX);
        }
        state.tasks.retain_mut(|it| match &mut it.task {
            Task::CreateChild(index) => again(*index).inspect(|it| *index = *it).is_some(),
            Task::Delete(_)
            | Task::DeleteChild(..)
            | Task::Discard(_)
            | Task::Inform(_)
            | Task::Probe
            | Task::RekeyChild(_)
            | Task::Rekey
            | Task::Reauthenticate => true,
        });
    }

    /// The child of this handle.
    pub(crate) fn child(&self, id: ChildId) -> Option<&ChildEntry> {
        self.children.iter().find(|it| it.id == id)
    }

    /// The child of this handle.
    pub(crate) fn child_mut(&mut self, id: ChildId) -> Option<&mut ChildEntry> {
        self.children.iter_mut().find(|it| it.id == id)
    }

    /// What is known of it once both sides are authenticated.
    pub(crate) fn established(&mut self) -> Option<&mut Established> {
        match &mut self.state {
            State::Established(state) => Some(state),
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed => None,
        }
    }

    /// Who its peer has proved to be.
    pub(crate) fn verified(&self) -> Option<&Verified> {
        match &self.state {
            State::Established(state) => Some(&state.peer),
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed => None,
        }
    }

    /// Remembers the vendor IDs of an accepted message, a bounded number and size of them.
    pub(crate) fn remember<'a>(&mut self, ids: impl Iterator<Item = &'a [u8]>, limit: usize) {
        ike_endpoint::remember(&mut self.facts.vendor_ids, ids, limit);
    }
}
