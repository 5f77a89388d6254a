//! One SA in another's place between the same two identities: INITIAL_CONTACT (RFC 7296 §2.4) and
//! reauthentication (RFC 7296 §2.8.3).

use alloc::vec::Vec;

use ike_endpoint::Phase;
use ike_ext::SaId;
use ipsec_doi::Identity;
use isakmp_wire::PayloadChain;
use isakmp_wire::v2::{IdType, NotifyType};

use crate::auth::Verified;
use crate::context::Cx;
use crate::init::{self, notifies};
use crate::lifetime::postpone;
use crate::output::CloseReason;
use crate::sa::{Sa, State, Task};

/// Whether we may say that this is our only SA with the peer.
pub(crate) fn is_first(cx: &Cx<'_>, sa: &Sa) -> bool {
    let connection = cx.core.connection(sa.connection);
    let others = || {
        let all = cx.core.table.iter();
        all.filter(|it| it.facts.id != sa.facts.id)
            .filter(|it| it.facts.policy == sa.facts.policy || same_identities(cx, it, sa))
    };
    connection.is_some_and(|it| it.initial_contact)
        && !others().any(|it| match &it.state {
            State::AwaitAuthResponse(_) | State::AwaitTrust(_) => true,
            State::Established(_) => same_peer(it, sa),
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed => false,
        })
}

/// Whether two SAs, perhaps of different connections, are known to be between the same identities:
/// those that were proved, or those that are expected.
fn same_identities(cx: &Cx<'_>, a: &Sa, b: &Sa) -> bool {
    let ends = |sa: &Sa| {
        let ids = &cx.core.connection(sa.connection)?.authentication;
        let remote = remote_id(sa).cloned().or_else(|| ids.remote_id.clone())?;
        Some((ids.local_id.clone(), remote))
    };
    ends(a).is_some_and(|it| Some(it) == ends(b))
}

