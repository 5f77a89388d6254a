//! The responder's half of IKE_AUTH.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use ike_ext::{Conclusion, Inbound, Role};
use ipsec_doi::{Identity, IkeProposal, IkeSuite};
use isakmp_wire::v2::{self, AuthMethod, Identification, NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use crate::auth::{self, Checked, Verified, certificates};
use crate::auth_exchange::trust::{self, Candidates, Half, Verdict};
use crate::auth_exchange::{
    AwaitAuthRequest, PeerPayloads, SERVED, configuration, establish, evidence, identity,
    plain_ends,
};
use crate::authentication::RemoteProof;
use crate::child::{self, Agreed, ChildPayloads, Origin};
use crate::config::Connection;
use crate::configuration as cp;
use crate::contact;
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure, Misbehaviour};
use crate::init::maybe;
use crate::output::Event;
use crate::sa::Sa;
use crate::select::{self, Place};
use crate::send::notify;

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

/// No more connections than this are tried for one proof.
const MAX_TRIES: usize = 16;

/// Takes the initiator's proof and answers with ours. An error is final for the SA; one that
/// concerns only the child is not (RFC 7296 §1.2, §2.21.2).
pub(crate) fn on_request(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut state: AwaitAuthRequest,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let first_answer = sa.window.stored().first().cloned();
    state.transcript.messages.1 = first_answer.ok_or(Failure::Bug("the answer is gone"))?;
    // before anything can fail: it tells what sort of peer it is
    if let Some(asked) = configuration(message.payloads())? {
        sa.facts.asked = cp::asked(&asked);
    }
    let peer = PeerPayloads::read(message.payloads(), kind::ID_I)?;
    let wanted = match maybe(message.payloads(), kind::ID_R)? {
        Some(raw) => Some(identity(Identification::parse(raw)?)),
        None => None,
    };
    let candidates = find_connections(cx, sa, &peer, wanted.as_ref())?;
    attempt(cx, sa, state, candidates, (&peer, message))
}

/// Tries the connections in order; the first that takes the proof has it. Otherwise, the failure of
/// the first of all is the one to tell.
fn attempt(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitAuthRequest,
    mut candidates: Candidates,
    (peer, message): (&PeerPayloads<'_>, &Inbound<'_>),
) -> Result<(), Failure> {
    while let Some(index) = candidates.connections.front() {
        let connection = cx.core.connection(Some(*index)).ok_or(NO_CONNECTION)?;
        let evidence = evidence(cx, sa, &state.transcript, Role::Initiator)?;
        let accepted = &connection.authentication.remote;
        match auth::verify(evidence, accepted, peer.proof()) {
            Ok(Checked::Done(verified)) => {
                return answer(cx, sa, &state, *index, message, verified);
            }
            Ok(Checked::NeedsKey(trust)) => {
                let (policy, trust) = (connection.policy, trust.clone());
                sa.facts.policy = Some(policy);
                let half = Half::Responder(Box::new(state), candidates);
                let it = (&peer.identity, message);
                return trust::ask(cx, sa, (policy, &trust), it, half);
            }
            Err(failure) => candidates.failed(failure),
        }
    }
    Err(candidates.failure.unwrap_or(NO_CONNECTION))
}

impl Candidates {
    /// The one in question was not it.
    fn failed(&mut self, failure: Failure) {
        self.connections.pop_front();
        self.failure.get_or_insert(failure);
    }
}

/// Goes on with what the application says about the peer's key, for the first of the candidates.
pub(super) fn judged(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitAuthRequest,
    mut candidates: Candidates,
    message: &Inbound<'_>,
    verdict: Verdict,
) -> Result<(), Failure> {
    let peer = PeerPayloads::read(message.payloads(), kind::ID_I)?;
    let index = *candidates.connections.front().ok_or(NO_CONNECTION)?;
    let checked = verdict.and_then(|key| {
        let connection = cx.core.connection(Some(index)).ok_or(NO_CONNECTION)?;
        let trust = connection.authentication.trust(peer.auth.method);
        let evidence = evidence(cx, sa, &state.transcript, Role::Initiator)?;
        auth::verify_signature(evidence, trust.ok_or(NO_CONNECTION)?, peer.proof(), &key)
    });
    match checked {
        Ok(verified) => answer(cx, sa, &state, index, message, verified),
        // nobody answers questions: no further ones
        Err(failure @ Failure::Authentication(AuthenticationFailure::Unjudged { .. })) => {
            Err(failure)
        }
        // what one connection does not take, another may
        Err(failure) => {
            candidates.failed(failure);
            attempt(cx, sa, state, candidates, (&peer, message))
        }
    }
}

