//! INFORMATIONAL: deletes, liveness, errors (RFC 7296 §1.4).

use alloc::vec::Vec;

use ike_ext::Inbound;
use isakmp_wire::v2::{Delete, NotifyType, ProtocolId, kind};
use isakmp_wire::{Encode, ErrorKind, ExchangeType, OwnedPayload, ParseError, PayloadChain};

use crate::context::Cx;
use crate::failure::Failure;
use crate::init::{notifies, unknown_critical};
use crate::output::CloseReason;
use crate::sa::{Sa, State, Task};
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
        let reason = match core::mem::replace(&mut sa.state, State::Closed) {
            State::Closing(reason) => reason,
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Established(_)
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
/// own delete is under way for (RFC 7296 §1.4.1).
fn delete_children(cx: &mut Cx<'_>, sa: &mut Sa, deletes: &[Delete<'_>]) -> Vec<OwnedPayload> {
    let deleting = match &sa.state {
        State::Established(state) => state.deleting,
        State::AwaitInitResponse(_)
        | State::AwaitAuthRequest(_)
        | State::AwaitAuthResponse(_)
        | State::AwaitTrust(_)
        | State::Closing(_)
        | State::Lingering(_)
        | State::Closed => None,
    };
    let mut gone = Vec::new();
    for delete in deletes.iter().filter(|it| it.protocol == ProtocolId::ESP) {
        for spi in delete.spis() {
            let found = sa
                .children
                .iter()
                .position(|it| it.spi_out.to_be_bytes() == *spi);
            let Some(child) = found.and_then(|at| cx.drop_child(sa, at)) else {
                continue;
            };
            if deleting != Some(child.id) {
                gone.push(child.spi_in);
            }
        }
    }
    if gone.is_empty() {
        Vec::new()
    } else {
        alloc::vec![delete_esp(&gone)]
    }
}

/// A Delete payload for children, by our own inbound SPIs.
fn delete_esp(spis: &[u32]) -> OwnedPayload {
    let octets: Vec<u8> = spis.iter().flat_map(|it| it.to_be_bytes()).collect();
    Delete::new(ProtocolId::ESP, 4, &octets).map_or_else(delete_ike, delete)
}

/// A Delete payload for the IKE SA.
fn delete_ike() -> OwnedPayload {
    delete(Delete::IKE)
}

fn delete(what: Delete<'_>) -> OwnedPayload {
    let mut body = Vec::new();
    what.encode(&mut body);
    OwnedPayload::new(kind::DELETE, body)
}

/// Sends the next request that waits for the window.
pub(crate) fn next_task(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    loop {
        if sa.window.is_busy() {
            return Ok(());
        }
        let State::Established(state) = &mut sa.state else {
            return Ok(());
        };
        let Some(task) = state.tasks.pop_front() else {
            return Ok(());
        };
        let payloads = match task {
            Task::Probe => Vec::new(),
            Task::Inform(payloads) => payloads,
            Task::CreateChild(_) | Task::RekeyChild(_) | Task::Rekey | Task::Reauthenticate => {
                continue;
            }
            Task::Delete => {
                sa.state = State::Closing(Some(CloseReason::Local));
                alloc::vec![delete_ike()]
            }
            Task::DeleteChild(child) => {
                let Some(entry) = sa.children.iter().find(|it| it.id == child) else {
                    continue;
                };
                state.deleting = Some(child);
                alloc::vec![delete_esp(&[entry.spi_in])]
            }
        };
        return cx.request(sa, ExchangeType::INFORMATIONAL, payloads);
    }
}

/// Takes the response to whatever we asked last. Nothing that it says leads to another message
/// (RFC 7296 §2.21.4).
pub(crate) fn on_response(cx: &mut Cx<'_>, sa: &mut Sa) {
    match &mut sa.state {
        State::Established(state) => {
            if let Some(child) = state.deleting.take() {
                let found = sa.children.iter().position(|it| it.id == child);
                found.and_then(|at| cx.drop_child(sa, at));
            }
        }
        State::Closing(reason) => {
            let reason = reason.take();
            cx.end(sa, reason);
        }
        State::AwaitInitResponse(_)
        | State::AwaitAuthRequest(_)
        | State::AwaitAuthResponse(_)
        | State::AwaitTrust(_)
        | State::Lingering(_)
        | State::Closed => {}
    }
}
