//! The responder's half of IKE_SA_INIT.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_crypto::Random;
use ike_endpoint::{Datagram, Phase};
use ike_ext::{Admission, Inbound, Role, SaId, Stage, Verdict};
use ipsec_doi::{IkeProposal, IkeSuite};
use isakmp_wire::v2::{NotifyType, kind};
use isakmp_wire::{ExchangeType, Message, MessageWriter, OwnedPayload, Spi};

use crate::attempt::vendor_ids;
use crate::auth::{Transcript, certificates, signature};
use crate::auth_exchange::AwaitAuthRequest;
use crate::config::Connection;
use crate::context::Cx;
use crate::failure::{Dropped, Failure, Incompatibility, Misbehaviour};
use crate::init::{InitPayloads, NONCE, key_exchange, notify_data, unknown_critical};
use crate::keys::{Exchanged, Keys};
use crate::nat::{self, Nat};
use crate::output::Event;
use crate::sa::{Facts, Sa, Secure, State};
use crate::select::{self, Chosen, Place};
use crate::send::{header, notify, transmit};

/// Whether a connection may serve a peer at these addresses.
pub(crate) fn is_for(connection: &Connection, local: SocketAddr, remote: SocketAddr) -> bool {
    connection.local.is_none_or(|it| it == local.ip())
        && connection.remote.is_none_or(|it| it.address == remote.ip())
}

/// Takes a first message from anybody. Nothing is kept before it has passed every check.
pub(crate) fn on_request(cx: &mut Cx<'_>, datagram: &Datagram<'_>, message: &Message<'_>) {
    let spi = message.header.initiator;
    let first = (spi, datagram.remote, cx.core.cookies.digest(message.bytes));
    if let Some(id) = cx.core.table.find_first(&first) {
        cx.asked_from = Some(datagram.into());
        repeat(cx, id);
        return;
    }
    let payloads = match deserves_state(cx, datagram, message) {
        Ok(payloads) => payloads,
        Err(stop) => return stopped(cx, datagram, spi, stop),
    };
    let (id, own) = match cx.core.table.reserve(&mut cx.core.random, None) {
        Ok(reserved) => reserved,
        Err(error) => return refuse(cx, datagram, spi, error.into()),
    };
    let facts = Facts {
        id,
        role: Role::Responder,
        spis: (spi, own),
        path: datagram.into(),
        policy: None,
        phase: Phase::HalfOpen,
        vendor_ids: Vec::new(),
        asked: Vec::new(),
    };
    let mut sa = Box::new(Sa::new(facts, None, cx.now, State::Closed));
    let stage = Stage::request(ExchangeType::IKE_SA_INIT);
    let from = datagram.remote;
    let inbound =
        Inbound::new(stage, from, message.header, false, message.payloads).to(datagram.local);
    match answer(cx, &mut sa, &inbound, payloads, message.bytes) {
        Ok(()) => {
            cx.core.table.remember_first(id, first);
            cx.keep(sa);
        }
        Err(stop) => {
            cx.close(sa);
            stopped(cx, datagram, spi, stop);
        }
    }
}

fn stopped(cx: &mut Cx<'_>, datagram: &Datagram<'_>, spi: Spi, stop: Stop) {
    match stop {
        Stop::Silently(dropped) => cx.dropped(datagram.remote, dropped),
        Stop::Challenge(payload) => reply(cx, datagram, spi, &[payload]),
        Stop::Because(failure) => refuse(cx, datagram, spi, failure),
    }
}

/// The checks that cost next to nothing, and come before anything is kept.
fn deserves_state<'a>(
    cx: &mut Cx<'_>,
    datagram: &Datagram<'_>,
    message: &Message<'a>,
) -> Result<InitPayloads<'a>, Stop> {
    let limits = cx.core.config.limits;
    let all = cx.core.table.half_open(None);
    let one = cx.core.table.half_open(Some(datagram.remote.ip()));
    let protecting = cx.core.alarm.update(&limits.protection, all);
    if all >= limits.half_open || limits.protection.crowded(one) {
        return Err(Stop::Silently(Dropped::HalfOpenLimit));
    }
    if let Some(kind) = unknown_critical(message.payloads) {
        return Err(Misbehaviour::UnknownCritical(kind).into());
    }
    let payloads = InitPayloads::read(message.payloads)?;
    if protecting {
        check_cookie(cx, datagram, message, &payloads)?;
    }
    Ok(payloads)
}

