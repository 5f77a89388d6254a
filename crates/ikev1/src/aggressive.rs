//! Aggressive mode: three messages, identities in clear (RFC 2409 §5.1, §5.4).

use alloc::boxed::Box;

use ike_endpoint::Datagram;
use ike_ext::{Inbound, Stage};
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, Flags, Header, Message, PayloadChain};

use crate::auth::AwaitTrust;
use crate::context::Cx;
use crate::failure::{Dropped, Failure};
use crate::main_mode;
use crate::sa::{Sa, State};

pub(crate) mod initiator;
pub(crate) mod responder;

/// What aggressive mode awaits.
#[derive(Debug)]
#[expect(
    clippy::enum_variant_names,
    reason = "a state is named after what it awaits"
)]
pub(crate) enum Aggressive {
    /// Message 1 is out.
    AwaitAnswer(Box<initiator::AwaitAnswer>),
    /// Message 2 is out.
    AwaitProof(Box<responder::AwaitProof>),
    /// The last message of the peer is in, and its certificates are being judged.
    AwaitTrust(Box<AwaitTrust>),
}

impl Aggressive {
    /// For a status display.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::AwaitAnswer(_) => "aggressive mode, awaiting message 2",
            Self::AwaitProof(_) => "aggressive mode, awaiting message 3",
            Self::AwaitTrust(_) => "aggressive mode, awaiting a verdict on certificates",
        }
    }

    const fn awaited(&self) -> u8 {
        match self {
            Self::AwaitAnswer(_) => 2,
            Self::AwaitProof(_) => 3,
            Self::AwaitTrust(_) => 0,
        }
    }
}

/// Takes a message of phase 1 to the state that awaits it.
pub(crate) fn handle(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    state: Aggressive,
    (datagram, message): (&Datagram<'_>, &Message<'_>),
    digest: [u8; 8],
) -> Result<(), Failure> {
    let number = state.awaited();
    let encrypted = message.header.flags.contains(Flags::ENCRYPTED);
    let fits = message.header.exchange == ExchangeType::AGGRESSIVE
        && number != 0
        && (number == 3 || !encrypted);
    if !fits {
        sa.state = State::Aggressive(state);
        cx.dropped(datagram.remote, Dropped::Unexpected);
        return Ok(());
    }
    let opened;
    let payloads = match message.encrypted_body() {
        None => message.payloads,
        Some(body) => match open(sa, &message.header, body) {
            Ok(plain) => {
                opened = plain;
                PayloadChain::parse_padded(message.header.next, &opened, Header::LEN)?.0
            }
            Err(_) => {
                sa.first.garbled = true;
                sa.state = State::Aggressive(state);
                cx.dropped(datagram.remote, Dropped::Undecryptable);
                return Ok(());
            }
        },
    };
    let wanted = [kind::SA, kind::KE, kind::NONCE, kind::ID];
    let lacks = wanted.iter().any(|it| payloads.first(*it).is_none());
    if number == 2 && lacks {
        sa.state = State::Aggressive(state);
        cx.dropped(datagram.remote, Dropped::Unexpected);
        return Ok(());
    }
    let stage = Stage::new(ExchangeType::AGGRESSIVE, number);
    let inbound = Inbound::new(stage, datagram.remote, message.header, encrypted, payloads);
    cx.traced(sa, &inbound, message.bytes.len());
    if number == 2 {
        main_mode::initiator::learn_cookie(sa, &message.header);
    }
    if let Aggressive::AwaitAnswer(it) = &state {
        // extensions want to know the hash function when they see what was made with it
        sa.facts.hash = it.chosen(payloads).ok().map(|it| it.suite.hash);
    }
    if !main_mode::goes_on(cx, sa, &inbound)? {
        sa.state = State::Aggressive(state);
        return Ok(());
    }
    sa.first.last_in = Some(digest);
    sa.first.draft = None;
    sa.remember(inbound.vendor_ids(), cx.core.config.limits.vendor_ids);
    if encrypted {
        main_mode::next_iv(sa, message.body());
    }
    main_mode::float_back(sa, datagram);
    match state {
        Aggressive::AwaitAnswer(it) => it.handle(cx, sa, &inbound),
        Aggressive::AwaitProof(it) => it.handle(cx, sa, &inbound),
        Aggressive::AwaitTrust(_) => Err(Failure::Bug("a message to a state that awaits none")),
    }
}

/// Decrypts message 3; with wrong keys the chain does not read, or has no proof in it.
fn open(sa: &Sa, header: &Header, body: &[u8]) -> Result<alloc::vec::Vec<u8>, Failure> {
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let (plain, _) = secure.protection.open(&secure.iv, body)?;
    let (payloads, _) = PayloadChain::parse_padded(header.next, &plain, Header::LEN)?;
    let proof = [kind::HASH, kind::SIGNATURE];
    if proof.iter().any(|it| payloads.first(*it).is_some()) {
        Ok(plain)
    } else {
        Err(Failure::Crypto)
    }
}
