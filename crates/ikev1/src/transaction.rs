//! The transaction exchange: XAUTH and mode config (draft-dukes-ike-mode-cfg-02, draft-beaulieu-ike-xauth-02).

use alloc::vec::Vec;

use ike_ext::{Inbound, Stage};
use isakmp_wire::v1::kind::ATTRIBUTES;
use isakmp_wire::v1::{ConfigType, Configuration};
use isakmp_wire::{Attribute, AttributeValue, Encode, ExchangeType, OwnedAttribute, OwnedPayload};

use crate::context::Cx;
use crate::failure::{Dropped, Failure, Incompatibility};
use crate::payload::one;
use crate::retransmit::Repeat;
use crate::sa::{Exchange, Sa, State, Step};
use crate::send::{Cover, Outgoing};

mod configuration;
mod lease;
mod xauth;

pub(crate) use configuration::begin as begin_configuration;
pub(crate) use lease::{Leasing, assign};
pub(crate) use xauth::begin as begin_xauth;

/// What we have asked.
#[derive(Debug)]
pub(crate) struct Asked {
    what: What,
}

/// What the answer is about.
#[derive(Debug)]
pub(crate) enum What {
    /// Name and password.
    Credentials,
    /// That the outcome of XAUTH has arrived; if it was a success.
    Outcome(Option<crate::auth::Passed>),
    /// Addresses.
    Addresses,
    /// That addresses have arrived.
    Pushed,
}

/// Asks or sets something.
pub(crate) fn ask(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    kind: ConfigType,
    attributes: &[OwnedAttribute],
    what: What,
) -> Result<(), Failure> {
    let identifier = u16::from_be_bytes(cx.core.fresh()?);
    let step = Step::Transaction(Asked { what });
    let mut exchange = cx.exchange(sa, ExchangeType::TRANSACTION, step)?;
    let stage = Stage::new(ExchangeType::TRANSACTION, 1);
    let payloads = alloc::vec![payload(kind, identifier, &borrowed(attributes))];
    let outgoing = Outgoing::second(stage, exchange.message_id, payloads);
    let sent = cx.hashed(sa, outgoing, &Cover::plain(), &mut exchange.iv)?;
    cx.send(sa, &sent);
    exchange.repeat = Some(Repeat::new(sent, exchange.last_in, cx.schedule(sa, stage)));
    sa.exchanges.push(exchange);
    Ok(())
}

/// Answers in the exchange in which we were asked.
fn respond(
    cx: &mut Cx<'_>,
    sa: &Sa,
    exchange: &mut Exchange,
    kind: ConfigType,
    identifier: u16,
    attributes: &[Attribute<'_>],
) -> Result<(), Failure> {
    let stage = Stage::new(ExchangeType::TRANSACTION, 2);
    let payloads = alloc::vec![payload(kind, identifier, attributes)];
    let outgoing = Outgoing::second(stage, exchange.message_id, payloads);
    let sent = cx.hashed(sa, outgoing, &Cover::plain(), &mut exchange.iv)?;
    cx.reply(sa, &sent);
    exchange.repeat = Some(Repeat::new(sent, exchange.last_in, None));
    Ok(())
}

/// The payload, in one piece: what grows leaves copies of a password behind.
fn payload(kind: ConfigType, identifier: u16, attributes: &[Attribute<'_>]) -> OwnedPayload {
    let octets = |it: &Attribute<'_>| match it.value {
        AttributeValue::Long(value) => value.len().saturating_add(4),
        AttributeValue::Short(_) => 4,
    };
    let room: usize = attributes.iter().map(octets).sum();
    let mut body = Vec::with_capacity(room.saturating_add(4));
    Configuration::write_head(kind, identifier, &mut body);
    for it in attributes {
        it.encode(&mut body);
    }
    OwnedPayload::new(ATTRIBUTES, body)
}

fn borrowed(attributes: &[OwnedAttribute]) -> Vec<Attribute<'_>> {
    attributes
        .iter()
        .map(OwnedAttribute::as_attribute)
        .collect()
}

/// Takes an authentic message of a transaction.
pub(crate) fn on_message(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut exchange: Exchange,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let parsed = one(message.payloads(), ATTRIBUTES).and_then(|raw| Ok(Configuration::parse(raw)?));
    let Ok(config) = parsed else {
        sa.exchanges.push(exchange);
        cx.dropped(message.from, Dropped::Unexpected);
        return Ok(());
    };
    match (
        core::mem::replace(&mut exchange.step, Step::Done),
        config.kind,
    ) {
        // the message ID says which question it is: some peers do not copy the identifier
        (Step::Transaction(asked), ConfigType::REPLY | ConfigType::ACK) => {
            if let Some(repeat) = &mut exchange.repeat {
                repeat.rest();
            }
            sa.exchanges.push(exchange);
            on_answer(cx, sa, asked.what, &config)
        }
        (Step::Done, ConfigType::REQUEST | ConfigType::SET) if exchange.repeat.is_none() => {
            let done = on_question(cx, sa, &mut exchange, &config);
            // without an answer it came too early, perhaps: it is looked at again when it comes again
            if exchange.repeat.is_some() || lease::waits(sa, exchange.message_id) {
                sa.exchanges.push(exchange);
            }
            done
        }
        (step, _) => {
            exchange.step = step;
            sa.exchanges.push(exchange);
            cx.dropped(message.from, Dropped::Unexpected);
            Ok(())
        }
    }
}

fn on_answer(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    what: What,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    match what {
        What::Credentials => xauth::on_credentials(cx, sa, config),
        What::Outcome(passed) => xauth::on_acknowledged(cx, sa, passed),
        What::Addresses => configuration::on_assigned(cx, sa, config),
        What::Pushed => Ok(()),
    }
}

/// The peer asks or sets something: XAUTH before the SA stands, addresses after.
fn on_question(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: &mut Exchange,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    match (&sa.state, config.kind) {
        (State::AwaitXauth(_), ConfigType::REQUEST) => xauth::on_request(cx, sa, exchange, config),
        (State::AwaitXauth(_), ConfigType::SET) => xauth::on_outcome(cx, sa, exchange, config),
        (State::Established(_), ConfigType::REQUEST) => {
            configuration::on_request(cx, sa, exchange, config)
        }
        (State::Established(_), ConfigType::SET) => {
            configuration::on_push(cx, sa, exchange, config)
        }
        _ => {
            cx.dropped(sa.facts.path.remote, Dropped::Unexpected);
            Ok(())
        }
    }
}

/// Nobody answered.
pub(crate) fn silent(cx: &mut Cx<'_>, sa: &Sa, asked: &Asked) -> Result<(), Failure> {
    let waits = matches!(sa.state, State::AwaitXauth(_));
    match asked.what {
        What::Credentials | What::Outcome(_) if waits => Err(crate::finish::time_out(sa)),
        What::Addresses => Err(Incompatibility::Addresses.into()),
        What::Credentials | What::Outcome(_) | What::Pushed => {
            cx.dropped(sa.facts.path.remote, Dropped::Unexpected);
            Ok(())
        }
    }
}
