//! The responder's half of quick mode.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use ike_crypto::SecretVec;
use ike_ext::{ChildDraft, Inbound, Stage};
use ipsec_doi::encapsulation::{Encapsulation, Mode, NatRevision};
use ipsec_doi::{GroupId, Life, TrafficSelector};
use isakmp_wire::v1::{KeyExchange, NotifyType, ProtocolId, SaBuilder, SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Flags, OwnedPayload};

use crate::config::Child;
use crate::context::Cx;
use crate::failure::{Dropped, Failure, Incompatibility, Misbehaviour};
use crate::narrow::{Named, Traffic};
use crate::payload::{self, NONCE, maybe, notify, one};
use crate::quick_mode::initiator::key_exchange;
use crate::quick_mode::lifetime::lifetime_data;
use crate::quick_mode::{Agreed, AwaitProof, beside, child, offer, originals};
use crate::retransmit::Repeat;
use crate::sa::{Exchange, Sa, Step, same_peer};
use crate::send::{Cover, Outgoing};

const fn stage(number: u8) -> Stage {
    Stage::new(ExchangeType::QUICK_MODE, number)
}

/// Message 1: answers, or says why not; the SA stands either way.
pub(crate) fn on_request(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut exchange: Exchange,
    message: &Inbound<'_>,
) {
    if sa.children.len() >= cx.core.config.limits.children {
        sa.retire(exchange.message_id);
        return cx.dropped(message.from, Dropped::Limit);
    }
    let done = if beside::is_spent(cx, sa) {
        Err(Incompatibility::QuickModes.into())
    } else {
        answer(cx, sa, &mut exchange, message)
    };
    if let Err(failure) = done {
        crate::quick_mode::refuse(cx, sa, exchange.message_id, &failure);
        crate::quick_mode::initiator::over(cx, sa, None, failure);
    }
    sa.exchanges.push(exchange);
}

/// The identities of message 1, the initiator's first: ours last. Without any they are the two hosts (RFC 2409 §5.5).
fn identities(sa: &Sa, message: &Inbound<'_>) -> Result<((Named, Named), bool), Failure> {
    let mut all = message.payloads().all(kind::ID);
    match (all.next(), all.next(), all.next()) {
        (None, _, _) => {
            let host = |it: IpAddr| Named::of(TrafficSelector::host(it));
            let path = sa.facts.path;
            Ok(((host(path.local.ip()), host(path.remote.ip())), false))
        }
        (Some(theirs), Some(ours), None) => Ok(((Named::read(ours)?, Named::read(theirs)?), true)),
        _ => Err(Misbehaviour::Repeated(kind::ID).into()),
    }
}

/// What the child's selectors must hold: identities as they are, but in UDP-encapsulated transport mode hosts as we see
/// them, since what is behind a NAT is named by an address that means nothing here (RFC 3947 §5.2).
fn traffic(
    sa: &Sa,
    child: &Child,
    named: &(Named, Named),
    udp: Option<NatRevision>,
) -> Option<(TrafficSelector, TrafficSelector)> {
    let path = sa.facts.path;
    let seen = |named: &Named, address: IpAddr| {
        let selector = named.selector(address)?;
        let translated = child.mode == Mode::Transport && udp.is_some();
        let host = selector.start == selector.end && selector.start.is_ipv4() == address.is_ipv4();
        Some(if translated && host {
            TrafficSelector {
                start: address,
                end: address,
                ..selector
            }
        } else {
            selector
        })
    };
    Some((
        seen(&named.0, path.local.ip())?,
        seen(&named.1, path.remote.ip())?,
    ))
}

/// The child that the peer's request fits, and what of it is chosen.
struct Fit<'a> {
    index: usize,
    protocol: ProtocolId,
    chosen: offer::Chosen<'a>,
    encapsulation: Encapsulation,
    selectors: (TrafficSelector, TrafficSelector),
}

