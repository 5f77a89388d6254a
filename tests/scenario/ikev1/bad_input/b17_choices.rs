//! B17: a responder that chooses what was not offered, is not supported, or has a key of no length.

use ike_ext::{Instant, Role};
use ikee_tests::Side;
use ikee_tests::v1::pair::{POLICY, address};
use ikee_tests::v1::peer::only;
use ikee_tests::v1::{Peer, Setup};
use isakmp_wire::v1::{ProtocolId, SaBuilder, kind};
use isakmp_wire::{Attribute, ExchangeType, Header, OwnedPayload, Spi};

const NOW: Instant = Instant::EPOCH;

const OFFERED: [(u16, u16); 7] = [
    (1, 7),
    (14, 128),
    (2, 4),
    (3, 1),
    (4, 19),
    (11, 1),
    (12, 28_800),
];

fn choice(protocol: ProtocolId, transforms: &[&[(u16, u16)]]) -> OwnedPayload {
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, protocol, &[]);
    for (number, attributes) in (1..).zip(transforms) {
        builder.transform(number, 1);
        for (kind, value) in *attributes {
            builder.attribute(Attribute::short(*kind, *value));
        }
    }
    builder.finish();
    OwnedPayload::new(kind::SA, body)
}

#[test]
fn a_choice_that_was_not_offered_is_not_taken() {
    let mut choices = vec![
        choice(ProtocolId::ESP, &[&OFFERED]),
        choice(ProtocolId::ISAKMP, &[]),
        choice(ProtocolId::ISAKMP, &[&OFFERED, &OFFERED]),
        choice(ProtocolId::ISAKMP, &[&OFFERED[1..]]),
        choice(ProtocolId::ISAKMP, &[&[]]),
    ];
    for (at, value) in [
        (0, 1),
        (0, 5),
        (0, 999),
        (1, 0),
        (1, 8),
        (1, 256),
        (1, 0xffff),
        (2, 1),
        (2, 2),
        (3, 3),
        (3, 65_005),
        (4, 2),
        (4, 14),
        (4, 0),
    ] {
        let mut other = OFFERED;
        other[at].1 = value;
        choices.push(choice(ProtocolId::ISAKMP, &[&other]));
    }
    for chosen in choices {
        let mut pair = Setup::new().build();
        pair.initiate(Side::A);
        let first = pair.link.take(address(Side::A)).expect("message 1");
        let asked = Header::parse(&first.bytes).expect("a header");
        let mut peer = Peer::new(
            Role::Responder,
            first.to,
            first.from,
            ike_rustcrypto::provider(),
        );
        peer.spis = (asked.initiator, Spi::new([3; 8]));
        let header = peer.header(ExchangeType::MAIN_MODE, 0);
        let answer = peer.clear(&header, &[chosen]);
        let said = pair.hosts[0].receive(NOW, &answer);
        for it in said {
            let header = Header::parse(&it.bytes).expect("a header");
            assert_eq!(header.exchange, ExchangeType::V1_INFORMATIONAL);
        }
        assert_eq!(pair.hosts[0].endpoint.sas().count(), 0);
        // and the next attempt finds a peer that behaves
        pair.link.clear();
        let begun = pair.call(Side::A, |it, now, out| {
            it.initiate(now, POLICY, address(Side::A), out)
        });
        begun.expect("a negotiation");
        pair.settle();
        pair.assert_joined(1);
    }
}

/// The same in quick mode, under a HASH that is right.
#[test]
fn a_choice_in_quick_mode_that_was_not_offered_is_not_taken() {
    for (at, value) in [
        (2, 2),
        (2, 4),
        (3, 1),
        (3, 0),
        (4, 0),
        (4, 256),
        (4, 0xffff),
    ] {
        let mut pair = Setup::new().build();
        pair.initiate(Side::A);
        let first = pair.link.take(address(Side::A)).expect("message 1");
        let mut peer = Peer::new(
            Role::Responder,
            first.to,
            first.from,
            ike_rustcrypto::provider(),
        );
        let host = &mut pair.hosts[0];
        let asked = only(peer.serve(host, NOW, &first, "b.example"));
        let (asked, payloads) = peer.open(&asked);
        let mut attributes = [(1, 1), (2, 3600), (4, 1), (5, 5), (6, 128)];
        attributes[at].1 = value;
        let mut body = Vec::new();
        let mut builder = SaBuilder::new(&mut body);
        builder.proposal(1, ProtocolId::ESP, &0x9000_u32.to_be_bytes());
        builder.transform(1, 12);
        for (kind, value) in attributes {
            builder.attribute(Attribute::short(kind, value));
        }
        builder.finish();
        let mut answer = vec![
            OwnedPayload::new(kind::SA, body),
            OwnedPayload::new(kind::NONCE, [6; 20]),
        ];
        answer.extend(payloads.iter().filter(|it| it.kind == kind::ID).cloned());
        let nonce = ikee_tests::v1::peer::body(&payloads, kind::NONCE);
        let header = peer.header(ExchangeType::QUICK_MODE, asked.message_id);
        let cover = ikee_tests::v1::peer::Cover {
            after: &nonce,
            ..Default::default()
        };
        let answer = peer.hashed(&header, cover, &answer);
        host.receive(NOW, &answer);
        assert!(host.children.is_empty(), "{at} {value}");
        assert_eq!(host.established().count(), 1);
        assert_eq!(host.failures().count(), 1);
    }
}
