//! How a step ends: the SA goes back to the table, or goes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_endpoint::{Path, Phase};
use ike_ext::{Action, Blame, ChildId, Lifecycle, SaId};
use isakmp_wire::{ExchangeType, vendor_id};

use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure};
use crate::output::{Attempt, CloseReason, Event, Output};
use crate::profile::Outliving;
use crate::sa::{ChildEntry, Exchange, Lingering, Sa, State, Step, leaves_children, same_peer};
use crate::{informational, lifetime, quick_mode};

/// No more rounds of extensions' wishes than this follow from one input.
const MAX_ROUNDS: usize = 8;

impl Cx<'_> {
    /// Puts an SA back, or forgets it if it is over.
    pub(crate) fn keep(&mut self, mut sa: Box<Sa>) {
        self.bury(&mut sa);
        if matches!(sa.state, State::Closed) {
            return self.close(sa);
        }
        let liveness = self
            .core
            .connection(sa.connection)
            .and_then(|it| it.options.liveness);
        let deadline = lifetime::deadline(&sa, liveness).map(|it| it.0);
        self.core.table.put(sa, deadline);
    }

    /// Ends a step: on a failure the SA goes, and everybody hears why.
    pub(crate) fn conclude(&mut self, mut sa: Box<Sa>, done: Result<(), Failure>) {
        // what is over cannot fail any more
        let done = done.err().filter(|_| sa.facts.phase != Phase::Over);
        if let Some(failure) = done {
            if sa.facts.phase == Phase::Established {
                self.end(&mut sa, CloseReason::Failure(failure));
            } else {
                self.tell(&mut sa, &failure);
                self.failed(&mut sa, failure);
            }
        }
        self.keep(sa);
    }

    /// Forgets an SA that nobody needs to hear of any more.
    pub(crate) fn close(&mut self, mut sa: Box<Sa>) {
        self.drop_children(&mut sa);
        self.lifecycle(&sa, Lifecycle::Closed);
        self.core.table.remove(sa.facts.id);
    }

    /// A negotiation has come to nothing.
    pub(crate) fn failed(&mut self, sa: &mut Sa, failure: Failure) {
        let attempt = Box::new(attempt(sa, &failure));
        sa.state = State::Closed;
        self.out.event(Event::Failed {
            sa: sa.facts.id,
            policy: sa.facts.policy,
            remote: sa.facts.path.remote,
            failure,
            attempt,
        });
        if let Some(old) = sa.replaces.take() {
            self.with(old, |cx, old| {
                cx.lifecycle(old, Lifecycle::RekeyFailed);
                Ok(())
            });
        }
    }

    /// Tells the peer why a negotiation has come to nothing: in clear before there are keys ([MS-IKEE] §3.1.5).
    fn tell(&mut self, sa: &mut Sa, failure: &Failure) {
        self.lifecycle(sa, Lifecycle::Failing(blame(failure)));
        if let Some(what) = failure.notify()
            && !sa.facts.spis.1.is_zero()
        {
            let payload = crate::payload::notify_sa(what, sa.facts.spis, &[]);
            informational::inform(self, sa, alloc::vec![payload]);
        }
    }

    /// An established SA is over. Its children stay where a successor is there to look after them (RFC 2408 §2.1:
    /// they have lives of their own).
    pub(crate) fn end(&mut self, sa: &mut Sa, reason: CloseReason) {
        if leaves_children(&reason) && !sa.children.is_empty() {
            if let Some(heir) = self.heir(sa) {
                self.bequeath(sa, heir);
                sa.over();
                return;
            }
            if self.outlived(sa, &reason) {
                return self.linger(sa, reason);
            }
        }
        self.drop_children(sa);
        sa.over();
        if let Some(policy) = sa.facts.policy {
            self.out.event(Event::Closed {
                sa: sa.facts.id,
                policy,
                reason,
            });
        }
    }

    /// An SA with the same peer that stands.
    pub(crate) fn heir(&self, sa: &Sa) -> Option<SaId> {
        let mut all = self.core.table.iter();
        let found = all.find(|it| matches!(it.state, State::Established(_)) && same_peer(it, sa));
        found.map(|it| it.facts.id)
    }

    /// Whether the children of an SA that was deleted live on at the peer ([MS-IKEE] §3.8.4.1, note 26).
    fn outlived(&self, sa: &Sa, reason: &CloseReason) -> bool {
        let deleted = matches!(reason, CloseReason::Peer | CloseReason::Expired);
        deleted
            && match self.core.config.profile.outliving {
                Outliving::Nobody => false,
                Outliving::Microsoft => sa.peer_sent_prefix(&vendor_id::MS_NT5_ISAKMPOAKLEY),
                Outliving::Everybody => true,
            }
    }

    /// [MS-IKEE] §3.8.4.1: the SA is not used any more, and stays for its children.
    fn linger(&mut self, sa: &mut Sa, reason: CloseReason) {
        let State::Established(it) = core::mem::replace(&mut sa.state, State::Closed) else {
            return;
        };
        let peer = it.peer;
        sa.state = State::Lingering(Box::new(Lingering { peer, reason }));
        sa.facts.phase = Phase::Over;
        let under_way = |it: &mut Exchange| !matches!(it.step, Step::Held | Step::Done);
        let all: Vec<Exchange> = sa.exchanges.extract_if(.., under_way).collect();
        for it in all {
            // nobody waits for addresses any more
            self.exchange_over(sa, it).ok();
        }
    }

    /// [MS-IKEE] §3.8.4.1: with its last child an SA goes that was deleted before.
    fn bury(&mut self, sa: &mut Sa) {
        if let State::Lingering(it) = &sa.state
            && sa.children.is_empty()
        {
            let reason = it.reason.clone();
            self.end(sa, reason);
        }
    }

    /// Hands the children of an SA to another one, and says so.
    pub(crate) fn bequeath(&mut self, sa: &mut Sa, heir: SaId) {
        let children = core::mem::take(&mut sa.children);
        let assigned = core::mem::take(&mut sa.assigned);
        self.lifecycle(sa, Lifecycle::Succeeded(heir));
        self.out.event(Event::Rekeyed {
            old: sa.facts.id,
            new: heir,
        });
        self.with(heir, |_, heir| {
            heir.children.extend(children);
            if heir.assigned.is_empty() {
                heir.assigned = assigned;
            }
            Ok(())
        });
    }

    /// Takes everything over from the SA that `sa` was negotiated to replace, which then goes.
    pub(crate) fn succeed(&mut self, sa: &mut Sa) {
        let Some(mut old) = sa.replaces.take().and_then(|it| self.core.table.take(it)) else {
            return;
        };
        sa.children.append(&mut old.children);
        if sa.assigned.is_empty() {
            sa.assigned = core::mem::take(&mut old.assigned);
        }
        self.lifecycle(&old, Lifecycle::Succeeded(sa.facts.id));
        self.out.event(Event::Rekeyed {
            old: old.facts.id,
            new: sa.facts.id,
        });
        if !old.lingers() {
            informational::delete_sa(self, &mut old);
        }
        old.over();
        self.keep(old);
    }

    pub(crate) fn drop_children(&mut self, sa: &mut Sa) {
        while !sa.children.is_empty() {
            self.drop_child(sa, 0);
        }
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

    /// Sends what extensions answer to a message, before the core acts on it: it may be the end of the SA.
    pub(crate) fn answer(&mut self, sa: &mut Sa) {
        for action in core::mem::take(&mut self.core.actions) {
            if let Action::Inform {
                sa: id,
                message_id,
                prefix,
                payloads,
            } = &action
                && *id == sa.facts.id
            {
                informational::answer(self, sa, *message_id, prefix, payloads);
            } else {
                self.core.actions.push(action);
            }
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
            Action::Abandon { sa, again } => lifetime::abandon(self, sa, again),
            Action::Close(sa) => self.on(sa, |_, sa| release(sa, None)),
            Action::Release(sa, message_id) => self.on(sa, |_, sa| release(sa, Some(message_id))),
            Action::DeleteChild(child) => self.with_child(child, |cx, sa| {
                informational::delete_child(cx, sa, child);
            }),
            Action::FloatPorts(sa) => self.on(sa, |cx, sa| cx.float(sa)),
            Action::Inform {
                sa,
                message_id,
                prefix,
                payloads,
            } => self.on(sa, |cx, sa| {
                informational::answer(cx, sa, message_id, &prefix, &payloads);
            }),
            Action::Nudge(sa) => self.out.event(Event::Nudge(sa)),
            Action::QuickModeRefused {
                sa,
                message_id,
                why,
            } => self.on(sa, |cx, sa| {
                let known = |id| sa.exchanges.iter().any(|it| it.message_id == id);
                if message_id.is_none_or(known) {
                    let why = Failure::PeerSays(why);
                    quick_mode::news::refused(cx, sa, message_id, &[], why);
                }
            }),
            Action::Raw(sa, octets) => self.on(sa, |cx, sa| {
                let path = Path {
                    marker: false,
                    ..sa.facts.path
                };
                crate::send::transmit(cx.out, path, &octets);
            }),
            Action::Recompose(sa) => self.on(sa, Self::recompose),
            Action::RekeyChild(child) => self.with_child(child, |cx, sa| {
                quick_mode::initiator::rekey(cx, sa, child);
            }),
            Action::RekeySa(sa) => lifetime::rekey(self, sa),
            Action::Resend(sa, message_id) => self.on(sa, |cx, sa| {
                informational::resend(cx, sa, message_id);
            }),
        }
    }

    /// Runs a step that cannot fail on the SA of a child.
    pub(crate) fn with_child(&mut self, child: ChildId, step: impl FnOnce(&mut Self, &mut Sa)) {
        if let Some(sa) = self.sa_of(child) {
            self.on(sa, step);
        }
    }

    /// Runs a step that cannot fail on an SA of the table.
    fn on(&mut self, id: SaId, step: impl FnOnce(&mut Self, &mut Sa)) {
        self.with(id, |cx, sa| {
            step(cx, sa);
            Ok(())
        });
    }

    pub(crate) fn sa_of(&self, child: ChildId) -> Option<SaId> {
        let found = self
            .core
            .table
            .iter()
            .find(|sa| sa.children.iter().any(|it| it.id == child));
        found.map(|it| it.facts.id)
    }

    /// Runs a step on an SA of the table.
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

/// How far an SA has come.
pub(crate) fn attempt(sa: &Sa, failure: &Failure) -> Attempt {
    let user = matches!(
        failure,
        Failure::Authentication(AuthenticationFailure::Xauth { .. })
    );
    let exchange = if user || matches!(sa.state, State::AwaitXauth(_)) {
        ExchangeType::TRANSACTION
    } else {
        sa.facts.mode
    };
    Attempt {
        role: sa.facts.role,
        exchange,
        vendor_ids: sa.facts.vendor_ids.clone(),
    }
}

/// What an extension held of an SA may go: one message, or all; and with the last of them an SA that is over.
fn release(sa: &mut Sa, message_id: Option<u32>) {
    let held = |it: &Exchange| matches!(it.step, Step::Held);
    let meant = |it: &Exchange| held(it) && message_id.is_none_or(|id| id == it.message_id);
    let gone: Vec<u32> = sa
        .exchanges
        .iter()
        .filter(|it| meant(it))
        .map(|it| it.message_id)
        .collect();
    sa.exchanges.retain(|it| !meant(it));
    for id in gone {
        sa.retire(id);
    }
    if matches!(sa.state, State::Closing) && !sa.is_held() {
        sa.state = State::Closed;
    }
}

/// Who has the shared key wrong, if messages came that nobody could read.
pub(crate) fn time_out(sa: &Sa) -> Failure {
    if sa.first.garbled {
        return AuthenticationFailure::WrongSecret {
            peer: sa.facts.path.remote.ip(),
        }
        .into();
    }
    Failure::Timeout(sa.first.hint)
}

pub(crate) fn blame(failure: &Failure) -> Blame {
    match failure {
        Failure::Authentication(_) => Blame::Authentication,
        Failure::Bug(_) => Blame::Internal,
        Failure::Crypto => Blame::Crypto,
        Failure::Incompatible(_) => Blame::Incompatible,
        Failure::Malformed(_) => Blame::Malformed,
        Failure::Misbehaved(_) => Blame::Misbehaved,
        Failure::PeerError(_) | Failure::PeerSays(_) | Failure::Refused(_) => Blame::Refused,
        Failure::Timeout(_) => Blame::Timeout,
    }
}
