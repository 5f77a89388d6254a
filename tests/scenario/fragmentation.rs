//! Messages in pieces (RFC 7383, [MS-IKEE] §3.15).

use std::time::Duration;

use ike_ext::Extension;
use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::setup::ip;
use ikee_tests::{Conditions, Fate, Party, Setup, Side};
use ikev2::Failure;
use ipsec_doi::Identity;
use isakmp_wire::v2::{IdType, NotifyType, kind};
use isakmp_wire::{ExchangeType, Message};

/// Identities so long that IKE_AUTH is larger than small packets are.
fn verbose(octets: usize) -> impl FnMut(&mut Party) {
    move |party| {
        let id = |name: u8| Identity::new(IdType::KEY_ID, vec![name; octets]);
        let is_a = party.connection().authentication.local_id == Identity::fqdn("a.example");
        let (own, other) = if is_a { (b'a', b'b') } else { (b'b', b'a') };
        let authentication = &mut party.connection().authentication;
        authentication.local_id = id(own);
        authentication.remote_id = Some(id(other));
    }
}

fn narrow(mtu: usize) -> Conditions {
    Conditions {
        mtu,
        ..Conditions::PERFECT
    }
}

fn fragmenting(party: &mut Party) {
    party.extend(FragmentationV2::new());
}

