//! The half of whoever wants new keys for the IKE SA.

use alloc::boxed::Box;

use ike_ext::{Inbound, Lifecycle, Role};
use ipsec_doi::{GroupId, IkeSuite};
use isakmp_wire::v2::{NotifyType, SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, PayloadChain, Spi};

use super::{AwaitRekey, inherit, prepare, succeed, take_over};
use crate::contact;
use crate::context::Cx;
use crate::create_child::{Half, Other};
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::informational::delete_ike;
use crate::init::{error, notify_data, one, unknown_critical};
use crate::keys::{Exchanged, Keys};
use crate::lifetime::postpone;
use crate::output::Event;
use crate::sa::{Exchange, REPLACED, Sa, State, Task};
use crate::select::{self, Place};

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

/// Asks for new keys.
pub(crate) fn start(cx: &mut Cx<'_>, sa: &mut Sa, tries: u8) -> Result<(), Failure> {
    let group = first_group(cx, sa);
    let half = Half::new(cx, Some(group.ok_or(Failure::Crypto)?))?;
    let successor = prepare(cx, sa)?;
    sa.kin().prepared = Some(successor.0);
    let state = AwaitRekey {
        half,
        successor,
        tries,
        rival: None,
    };
    send(cx, sa, state)
}

/// The group of the SA's own key exchange, which the peer is known to take.
fn first_group(cx: &Cx<'_>, sa: &Sa) -> Option<GroupId> {
    let connection = cx.core.connection(sa.connection)?;
    let groups = || connection.proposals.iter().flat_map(|it| &it.groups);
    let current = sa.secure.as_ref()?.keys.suite().group;
    let able = |it: &GroupId| cx.core.provider.group(*it).is_some();
    groups()
        .find(|it| **it == current)
        .or_else(|| groups().find(|it| able(it)))
        .copied()
}

fn send(cx: &mut Cx<'_>, sa: &mut Sa, state: AwaitRekey) -> Result<(), Failure> {
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let spi = state.successor.1;
    let body = select::write_ike(&connection.proposals, spi.as_bytes());
    let mut payloads = alloc::vec![OwnedPayload::new(kind::SA, body)];
    state.half.write(&mut payloads);
    if let Some(established) = sa.established() {
        established.exchange = Exchange::Ike(Box::new(state));
    }
    cx.request(sa, ExchangeType::CREATE_CHILD_SA, payloads)
}

/// Takes the peer's answer.
pub(crate) fn on_response(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut state: AwaitRekey,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    if payloads.first(kind::SA).is_none()
        && let Some(what) = error(payloads)
    {
        return refused(cx, sa, state, what, payloads);
    }
    match agree(cx, sa, &mut state, payloads) {
        Ok(done) => complete(cx, sa, &state, done),
        Err(failure) => {
            cx.give_place_back(sa);
            failed(cx, sa, failure.clone());
            // the two sides do not agree on which SAs there are
            Err(failure)
        }
    }
}

/// What both halves give.
struct Done<'a> {
    keys: Keys,
    spi: Spi,
    nonce: &'a [u8],
}

fn agree<'a>(
    cx: &Cx<'_>,
    sa: &Sa,
    state: &mut AwaitRekey,
    payloads: PayloadChain<'a>,
) -> Result<Done<'a>, Failure> {
    if let Some(kind) = unknown_critical(payloads) {
        return Err(Misbehaviour::UnknownCritical(kind).into());
    }
    let answer = SecurityAssociation::parse(one(payloads, kind::SA)?)?;
    let other = Other::read(sa, payloads)?;
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let chosen = select::accept(&connection.proposals, &answer, Place::Create);
    let chosen = chosen.ok_or(Misbehaviour::ChoseUnoffered)?;
    let suite: IkeSuite = chosen.suite;
    let spi = read_spi(chosen.spi)?;
    let half = state.half.kex.take().filter(|it| it.0 == suite.group);
    let (_, kex) = half.ok_or(Misbehaviour::ChoseUnoffered)?;
    let ke = other.ke.ok_or(Misbehaviour::Missing(kind::KE))?;
    if ke.group != suite.group.get() {
        return Err(Misbehaviour::ChoseUnoffered.into());
    }
    let shared = kex.complete(ke.data)?;
    let exchanged = Exchanged {
        spis: (state.successor.1, spi),
        nonces: (&state.half.nonce, other.nonce),
        shared: &shared,
    };
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let keys = secure.keys.rekey(cx.core.provider, suite, exchanged)?;
    Ok(Done {
        keys,
        spi,
        nonce: other.nonce,
    })
}

