//! The half of whoever wants a child, or new keys for one.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_crypto::SecretVec;
use ike_ext::{Inbound, Lifecycle, Role};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspProposal, EspSuite, GroupId};
use isakmp_wire::v2::{Notify, NotifyType, ProtocolId, kind};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload, PayloadChain};

use super::{AwaitChild, Half, Other, Purpose};
use crate::child::{self, Agreed, ChildOffer, ChildPayloads, Origin};
use crate::contact;
use crate::context::Cx;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::init::{error, notify_data, unknown_critical};
use crate::lifetime::{ChildDeadlines, postpone};
use crate::output::{CloseReason, Event};
use crate::sa::{Exchange, Sa, Task};
use crate::select::{self, Place};
use crate::send::notify;
use crate::{Connection, narrow};

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

/// Asks for a child, unless what it is for has gone.
pub(crate) fn start(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    purpose: Purpose,
    tries: u8,
) -> Result<(), Failure> {
    let Some(mut offer) = offer(cx, sa, purpose) else {
        return Ok(());
    };
    offer.spi = child::fresh_spi(&mut cx.core.random)?;
    let group = proposals(cx, sa, &offer).and_then(|it| first_group(cx, it));
    let state = AwaitChild {
        purpose,
        offer,
        half: Half::new(cx, group)?,
        tries,
        rival: None,
        gone: Vec::new(),
    };
    send(cx, sa, state)
}

/// What to offer: the child's configuration, or what an earlier negotiation has made of it
/// (RFC 7296 §2.9.2).
fn offer(cx: &Cx<'_>, sa: &mut Sa, purpose: Purpose) -> Option<ChildOffer> {
    match purpose {
        Purpose::New(index) => {
            let ends = child::ends(sa);
            let wanted = cx.core.connection(sa.connection)?.children.get(index)?;
            Some(ChildOffer {
                index,
                spi: 0,
                mode: wanted.mode,
                local: child::resolve(&wanted.local, &ends.local),
                remote: child::resolve(&wanted.remote, &ends.remote),
            })
        }
        Purpose::Rekey(id) => {
            // the peer may have been faster
            let old = sa.child(id).filter(|it| it.successor.is_none())?;
            Some(ChildOffer {
                index: old.index,
                spi: 0,
                mode: old.mode,
                local: old.local.clone(),
                remote: old.remote.clone(),
            })
        }
    }
}

fn proposals<'a>(cx: &'a Cx<'_>, sa: &Sa, offer: &ChildOffer) -> Option<&'a [EspProposal]> {
    let connection: &Connection = cx.core.connection(sa.connection)?;
    let child = connection.children.get(offer.index)?;
    Some(&child.proposals)
}

/// The group to begin with, if any proposal wants one.
fn first_group(cx: &Cx<'_>, proposals: &[EspProposal]) -> Option<GroupId> {
    let mut groups = proposals.iter().flat_map(|it| &it.groups).copied();
    groups.find(|it| *it != GroupId::NONE && cx.core.provider.group(*it).is_some())
}

fn send(cx: &mut Cx<'_>, sa: &mut Sa, state: AwaitChild) -> Result<(), Failure> {
    let offer = &state.offer;
    let mut payloads = Vec::new();
    if let Purpose::Rekey(id) = state.purpose
        && let Some(old) = sa.child(id)
    {
        payloads.push(rekey_sa(old.spi_in));
    }
    if offer.mode == Mode::Transport {
        payloads.push(notify(NotifyType::USE_TRANSPORT_MODE, &[]));
    }
    let Some(ours) = proposals(cx, sa, offer) else {
        // the configuration has changed
        return Ok(());
    };
    let body = select::write_esp(ours, offer.spi, Place::Create);
    payloads.push(OwnedPayload::new(kind::SA, body));
    state.half.write(&mut payloads);
    payloads.push(OwnedPayload::new(kind::TS_I, narrow::write(&offer.local)));
    payloads.push(OwnedPayload::new(kind::TS_R, narrow::write(&offer.remote)));
    if let Some(established) = sa.established() {
        established.exchange = Exchange::Child(Box::new(state));
    }
    cx.request(sa, ExchangeType::CREATE_CHILD_SA, payloads)
}

