//! INFORMATIONAL: deletes, liveness, errors (RFC 7296 §1.4).

use alloc::vec::Vec;

use ike_ext::{ChildId, Inbound, Lifecycle};
use isakmp_wire::v2::{Delete, NotifyType, ProtocolId, kind};
use isakmp_wire::{Encode, ErrorKind, ExchangeType, OwnedPayload, ParseError, PayloadChain};

use crate::context::Cx;
use crate::failure::Failure;
use crate::init::{notifies, unknown_critical};
use crate::output::{CloseReason, Event, Output};
use crate::rekey;
use crate::sa::{Exchange, FADING, Sa, State};
use crate::send::notify;

/// Takes a request of the peer on an established or closing SA.
pub(crate) fn on_request(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    let message_id = message.header.message_id;
    let exchange = ExchangeType::INFORMATIONAL;
    if let Some(kind) = unknown_critical(payloads) {
        let refusal = notify(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, &[kind.get()]);
        return cx.respond(sa, exchange, message_id, alloc::vec![refusal]);
    }
    let Ok(deletes) = read_deletes(payloads) else {
        let refusal = notify(NotifyType::INVALID_SYNTAX, &[]);
        return cx.respond(sa, exchange, message_id, alloc::vec![refusal]);
    };
    if deletes.iter().any(|it| it.protocol == ProtocolId::IKE) {
        cx.respond(sa, exchange, message_id, Vec::new())?;
        // the peer may have replaced it without noticing that we were about to (RFC 7296 §2.8.2)
        rekey::adopt(cx, sa);
        let reason = match core::mem::replace(&mut sa.state, State::Closed) {
            State::Closing(reason) => reason,
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Established(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed => Some(CloseReason::Peer),
        };
        cx.linger(sa, reason);
        return Ok(());
    }
    let failed = notifies(payloads).any(|it| it.kind == NotifyType::AUTHENTICATION_FAILED);
    if failed && matches!(sa.state, State::Established(_)) {
        cx.respond(sa, exchange, message_id, Vec::new())?;
        let reason = CloseReason::PeerError(NotifyType::AUTHENTICATION_FAILED);
        cx.linger(sa, Some(reason));
        return Ok(());
    }
    let answer = delete_children(cx, sa, &deletes);
    cx.respond(sa, exchange, message_id, answer)
}

/// Whether a message deletes the IKE SA that it is on.
pub(crate) fn ends(payloads: PayloadChain<'_>) -> bool {
    read_deletes(payloads).is_ok_and(|it| it.iter().any(|it| it.protocol == ProtocolId::IKE))
}

fn read_deletes(payloads: PayloadChain<'_>) -> Result<Vec<Delete<'_>>, Failure> {
    let raw = payloads.iter().filter(|it| it.kind == kind::DELETE);
    raw.map(|it| {
        let delete = Delete::parse(it)?;
        // RFC 7296 §3.11: the IKE SA goes without an SPI, as the message says which it is
        if delete.protocol == ProtocolId::IKE && delete.spi_size != 0 {
            let at = it.body_offset().saturating_add(1);
            return Err(ParseError::new(ErrorKind::SpiSize, at).into());
        }
        Ok(delete)
    })
    .collect()
}

/// Removes the children that the peer names by its SPIs; answers with ours, but for one that our
/// own delete is under way for (RFC 7296 §1.4.1, §2.25.1).
fn delete_children(cx: &mut Cx<'_>, sa: &mut Sa, deletes: &[Delete<'_>]) -> Vec<OwnedPayload> {
    let mut gone = Vec::new();
    for delete in deletes.iter().filter(|it| it.protocol == ProtocolId::ESP) {
        for spi in delete.spis() {
            let mut children = sa.children.iter();
            let Some(child) = children.find(|it| it.spi_out.to_be_bytes() == *spi) else {
                note_gone(sa, spi);
                continue;
            };
            let (id, spi_in) = (child.id, child.spi_in);
            let crossed = sa.established().is_some_and(|it| it.deletes(id));
            if !crossed {
                gone.push(spi_in);
            }
            retire(cx, sa, id, CloseReason::Peer);
        }
    }
    if gone.is_empty() {
        Vec::new()
    } else {
        alloc::vec![delete_esp(&gone)]
    }
}

/// What we do not know may be what we are about to hear of: an answer that is overtaken.
fn note_gone(sa: &mut Sa, spi: &[u8]) {
    if let Some(established) = sa.established()
        && let Exchange::Child(state) = &mut established.exchange
        && let Ok(spi) = spi.try_into()
    {
        state.note_gone(u32::from_be_bytes(spi));
    }
}

/// Both sides have agreed on a child's end. Its successor carries the traffic from now on; without
/// one, it is gone.
pub(crate) fn retire(cx: &mut Cx<'_>, sa: &mut Sa, id: ChildId, reason: CloseReason) {
    let Some(at) = sa.children.iter().position(|it| it.id == id) else {
        return;
    };
    let successor = sa.child(id).and_then(|it| it.successor);
    if let Some(new) = successor.filter(|it| sa.child(*it).is_some()) {
        if sa.child(id).is_some_and(|it| it.sends) {
            hand_over(cx, sa, id, new);
        }
        sa.children.remove(at);
        sa.kin().fading.push((id, cx.now + FADING));
        return cx.lifecycle(sa, Lifecycle::ChildClosed(id));
    }
    let was_used = sa.child(id).is_some_and(|it| it.sends);
    cx.drop_child(sa, at);
    if was_used {
        cx.out.event(Event::ChildClosed {
            sa: sa.facts.id,
            child: id,
            reason,
        });
    }
    for other in &mut sa.children {
        // the peer has given up what was to replace it
        other.successor = other.successor.filter(|it| *it != id);
    }
}

/// From now on we send with the successor of a child.
fn hand_over(cx: &mut Cx<'_>, sa: &mut Sa, old: ChildId, new: ChildId) {
    let Some(child) = sa.child_mut(new).filter(|it| !it.sends) else {
        return;
    };
    child.sends = true;
    cx.out.push(Output::UseChild(new));
    if let Some(child) = sa.child_mut(old) {
        child.sends = false;
    }
    cx.out.event(Event::ChildRekeyed {
        sa: sa.facts.id,
        old,
        new,
    });
}

/// A Delete payload for children, by our own inbound SPIs.
pub(crate) fn delete_esp(spis: &[u32]) -> OwnedPayload {
    let octets: Vec<u8> = spis.iter().flat_map(|it| it.to_be_bytes()).collect();
    Delete::new(ProtocolId::ESP, 4, &octets).map_or_else(delete_ike, delete)
}

/// A Delete payload for the IKE SA.
pub(crate) fn delete_ike() -> OwnedPayload {
    delete(Delete::IKE)
}

fn delete(what: Delete<'_>) -> OwnedPayload {
    let mut body = Vec::new();
    what.encode(&mut body);
    OwnedPayload::new(kind::DELETE, body)
}