/// The SPI in a proposal for an IKE SA; zero is none.
pub(super) fn read_spi(octets: &[u8]) -> Result<Spi, Failure> {
    let spi = <[u8; 8]>::try_from(octets).ok().map(Spi::new);
    let spi = spi.filter(|it| !it.is_zero());
    spi.ok_or(Failure::Misbehaved(Misbehaviour::ChoseUnoffered))
}

/// Puts the new SA into the old one's place. Where the peer was at the same thing, the nonces decide
/// which of the two new SAs stays (RFC 7296 §2.8.2).
fn complete(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: &AwaitRekey,
    done: Done<'_>,
) -> Result<(), Failure> {
    let (id, spi) = state.successor;
    sa.kin().prepared = None;
    let nonces = (state.half.nonce.as_slice(), done.nonce);
    let spis = (spi, done.spi);
    succeed(cx, sa, id, (Role::Initiator, spis), done.keys)?;
    let rival = state.rival.as_ref();
    if let Some(rival) = rival.filter(|it| it.beats(nonces))
        && take_over(cx, sa, rival.successor)
    {
        // the peer deletes the old SA, and we our redundant one
        sa.state = State::Replaced(cx.now + REPLACED);
        return delete_redundant(cx, id);
    }
    if let Some(rival) = rival {
        await_end(cx, rival.successor);
    }
    inherit(cx, sa, id)?;
    sa.state = State::Closing(None);
    let payloads = alloc::vec![delete_ike()];
    cx.request(sa, ExchangeType::INFORMATIONAL, payloads)
}

fn delete_redundant(cx: &mut Cx<'_>, id: ike_ext::SaId) -> Result<(), Failure> {
    let Some(mut new) = cx.core.table.take(id) else {
        return Ok(());
    };
    new.state = State::Closing(None);
    let payloads = alloc::vec![delete_ike()];
    let sent = cx.request(&mut new, ExchangeType::INFORMATIONAL, payloads);
    cx.conclude(new, sent);
    Ok(())
}

/// The peer will delete what its own rekeying has made.
fn await_end(cx: &mut Cx<'_>, id: ike_ext::SaId) {
    if let Some(mut rival) = cx.core.table.take(id) {
        if rival.established().is_some() {
            rival.state = State::Replaced(cx.now + REPLACED);
        }
        cx.keep(rival);
    }
}

/// The peer says no: for now, for this group, or for good.
fn refused(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitRekey,
    what: NotifyType,
    payloads: PayloadChain<'_>,
) -> Result<(), Failure> {
    if let Some(rival) = &state.rival
        && take_over(cx, sa, rival.successor)
    {
        // the peer's own rekeying has come first
        cx.give_place_back(sa);
        sa.state = State::Replaced(cx.now + REPLACED);
        return Ok(());
    }
    if what == NotifyType::INVALID_KE_PAYLOAD {
        return another_group(cx, sa, state, payloads);
    }
    cx.give_place_back(sa);
    if what == NotifyType::TEMPORARY_FAILURE {
        postpone(cx, sa, Task::Rekey, state.tries);
        return Ok(());
    }
    failed(cx, sa, Failure::PeerError(what));
    if what == NotifyType::NO_ADDITIONAL_SAS
        && contact::can_begin(cx, sa)
        && let Some(established) = sa.established()
    {
        // RFC 7296 §1.3: what cannot be rekeyed is made anew from the ground
        established.enqueue(Task::Reauthenticate);
    }
    Ok(())
}

/// Asks again in the group that the peer wants, if it is one of ours (RFC 7296 §1.3).
fn another_group(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut state: AwaitRekey,
    payloads: PayloadChain<'_>,
) -> Result<(), Failure> {
    let data = notify_data(payloads, NotifyType::INVALID_KE_PAYLOAD).next();
    let number = data.and_then(|it| <[u8; 2]>::try_from(it).ok());
    let wanted = GroupId::new(number.map_or(0, u16::from_be_bytes));
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let mut ours = connection.proposals.iter();
    let offered = ours.any(|it| it.groups.contains(&wanted));
    if !offered || state.half.tried.contains(&wanted) {
        cx.give_place_back(sa);
        failed(cx, sa, Incompatibility::Group { wanted }.into());
        return Ok(());
    }
    if let Err(failure) = state.half.restart(cx, wanted) {
        cx.give_place_back(sa);
        failed(cx, sa, failure);
        return Ok(());
    }
    send(cx, sa, state)
}

/// Tells that nothing came of it; the SA lives until its hard limit.
fn failed(cx: &mut Cx<'_>, sa: &Sa, failure: Failure) {
    cx.out.event(Event::RekeyFailed {
        sa: sa.facts.id,
        failure,
    });
    cx.lifecycle(sa, Lifecycle::RekeyFailed);
}