fn find<'a>(
    cx: &Cx<'_>,
    sa: &Sa,
    named: &(Named, Named),
    body: &SecurityAssociation<'a>,
) -> Result<Fit<'a>, Failure> {
    let connection = cx.core.connection_of(sa)?;
    let client = connection.addressing.is_client();
    let udp = cx.extensions.encapsulation(sa.facts.id);
    let mut missed = None;
    for (index, child) in connection.children.iter().enumerate() {
        let (local, remote) = child::selectors(sa, (child.local, child.remote), client);
        let Some(asked) = traffic(sa, child, named, udp) else {
            continue;
        };
        // IKEv1 does not narrow: all of what is asked for, or nothing
        if !local.contains(&asked.0) || !remote.contains(&asked.1) {
            continue;
        }
        let offers = offer::offers(child, cx.core.provider, connection.options.legacy, udp);
        let protocol = offer::protocol(child);
        match offer::choose(&offers, protocol, body) {
            Some(chosen) => {
                let ours = Encapsulation {
                    mode: child.mode,
                    udp,
                };
                return Ok(Fit {
                    index,
                    protocol,
                    encapsulation: chosen.suite.encapsulation.unwrap_or(ours),
                    chosen,
                    selectors: asked,
                });
            }
            None => missed = missed.or_else(|| Some(offer::refusal(child, protocol, body))),
        }
    }
    let path = sa.facts.path;
    Err(missed.unwrap_or_else(|| {
        let theirs = (
            named.0.selector(path.local.ip()),
            named.1.selector(path.remote.ip()),
        );
        Incompatibility::Selectors { theirs }.into()
    }))
}

fn answer(
    cx: &mut Cx<'_>,
    sa: &Sa,
    exchange: &mut Exchange,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    if payloads.all(kind::SA).count() > 1 {
        return Err(Incompatibility::SeveralSas.into());
    }
    let body = SecurityAssociation::parse(one(payloads, kind::SA)?)?;
    let theirs = payload::nonce(payloads)?.to_vec();
    let ((local, remote), named) = identities(sa, message)?;
    let fit = find(cx, sa, &(local.clone(), remote.clone()), &body)?;
    let (public, shared) = forward_secrecy(cx, fit.chosen.suite.group, message)?;
    let spi = child::fresh_spi(cx)?;
    let nonce = cx.core.fresh::<NONCE>()?.to_vec();
    let mut reply = alloc::vec![
        OwnedPayload::new(kind::SA, choice(&fit.chosen, spi)),
        OwnedPayload::new(kind::NONCE, nonce.clone()),
    ];
    reply.extend(public.map(|it| OwnedPayload::new(kind::KE, it)));
    if named {
        reply.push(remote.payload());
        reply.push(local.payload());
    }
    reply.extend(shorter(cx, sa, &fit));
    let commit = cx.core.config.profile.commit_bit;
    let mut outgoing = Outgoing::second(stage(2), exchange.message_id, reply);
    outgoing.child = Some(ChildDraft::new(fit.index, None));
    if commit {
        outgoing.flags = Flags::COMMIT;
    }
    let cover = Cover {
        after: theirs.clone(),
        ..Cover::plain()
    };
    let sent = cx.hashed(sa, outgoing, &cover, &mut exchange.iv)?;
    cx.reply(sa, &sent);
    exchange.repeat = Some(Repeat::new(
        sent,
        exchange.last_in,
        cx.schedule(sa, stage(2)),
    ));
    let seen = |named: Named, selector: TrafficSelector| Named {
        traffic: Traffic::Of(selector),
        ..named
    };
    let agreed = Agreed {
        message_id: exchange.message_id,
        index: fit.index,
        protocol: fit.protocol,
        suite: fit.chosen.suite,
        encapsulation: fit.encapsulation,
        spi_in: spi,
        spi_out: fit.chosen.spi,
        nonces: (theirs, nonce),
        shared,
        original: originals(message, cx.extensions.encapsulation(sa.facts.id), true),
        shorter: None,
        replaces: predecessor(cx, sa, fit.index, (&local.body, &remote.body)),
        identities: (seen(local, fit.selectors.0), seen(remote, fit.selectors.1)),
        began: false,
    };
    exchange.step = Step::Proof(Box::new(AwaitProof { agreed, commit }));
    Ok(())
}

