//! The initiator's half of aggressive mode.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_ext::{Inbound, Stage};
use ipsec_doi::v1::Phase1;
use isakmp_wire::v1::{SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, PayloadChain};

use crate::aggressive::Aggressive;
use crate::auth::{self, Certificates, Transcript};
use crate::context::Cx;
use crate::failure::Failure;
use crate::main_mode::initiator::initial_contact;
use crate::main_mode::{Agreed, Half, derive, start, vendor_ids};
use crate::payload::one;
use crate::sa::{Sa, State};
use crate::select;
use crate::send::Outgoing;

/// Message 1 is out.
pub(crate) struct AwaitAnswer {
    kex: Box<dyn ike_crypto::KeyExchange>,
    half: Half,
    offers: Vec<Phase1>,
    sa: Vec<u8>,
}

impl core::fmt::Debug for AwaitAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AwaitAnswer")
            .field("offers", &self.offers)
            .finish_non_exhaustive()
    }
}

/// Sends message 1. All its offers have the group of the first: there is one public value (RFC 2409 §5.4).
pub(crate) fn begin(cx: &mut Cx<'_>, sa: &mut Sa, mut offers: Vec<Phase1>) -> Result<(), Failure> {
    let first = offers.first().ok_or(Failure::Bug("nothing to offer"))?;
    let (group, method) = (first.suite.group, first.auth);
    offers.retain(|it| it.suite.group == group);
    let (kex, half) = start(cx, group)?;
    let body = select::write(&offers);
    let mut payloads = alloc::vec![OwnedPayload::new(kind::SA, body.clone())];
    payloads.extend(half.payloads());
    payloads.push(OwnedPayload::new(kind::ID, auth::own_identity(cx, sa)?));
    payloads.extend(auth::requests(cx, sa, method));
    payloads.extend(vendor_ids(cx.core.connection_of(sa)?));
    let stage = Stage::new(ExchangeType::AGGRESSIVE, 1);
    cx.ask_first(sa, Outgoing::first(stage, payloads));
    sa.state = State::Aggressive(Aggressive::AwaitAnswer(Box::new(AwaitAnswer {
        kex,
        half,
        offers,
        sa: body,
    })));
    Ok(())
}

impl AwaitAnswer {
    /// What the responder chose, if it was offered.
    pub(crate) fn chosen(&self, payloads: PayloadChain<'_>) -> Result<Phase1, Failure> {
        let body = SecurityAssociation::parse(one(payloads, kind::SA)?)?;
        select::accept(&self.offers, &body)
    }

    /// Message 2: everything of the responder's, its proof included.
    pub(crate) fn handle(
        self,
        cx: &mut Cx<'_>,
        sa: &mut Sa,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let payloads = message.payloads();
        let offer = self.chosen(payloads)?;
        let theirs = Half::read(payloads)?;
        let public = theirs.public.clone();
        let agreed = Agreed {
            offer,
            halves: (self.half, theirs),
        };
        derive(cx, sa, self.kex, &public, &agreed)?;
        let identity = auth::identity_of(payloads)?;
        let claim = auth::read_claim(cx, sa, payloads, identity, Certificates::default())?;
        let transcript = Transcript {
            sa: self.sa,
            publics: (agreed.halves.0.public, agreed.halves.1.public),
        };
        auth::judge(cx, sa, ExchangeType::AGGRESSIVE, transcript, claim)
    }
}

/// Message 3: our own proof, once the peer's is right.
pub(crate) fn conclude(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    transcript: &Transcript,
) -> Result<(), Failure> {
    let id = auth::own_identity(cx, sa)?;
    let mut payloads = auth::prove(cx, sa, transcript, &id)?;
    let stage = Stage::new(ExchangeType::AGGRESSIVE, 3);
    let sent = if cx.core.config.profile.encrypt_aggressive {
        payloads.extend(initial_contact(cx, sa));
        cx.sealed(sa, Outgoing::first(stage, payloads))?
    } else {
        cx.clear(sa, Outgoing::first(stage, payloads))
    };
    cx.send(sa, &sent);
    // nothing answers it: it is repeated until something of phase 2 comes
    let schedule = cx.schedule(sa, stage);
    let answers = sa.first.last_in;
    sa.first.repeat = Some(crate::retransmit::Repeat::new(sent, answers, schedule));
    Ok(())
}