/// Names the child by the SPI under which we receive (RFC 7296 §1.3.3).
fn rekey_sa(spi: u32) -> OwnedPayload {
    let mut body = Vec::new();
    let spi = spi.to_be_bytes();
    Notify {
        protocol: ProtocolId::ESP,
        spi: &spi,
        kind: NotifyType::REKEY_SA,
        data: &[],
    }
    .encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

/// Takes the peer's answer.
pub(crate) fn on_response(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut state: AwaitChild,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    if payloads.first(kind::SA).is_none()
        && let Some(what) = error(payloads)
    {
        return refused(cx, sa, state, what, payloads);
    }
    match agree(cx, sa, &mut state, payloads) {
        // the peer has deleted it again, and that came first
        Ok(done) if state.gone.contains(&done.agreed.spi_out) => Ok(()),
        Ok(done) => complete(cx, sa, &state, done),
        Err(failure) => {
            // the peer has it, we do not (RFC 7296 §2.21.3)
            if let Some(established) = sa.established() {
                established.enqueue(Task::Discard(state.offer.spi));
            }
            failed(cx, sa, &state, failure);
            Ok(())
        }
    }
}

/// What both halves give.
struct Done<'a> {
    agreed: Agreed,
    nonce: &'a [u8],
    shared: Option<SecretVec>,
}

fn agree<'a>(
    cx: &Cx<'_>,
    sa: &Sa,
    state: &mut AwaitChild,
    payloads: PayloadChain<'a>,
) -> Result<Done<'a>, Failure> {
    if let Some(kind) = unknown_critical(payloads) {
        return Err(Misbehaviour::UnknownCritical(kind).into());
    }
    let other = Other::read(sa, payloads)?;
    let answer = ChildPayloads::read(payloads)?;
    let answer = answer.ok_or(Misbehaviour::Missing(kind::SA))?;
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let child = connection.children.get(state.offer.index);
    let child = child.ok_or(NO_CONNECTION)?;
    let agreed = child::accept(sa, child, &state.offer, &answer, Place::Create)?;
    let shared = finish(state, agreed.suite, other)?;
    Ok(Done {
        agreed,
        nonce: other.nonce,
        shared,
    })
}

/// Ends the key exchange, if the peer has chosen one: in the group that we began with.
fn finish(
    state: &mut AwaitChild,
    suite: EspSuite,
    other: Other<'_>,
) -> Result<Option<SecretVec>, Failure> {
    let Some(group) = suite.group else {
        return Ok(None);
    };
    let ours = state.half.kex.take().filter(|it| it.0 == group);
    let (_, kex) = ours.ok_or(Misbehaviour::ChoseUnoffered)?;
    let ke = other.ke.ok_or(Misbehaviour::Missing(kind::KE))?;
    if ke.group != group.get() {
        return Err(Misbehaviour::ChoseUnoffered.into());
    }
    Ok(Some(kex.complete(ke.data)?))
}

/// Installs the child. Where the peer was at the same thing, the nonces decide which of both stays
/// (RFC 7296 §2.8.1).
fn complete(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: &AwaitChild,
    done: Done<'_>,
) -> Result<(), Failure> {
    let nonces = (state.half.nonce.as_slice(), done.nonce);
    let mut origin = Origin {
        role: Role::Initiator,
        nonces,
        shared: done.shared.as_ref(),
        replaces: None,
        sends: true,
    };
    let Purpose::Rekey(old) = state.purpose else {
        return child::install(cx, sa, done.agreed, &origin).map(drop);
    };
    let replaced = sa.child(old).is_some();
    let redundant = match &state.rival {
        // if the old child is gone already, the peer's is in use
        Some(rival) => rival.beats(nonces) || !replaced,
        None => false,
    };
    if redundant {
        origin.sends = false;
        let id = child::install(cx, sa, done.agreed, &origin)?;
        if let Some(established) = sa.established() {
            established.enqueue(Task::DeleteChild(id, CloseReason::Local));
        }
        return Ok(());
    }
    origin.replaces = Some(old).filter(|_| replaced);
    let new = child::install(cx, sa, done.agreed, &origin)?;
    if let Some(rival) = &state.rival
        && let Some(child) = sa.child_mut(rival.successor)
    {
        child.successor = Some(new);
    }
    let Some(child) = sa.child_mut(old) else {
        return Ok(());
    };
    child.sends = false;
    child.successor = Some(new);
    child.deadlines = ChildDeadlines::default();
    cx.out.event(Event::ChildRekeyed {
        sa: sa.facts.id,
        old,
        new,
    });
    if let Some(established) = sa.established() {
        established.enqueue(Task::DeleteChild(old, CloseReason::Local));
    }
    Ok(())
}

