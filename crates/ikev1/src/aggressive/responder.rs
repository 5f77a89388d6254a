//! The responder's half of aggressive mode.

use alloc::boxed::Box;

use ike_endpoint::Datagram;
use ike_ext::{Inbound, Stage};
use ipsec_doi::Identity;
use isakmp_wire::v1::{SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Message, OwnedPayload};

use crate::admission::{Stop, first_message};
use crate::aggressive::Aggressive;
use crate::auth::{self, Certificates, Transcript};
use crate::context::Cx;
use crate::failure::Failure;
use crate::main_mode::responder::choose;
use crate::main_mode::{Agreed, Half, derive, start, vendor_ids};
use crate::payload::one;
use crate::sa::{Sa, State};
use crate::send::Outgoing;

/// Message 2 is out; the initiator's proof is awaited.
#[derive(Debug)]
pub(crate) struct AwaitProof {
    transcript: Transcript,
    identity: (Identity, alloc::vec::Vec<u8>),
    certificates: Certificates,
}

/// Takes message 1 from anybody.
pub(crate) fn on_first(cx: &mut Cx<'_>, datagram: &Datagram<'_>, message: &Message<'_>) {
    let stage = Stage::new(ExchangeType::AGGRESSIVE, 1);
    first_message(cx, datagram, message, stage, answer);
}

/// Message 1: everything of the initiator's but its proof. The connection, hence the key, is found by the identity; it
/// must allow aggressive mode.
fn answer(cx: &mut Cx<'_>, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Stop> {
    let payloads = message.payloads();
    let raw = one(payloads, kind::SA)?;
    let body = SecurityAssociation::parse(raw)?;
    let theirs = Half::read(payloads)?;
    let (identity, id_body) = auth::identity_of(payloads)?;
    let chosen = choose(cx, sa, &body, |it| {
        let expected = it.authentication.remote_id.as_ref();
        let brought = it.authentication.brought_method();
        it.options.aggressive && brought.is_none() && expected.is_none_or(|it| *it == identity)
    })?;
    let (kex, half) = start(cx, chosen.offer.suite.group)?;
    let public = theirs.public.clone();
    let mut reply = alloc::vec![OwnedPayload::new(kind::SA, chosen.answer)];
    reply.extend(half.payloads());
    let agreed = Agreed {
        offer: chosen.offer,
        halves: (theirs, half),
    };
    derive(cx, sa, kex, &public, &agreed)?;
    let transcript = Transcript {
        sa: raw.body.to_vec(),
        publics: (agreed.halves.0.public, agreed.halves.1.public),
    };
    let own = auth::own_identity(cx, sa)?;
    let proof = auth::prove(cx, sa, &transcript, &own)?;
    reply.push(OwnedPayload::new(kind::ID, own));
    reply.extend(proof);
    reply.extend(auth::requests(cx, sa, chosen.offer.auth));
    reply.extend(vendor_ids(cx.core.connection_of(sa)?));
    let stage = Stage::new(ExchangeType::AGGRESSIVE, 2);
    cx.ask_first(sa, Outgoing::first(stage, reply));
    sa.state = State::Aggressive(Aggressive::AwaitProof(Box::new(AwaitProof {
        transcript,
        identity: (identity, id_body),
        certificates: auth::certificates(payloads, Certificates::default()),
    })));
    Ok(())
}

impl AwaitProof {
    /// Message 3: the initiator's proof.
    pub(crate) fn handle(
        self,
        cx: &mut Cx<'_>,
        sa: &mut Sa,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let payloads = message.payloads();
        let claim = auth::read_claim(cx, sa, payloads, self.identity, self.certificates)?;
        auth::judge(cx, sa, ExchangeType::AGGRESSIVE, self.transcript, claim)
    }
}
