//! Main mode: six messages, the last two encrypted (RFC 2409 §5.1, §5.4).

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_endpoint::{Datagram, Path};
use ike_ext::{Inbound, Stage, Verdict};
use isakmp_wire::v1::{KeyExchange, kind};
use isakmp_wire::{ExchangeType, Flags, Header, Message, OwnedPayload, PayloadChain, vendor_id};

use crate::auth::{self, AwaitTrust, Certificates, Claim, Transcript};
use crate::config::Connection;
use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::finish_phase_1;
use crate::keys::{Exchanged, Keys};
use crate::payload::one;
use crate::sa::{Sa, Secure, State};

pub(crate) mod initiator;
pub(crate) mod responder;

/// What main mode awaits.
#[derive(Debug)]
#[expect(
    clippy::enum_variant_names,
    reason = "a state is named after what it awaits"
)]
pub(crate) enum MainMode {
    /// Message 1 is out.
    AwaitChoice(Box<initiator::AwaitChoice>),
    /// Message 2 is out.
    AwaitKey(Box<responder::AwaitKey>),
    /// Message 3 is out.
    AwaitShare(Box<initiator::AwaitShare>),
    /// Message 4 is out.
    AwaitProof(Box<Transcript>),
    /// Message 5 is out.
    AwaitAnswer(Box<Transcript>),
    /// The last message of the peer is in, and its certificates are being judged.
    AwaitTrust(Box<AwaitTrust>),
}

impl MainMode {
    /// For a status display.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::AwaitChoice(_) => "main mode, awaiting message 2",
            Self::AwaitKey(_) => "main mode, awaiting message 3",
            Self::AwaitShare(_) => "main mode, awaiting message 4",
            Self::AwaitProof(_) => "main mode, awaiting message 5",
            Self::AwaitAnswer(_) => "main mode, awaiting message 6",
            Self::AwaitTrust(_) => "main mode, awaiting a verdict on certificates",
        }
    }

    const fn awaited(&self) -> u8 {
        match self {
            Self::AwaitChoice(_) => 2,
            Self::AwaitKey(_) => 3,
            Self::AwaitShare(_) => 4,
            Self::AwaitProof(_) => 5,
            Self::AwaitAnswer(_) => 6,
            Self::AwaitTrust(_) => 0,
        }
    }
}

/// Takes a message of phase 1 to the state that awaits it.
pub(crate) fn handle(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: MainMode,
    (datagram, message): (&Datagram<'_>, &Message<'_>),
    digest: [u8; 8],
) -> Result<(), Failure> {
    let number = state.awaited();
    let encrypted = message.header.flags.contains(Flags::ENCRYPTED);
    let fits = message.header.exchange == ExchangeType::MAIN_MODE
        && number != 0
        && encrypted == (number >= 5);
    if !fits {
        sa.state = State::Main(state);
        cx.dropped(datagram.remote, Dropped::Unexpected);
        return Ok(());
    }
    let opened;
    let payloads = match message.encrypted_body() {
        None => message.payloads,
        Some(body) => match open(sa, &message.header, body) {
            Ok(plain) => {
                opened = plain;
                let (first, bytes) = (message.header.next, &opened.0);
                PayloadChain::parse_padded(first, bytes, Header::LEN)?.0
            }
            Err(_) => {
                // RFC 2409 §5.4: with a shared key, keys differ when it does. Anybody may have sent it.
                sa.first.garbled = true;
                sa.state = State::Main(state);
                cx.dropped(datagram.remote, Dropped::Undecryptable);
                return Ok(());
            }
        },
    };
    if !is_plausible(number, payloads) {
        sa.state = State::Main(state);
        cx.dropped(datagram.remote, Dropped::Unexpected);
        return Ok(());
    }
    let stage = Stage::main_mode(number);
    let inbound = Inbound::new(stage, datagram.remote, message.header, encrypted, payloads);
    cx.traced(sa, &inbound, message.bytes.len());
    if number == 2 {
        initiator::learn_cookie(sa, &message.header);
    }
    if !goes_on(cx, sa, &inbound)? {
        sa.state = State::Main(state);
        return Ok(());
    }
    sa.first.last_in = Some(digest);
    sa.first.draft = None;
    sa.remember(inbound.vendor_ids(), cx.core.config.limits.vendor_ids);
    if encrypted {
        next_iv(sa, message.body());
        float_back(sa, datagram);
    }
    match state {
        MainMode::AwaitChoice(it) => it.handle(cx, sa, &inbound),
        MainMode::AwaitKey(it) => it.handle(cx, sa, &inbound),
        MainMode::AwaitShare(it) => it.handle(cx, sa, &inbound),
        MainMode::AwaitProof(it) | MainMode::AwaitAnswer(it) => {
            let claim = read_claim(cx, sa, payloads)?;
            auth::judge(cx, sa, ExchangeType::MAIN_MODE, *it, claim)
        }
        MainMode::AwaitTrust(_) => Err(Failure::Bug("a message to a state that awaits none")),
    }
}

/// Whether a message has what its place in main mode asks for. What is in clear may be anybody's, and does not end a
/// negotiation by what it lacks.
fn is_plausible(number: u8, payloads: PayloadChain<'_>) -> bool {
    let wanted: &[_] = match number {
        2 => &[kind::SA],
        3 | 4 => &[kind::KE, kind::NONCE],
        _ => &[kind::ID],
    };
    wanted.iter().all(|it| payloads.first(*it).is_some())
}

