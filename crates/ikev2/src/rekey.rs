//! New keys for an IKE SA: another SA takes its place and its children (RFC 7296 §1.3.2, §2.8,
//! §2.18).

use alloc::boxed::Box;

use ike_endpoint::Phase;
use ike_ext::{Lifecycle, Role, SaId};
use isakmp_wire::{ExchangeType, Spi};

use crate::context::Cx;
use crate::create_child::{Half, Rival};
use crate::failure::Failure;
use crate::informational::delete_ike;
use crate::keys::Keys;
use crate::lifetime::Deadlines;
use crate::output::Event;
use crate::sa::{Established, Exchange, Facts, REPLACED, Sa, Secure, State, Task};
use crate::tasks::next_task;

mod initiator;
mod responder;

pub(crate) use initiator::{on_response, start};
pub(crate) use responder::serve;

/// Our request for new keys is out.
#[derive(Debug)]
pub(crate) struct AwaitRekey {
    half: Half,
    /// The place and the SPI of the SA to be.
    successor: (SaId, Spi),
    /// How often the peer has refused it for the moment.
    tries: u8,
    /// The SA that the peer's own rekeying has made at the same time.
    rival: Option<Rival<SaId>>,
}

/// A place for an SA to be, and its SPI.
fn prepare(cx: &mut Cx<'_>, sa: &Sa) -> Result<(SaId, Spi), Failure> {
    let core = &mut *cx.core;
    let (id, spi) = core.table.reserve(&mut core.random, None)?;
    let facts = Facts {
        id,
        role: Role::Initiator,
        spis: (spi, Spi::ZERO),
        path: sa.facts.path,
        policy: sa.facts.policy,
        phase: Phase::Over,
        vendor_ids: alloc::vec::Vec::new(),
        asked: alloc::vec::Vec::new(),
    };
    let state = State::Prepared(sa.facts.id);
    let place = Sa::new(facts, sa.connection, cx.now, state);
    core.table.put(Box::new(place), None);
    Ok((id, spi))
}

/// Makes the SA that takes the place of `sa`, with the keys of the exchange. It has no children and
/// nobody has heard of it yet.
fn succeed(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    id: SaId,
    (role, spis): (Role, (Spi, Spi)),
    keys: Keys,
) -> Result<(), Failure> {
    let (path, nat, connection) = (sa.facts.path, sa.nat, sa.connection);
    let facts = Facts {
        id,
        role,
        spis,
        path,
        policy: sa.facts.policy,
        phase: Phase::Established,
        vendor_ids: sa.facts.vendor_ids.clone(),
        asked: sa.facts.asked.clone(),
    };
    let core = &mut *cx.core;
    let lifetime = core.connection(connection).map(|it| it.lifetime);
    let old = sa
        .established()
        .ok_or(Failure::Bug("rekeying before its time"))?;
    let reauthenticate = old.deadlines.reauthenticate;
    let deadlines = lifetime.map_or_else(Deadlines::default, |it| {
        Deadlines::rekeyed(cx.now, &it, &mut core.random, reauthenticate)
    });
    let state = Established::new(old.since, old.peer.clone(), deadlines);
    let state = State::Established(Box::new(state));
    let mut new = Box::new(Sa::new(facts, connection, cx.now, state));
    new.secure = Some(Box::new(Secure::new(keys, role)));
    new.nat = nat;
    new.began = sa.began;
    new.kin().quiet = true;
    cx.log_ike_keys(&new);
    // the place that was kept, if there was one, has nothing that must be put away
    drop(cx.core.table.take(id));
    cx.keep(new);
    cx.lifecycle(sa, Lifecycle::Succeeded(id));
    Ok(())
}

/// Hands children and open requests down to the SA that takes the place of `sa`.
fn inherit(cx: &mut Cx<'_>, sa: &mut Sa, heir: SaId) -> Result<(), Failure> {
    let mut new = cx
        .core
        .table
        .take(heir)
        .ok_or(Failure::Bug("the heir is gone"))?;
    bequeath(cx, sa, &mut new);
    let begun = next_task(cx, &mut new);
    cx.conclude(new, begun);
    Ok(())
}

