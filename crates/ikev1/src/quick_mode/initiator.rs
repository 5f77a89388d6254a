//! The initiator's half of quick mode.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::{ChildDraft, ChildId, Inbound, Lifecycle, Stage};
use ipsec_doi::GroupId;
use ipsec_doi::encapsulation::{Encapsulation, Mode};
use ipsec_doi::v1::Phase2;
use isakmp_wire::v1::{IdType, KeyExchange, ProtocolId, SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Flags, OwnedPayload, PayloadChain, RawPayload};

use crate::context::Cx;
use crate::failure::{Failure, Misbehaviour};
use crate::narrow::Named;
use crate::output::Event;
use crate::payload::{self, NONCE, notifications, one};
use crate::quick_mode::lifetime::responder_lifetime;
use crate::quick_mode::{
    Agreed, AwaitAnswer, AwaitConnected, Wanted, beside, child, offer, originals, proof_cover,
};
use crate::retransmit::Repeat;
use crate::sa::{Exchange, Sa, State, Step};
use crate::send::{Cover, Outgoing};
use crate::{finish, lifetime};

const fn stage(number: u8) -> Stage {
    Stage::new(ExchangeType::QUICK_MODE, number)
}

/// Opens all children that the connection wants from the start.
pub(crate) fn open_all(cx: &mut Cx<'_>, sa: &mut Sa) {
    let wanted: Vec<usize> = cx
        .core
        .connection(sa.connection)
        .map(|it| {
            let all = it.children.iter().enumerate();
            all.filter(|(_, it)| it.start).map(|(at, _)| at).collect()
        })
        .unwrap_or_default();
    for index in wanted {
        open(cx, sa, index);
    }
}

/// Opens a child; a failure is told, and the SA stands.
pub(crate) fn open(cx: &mut Cx<'_>, sa: &mut Sa, index: usize) {
    if beside::is_spent(cx, sa) {
        return beside::elsewhere(cx, sa, Wanted::Open(index));
    }
    if let Err(failure) = start(cx, sa, index, None) {
        over(cx, sa, None, failure);
    }
}

/// Negotiates the successor of a child, unless that is under way.
pub(crate) fn rekey(cx: &mut Cx<'_>, sa: &mut Sa, id: ChildId) {
    let under_way = sa
        .exchanges
        .iter()
        .any(|it| matches!(&it.step, Step::Answer(it) if it.replaces == Some(id)));
    let Some(entry) = sa.children.iter_mut().find(|it| it.id == id) else {
        return;
    };
    entry.rekey = None;
    let (index, identities) = (entry.index, entry.identities.clone());
    let age = (entry.expires, entry.id);
    // both sides may have begun at once: the younger of two is rekeyed, the older one ends
    let younger = sa
        .children
        .iter()
        .any(|it| it.index == index && it.identities == identities && (it.expires, it.id) > age);
    if younger || under_way {
        return;
    }
    match sa.state {
        State::Established(_) => renew(cx, sa, index, Predecessor { id, identities }),
        State::Lingering(_) => lifetime::revive(cx, sa, id),
        State::Main(_)
        | State::Aggressive(_)
        | State::AwaitXauth(_)
        | State::Closing
        | State::Closed => {}
    }
}

/// Negotiates the successor of a child, which may be another SA's.
pub(crate) fn renew(cx: &mut Cx<'_>, sa: &mut Sa, index: usize, old: Predecessor) {
    if beside::is_spent(cx, sa) {
        return beside::elsewhere(cx, sa, Wanted::Renew(index, old));
    }
    let id = old.id;
    if let Err(failure) = start(cx, sa, index, Some(old)) {
        over(cx, sa, Some(id), failure);
    }
}

/// A child, or its successor, has come to nothing.
pub(crate) fn over(cx: &mut Cx<'_>, sa: &mut Sa, replaces: Option<ChildId>, failure: Failure) {
    let blame = finish::blame(&failure);
    if let Some(policy) = sa.facts.policy {
        cx.out.event(Event::ChildFailed {
            sa: sa.facts.id,
            policy,
            failure,
        });
    }
    let Some(old) = replaces else {
        return cx.lifecycle(sa, Lifecycle::ChildFailed(blame));
    };
    let again = cx.now + core::time::Duration::from_secs(60);
    if let Some(entry) = sa.children.iter_mut().find(|it| it.id == old) {
        entry.rekey = Some(again).filter(|it| *it < entry.expires);
    }
    cx.lifecycle(sa, Lifecycle::RekeyChildFailed(old));
}

