//! IKE_AUTH (RFC 7296 §1.2, §2.15, §2.16).

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_endpoint::Phase;
use ike_ext::{Instant, Lifecycle, Role};
use ipsec_doi::Identity;
use isakmp_wire::v2::{AuthMethod, Authentication, Identification, kind};
use isakmp_wire::{PayloadChain, PayloadType};

use crate::auth::{Evidence, Proof, Transcript, Verified};
use crate::child::{ChildOffer, Ends};
use crate::contact;
use crate::context::Cx;
use crate::failure::Failure;
use crate::init::{maybe, one};
use crate::lifetime;
use crate::output::{self, Event};
use crate::sa::{Established, Sa, State};

mod initiator;
mod responder;
mod trust;

pub(crate) use initiator::{on_response, start};
pub(crate) use responder::on_request;
pub(crate) use trust::{AwaitTrust, unjudged};

/// IKE_AUTH is out; the peer's proof is awaited.
#[derive(Debug)]
pub(crate) struct AwaitAuthResponse {
    pub(crate) transcript: Transcript,
    pub(crate) offer: ChildOffer,
    /// How we proved who we are.
    pub(crate) method: AuthMethod,
}

/// IKE_SA_INIT is answered; the peer's proof is awaited.
#[derive(Debug)]
pub(crate) struct AwaitAuthRequest {
    pub(crate) transcript: Transcript,
    pub(crate) expires: Instant,
}

/// The ID and AUTH payloads of one side.
#[derive(Debug)]
struct PeerPayloads<'a> {
    identification: &'a [u8],
    identity: Identity,
    auth: Authentication<'a>,
}

impl<'a> PeerPayloads<'a> {
    fn read(payloads: PayloadChain<'a>, id: PayloadType) -> Result<Self, Failure> {
        let raw = one(payloads, id)?;
        Ok(Self {
            identification: raw.body,
            identity: identity(Identification::parse(raw)?),
            auth: Authentication::parse(one(payloads, kind::AUTH)?)?,
        })
    }

    fn proof(&self) -> Proof<'_> {
        Proof {
            identification: self.identification,
            identity: &self.identity,
            auth: self.auth,
        }
    }
}

fn identity(it: Identification<'_>) -> Identity {
    Identity::new(it.kind, it.data.to_vec())
}

/// What the proof of a peer with `role` is checked with.
fn evidence<'a>(
    cx: &Cx<'_>,
    sa: &'a Sa,
    transcript: &'a Transcript,
    role: Role,
) -> Result<Evidence<'a>, Failure> {
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    Ok(Evidence {
        provider: cx.core.provider,
        keys: &secure.keys,
        transcript,
        role,
    })
}

/// The configuration payload, if there is one.
fn configuration(
    payloads: PayloadChain<'_>,
) -> Result<Option<isakmp_wire::v2::Configuration<'_>>, Failure> {
    let raw = maybe(payloads, kind::CONFIGURATION)?;
    // what cannot be read in it never fails the SA ([MS-IKEE] §3.11.5.1)
    Ok(raw.and_then(|it| isakmp_wire::v2::Configuration::parse(it).ok()))
}

/// The addresses of both sides when nothing was assigned.
fn plain_ends(sa: &Sa) -> Ends {
    Ends {
        local: Vec::from([sa.facts.path.local.ip()]),
        remote: Vec::from([sa.facts.path.remote.ip()]),
    }
}

/// What is told of a negotiation that succeeded, and was to serve another purpose.
const SERVED: Failure = Failure::Refused("it has served its purpose");

/// Both sides are authenticated. What the peer says about older SAs is heeded only now.
fn establish(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    peer: Verified,
    payloads: PayloadChain<'_>,
) -> Result<(), Failure> {
    let secure = sa
        .secure
        .as_ref()
        .ok_or(Failure::Bug("established without keys"))?;
    let suite = secure.keys.suite();
    sa.facts.phase = Phase::Established;
    let event = output::Established {
        sa: sa.facts.id,
        policy: sa
            .facts
            .policy
            .ok_or(Failure::Bug("established without connection"))?,
        role: sa.facts.role,
        spis: sa.facts.spis,
        suite,
        remote_id: peer.identity().clone(),
        local: sa.facts.path.local,
        remote: sa.facts.path.remote,
        nat: (sa.nat.here, sa.nat.there),
        at: cx.now,
        began: sa.began,
    };
    let core = &mut *cx.core;
    let lifetime = core.connection(sa.connection).map(|it| it.lifetime);
    let deadlines =
        lifetime::Deadlines::new(cx.now, &lifetime.unwrap_or_default(), &mut core.random);
    let state = Established::new(cx.now, peer, deadlines);
    sa.state = State::Established(Box::new(state));
    cx.out.event(Event::Established(Box::new(event)));
    cx.lifecycle(sa, Lifecycle::Established);
    contact::established(cx, sa, payloads);
    contact::catch_up(cx, sa);
    Ok(())
}