/// The initiator is who it says: says who we are, and opens the child.
fn answer(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: &AwaitAuthRequest,
    index: usize,
    message: &Inbound<'_>,
    verified: Verified,
) -> Result<(), Failure> {
    if let Conclusion::Decline(payload) = cx.proven(sa, &verified) {
        return decline(cx, sa, index, message, payload);
    }
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let asked = certificates::asked(message.payloads());
    let signed = (&secure.keys, &state.transcript, Role::Responder);
    let own = auth::prove(cx.core, Some(index), signed, &asked)?;
    let connection = cx.core.connection(Some(index)).ok_or(NO_CONNECTION)?;
    let local_id = auth::identification(&connection.authentication.local_id);
    sa.facts.policy = Some(connection.policy);
    sa.connection = Some(index);
    let mut reply = alloc::vec![OwnedPayload::new(kind::ID_R, local_id)];
    reply.extend(own.certificates);
    reply.push(own.auth);
    establish(cx, sa, verified, message.payloads())?;
    if contact::is_first(cx, sa) {
        reply.push(notify(NotifyType::INITIAL_CONTACT, &[]));
    }
    let child = open_child(cx, sa, index, message, &mut reply);
    let refusal = child.as_ref().err().and_then(Failure::notify);
    reply.extend(refusal.map(|what| notify(what, &[])));
    let message_id = message.header.message_id;
    match child {
        Ok(agreed) => {
            // RFC 7296 §2.8: ready to receive before the peer hears that it may send
            let nonces = &state.transcript.nonces;
            let origin = Origin::initial(Role::Responder, (&nonces.0, &nonces.1));
            child::install(cx, sa, agreed, &origin)?;
            cx.respond(sa, ExchangeType::IKE_AUTH, message_id, reply)
        }
        Err(failure) => {
            cx.respond(sa, ExchangeType::IKE_AUTH, message_id, reply)?;
            let policy = sa.facts.policy.ok_or(NO_CONNECTION)?;
            cx.out.event(Event::ChildFailed {
                sa: sa.facts.id,
                policy,
                failure,
            });
            Ok(())
        }
    }
}

/// The negotiation was for something else than an SA: nothing stays of it but the answer.
fn decline(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    index: usize,
    message: &Inbound<'_>,
    payload: OwnedPayload,
) -> Result<(), Failure> {
    let connection = cx.core.connection(Some(index)).ok_or(NO_CONNECTION)?;
    sa.facts.policy = Some(connection.policy);
    let (exchange, message_id) = (ExchangeType::IKE_AUTH, message.header.message_id);
    cx.respond(sa, exchange, message_id, alloc::vec![payload])?;
    cx.failed(sa, SERVED);
    cx.linger(sa, None);
    Ok(())
}

/// The connections for these addresses, identities, this suite and this method that the extensions
/// allow, in order.
fn find_connections(
    cx: &Cx<'_>,
    sa: &Sa,
    peer: &PeerPayloads<'_>,
    wanted: Option<&Identity>,
) -> Result<Candidates, Failure> {
    let path = sa.facts.path;
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let suite = secure.keys.suite();
    let method = peer.auth.method;
    // RFC 7619 §2.2: who proves nothing is nobody, whoever it says it is
    let nobody = Identity::nobody();
    let claimed = if method == AuthMethod::NULL {
        &nobody
    } else {
        &peer.identity
    };
    let mut connections = VecDeque::new();
    let (mut expected, mut accepted) = (Vec::new(), Vec::new());
    for (index, it) in cx.core.config.connections.iter().enumerate() {
        if !crate::init::is_for(it, path.local, path.remote)
            || !cx.extensions.permits(sa.facts.id, it.policy)
        {
            continue;
        }
        let ids = &it.authentication;
        let is_wanted = wanted.is_none_or(|id| *id == ids.local_id);
        let is_peer = ids.remote_id.as_ref().is_none_or(|id| id == claimed);
        if is_wanted && is_peer && has_suite(it, suite) {
            if ids.remote.iter().any(|it| it.is_for(method)) {
                connections.push_back(index);
            }
            for kind in ids.remote.iter().map(RemoteProof::kind) {
                if !accepted.contains(&kind) {
                    accepted.push(kind);
                }
            }
        } else if !expected.contains(&ids.remote_id) {
            expected.push(ids.remote_id.clone());
        }
    }
    connections.truncate(MAX_TRIES);
    if !connections.is_empty() {
        return Ok(Candidates {
            connections,
            failure: None,
        });
    }
    let peer = peer.identity.clone();
    Err(if accepted.is_empty() {
        AuthenticationFailure::Identity {
            peer,
            wanted: wanted.cloned(),
            expected,
        }
    } else {
        AuthenticationFailure::Method {
            peer,
            method,
            accepted,
        }
    }
    .into())
}

fn has_suite(connection: &Connection, suite: IkeSuite) -> bool {
    connection.proposals.iter().any(|it: &IkeProposal| {
        it.encryption.contains(&suite.encryption)
            && it.prf.contains(&suite.prf)
            && it.groups.contains(&suite.group)
            && suite
                .integrity
                .is_none_or(|integrity| it.integrity.contains(&integrity))
    })
}

/// Agrees on the child and writes its payloads into the reply.
fn open_child(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    connection: usize,
    message: &Inbound<'_>,
    reply: &mut Vec<OwnedPayload>,
) -> Result<Agreed, Failure> {
    cx.granted(sa)?;
    let payloads = message.payloads();
    let asked = configuration(payloads)?.filter(|it| it.kind == v2::CfgType::REQUEST);
    let mut ends = plain_ends(sa);
    let attributes = match &asked {
        Some(asked) => cp::reply(cx, sa, connection, asked)?,
        None => cp::Reply::default(),
    };
    if !attributes.addresses.is_empty() {
        ends.remote.clone_from(&attributes.addresses);
        if let Some(established) = sa.established() {
            established.ends = Some(Box::new(ends.clone()));
        }
    }
    if !attributes.attributes.is_empty() {
        reply.push(cp::payload(v2::CfgType::REPLY, &attributes.attributes));
    }
    let asked = ChildPayloads::read(payloads)?
        .ok_or(Failure::Misbehaved(Misbehaviour::Missing(kind::SA)))?;
    let agreed = child::choose(cx, sa, connection, &ends, &asked, Place::Initial)?;
    let sa_body = select::write_esp_choice(agreed.number, agreed.suite, agreed.spi_in);
    agreed.write_mode(reply);
    reply.push(OwnedPayload::new(kind::SA, sa_body));
    agreed.write_selectors(reply);
    Ok(agreed)
}