/// What is offered for a child, all with one group: there is one public value (RFC 2409 §5.5).
fn offers(cx: &Cx<'_>, sa: &Sa, index: usize) -> Result<(Vec<Phase2>, ProtocolId), Failure> {
    let connection = cx.core.connection_of(sa)?;
    let child = connection
        .children
        .get(index)
        .ok_or(Failure::Bug("the child is gone"))?;
    let udp = cx.extensions.encapsulation(sa.facts.id);
    let legacy = connection.options.legacy;
    let mut all = offer::offers(child, cx.core.provider, legacy, udp);
    let group = all
        .first()
        .ok_or(Failure::Bug("the child has no usable proposals"))?
        .group;
    all.retain(|it| it.group == group);
    Ok((all, offer::protocol(child)))
}

/// The identities of a new child: from its configuration.
fn identities(cx: &Cx<'_>, sa: &Sa, index: usize) -> Result<(Named, Named), Failure> {
    let connection = cx.core.connection_of(sa)?;
    let child = connection
        .children
        .get(index)
        .ok_or(Failure::Bug("the child is gone"))?;
    let client = connection.addressing.is_client();
    let (local, remote) = child::selectors(sa, (child.local, child.remote), client);
    Ok((Named::of(local), Named::of(remote)))
}

/// The child that is to be replaced, and what it is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Predecessor {
    pub(crate) id: ChildId,
    identities: (Vec<u8>, Vec<u8>),
}

fn start(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    index: usize,
    replaces: Option<Predecessor>,
) -> Result<(), Failure> {
    let (offers, protocol) = offers(cx, sa, index)?;
    let (replaces, identities) = match replaces {
        Some(old) => {
            let read = |body: &[u8]| Named::read(RawPayload::new(kind::ID, body));
            let (local, remote) = old.identities;
            (Some(old.id), (read(&local)?, read(&remote)?))
        }
        None => (None, identities(cx, sa, index)?),
    };
    let spi = child::fresh_spi(cx)?;
    let nonce = cx.core.fresh::<NONCE>()?.to_vec();
    let kex = key_exchange(cx, offers.first().and_then(|it| it.group))?;
    let mut payloads = alloc::vec![
        OwnedPayload::new(kind::SA, offer::write(&offers, protocol, spi)),
        OwnedPayload::new(kind::NONCE, nonce.clone()),
    ];
    payloads.extend(
        kex.as_ref()
            .map(|it| OwnedPayload::new(kind::KE, it.public())),
    );
    payloads.push(identities.0.payload());
    payloads.push(identities.1.payload());
    let state = AwaitAnswer {
        index,
        nonce,
        kex,
        spi,
        protocol,
        offers,
        identities,
        replaces,
    };
    let step = Step::Answer(Box::new(state));
    let mut exchange = cx.exchange(sa, ExchangeType::QUICK_MODE, step)?;
    let mut outgoing = Outgoing::second(stage(1), exchange.message_id, payloads);
    outgoing.child = Some(ChildDraft::new(index, replaces));
    let sent = cx.hashed(sa, outgoing, &Cover::plain(), &mut exchange.iv)?;
    cx.send(sa, &sent);
    exchange.repeat = Some(Repeat::new(
        sent,
        exchange.last_in,
        cx.schedule(sa, stage(1)),
    ));
    sa.exchanges.push(exchange);
    Ok(())
}

/// A private value in this group, if there is one.
pub(crate) fn key_exchange(
    cx: &mut Cx<'_>,
    group: Option<GroupId>,
) -> Result<Option<Box<dyn ike_crypto::KeyExchange>>, Failure> {
    let Some(group) = group else {
        return Ok(None);
    };
    let core = &mut *cx.core;
    let group = core.provider.group(group).ok_or(Failure::Crypto)?;
    Ok(Some(group.start(&mut core.random)?))
}

/// Message 2: checks the answer, proves that we got it, and installs.
pub(crate) fn on_answer(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut exchange: Exchange,
    state: AwaitAnswer,
    message: &Inbound<'_>,
) {
    let replaces = state.replaces;
    // an error may come instead of an answer, under the exchange's own message ID
    let refusal = notifications(message.payloads())
        .map(|it| it.kind)
        .find(|it| it.is_error() && message.payloads().first(kind::SA).is_none());
    let agreed = match refusal {
        Some(what) => Err(Failure::PeerError(what)),
        None => check(state, message),
    };
    let done = agreed.and_then(|agreed| prove(cx, sa, &mut exchange, agreed, message));
    if let Err(failure) = &done {
        crate::quick_mode::refuse(cx, sa, exchange.message_id, failure);
    }
    sa.exchanges.push(exchange);
    if let Err(failure) = done {
        over(cx, sa, replaces, failure);
    }
}

