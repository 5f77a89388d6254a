//! XAUTH: a user proves itself after phase 1 (draft-beaulieu-ike-xauth-02).

use alloc::string::String;
use alloc::vec::Vec;

use ike_crypto::SecretVec;
use isakmp_wire::v1::{ConfigAttribute, ConfigType, Configuration};
use isakmp_wire::{Attribute, AttributeValue, OwnedAttribute};

use super::{What, ask, respond};
use crate::auth::{self, Passed};
use crate::authentication::Xauth;
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Dropped, Failure};
use crate::finish_phase_1::establish;
use crate::sa::{Exchange, Sa, State};

/// XAUTH_STATUS: success.
const OK: u16 = 1;
/// XAUTH_STATUS: failure.
const FAIL: u16 = 0;

/// After phase 1 the server asks; the client waits for it.
pub(crate) fn begin(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    let connection = cx.core.connection_of(sa)?;
    if !matches!(connection.authentication.xauth, Some(Xauth::Server(_))) {
        return Ok(());
    }
    let empty = |kind: ConfigAttribute| OwnedAttribute::long(kind.get(), Vec::new());
    let wanted = [
        empty(ConfigAttribute::XAUTH_USER_NAME),
        empty(ConfigAttribute::XAUTH_USER_PASSWORD),
    ];
    ask(cx, sa, ConfigType::REQUEST, &wanted, What::Credentials)
}

/// The octets of an attribute in the long form.
fn octets<'a>(config: &Configuration<'a>, kind: ConfigAttribute) -> Option<&'a [u8]> {
    match config.attributes.first(kind.get())?.value {
        AttributeValue::Long(octets) => Some(octets),
        AttributeValue::Short(_) => None,
    }
}

/// As client: the server asks for name and password.
pub(crate) fn on_request(
    cx: &mut Cx<'_>,
    sa: &Sa,
    exchange: &mut Exchange,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    let connection = cx.core.connection_of(sa)?;
    let Some(Xauth::Client(user)) = &connection.authentication.xauth else {
        cx.dropped(sa.facts.path.remote, Dropped::Unexpected);
        return Ok(());
    };
    // a password is not copied more often than it takes
    let secret = SecretVec::from(user.password.as_slice());
    let name = user.name.clone();
    let answer = |it: Attribute<'_>| match ConfigAttribute::new(it.kind) {
        ConfigAttribute::XAUTH_USER_NAME => Some(Attribute::long(it.kind, name.as_bytes())),
        ConfigAttribute::XAUTH_USER_PASSWORD => Some(Attribute::long(it.kind, secret.as_slice())),
        ConfigAttribute::XAUTH_TYPE => Some(Attribute::short(it.kind, 0)),
        _ => None,
    };
    let reply: Vec<_> = config.attributes.iter().filter_map(answer).collect();
    respond(
        cx,
        sa,
        exchange,
        ConfigType::REPLY,
        config.identifier,
        &reply,
    )
}

/// As server: here they are.
pub(crate) fn on_credentials(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    let name = octets(config, ConfigAttribute::XAUTH_USER_NAME).unwrap_or_default();
    let password = octets(config, ConfigAttribute::XAUTH_USER_PASSWORD).unwrap_or_default();
    let passed = auth::check_password(cx, sa, name, password)?;
    let status = if passed.is_some() { OK } else { FAIL };
    if passed.is_none() {
        sa.first.user = Some(String::from_utf8_lossy(name).into_owned());
    }
    let outcome = [OwnedAttribute::short(
        ConfigAttribute::XAUTH_STATUS.get(),
        status,
    )];
    ask(cx, sa, ConfigType::SET, &outcome, What::Outcome(passed))
}

/// As server: the client knows how it went.
pub(crate) fn on_acknowledged(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    passed: Option<Passed>,
) -> Result<(), Failure> {
    match passed {
        Some(passed) => succeed(cx, sa, passed),
        None => Err(AuthenticationFailure::Xauth {
            user: sa.first.user.take().unwrap_or_default(),
        }
        .into()),
    }
}

/// As client: how it went.
pub(crate) fn on_outcome(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: &mut Exchange,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    let connection = cx.core.connection_of(sa)?;
    let Some(Xauth::Client(user)) = &connection.authentication.xauth else {
        cx.dropped(sa.facts.path.remote, Dropped::Unexpected);
        return Ok(());
    };
    let name = user.name.clone();
    let status = config.attributes.first(ConfigAttribute::XAUTH_STATUS.get());
    let Some(status) = status.and_then(|it| it.number()) else {
        cx.dropped(sa.facts.path.remote, Dropped::Unexpected);
        return Ok(());
    };
    let empty = Attribute::long(ConfigAttribute::XAUTH_STATUS.get(), &[]);
    respond(
        cx,
        sa,
        exchange,
        ConfigType::ACK,
        config.identifier,
        &[empty],
    )?;
    if status != u64::from(OK) {
        return Err(AuthenticationFailure::Xauth { user: name }.into());
    }
    succeed(cx, sa, auth::told_success())
}

fn succeed(cx: &mut Cx<'_>, sa: &mut Sa, passed: Passed) -> Result<(), Failure> {
    match core::mem::replace(&mut sa.state, State::Closed) {
        State::AwaitXauth(proven) => {
            let contact = proven.initial_contact;
            establish(cx, sa, proven.with(passed), contact)
        }
        other @ (State::Main(_)
        | State::Aggressive(_)
        | State::Established(_)
        | State::Lingering(_)
        | State::Closing
        | State::Closed) => {
            sa.state = other;
            Ok(())
        }
    }
}
