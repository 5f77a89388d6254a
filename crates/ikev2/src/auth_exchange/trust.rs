//! The wait for a verdict on the peer's certificates, in both halves of IKE_AUTH.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use ike_endpoint::Path;
use ike_ext::{Inbound, Instant, PolicyId, SaId, Stage};
use ipsec_doi::Identity;
use isakmp_wire::{ChainWriter, Header, PayloadChain, PayloadType};

use crate::auth::certificates;
use crate::auth_exchange::{AwaitAuthRequest, AwaitAuthResponse, initiator, responder};
use crate::authentication::{PeerKey, Trust};
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure};
use crate::output::{Event, PeerCertificates};
use crate::sa::{Sa, State};
use crate::tasks::next_task;

/// The peer's message is here; whether its key is to be trusted is not known yet.
#[derive(Debug)]
pub(crate) struct AwaitTrust {
    pub(crate) expires: Instant,
    peer: Identity,
    held: Held,
    half: Half,
}

/// Which half of the exchange goes on with the verdict.
#[derive(Debug)]
pub(super) enum Half {
    Initiator(Box<AwaitAuthResponse>),
    Responder(Box<AwaitAuthRequest>, Candidates),
}

/// The connections that a request may be for.
#[derive(Debug)]
pub(super) struct Candidates {
    /// Those that are left, the one in question first.
    pub(super) connections: VecDeque<usize>,
    /// Why the first of all was not it.
    pub(super) failure: Option<Failure>,
}

/// A message that was taken out of its protection, to be read again.
#[derive(Debug)]
struct Held {
    stage: Stage,
    from: core::net::SocketAddr,
    header: Header,
    first: PayloadType,
    octets: Vec<u8>,
    asked_from: Option<Path>,
}

impl Held {
    fn new(message: &Inbound<'_>, asked_from: Option<Path>) -> Self {
        let mut octets = Vec::new();
        let mut writer = ChainWriter::begin(&mut octets);
        for it in message.payloads().iter() {
            writer.payload(it.kind, it.critical(), it.body);
        }
        let first = writer.finish();
        Self {
            stage: message.stage,
            from: message.from,
            header: message.header,
            first,
            octets,
            asked_from,
        }
    }

    fn message(&self) -> Result<Inbound<'_>, Failure> {
        let payloads = PayloadChain::parse(self.first, &self.octets, 0)?;
        Ok(Inbound::new(
            self.stage,
            self.from,
            self.header,
            true,
            payloads,
        ))
    }
}

/// A verdict, for those who check the signature with it.
pub(super) type Verdict = Result<PeerKey, Failure>;

/// Shows the application what the peer shows, and waits.
pub(super) fn ask(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    (policy, trust): (PolicyId, &Trust),
    (peer, message): (&Identity, &Inbound<'_>),
    half: Half,
) -> Result<(), Failure> {
    let limits = &cx.core.config.limits;
    let shown = certificates::read(message.payloads(), peer, limits)?;
    let expires = cx.now + limits.trust_timeout;
    let event = PeerCertificates {
        sa: sa.facts.id,
        policy,
        identity: peer.clone(),
        chain: shown.chain,
        crls: shown.crls,
        authorities: trust.authorities.clone(),
    };
    cx.out.event(Event::PeerCertificates(Box::new(event)));
    sa.state = State::AwaitTrust(Box::new(AwaitTrust {
        expires,
        peer: peer.clone(),
        held: Held::new(message, cx.asked_from),
        half,
    }));
    Ok(())
}

/// Nobody has said anything in time.
pub(crate) fn unjudged(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    judged(cx, sa, |peer| {
        Err(AuthenticationFailure::Unjudged { peer }.into())
    })
}

/// Goes on where the message was laid aside.
fn judged(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    verdict: impl FnOnce(Identity) -> Verdict,
) -> Result<(), Failure> {
    let state = match core::mem::replace(&mut sa.state, State::Closed) {
        State::AwaitTrust(state) => *state,
        other @ (State::AwaitInitResponse(_)
        | State::AwaitAuthRequest(_)
        | State::AwaitAuthResponse(_)
        | State::Established(_)
        | State::Closing(_)
        | State::Prepared(_)
        | State::Replaced(_)
        | State::Lingering(_)
        | State::Closed) => {
            // too late, or unasked
            sa.state = other;
            return Ok(());
        }
    };
    let message = state.held.message()?;
    cx.asked_from = state.held.asked_from;
    let verdict = verdict(state.peer);
    match state.half {
        Half::Initiator(waiting) => {
            initiator::judged(cx, sa, *waiting, &message, verdict)?;
            next_task(cx, sa)
        }
        Half::Responder(waiting, candidates) => {
            let done = responder::judged(cx, sa, *waiting, candidates, &message, verdict);
            let message_id = message.header.message_id;
            done.or_else(|failure| cx.refuse_auth(sa, message_id, failure))
        }
    }
}

impl Cx<'_> {
    /// Takes the application's verdict. One that nobody waits for changes nothing.
    pub(crate) fn trusted(&mut self, id: SaId, verdict: Result<PeerKey, String>) {
        let Some(mut sa) = self.core.table.take(id) else {
            return;
        };
        let done = judged(self, &mut sa, |peer| {
            verdict.map_err(|reason| AuthenticationFailure::Untrusted { peer, reason }.into())
        });
        self.conclude(sa, done);
    }
}