/// Why a first message does not become an SA.
enum Stop {
    Silently(Dropped),
    Challenge(OwnedPayload),
    Because(Failure),
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Because(failure.into())
    }
}

fn repeat(cx: &mut Cx<'_>, id: SaId) {
    let Some(mut sa) = cx.core.table.take(id) else {
        return;
    };
    // RFC 7296 §2.1: the same answer, as long as nothing has followed it
    if matches!(sa.state, State::AwaitAuthRequest(_)) {
        let stored = sa.window.stored().to_vec();
        cx.answer(&mut sa, &stored);
    }
    cx.keep(sa);
}

/// RFC 7296 §2.6: in doubt, the peer has to show that it receives at its address.
fn check_cookie(
    cx: &mut Cx<'_>,
    datagram: &Datagram<'_>,
    message: &Message<'_>,
    payloads: &InitPayloads<'_>,
) -> Result<(), Stop> {
    let core = &mut *cx.core;
    let lifetime = core.config.limits.cookie_lifetime;
    core.cookies
        .turn(cx.now, lifetime, core.provider, &mut core.random);
    let (nonce, from, spi) = (
        payloads.nonce.data,
        datagram.remote,
        message.header.initiator,
    );
    let shown = notify_data(message.payloads, NotifyType::COOKIE).next();
    if shown.is_some_and(|it| core.cookies.check(it, nonce, from, spi)) {
        return Ok(());
    }
    let cookie = core.cookies.make(nonce, from, spi);
    Err(Stop::Challenge(notify(NotifyType::COOKIE, &cookie)))
}

/// Answers without keeping anything.
fn reply(cx: &mut Cx<'_>, datagram: &Datagram<'_>, spi: Spi, payloads: &[OwnedPayload]) {
    let header = header(
        (spi, Spi::ZERO),
        Role::Responder,
        ExchangeType::IKE_SA_INIT,
        true,
        0,
    );
    transmit(
        cx.out,
        datagram.into(),
        &MessageWriter::message(&header, payloads),
    );
}

/// Says no, and why.
fn refuse(cx: &mut Cx<'_>, datagram: &Datagram<'_>, spi: Spi, failure: Failure) {
    if let Some(what) = failure.notify() {
        reply(cx, datagram, spi, &[notify(what, &failure.notify_data())]);
    }
    cx.out.event(Event::Refused {
        from: datagram.remote,
        failure,
        vendor_ids: vendor_ids(datagram.bytes, cx.core.config.limits.vendor_ids),
    });
}

fn answer(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message: &Inbound<'_>,
    payloads: InitPayloads<'_>,
    bytes: &[u8],
) -> Result<(), Stop> {
    admit(cx, sa, message)?;
    cx.traced(sa, message, bytes.len(), 1);
    let Chosen { number, suite, .. } = choose(cx, sa, &payloads)?;
    if payloads.ke.group != suite.group.get() {
        return Err(Incompatibility::Group {
            wanted: suite.group,
        }
        .into());
    }
    payloads.check_nonce(suite.prf)?;
    let core = &mut *cx.core;
    let kex = core
        .provider
        .group(suite.group)
        .ok_or(Failure::Crypto)?
        .start(&mut core.random)?;
    let public = kex.public().to_vec();
    // RFC 7296 §2.12: our share is used once; what is no public value is refused (RFC 6989)
    let shared = kex.complete(payloads.ke.data)?;
    let mut nonce = alloc::vec![0; NONCE];
    core.random.fill(&mut nonce)?;
    let nonces = (payloads.nonce.data.to_vec(), nonce);
    let exchanged = Exchanged {
        spis: sa.facts.spis,
        nonces: (&nonces.0, &nonces.1),
        shared: &shared,
    };
    let keys = Keys::derive(core.provider, suite, exchanged)?;
    // the algorithms are there; what they need is made when the peer shows that it has the keys
    keys.protection(core.provider, Role::Responder)?;
    sa.secure = Some(Box::new(Secure::new(keys, Role::Responder)));
    cx.log_ike_keys(sa);
    sa.remember(message.vendor_ids(), cx.core.config.limits.vendor_ids);
    detect_nat(cx, sa, message);
    let reply = compose(cx, sa, message, (number, suite), &public, &nonces.1);
    cx.respond(sa, ExchangeType::IKE_SA_INIT, 0, reply)?;
    let transcript = Transcript {
        // the second is the answer that the window keeps
        messages: (bytes.to_vec(), Vec::new()),
        nonces,
        hashes: signature::announced(message.payloads()),
    };
    let expires = cx.now + cx.core.config.limits.half_open_timeout;
    sa.state = State::AwaitAuthRequest(Box::new(AwaitAuthRequest {
        transcript,
        expires,
    }));
    Ok(())
}

