//! The initiator's half of IKE_AUTH.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::{Conclusion, Inbound, PolicyId, Role};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Identity, TrafficSelector};
use isakmp_wire::v2::{self, AuthMethod, NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use crate::auth::{self, Checked, Transcript, Verified, certificates};
use crate::auth_exchange::trust::{self, Half, Verdict};
use crate::auth_exchange::{
    AwaitAuthResponse, PeerPayloads, SERVED, configuration, establish, evidence, plain_ends,
};
use crate::authentication::{AuthorityHash, Trust};
use crate::child::{self, ChildOffer, ChildPayloads, Ends, Origin};
use crate::config::{Connection, Selectors};
use crate::configuration as cp;
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure, Incompatibility, Misbehaviour};
use crate::init::error;
use crate::output::{CloseReason, Event};
use crate::sa::{Sa, State, Task};
use crate::select::Place;
use crate::send::notify;
use crate::{contact, narrow, select};

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

/// Sends our proof, and asks for the connection's first child.
pub(crate) fn start(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    transcript: Transcript,
    asked: &[AuthorityHash],
) -> Result<(), Failure> {
    let spi = child::fresh_spi(&mut cx.core.random)?;
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let signed = (&secure.keys, &transcript, Role::Initiator);
    let own = auth::prove(cx.core, sa.connection, signed, asked)?;
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let wanted = connection
        .children
        .first()
        .ok_or(Failure::Bug("the child is gone"))?;
    let authentication = &connection.authentication;
    let ends = plain_ends(sa);
    let offer = ChildOffer {
        index: 0,
        spi,
        mode: wanted.mode,
        local: local_selectors(connection, &wanted.local, &ends.local),
        remote: child::resolve(&wanted.remote, &ends.remote),
    };
    let mut payloads = alloc::vec![OwnedPayload::new(
        kind::ID_I,
        auth::identification(&authentication.local_id)
    )];
    payloads.extend(own.certificates);
    let trusting = core::iter::once(authentication);
    payloads.extend(certificates::ask(trusting, certificates::MAX_AUTHORITIES));
    if let Some(peer) = &authentication.remote_id {
        payloads.push(OwnedPayload::new(kind::ID_R, auth::identification(peer)));
    }
    payloads.push(own.auth);
    if contact::is_first(cx, sa) {
        payloads.push(notify(NotifyType::INITIAL_CONTACT, &[]));
    }
    if wanted.mode == Mode::Transport {
        payloads.push(notify(NotifyType::USE_TRANSPORT_MODE, &[]));
    }
    let sa_body = select::write_esp(&wanted.proposals, spi, Place::Initial);
    let ask = cp::request(cx.core, connection);
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
    sa.state = State::AwaitAuthResponse(Box::new(AwaitAuthResponse {
        transcript,
        offer,
        method: own.method,
    }));
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
        return Err(rejected(cx, sa, notify, state.method));
    }
    match verify(cx, sa, &state, message) {
        Ok(Step::Verified(peer)) => finish(cx, sa, &state, message, peer),
        Ok(Step::Ask(policy, trust, peer)) => {
            let half = Half::Initiator(Box::new(state));
            trust::ask(cx, sa, (policy, &trust), (&peer, message), half)
                .or_else(|failure| tell(cx, sa, failure))
        }
        Err(failure) => tell(cx, sa, failure),
    }
}

/// Goes on with what the application says about the peer's key.
pub(super) fn judged(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: AwaitAuthResponse,
    message: &Inbound<'_>,
    verdict: Verdict,
) -> Result<(), Failure> {
    let checked = verdict.and_then(|key| {
        let peer = PeerPayloads::read(message.payloads(), kind::ID_R)?;
        let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
        let trust = connection.authentication.trust(peer.auth.method);
        let evidence = evidence(cx, sa, &state.transcript, Role::Responder)?;
        auth::verify_signature(evidence, trust.ok_or(NO_CONNECTION)?, peer.proof(), &key)
    });
    match checked {
        Ok(peer) => finish(cx, sa, &state, message, peer),
        Err(failure) => tell(cx, sa, failure),
    }
}

