//! The initiator's half of IKE_AUTH.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::{Inbound, Role};
use ipsec_doi::TrafficSelector;
use isakmp_wire::v2::{self, NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use crate::auth::{self, Proof, Transcript, Verified};
use crate::auth_exchange::{
    AwaitAuthResponse, PeerPayloads, child_payloads, configuration, establish, plain_ends,
};
use crate::child::{self, ChildOffer};
use crate::config::{Connection, Selectors};
use crate::configuration as cp;
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure, Incompatibility, Misbehaviour};
use crate::init::error;
use crate::output::Event;
use crate::sa::{Sa, State, Task};
use crate::send::notify;
use crate::{narrow, select};

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

/// Sends our proof, and asks for the connection's first child.
pub(crate) fn start(cx: &mut Cx<'_>, sa: &mut Sa, transcript: Transcript) -> Result<(), Failure> {
    let spi = child::fresh_spi(&mut cx.core.random)?;
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let wanted = connection
        .children
        .first()
        .ok_or(Failure::Bug("the child is gone"))?;
    let authentication = &connection.authentication;
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let proof = auth::prove(
        cx.core.provider,
        &secure.keys,
        &transcript,
        Role::Initiator,
        connection,
    )?;
    let ends = plain_ends(sa);
    let offer = ChildOffer {
        index: 0,
        spi,
        local: local_selectors(connection, &wanted.local, &ends.local),
        remote: child::resolve(&wanted.remote, &ends.remote),
    };
    let mut payloads = alloc::vec![OwnedPayload::new(
        kind::ID_I,
        auth::identification(&authentication.local_id)
    )];
    if let Some(peer) = &authentication.remote_id {
        payloads.push(OwnedPayload::new(kind::ID_R, auth::identification(peer)));
    }
    payloads.push(OwnedPayload::new(kind::AUTH, proof));
    let sa_body = select::write_esp(&wanted.proposals, spi);
    let ask = cp::request(connection);
    let attributes = cx.question(sa, |extensions, host| {
        let mut ask = ask;
        extensions.request_attributes(host, sa.facts.id, &mut ask);
        ask
    });
    if !attributes.is_empty() {
        payloads.push(cp::payload(v2::CfgType::REQUEST, &attributes));
    }
    payloads.push(OwnedPayload::new(kind::SA, sa_body));
    payloads.push(OwnedPayload::new(kind::TS_I, narrow::write(&offer.local)));
    payloads.push(OwnedPayload::new(kind::TS_R, narrow::write(&offer.remote)));
    sa.state = State::AwaitAuthResponse(Box::new(AwaitAuthResponse { transcript, offer }));
    cx.request(sa, ExchangeType::IKE_AUTH, payloads)
}

/// A client that asks for an address does not know it yet: it offers everything of that family.
fn local_selectors(
    connection: &Connection,
    selectors: &Selectors,
    own: &[core::net::IpAddr],
) -> Vec<TrafficSelector> {
    let asks = &connection.addressing;
    if *selectors != Selectors::Dynamic || !(asks.request_v4 || asks.request_v6) {
        return child::resolve(selectors, own);
    }
    let v4 = asks.request_v4.then(TrafficSelector::any_v4);
    let v6 = asks.request_v6.then(TrafficSelector::any_v6);
    [v4, v6].into_iter().flatten().collect()
}

/// Takes the peer's proof. It came under the SA's keys, so an error in it is final.
pub(crate) fn on_response(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitAuthResponse,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    if payloads.first(kind::AUTH).is_none()
        && let Some(notify) = error(payloads)
    {
        return Err(rejected(cx, sa, notify));
    }
    let peer = match verify(cx, sa, &state, message) {
        Ok(peer) => peer,
        Err(failure) => return tell(cx, sa, failure),
    };
    establish(cx, sa, peer)?;
    if let Err(failure) = open_child(cx, sa, &state, message) {
        // RFC 7296 §1.2: the IKE SA stands without the child; what the peer thinks it has, goes
        let failure = explain(cx, sa, &state, failure);
        let policy = sa.facts.policy.ok_or(NO_CONNECTION)?;
        let installed_there = payloads.first(kind::SA).is_some();
        cx.out.event(Event::ChildFailed {
            sa: sa.facts.id,
            policy,
            failure,
        });
        if let (true, State::Established(state)) = (installed_there, &mut sa.state) {
            state.tasks.push_back(Task::Delete);
        }
    }
    Ok(())
}