fn check(state: AwaitAnswer, message: &Inbound<'_>) -> Result<Agreed, Failure> {
    let payloads = message.payloads();
    let body = SecurityAssociation::parse(one(payloads, kind::SA)?)?;
    let chosen = offer::accept(&state.offers, state.protocol, &body)?;
    let nonce = payload::nonce(payloads)?.to_vec();
    let offered = state.offers.first().and_then(|it| it.encapsulation);
    let encapsulation = chosen.suite.encapsulation.or(offered);
    check_identities(&state.identities, encapsulation, payloads)?;
    let shared = match state.kex {
        Some(kex) => {
            let public = KeyExchange::parse(one(payloads, kind::KE)?)?;
            Some(kex.complete(public.data)?)
        }
        None => None,
    };
    Ok(Agreed {
        message_id: message.header.message_id,
        index: state.index,
        protocol: state.protocol,
        suite: chosen.suite,
        encapsulation: encapsulation.unwrap_or(TUNNEL),
        spi_in: state.spi,
        spi_out: chosen.spi,
        nonces: (state.nonce, nonce),
        shared,
        identities: state.identities,
        original: originals(message, encapsulation.and_then(|it| it.udp), false),
        shorter: responder_lifetime(payloads),
        replaces: state.replaces,
        began: true,
    })
}

const TUNNEL: Encapsulation = Encapsulation {
    mode: Mode::Tunnel,
    udp: None,
};

/// RFC 2409 §5.5: the responder's identities are those of message 1. In UDP-encapsulated transport mode strongSwan names hosts
/// as it sees them, behind a NAT by another address (RFC 3947 §5.2); what is installed stays as we have it.
fn check_identities(
    ours: &(Named, Named),
    encapsulation: Option<Encapsulation>,
    payloads: PayloadChain<'_>,
) -> Result<(), Failure> {
    let translated = encapsulation.is_some_and(|it| it.mode == Mode::Transport && it.udp.is_some());
    let same = |ours: &Named, theirs: &[u8]| {
        let ours = ours.body.as_slice();
        theirs == ours || (translated && is_same_but_for_the_host(ours, theirs))
    };
    let mut all = payloads.all(kind::ID).map(|it| it.body);
    let (i, r, more) = (all.next(), all.next(), all.next());
    let same = match (i, r, more) {
        (Some(i), Some(r), None) => same(&ours.0, i) && same(&ours.1, r),
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(Misbehaviour::ChangedIdentities.into())
    }
}

/// Whether both are a host's address of one family, with one protocol and port (RFC 2407 §4.6.2).
fn is_same_but_for_the_host(ours: &[u8], theirs: &[u8]) -> bool {
    let (Some((head, host)), Some((other, translated))) = (
        ours.split_first_chunk::<4>(),
        theirs.split_first_chunk::<4>(),
    ) else {
        return false;
    };
    let [kind, ..] = *head;
    let is_host = matches!(IdType::new(kind), IdType::IPV4_ADDR | IdType::IPV6_ADDR);
    is_host && head == other && host.len() == translated.len()
}

/// Message 3. With the commit bit the responder confirms it, and until then the SAs are not used (RFC 2408 §3.1).
fn prove(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: &mut Exchange,
    agreed: Agreed,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let commit = message.header.flags.contains(Flags::COMMIT);
    let cover = proof_cover(&agreed.nonces);
    let mut outgoing = Outgoing::second(stage(3), exchange.message_id, Vec::new());
    if commit {
        outgoing.flags = Flags::COMMIT;
    }
    let sent = cx.hashed(sa, outgoing, &cover, &mut exchange.iv)?;
    cx.send(sa, &sent);
    let schedule = if commit {
        cx.schedule(sa, stage(3))
    } else {
        None
    };
    exchange.repeat = Some(Repeat::new(sent, exchange.last_in, schedule));
    if commit {
        exchange.step = Step::Connected(Box::new(AwaitConnected { agreed }));
        return Ok(());
    }
    child::install(cx, sa, agreed)
}

/// Message 4: the responder has the SAs.
pub(crate) fn confirmed(cx: &mut Cx<'_>, sa: &mut Sa, message_id: u32) -> Result<(), Failure> {
    let Some(mut exchange) = sa.take_exchange(message_id) else {
        return Ok(());
    };
    let step = core::mem::replace(&mut exchange.step, Step::Done);
    if let Some(repeat) = &mut exchange.repeat {
        repeat.rest();
    }
    sa.exchanges.push(exchange);
    match step {
        Step::Connected(state) => child::install(cx, sa, state.agreed),
        Step::Answer(_) | Step::Proof(_) | Step::Transaction(_) | Step::Held | Step::Done => Ok(()),
    }
}
