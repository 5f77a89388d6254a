//! The responder's half of IKE_AUTH.

use alloc::vec::Vec;

use ike_ext::{Inbound, Role};
use ipsec_doi::{Identity, IkeProposal, IkeSuite};
use isakmp_wire::v2::{self, Identification, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use crate::auth::{self, Proof};
use crate::auth_exchange::{
    AwaitAuthRequest, PeerPayloads, child_payloads, configuration, establish, identity, plain_ends,
};
use crate::child::{self, Agreed};
use crate::config::Connection;
use crate::configuration as cp;
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure, Misbehaviour};
use crate::init::maybe;
use crate::narrow;
use crate::output::Event;
use crate::sa::Sa;
use crate::select;
use crate::send::notify;

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

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
    let peer = PeerPayloads::read(message.payloads(), kind::ID_I)?;
    let wanted = match maybe(message.payloads(), kind::ID_R)? {
        Some(raw) => Some(identity(Identification::parse(raw)?)),
        None => None,
    };
    let index = find_connection(cx, sa, &peer.identity, wanted.as_ref())?;
    let connection = cx.core.connection(Some(index)).ok_or(NO_CONNECTION)?;
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let proof = Proof {
        identification: peer.identification,
        identity: &peer.identity,
        auth: peer.auth,
    };
    let (provider, transcript) = (cx.core.provider, &state.transcript);
    let verified = auth::verify(
        provider,
        &secure.keys,
        transcript,
        Role::Initiator,
        connection,
        proof,
    )?;
    let own = auth::prove(
        provider,
        &secure.keys,
        transcript,
        Role::Responder,
        connection,
    )?;
    let local_id = auth::identification(&connection.authentication.local_id);
    sa.facts.policy = Some(connection.policy);
    sa.connection = Some(index);
    let mut reply = alloc::vec![
        OwnedPayload::new(kind::ID_R, local_id),
        OwnedPayload::new(kind::AUTH, own)
    ];
    establish(cx, sa, verified)?;
    let child = open_child(cx, sa, index, message, &mut reply);
    let refusal = child.as_ref().err().and_then(Failure::notify);
    reply.extend(refusal.map(|what| notify(what, &[])));
    cx.respond(sa, ExchangeType::IKE_AUTH, message.header.message_id, reply)?;
    match child {
        Ok(agreed) => {
            let nonces = &state.transcript.nonces;
            child::install(cx, sa, agreed, (&nonces.0, &nonces.1))
        }
        Err(failure) => {
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

/// The first connection for these addresses, identities and this suite that the extensions allow.
fn find_connection(
    cx: &Cx<'_>,
    sa: &Sa,
    peer: &Identity,
    wanted: Option<&Identity>,
) -> Result<usize, Failure> {
    let path = sa.facts.path;
    let suite = sa
        .secure
        .as_ref()
        .map(|it| it.keys.suite())
        .ok_or(Failure::Bug("no keys"))?;
    let mut expected = Vec::new();
    for (index, it) in cx.core.config.connections.iter().enumerate() {
        if !crate::init::is_for(it, path.local, path.remote)
            || !cx.extensions.permits(sa.facts.id, it.policy)
        {
            continue;
        }
        let ids = &it.authentication;
        let is_wanted = wanted.is_none_or(|id| *id == ids.local_id);
        let is_peer = ids.remote_id.as_ref().is_none_or(|id| id == peer);
        if is_wanted && is_peer && has_suite(it, suite) {
            return Ok(index);
        }
        if !expected.contains(&ids.remote_id) {
            expected.push(ids.remote_id.clone());
        }
    }
    Err(Failure::Authentication(AuthenticationFailure::Identity {
        peer: peer.clone(),
        wanted: wanted.cloned(),
        expected,
    }))
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
    sa: &Sa,
    connection: usize,
    message: &Inbound<'_>,
    reply: &mut Vec<OwnedPayload>,
) -> Result<Agreed, Failure> {
    let payloads = message.payloads();
    let asked = configuration(payloads)?.filter(|it| it.kind == v2::CfgType::REQUEST);
    let mut ends = plain_ends(sa);
    let attributes = match &asked {
        Some(asked) => cp::reply(cx, sa, connection, asked)?,
        None => cp::Reply::default(),
    };
    if !attributes.addresses.is_empty() {
        ends.remote.clone_from(&attributes.addresses);
    }
    if !attributes.attributes.is_empty() {
        reply.push(cp::payload(v2::CfgType::REPLY, &attributes.attributes));
    }
    let asked =
        child_payloads(payloads)?.ok_or(Failure::Misbehaved(Misbehaviour::Missing(kind::SA)))?;
    let agreed = child::choose(cx, connection, &ends, &asked)?;
    let sa_body = select::write_esp_choice(agreed.number, agreed.suite, agreed.spi_in);
    reply.push(OwnedPayload::new(kind::SA, sa_body));
    reply.push(OwnedPayload::new(kind::TS_I, narrow::write(&agreed.remote)));
    reply.push(OwnedPayload::new(kind::TS_R, narrow::write(&agreed.local)));
    Ok(agreed)
}
