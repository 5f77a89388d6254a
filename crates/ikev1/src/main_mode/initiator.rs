//! The initiator's half of main mode, and where every negotiation of ours begins.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_endpoint::{Path, Phase};
use ike_ext::{Inbound, Role, SaId, Stage};
use ipsec_doi::v1::Phase1;
use isakmp_wire::v1::{NotifyType, SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Header, OwnedPayload, Spi};

use crate::aggressive;
use crate::auth::{self, Transcript};
use crate::context::Cx;
use crate::failure::{Failure, Misbehaviour};
use crate::main_mode::{Agreed, Half, MainMode, derive, start, vendor_ids};
use crate::misuse::InitiateError;
use crate::payload::{notify_sa, one};
use crate::sa::{Facts, Sa, State, same_peer};
use crate::select;
use crate::send::Outgoing;

/// Message 1 is out; the responder's choice is awaited.
#[derive(Debug)]
pub(crate) struct AwaitChoice {
    offers: Vec<Phase1>,
    /// The body of our SA payload.
    sa: Vec<u8>,
}

/// Message 3 is out; the responder's half of the key exchange is awaited.
pub(crate) struct AwaitShare {
    kex: Box<dyn ike_crypto::KeyExchange>,
    half: Half,
    offer: Phase1,
    sa: Vec<u8>,
}

impl core::fmt::Debug for AwaitShare {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AwaitShare")
            .field("offer", &self.offer)
            .finish_non_exhaustive()
    }
}

/// Begins a negotiation under the connection at `index`, perhaps to replace an SA.
pub(crate) fn begin(
    cx: &mut Cx<'_>,
    index: usize,
    path: Path,
    replaces: Option<SaId>,
) -> Result<SaId, InitiateError> {
    let connection = cx.core.config.connections.get(index);
    let connection = connection.ok_or(InitiateError::NoProposals)?;
    let (policy, aggressive) = (connection.policy, connection.options.aggressive);
    if connection.authentication.method(Role::Initiator).is_none() {
        return Err(InitiateError::NoMethod);
    }
    let offers = select::offers(connection, cx.core.provider, Role::Initiator);
    if offers.is_empty() {
        return Err(InitiateError::NoProposals);
    }
    let core = &mut *cx.core;
    let reserved = core.table.reserve(&mut core.random, None);
    let (id, spi) = reserved.map_err(|_| InitiateError::Crypto)?;
    let facts = Facts {
        id,
        role: Role::Initiator,
        spis: (spi, Spi::ZERO),
        path,
        policy: Some(policy),
        phase: Phase::Initiating,
        mode: if aggressive {
            ExchangeType::AGGRESSIVE
        } else {
            ExchangeType::MAIN_MODE
        },
        hash: None,
        vendor_ids: Vec::new(),
    };
    let mut sa = Box::new(Sa::new(facts, Some(index), cx.now));
    sa.replaces = replaces;
    let brought = cx.core.connection(Some(index));
    let brought = brought.and_then(|it| it.authentication.brought_method());
    if brought.is_some_and(|it| aggressive || !auth::serves(cx, &sa, it)) {
        cx.close(sa);
        return Err(InitiateError::NoMethod);
    }
    let sent = if aggressive {
        aggressive::initiator::begin(cx, &mut sa, offers)
    } else {
        let body = select::write(&offers);
        send_offer(cx, &mut sa, body.clone());
        let state = AwaitChoice { offers, sa: body };
        sa.state = State::Main(MainMode::AwaitChoice(Box::new(state)));
        Ok(())
    };
    if sent.is_err() {
        cx.close(sa);
        return Err(InitiateError::Crypto);
    }
    cx.keep(sa);
    Ok(id)
}

/// Message 1, with the offers that are in `body`.
fn send_offer(cx: &mut Cx<'_>, sa: &mut Sa, body: Vec<u8>) {
    let mut payloads = alloc::vec![OwnedPayload::new(kind::SA, body)];
    if let Some(connection) = cx.core.connection(sa.connection) {
        payloads.extend(vendor_ids(connection));
    }
    cx.ask_first(sa, Outgoing::first(Stage::main_mode(1), payloads));
}

/// RFC 2408 §2.5.3: the responder's first message brings its cookie.
pub(crate) fn learn_cookie(sa: &mut Sa, header: &Header) {
    if sa.facts.role == Role::Initiator && sa.facts.spis.1.is_zero() {
        sa.facts.spis.1 = header.responder;
    }
}

impl AwaitChoice {
    /// Message 2: checks the choice, answers with our half of the key exchange.
    pub(crate) fn handle(
        self,
        cx: &mut Cx<'_>,
        sa: &mut Sa,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let body = SecurityAssociation::parse(one(message.payloads(), kind::SA)?)?;
        let offer = select::accept(&self.offers, &body)?;
        sa.facts.hash = Some(offer.suite.hash);
        let brought = cx.core.connection_of(sa)?.authentication.brought_method();
        // a number may mean something else to this peer
        if brought.is_some_and(|it| !auth::serves(cx, sa, it)) {
            return Err(Misbehaviour::ChoseUnoffered.into());
        }
        let (kex, half) = start(cx, offer.suite.group)?;
        let mut payloads = half.payloads();
        payloads.extend(auth::requests(cx, sa, offer.auth));
        cx.ask_first(sa, Outgoing::first(Stage::main_mode(3), payloads));
        sa.state = State::Main(MainMode::AwaitShare(Box::new(AwaitShare {
            kex,
            half,
            offer,
            sa: self.sa,
        })));
        Ok(())
    }
}

impl AwaitShare {
    /// Message 4: derives the keys, and proves who we are.
    pub(crate) fn handle(
        self,
        cx: &mut Cx<'_>,
        sa: &mut Sa,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let theirs = Half::read(message.payloads())?;
        let public = theirs.public.clone();
        let agreed = Agreed {
            offer: self.offer,
            halves: (self.half, theirs),
        };
        derive(cx, sa, self.kex, &public, &agreed)?;
        let transcript = Transcript {
            sa: self.sa,
            publics: (agreed.halves.0.public, agreed.halves.1.public),
        };
        let id = auth::own_identity(cx, sa)?;
        let proof = auth::prove(cx, sa, &transcript, &id)?;
        let mut payloads = alloc::vec![OwnedPayload::new(kind::ID, id)];
        payloads.extend(proof);
        payloads.extend(initial_contact(cx, sa));
        let sent = cx.sealed(sa, Outgoing::first(Stage::main_mode(5), payloads))?;
        cx.send_first(sa, sent);
        sa.state = State::Main(MainMode::AwaitAnswer(Box::new(transcript)));
        Ok(())
    }
}

/// RFC 2407 §4.6.3.3: says that we have no other SA with the peer, where that is so.
pub(crate) fn initial_contact(cx: &Cx<'_>, sa: &Sa) -> Option<OwnedPayload> {
    let connection = cx.core.connection(sa.connection)?;
    let others = cx.core.table.iter().any(|it| {
        it.facts.policy == sa.facts.policy && it.facts.id != sa.facts.id && same_peer(it, it)
    });
    let due = connection.options.initial_contact && !others && sa.replaces.is_none();
    due.then(|| notify_sa(NotifyType::INITIAL_CONTACT, sa.facts.spis, &[]))
}
