//! The half of whoever is asked for a child, or for new keys.

use alloc::vec::Vec;

use ike_ext::{ChildId, Inbound, Role, SaId};
use isakmp_wire::v2::{Notify, NotifyType, ProtocolId, SecurityAssociation, kind};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload, PayloadChain};

use super::{Half, Other, Purpose, Rival};
use crate::child::{self, Agreed, ChildPayloads, Origin};
use crate::context::Cx;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::init::{notifies, one, unknown_critical};
use crate::output::Event;
use crate::rekey;
use crate::sa::{Exchange, Sa};
use crate::select;
use crate::send::notify;

/// Why a request gets no SA.
pub(crate) enum Refusal {
    /// The state of things is against it; this says how (RFC 7296 §2.25).
    State(OwnedPayload),
    /// It failed by itself.
    Because(Failure),
}

impl<F: Into<Failure>> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Self::Because(failure.into())
    }
}

/// Not now.
pub(crate) fn busy() -> Refusal {
    Refusal::State(notify(NotifyType::TEMPORARY_FAILURE, &[]))
}

/// An answer, and what it does to the IKE SA.
pub(crate) struct Reply {
    pub(crate) payloads: Vec<OwnedPayload>,
    /// The SA that takes the children over once the answer is on its way.
    pub(crate) heir: Option<SaId>,
}

/// Takes a CREATE_CHILD_SA request of the peer.
pub(crate) fn on_request(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let exchange = ExchangeType::CREATE_CHILD_SA;
    let message_id = message.header.message_id;
    match serve(cx, sa, message.payloads()) {
        Ok(reply) => {
            cx.respond(sa, exchange, message_id, reply.payloads)?;
            match reply.heir {
                Some(heir) => rekey::hand_down(cx, sa, heir),
                None => Ok(()),
            }
        }
        Err(Refusal::State(refusal)) => cx.respond(sa, exchange, message_id, alloc::vec![refusal]),
        Err(Refusal::Because(failure)) => {
            let what = failure.notify().unwrap_or(NotifyType::INVALID_SYNTAX);
            let refusal = notify(what, &failure.notify_data());
            // another group is only a detour
            if what != NotifyType::INVALID_KE_PAYLOAD
                && let Some(policy) = sa.facts.policy
            {
                cx.out.event(Event::ChildFailed {
                    sa: sa.facts.id,
                    policy,
                    failure,
                });
            }
            cx.respond(sa, exchange, message_id, alloc::vec![refusal])
        }
    }
}

fn serve(cx: &mut Cx<'_>, sa: &mut Sa, payloads: PayloadChain<'_>) -> Result<Reply, Refusal> {
    if sa.established().is_none() {
        // closing, or replaced (RFC 7296 §2.25.2)
        return Err(busy());
    }
    if let Some(kind) = unknown_critical(payloads) {
        return Err(Misbehaviour::UnknownCritical(kind).into());
    }
    cx.granted(sa)?;
    let offered = SecurityAssociation::parse(one(payloads, kind::SA)?)?;
    let other = Other::read(sa, payloads)?;
    let first = offered.proposals().next().map(|it| it.protocol);
    if first == Some(ProtocolId::IKE) {
        return rekey::serve(cx, sa, &offered, other);
    }
    let asked = ChildPayloads::read(payloads)?.ok_or(Misbehaviour::Missing(kind::SA))?;
    let replaces = replaced(sa, payloads)?;
    let payloads = answer(cx, sa, &asked, other, replaces)?;
    Ok(Reply {
        payloads,
        heir: None,
    })
}

