//! B4: each message as if it were of another exchange, another version or another SA, in every state.

use ikee_tests::fault::Letter;
use ikee_tests::wire::Forged;
use ikee_tests::{Fault, Packet, Setup, Side};
use ikev2::Dropped;
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, Flags, OwnedPayload, Spi, Version};

use super::{Arena, throw_each};

const EXCHANGES: [u8; 16] = [0, 2, 4, 5, 6, 32, 34, 35, 36, 37, 38, 43, 44, 200, 243, 255];
const VERSIONS: [(u8, u8); 6] = [(0, 0), (1, 0), (2, 1), (2, 15), (3, 0), (15, 15)];

fn version((major, minor): (u8, u8)) -> Version {
    Version { major, minor }
}

#[test]
fn every_message_as_another_exchange_or_version_is_survived_in_every_state() {
    let thrown = throw_each(|_| {
        let exchanges = EXCHANGES.map(|it| Fault::Exchange(ExchangeType::new(it)));
        let versions = VERSIONS.map(|it| Fault::Version(version(it)));
        exchanges.into_iter().chain(versions).collect()
    });
    assert!(thrown > 500, "{thrown}");
}

/// B13 as well: our own SPI where the peer's should be, and zero where none may be.
#[test]
fn every_message_with_other_flags_spis_or_message_id_is_survived_in_every_state() {
    let thrown = throw_each(|letter: &Letter| {
        let header = &letter.header;
        let (i, r) = (header.initiator, header.responder);
        let strange = Spi::new([7; 8]);
        let spis = [(r, i), (i, i), (r, r), (Spi::ZERO, r), (i, Spi::ZERO)];
        let spis = spis
            .into_iter()
            .chain([(Spi::ZERO, Spi::ZERO), (i, strange), (strange, r)]);
        let spis = spis.map(|(i, r)| Fault::Spis(i, r));
        let both = Flags::INITIATOR | Flags::RESPONSE;
        let flags = [Flags::NONE, Flags::INITIATOR, Flags::RESPONSE, both].map(Fault::Flags);
        let ids = [0, 1, 2, 3, 4, 0x7fff_ffff, u32::MAX].map(Fault::MessageId);
        spis.chain(flags).chain(ids).collect()
    });
    assert!(thrown > 500, "{thrown}");
}

/// RFC 7296 §2.5: a minor version means nothing.
#[test]
fn a_later_minor_version_is_read_like_ours() {
    let mut arena = Arena::new(Setup::new());
    arena.pair.initiate(Side::A).expect("a negotiation");
    arena.pair.intruder = Some(Box::new(|keyring, _, packet| {
        let bumped = Fault::Version(version((2, 7)));
        let is_protected = Letter::open(keyring, &packet).is_some_and(|it| it.protected);
        let bumped = is_protected.then(|| bumped.apply(keyring, &packet));
        vec![bumped.flatten().unwrap_or(packet)]
    }));
    arena.pair.settle();
    assert_eq!(arena.pair.a.established().count(), 2);
    arena.pair.intruder = None;
    arena.survived();
}

/// RFC 7296 §1.2: between IKE_SA_INIT and the proof of identity there is nothing else to ask for.
#[test]
fn child_sas_and_information_before_authentication_lead_to_nothing() {
    for exchange in [ExchangeType::CREATE_CHILD_SA, ExchangeType::INFORMATIONAL] {
        for message_id in [0, 1, 2] {
            let mut arena = Arena::new(Setup::new());
            let subject = arena.pair.initiate(Side::A).expect("a negotiation");
            for _ in 0..2 {
                for packet in arena.pair.link.clear() {
                    arena.pair.deliver(&packet);
                }
            }
            let genuine = arena.pair.link.clear().remove(0);
            let spis = arena.pair.a.endpoint.sas().find(|it| it.sa == subject);
            let spis = spis.expect("the SA").spis;
            let header = Forged::request(exchange, message_id).header(spis, Side::A);
            let delete = OwnedPayload::new(kind::DELETE, vec![1, 0, 0, 0]);
            for payloads in [Vec::new(), vec![delete], all_for_a_child()] {
                let bytes = ikee_tests::Keyring::of(&arena.pair).seal_payloads(header, &payloads);
                arena.pair.deliver(&Packet {
                    bytes: bytes.expect("keys"),
                    ..genuine.clone()
                });
                let answers = arena.pair.link.clear();
                // message 0 has been answered: that answer at most comes again
                let again = |it: &Packet| !arena.pair.read(it).protected && message_id == 0;
                assert!(answers.iter().all(again), "{exchange} {message_id}");
                let last = arena.pair.b.dropped().last();
                let dropped = [Some(Dropped::Unexpected), Some(Dropped::MessageId)];
                assert!(dropped.contains(&last) || answers.len() == 1);
                assert_eq!(arena.pair.b.established().count(), 1);
                assert_eq!(arena.pair.b.children.len(), 1);
            }
            // and the peer who was meant is not harmed
            arena.pair.deliver(&genuine);
            arena.pair.settle();
            assert_eq!(arena.pair.a.established().count(), 2);
            arena.survived();
        }
    }
}

/// The payloads that open a child, as the first party would send them.
fn all_for_a_child() -> Vec<OwnedPayload> {
    let letters = Arena::letters(Setup::new());
    let auth = letters
        .iter()
        .find(|it| it.header.exchange == ExchangeType::IKE_AUTH);
    let payloads = auth.expect("IKE_AUTH").payloads.iter();
    let wanted = [kind::SA, kind::TS_I, kind::TS_R];
    let mut all: Vec<_> = payloads
        .filter(|it| wanted.contains(&it.kind))
        .cloned()
        .collect();
    all.push(OwnedPayload::new(kind::NONCE, vec![9; 32]));
    all
}
