//! Endpoints on a network in memory, and a clock that only this file moves.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::VecDeque;

use ikee::endpoint::Transmit;
use ikee::ext::{ChildId, Extension, Hint, Instant, PolicyId, SaId};
use ikee::wire::{ExchangeType, Header, marker};
use ikee_daemon::child::ChildSa;

use super::super::endpoint::{Core, Effect, Established, Message};
use super::super::world::DemoError;

/// How long a datagram is on its way.
const LATENCY: Duration = Duration::from_millis(10);
/// More steps than this in one run are a loop.
const MAX_STEPS: usize = 200_000;
/// Where everything is connected under.
pub(super) const POLICY: PolicyId = PolicyId::new(1);

/// Who begins.
pub(super) const A: usize = 0;
/// Who answers.
pub(super) const B: usize = 1;

/// One endpoint, and what it has said.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) core: Core,
    pub(super) address: IpAddr,
    /// What its data plane has.
    pub(super) children: Vec<ChildSa>,
    pub(super) established: Vec<Established>,
    pub(super) failures: Vec<String>,
    pub(super) dropped: Vec<String>,
    /// How many SAs went because the peer was silent.
    pub(super) silent: usize,
    pub(super) sent: Vec<Message>,
    /// It hears and says nothing.
    pub(super) cut_off: bool,
}

/// Whether a datagram gets lost.
pub(super) type Loses = Box<dyn FnMut(&Crossed) -> bool>;

/// A datagram that was sent.
#[derive(Clone, Debug)]
pub(super) struct Crossed {
    /// Who sent it.
    pub(super) from: usize,
    pub(super) transmit: Transmit,
    /// Of the message or of the piece in it; `None` for what is no IKE.
    pub(super) header: Option<Header>,
    /// Whether it never came.
    pub(super) lost: bool,
}

/// Actors and what is under way between them.
pub(super) struct Stage {
    pub(super) now: Instant,
    pub(super) actors: [Actor; 2],
    /// Everything that was sent.
    pub(super) crossed: Vec<Crossed>,
    pub(super) loses: Loses,
    flying: VecDeque<(Instant, Transmit)>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("now", &self.now)
            .field("actors", &self.actors)
            .finish_non_exhaustive()
    }
}

impl Actor {
    fn new(core: Core, address: IpAddr) -> Self {
        Self {
            core,
            address,
            children: Vec::new(),
            established: Vec::new(),
            failures: Vec::new(),
            dropped: Vec::new(),
            silent: 0,
            sent: Vec::new(),
            cut_off: false,
        }
    }

    /// One of its extensions, which the act has given it.
    pub(super) fn extension<T: Extension>(&self) -> Result<&T, DemoError> {
        self.core.extensions().get().ok_or_else(missing)
    }

    pub(super) fn extension_mut<T: Extension>(&mut self) -> Result<&mut T, DemoError> {
        self.core.extensions_mut().get_mut().ok_or_else(missing)
    }

    /// Its newest SA.
    pub(super) fn sa(&self) -> Result<SaId, DemoError> {
        let last = self.established.last().map(|it| it.sa);
        last.ok_or_else(|| {
            let why = self.failures.last().cloned();
            DemoError::Failed(why.unwrap_or_else(|| "there is no SA".to_owned()))
        })
    }

    /// Its newest child.
    pub(super) fn child(&self) -> Result<&ChildSa, DemoError> {
        let missing = || DemoError::Failed("there is no child SA".to_owned());
        self.children.last().ok_or_else(missing)
    }
}

fn missing() -> DemoError {
    DemoError::Failed("an extension is not there".to_owned())
}

impl Stage {
    pub(super) fn new(actors: [(Core, IpAddr); 2]) -> Self {
        Self {
            now: Instant::EPOCH,
            actors: actors.map(|(core, address)| Actor::new(core, address)),
            crossed: Vec::new(),
            loses: Box::new(|_| false),
            flying: VecDeque::new(),
        }
    }

    pub(super) const fn a(&mut self) -> &mut Actor {
        let [a, _] = &mut self.actors;
        a
    }

    pub(super) const fn b(&mut self) -> &mut Actor {
        let [_, b] = &mut self.actors;
        b
    }

    /// Lets the first actor begin.
    pub(super) fn initiate(&mut self) -> Result<SaId, DemoError> {
        let now = self.now;
        let [a, _] = &mut self.actors;
        let sa = a.core.initiate(now, POLICY, a.address)?;
        self.settle(A);
        Ok(sa)
    }

