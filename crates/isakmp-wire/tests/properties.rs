//! What holds for all inputs: what is written is read again, and nothing that arrives makes a parser panic.

#![expect(
    clippy::print_stderr,
    reason = "a panic names the message that it came from"
)]

#[path = "captures/files.rs"]
mod files;
#[path = "captures/typed.rs"]
mod typed;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isakmp_wire::{
    Attribute, ChainWriter, Encode, ExchangeType, Flags, Header, Message, MessageWriter,
    PayloadChain, PayloadType, RawPayload, Spi, Version, v1, v2,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Everything a receiver may do with octets from the network, short of cryptography.
fn exercise(bytes: &[u8]) {
    let _ = Header::parse(bytes);
    let _ = isakmp_wire::marker::classify(bytes);
    let _ = isakmp_wire::vendor_id::lookup(bytes);
    let _ = Message::parse_prefix(bytes);
    if let Ok(message) = Message::parse(bytes) {
        exercise_chain(message.payloads, &message);
    }
    if let (Ok(header), Some(body)) = (Header::parse(bytes), bytes.get(Header::LEN..)) {
        let (chain, error) = PayloadChain::parse_partial(header.next, body, Header::LEN);
        for payload in chain {
            check_typed(payload, bytes.len());
        }
        if let Some(error) = error {
            assert!(error.offset <= bytes.len());
        }
    }
}

fn exercise_chain(chain: PayloadChain<'_>, message: &Message<'_>) {
    assert!(chain.len() <= PayloadChain::MAX);
    assert_eq!(chain.iter().count(), chain.len());
    let mut out = Vec::new();
    let mut writer = MessageWriter::begin(&mut out, &message.header);
    for payload in chain {
        check_typed(payload, message.bytes.len());
        writer.raw(&payload);
    }
    writer.padding(message.padding()).finish();
    if message.encrypted_body().is_none() && !chain.is_empty() {
        assert_eq!(out, message.bytes);
    }
}

/// What is read is written, what is written is read, and is the same the second time; an error points into the message.
fn check_typed(payload: RawPayload<'_>, length: usize) {
    match typed::reencode(payload) {
        Some(Ok(body)) => {
            let again = RawPayload {
                body: &body,
                ..payload
            };
            assert_eq!(body.len(), payload.body.len());
            assert_eq!(typed::reencode(again), Some(Ok(body.clone())));
        }
        Some(Err(error)) => {
            assert!(error.offset >= payload.offset + 4);
            assert!(error.offset <= length);
        }
        None => {}
    }
}

/// Every type that has a typed form.
fn kinds() -> impl Strategy<Value = PayloadType> {
    let kinds: Vec<_> = (0..=u8::MAX)
        .map(PayloadType::new)
        .filter(|kind| typed::reencode(RawPayload::new(*kind, &[])).is_some())
        .collect();
    prop::sample::select(kinds)
}

fn header() -> impl Strategy<Value = Header> {
    (any::<[[u8; 8]; 2]>(), any::<[u8; 3]>(), any::<u32>()).prop_map(
        |([initiator, responder], [version, exchange, flags], message_id)| Header {
            initiator: Spi::new(initiator),
            responder: Spi::new(responder),
            next: PayloadType::NONE,
            version: Version::from_octet(version),
            exchange: ExchangeType::new(exchange),
            flags: Flags::new(flags),
            message_id,
            length: 0,
        },
    )
}

type Transforms = Vec<(u8, u16, Option<u16>)>;

fn proposals() -> impl Strategy<Value = Vec<(u8, u8, Vec<u8>, Transforms)>> {
    let transforms = vec(any::<(u8, u16, Option<u16>)>(), 0..8);
    vec(
        (any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..9), transforms),
        1..8,
    )
}

fn selector() -> impl Strategy<Value = v2::Selector> {
    let v4 = any::<[u32; 2]>().prop_map(|[start, end]| {
        let address = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
        (v2::TsType::IPV4_ADDR_RANGE, address(start), address(end))
    });
    let v6 = any::<[u128; 2]>().prop_map(|[start, end]| {
        let address = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
        (v2::TsType::IPV6_ADDR_RANGE, address(start), address(end))
    });
    (prop_oneof![v4, v6], any::<u8>(), any::<[u16; 2]>()).prop_map(
        |((kind, start, end), protocol, [start_port, end_port])| v2::Selector {
            kind,
            protocol,
            start_port,
            end_port,
            start,
            end,
        },
    )
}

