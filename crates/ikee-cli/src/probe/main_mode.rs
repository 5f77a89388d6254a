//! Main mode's first message of IKEv1, and what its answer reveals (RFC 2409 §5).

use ike_crypto::Random;
use ike_rustcrypto::SystemRandom;
use ipsec_doi::v1::Phase1;
use isakmp_wire::v1::{Notification, NotifyType, ProtocolId, SaBuilder, SecurityAssociation, kind};
use isakmp_wire::{
    ExchangeType, Flags, Header, Message, MessageWriter, PayloadType, Spi, Version, vendor_id,
};

use super::findings::Findings;
use super::line::{Line, Stop};

/// The only transform of phase 1 (RFC 2407 §4.4.1).
const KEY_IKE: u8 = 1;

/// What we say we can do ourselves, so that the peer says the same of itself.
const VENDOR_IDS: [&[u8]; 4] = [
    &vendor_id::NAT_T_RFC_3947,
    &vendor_id::FRAGMENTATION,
    &vendor_id::DEAD_PEER_DETECTION,
    &vendor_id::XAUTH,
];

/// What the peer made of an offer.
#[derive(Debug)]
pub(super) enum Answer {
    /// It took this, and keeps a half-open SA.
    Took(Phase1),
    Refused(NotifyType),
    Odd(String),
}

/// Offers these; the peer takes one at most.
pub(super) fn ask(
    line: &mut Line,
    offers: &[Phase1],
    findings: &mut Findings,
) -> Result<Answer, Stop> {
    line.may_be_taken()?;
    let mut spi = [0; 8];
    let mut random = SystemRandom::new();
    random
        .fill(&mut spi)
        .map_err(|_| Stop::Internal("the system has no randomness"))?;
    let spi = Spi::new(spi);
    let reply = line.ask(&message(spi, offers), spi)?;
    findings.answers = true;
    let round_trip = u64::try_from(reply.round_trip.as_millis()).unwrap_or(u64::MAX);
    findings.round_trip_ms.get_or_insert(round_trip);
    let Ok(message) = Message::parse(&reply.bytes) else {
        return Ok(Answer::Odd("an answer that cannot be read".to_owned()));
    };
    if message.header.version.major != 1 {
        return Ok(Answer::Odd(format!(
            "it answers with version {} of IKE",
            message.header.version.major
        )));
    }
    let answer = read(&message, findings);
    if matches!(answer, Answer::Took(_)) {
        line.took();
    }
    Ok(answer)
}

fn message(spi: Spi, offers: &[Phase1]) -> Vec<u8> {
    let header = Header {
        initiator: spi,
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V1,
        exchange: ExchangeType::MAIN_MODE,
        flags: Flags::default(),
        message_id: 0,
        length: 0,
    };
    let mut bytes = Vec::new();
    let mut writer = MessageWriter::begin(&mut bytes, &header);
    writer.payload_with(kind::SA, false, |body| {
        let mut sa = SaBuilder::new(body);
        sa.proposal(1, ProtocolId::ISAKMP, &[]);
        for (number, offer) in (1..=u8::MAX).zip(offers) {
            sa.transform(number, KEY_IKE);
            for attribute in offer.attributes().unwrap_or_default() {
                sa.attribute(attribute.as_attribute());
            }
        }
        sa.finish();
    });
    for octets in VENDOR_IDS {
        writer.payload(kind::VENDOR_ID, false, octets);
    }
    writer.finish();
    bytes
}

fn read(message: &Message<'_>, findings: &mut Findings) -> Answer {
    for payload in message.payloads.iter() {
        match payload.kind {
            kind::VENDOR_ID => findings.vendor(payload.body),
            kind::NOTIFY => {
                if let Ok(notify) = Notification::parse(payload) {
                    return Answer::Refused(notify.kind);
                }
            }
            _ => {}
        }
    }
    let Some(raw) = message.payloads.first(kind::SA) else {
        return Answer::Odd("an answer without a proposal".to_owned());
    };
    let taken = SecurityAssociation::parse(raw).ok().and_then(|sa| {
        let transform = sa.proposals().next()?.transforms().next()?;
        Phase1::read(transform.attributes().iter()).ok()
    });
    match taken {
        Some(taken) => Answer::Took(taken),
        None => Answer::Odd("it took something that cannot be read".to_owned()),
    }
}
