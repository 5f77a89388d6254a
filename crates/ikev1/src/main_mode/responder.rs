//! The responder's half of main mode.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::{Admission, Inbound, Role, Stage, Verdict};
use ipsec_doi::v1::Phase1;
use isakmp_wire::v1::{ProtocolId, SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Flags, Message, OwnedPayload, Spi};

use crate::auth::{self, Transcript};
use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::input::Datagram;
use crate::main_mode::{Agreed, Half, MainMode, derive, start, vendor_ids};
use crate::output::{Attempt, Event};
use crate::payload::{notify, one};
use crate::sa::{Facts, Phase, Sa, State};
use crate::select::{self, Chosen, is_for};
use crate::send::{Outgoing, encode_clear, header, transmit};

/// Message 2 is out; the initiator's half of the key exchange is awaited.
#[derive(Debug)]
pub(crate) struct AwaitKey {
    offer: Phase1,
    /// The body of the initiator's SA payload.
    sa: Vec<u8>,
}

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

/// Takes message 1 from anybody. Nothing is kept before it has passed every check.
pub(crate) fn on_first(cx: &mut Cx<'_>, datagram: &Datagram<'_>, message: &Message<'_>) {
    let stage = Stage::main_mode(1);
    first_message(cx, datagram, message, stage, answer);
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
    let limits = cx.core.config.limits;
    let all = cx.core.table.half_open(None);
    let one = cx.core.table.half_open(Some(datagram.remote.ip()));
    if all >= limits.half_open || one >= limits.half_open_per_address {
        return cx.dropped(datagram.remote, Dropped::Limit);
    }
    let core = &mut *cx.core;
    let Ok((id, own)) = core.table.reserve(&mut core.random) else {
        return cx.dropped(datagram.remote, Dropped::Limit);
    };
    let facts = Facts {
        id,
        role: Role::Responder,
        spis: (message.header.initiator, own),
        path: datagram.into(),
        policy: None,
        phase: Phase::HalfOpen,
        mode: stage.exchange,
        vendor_ids: Vec::new(),
    };
    let mut sa = Box::new(Sa::new(facts, None, cx.now));
    let payloads = message.payloads;
    let inbound = Inbound::new(stage, datagram.remote, message.header, false, payloads);
    cx.traced(&sa, &inbound, message.bytes.len());
    sa.remember(inbound.vendor_ids(), limits.vendor_ids);
    sa.first.last_in = Some(digest);
    sa.first.expires = Some(cx.now + limits.half_open_timeout);
    let done = admit(cx, &mut sa, &inbound).and_then(|()| answer(cx, &mut sa, &inbound));
    match done {
        Ok(()) => {
            cx.core.table.remember_first(id, first);
            cx.keep(sa);
        }
        Err(stop) => {
            let attempt = Attempt {
                role: Role::Responder,
                exchange: stage.exchange,
                vendor_ids: core::mem::take(&mut sa.facts.vendor_ids),
            };
            cx.close(sa);
            stopped(cx, datagram, message.header.initiator, stop, attempt);
        }
    }
}

/// What the extensions say to a stranger's first message.
fn admit(cx: &mut Cx<'_>, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Stop> {
    match cx.ask(Some(sa), |extensions, cx| extensions.admit(cx, message)) {
        Admission::Admit => {}
        Admission::Challenge(payload) => return Err(Stop::Challenge(payload)),
        Admission::Refuse => return Err(Stop::Silently(Dropped::Extension("refused at the gate"))),
    }
    match cx.incoming(sa, message) {
        Verdict::Continue => Ok(()),
        Verdict::Abort(reason) => Err(Failure::Refused(reason).into()),
        Verdict::Discard(reason) => Err(Stop::Silently(Dropped::Extension(reason))),
        Verdict::Consume => Err(Stop::Silently(Dropped::Unexpected)),
    }
}