/// Our public value and the shared secret of a key exchange of its own, if there is one: transform and payload agree
/// (RFC 2409 §5.5).
fn forward_secrecy(
    cx: &mut Cx<'_>,
    group: Option<GroupId>,
    message: &Inbound<'_>,
) -> Result<(Option<Vec<u8>>, Option<SecretVec>), Failure> {
    match (
        key_exchange(cx, group)?,
        maybe(message.payloads(), kind::KE)?,
    ) {
        (Some(kex), Some(raw)) => {
            let public = kex.public().to_vec();
            let shared = kex.complete(KeyExchange::parse(raw)?.data)?;
            Ok((Some(public), Some(shared)))
        }
        (None, None) => Ok((None, None)),
        (Some(_), None) => Err(Misbehaviour::Missing(kind::KE).into()),
        (None, Some(_)) => Err(Misbehaviour::ChoseUnoffered.into()),
    }
}

/// The child whose successor this will be: the same one with the same identities.
fn predecessor(
    cx: &Cx<'_>,
    sa: &Sa,
    index: usize,
    bodies: (&[u8], &[u8]),
) -> Option<ike_ext::ChildId> {
    // under this SA, or under one that takes no more quick modes
    let others = cx.core.table.iter().filter(|it| same_peer(it, sa));
    let mut all = [sa]
        .into_iter()
        .chain(others)
        .flat_map(|it| it.children.iter().rev());
    let found = all.find(|it| {
        it.index == index
            && it.identities.0.as_slice() == bodies.0
            && it.identities.1.as_slice() == bodies.1
    });
    found.map(|it| it.id)
}

/// The body of our answer: the proposal and the transform as they came, with our SPI.
fn choice(chosen: &offer::Chosen<'_>, spi: u32) -> Vec<u8> {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    let proposal = &chosen.proposal;
    builder.proposal(proposal.number, proposal.protocol, &spi.to_be_bytes());
    builder.transform(chosen.transform.number, chosen.transform.id);
    for it in chosen.transform.attributes() {
        builder.attribute(it);
    }
    builder.finish();
    body
}

/// RFC 2407 §4.5.4, §4.6.3.1: a shorter lifetime of ours is told, as the offer must not be changed.
fn shorter(cx: &Cx<'_>, sa: &Sa, fit: &Fit<'_>) -> Option<OwnedPayload> {
    let connection = cx.core.connection(sa.connection)?;
    let ours = connection.children.get(fit.index)?.lifetime.time.as_secs();
    let ours = u32::try_from(ours).unwrap_or(u32::MAX);
    let theirs = fit.chosen.suite.lifetimes.seconds;
    let theirs = theirs.or(match Life::DEFAULT {
        Life::Seconds(it) => Some(it),
        Life::Kilobytes(_) => None,
    })?;
    (ours < theirs).then(|| {
        notify(
            NotifyType::RESPONDER_LIFETIME,
            fit.protocol,
            &fit.chosen.spi.to_be_bytes(),
            &lifetime_data(Life::Seconds(ours)),
        )
    })
}

/// Message 3: the initiator lives and has the answer. Installs, and confirms if we said so.
pub(crate) fn on_proof(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut exchange: Exchange,
    state: AwaitProof,
) -> Result<(), Failure> {
    if let Some(repeat) = &mut exchange.repeat {
        repeat.rest();
    }
    let (protocol, spi) = (state.agreed.protocol, state.agreed.spi_in);
    child::install(cx, sa, state.agreed)?;
    if state.commit {
        // RFC 2408 §3.1: the fourth message
        let payload = notify(NotifyType::CONNECTED, protocol, &spi.to_be_bytes(), &[]);
        let outgoing = Outgoing::second(stage(4), exchange.message_id, alloc::vec![payload]);
        let sent = cx.hashed(sa, outgoing, &Cover::plain(), &mut exchange.iv)?;
        cx.reply(sa, &sent);
        exchange.repeat = Some(Repeat::new(sent, exchange.last_in, None));
    } else {
        exchange.repeat = None;
    }
    sa.exchanges.push(exchange);
    Ok(())
}
