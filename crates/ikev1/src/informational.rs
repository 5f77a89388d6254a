//! The informational exchange: notifications and deletes (RFC 2409 §5.7, RFC 2408 §3.14, §3.15, RFC 3706).

use alloc::vec::Vec;

use ike_endpoint::{Phase, Schedule};
use ike_ext::{ChildId, Inbound, SaId, Stage};
use isakmp_wire::v1::{Delete, Notification, NotifyType, ProtocolId, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, vendor_id};

use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::output::{CloseReason, Event};
use crate::payload::{self, cookies, notifications, notify_sa};
use crate::retransmit::Repeat;
use crate::sa::{ChildEntry, Exchange, Probe, Sa, State, Step, same_peer};
use crate::send::{Cover, Outgoing};
use crate::{iv, quick_mode};

const STAGE: Stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 1);

/// Sends a notification or a delete, protected where there are keys; nothing is repeated ([MS-IKEE] §3.1.5) unless an
/// extension holds it. Whether one does.
pub(crate) fn inform(cx: &mut Cx<'_>, sa: &mut Sa, payloads: Vec<OwnedPayload>) -> bool {
    if sa.secure.is_none() {
        let Ok(message_id) = cx.core.message_id(sa) else {
            return false;
        };
        let sent = cx.clear(sa, Outgoing::second(STAGE, message_id, payloads));
        cx.reply(sa, &sent);
        return false;
    }
    let Ok(mut exchange) = cx.exchange(sa, ExchangeType::V1_INFORMATIONAL, Step::Held) else {
        return false;
    };
    let early = is_early(sa) && cx.core.config.profile.chained_notify;
    if let Some(iv) = iv::of_early_notify(sa).filter(|_| early) {
        exchange.iv = iv;
    }
    let outgoing = Outgoing::second(STAGE, exchange.message_id, payloads);
    let Ok(sent) = cx.hashed(sa, outgoing, &Cover::plain(), &mut exchange.iv) else {
        return false;
    };
    cx.send(sa, &sent);
    let held = sent.held;
    if held {
        exchange.repeat = Some(Repeat::new(sent, exchange.last_in, None));
        sa.exchanges.push(exchange);
    } else {
        sa.retire(exchange.message_id);
    }
    held
}

/// Whether phase 1 is under way, or has just failed.
pub(crate) const fn is_early(sa: &Sa) -> bool {
    let proven = matches!(sa.state, State::AwaitXauth(_) | State::Established(_));
    !proven && !matches!(sa.facts.phase, Phase::Established | Phase::Over)
}

/// Sends what an extension composed, in the exchange of this message ID; 0 for a new one.
pub(crate) fn answer(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message_id: u32,
    prefix: &[u8],
    payloads: &[OwnedPayload],
) {
    let (exchange, number) = match sa.take_exchange(message_id) {
        Some(it) => (Ok(it), 2),
        None => (new_exchange(cx, sa, message_id), 1),
    };
    let Ok(mut exchange) = exchange else { return };
    let message_id = exchange.message_id;
    let stage = Stage::new(ExchangeType::V1_INFORMATIONAL, number);
    let cover = Cover {
        before: prefix.to_vec(),
        ..Cover::plain()
    };
    let outgoing = Outgoing::second(stage, message_id, payloads.to_vec());
    if let Ok(sent) = cx.hashed(sa, outgoing, &cover, &mut exchange.iv) {
        if number == 2 {
            cx.reply(sa, &sent);
        } else {
            cx.send(sa, &sent);
        }
        if sent.held {
            exchange.step = Step::Held;
        }
        exchange.repeat = Some(Repeat::new(sent, exchange.last_in, None));
    }
    sa.exchanges.push(exchange);
}

/// An exchange of ours with this message ID, or any if that is 0.
fn new_exchange(cx: &mut Cx<'_>, sa: &Sa, message_id: u32) -> Result<Exchange, Failure> {
    let any = cx.exchange(sa, ExchangeType::V1_INFORMATIONAL, Step::Done)?;
    if message_id == 0 {
        return Ok(any);
    }
    Ok(Exchange {
        message_id,
        iv: cx.fresh_iv(sa, message_id)?,
        ..any
    })
}