/// Says no, and why, without keeping anything: a notification in clear ([MS-IKEE] §3.1.5).
fn stopped(cx: &mut Cx<'_>, datagram: &Datagram<'_>, spi: Spi, stop: Stop, attempt: Attempt) {
    let payload = match stop {
        Stop::Silently(dropped) => return cx.dropped(datagram.remote, dropped),
        Stop::Challenge(payload) => payload,
        Stop::Because(failure) => {
            let what = failure.notify();
            cx.out.event(Event::Refused {
                from: datagram.remote,
                failure,
                attempt: Box::new(attempt),
            });
            let Some(what) = what else { return };
            notify(what, ProtocolId::ISAKMP, &[], &[])
        }
    };
    let Ok(id) = cx.core.fresh() else { return };
    let header = header(
        (spi, Spi::ZERO),
        ExchangeType::V1_INFORMATIONAL,
        u32::from_be_bytes(id) | 1,
        Flags::NONE,
    );
    transmit(cx.out, datagram.into(), &encode_clear(&header, &[payload]));
}

/// The choice among the connections that addresses, extensions and `filter` allow.
pub(crate) fn choose(
    cx: &Cx<'_>,
    sa: &mut Sa,
    body: &SecurityAssociation<'_>,
    filter: impl Fn(&crate::Connection) -> bool,
) -> Result<Chosen, Failure> {
    let path = sa.facts.path;
    let candidates: Vec<_> = cx
        .core
        .config
        .connections
        .iter()
        .enumerate()
        .filter(|(_, it)| {
            is_for(it, path.local, path.remote)
                && filter(it)
                && cx.extensions.permits(sa.facts.id, it.policy)
        })
        .collect();
    let chosen = select::choose(candidates.into_iter(), cx.core.provider, body)?;
    sa.connection = Some(chosen.connection);
    let connection = cx.core.connection_of(sa)?;
    sa.facts.policy = Some(connection.policy);
    Ok(chosen)
}

/// Message 1: chooses a suite.
fn answer(cx: &mut Cx<'_>, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Stop> {
    let raw = one(message.payloads(), kind::SA)?;
    let body = SecurityAssociation::parse(raw)?;
    let chosen = choose(cx, sa, &body, |_| true)?;
    let mut payloads = alloc::vec![OwnedPayload::new(kind::SA, chosen.answer)];
    payloads.extend(vendor_ids(cx.core.connection_of(sa)?));
    let sent = cx.clear(sa, Outgoing::first(Stage::main_mode(2), payloads));
    cx.send_first(sa, sent);
    sa.state = State::Main(MainMode::AwaitKey(Box::new(AwaitKey {
        offer: chosen.offer,
        sa: raw.body.to_vec(),
    })));
    Ok(())
}

impl AwaitKey {
    /// Message 3: answers with our half of the key exchange, and derives the keys.
    pub(crate) fn handle(
        self,
        cx: &mut Cx<'_>,
        sa: &mut Sa,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let theirs = Half::read(message.payloads())?;
        let (kex, half) = start(cx, self.offer.suite.group)?;
        let mut payloads = half.payloads();
        payloads.extend(auth::requests(cx, sa, self.offer.auth));
        let public = theirs.public.clone();
        let agreed = Agreed {
            offer: self.offer,
            halves: (theirs, half),
        };
        derive(cx, sa, kex, &public, &agreed)?;
        let sent = cx.clear(sa, Outgoing::first(Stage::main_mode(4), payloads));
        cx.send_first(sa, sent);
        sa.state = State::Main(MainMode::AwaitProof(Box::new(Transcript {
            sa: self.sa,
            publics: (agreed.halves.0.public, agreed.halves.1.public),
        })));
        Ok(())
    }
}

/// Message 6: our own proof, once the peer's is right.
pub(crate) fn conclude(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    transcript: &Transcript,
) -> Result<(), Failure> {
    let id = auth::own_identity(cx, sa)?;
    let proof = auth::prove(cx, sa, transcript, &id)?;
    let mut payloads = alloc::vec![OwnedPayload::new(kind::ID, id)];
    payloads.extend(proof);
    let sent = cx.sealed(sa, Outgoing::first(Stage::main_mode(6), payloads))?;
    cx.send_last(sa, sent);
    Ok(())
}
