//! B12: everything that is refused before there is an SA, with everything reported that can be.

use ikee_tests::{Packet, Pair, Setup, Side};
use ikev2::Event;
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, Flags, Header, MessageWriter, OwnedPayload, PayloadType};

fn talkative() -> Setup {
    Setup::new().both(|party| {
        party.config.trace = true;
        party.config.key_log = true;
    })
}

/// A genuine first message, and the parts of it.
fn first() -> (Pair, Packet, Header, Vec<OwnedPayload>) {
    let mut pair = talkative().build();
    pair.initiate(Side::A).expect("a negotiation");
    let genuine = pair.link.clear().remove(0);
    let clear = pair.read(&genuine);
    (talkative().build(), genuine, clear.header, clear.payloads)
}

fn written(header: &Header, payloads: &[OwnedPayload]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = MessageWriter::begin(&mut bytes, header);
    for it in payloads {
        writer.owned(it);
    }
    writer.finish();
    bytes
}

/// Datagrams that are no first message.
fn misplaced() -> Vec<(&'static str, Vec<u8>)> {
    let (_, genuine, header, payloads) = first();
    let bytes = &genuine.bytes;
    let with = |change: &dyn Fn(&mut Header)| {
        let mut header = header;
        change(&mut header);
        written(&header, &payloads)
    };
    vec![
        ("nothing", Vec::new()),
        ("one octet", vec![0]),
        ("half a header", bytes[..14].to_vec()),
        ("a header", bytes[..28].to_vec()),
        ("a later version", with(&|it| it.version.major = 3)),
        ("an earlier version", with(&|it| it.version.major = 1)),
        ("a response", with(&|it| it.flags = Flags::RESPONSE)),
        ("no initiator", with(&|it| it.flags = Flags::NONE)),
        ("a message ID", with(&|it| it.message_id = 1)),
        ("a responder", with(&|it| it.responder = [7; 8].into())),
        ("no SPI", with(&|it| it.initiator = [0; 8].into())),
        (
            "another exchange",
            with(&|it| it.exchange = ExchangeType::new(35)),
        ),
    ]
}

/// An SA payload whose only suite is DES with MD5 and a group of 768 bits.
const WEAK: [u8; 40] = [
    0, 0, 0, 40, 1, 1, 0, 4, 3, 0, 0, 8, 1, 0, 0, 2, 3, 0, 0, 8, 2, 0, 0, 1, 3, 0, 0, 8, 3, 0, 0,
    1, 0, 0, 0, 8, 4, 0, 0, 1,
];

/// First messages that lead to no SA.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let (_, _, header, payloads) = first();
    let but = |kind| {
        let rest = payloads.iter().filter(|it| it.kind != kind).cloned();
        rest.collect::<Vec<_>>()
    };
    let body = |kind, body: &[u8]| {
        let mut all = but(kind);
        all.push(OwnedPayload::new(kind, body));
        written(&header, &all)
    };
    let beside = |more: OwnedPayload| written(&header, &[payloads.clone(), vec![more]].concat());
    let critical = OwnedPayload {
        kind: PayloadType::new(150),
        critical: true,
        body: vec![1],
    };
    let zero_share = [&[0, 31, 0, 0][..], &[0; 32]].concat();
    vec![
        ("no payloads", written(&header, &[])),
        ("no SA", written(&header, &but(kind::SA))),
        ("no KE", written(&header, &but(kind::KE))),
        ("no nonce", written(&header, &but(kind::NONCE))),
        ("an empty SA", body(kind::SA, &[])),
        ("a weak SA", body(kind::SA, &WEAK)),
        ("an empty KE", body(kind::KE, &[])),
        ("another group", body(kind::KE, &[0, 14, 0, 0, 1, 2, 3])),
        ("a zero share", body(kind::KE, &zero_share)),
        ("a short nonce", body(kind::NONCE, &[1; 15])),
        ("a long nonce", body(kind::NONCE, &[1; 257])),
        ("two SAs", beside(payloads[0].clone())),
        ("a critical stranger", beside(critical)),
    ]
}

/// One report each, one answer at most that is no longer than what came, and nothing that stays.
#[test]
fn every_rejection_before_there_is_an_sa_is_one_report_and_leaves_nothing() {
    for (name, bytes) in misplaced().into_iter().chain(refused()) {
        let (mut pair, genuine, ..) = first();
        let octets = bytes.len();
        for round in 0..3 {
            pair.b.events.clear();
            pair.deliver(&Packet {
                bytes: bytes.clone(),
                ..genuine.clone()
            });
            let answers = pair.link.clear();
            assert!(answers.len() <= 1, "{name}");
            let len = answers.iter().map(|it| it.bytes.len()).sum::<usize>();
            // a refusal has a header and one notify, however short the question was
            assert!(len <= octets.max(28 + 8 + 2), "{name}: {len} for {octets}");
            assert_eq!(pair.b.endpoint.sas().count(), 0, "{name}");
            assert_eq!(pair.b.endpoint.next_timeout(), None, "{name}");
            let mut reports = 0;
            for (_, event) in &pair.b.events {
                // what a log would write
                assert!(!format!("{event:?}").is_empty());
                match event {
                    Event::Dropped { reason, .. } => assert!(!reason.to_string().is_empty()),
                    Event::Refused { failure, .. } => assert!(!failure.to_string().is_empty()),
                    Event::Message(_) | Event::KeyLog(_) => continue,
                    other => panic!("{name}: {other:?}"),
                }
                reports += 1;
            }
            assert_eq!(reports, 1, "{name} in round {round}: {:?}", pair.b.events);
        }
        pair.connect();
        assert!(pair.a.is_established(), "{name}");
        pair.shut_down();
        pair.assert_empty();
    }
}
