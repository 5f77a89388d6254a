//! B11: notifies and deletes that contradict one another, or themselves, by an authenticated peer.

use ikee_tests::wire::Forged;
use ikee_tests::{Fault, Keyring, Packet, Side};
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, OwnedPayload};

use super::{Arena, cheap, throw_each};

fn delete(protocol: u8, size: u8, count: u16, spis: &[u8]) -> OwnedPayload {
    let body = [&[protocol, size], &count.to_be_bytes()[..], spis].concat();
    OwnedPayload::new(kind::DELETE, body)
}

fn notify(protocol: u8, kind: u16, spi: &[u8], data: &[u8]) -> OwnedPayload {
    let size = u8::try_from(spi.len()).expect("an SPI");
    let body = [&[protocol, size], &kind.to_be_bytes()[..], spi, data].concat();
    OwnedPayload::new(kind::NOTIFY, body)
}

/// What no peer should say, alone.
fn oddities() -> Vec<OwnedPayload> {
    let mut all = vec![
        delete(3, 4, 0, &[]),
        delete(3, 4, 1, &[]),
        delete(3, 4, 1, &[9; 4]),
        delete(3, 4, 2, &[9; 4]),
        delete(3, 4, 0xffff, &[9; 4]),
        delete(3, 255, 0xffff, &[9; 4]),
        delete(3, 0, 0xffff, &[]),
        delete(3, 8, 1, &[9; 8]),
        delete(3, 4, 400, &[9; 1600]),
        delete(2, 4, 1, &[9; 4]),
        delete(0, 0, 0, &[]),
        delete(255, 4, 1, &[9; 4]),
        delete(1, 8, 1, &[9; 8]),
        delete(1, 4, 1, &[9; 4]),
        delete(1, 0, 1, &[]),
        OwnedPayload::new(kind::DELETE, vec![3, 4]),
        OwnedPayload::new(kind::NOTIFY, vec![]),
        OwnedPayload::new(kind::NOTIFY, vec![3, 4, 0, 0]),
        OwnedPayload::new(kind::NOTIFY, vec![3, 255, 0, 0, 1, 2, 3]),
    ];
    // REKEY_SA, CHILD_SA_NOT_FOUND, INVALID_SPI, and numbers that nobody knows
    for number in [16_393, 44, 4, 11, 0, 8191, 16_383, 40_959, 65_535] {
        for protocol in [0, 1, 2, 3, 255] {
            let spis: [&[u8]; 3] = [&[], &[9; 4], &[9; 8]];
            all.extend(spis.map(|spi| notify(protocol, number, spi, &[7; 3])));
        }
    }
    all
}

#[test]
fn odd_notifies_and_deletes_beside_the_genuine_payloads_are_survived_in_every_message() {
    let odd = oddities();
    let thrown = throw_each(|_| {
        let beside = odd.iter().map(|it| Fault::Insert(usize::MAX, it.clone()));
        beside.collect()
    });
    assert!(thrown > 4000, "{thrown}");
}

/// A connected pair whose second party is sent this as the next request of the first.
fn told(payloads: &dyn Fn(&Arena) -> Vec<OwnedPayload>) -> (Arena, Vec<OwnedPayload>) {
    let mut arena = Arena::new(cheap());
    arena.pair.initiate(Side::A).expect("a negotiation");
    arena.pair.settle();
    let subject = arena.others(Side::A)[0];
    let spis = arena.pair.a.established().find(|it| it.sa == subject);
    let spis = spis.expect("the SA").spis;
    let header = Forged::request(ExchangeType::INFORMATIONAL, 2).header(spis, Side::A);
    let payloads = payloads(&arena);
    let bytes = Keyring::of(&arena.pair).seal_payloads(header, &payloads);
    let (from, to) = (arena.pair.a.socket(), arena.pair.b.socket());
    let bytes = bytes.expect("keys");
    arena.pair.deliver(&Packet { from, to, bytes });
    let answer = arena.pair.link.clear();
    assert_eq!(answer.len(), 1);
    let answer = arena.pair.read(&answer[0]).payloads;
    (arena, answer)
}

/// The SPI by which the first party names the child that lives.
fn spi(arena: &Arena) -> [u8; 4] {
    let standing = arena.standing[0];
    let mut children = arena.pair.a.children.values();
    let child = children.find(|it| it.sa != standing).expect("a child");
    child.inbound.spi.to_be_bytes()
}

/// RFC 7296 §1.4.1.
#[test]
fn a_child_that_is_deleted_twice_in_a_message_is_deleted_once() {
    let twice: [fn(&Arena) -> Vec<OwnedPayload>; 2] = [
        |it| vec![delete(3, 4, 2, &[spi(it), spi(it)].concat())],
        |it| vec![delete(3, 4, 1, &spi(it)), delete(3, 4, 1, &spi(it))],
    ];
    for payloads in twice {
        let (arena, answer) = told(&payloads);
        assert_eq!(arena.pair.b.children.len(), 1);
        assert_eq!(arena.pair.b.established().count(), 2);
        assert_eq!(answer.len(), 1);
        assert_eq!((answer[0].kind, answer[0].body.len()), (kind::DELETE, 8));
        arena.survived();
    }
}

/// RFC 7296 §1.4.1: what is unknown is passed over, what is known goes.
#[test]
fn unknown_spis_and_protocols_beside_a_known_child_change_nothing() {
    let (arena, answer) = told(&|it| {
        vec![
            delete(2, 4, 1, &spi(it)),
            delete(3, 4, 3, &[[9; 4], spi(it), [7; 4]].concat()),
            delete(200, 2, 1, &[1, 2]),
        ]
    });
    assert_eq!(arena.pair.b.children.len(), 1);
    assert_eq!(answer.len(), 1);
    assert_eq!(answer[0].body.len(), 8);
    arena.survived();
}

#[test]
fn a_child_and_its_ike_sa_deleted_in_one_message_are_both_gone() {
    let orders: [fn(&Arena) -> Vec<OwnedPayload>; 3] = [
        |it| vec![delete(3, 4, 1, &spi(it)), delete(1, 0, 0, &[])],
        |it| vec![delete(1, 0, 0, &[]), delete(3, 4, 1, &spi(it))],
        |_| vec![delete(1, 0, 0, &[]), delete(1, 0, 0, &[])],
    ];
    for payloads in orders {
        let (arena, _) = told(&payloads);
        assert_eq!(arena.pair.b.children.len(), 1);
        assert_eq!(arena.pair.b.established().count(), 1);
        arena.survived();
    }
}

#[test]
fn what_comes_on_a_deleted_sa_leads_to_nothing() {
    let (mut arena, _) = told(&|_| vec![delete(1, 0, 0, &[])]);
    let subject = arena.others(Side::A)[0];
    let spis = arena.pair.a.established().find(|it| it.sa == subject);
    let spis = spis.expect("the SA").spis;
    for odd in oddities() {
        for message_id in 0..5 {
            let header = Forged::request(ExchangeType::INFORMATIONAL, message_id);
            let header = header.header(spis, Side::A);
            let bytes = Keyring::of(&arena.pair).seal_payloads(header, std::slice::from_ref(&odd));
            let (from, to) = (arena.pair.a.socket(), arena.pair.b.socket());
            let bytes = bytes.expect("keys");
            arena.pair.deliver(&Packet { from, to, bytes });
        }
    }
    // at most the answer to the delete again
    let answers = arena.pair.link.clear();
    assert!(
        answers
            .iter()
            .all(|it| arena.pair.read(it).payloads.is_empty())
    );
    assert_eq!(arena.pair.b.established().count(), 1);
}
