//! The initiator's half of IKE_SA_INIT.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ike_crypto::{KeyExchange, Random};
use ike_endpoint::{Path, Phase};
use ike_ext::{Inbound, Role, SaId, Verdict};
use ipsec_doi::GroupId;
use isakmp_wire::v2::{NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, Spi};

use crate::auth::{Transcript, certificates, signature};
use crate::auth_exchange;
use crate::config::Connection;
use crate::context::Cx;
use crate::failure::{Dropped, Failure, Misbehaviour};
use crate::init::{InitPayloads, NONCE, key_exchange, notify_data, unknown_critical};
use crate::keys::{Exchanged, Keys};
use crate::misuse::InitiateError;
use crate::nat::{self, Nat};
use crate::sa::{Facts, Sa, Secure, State};
use crate::select::{self, Place};
use crate::send::notify;
use retry::refused;

mod retry;

/// IKE_SA_INIT is out; the peer's half of the key exchange is awaited.
pub(crate) struct AwaitInitResponse {
    kex: Box<dyn KeyExchange>,
    group: GroupId,
    nonce: Vec<u8>,
    /// Kept when the group changes after it (RFC 7296 §2.6.1).
    cookie: Vec<u8>,
    /// How often the peer has made us begin anew, and with which groups.
    retries: u8,
    tried: Vec<GroupId>,
    /// Why it will have been, should the peer say nothing better (RFC 7296 §2.21.1).
    reason: Option<Failure>,
}

impl core::fmt::Debug for AwaitInitResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AwaitInitResponse")
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl AwaitInitResponse {
    /// The failure to report when time is up.
    pub(crate) fn time_out(self) -> Failure {
        match self.reason {
            Some(Failure::PeerError(notify)) => Failure::Timeout(Some(notify)),
            Some(reason) => reason,
            None => Failure::Timeout(None),
        }
    }
}

/// Begins a negotiation under the connection at `index`.
pub(crate) fn start(cx: &mut Cx<'_>, index: usize, local: IpAddr) -> Result<SaId, InitiateError> {
    let (policy, path) = {
        let connection = &cx.core.config.connections.get(index);
        let connection = connection.ok_or(InitiateError::NoProposals)?;
        (connection.policy, path(cx, connection, local)?)
    };
    let group = first_group(cx, index)?;
    let core = &mut *cx.core;
    let kex = core
        .provider
        .group(group)
        .and_then(|it| it.start(&mut core.random).ok());
    let kex = kex.ok_or(InitiateError::Crypto)?;
    let mut nonce = alloc::vec![0; NONCE];
    core.random
        .fill(&mut nonce)
        .map_err(|_| InitiateError::Crypto)?;
    let (id, spi) = core
        .table
        .reserve(&mut core.random, None)
        .map_err(|_| InitiateError::Crypto)?;
    let facts = Facts {
        id,
        role: Role::Initiator,
        spis: (spi, Spi::ZERO),
        path,
        policy: Some(policy),
        phase: Phase::Initiating,
        vendor_ids: Vec::new(),
        asked: Vec::new(),
    };
    let mut sa = Box::new(Sa::new(facts, Some(index), cx.now, State::Closed));
    let state = Box::new(AwaitInitResponse {
        kex,
        group,
        nonce,
        cookie: Vec::new(),
        retries: 0,
        tried: alloc::vec![group],
        reason: None,
    });
    let sent = send(cx, &mut sa, &state);
    sa.state = State::AwaitInitResponse(state);
    if sent.is_err() {
        cx.close(sa);
        return Err(InitiateError::Crypto);
    }
    cx.keep(sa);
    Ok(id)
}

fn path(cx: &Cx<'_>, connection: &Connection, local: IpAddr) -> Result<Path, InitiateError> {
    let remote = connection.remote.ok_or(InitiateError::NoRemote)?;
    let ours = cx.core.config.ports;
    let early = connection.start_on_nat_t;
    let (from, to) = if early {
        (ours.nat_t, remote.ports.nat_t)
    } else {
        (ours.ike, remote.ports.ike)
    };
    Ok(Path {
        local: SocketAddr::new(connection.local.unwrap_or(local), from),
        remote: SocketAddr::new(remote.address, to),
        marker: early,
    })
}