    /// Lets the first actor's data plane say something about a child.
    pub(super) fn hint(&mut self, child: ChildId, hint: Hint) {
        let now = self.now;
        self.a().core.hint(now, child, hint);
        self.settle(A);
    }

    /// Lets the first actor open a child of an SA's connection.
    pub(super) fn open(&mut self, sa: SaId, index: usize) -> Result<(), DemoError> {
        let now = self.now;
        self.a().core.open(now, sa, index)?;
        self.settle(A);
        Ok(())
    }

    /// Lets the first actor delete everything.
    pub(super) fn shut_down(&mut self) {
        let now = self.now;
        self.a().core.shutdown(now);
        self.settle(A);
    }

    /// Lets so much time pass.
    pub(super) fn run(&mut self, time: Duration) {
        self.until(time, |_| false);
    }

    /// Lets time pass until it is so, or until so much has passed; how much has.
    pub(super) fn until(&mut self, most: Duration, so: impl Fn(&Self) -> bool) -> Duration {
        let from = self.now;
        let end = from + most;
        for _ in 0..MAX_STEPS {
            if so(self) {
                return self.now.since(from);
            }
            let flying = self.flying.front().map(|it| it.0);
            let timers = self.actors.iter().filter_map(|it| it.core.next_timeout());
            let next = timers.chain(flying).min().filter(|it| *it <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            if flying.is_some_and(|it| it <= self.now) {
                if let Some((_, transmit)) = self.flying.pop_front() {
                    self.deliver(&transmit);
                }
                continue;
            }
            for index in [A, B] {
                let now = self.now;
                if let Some(actor) = self.actors.get_mut(index) {
                    actor.core.time_out(now);
                }
                self.settle(index);
            }
        }
        self.now = end;
        most
    }

    /// Gives a datagram to whoever has its address.
    pub(super) fn deliver(&mut self, it: &Transmit) {
        let to = self
            .actors
            .iter()
            .position(|actor| actor.address == it.remote.ip());
        let Some((index, actor)) = to.and_then(|index| Some((index, self.actors.get_mut(index)?)))
        else {
            return;
        };
        if actor.cut_off {
            return;
        }
        if let Some((message, marker)) = message(it.remote, &it.bytes) {
            let ends = (it.remote, it.local);
            actor.core.datagram(self.now, ends, marker, message);
        }
        self.settle(index);
    }

    /// Carries out what an endpoint wants done.
    fn settle(&mut self, index: usize) {
        let Some(actor) = self.actors.get_mut(index) else {
            return;
        };
        for effect in actor.core.effects() {
            match effect {
                Effect::Transmit(transmit) => {
                    let header = message(transmit.remote, &transmit.bytes)
                        .and_then(|(message, _)| Header::parse(message).ok());
                    let mut crossed = Crossed {
                        from: index,
                        transmit,
                        header,
                        lost: false,
                    };
                    crossed.lost = actor.cut_off || (self.loses)(&crossed);
                    if !crossed.lost {
                        let at = self.now + LATENCY;
                        self.flying.push_back((at, crossed.transmit.clone()));
                    }
                    self.crossed.push(crossed);
                }
                Effect::Install(child) => actor.children.push(*child),
                Effect::Remove(child) => actor.children.retain(|it| it.id != child),
                Effect::Established(it) => actor.established.push(*it),
                Effect::Failed(why) => actor.failures.push(why),
                Effect::Dropped(why) => actor.dropped.push(why),
                Effect::Closed { silent } => actor.silent += usize::from(silent),
                Effect::Sent(message) => actor.sent.push(message),
                Effect::Keys(_) => {}
            }
        }
    }

    /// Takes everything off the wire.
    pub(super) fn intercept(&mut self) -> Vec<Transmit> {
        self.flying.drain(..).map(|it| it.1).collect()
    }

    /// What an actor has sent in an exchange.
    pub(super) fn sent(
        &self,
        from: usize,
        exchange: ExchangeType,
    ) -> impl Iterator<Item = (&Crossed, Header)> {
        let all = self.crossed.iter();
        all.filter_map(|it| Some((it, it.header?)))
            .filter(move |(it, header)| it.from == from && header.exchange == exchange)
    }
}

/// The IKE message in a datagram, and whether a marker stands before it.
fn message(to: SocketAddr, bytes: &[u8]) -> Option<(&[u8], bool)> {
    if to.port() != 4500 {
        return Some((bytes, false));
    }
    match marker::classify(bytes) {
        marker::Datagram::Ike(message) => Some((message, true)),
        _ => None,
    }
}