/// What the extensions say to a stranger's first message.
fn admit(cx: &mut Cx<'_>, sa: &Sa, message: &Inbound<'_>) -> Result<(), Stop> {
    match cx.ask(sa, |extensions, cx| extensions.admit(cx, message)) {
        Admission::Admit | Admission::Proven => {}
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

fn detect_nat(cx: &Cx<'_>, sa: &mut Sa, message: &Inbound<'_>) {
    let spis = (message.header.initiator, Spi::ZERO);
    sa.nat = Nat::detect(
        cx.core.provider,
        spis,
        (sa.facts.path.local, sa.facts.path.remote),
        notify_data(message.payloads(), NotifyType::NAT_DETECTION_SOURCE_IP),
        notify_data(message.payloads(), NotifyType::NAT_DETECTION_DESTINATION_IP),
    );
}

/// The suite, from the proposals of every connection that these addresses and the extensions allow.
fn choose<'a>(
    cx: &Cx<'_>,
    sa: &Sa,
    payloads: &InitPayloads<'a>,
) -> Result<Chosen<'a, IkeSuite>, Failure> {
    let path = sa.facts.path;
    let mut ours: Vec<IkeProposal> = Vec::new();
    let mut any = false;
    for connection in &cx.core.config.connections {
        if is_for(connection, path.local, path.remote)
            && cx.extensions.permits(sa.facts.id, connection.policy)
        {
            any = true;
            let new = connection
                .proposals
                .iter()
                .filter(|it| !ours.contains(it))
                .cloned();
            let new: Vec<_> = new.collect();
            ours.extend(new);
        }
    }
    if !any {
        return Err(Incompatibility::NoConnection.into());
    }
    let order = cx.core.config.profile.suite_choice;
    select::choose(&ours, &payloads.sa, order, Place::Initial).ok_or_else(|| {
        let theirs = select::read_ike(&payloads.sa);
        Incompatibility::Ike { ours, theirs }.into()
    })
}

/// How the initiator should prove itself, as far as these addresses tell: certificates that we ask
/// for (RFC 7296 §3.7), and hashes, if it says which ones it knows (RFC 7427 §4).
fn authentications(
    cx: &Cx<'_>,
    sa: &Sa,
    message: &Inbound<'_>,
) -> impl Iterator<Item = OwnedPayload> + use<> {
    let path = sa.facts.path;
    let all = || {
        let connections = cx.core.config.connections.iter();
        let may = connections.filter(|it| is_for(it, path.local, path.remote));
        may.map(|it| &it.authentication)
    };
    let hashes = signature::announced(message.payloads()).map(|_| signature::hashes(all()));
    let hashes = hashes.filter(|it| !it.is_empty());
    let announcement = hashes.map(|it| signature::announce(&it));
    certificates::ask(all(), certificates::MAX_IN_CLEAR)
        .into_iter()
        .chain(announcement)
}

fn compose(
    cx: &Cx<'_>,
    sa: &Sa,
    message: &Inbound<'_>,
    (number, suite): (u8, IkeSuite),
    public: &[u8],
    nonce: &[u8],
) -> Vec<OwnedPayload> {
    let provider = cx.core.provider;
    let (spis, path) = (sa.facts.spis, sa.facts.path);
    let mut payloads = alloc::vec![
        OwnedPayload::new(kind::SA, select::write_ike_choice(number, suite, &[])),
        key_exchange(suite.group, public),
        OwnedPayload::new(kind::NONCE, nonce),
    ];
    payloads.extend(authentications(cx, sa, message));
    if sa.nat.known {
        let pretend = cx
            .core
            .config
            .connections
            .iter()
            .any(|it| it.force_encapsulation && is_for(it, path.local, path.remote));
        let source = nat::source_hash(provider, spis, path.local, pretend);
        payloads.push(notify(NotifyType::NAT_DETECTION_SOURCE_IP, &source));
        let destination = nat::hash(provider, spis, path.remote);
        payloads.push(notify(
            NotifyType::NAT_DETECTION_DESTINATION_IP,
            &destination,
        ));
    }
    payloads
}