/// Moves what `sa` has to `new`, which may have taken its place before.
fn bequeath(cx: &mut Cx<'_>, sa: &mut Sa, new: &mut Sa) {
    cx.core.leases.inherit(sa.facts.id, new.facts.id);
    new.children.append(&mut sa.children);
    let (quiet, over) = (sa.is_quiet(), new.contest() == Some(Contest::Over));
    let (theirs, ours) = (new.kin(), sa.kin());
    theirs.fading.append(&mut ours.fading);
    theirs.supersedes = ours.supersedes.take().or(theirs.supersedes);
    if let (Some(old), Some(state)) = (sa.established(), new.established()) {
        state.ends = old.ends.take().or_else(|| state.ends.take());
        // what was asked for keeps; that it be rekeyed is done
        old.tasks
            .retain(|it| !matches!(it.task, Task::Rekey | Task::Probe));
        state.tasks.append(&mut old.tasks);
        old.later.retain(|it| it.task != Task::Rekey);
        state.later.append(&mut old.later);
        old.deadlines = Deadlines::default();
    }
    if over {
        return;
    }
    let theirs = new.kin();
    theirs.contends = Some(Contest::Over);
    theirs.quiet = quiet;
    sa.kin().quiet = true;
    if let Some(secure) = &new.secure {
        cx.out.event(Event::Rekeyed {
            old: sa.facts.id,
            new: new.facts.id,
            spis: new.facts.spis,
            suite: secure.keys.suite(),
        });
    }
}

/// Whether an SA that the peer's rekeying has made while ours was under way has taken over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Contest {
    /// Our own rekeying of this SA is not answered yet.
    With(SaId),
    /// It has.
    Over,
}

/// The peer uses what its rekeying has made. So it has decided for it, or had not heard of our own
/// and will not serve that any more: the children are there (RFC 7296 §2.8.2, §2.25.2).
pub(crate) fn yield_to(cx: &mut Cx<'_>, heir: &mut Sa) {
    let Some(Contest::With(old)) = heir.contest() else {
        return;
    };
    if let Some(mut old) = cx.core.table.take(old) {
        bequeath(cx, &mut old, heir);
        cx.keep(old);
    }
}

/// After the answer to the peer's request: its SA takes over, and the peer will delete the old one.
pub(crate) fn hand_down(cx: &mut Cx<'_>, sa: &mut Sa, heir: SaId) -> Result<(), Failure> {
    inherit(cx, sa, heir)?;
    sa.state = State::Replaced(cx.now + REPLACED);
    Ok(())
}

/// Gives up our own rekeying, if one is under way, for what the peer's has made; whether there is
/// such an SA (RFC 7296 §2.8.2).
pub(crate) fn adopt(cx: &mut Cx<'_>, sa: &mut Sa) -> bool {
    let Some(state) = sa.established() else {
        return false;
    };
    if !matches!(state.exchange, Exchange::Ike(_)) {
        return false;
    }
    let Exchange::Ike(ours) = core::mem::take(&mut state.exchange) else {
        return false;
    };
    cx.give_place_back(sa);
    ours.rival.is_some_and(|it| take_over(cx, sa, it.successor))
}

/// The peer should have deleted what it replaced; now we do.
pub(crate) fn clear_away(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    sa.state = State::Closing(None);
    if sa.window.is_busy() {
        // that ends it
        return Ok(());
    }
    let payloads = alloc::vec![delete_ike()];
    cx.request(sa, ExchangeType::INFORMATIONAL, payloads)
}

/// Lets the peer's SA take over if it is still there.
fn take_over(cx: &mut Cx<'_>, sa: &mut Sa, heir: SaId) -> bool {
    let heir_lives = cx
        .core
        .table
        .get(heir)
        .is_some_and(|it| matches!(it.state, State::Established(_)));
    heir_lives && inherit(cx, sa, heir).is_ok()
}