/// Puts who we are beside the peer's bare refusal.
fn rejected(cx: &Cx<'_>, sa: &Sa, notify: NotifyType) -> Failure {
    match cx.core.connection(sa.connection) {
        Some(connection) if notify == NotifyType::AUTHENTICATION_FAILED => {
            let ids = &connection.authentication;
            Failure::Authentication(AuthenticationFailure::Rejected {
                ours: ids.local_id.clone(),
                wanted: ids.remote_id.clone(),
            })
        }
        _ => Failure::PeerError(notify),
    }
}

fn verify(
    cx: &Cx<'_>,
    sa: &Sa,
    state: &AwaitAuthResponse,
    message: &Inbound<'_>,
) -> Result<Verified, Failure> {
    let peer = PeerPayloads::read(message.payloads(), kind::ID_R)?;
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let expected = &connection.authentication.remote_id;
    if expected.as_ref().is_some_and(|it| *it != peer.identity) {
        return Err(Failure::Authentication(AuthenticationFailure::Identity {
            peer: peer.identity,
            wanted: None,
            expected: alloc::vec![expected.clone()],
        }));
    }
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let proof = Proof {
        identification: peer.identification,
        identity: &peer.identity,
        auth: peer.auth,
    };
    let transcript = &state.transcript;
    auth::verify(
        cx.core.provider,
        &secure.keys,
        transcript,
        Role::Responder,
        connection,
        proof,
    )
}

/// RFC 7296 §2.21.2: the peer believes in the SA, so it is told in an exchange of its own.
fn tell(cx: &mut Cx<'_>, sa: &mut Sa, failure: Failure) -> Result<(), Failure> {
    let Some(what) = failure.notify() else {
        return Err(failure);
    };
    cx.failed(sa, failure);
    sa.state = State::Closing(None);
    cx.request(
        sa,
        ExchangeType::INFORMATIONAL,
        alloc::vec![notify(what, &[])],
    )
}

fn open_child(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: &AwaitAuthResponse,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    let payloads = message.payloads();
    let mut offer_local = state.offer.local.clone();
    if let Some(reply) = configuration(payloads)?.filter(|it| it.kind == v2::CfgType::REPLY) {
        let assigned = cp::learn(cx, sa, &reply);
        if !assigned.addresses.is_empty() {
            let own: Vec<_> = assigned.addresses.iter().map(|it| it.0).collect();
            let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
            let wanted = connection
                .children
                .get(state.offer.index)
                .map(|it| &it.local);
            if wanted == Some(&Selectors::Dynamic) {
                offer_local = child::resolve(&Selectors::Dynamic, &own);
            }
            cx.out.event(Event::Configured {
                sa: sa.facts.id,
                assigned,
            });
        }
    }
    let Some(answer) = child_payloads(payloads)? else {
        let refused = error(payloads).filter(|it| *it != NotifyType::AUTHENTICATION_FAILED);
        return Err(refused.map_or(
            Failure::Misbehaved(Misbehaviour::Missing(kind::SA)),
            Failure::PeerError,
        ));
    };
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let wanted = connection
        .children
        .get(state.offer.index)
        .ok_or(NO_CONNECTION)?;
    let mut agreed = child::accept(wanted, &state.offer, &answer)?;
    // a dynamic side is the address that was assigned, however wide the peer left it
    let own = narrow::intersect(&offer_local, &agreed.local);
    if own.is_empty() {
        return Err(Misbehaviour::WidenedSelectors.into());
    }
    agreed.local = own;
    let nonces = &state.transcript.nonces;
    child::install(cx, sa, agreed, (&nonces.0, &nonces.1))
}

/// Puts what we asked for beside the peer's bare refusal.
fn explain(cx: &Cx<'_>, sa: &Sa, state: &AwaitAuthResponse, failure: Failure) -> Failure {
    let child = cx
        .core
        .connection(sa.connection)
        .and_then(|it| it.children.get(state.offer.index));
    let Failure::PeerError(what) = failure else {
        return failure;
    };
    match what {
        NotifyType::TS_UNACCEPTABLE => Incompatibility::Selectors {
            ours: (state.offer.local.clone(), state.offer.remote.clone()),
            theirs: (Vec::new(), Vec::new()),
        }
        .into(),
        NotifyType::NO_PROPOSAL_CHOSEN => Incompatibility::Esp {
            ours: child.map(|it| it.proposals.clone()).unwrap_or_default(),
            theirs: Vec::new(),
        }
        .into(),
        NotifyType::INTERNAL_ADDRESS_FAILURE => Incompatibility::Addresses.into(),
        _ => failure,
    }
}
