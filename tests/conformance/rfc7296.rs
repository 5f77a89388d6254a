//! Internet Key Exchange Protocol Version 2.

mod s1_exchanges;
mod s2_01_windows;
mod s2_05_versions;
mod s2_07_negotiation;
mod s2_13_keys;
mod s2_15_authentication;
mod s2_21_errors;
mod s3_formats;

use ikee_tests::wire::{Clear, Forged};
use ikee_tests::{Packet, Pair, Setup, Side};
use isakmp_wire::v2::{Notify, NotifyType, kind};
use isakmp_wire::{Encode, ExchangeType, OwnedPayload, PayloadType};

/// A pair with one SA between them.
fn connected() -> Pair {
    let mut pair = Setup::new().build();
    pair.connect();
    pair
}

/// Delivers a message of A to B, made of these payloads under the keys of their SA; what B says in return.
fn ask(pair: &mut Pair, forged: Forged, payloads: &[OwnedPayload]) -> Option<Clear> {
    let bytes = pair.forge(Side::A, &forged, payloads);
    answer_to(pair, bytes)
}

/// Delivers octets of A to B; what B says in return.
fn answer_to(pair: &mut Pair, bytes: Vec<u8>) -> Option<Clear> {
    let packet = Packet {
        from: pair.a.socket(),
        to: pair.b.socket(),
        bytes,
    };
    let before = pair.sent_by(Side::B).len();
    pair.deliver(&packet);
    let sent = pair.sent_by(Side::B);
    assert!(sent.len() <= before + 1, "more than one answer");
    pair.link.clear();
    sent.get(before).cloned()
}

/// The first request of A, before anybody has seen it.
fn first_request(pair: &mut Pair) -> Packet {
    pair.initiate(Side::A).expect("a negotiation");
    pair.link.clear().remove(0)
}

const fn informational(message_id: u32) -> Forged {
    Forged::request(ExchangeType::INFORMATIONAL, message_id)
}

fn payload(kind: PayloadType, critical: bool, body: &[u8]) -> OwnedPayload {
    let mut payload = OwnedPayload::new(kind, body);
    payload.critical = critical;
    payload
}

fn notify(what: NotifyType, data: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    Notify::new(what, data).encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

/// A message anew, with other payloads; of those that are not protected.
fn rewrite(packet: &Packet, change: impl FnOnce(&mut Vec<OwnedPayload>)) -> Vec<u8> {
    let message = isakmp_wire::Message::parse(&packet.bytes).expect("a message");
    let mut payloads: Vec<_> = message.payloads.iter().map(|it| it.to_owned()).collect();
    change(&mut payloads);
    let mut bytes = Vec::new();
    let mut writer = isakmp_wire::MessageWriter::begin(&mut bytes, &message.header);
    for it in &payloads {
        writer.owned(it);
    }
    writer.finish();
    bytes
}