/// Whether two SAs of one connection may have the same peer; one that has not proved who it is may
/// be anybody.
fn same_peer(a: &Sa, b: &Sa) -> bool {
    match (remote_id(a), remote_id(b)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn remote_id(sa: &Sa) -> Option<&Identity> {
    sa.verified().map(Verified::identity)
}

/// Once both sides are authenticated, ends what the new SA leaves no place for.
pub(crate) fn established(cx: &mut Cx<'_>, sa: &Sa, payloads: PayloadChain<'_>) {
    let connection = cx.core.connection(sa.connection);
    let unique = connection.is_some_and(|it| it.unique);
    let Some(local) = connection.map(|it| it.authentication.local_id.clone()) else {
        return;
    };
    let Some(remote) = remote_id(sa).filter(|it| it.kind != IdType::NULL) else {
        return;
    };
    let first = notifies(payloads).any(|it| it.kind == NotifyType::INITIAL_CONTACT);
    if !first && !unique {
        return;
    }
    let remote = remote.clone();
    for id in others(cx, sa, &local, &remote) {
        let forgotten = first && stood_before(cx, id, sa);
        if !forgotten && !unique {
            continue;
        }
        if forgotten {
            if let Some(mut old) = cx.core.table.take(id) {
                cx.end(&mut old, Some(CloseReason::Superseded));
                cx.keep(old);
            }
        } else if sa.supersedes() != Some(id) {
            cx.queue_task(id, Task::Delete(CloseReason::Superseded));
        }
    }
}

/// Whether an SA stood before this one was begun. What came to stand later the peer cannot have
/// forgotten in between: its INITIAL_CONTACT was overtaken.
fn stood_before(cx: &Cx<'_>, id: SaId, sa: &Sa) -> bool {
    let other = cx.core.table.get(id);
    other.is_some_and(|it| match &it.state {
        State::Established(state) => state.since < sa.began,
        State::AwaitInitResponse(_)
        | State::AwaitAuthRequest(_)
        | State::AwaitAuthResponse(_)
        | State::AwaitTrust(_)
        | State::Closing(_)
        | State::Prepared(_)
        | State::Replaced(_)
        | State::Lingering(_)
        | State::Closed => false,
    })
}

/// The other established SAs between these identities.
fn others(cx: &Cx<'_>, sa: &Sa, local: &Identity, remote: &Identity) -> Vec<SaId> {
    let all = cx.core.table.iter();
    let others = all.filter(|it| {
        let connection = cx.core.connection(it.connection);
        it.facts.id != sa.facts.id
            && it.facts.phase == Phase::Established
            && remote_id(it) == Some(remote)
            && connection.is_some_and(|it| it.authentication.local_id == *local)
    });
    others.map(|it| it.facts.id).collect()
}

/// Whether we could begin a negotiation of this SA's connection.
pub(crate) fn can_begin(cx: &Cx<'_>, sa: &Sa) -> bool {
    let connection = cx.core.connection(sa.connection);
    connection.is_some_and(|it| it.remote.is_some() && !it.children.is_empty())
}

/// Begins the SA that is to take this one's place with fresh proofs. The old one goes when the new
/// one has all of its children.
pub(crate) fn reauthenticate(cx: &mut Cx<'_>, sa: &mut Sa, tries: u8) {
    let id = sa.facts.id;
    let begun = cx.core.table.iter().any(|it| it.supersedes() == Some(id));
    let Some(index) = sa.connection.filter(|_| !begun && can_begin(cx, sa)) else {
        return;
    };
    match init::start(cx, index, sa.facts.path.local.ip()) {
        Ok(new) => {
            if let Some(mut new) = cx.core.table.take(new) {
                new.kin().supersedes = Some(sa.facts.id);
                cx.keep(new);
            }
        }
        Err(_) => postpone(cx, sa, Task::Reauthenticate, tries),
    }
}

/// A new SA stands; it opens the children that the old one has besides the first.
pub(crate) fn catch_up(cx: &Cx<'_>, sa: &mut Sa) {
    let Some(old) = sa.supersedes().and_then(|it| cx.core.table.get(it)) else {
        return;
    };
    let used = old.children.iter().filter(|it| it.successor.is_none());
    let mut indices: Vec<usize> = used.map(|it| it.index).filter(|it| *it != 0).collect();
    indices.sort_unstable();
    indices.dedup();
    if let Some(state) = sa.established() {
        for index in indices {
            state.enqueue(Task::CreateChild(index));
        }
    }
}

/// An SA has nothing left to do: if it came to take another's place, that one goes now; but what
/// stands is worth more than fresh proofs, so if the new SA lacks a child of the old one's, the new
/// one goes. Returns whether the SA has a task again.
pub(crate) fn complete(cx: &mut Cx<'_>, sa: &mut Sa) -> bool {
    let settled = sa.established().is_some_and(|it| it.later.is_empty());
    let Some(old) = sa.supersedes().filter(|_| settled) else {
        return false;
    };
    if !lacks_children(cx, sa, old) {
        sa.kin().supersedes = None;
        cx.queue_task(old, Task::Delete(CloseReason::Reauthenticated));
        return false;
    }
    abandoned(cx, sa);
    sa.kin().supersedes = None;
    if let Some(state) = sa.established() {
        state.enqueue(Task::Delete(CloseReason::Superseded));
    }
    true
}

/// Whether the older of two SAs has a child that the newer one has not.
fn lacks_children(cx: &Cx<'_>, new: &Sa, old: SaId) -> bool {
    let Some(old) = cx.core.table.get(old) else {
        return false;
    };
    let has = |index| new.children.iter().any(|it| it.index == index);
    let mut used = old.children.iter().filter(|it| it.successor.is_none());
    used.any(|it| !has(it.index))
}

/// A negotiation has come to nothing; the SA in whose place it was to come tries again later.
pub(crate) fn abandoned(cx: &mut Cx<'_>, sa: &Sa) {
    if let Some(old) = sa.supersedes() {
        cx.with(old, |cx, old| {
            postpone(cx, old, Task::Reauthenticate, 3);
            Ok(())
        });
    }
}
