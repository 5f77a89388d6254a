//! Quick mode: child SAs (RFC 2409 §5.5, RFC 2407 §4.5).

use alloc::vec::Vec;
use core::net::IpAddr;

use ike_crypto::SecretVec;
use ike_ext::{ChildId, Inbound, Lifecycle};
use ipsec_doi::encapsulation::{Encapsulation, NatRevision};
use ipsec_doi::v1::Phase2;
use isakmp_wire::v1::{NatOriginalAddress, ProtocolId, kind};
use isakmp_wire::vendor_id;

use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::finish::blame;
use crate::narrow::Named;
use crate::sa::{Exchange, Sa, Step};
use crate::send::Cover;

mod beside;
pub(crate) mod child;
pub(crate) mod initiator;
mod lifetime;
pub(crate) mod news;
pub(crate) mod offer;
pub(crate) mod responder;

pub(crate) use beside::{Wanted, fulfil};

/// Message 1 is out.
pub(crate) struct AwaitAnswer {
    /// Which of the connection's children.
    pub(crate) index: usize,
    pub(crate) nonce: Vec<u8>,
    kex: Option<alloc::boxed::Box<dyn ike_crypto::KeyExchange>>,
    spi: u32,
    protocol: ProtocolId,
    offers: Vec<Phase2>,
    /// What lies behind us, and behind the peer.
    identities: (Named, Named),
    pub(crate) replaces: Option<ChildId>,
}

impl core::fmt::Debug for AwaitAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AwaitAnswer")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Message 2 is out.
#[derive(Debug)]
pub(crate) struct AwaitProof {
    agreed: Agreed,
    /// Whether we said that we confirm message 3.
    commit: bool,
}

/// Message 3 is out, and the responder wants to confirm it (RFC 2408 §3.1, commit bit).
#[derive(Debug)]
pub(crate) struct AwaitConnected {
    agreed: Agreed,
}

/// What both sides want.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) message_id: u32,
    pub(crate) index: usize,
    pub(crate) protocol: ProtocolId,
    pub(crate) suite: Phase2,
    pub(crate) encapsulation: Encapsulation,
    pub(crate) spi_in: u32,
    pub(crate) spi_out: u32,
    /// The initiator's first.
    pub(crate) nonces: (Vec<u8>, Vec<u8>),
    pub(crate) shared: Option<SecretVec>,
    pub(crate) identities: (Named, Named),
    pub(crate) original: (Option<IpAddr>, Option<IpAddr>),
    /// The peer's RESPONDER-LIFETIME, if it is shorter than what was agreed.
    pub(crate) shorter: Option<ipsec_doi::v1::Lifetimes>,
    pub(crate) replaces: Option<ChildId>,
    /// Whether we began.
    pub(crate) began: bool,
}

impl AwaitProof {
    /// HASH(3) covers both nonces and no payload (RFC 2409 §5.5).
    pub(crate) fn cover(&self) -> Cover {
        proof_cover(&self.agreed.nonces)
    }
}

impl AwaitConnected {
    pub(crate) const fn replaces(&self) -> Option<ChildId> {
        self.agreed.replaces
    }
}

fn proof_cover(nonces: &(Vec<u8>, Vec<u8>)) -> Cover {
    let mut after = nonces.0.clone();
    after.extend_from_slice(&nonces.1);
    Cover {
        before: alloc::vec![0],
        after,
        rest: false,
    }
}

/// Takes an authentic message of quick mode.
pub(crate) fn on_message(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    mut exchange: Exchange,
    message: &Inbound<'_>,
) -> Result<(), Failure> {
    match core::mem::replace(&mut exchange.step, Step::Done) {
        Step::Done if exchange.repeat.is_none() => {
            responder::on_request(cx, sa, exchange, message);
        }
        Step::Answer(state) => initiator::on_answer(cx, sa, exchange, *state, message),
        Step::Proof(state) => responder::on_proof(cx, sa, exchange, *state)?,
        Step::Connected(state) => {
            exchange.step = Step::Connected(state);
            sa.exchanges.push(exchange);
            // RFC 2408 §3.1; Windows may say something else than CONNECTED in this message
            initiator::confirmed(cx, sa, message.header.message_id)?;
        }
        other @ (Step::Done | Step::Transaction(_) | Step::Held) => {
            exchange.step = other;
            sa.exchanges.push(exchange);
            cx.dropped(message.from, Dropped::Unexpected);
        }
    }
    Ok(())
}

/// Tells the peer why a quick mode has come to nothing. Microsoft's peers want to know which one: its message ID comes
/// first in the data ([MS-IKEE] §2.2.6).
fn refuse(cx: &mut Cx<'_>, sa: &mut Sa, message_id: u32, failure: &Failure) {
    let Some(what) = failure.notify() else { return };
    cx.lifecycle(sa, Lifecycle::QuickModeFailing(message_id, blame(failure)));
    let octets = message_id.to_be_bytes();
    let microsoft = sa.peer_sent_prefix(&vendor_id::MS_NT5_ISAKMPOAKLEY);
    let data: &[u8] = if microsoft { &octets } else { &[] };
    let payload = crate::payload::notify(what, ProtocolId::ISAKMP, &[], data);
    crate::informational::inform(cx, sa, alloc::vec![payload]);
}

/// The two sides' addresses before translation, as the peer tells them: ours as it sees us, and its own
/// (RFC 3947 §5.2). With one payload only it is the peer's own. The payloads are those of the revision in use
/// ([MS-IKEE] §3.2.5.3).
pub(crate) fn originals(
    message: &Inbound<'_>,
    udp: Option<NatRevision>,
    peer_began: bool,
) -> (Option<IpAddr>, Option<IpAddr>) {
    let wanted = match udp {
        Some(NatRevision::Draft) => kind::NAT_OA_DRAFT,
        Some(NatRevision::Rfc3947) => kind::NAT_OA,
        None => return (None, None),
    };
    let all: Vec<IpAddr> = message
        .payloads()
        .iter()
        .filter(|it| it.kind == wanted)
        .filter_map(|it| NatOriginalAddress::parse(it).ok())
        .map(|it| it.address)
        .take(2)
        .collect();
    match all.as_slice() {
        [initiator, responder] if peer_began => (Some(*responder), Some(*initiator)),
        [initiator, responder] => (Some(*initiator), Some(*responder)),
        [own] => (None, Some(*own)),
        _ => (None, None),
    }
}
