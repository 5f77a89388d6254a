//! What time brings: repetitions, liveness checks, successors, ends.

use alloc::vec::Vec;
use core::time::Duration;

use ike_crypto::Random;
use ike_endpoint::Due;
use ike_ext::{ChildId, Extensions, Instant, Lifecycle, SaId};
use isakmp_wire::vendor_id;

use crate::context::{Core, Cx};
use crate::endpoint;
use crate::failure::Failure;
use crate::finish;
use crate::informational;
use crate::main_mode;
use crate::output::{CloseReason, Event};
use crate::quick_mode;
use crate::retransmit::Repeat;
use crate::sa::{Exchange, Sa, State, Step, same_peer};
use crate::transaction;

/// How long after a failed attempt the next one is made to renew an SA.
const AGAIN: Duration = Duration::from_secs(60);
/// How often one looks whether an SA is there by now under which a child can be renewed.
const SOON: Duration = Duration::from_secs(5);

/// When something is due, and why.
pub(crate) fn deadline(sa: &Sa, liveness: Option<Duration>) -> Option<(Instant, &'static str)> {
    let mut all: Vec<(Instant, &'static str)> = Vec::new();
    let first = sa.first.repeat.as_ref().and_then(Repeat::deadline);
    all.extend(first.map(|at| (at, "retransmission")));
    all.extend(sa.first.expires.map(|at| (at, "half-open time-out")));
    for it in &sa.exchanges {
        let repeat = it.repeat.as_ref().and_then(Repeat::deadline);
        all.extend(repeat.map(|at| (at, "retransmission")));
        all.push((it.expires, "end of an exchange"));
    }
    for it in &sa.children {
        all.extend(it.rekey.map(|at| (at, "rekeying of a child")));
        all.push((it.expires, "end of a child"));
    }
    if let State::Established(state) = &sa.state {
        all.extend(state.rekey.map(|at| (at, "rekeying")));
        all.push((state.expires, "end of the SA"));
        all.push(match (&state.probe, liveness) {
            (Some(probe), _) => (probe.schedule.at(), "liveness"),
            (None, Some(after)) if sa.peer_sent(&vendor_id::DEAD_PEER_DETECTION) => {
                (sa.last_inbound + after, "liveness")
            }
            (None, _) => (state.expires, "end of the SA"),
        });
    }
    all.into_iter().min_by_key(|it| it.0)
}

impl Core {
    /// When the successor of something is due that lives for `time`: a margin before, less a random part of it; the
    /// side that did not begin waits longer, so that both seldom begin at once.
    pub(crate) fn soft(&mut self, time: Duration, margin: Duration, began: bool) -> Duration {
        let mut octet = [0];
        if self.random.fill(&mut octet).is_err() {
            octet = [0];
        }
        let margin = margin.min(time / 2);
        let part = margin.saturating_mul(u32::from(octet[0])) / 1024;
        let margin = if began { margin } else { margin / 2 };
        time.saturating_sub(margin).saturating_add(part)
    }
}

impl Cx<'_> {
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
            self.ask(None, Extensions::timeout);
        }
    }

    fn step(&mut self, sa: &mut Sa) -> Result<(), Failure> {
        let now = self.now;
        if sa.first.expires.is_some_and(|at| at <= now) {
            return Err(finish::time_out(sa));
        }
        match sa
            .first
            .repeat
            .as_mut()
            .map_or(Due::Nothing, |it| it.due(now))
        {
            Due::Again => self.repeat_first(sa),
            Due::Silent => match &sa.state {
                State::Main(_) | State::Aggressive(_) | State::AwaitXauth(_) => {
                    return Err(finish::time_out(sa));
                }
                State::Established(_) | State::Lingering(_) | State::Closing | State::Closed => {
                    sa.first.repeat = None;
                }
            },
            Due::Nothing => {}
        }
        self.step_exchanges(sa)?;
        self.step_children(sa);
        self.step_established(sa)
    }

    fn repeat_first(&mut self, sa: &Sa) {
        let Some(sent) = sa.first.repeat.as_ref().map(|it| it.sent.clone()) else {
            return;
        };
        self.send(sa, &sent);
        self.out.event(Event::Retransmitted {
            sa: sa.facts.id,
            exchange: sent.stage.exchange,
        });
    }

    fn step_exchanges(&mut self, sa: &mut Sa) -> Result<(), Failure> {
        let now = self.now;
        let ids: Vec<u32> = sa.exchanges.iter().map(|it| it.message_id).collect();
        for id in ids {
            let Some(mut exchange) = sa.take_exchange(id) else {
                continue;
            };
            let due = exchange
                .repeat
                .as_mut()
                .map_or(Due::Nothing, |it| it.due(now));
            match due {
                Due::Again => {
                    let sent = exchange.repeat.as_ref().map(|it| it.sent.clone());
                    if let Some(sent) = sent {
                        self.send(sa, &sent);
                        self.out.event(Event::Retransmitted {
                            sa: sa.facts.id,
                            exchange: sent.stage.exchange,
                        });
                    }
                }
                Due::Silent => {
                    self.exchange_over(sa, exchange)?;
                    continue;
                }
                Due::Nothing if exchange.expires <= now => {
                    self.exchange_over(sa, exchange)?;
                    continue;
                }
                Due::Nothing => {}
            }
            sa.exchanges.push(exchange);
        }
        // what an extension held for long enough holds the SA no more
        if matches!(sa.state, State::Closing) && !sa.is_held() {
            sa.state = State::Closed;
        }
        Ok(())
    }

    /// An exchange has ended without an answer, or needs no memory any more.
    pub(crate) fn exchange_over(&mut self, sa: &mut Sa, exchange: Exchange) -> Result<(), Failure> {
        sa.retire(exchange.message_id);
        match exchange.step {
            Step::Answer(it) => {
                quick_mode::initiator::over(self, sa, it.replaces, Failure::Timeout(None));
            }
            Step::Connected(it) => {
                quick_mode::initiator::over(self, sa, it.replaces(), Failure::Timeout(None));
            }
            Step::Proof(_) => {
                quick_mode::initiator::over(self, sa, None, Failure::Timeout(None));
            }
            Step::Transaction(asked) => return transaction::silent(self, sa, &asked),
            Step::Held | Step::Done => {}
        }
        Ok(())
    }

    fn step_children(&mut self, sa: &mut Sa) {
        let now = self.now;
        let due: Vec<_> = sa
            .children
            .iter()
            .filter(|it| it.expires <= now || it.rekey.is_some_and(|at| at <= now))
            .map(|it| (it.id, it.expires <= now))
            .collect();
        for (id, over) in due {
            if over {
                informational::delete_child(self, sa, id);
            } else {
                quick_mode::initiator::rekey(self, sa, id);
            }
        }
    }

    fn step_established(&mut self, sa: &mut Sa) -> Result<(), Failure> {
        let now = self.now;
        let connection = self.core.connection(sa.connection);
        let liveness = connection.and_then(|it| it.options.liveness);
        let quiet = liveness.is_some_and(|it| sa.last_inbound + it <= now);
        let State::Established(state) = &mut sa.state else {
            return Ok(());
        };
        if state.expires <= now {
            informational::delete_sa(self, sa);
            self.end(sa, CloseReason::Expired);
            return Ok(());
        }
        if let Some(probe) = &mut state.probe {
            let sequence = probe.sequence;
            match probe.schedule.due(now) {
                Due::Again => informational::send_probe(self, sa, sequence),
                Due::Silent => {
                    self.end(sa, CloseReason::Silent);
                    return Ok(());
                }
                Due::Nothing => {}
            }
        } else if quiet {
            informational::probe(self, sa)?;
        }
        let State::Established(state) = &mut sa.state else {
            return Ok(());
        };
        if state.rekey.is_some_and(|at| at <= now) {
            state.rekey = None;
            begin_successor(self, sa);
        }
        Ok(())
    }
}