proptest! {
    #[test]
    fn random_octets_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        exercise(&bytes);
    }

    #[test]
    fn random_bodies_of_every_type_never_panic(kind in kinds(), body in vec(any::<u8>(), 0..200)) {
        check_typed(RawPayload::new(kind, &body), body.len() + 4);
    }

    #[test]
    fn a_written_message_is_read_again(
        header in header(),
        payloads in vec((1..=45_u8, any::<bool>(), vec(any::<u8>(), 0..40)), 0..PayloadChain::MAX),
    ) {
        let header = Header { flags: Flags::new(header.flags.get() & !1), ..header };
        let mut bytes = Vec::new();
        let mut writer = MessageWriter::begin(&mut bytes, &header);
        for (kind, critical, body) in &payloads {
            writer.payload(PayloadType::new(*kind), *critical, body);
        }
        writer.finish();
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(usize::try_from(message.header.length), Ok(bytes.len()));
        let read: Vec<_> = message
            .iter()
            .map(|raw| (raw.kind.get(), raw.critical(), raw.body.to_vec()))
            .collect();
        prop_assert_eq!(read, payloads);
        let sent = Header { next: message.header.next, length: message.header.length, ..header };
        prop_assert_eq!(message.header, sent);
    }

    #[test]
    fn a_written_chain_is_read_again(payloads in vec((1..=45_u8, vec(any::<u8>(), 0..40)), 0..20)) {
        let mut bytes = Vec::new();
        let mut writer = ChainWriter::begin(&mut bytes);
        for (kind, body) in &payloads {
            writer.payload(PayloadType::new(*kind), false, body);
        }
        let first = writer.finish();
        let chain = PayloadChain::parse(first, &bytes, 0).unwrap();
        let read: Vec<_> = chain.iter().map(|raw| (raw.kind.get(), raw.body.to_vec())).collect();
        prop_assert_eq!(read, payloads);
    }

    #[test]
    fn a_built_ikev2_sa_is_read_again(proposals in proposals()) {
        let mut body = Vec::new();
        let mut builder = v2::SaBuilder::new(&mut body);
        for (number, protocol, spi, transforms) in &proposals {
            builder.proposal(*number, v2::ProtocolId::new(*protocol), spi);
            for (kind, id, key_length) in transforms {
                builder.transform(v2::TransformType::new(*kind), *id, *key_length);
            }
        }
        builder.finish();
        let sa = v2::SecurityAssociation::parse(RawPayload::new(v2::kind::SA, &body)).unwrap();
        let read: Vec<_> = sa
            .proposals()
            .map(|p| {
                let transforms: Transforms = p
                    .transforms()
                    .map(|t| (t.kind.get(), t.id, t.key_length()))
                    .collect();
                (p.number, p.protocol.get(), p.spi.to_vec(), transforms)
            })
            .collect();
        prop_assert_eq!(read, proposals);
    }

    #[test]
    fn a_built_ikev1_sa_is_read_again(
        proposals in vec((any::<[u8; 2]>(), vec((any::<[u8; 2]>(), vec(any::<u8>(), 0..9)), 1..6)), 1..6),
    ) {
        let mut body = Vec::new();
        let mut builder = v1::SaBuilder::new(&mut body);
        for ([number, protocol], transforms) in &proposals {
            builder.proposal(*number, v1::ProtocolId::new(*protocol), &[*number; 4]);
            for ([number, id], value) in transforms {
                builder
                    .transform(*number, *id)
                    .attribute(Attribute::short(u16::from(*id), u16::from(*number)))
                    .attribute(Attribute::long(0x7fff, value));
            }
        }
        builder.finish();
        let sa = v1::SecurityAssociation::parse(RawPayload::new(v1::kind::SA, &body)).unwrap();
        let read: Vec<_> = sa
            .proposals()
            .map(|p| {
                let transforms: Vec<_> = p
                    .transforms()
                    .map(|t| {
                        let attributes: Vec<_> = t.attributes().iter().collect();
                        assert_eq!(attributes[0].number(), Some(u64::from(t.number)));
                        let isakmp_wire::AttributeValue::Long(value) = attributes[1].value else {
                            panic!("{:?}", attributes[1]);
                        };
                        ([t.number, t.id], value.to_vec())
                    })
                    .collect();
                assert_eq!(p.spi, [p.number; 4]);
                ([p.number, p.protocol.get()], transforms)
            })
            .collect();
        prop_assert_eq!(read, proposals);
    }

    #[test]
    fn written_traffic_selectors_are_read_again(selectors in vec(selector(), 0..20)) {
        let mut body = Vec::new();
        v2::TrafficSelectors::write(&selectors, &mut body);
        let raw = RawPayload::new(v2::kind::TS_I, &body);
        let read: Vec<_> = v2::TrafficSelectors::parse(raw).unwrap().iter().collect();
        prop_assert_eq!(read, selectors);
    }

    #[test]
    fn a_written_configuration_is_read_again(
        attributes in vec((0..=0x7fff_u16, vec(any::<u8>(), 0..20)), 0..20),
    ) {
        let attributes: Vec<_> = attributes
            .into_iter()
            .map(|(kind, value)| v2::OwnedCfgAttr::new(v2::CfgAttribute::new(kind), value))
            .collect();
        let mut body = Vec::new();
        v2::Configuration::write(v2::CfgType::REQUEST, &attributes, &mut body);
        let raw = RawPayload::new(v2::kind::CONFIGURATION, &body);
        let configuration = v2::Configuration::parse(raw).unwrap();
        let read: Vec<_> = configuration.attributes().map(|a| a.to_owned()).collect();
        prop_assert_eq!(read, attributes);
    }

    #[test]
    fn written_notifications_and_deletions_are_read_again(
        protocol in any::<u8>(),
        spis in vec(any::<u32>(), 1..9),
        kind in any::<u16>(),
        data in vec(any::<u8>(), 0..40),
    ) {
        let joined: Vec<u8> = spis.iter().flat_map(|spi| spi.to_be_bytes()).collect();
        let notify = v2::Notify {
            protocol: v2::ProtocolId::new(protocol),
            spi: &joined,
            kind: v2::NotifyType::new(kind),
            data: &data,
        };
        let mut body = Vec::new();
        notify.encode(&mut body);
        let raw = RawPayload::new(v2::kind::NOTIFY, &body);
        prop_assert_eq!(v2::Notify::parse(raw), Ok(notify));
        let delete = v2::Delete::new(v2::ProtocolId::ESP, 4, &joined).unwrap();
        let mut body = Vec::new();
        delete.encode(&mut body);
        let raw = RawPayload::new(v2::kind::DELETE, &body);
        prop_assert_eq!(v2::Delete::parse(raw), Ok(delete));
        prop_assert_eq!(delete.spis().count(), spis.len());
    }
}

/// Names the message that a panic came from.
struct Blame(String);

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in {}", self.0);
        }
    }
}

#[test]
fn every_truncation_of_every_real_message_is_harmless() {
    let Some(folder) = files::folder() else {
        return;
    };
    for found in files::messages(&folder) {
        let _blame = Blame(found.place());
        for length in 0..found.bytes.len() {
            let mut bytes = found.bytes[..length].to_vec();
            exercise(&bytes);
            // The same with a header that claims the shorter length, so that the payloads are reached.
            if let Some(field) = bytes.get_mut(24..28) {
                field.copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
                exercise(&bytes);
            }
        }
    }
}

#[test]
fn every_octet_of_every_real_message_may_be_flipped_without_harm() {
    let Some(folder) = files::folder() else {
        return;
    };
    for found in files::messages(&folder) {
        let _blame = Blame(found.place());
        // What lies deep inside ciphertext has no structure: the first 600 octets are enough.
        for at in 0..found.bytes.len().min(600) {
            let mut bytes = found.bytes.clone();
            for flip in [0x01, 0xff] {
                bytes[at] = found.bytes[at] ^ flip;
                exercise(&bytes);
            }
        }
    }
}