fn first_group(cx: &Cx<'_>, index: usize) -> Result<GroupId, InitiateError> {
    let connection = cx
        .core
        .connection(Some(index))
        .ok_or(InitiateError::NoProposals)?;
    if connection.children.is_empty() {
        return Err(InitiateError::NoChildren);
    }
    let groups = connection
        .proposals
        .iter()
        .flat_map(|it| &it.groups)
        .copied();
    let group = groups
        .into_iter()
        .find(|it| cx.core.provider.group(*it).is_some());
    let empty = connection.proposals.is_empty();
    group.ok_or(if empty {
        InitiateError::NoProposals
    } else {
        InitiateError::Crypto
    })
}

/// Composes the message anew and sends it, as after a cookie.
pub(crate) fn resend(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    let State::AwaitInitResponse(mut state) = core::mem::replace(&mut sa.state, State::Closed)
    else {
        return Err(Failure::Bug("nothing to send again"));
    };
    let again = if state.again() {
        send(cx, sa, &state)
    } else {
        Ok(())
    };
    sa.state = State::AwaitInitResponse(state);
    again
}

fn send(cx: &mut Cx<'_>, sa: &mut Sa, state: &AwaitInitResponse) -> Result<(), Failure> {
    let provider = cx.core.provider;
    let connection = cx
        .core
        .connection(sa.connection)
        .ok_or(Failure::Bug("no connection"))?;
    let mut payloads = Vec::new();
    if !state.cookie.is_empty() {
        payloads.push(notify(NotifyType::COOKIE, &state.cookie));
    }
    payloads.push(OwnedPayload::new(
        kind::SA,
        select::write_ike(&connection.proposals, &[]),
    ));
    payloads.push(key_exchange(state.group, state.kex.public()));
    payloads.push(OwnedPayload::new(kind::NONCE, state.nonce.as_slice()));
    let force = connection.force_encapsulation;
    let source = nat::source_hash(provider, sa.facts.spis, sa.facts.path.local, force);
    payloads.push(notify(NotifyType::NAT_DETECTION_SOURCE_IP, &source));
    let destination = nat::hash(provider, sa.facts.spis, sa.facts.path.remote);
    payloads.push(notify(
        NotifyType::NAT_DETECTION_DESTINATION_IP,
        &destination,
    ));
    let hashes = signature::hashes(core::iter::once(&connection.authentication));
    if !hashes.is_empty() {
        payloads.push(signature::announce(&hashes));
    }
    sa.window.withdraw();
    cx.request(sa, ExchangeType::IKE_SA_INIT, payloads)
}

/// Takes an answer to IKE_SA_INIT. It may come from anybody, so nothing but a valid one ends the
/// wait (RFC 7296 §2.21.1).
pub(crate) fn on_response(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut state: Box<AwaitInitResponse>,
    message: &Inbound<'_>,
    bytes: &[u8],
) -> Result<(), Failure> {
    match cx.incoming(sa, message) {
        Verdict::Abort(reason) => return Err(Failure::Refused(reason)),
        Verdict::Discard(reason) => {
            cx.dropped(message.from, Dropped::Extension(reason));
            sa.state = State::AwaitInitResponse(state);
            return Ok(());
        }
        Verdict::Consume => {
            sa.state = State::AwaitInitResponse(state);
            return Ok(());
        }
        Verdict::Continue => {}
    }
    let payloads = message.payloads();
    if payloads.first(kind::SA).is_none() {
        let again = refused(cx, sa, &mut state, message)?;
        let sent = if again { send(cx, sa, &state) } else { Ok(()) };
        sa.state = State::AwaitInitResponse(state);
        return sent;
    }
    match judge(cx, sa, &state, message) {
        Ok(payloads) => finish(cx, sa, *state, message, payloads, bytes),
        Err(reason) => {
            if let Failure::Malformed(error) = reason {
                cx.dropped(message.from, Dropped::Malformed(error));
            } else {
                cx.dropped(message.from, Dropped::Unexpected);
            }
            state.reason = Some(reason);
            sa.state = State::AwaitInitResponse(state);
            Ok(())
        }
    }
}

