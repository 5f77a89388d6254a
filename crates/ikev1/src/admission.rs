//! A stranger's first message: who lets it in, and how it is turned away without keeping anything.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_endpoint::{Datagram, Phase};
use ike_ext::{Admission, Inbound, Role, Stage, Verdict};
use isakmp_wire::v1::{ProtocolId, kind};
use isakmp_wire::{ExchangeType, Flags, Header, Message, MessageWriter, OwnedPayload, Spi};

use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::output::{Attempt, Event};
use crate::payload::notify;
use crate::sa::{Facts, Sa};
use crate::send::{header, transmit};

/// Why a first message does not become an SA.
pub(crate) enum Stop {
    Silently(Dropped),
    Challenge(OwnedPayload),
    Because(Failure),
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Because(failure.into())
    }
}

/// Whether a message begins phase 1: in clear, outside of any exchange, with a proposal first. Its responder's cookie may
/// be one that a gate has given out ([MS-IKEE] §3.9.5.3).
pub(crate) fn begins(message: &Message<'_>) -> bool {
    let header = &message.header;
    let first = matches!(
        header.exchange,
        ExchangeType::MAIN_MODE | ExchangeType::AGGRESSIVE
    );
    let clear = !header.flags.contains(Flags::ENCRYPTED) && header.message_id == 0;
    first && clear && message.payloads.first_type() == kind::SA
}

/// What both exchanges do with a first message: know a repeated one, judge it, open an SA.
pub(crate) fn first_message(
    cx: &mut Cx<'_>,
    datagram: &Datagram<'_>,
    message: &Message<'_>,
    stage: Stage,
    answer: fn(&mut Cx<'_>, &mut Sa, &Inbound<'_>) -> Result<(), Stop>,
) {
    cx.asked_from = Some(datagram.into());
    let digest = cx.core.digest(message.bytes);
    let first = (message.header.initiator, datagram.remote, digest);
    if let Some(sa) = cx
        .core
        .table
        .find_first(&first)
        .and_then(|id| cx.core.table.take(id))
    {
        // RFC 2408 §5.1: the same answer, as long as nothing has followed it
        let again = sa.first.repeat.as_ref();
        match again.and_then(|it| it.answer_to(digest)) {
            Some(sent) => cx.reply(&sa, &sent),
            None => cx.dropped(datagram.remote, Dropped::Replay),
        }
        return cx.keep(sa);
    }
    let inbound = Inbound::new(
        stage,
        datagram.remote,
        message.header,
        false,
        message.payloads,
    )
    .to(datagram.local);
    let opened = admit(cx, &inbound).and_then(|own| open(cx, datagram, message, own));
    let mut sa = match opened {
        Ok(sa) => sa,
        Err(stop) => return stopped(cx, datagram, message.header, stop, Vec::new()),
    };
    cx.traced(&sa, &inbound, message.bytes.len());
    sa.remember(inbound.vendor_ids(), cx.core.config.limits.vendor_ids);
    sa.first.last_in = Some(digest);
    let done = hear(cx, &mut sa, &inbound).and_then(|()| answer(cx, &mut sa, &inbound));
    match done {
        Ok(()) => {
            cx.core.table.remember_first(sa.facts.id, first);
            cx.keep(sa);
        }
        Err(stop) => {
            let vendor_ids = core::mem::take(&mut sa.facts.vendor_ids);
            cx.close(sa);
            stopped(cx, datagram, message.header, stop, vendor_ids);
        }
    }
}

/// What the gates say, before there is any state; the cookie that the SA gets if one of them has given it out.
fn admit(cx: &mut Cx<'_>, message: &Inbound<'_>) -> Result<Option<Spi>, Stop> {
    let limits = cx.core.config.limits;
    let all = cx.core.table.half_open(None);
    let one = cx.core.table.half_open(Some(message.from.ip()));
    if all >= limits.half_open || one > limits.half_open_per_address {
        return Err(Stop::Silently(Dropped::Limit));
    }
    let cookie = message.header.responder;
    match cx.ask(None, |extensions, cx| extensions.admit(cx, message)) {
        Admission::Admit if cookie.is_zero() => Ok(None),
        Admission::Proven => Ok(Some(cookie).filter(|it| !it.is_zero())),
        Admission::Admit => Err(Stop::Silently(Dropped::UnknownSpi)),
        Admission::Challenge(payload) => Err(Stop::Challenge(payload)),
        Admission::Refuse => Err(Stop::Silently(Dropped::Extension("refused at the gate"))),
    }
}

/// An SA for the message, with a cookie of ours or one that a gate has given out.
fn open(
    cx: &mut Cx<'_>,
    datagram: &Datagram<'_>,
    message: &Message<'_>,
    cookie: Option<Spi>,
) -> Result<Box<Sa>, Stop> {
    let core = &mut *cx.core;
    let reserved = core.table.reserve(&mut core.random, cookie);
    let (id, own) = reserved.map_err(|_| Stop::Silently(Dropped::Limit))?;
    let facts = Facts {
        id,
        role: Role::Responder,
        spis: (message.header.initiator, own),
        path: datagram.into(),
        policy: None,
        phase: Phase::HalfOpen,
        mode: message.header.exchange,
        hash: None,
        vendor_ids: Vec::new(),
    };
    let mut sa = Box::new(Sa::new(facts, None, cx.now));
    sa.first.expires = Some(cx.now + cx.core.config.limits.half_open_timeout);
    Ok(sa)
}

/// What the extensions say to the message.
fn hear(cx: &mut Cx<'_>, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Stop> {
    match cx.incoming(sa, message) {
        Verdict::Continue => Ok(()),
        Verdict::Abort(reason) => Err(Failure::Refused(reason).into()),
        Verdict::Discard(reason) => Err(Stop::Silently(Dropped::Extension(reason))),
        Verdict::Consume => Err(Stop::Silently(Dropped::Unexpected)),
    }
}

/// Says no, and why, without keeping anything: a notification in clear ([MS-IKEE] §3.1.5).
fn stopped(
    cx: &mut Cx<'_>,
    datagram: &Datagram<'_>,
    asked: Header,
    stop: Stop,
    vendor_ids: Vec<Vec<u8>>,
) {
    let payload = match stop {
        Stop::Silently(dropped) => return cx.dropped(datagram.remote, dropped),
        Stop::Challenge(payload) => payload,
        Stop::Because(failure) => {
            let what = failure.notify();
            cx.out.event(Event::Refused {
                from: datagram.remote,
                failure,
                attempt: Box::new(Attempt {
                    role: Role::Responder,
                    exchange: asked.exchange,
                    vendor_ids,
                }),
            });
            let Some(what) = what else { return };
            notify(what, ProtocolId::ISAKMP, &[], &[])
        }
    };
    let Ok(id) = cx.core.fresh() else { return };
    let header = header(
        (asked.initiator, Spi::ZERO),
        ExchangeType::V1_INFORMATIONAL,
        u32::from_be_bytes(id) | 1,
        Flags::NONE,
    );
    transmit(
        cx.out,
        datagram.into(),
        &MessageWriter::message(&header, &[payload]),
    );
}