/// Whether the extensions leave a message to the core.
pub(crate) fn goes_on(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    message: &Inbound<'_>,
) -> Result<bool, Failure> {
    match cx.incoming(sa, message) {
        Verdict::Continue => Ok(true),
        Verdict::Abort(reason) => Err(Failure::Refused(reason)),
        Verdict::Discard(reason) => {
            cx.dropped(message.from, Dropped::Extension(reason));
            Ok(false)
        }
        Verdict::Consume => Ok(false),
    }
}

/// The responder answers where message 5 came from: the NAT traversal port, if the initiator has floated
/// (RFC 3947 §4).
pub(crate) fn float_back(sa: &mut Sa, datagram: &Datagram<'_>) {
    let path = Path::from(datagram);
    if path.marker && path.local.ip() == sa.facts.path.local.ip() {
        sa.facts.path = path;
    }
}

/// Decrypts a message of phase 1. With wrong keys the chain does not read, or lacks identity and proof.
fn open(sa: &Sa, header: &Header, body: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let opened = secure.protection.open(&secure.iv, body)?;
    let (payloads, _) = PayloadChain::parse_padded(header.next, &opened.0, Header::LEN)?;
    one(payloads, kind::ID)?;
    let proof = [kind::HASH, kind::SIGNATURE];
    if proof.iter().any(|it| payloads.first(*it).is_some()) {
        Ok(opened)
    } else {
        Err(Failure::Crypto)
    }
}

/// The chain goes on from the last block of what was taken (RFC 2409 App. B).
pub(crate) fn next_iv(sa: &mut Sa, body: &[u8]) {
    if let Some(secure) = &mut sa.secure {
        let at = body.len().saturating_sub(secure.iv.len());
        secure.iv = body.get(at..).unwrap_or_default().to_vec();
        secure.last.1.clone_from(&secure.iv);
    }
}

fn read_claim(cx: &Cx<'_>, sa: &Sa, payloads: PayloadChain<'_>) -> Result<Claim, Failure> {
    let identity = auth::identity_of(payloads)?;
    auth::read_claim(cx, sa, payloads, identity, Certificates::default())
}

/// What a party sends of the key exchange.
#[derive(Debug)]
pub(crate) struct Half {
    pub(crate) public: Vec<u8>,
    pub(crate) nonce: Vec<u8>,
}

impl Half {
    pub(crate) fn payloads(&self) -> Vec<OwnedPayload> {
        alloc::vec![
            OwnedPayload::new(kind::KE, self.public.clone()),
            OwnedPayload::new(kind::NONCE, self.nonce.clone()),
        ]
    }

    /// The peer's.
    pub(crate) fn read(payloads: PayloadChain<'_>) -> Result<Self, Failure> {
        let public = KeyExchange::parse(one(payloads, kind::KE)?)?;
        Ok(Self {
            public: public.data.to_vec(),
            nonce: crate::payload::nonce(payloads)?.to_vec(),
        })
    }
}

/// Our half, and the private value that goes with it.
pub(crate) fn start(
    cx: &mut Cx<'_>,
    group: ipsec_doi::GroupId,
) -> Result<(Box<dyn ike_crypto::KeyExchange>, Half), Failure> {
    let core = &mut *cx.core;
    let kex = core
        .provider
        .group(group)
        .ok_or(Failure::Crypto)?
        .start(&mut core.random)?;
    let half = Half {
        public: kex.public().to_vec(),
        nonce: core.fresh::<{ crate::payload::NONCE }>()?.to_vec(),
    };
    Ok((kex, half))
}

/// What both halves and the choice give.
pub(crate) struct Agreed {
    pub(crate) offer: ipsec_doi::v1::Phase1,
    /// The initiator's first.
    pub(crate) halves: (Half, Half),
}

/// Derives the keys of the SA.
pub(crate) fn derive(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    kex: Box<dyn ike_crypto::KeyExchange>,
    peer: &[u8],
    agreed: &Agreed,
) -> Result<(), Failure> {
    let shared = kex.complete(peer)?;
    let (i, r) = (&agreed.halves.0, &agreed.halves.1);
    let connection = cx.core.connection_of(sa)?;
    let basis = auth::basis(&connection.authentication, agreed.offer.auth)?;
    let method = (
        agreed.offer.auth,
        connection.authentication.brought_method().is_some(),
    );
    let exchanged = Exchanged {
        spis: sa.facts.spis,
        nonces: (&i.nonce, &r.nonce),
        shared: &shared,
    };
    let provider = cx.core.provider;
    let keys = Keys::derive(provider, agreed.offer.suite, basis, exchanged)?;
    let publics = (i.public.as_slice(), r.public.as_slice());
    let secure = Secure::new(provider, keys, method, publics)?;
    sa.secure = Some(Box::new(secure));
    finish_phase_1::log_keys(cx, sa);
    Ok(())
}

/// What we announce in the first two messages.
pub(crate) fn vendor_ids(connection: &Connection) -> Vec<OwnedPayload> {
    let mut out = Vec::new();
    let mut add = |id: &[u8]| out.push(OwnedPayload::new(kind::VENDOR_ID, id));
    if connection.authentication.xauth.is_some() {
        add(&vendor_id::XAUTH);
    }
    if connection.options.liveness.is_some() {
        add(&vendor_id::DEAD_PEER_DETECTION);
    }
    if connection.addressing.is_client() || !connection.addressing.assign.addresses.is_empty() {
        add(&vendor_id::CISCO_UNITY);
    }
    out
}