/// Reads an answer without touching anything that a later, genuine one needs.
fn judge<'a>(
    cx: &Cx<'_>,
    sa: &Sa,
    state: &AwaitInitResponse,
    message: &Inbound<'a>,
) -> Result<InitPayloads<'a>, Failure> {
    if let Some(kind) = unknown_critical(message.payloads()) {
        return Err(Misbehaviour::UnknownCritical(kind).into());
    }
    let payloads = InitPayloads::read(message.payloads())?;
    let connection = cx
        .core
        .connection(sa.connection)
        .ok_or(Failure::Bug("no connection"))?;
    let chosen = select::accept(&connection.proposals, &payloads.sa, Place::Initial);
    let chosen = chosen.ok_or(Misbehaviour::ChoseUnoffered)?;
    if chosen.suite.group != state.group || payloads.ke.group != state.group.get() {
        return Err(Misbehaviour::ChoseUnoffered.into());
    }
    payloads.check_nonce(chosen.suite.prf)?;
    Ok(payloads)
}

fn finish(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitInitResponse,
    message: &Inbound<'_>,
    payloads: InitPayloads<'_>,
    bytes: &[u8],
) -> Result<(), Failure> {
    let connection = cx
        .core
        .connection(sa.connection)
        .ok_or(Failure::Bug("no connection"))?;
    let chosen = select::accept(&connection.proposals, &payloads.sa, Place::Initial);
    let suite = chosen.ok_or(Misbehaviour::ChoseUnoffered)?.suite;
    let shared = state.kex.complete(payloads.ke.data)?;
    let request = sa
        .window
        .complete()
        .and_then(|it| it.datagrams.into_iter().next());
    let request = request.ok_or(Failure::Bug("the request is gone"))?;
    let spis = (message.header.initiator, message.header.responder);
    let nonces = (state.nonce, payloads.nonce.data.to_vec());
    let exchanged = Exchanged {
        spis,
        nonces: (&nonces.0, &nonces.1),
        shared: &shared,
    };
    let keys = Keys::derive(cx.core.provider, suite, exchanged)?;
    sa.facts.spis = spis;
    sa.remember(
        message
            .payloads()
            .iter()
            .filter(|it| it.kind == kind::VENDOR_ID)
            .map(|it| it.body),
        cx.core.config.limits.vendor_ids,
    );
    sa.nat = Nat::detect(
        cx.core.provider,
        spis,
        (sa.facts.path.local, message.from),
        notify_data(message.payloads(), NotifyType::NAT_DETECTION_SOURCE_IP),
        notify_data(message.payloads(), NotifyType::NAT_DETECTION_DESTINATION_IP),
    );
    float(cx, sa);
    sa.secure = Some(Box::new(Secure::new(keys, Role::Initiator)));
    cx.log_ike_keys(sa);
    let transcript = Transcript {
        messages: (request, bytes.to_vec()),
        nonces,
        hashes: signature::announced(message.payloads()),
    };
    let asked = certificates::asked(message.payloads());
    auth_exchange::start(cx, sa, transcript, &asked)
}

/// RFC 7296 §2.23: with a NAT on the path, everything moves to the other pair of ports.
fn float(cx: &Cx<'_>, sa: &mut Sa) {
    let Some(connection) = cx.core.connection(sa.connection) else {
        return;
    };
    let Some(remote) = connection.remote else {
        return;
    };
    let encapsulate = sa.nat.any() || (connection.force_encapsulation && sa.nat.known);
    if encapsulate && !sa.facts.path.marker {
        sa.facts.path.local.set_port(cx.core.config.ports.nat_t);
        sa.facts.path.remote.set_port(remote.ports.nat_t);
        sa.facts.path.marker = true;
    }
}