/// The responder is who it should be.
fn finish(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: &AwaitAuthResponse,
    message: &Inbound<'_>,
    peer: Verified,
) -> Result<(), Failure> {
    if let Conclusion::Decline(payload) = cx.proven(sa, &peer) {
        cx.failed(sa, SERVED);
        sa.state = State::Closing(None);
        return cx.request(sa, ExchangeType::INFORMATIONAL, alloc::vec![payload]);
    }
    let payloads = message.payloads();
    establish(cx, sa, peer, payloads)?;
    if let Err(failure) = open_child(cx, sa, state, message) {
        // RFC 7296 §1.2: the IKE SA stands without the child; what the peer thinks it has, goes
        let failure = explain(cx, sa, state, failure);
        let policy = sa.facts.policy.ok_or(NO_CONNECTION)?;
        let installed_there = payloads.first(kind::SA).is_some();
        cx.out.event(Event::ChildFailed {
            sa: sa.facts.id,
            policy,
            failure,
        });
        if let (true, State::Established(state)) = (installed_there, &mut sa.state) {
            state.enqueue(Task::Delete(CloseReason::Local));
        }
    }
    Ok(())
}

/// Puts who we are beside the peer's bare refusal.
fn rejected(cx: &Cx<'_>, sa: &Sa, notify: NotifyType, method: AuthMethod) -> Failure {
    match cx.core.connection(sa.connection) {
        Some(connection) if notify == NotifyType::AUTHENTICATION_FAILED => {
            let ids = &connection.authentication;
            Failure::Authentication(AuthenticationFailure::Rejected {
                ours: ids.local_id.clone(),
                wanted: ids.remote_id.clone(),
                method,
            })
        }
        _ => Failure::PeerError(notify),
    }
}

/// What follows from the responder's proof.
enum Step {
    Verified(Verified),
    /// It depends on the key of this identity.
    Ask(PolicyId, Trust, Identity),
}

fn verify(
    cx: &Cx<'_>,
    sa: &Sa,
    state: &AwaitAuthResponse,
    message: &Inbound<'_>,
) -> Result<Step, Failure> {
    let peer = PeerPayloads::read(message.payloads(), kind::ID_R)?;
    let connection = cx.core.connection(sa.connection).ok_or(NO_CONNECTION)?;
    let authentication = &connection.authentication;
    let expected = &authentication.remote_id;
    // RFC 7619 §2.2: who proves nothing is nobody, whoever it says it is
    let nobody = Identity::nobody();
    let claimed = if peer.auth.method == AuthMethod::NULL {
        &nobody
    } else {
        &peer.identity
    };
    if expected.as_ref().is_some_and(|it| it != claimed) {
        return Err(Failure::Authentication(AuthenticationFailure::Identity {
            peer: claimed.clone(),
            wanted: None,
            expected: alloc::vec![expected.clone()],
        }));
    }
    let evidence = evidence(cx, sa, &state.transcript, Role::Responder)?;
    Ok(
        match auth::verify(evidence, &authentication.remote, peer.proof())? {
            Checked::Done(verified) => Step::Verified(verified),
            Checked::NeedsKey(trust) => Step::Ask(connection.policy, trust.clone(), peer.identity),
        },
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
    let (mut offer_local, path) = (state.offer.local.clone(), sa.facts.path);
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
            if let Some(established) = sa.established() {
                let remote = Vec::from([path.remote.ip()]);
                established.ends = Some(Box::new(Ends { local: own, remote }));
            }
            cx.out.event(Event::Configured {
                sa: sa.facts.id,
                assigned,
            });
        }
    }
    let Some(answer) = ChildPayloads::read(payloads)? else {
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
    let mut agreed = child::accept(sa, wanted, &state.offer, &answer, Place::Initial)?;
    // a dynamic side is the address that was assigned, however wide the peer left it
    let own = narrow::intersect(&offer_local, &agreed.local);
    if own.is_empty() {
        return Err(Misbehaviour::WidenedSelectors.into());
    }
    agreed.local = own;
    let nonces = &state.transcript.nonces;
    let origin = Origin::initial(Role::Initiator, (&nonces.0, &nonces.1));
    child::install(cx, sa, agreed, &origin).map(drop)
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
