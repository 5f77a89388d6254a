//! How a step ends: the SA goes back to the table, or goes.

use alloc::boxed::Box;
use core::time::Duration;

use ike_endpoint::{Due, Path, Phase};
use ike_ext::{Action, Blame, ChildId, Extensions, Lifecycle, SaId};

use crate::attempt::Attempt;
use crate::auth_exchange;
use crate::contact;
use crate::context::{Core, Cx};
use crate::failure::Failure;
use crate::init;
use crate::lifetime;
use crate::output::{CloseReason, Event, Output};
use crate::rekey;
use crate::sa::{ChildEntry, KEEPALIVE, LINGER, Sa, State, Task};
use crate::tasks::next_task;
use isakmp_wire::marker;

/// No more rounds of extensions' wishes than this follow from one input.
const MAX_ROUNDS: usize = 8;

impl Core {
    /// The IKE SA above a child.
    pub(crate) fn sa_of(&self, child: ChildId) -> Option<SaId> {
        let mut sas = self.table.iter();
        let found = sas.find(|sa| sa.children.iter().any(|it| it.id == child));
        found.map(|it| it.facts.id)
    }

    /// How long the SA's peer may be silent.
    pub(crate) fn liveness(&self, sa: &Sa) -> Option<Duration> {
        self.connection(sa.connection).and_then(|it| it.liveness)
    }
}

