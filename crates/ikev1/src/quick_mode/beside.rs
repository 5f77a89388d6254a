//! Quick modes that are wanted where no more are to be: an SA that has had its number of them stands, and another one is
//! negotiated beside it ([MS-IKEE] §3.8.7.2).

use alloc::vec::Vec;

use crate::context::Cx;
use crate::failure::Incompatibility;
use crate::main_mode;
use crate::quick_mode::initiator::{self, Predecessor};
use crate::sa::{Sa, State, Step, same_peer};

/// What an SA is negotiated for beside another one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Wanted {
    /// The connection's child at this index.
    Open(usize),
    /// The successor of one, with its index.
    Renew(usize, Predecessor),
}

/// Whether no further quick mode is negotiated under an SA.
pub(crate) fn is_spent(cx: &Cx<'_>, sa: &Sa) -> bool {
    let connection = cx.core.connection(sa.connection);
    let Some(limit) = connection.and_then(|it| it.lifetime.quick_modes) else {
        return false;
    };
    let State::Established(state) = &sa.state else {
        return false;
    };
    let open = |step: &Step| matches!(step, Step::Answer(_) | Step::Proof(_) | Step::Connected(_));
    let under_way = sa.exchanges.iter().filter(|it| open(&it.step)).count();
    let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
    state.quick_modes.saturating_add(under_way) >= limit.get()
}

/// Sees to a quick mode under another SA with the peer: one that stands, one that is on its way, or a new one.
pub(crate) fn elsewhere(cx: &mut Cx<'_>, sa: &mut Sa, wanted: Wanted) {
    if let Wanted::Renew(_, old) = &wanted {
        let mut all = cx.core.table.iter().flat_map(|it| &it.exchanges);
        if all.any(|it| matches!(&it.step, Step::Answer(it) if it.replaces == Some(old.id))) {
            return;
        }
        let again = cx.now + core::time::Duration::from_secs(60);
        if let Some(entry) = sa.children.iter_mut().find(|it| it.id == old.id) {
            entry.rekey = Some(again).filter(|it| *it < entry.expires);
        }
    }
    let stands = cx.core.table.iter().find(|it| {
        matches!(it.state, State::Established(_)) && same_peer(it, sa) && !is_spent(cx, it)
    });
    let stands = stands.map(|it| it.facts.id);
    let coming = cx
        .core
        .table
        .iter()
        .find(|it| it.wanted.is_some() && it.facts.policy == sa.facts.policy);
    let coming = coming.map(|it| it.facts.id);
    if let Some(other) = stands {
        return cx.with(other, |cx, other| {
            begin(cx, other, wanted);
            Ok(())
        });
    }
    let new = match (coming, sa.connection) {
        (Some(id), _) => Some(id),
        (None, Some(index)) => main_mode::initiator::begin(cx, index, sa.facts.path, None).ok(),
        (None, None) => None,
    };
    let Some(new) = new else {
        return initiator::over(cx, sa, None, Incompatibility::QuickModes.into());
    };
    cx.with(new, |_, new| {
        let all = new.wanted.get_or_insert_default();
        if !all.contains(&wanted) {
            all.push(wanted);
        }
        Ok(())
    });
}

/// The SA stands that was begun for these.
pub(crate) fn fulfil(cx: &mut Cx<'_>, sa: &mut Sa, all: Vec<Wanted>) {
    let elder = cx.heir(sa).and_then(|it| cx.core.table.get(it));
    if let Some(elder) = elder {
        sa.assigned.clone_from(&elder.assigned);
    }
    for it in all {
        begin(cx, sa, it);
    }
}

fn begin(cx: &mut Cx<'_>, sa: &mut Sa, wanted: Wanted) {
    match wanted {
        Wanted::Open(index) => initiator::open(cx, sa, index),
        Wanted::Renew(index, old) => initiator::renew(cx, sa, index, old),
    }
}
