//! How two peers come together.

use ikee_tests::setup::{esp, ike};
use ikee_tests::{Pair, Setup, Side};
use ikev2::{KeyLog, Profile};
use isakmp_wire::ExchangeType;
use isakmp_wire::v2::{NotifyType, kind};

const SUITES: [(&str, &str); 12] = [
    ("aes128-sha256-modp2048", "aes128-sha256"),
    ("aes256-sha384-ecp384", "aes256-sha384"),
    ("aes256gcm16-prfsha256-ecp256", "aes256gcm16"),
    ("chacha20poly1305-prfsha256-x25519", "chacha20poly1305"),
    ("aes256-sha512-ecp521", "aes256-sha512-esn"),
    ("aes192-sha1-prfsha256-x25519", "aes192-sha1"),
    ("aes128gcm16-prfsha384-ecp256", "aes128gcm16-esn"),
    ("aes256gcm16-prfsha512-x25519", "null-sha256"),
    ("aes128ccm16-prfsha256-x25519", "aes256gcm16"),
    ("aes256ctr-sha256-x25519", "aes256gcm16"),
    ("aes128-aesxcbc-x25519", "aes256gcm16"),
    ("aes128-aescmac-prfaescmac-x25519", "aes256gcm16"),
];

fn assert_up(pair: &Pair) {
    assert!(pair.a.is_established(), "{:?}", pair.a.events);
    assert!(pair.b.is_established(), "{:?}", pair.b.events);
    pair.assert_children_match();
}

fn suite(pair: &Pair, side: Side) -> String {
    let sa = pair.host(side).established().next().expect("an SA");
    sa.suite.expect("a suite").to_string()
}