/// Which child the request is to give new keys to, if it may now (RFC 7296 §2.25.1).
fn replaced(sa: &mut Sa, payloads: PayloadChain<'_>) -> Result<Option<ChildId>, Refusal> {
    let named = notifies(payloads).find(|it| it.kind == NotifyType::REKEY_SA);
    let rekeying = sa
        .established()
        .is_some_and(|it| matches!(it.exchange, Exchange::Ike(_)));
    if rekeying {
        return Err(busy());
    }
    let Some(named) = named else {
        return Ok(None);
    };
    let mut children = sa.children.iter();
    let found = children
        .find(|it| named.protocol == ProtocolId::ESP && it.spi_out.to_be_bytes() == *named.spi);
    let Some((id, successor)) = found.map(|it| (it.id, it.successor)) else {
        // it may be what the answer that we await will tell us of
        return Err(if awaits_child(sa) {
            busy()
        } else {
            Refusal::State(not_found(&named))
        });
    };
    let going = sa.established().is_some_and(|it| it.is_deleting(id));
    if going || successor.is_some() {
        return Err(busy());
    }
    Ok(Some(id))
}

fn awaits_child(sa: &mut Sa) -> bool {
    sa.established()
        .is_some_and(|it| matches!(it.exchange, Exchange::Child(_)))
}

fn not_found(named: &Notify<'_>) -> OwnedPayload {
    let mut body = Vec::new();
    Notify {
        protocol: named.protocol,
        spi: named.spi,
        kind: NotifyType::CHILD_SA_NOT_FOUND,
        data: &[],
    }
    .encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

/// Agrees on the child, installs it, and writes the answer.
fn answer(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    asked: &ChildPayloads<'_>,
    other: Other<'_>,
    replaces: Option<ChildId>,
) -> Result<Vec<OwnedPayload>, Failure> {
    let connection = sa
        .connection
        .ok_or(Failure::Bug("the connection is gone"))?;
    let spi_in = child::fresh_spi(&mut cx.core.random)?;
    let agreed = match replaces.and_then(|it| sa.child(it)) {
        Some(old) => child::choose_again(cx, sa, old, spi_in, asked)?,
        None => {
            let ends = child::ends(sa);
            child::choose(cx, sa, connection, &ends, asked, select::Place::Create)?
        }
    };
    let ke = match agreed.suite.group {
        Some(wanted) => {
            let ke = other.ke.filter(|it| it.group == wanted.get());
            Some(ke.ok_or(Incompatibility::Group { wanted })?)
        }
        None => None,
    };
    let mut half = Half::new(cx, agreed.suite.group)?;
    let payloads = write(&agreed, &half);
    let shared = match (half.kex.take(), ke) {
        (Some((_, kex)), Some(ke)) => Some(kex.complete(ke.data)?),
        _ => None,
    };
    let nonces = (other.nonce, half.nonce.as_slice());
    let origin = Origin {
        role: Role::Responder,
        nonces,
        shared: shared.as_ref(),
        replaces,
        // the peer takes packets of a successor when it has our answer, which its delete shows
        sends: replaces.is_none(),
    };
    let new = child::install(cx, sa, agreed, &origin)?;
    if let Some(old) = replaces {
        if let Some(child) = sa.child_mut(old) {
            child.successor = Some(new);
        }
        note_rival(sa, old, new, nonces);
    }
    Ok(payloads)
}

fn write(agreed: &Agreed, half: &Half) -> Vec<OwnedPayload> {
    let mut payloads = Vec::new();
    agreed.write_mode(&mut payloads);
    let body = select::write_esp_choice(agreed.number, agreed.suite, agreed.spi_in);
    payloads.push(OwnedPayload::new(kind::SA, body));
    half.write(&mut payloads);
    agreed.write_selectors(&mut payloads);
    payloads
}

/// If we were about to give the same child new keys, one of the two will be redundant
/// (RFC 7296 §2.8.1).
fn note_rival(sa: &mut Sa, old: ChildId, new: ChildId, nonces: (&[u8], &[u8])) {
    if let Some(established) = sa.established()
        && let Exchange::Child(ours) = &mut established.exchange
        && ours.purpose == Purpose::Rekey(old)
    {
        ours.rival = Some(Rival::new(new, nonces));
    }
}
