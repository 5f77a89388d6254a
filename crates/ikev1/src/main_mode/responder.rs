//! The responder's half of main mode.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_endpoint::Datagram;
use ike_ext::{Inbound, Stage};
use ipsec_doi::v1::Phase1;
use isakmp_wire::v1::{SecurityAssociation, kind};
use isakmp_wire::{Message, OwnedPayload};

use crate::admission::{Stop, first_message};
use crate::auth::{self, Transcript};
use crate::context::Cx;
use crate::failure::Failure;
use crate::main_mode::{Agreed, Half, MainMode, derive, start, vendor_ids};
use crate::payload::one;
use crate::sa::{Sa, State};
use crate::select::{self, Chosen, is_for};
use crate::send::Outgoing;

/// Message 2 is out; the initiator's half of the key exchange is awaited.
#[derive(Debug)]
pub(crate) struct AwaitKey {
    offer: Phase1,
    /// The body of the initiator's SA payload.
    sa: Vec<u8>,
}

/// Takes message 1 from anybody. Nothing is kept before it has passed every check.
pub(crate) fn on_first(cx: &mut Cx<'_>, datagram: &Datagram<'_>, message: &Message<'_>) {
    let stage = Stage::main_mode(1);
    first_message(cx, datagram, message, stage, answer);
}

/// The choice among the connections that addresses, extensions and `filter` allow.
pub(crate) fn choose(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    body: &SecurityAssociation<'_>,
    filter: impl Fn(&crate::Connection) -> bool,
) -> Result<Chosen, Failure> {
    let path = sa.facts.path;
    let served = auth::served(cx, sa);
    let candidates: Vec<_> = cx
        .core
        .config
        .connections
        .iter()
        .enumerate()
        .filter(|(_, it)| {
            is_for(it, path.local, path.remote)
                && filter(it)
                && it
                    .authentication
                    .brought_method()
                    .is_none_or(|it| served.contains(&it))
                && cx.extensions.permits(sa.facts.id, it.policy)
        })
        .collect();
    let chosen = select::choose(candidates.into_iter(), cx.core.provider, body)?;
    sa.connection = Some(chosen.connection);
    sa.facts.hash = Some(chosen.offer.suite.hash);
    let connection = cx.core.connection_of(sa)?;
    sa.facts.policy = Some(connection.policy);
    Ok(chosen)
}

/// Message 1: chooses a suite.
fn answer(cx: &mut Cx<'_>, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Stop> {
    let raw = one(message.payloads(), kind::SA)?;
    let body = SecurityAssociation::parse(raw)?;
    let chosen = choose(cx, sa, &body, |_| true)?;
    let mut payloads = alloc::vec![OwnedPayload::new(kind::SA, chosen.answer)];
    payloads.extend(vendor_ids(cx.core.connection_of(sa)?));
    cx.ask_first(sa, Outgoing::first(Stage::main_mode(2), payloads));
    sa.state = State::Main(MainMode::AwaitKey(Box::new(AwaitKey {
        offer: chosen.offer,
        sa: raw.body.to_vec(),
    })));
    Ok(())
}

impl AwaitKey {
    /// Message 3: answers with our half of the key exchange, and derives the keys.
    pub(crate) fn handle(
        self,
        cx: &mut Cx<'_>,
        sa: &mut Sa,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let theirs = Half::read(message.payloads())?;
        let (kex, half) = start(cx, self.offer.suite.group)?;
        let mut payloads = half.payloads();
        payloads.extend(auth::requests(cx, sa, self.offer.auth));
        let public = theirs.public.clone();
        let agreed = Agreed {
            offer: self.offer,
            halves: (theirs, half),
        };
        derive(cx, sa, kex, &public, &agreed)?;
        cx.ask_first(sa, Outgoing::first(Stage::main_mode(4), payloads));
        sa.state = State::Main(MainMode::AwaitProof(Box::new(Transcript {
            sa: self.sa,
            publics: (agreed.halves.0.public, agreed.halves.1.public),
        })));
        Ok(())
    }
}

/// Message 6: our own proof, once the peer's is right.
pub(crate) fn conclude(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    transcript: &Transcript,
) -> Result<(), Failure> {
    let id = auth::own_identity(cx, sa)?;
    let proof = auth::prove(cx, sa, transcript, &id)?;
    let mut payloads = alloc::vec![OwnedPayload::new(kind::ID, id)];
    payloads.extend(proof);
    let sent = cx.sealed(sa, Outgoing::first(Stage::main_mode(6), payloads))?;
    cx.send_last(sa, sent);
    Ok(())
}