/// [MS-IKEE] §3.15.5.3.
#[test]
fn long_messages_cross_a_link_of_576_octets() {
    for ike in [
        "aes256gcm16-prfsha256-x25519",
        "aes256-sha384-ecp256",
        "chacha20poly1305-prfsha256-x25519",
    ] {
        let setup = Setup::new().both(verbose(2000)).both(fragmenting);
        let setup = setup.conditions(narrow(576)).suites(ike, "aes256gcm16");
        let mut pair = setup.build();
        pair.connect();
        pair.assert_children_match();
        assert!(pair.link.crossed.iter().all(|it| it.fate == Fate::Sent));
        let pieces = pair.link.crossed.iter().filter(|it| {
            let message = Message::parse(it.packet.message()).expect("a message");
            message.payloads.first(kind::ENCRYPTED_FRAGMENT).is_some()
        });
        assert!(pieces.clone().count() > 10);
        // no piece is smaller than it has to be
        let largest = pieces.map(|it| it.packet.ip_len()).max();
        assert!(largest > Some(576 - 16), "{largest:?}");
        pair.shut_down();
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.15.1.
#[test]
fn over_ipv6_a_packet_may_have_1280_octets() {
    let setup = Setup::between(ip("2001:db8::1"), ip("2001:db8::2"));
    let setup = setup.both(verbose(2000)).both(fragmenting);
    let mut pair = setup.conditions(narrow(1280)).build();
    pair.connect();
    pair.assert_children_match();
    let largest = pair.link.crossed.iter().map(|it| it.packet.ip_len()).max();
    assert!(largest > Some(1200), "{largest:?}");
}

#[test]
fn behind_a_nat_the_marker_is_counted() {
    let mut setup = Setup::behind_nat().both(verbose(2000)).both(fragmenting);
    setup.conditions = narrow(576);
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    assert_eq!(
        pair.link.crossed.iter().map(|it| it.packet.ip_len()).max(),
        Some(576)
    );
}

/// [MS-IKEE] §3.15.5.1, §3.15.5.2: only with both notifies does either side fragment.
#[test]
fn with_one_side_off_nothing_is_cut() {
    for on in [Side::A, Side::B] {
        let mut setup = Setup::new().both(verbose(2000));
        match on {
            Side::A => setup.a.extend(FragmentationV2::new()),
            Side::B => setup.b.extend(FragmentationV2::new()),
        }
        let mut pair = setup.build();
        pair.connect();
        pair.assert_children_match();
        let announced = pair
            .notifies_of(Side::B)
            .contains(&NotifyType::IKEV2_FRAGMENTATION_SUPPORTED);
        assert!(!announced);
        assert!(pair.link.crossed[2].packet.ip_len() > 2000);
        pair.shut_down();
        pair.assert_empty();
    }
}

#[test]
fn with_one_side_off_a_narrow_link_is_a_time_out_that_leaves_nothing() {
    let mut setup = Setup::new().both(verbose(2000));
    setup.a.extend(FragmentationV2::new());
    let mut pair = setup.conditions(narrow(576)).build();
    pair.connect();
    assert_eq!(*pair.a.failure(), Failure::Timeout(None));
    assert_eq!(*pair.b.failure(), Failure::Timeout(None));
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn what_fits_is_not_cut() {
    let mut pair = Setup::new()
        .both(fragmenting)
        .conditions(narrow(576))
        .build();
    pair.connect();
    pair.assert_children_match();
    assert_eq!(pair.link.crossed.len(), 4);
}

#[test]
fn pieces_survive_loss_duplication_and_any_order() {
    for seed in 0..40 {
        let setup = Setup::new()
            .both(verbose(1500))
            .both(fragmenting)
            .seed(seed);
        let mut setup = setup.conditions(Conditions {
            loss: [100; 2],
            mtu: 576,
            ..Conditions::AWFUL
        });
        setup.a.connection().retransmit.tries = 20;
        let mut pair = setup.build();
        pair.connect();
        assert!(
            pair.a.is_established() && pair.b.is_established(),
            "seed {seed}"
        );
        pair.assert_children_match();
        pair.link.conditions = Conditions::PERFECT;
        pair.run(Duration::from_secs(5));
        pair.shut_down();
        pair.assert_empty();
    }
}

/// RFC 7383 §2.6.1.
#[test]
fn only_the_first_piece_of_an_answered_request_brings_the_answer_again() {
    let setup = Setup::new().both(verbose(2000)).both(fragmenting);
    let mut pair = setup.build();
    pair.connect();
    let by_a = |it: &&ikee_tests::Crossed| it.packet.from.ip() == pair.a.address;
    let pieces: Vec<_> = pair
        .link
        .crossed
        .iter()
        .filter(by_a)
        .skip(1)
        .cloned()
        .collect();
    assert!(pieces.len() > 3);
    let answer = pair.link.crossed.len() - pieces.len() - 2;
    for (n, piece) in pieces.iter().enumerate() {
        let before = pair.link.crossed.len();
        pair.deliver(&piece.packet);
        let sent = pair.link.crossed.len() - before;
        assert_eq!(sent, if n == 0 { answer } else { 0 }, "piece {n}");
    }
}

/// [MS-IKEE] §3.15.2: what never becomes whole goes when its time is up.
#[test]
fn pieces_that_never_become_whole_are_forgotten() {
    let setup = Setup::new().both(verbose(2000)).both(fragmenting);
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    pair.step(pair.now + Duration::from_secs(1));
    pair.step(pair.now + Duration::from_secs(1));
    let mut pieces = pair.link.clear();
    pieces.pop();
    for it in &pieces {
        pair.deliver(it);
    }
    assert!(pair.b.extension::<FragmentationV2>().held() > 0);
    pair.link.conditions.loss = [1000; 2];
    pair.run(Duration::from_secs(91));
    assert_eq!(pair.b.extension::<FragmentationV2>().held(), 0);
    pair.run(Duration::from_secs(120));
    pair.assert_empty();
    assert_eq!(FragmentationV2::new().next_timeout(), None);
}

/// RFC 7383 §2.3: the size of one message does not matter to the others.
#[test]
fn only_the_message_that_is_too_large_is_cut() {
    let setup = Setup::new().both(verbose(2000)).both(fragmenting);
    let mut pair = setup.conditions(narrow(576)).build();
    pair.connect();
    pair.probe(Side::A);
    pair.settle();
    let last = pair.last_sent_by(Side::A);
    assert_eq!(last.header.exchange, ExchangeType::INFORMATIONAL);
    assert_eq!(last.header.next, kind::ENCRYPTED);
}