impl Cx<'_> {
    /// Puts an SA back, or forgets it if it is over.
    pub(crate) fn keep(&mut self, sa: Box<Sa>) {
        if matches!(sa.state, State::Closed) {
            return self.close(sa);
        }
        let deadline = sa.deadline(self.core.liveness(&sa)).map(|it| it.0);
        self.core.table.put(sa, deadline);
    }

    /// Ends a step: on a failure, the SA goes, and everybody hears why.
    pub(crate) fn conclude(&mut self, mut sa: Box<Sa>, done: Result<(), Failure>) {
        if let Err(failure) = done {
            if sa.facts.phase == Phase::Established || sa.is_quiet() {
                self.end(&mut sa, Some(CloseReason::Failure(failure)));
            } else {
                self.failed(&sa, failure);
            }
            sa.state = State::Closed;
        }
        self.keep(sa);
    }

    /// Forgets an SA that nobody needs to hear of any more.
    pub(crate) fn close(&mut self, mut sa: Box<Sa>) {
        self.drop_children(&mut sa);
        self.core.leases.release(sa.facts.id);
        self.give_place_back(&mut sa);
        self.lifecycle(&sa, Lifecycle::Closed);
        self.core.table.remove(sa.facts.id);
        if sa.facts.phase == Phase::Initiating {
            contact::abandoned(self, &sa);
        }
    }

    /// Gives up the place of the SA that was to take this one's place.
    pub(crate) fn give_place_back(&mut self, sa: &mut Sa) {
        if let Some(place) = sa.take_place() {
            self.core.table.remove(place);
        }
    }

    /// A negotiation has come to nothing.
    pub(crate) fn failed(&mut self, sa: &Sa, failure: Failure) {
        self.lifecycle(sa, Lifecycle::Failing(blame(&failure)));
        self.out.event(Event::Failed {
            sa: sa.facts.id,
            policy: sa.facts.policy,
            remote: sa.facts.path.remote,
            failure,
            attempt: Box::new(Attempt::of(sa)),
        });
    }

    /// An established SA is over; `None` when that has been told already.
    pub(crate) fn end(&mut self, sa: &mut Sa, reason: Option<CloseReason>) {
        self.drop_children(sa);
        self.core.leases.release(sa.facts.id);
        sa.state = State::Closed;
        if sa.is_quiet() {
            return;
        }
        if let (Some(reason), Some(policy)) = (reason, sa.facts.policy) {
            self.out.event(Event::Closed {
                sa: sa.facts.id,
                policy,
                reason,
            });
        }
    }

    /// As [`end`](Self::end), but the last answer is kept for its repetitions.
    pub(crate) fn linger(&mut self, sa: &mut Sa, reason: Option<CloseReason>) {
        self.end(sa, reason);
        sa.facts.phase = Phase::Over;
        sa.window.withdraw();
        sa.state = State::Lingering(self.now + LINGER);
    }

    fn drop_children(&mut self, sa: &mut Sa) {
        while !sa.children.is_empty() {
            self.drop_child(sa, 0);
        }
        lifetime::fade(self, sa, None);
    }

    /// A child is over, for the data plane and for the extensions.
    pub(crate) fn drop_child(&mut self, sa: &mut Sa, at: usize) -> Option<ChildEntry> {
        if at >= sa.children.len() {
            return None;
        }
        let child = sa.children.remove(at);
        self.out.push(Output::DeleteChild(child.id));
        self.lifecycle(sa, Lifecycle::ChildClosed(child.id));
        Some(child)
    }

    /// Reports the keys of an IKE SA where the configuration asks for them.
    pub(crate) fn log_ike_keys(&mut self, sa: &Sa) {
        if self.core.config.key_log
            && let Some(secure) = &sa.secure
        {
            self.out
                .event(Event::KeyLog(Box::new(secure.keys.log(sa.facts.spis))));
        }
    }

    /// Carries out everything that is due.
    pub(crate) fn time_out(&mut self) {
        while let Some(id) = self.core.table.due(self.now) {
            let Some(mut sa) = self.core.table.take(id) else {
                return;
            };
            let done = self.step(&mut sa);
            self.conclude(sa, done);
        }
        let due = self
            .extensions
            .next_timeout()
            .is_some_and(|at| at <= self.now);
        if due {
            self.extensions_only(Extensions::timeout);
        }
    }

    fn step(&mut self, sa: &mut Sa) -> Result<(), Failure> {
        match sa.window.due(self.now) {
            Due::Again => {
                if let Some(pending) = sa.window.pending() {
                    let (exchange, datagrams) = (pending.exchange, pending.datagrams.clone());
                    self.send(sa, &datagrams);
                    self.out.event(Event::Retransmitted {
                        sa: sa.facts.id,
                        exchange,
                    });
                }
                return Ok(());
            }
            Due::Silent => return self.silent(sa),
            Due::Nothing => {}
        }
        lifetime::fade(self, sa, Some(self.now));
        lifetime::due(self.now, sa);
        match &mut sa.state {
            State::AwaitAuthRequest(it) if it.expires <= self.now => Err(Failure::Timeout(None)),
            State::AwaitTrust(it) if it.expires <= self.now => auth_exchange::unjudged(self, sa),
            State::Lingering(until) if *until <= self.now => {
                sa.state = State::Closed;
                Ok(())
            }
            State::Established(state) => {
                if sa.nat.here && sa.last_outbound + KEEPALIVE <= self.now {
                    sa.last_outbound = self.now;
                    let path = Path {
                        marker: false,
                        ..sa.facts.path
                    };
                    crate::send::transmit(self.out, path, &[marker::KEEPALIVE]);
                }
                let after = self
                    .core
                    .connection(sa.connection)
                    .and_then(|it| it.liveness);
                let quiet = after.is_some_and(|it| sa.last_inbound + it <= self.now);
                if quiet && !sa.window.is_busy() && state.tasks.is_empty() {
                    state.enqueue(Task::Probe);
                }
                next_task(self, sa)
            }
            State::Replaced(until) if *until <= self.now => rekey::clear_away(self, sa),
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed => Ok(()),
        }
    }

    /// The peer has not answered our last try.
    fn silent(&mut self, sa: &mut Sa) -> Result<(), Failure> {
        rekey::adopt(self, sa);
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::AwaitInitResponse(state) => Err(state.time_out()),
            State::AwaitAuthResponse(_) => Err(Failure::Timeout(None)),
            State::Established(_) | State::Replaced(_) => {
                self.end(sa, Some(CloseReason::Silent));
                Ok(())
            }
            State::Closing(reason) => {
                self.end(sa, reason);
                Ok(())
            }
            State::AwaitAuthRequest(_)
            | State::AwaitTrust(_)
            | State::Prepared(_)
            | State::Lingering(_)
            | State::Closed => Ok(()),
        }
    }

    /// Carries out what extensions asked for in the course of a call.
    pub(crate) fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let actions = core::mem::take(&mut self.core.actions);
            if actions.is_empty() {
                return;
            }
            for action in actions {
                self.act(action);
            }
        }
        self.core.actions.clear();
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Abandon { sa, again } => self.abandon(sa, again),
            Action::Close(sa) => self.queue_task(sa, Task::Delete(CloseReason::Local)),
            Action::DeleteChild(child) => {
                if let Some(sa) = self.core.sa_of(child) {
                    self.queue_task(sa, Task::DeleteChild(child, CloseReason::Local));
                }
            }
            Action::Inform { sa, payloads, .. } => self.queue_task(sa, Task::Inform(payloads)),
            Action::Nudge(sa) => self.out.event(Event::Nudge(sa)),
            // there is none in this version
            Action::QuickModeRefused { .. } => {}
            Action::Raw(sa, octets) => self.with(sa, |cx, sa| {
                let path = Path {
                    marker: false,
                    ..sa.facts.path
                };
                crate::send::transmit(cx.out, path, &octets);
                Ok(())
            }),
            Action::Recompose(sa) => self.with(sa, init::resend),
            Action::Resend(sa, _) => self.with(sa, |cx, sa| {
                let datagrams = sa.window.pending().map(|it| it.datagrams.clone());
                cx.send(sa, &datagrams.unwrap_or_default());
                Ok(())
            }),
            Action::RekeyChild(child) => {
                if let Some(sa) = self.core.sa_of(child) {
                    self.queue_task(sa, Task::RekeyChild(child));
                }
            }
            Action::RekeySa(sa) => self.queue_task(sa, Task::Rekey),
            // IKEv2 floats its ports by itself, and holds nothing
            Action::FloatPorts(_) | Action::Release(..) => {}
        }
    }

    /// Gives up an SA whose peer is dead, and perhaps begins anew with it ([MS-IKEE] §3.12.4.1).
    fn abandon(&mut self, id: SaId, again: bool) {
        let known = self.core.table.get(id);
        let Some((index, local)) = known.map(|sa| (sa.connection, sa.facts.path.local.ip())) else {
            return;
        };
        self.with(id, |cx, sa| {
            cx.end(sa, Some(CloseReason::Silent));
            Ok(())
        });
        if let Some(index) = index.filter(|_| again) {
            // a connection that has no address to go to waits for the peer
            init::start(self, index, local).ok();
        }
    }

    pub(crate) fn queue_task(&mut self, id: SaId, task: Task) {
        self.with(id, |cx, sa| {
            if let Some(state) = sa.established() {
                state.enqueue(task);
            }
            next_task(cx, sa)
        });
    }

    pub(crate) fn with(
        &mut self,
        id: SaId,
        step: impl FnOnce(&mut Self, &mut Sa) -> Result<(), Failure>,
    ) {
        if let Some(mut sa) = self.core.table.take(id) {
            let done = step(self, &mut sa);
            self.conclude(sa, done);
        }
    }
}

fn blame(failure: &Failure) -> Blame {
    match failure {
        Failure::Authentication(_) => Blame::Authentication,
        Failure::Bug(_) => Blame::Internal,
        Failure::Crypto => Blame::Crypto,
        Failure::Incompatible(_) => Blame::Incompatible,
        Failure::Malformed(_) => Blame::Malformed,
        Failure::Misbehaved(_) => Blame::Misbehaved,
        Failure::PeerError(_) | Failure::Refused(_) => Blame::Refused,
        Failure::Timeout(_) => Blame::Timeout,
    }
}