/// Sends a message again that an extension holds.
pub(crate) fn resend(cx: &mut Cx<'_>, sa: &Sa, message_id: u32) {
    let held = sa
        .exchanges
        .iter()
        .find(|it| it.message_id == message_id && matches!(it.step, Step::Held))
        .and_then(|it| Some(it.repeat.as_ref()?.sent.clone()));
    if let Some(sent) = held {
        cx.send(sa, &sent);
    }
}

/// Tells the peer that the SA goes. Whether an extension holds on to it.
pub(crate) fn delete_sa(cx: &mut Cx<'_>, sa: &mut Sa) -> bool {
    let payload = payload::delete_sa(sa.facts.spis);
    inform(cx, sa, alloc::vec![payload])
}

/// Deletes a child, and tells the peer.
pub(crate) fn delete_child(cx: &mut Cx<'_>, sa: &mut Sa, child: ChildId) -> bool {
    let Some(at) = sa.children.iter().position(|it| it.id == child) else {
        return false;
    };
    if let Some(entry) = cx.drop_child(sa, at) {
        let payload = payload::delete_child(entry.protocol, entry.spi_in);
        inform(cx, sa, alloc::vec![payload]);
    }
    true
}

/// Asks the peer whether it lives (RFC 3706 §5.3). Whether the question went out.
pub(crate) fn probe(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<bool, Failure> {
    if !sa.peer_sent(&vendor_id::DEAD_PEER_DETECTION) {
        return Ok(false);
    }
    let retransmit = cx.core.connection_of(sa)?.retransmit;
    // RFC 3706 §6.2: it begins at random, its first bit zero, and goes up
    let start = u32::from_be_bytes(cx.core.fresh()?) >> 1;
    let State::Established(state) = &mut sa.state else {
        return Ok(false);
    };
    if state.probe.is_some() {
        return Ok(true);
    }
    let sequence = state.asked.map_or(start, |it| it.wrapping_add(1));
    state.asked = Some(sequence);
    state.probe = Some(Probe {
        sequence,
        schedule: Schedule::new(cx.now, retransmit, None),
    });
    send_probe(cx, sa, sequence);
    Ok(true)
}

/// Sends a liveness check.
pub(crate) fn send_probe(cx: &mut Cx<'_>, sa: &mut Sa, sequence: u32) {
    let data = sequence.to_be_bytes();
    let payload = notify_sa(NotifyType::R_U_THERE, sa.facts.spis, &data);
    inform(cx, sa, alloc::vec![payload]);
}

/// Takes an authentic informational message.
pub(crate) fn on_message(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    for raw in payloads.all(kind::DELETE) {
        match Delete::parse(raw) {
            Ok(delete) => on_delete(cx, sa, &delete),
            Err(error) => cx.dropped(message.from, Dropped::Malformed(error)),
        }
        if matches!(sa.state, State::Closing | State::Closed) {
            return Ok(());
        }
    }
    for notify in notifications(payloads) {
        on_notify(cx, sa, &notify)?;
    }
    Ok(())
}

/// RFC 2408 §3.15: what the sender has deleted, by its own inbound SPIs.
fn on_delete(cx: &mut Cx<'_>, sa: &mut Sa, delete: &Delete<'_>) {
    if delete.protocol == ProtocolId::ISAKMP {
        let own = cookies(sa.facts.spis);
        let ours = delete.spis().any(|it| it == own.as_slice());
        if ours && matches!(sa.state, State::Established(_)) {
            cx.end(sa, CloseReason::Peer);
        } else if ours && !matches!(sa.state, State::Lingering(_) | State::Closing) {
            cx.failed(sa, Failure::PeerError(NotifyType::AUTHENTICATION_FAILED));
        }
        return;
    }
    // what an SA left behind that was deleted, the peer may name under its successor
    let left = cx.core.table.iter().filter(|it| it.lingers());
    let left = left.filter(|it| same_peer(it, sa));
    let left: Vec<SaId> = left.map(|it| it.facts.id).collect();
    for spi in delete.spis() {
        let meant = |it: &ChildEntry| {
            it.protocol == delete.protocol && it.spi_out.to_be_bytes().as_slice() == spi
        };
        if let Some(at) = sa.children.iter().position(meant) {
            cx.drop_child(sa, at);
            continue;
        }
        let has = |id: &&SaId| {
            let other = cx.core.table.get(**id);
            other.is_some_and(|it| it.children.iter().any(meant))
        };
        if let Some(id) = left.iter().find(has) {
            cx.with(*id, |cx, it| {
                if let Some(at) = it.children.iter().position(meant) {
                    cx.drop_child(it, at);
                }
                Ok(())
            });
        }
    }
}

fn on_notify(cx: &mut Cx<'_>, sa: &mut Sa, notify: &Notification<'_>) -> Result<(), Failure> {
    let established = matches!(sa.state, State::Established(_));
    match notify.kind {
        NotifyType::R_U_THERE if established => there(cx, sa, notify),
        NotifyType::R_U_THERE_ACK => heard(sa, notify),
        NotifyType::INITIAL_CONTACT if established => initial_contact(cx, sa),
        NotifyType::CONNECTED => return quick_mode::news::connected(cx, sa, notify.spi),
        what if what.is_error() && !established => return Err(Failure::PeerError(what)),
        what if what.is_error() => {
            // whichever of ours it is about: the message ID, where Microsoft's peers say it, or the SPI
            let named = notify.data.first_chunk().map(|it| u32::from_be_bytes(*it));
            if !quick_mode::news::refused(cx, sa, named, notify.spi, Failure::PeerError(what)) {
                cx.out.event(Event::Hint {
                    sa: sa.facts.id,
                    notify: what,
                });
            }
        }
        what => cx.out.event(Event::Hint {
            sa: sa.facts.id,
            notify: what,
        }),
    }
    Ok(())
}

/// The cookies and the sequence number of a liveness message (RFC 3706 §5.3).
fn sequence(sa: &Sa, notify: &Notification<'_>) -> Option<u32> {
    let own = notify.spi == cookies(sa.facts.spis).as_slice();
    let data: [u8; 4] = notify.data.try_into().ok()?;
    own.then(|| u32::from_be_bytes(data))
}

/// RFC 3706 §5.5, §6.2: answers a check whose number is above the last one's.
fn there(cx: &mut Cx<'_>, sa: &mut Sa, notify: &Notification<'_>) {
    let Some(number) = sequence(sa, notify) else {
        return;
    };
    let State::Established(state) = &mut sa.state else {
        return;
    };
    let stale = state.heard.is_some_and(|it| number < it);
    if stale {
        return cx.dropped(sa.facts.path.remote, Dropped::Replay);
    }
    state.heard = Some(number);
    let payload = notify_sa(NotifyType::R_U_THERE_ACK, sa.facts.spis, notify.data);
    inform(cx, sa, alloc::vec![payload]);
}

fn heard(sa: &mut Sa, notify: &Notification<'_>) {
    let number = sequence(sa, notify);
    if let State::Established(state) = &mut sa.state
        && state.probe.as_ref().map(|it| it.sequence) == number
    {
        state.probe = None;
    }
}

/// RFC 2407 §4.6.3.3: the peer has no other SA with us. Believed only before anything has been built on this one, so
/// that an old message does no harm.
pub(crate) fn initial_contact(cx: &mut Cx<'_>, sa: &Sa) {
    let believes = cx
        .core
        .connection(sa.connection)
        .is_some_and(|it| it.options.initial_contact);
    if !believes || !sa.children.is_empty() {
        return;
    }
    let others: Vec<_> = cx
        .core
        .table
        .iter()
        .filter(|it| it.facts.id != sa.facts.id && same_peer(it, sa))
        .map(|it| it.facts.id)
        .collect();
    for id in others {
        cx.with(id, |cx, old| {
            cx.end(old, CloseReason::Restarted);
            Ok(())
        });
    }
}
