//! Answers to IKE_SA_INIT that make us begin anew: a cookie, another group; and those that are merely noted.

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_ext::Inbound;
use ipsec_doi::GroupId;
use isakmp_wire::v2::NotifyType;

use super::AwaitInitResponse;
use crate::context::Cx;
use crate::failure::{Dropped, Failure, Incompatibility, Misbehaviour};
use crate::init::{error, notify_data};
use crate::output::Event;
use crate::sa::Sa;

/// More cookies and other groups than this are not humoured.
const MAX_RETRIES: u8 = 4;

impl AwaitInitResponse {
    /// Counts one more beginning; `false` when there have been enough, which goes on waiting for
    /// something better and is the reason in the end.
    pub(super) fn again(&mut self) -> bool {
        if self.retries >= MAX_RETRIES {
            self.reason = Some(Misbehaviour::EndlessRetry.into());
            return false;
        }
        self.retries = self.retries.saturating_add(1);
        true
    }
}

/// A cookie or another group are obeyed at once, a bounded number of times; any other refusal is
/// a hint. Returns whether to send again.
pub(super) fn refused(
    cx: &mut Cx<'_>,
    sa: &Sa,
    state: &mut AwaitInitResponse,
    message: &Inbound<'_>,
) -> Result<bool, Failure> {
    let payloads = message.payloads();
    if let Some(cookie) = notify_data(payloads, NotifyType::COOKIE).next() {
        // RFC 7296 §2.6: 1 to 64 octets
        let useless = cookie.is_empty() || cookie.len() > 64 || cookie == state.cookie;
        if useless || !state.again() {
            cx.dropped(message.from, Dropped::Unexpected);
            return Ok(false);
        }
        state.cookie = cookie.to_vec();
        return Ok(true);
    }
    if let Some(group) = notify_data(payloads, NotifyType::INVALID_KE_PAYLOAD).next() {
        return change_group(cx, sa, state, group, message.from);
    }
    match error(payloads) {
        Some(notify) => {
            cx.out.event(Event::Hint {
                sa: sa.facts.id,
                notify,
            });
            state.reason = Some(explain(cx, sa, notify));
        }
        None => cx.dropped(message.from, Dropped::Unexpected),
    }
    Ok(false)
}

/// Puts what we offered beside the peer's bare refusal.
fn explain(cx: &Cx<'_>, sa: &Sa, notify: NotifyType) -> Failure {
    match cx.core.connection(sa.connection) {
        Some(connection) if notify == NotifyType::NO_PROPOSAL_CHOSEN => Incompatibility::Ike {
            ours: connection.proposals.clone(),
            theirs: Vec::new(),
        }
        .into(),
        _ => Failure::PeerError(notify),
    }
}

/// RFC 7296 §1.3: the group must be one that we offered, and not the one that we sent.
fn change_group(
    cx: &mut Cx<'_>,
    sa: &Sa,
    state: &mut AwaitInitResponse,
    group: &[u8],
    from: SocketAddr,
) -> Result<bool, Failure> {
    let Ok(number) = <[u8; 2]>::try_from(group) else {
        return Ok(false);
    };
    let wanted = GroupId::new(u16::from_be_bytes(number));
    let core = &mut *cx.core;
    let offered = core
        .connection(sa.connection)
        .is_some_and(|it| it.proposals.iter().any(|it| it.groups.contains(&wanted)));
    if wanted == state.group {
        // a late answer to what we sent before
        cx.dropped(from, Dropped::Unexpected);
        return Ok(false);
    }
    if !offered || state.tried.contains(&wanted) || !state.again() {
        state.reason = Some(Incompatibility::Group { wanted }.into());
        cx.out.event(Event::Hint {
            sa: sa.facts.id,
            notify: NotifyType::INVALID_KE_PAYLOAD,
        });
        return Ok(false);
    }
    state.kex = core
        .provider
        .group(wanted)
        .ok_or(Failure::Crypto)?
        .start(&mut core.random)?;
    state.group = wanted;
    state.tried.push(wanted);
    Ok(true)
}