/// RFC 7296 §1.2.
#[test]
fn two_peers_agree_in_two_exchanges_and_part_in_one() {
    let mut pair = Setup::new().build();
    pair.connect();
    pair.watch("handshake");
    assert_up(&pair);
    let exchanges = |side| {
        let sent = pair.sent_by(side).into_iter();
        sent.map(|it| (it.header.exchange, it.is_response()))
            .collect::<Vec<_>>()
    };
    let both = [ExchangeType::IKE_SA_INIT, ExchangeType::IKE_AUTH];
    assert_eq!(exchanges(Side::A), both.map(|it| (it, false)));
    assert_eq!(exchanges(Side::B), both.map(|it| (it, true)));
    pair.delete(Side::A);
    pair.settle();
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn every_suite_comes_up_with_the_same_keys_on_both_sides() {
    for (ike, esp) in SUITES {
        let mut pair = Setup::new().suites(ike, esp).build();
        pair.connect();
        assert_up(&pair);
        assert_eq!(
            suite(&pair, Side::A),
            self::ike(ike)[0].to_string(),
            "{ike}"
        );
        assert_eq!(
            pair.a.child().suite.to_string(),
            self::esp(esp)[0].to_string()
        );
        let keys = |side| {
            let logs = pair.host(side).keys();
            let octets = logs.filter_map(|it| match it {
                KeyLog::Ike {
                    encryption,
                    integrity,
                    ..
                } => Some(
                    [&encryption.0, &encryption.1, &integrity.0, &integrity.1]
                        .map(|it| it.as_slice().to_vec()),
                ),
                _ => None,
            });
            octets.collect::<Vec<_>>()
        };
        assert_eq!(keys(Side::A), keys(Side::B));
        pair.shut_down();
        pair.assert_empty();
    }
}

#[test]
fn ipv6_works_as_ipv4_does() {
    let ip = ikee_tests::setup::ip;
    let mut pair = Setup::between(ip("2001:db8::1"), ip("2001:db8::2")).build();
    pair.connect();
    assert_up(&pair);
}

/// RFC 7296 §1.2, §2.7: a guess that the responder does not share is corrected in one more round trip.
#[test]
fn a_wrong_guess_of_the_group_costs_one_round_trip() {
    let mut setup = Setup::new();
    setup.a.ike("aes256gcm16-prfsha256-x25519-ecp256");
    setup.b.ike("aes256gcm16-prfsha256-ecp256");
    let mut pair = setup.build();
    pair.connect();
    assert_up(&pair);
    let asked = pair.sent_by(Side::A);
    let groups: Vec<&[u8]> = asked[..2]
        .iter()
        .map(|it| &it.body(kind::KE)[..2])
        .collect();
    assert_eq!(groups, [[0, 31], [0, 19]]);
    // the same SPI and nonce, as with a cookie
    assert_eq!(asked[0].header.initiator, asked[1].header.initiator);
    assert_eq!(asked[0].body(kind::NONCE), asked[1].body(kind::NONCE));
    let refusal = &pair.sent_by(Side::B)[0];
    let wanted = (NotifyType::INVALID_KE_PAYLOAD, vec![0, 19]);
    assert_eq!(refusal.notifies(), [wanted]);
    assert!(refusal.header.responder.is_zero());
}

/// RFC 7296 §2.6.1: the cookie stays when the group changes.
#[test]
fn a_wrong_guess_and_a_cookie_go_together() {
    let mut setup = Setup::new();
    setup.a.ike("aes256gcm16-prfsha256-x25519-ecp256");
    setup.b.ike("aes256gcm16-prfsha256-ecp256");
    setup.b.config.limits.protection.mode = ike_ext::Protect::Always;
    let mut pair = setup.build();
    pair.connect();
    assert_up(&pair);
    let said = pair.notifies_of(Side::B);
    assert!(said.contains(&NotifyType::COOKIE));
    assert!(said.contains(&NotifyType::INVALID_KE_PAYLOAD));
    let asked = pair.sent_by(Side::A);
    assert_eq!(asked[1].payloads[0], asked[2].payloads[0]);
    assert_eq!(asked[2].notifies()[0].0, NotifyType::COOKIE);
}

#[test]
fn both_may_begin_at_once_and_both_succeed() {
    let mut pair = Setup::new().build();
    pair.initiate(Side::A).expect("a negotiation");
    pair.initiate(Side::B).expect("a negotiation");
    pair.settle();
    assert_eq!(pair.a.established().count(), 2);
    assert_eq!(pair.b.established().count(), 2);
    assert_eq!(pair.a.children.len(), 2);
    pair.assert_children_match();
    pair.shut_down();
    pair.assert_empty();
}

fn chosen(profile: Profile) -> (String, String) {
    let mut setup = Setup::new();
    setup
        .a
        .ike("aes128-sha256-x25519,aes256gcm16-prfsha256-x25519");
    setup
        .b
        .ike("aes256gcm16-prfsha256-x25519,aes128-sha256-x25519");
    setup.a.esp("aes128-sha256,aes256gcm16");
    setup.b.esp("aes256gcm16,aes128-sha256");
    setup.b.config.profile = profile;
    let mut pair = setup.build();
    pair.connect();
    assert_up(&pair);
    (suite(&pair, Side::A), pair.a.child().suite.to_string())
}

/// [MS-IKEE] §3.1.5/16.
#[test]
fn by_the_microsoft_profile_the_responder_walks_its_own_list() {
    let (ike, esp) = chosen(Profile::MICROSOFT);
    assert!(ike.starts_with("aes256gcm16"), "{ike}");
    assert!(esp.starts_with("aes256gcm16"), "{esp}");
}

/// RFC 7296 §2.7.
#[test]
fn by_the_rfc_profile_the_responder_walks_the_initiators_list() {
    let (ike, esp) = chosen(Profile::RFC);
    assert!(ike.starts_with("aes128-sha256"), "{ike}");
    assert!(esp.starts_with("aes128-sha256"), "{esp}");
}

#[test]
fn many_sas_stand_side_by_side() {
    let mut setup = Setup::new();
    setup.b.config.limits.protection.on = 5;
    let mut pair = setup.build();
    for _ in 0..20 {
        pair.initiate(Side::A).expect("a negotiation");
    }
    pair.settle();
    assert_eq!(pair.a.established().count(), 20);
    assert_eq!(pair.b.established().count(), 20);
    pair.assert_children_match();
    pair.shut_down();
    pair.assert_empty();
}