/// Negotiates the successor of an SA, now.
pub(crate) fn rekey(cx: &mut Cx<'_>, id: SaId) {
    cx.with(id, |cx, sa| {
        if let State::Established(state) = &mut sa.state {
            state.rekey = None;
            begin_successor(cx, sa);
        }
        Ok(())
    });
}

/// A child is to be renewed whose SA was deleted: under another SA with the peer, which takes over all of them; if there
/// is none, it is begun.
pub(crate) fn revive(cx: &mut Cx<'_>, sa: &mut Sa, child: ChildId) {
    let heir = cx.heir(sa);
    let again = cx.now + if heir.is_some() { Duration::ZERO } else { SOON };
    if let Some(entry) = sa.children.iter_mut().find(|it| it.id == child) {
        entry.rekey = Some(again).filter(|it| *it < entry.expires);
    }
    if let Some(heir) = heir {
        cx.bequeath(sa, heir);
        sa.over();
        return;
    }
    let mut all = cx.core.table.iter();
    let under_way = all.any(|it| it.replaces == Some(sa.facts.id));
    drop(all);
    let Some(index) = sa.connection.filter(|_| !under_way) else {
        return;
    };
    // one that cannot be begun waits for the peer
    main_mode::initiator::begin(cx, index, sa.facts.path, Some(sa.facts.id)).ok();
}

/// Gives up an SA whose peer is dead, and perhaps begins anew with it ([MS-IKEE] §3.12.4.1).
pub(crate) fn abandon(cx: &mut Cx<'_>, id: SaId, again: bool) {
    let Some((index, path)) = cx
        .core
        .table
        .get(id)
        .map(|sa| (sa.connection, sa.facts.path))
    else {
        return;
    };
    cx.with(id, |cx, sa| {
        cx.end(sa, CloseReason::Silent);
        Ok(())
    });
    if let Some(index) = index.filter(|_| again) {
        // whoever is there now has not moved to the other port (RFC 3947 §4)
        let port = cx.core.config.ports.ike;
        let connection = cx.core.connection(Some(index));
        let anew = connection.and_then(|it| endpoint::path(it, port, path.local.ip()));
        // a connection that cannot begin waits for the peer
        main_mode::initiator::begin(cx, index, anew.unwrap_or(path), None).ok();
    }
}

/// Begins phase 1 anew beside the old SA, which goes when the new one stands: make before break.
fn begin_successor(cx: &mut Cx<'_>, sa: &mut Sa) {
    let under_way = cx
        .core
        .table
        .iter()
        .any(|it| it.replaces == Some(sa.facts.id));
    let ends = |it: &Sa| match &it.state {
        State::Established(state) => Some((state.expires, it.facts.id)),
        State::Main(_)
        | State::Aggressive(_)
        | State::AwaitXauth(_)
        | State::Lingering(_)
        | State::Closing
        | State::Closed => None,
    };
    // both sides may have begun at once: the younger of two is renewed, the older one leaves its children to it
    let younger = cx
        .core
        .table
        .iter()
        .any(|it| same_peer(it, sa) && ends(it) > ends(sa));
    let Some(index) = sa.connection.filter(|_| !under_way && !younger) else {
        return;
    };
    let again = cx.now + AGAIN;
    if let State::Established(state) = &mut sa.state {
        state.rekey = Some(again).filter(|it| *it < state.expires);
    }
    let begun = main_mode::initiator::begin(cx, index, sa.facts.path, Some(sa.facts.id));
    if begun.is_err() {
        cx.lifecycle(sa, Lifecycle::RekeyFailed);
    }
}