/// The peer says no: for now, for this group, or for good.
fn refused(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitChild,
    what: NotifyType,
    payloads: PayloadChain<'_>,
) -> Result<(), Failure> {
    let task = match state.purpose {
        Purpose::New(index) => Task::CreateChild(index),
        Purpose::Rekey(child) => Task::RekeyChild(child),
    };
    match (what, state.purpose) {
        (NotifyType::INVALID_KE_PAYLOAD, _) => another_group(cx, sa, state, payloads),
        // the peer's own rekeying has come first
        (_, Purpose::Rekey(_)) if state.rival.is_some() => Ok(()),
        (NotifyType::TEMPORARY_FAILURE, _) => {
            postpone(cx, sa, task, state.tries);
            Ok(())
        }
        (NotifyType::CHILD_SA_NOT_FOUND, Purpose::Rekey(old)) => {
            // RFC 7296 §2.25: forget it, and begin anew; unless the peer has deleted it meanwhile
            if let Some(at) = sa.children.iter().position(|it| it.id == old) {
                cx.drop_child(sa, at);
                cx.out.event(Event::ChildClosed {
                    sa: sa.facts.id,
                    child: old,
                    reason: CloseReason::PeerError(what),
                });
                if let Some(established) = sa.established() {
                    established.enqueue(Task::CreateChild(state.offer.index));
                }
            }
            Ok(())
        }
        (NotifyType::NO_ADDITIONAL_SAS, Purpose::Rekey(_)) if contact::can_begin(cx, sa) => {
            // RFC 7296 §1.3, §4: what a minimal peer does not rekey is made anew from the ground
            if let Some(established) = sa.established() {
                established.enqueue(Task::Reauthenticate);
            }
            Ok(())
        }
        _ => {
            let failure = explain(cx, sa, &state, what);
            failed(cx, sa, &state, failure);
            Ok(())
        }
    }
}

/// Asks again in the group that the peer wants, if it is one of ours (RFC 7296 §1.3).
fn another_group(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut state: AwaitChild,
    payloads: PayloadChain<'_>,
) -> Result<(), Failure> {
    let still_wanted = match state.purpose {
        Purpose::New(_) => true,
        Purpose::Rekey(old) => sa.child(old).is_some_and(|it| it.successor.is_none()),
    };
    if !still_wanted {
        return Ok(());
    }
    let data = notify_data(payloads, NotifyType::INVALID_KE_PAYLOAD).next();
    let number = data.and_then(|it| <[u8; 2]>::try_from(it).ok());
    let wanted = GroupId::new(number.map_or(0, u16::from_be_bytes));
    let ours = proposals(cx, sa, &state.offer).unwrap_or_default();
    let offered = ours.iter().any(|it| it.groups.contains(&wanted));
    if wanted == GroupId::NONE || !offered || state.half.tried.contains(&wanted) {
        failed(cx, sa, &state, Incompatibility::Group { wanted }.into());
        return Ok(());
    }
    match state.half.restart(cx, wanted) {
        Ok(()) => send(cx, sa, state),
        Err(failure) => {
            failed(cx, sa, &state, failure);
            Ok(())
        }
    }
}

/// Puts what we asked for beside the peer's bare refusal.
fn explain(cx: &Cx<'_>, sa: &Sa, state: &AwaitChild, what: NotifyType) -> Failure {
    match what {
        NotifyType::TS_UNACCEPTABLE => Incompatibility::Selectors {
            ours: (state.offer.local.clone(), state.offer.remote.clone()),
            theirs: (Vec::new(), Vec::new()),
        }
        .into(),
        NotifyType::NO_PROPOSAL_CHOSEN => Incompatibility::Esp {
            ours: proposals(cx, sa, &state.offer).unwrap_or_default().to_vec(),
            theirs: Vec::new(),
        }
        .into(),
        _ => Failure::PeerError(what),
    }
}

/// Tells that nothing came of it. A child that was to be rekeyed lives until its hard limit.
fn failed(cx: &mut Cx<'_>, sa: &Sa, state: &AwaitChild, failure: Failure) {
    if let Some(policy) = sa.facts.policy {
        cx.out.event(Event::ChildFailed {
            sa: sa.facts.id,
            policy,
            failure,
        });
    }
    if let Purpose::Rekey(child) = state.purpose {
        cx.lifecycle(sa, Lifecycle::RekeyChildFailed(child));
    }
}
