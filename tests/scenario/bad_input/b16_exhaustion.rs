//! B16: floods, SAs that nobody finishes, and answers larger or more than what was asked.

use std::time::Duration;

use ikee_tests::{Packet, Setup, Side};
use isakmp_wire::v2::NotifyType;

use super::Arena;

const HALF_OPEN: usize = 60;

fn guarded() -> Setup {
    let mut setup = Setup::insecure();
    let limits = &mut setup.b.config.limits;
    limits.protection.on = 20;
    limits.half_open = HALF_OPEN;
    limits.protection.per_address = 9;
    setup.b.connection().remote = None;
    setup
}

/// A first message with another SPI and source.
fn from_elsewhere(genuine: &Packet, n: u16) -> Packet {
    let mut packet = genuine.clone();
    let [high, low] = n.to_be_bytes();
    packet.from = ([198, 18, high, low], 500).into();
    packet.bytes[..2].copy_from_slice(&[high | 1, low]);
    packet
}

fn first_message(arena: &mut Arena) -> Packet {
    arena.pair.initiate(Side::A).expect("a negotiation");
    arena.pair.link.clear().remove(0)
}

/// RFC 7296 §2.6: few are kept, none is answered with more than it sent, and who receives at its address gets through.
#[test]
fn a_flood_from_everywhere_is_bounded_and_a_legal_handshake_completes_in_the_midst() {
    let mut arena = Arena::new(guarded());
    let genuine = first_message(&mut arena);
    let pair = &mut arena.pair;
    let (mut came, mut went) = (0, 0);
    for n in 0..5000 {
        let forged = from_elsewhere(&genuine, n);
        pair.deliver(&forged);
        came += forged.bytes.len();
        let answers = pair.link.clear();
        assert!(answers.len() <= 1);
        went += answers.iter().map(|it| it.bytes.len()).sum::<usize>();
        let half_open = pair.b.endpoint.sas().count() - pair.b.established().count();
        assert!(half_open <= HALF_OPEN, "{half_open}");
    }
    assert!(went <= came, "{went} octets for {came}");
    // cookies stand before everybody by now
    let legal = pair.initiate(Side::A).expect("a negotiation");
    pair.run(Duration::from_millis(500));
    assert!(pair.a.established().any(|it| it.sa == legal));
    assert!(pair.notifies_of(Side::B).contains(&NotifyType::COOKIE));
    // what nobody finishes goes by itself, without another word
    pair.run(Duration::from_secs(3));
    pair.link.crossed.clear();
    pair.run(Duration::from_secs(65));
    assert_eq!(pair.b.endpoint.sas().count(), pair.b.established().count());
    let strangers = pair
        .link
        .crossed
        .iter()
        .filter(|it| it.packet.to.ip() != pair.a.address);
    assert_eq!(
        strangers
            .filter(|it| it.packet.from.ip() == pair.b.address)
            .count(),
        0
    );
    arena.survived();
}

/// Who receives at its address may begin as many as the limit says, and no more.
#[test]
fn one_address_that_never_finishes_gets_its_share_and_no_more() {
    let mut arena = Arena::new(guarded());
    let genuine = first_message(&mut arena);
    let pair = &mut arena.pair;
    for n in 0..2000_u16 {
        let mut packet = from_elsewhere(&genuine, n);
        packet.from = ([198, 18, 0, 1], 500 + n).into();
        pair.deliver(&packet);
        pair.link.clear();
    }
    let half_open = pair.b.endpoint.sas().count() - pair.b.established().count();
    assert!(half_open <= 10, "{half_open}");
    arena.survived();
}

/// A request that comes again is answered again, with no more than it brought; nothing is sent unasked.
#[test]
fn before_the_peer_has_shown_its_address_no_answer_is_sent_unasked_or_larger_than_its_request() {
    for suite in ["aes256gcm16-prfsha256-x25519", "aes128-sha256-modp2048"] {
        let setup = Setup::new().suites(suite, "aes256gcm16");
        let mut pair = setup.build();
        pair.initiate(Side::A).expect("a negotiation");
        let request = pair.link.clear().remove(0);
        for _ in 0..50 {
            pair.deliver(&request);
            let answers = pair.link.clear();
            let octets: usize = answers.iter().map(|it| it.bytes.len()).sum();
            assert!(octets <= request.bytes.len(), "{octets}");
        }
        // the first party stays silent
        let party = std::mem::replace(&mut pair.a.address, [203, 0, 113, 9].into());
        pair.link.crossed.clear();
        while let Some(at) = pair.b.deadline() {
            pair.now = at;
            let packets = pair.b.wake(at);
            assert_eq!(packets, []);
        }
        pair.a.address = party;
        assert_eq!(pair.b.endpoint.sas().count(), 0);
    }
}

/// An authenticated peer that asks without end costs one answer each, and no memory.
#[test]
fn a_peer_that_probes_without_end_costs_nothing_that_stays() {
    let mut arena = Arena::new(Setup::insecure());
    let sa = arena.standing[0];
    for _ in 0..2000 {
        arena.pair.probe_sa(Side::A, sa);
        arena.pair.settle();
        arena.pair.run(Duration::from_millis(50));
    }
    assert_eq!(arena.pair.b.endpoint.sas().count(), 1);
    arena.survived();
}
