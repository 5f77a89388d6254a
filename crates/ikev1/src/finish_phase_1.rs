//! Phase 1 is done: what follows from it.

use alloc::boxed::Box;
use alloc::string::String;

use ike_endpoint::Phase;
use ike_ext::{Conclusion, Lifecycle, Role, Stage};
use isakmp_wire::ExchangeType;

use crate::auth::{Proven, Verified};
use crate::context::Cx;
use crate::failure::Failure;
use crate::output::{self, Event, KeyLog};
use crate::sa::{Established, Sa, State};
use crate::{informational, quick_mode, transaction};

/// The last message of aggressive mode, which nothing answers.
const UNANSWERED: Stage = Stage::new(ExchangeType::AGGRESSIVE, 3);

/// Something of phase 2 has come: the last message of aggressive mode has arrived.
pub(crate) fn heard(sa: &mut Sa) {
    if let Some(repeat) = &mut sa.first.repeat
        && repeat.sent.stage == UNANSWERED
    {
        repeat.rest();
    }
}

/// The peer's proof of phase 1 is right.
pub(crate) fn done(cx: &mut Cx<'_>, sa: &mut Sa, proven: Proven) -> Result<(), Failure> {
    if let Some(repeat) = &mut sa.first.repeat
        && repeat.sent.stage != UNANSWERED
    {
        repeat.rest();
    }
    let contact = proven.initial_contact;
    match proven.finish() {
        Ok(verified) => establish(cx, sa, verified, contact),
        Err(proven) => {
            let expires = cx.now + cx.core.config.limits.half_open_timeout;
            sa.first.expires = Some(expires);
            sa.state = State::AwaitXauth(Box::new(proven));
            transaction::begin_xauth(cx, sa)
        }
    }
}

/// Both sides have proved everything.
pub(crate) fn establish(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    peer: Verified,
    contact: bool,
) -> Result<(), Failure> {
    if let Conclusion::Decline(payload) = cx.extensions.conclusion(sa.facts.id) {
        informational::inform(cx, sa, alloc::vec![payload]);
        cx.failed(sa, Failure::Refused("it has served its purpose"));
        return Ok(());
    }
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let (suite, method) = (secure.keys.suite(), secure.method);
    let connection = cx.core.connection_of(sa)?;
    let (lifetime, policy) = (connection.lifetime, connection.policy);
    // a peer without an address to begin at cannot be called
    let callable = connection.remote.is_some();
    let began = sa.facts.role == Role::Initiator;
    let soft = cx.core.soft(lifetime.time, lifetime.margin, began);
    let event = output::Established {
        sa: sa.facts.id,
        policy,
        role: sa.facts.role,
        spis: sa.facts.spis,
        suite,
        mode: sa.facts.mode,
        method,
        remote_id: peer.identity().clone(),
        user: peer.user().map(String::from),
        ends: (sa.facts.path.local, sa.facts.path.remote),
        span: (sa.began, cx.now),
    };
    sa.first.expires = None;
    sa.facts.phase = Phase::Established;
    sa.state = State::Established(Box::new(Established {
        peer,
        rekey: callable.then(|| cx.now + soft),
        expires: cx.now + lifetime.time,
        probe: None,
        asked: None,
        heard: None,
        configuring: false,
        leasing: None,
        quick_modes: 0,
    }));
    cx.out.event(Event::Established(Box::new(event)));
    cx.lifecycle(sa, Lifecycle::Established);
    if contact {
        informational::initial_contact(cx, sa);
    }
    let replaces = sa.replaces.is_some();
    cx.succeed(sa);
    if replaces {
        return Ok(());
    }
    if let Some(all) = sa.wanted.take() {
        quick_mode::fulfil(cx, sa, all);
        return Ok(());
    }
    transaction::begin_configuration(cx, sa)?;
    let waits = matches!(&sa.state, State::Established(it) if it.configuring);
    if began && !waits {
        quick_mode::initiator::open_all(cx, sa);
    }
    Ok(())
}

/// Reports the encryption key of an IKE SA where the configuration asks for it.
pub(crate) fn log_keys(cx: &mut Cx<'_>, sa: &Sa) {
    if !cx.core.config.key_log {
        return;
    }
    let log: Option<KeyLog> = sa
        .secure
        .as_ref()
        .and_then(|it| it.keys.log(cx.core.provider, sa.facts.spis).ok());
    if let Some(log) = log {
        cx.out.event(Event::KeyLog(Box::new(log)));
    }
}
