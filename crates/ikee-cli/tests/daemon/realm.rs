//! Security realms ([MS-IKEE] §2.2.10, §3.14) with a peer written from the specification, on both sides.

use super::by_hand::{
    AUTH, B, CERTREQ, CREATE_CHILD_SA, IKE_AUTH, INFORMATIONAL, KE, NONCE, NOTIFY, Payload, Peer,
    SA, Sa, Suite, VENDOR_ID, body, child, errors, hex, kinds, notify,
};
use super::{Daemon, Place, SECRET, configuration, text};

/// MD5 of "MSFT IPsec Security Realm Id" ([MS-IKEE] §2.2.10)
const HASH: &str = "686a8cbdfe634b405146fb2baf33e9e8";
/// `printf game | openssl dgst -md5 -hmac SecurityRealmPolicyHmacKey` ([MS-IKEE] note 11)
const GAME: &str = "de85db841eabf1a17a732360fb039e62";
const OTHER: &str = "00112233445566778899aabbccddeeff";
const NO_PROPOSAL_CHOSEN: u16 = 14;

/// A daemon with these connections, in this order: one for the realm "game", one for another, one for everybody.
fn daemon(test: &str, order: &[&str]) -> (Daemon, Peer) {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let secret = format!("psk = \"{SECRET}\"\n");
    let keys = format!("{secret}proposals = [\"aes256-sha256-x25519\"]\n");
    let plain = configuration(here, there, ["a.example", "b.example"], SECRET);
    let plain = plain.replace(&secret, &keys) + "proposals = [\"aes256-sha256\"]\n";
    let (head, own) = plain.split_once("[connections.peer]").unwrap();
    let connections = order.iter().map(|name| {
        let key = match *name {
            "game" => "realm = \"game\"\n".to_owned(),
            "other" => format!("realm = \"hex:{OTHER}\"\n"),
            _ => String::new(),
        };
        let own = own
            .replace("connections.peer", &format!("connections.{name}"))
            .replace(&secret, &format!("{secret}{key}"));
        format!("[connections.{name}]{own}")
    });
    let text = head.to_owned() + &connections.collect::<String>();
    let daemon = Daemon::start(test, "a", &text);
    (daemon, Peer::new(there, here))
}

/// [MS-IKEE] §2.2.10: hash and id, 32 octets
fn vendor_id(realm: &str) -> Payload {
    (VENDOR_ID, hex(&format!("{HASH}{realm}")))
}

/// What stands behind the hash in the realm's vendor ID, if there is one and only one.
fn told(payloads: &[Payload]) -> Option<Vec<u8>> {
    let ids = payloads.iter().filter(|it| it.0 == VENDOR_ID);
    let mut ids = ids.filter_map(|it| it.1.strip_prefix(&hex(HASH)[..]));
    let found = ids.next();
    assert!(ids.next().is_none(), "once: {payloads:x?}");
    found.map(<[u8]>::to_vec)
}

/// Begins with this payload in IKE_SA_INIT and in IKE_AUTH: the SA, and the name of the connection that it is under.
fn under(daemon: &Daemon, peer: &Peer, payload: &[Payload]) -> (Sa, String) {
    let (mut sa, _) = peer.init(Suite::Cbc, payload).expect("an SA");
    let answer = peer.auth(&mut sa, B, &[], payload);
    sa.assert_proven(&answer);
    assert!(body(&answer, SA).is_some(), "a child: {answer:?}");
    let digits: String = sa.spis.0.iter().map(|it| format!("{it:02x}")).collect();
    let status = daemon.status();
    let all = status["sas"].as_array().expect("SAs");
    let own = all.iter().find(|it| it["spis"][0] == *digits);
    let own = own.unwrap_or_else(|| panic!("{digits} in {status}"));
    (sa, own["connection"].as_str().expect("a name").to_owned())
}

/// [MS-IKEE] §3.14.5.1: an exact match, or a policy of no realm, by their order
#[test]
fn what_a_scripted_peer_tells_chooses_among_the_daemons_connections() {
    let all = ["game", "other", "plain"];
    let (there, peer) = daemon("choose", &all);
    let cases = [
        (vec![vendor_id(GAME)], "game"),
        (vec![vendor_id(OTHER)], "other"),
        (vec![], "plain"),
        // nobody's realm, and what is no realm
        (vec![vendor_id("ffffffffffffffffffffffffffffffff")], "plain"),
        (vec![vendor_id(&GAME[..30])], "plain"),
        (vec![vendor_id(&format!("{GAME}00"))], "plain"),
        (vec![vendor_id("")], "plain"),
        (vec![(VENDOR_ID, hex(GAME))], "plain"),
        // among others
        (vec![(VENDOR_ID, vec![7; 16]), vendor_id(OTHER)], "other"),
    ];
    for (payload, expected) in cases {
        let (_, chosen) = under(&there, &peer, &payload);
        assert_eq!(chosen, expected, "{payload:x?}");
    }
    let (daemon, peer) = daemon("priority", &["plain", "game"]);
    let (_, chosen) = under(&daemon, &peer, &[vendor_id(GAME)]);
    assert_eq!(chosen, "plain", "it stands first");
}

/// [MS-IKEE] §3.14.5.1, note 39: realm policies are passed over
#[test]
fn a_scripted_peer_that_tells_no_realm_or_another_gets_no_sa_where_all_have_one() {
    let (daemon, peer) = daemon("members", &["game"]);
    for payload in [vec![], vec![vendor_id(OTHER)]] {
        let answer = peer.init(Suite::Cbc, &payload).map(|it| it.1);
        let answer = answer.expect_err("it is not for these");
        assert_eq!(errors(&answer), [NO_PROPOSAL_CHOSEN]);
    }
    let (_, chosen) = under(&daemon, &peer, &[vendor_id(GAME)]);
    assert_eq!(chosen, "game");
    assert_eq!(daemon.status()["sas"].as_array().map(Vec::len), Some(1));
}

/// [MS-IKEE] §3.14.5.2: the child is not made, and the IKE SA stands
#[test]
fn an_ike_auth_of_a_scripted_peer_without_its_realm_makes_no_child() {
    let (_daemon, peer) = daemon("no-child", &["game", "other", "plain"]);
    for payload in [vec![], vec![vendor_id(OTHER)]] {
        let (mut sa, _) = peer.init(Suite::Cbc, &[vendor_id(GAME)]).expect("an SA");
        let answer = peer.auth(&mut sa, B, &[], &payload);
        sa.assert_proven(&answer);
        assert_eq!(body(&answer, SA), None, "{payload:x?}: {answer:?}");
        assert_eq!(errors(&answer), [NO_PROPOSAL_CHOSEN]);
        peer.assert_lives(&mut sa);
        // and told in time, there is one
        let asked = [child(0x0b0b_0005, None), vec![vendor_id(GAME)]].concat();
        let answer = peer.request(&mut sa, CREATE_CHILD_SA, &asked);
        assert!(body(&answer, SA).is_some(), "{answer:?}");
    }
}

/// [MS-IKEE] §3.14.5.2: a new child, new keys for a child, new keys for the IKE SA, and all that on the new one
#[test]
fn later_requests_of_a_scripted_peer_need_their_realm_too() {
    let (daemon, peer) = daemon("later", &["game", "other", "plain"]);
    let (mut sa, chosen) = under(&daemon, &peer, &[vendor_id(GAME)]);
    assert_eq!(chosen, "game");
    let (mut last, mut next) = (0x0b0b_0001, 0x0b0b_0100);
    for _ in 0..2 {
        for wrong in [vec![], vec![vendor_id(OTHER)], vec![vendor_id(&GAME[..30])]] {
            for replaces in [None, Some(last)] {
                let asked = [child(next, replaces), wrong.clone()].concat();
                let answer = peer.request(&mut sa, CREATE_CHILD_SA, &asked);
                assert_eq!(kinds(&answer), [NOTIFY], "{wrong:x?}: {answer:?}");
                assert_eq!(errors(&answer), [NO_PROPOSAL_CHOSEN]);
            }
            let renewed = peer.renew(&mut sa, &wrong).map(|it| it.spis);
            assert_eq!(renewed, Err(vec![NO_PROPOSAL_CHOSEN]), "{wrong:x?}");
            peer.assert_lives(&mut sa);
        }
        for replaces in [None, Some(last)] {
            let asked = [child(next, replaces), vec![vendor_id(GAME)]].concat();
            let answer = peer.request(&mut sa, CREATE_CHILD_SA, &asked);
            assert_eq!(kinds(&answer)[..2], [SA, NONCE], "{answer:?}");
            (last, next) = (next, next + 1);
        }
        let mut renewed = peer.renew(&mut sa, &[vendor_id(GAME)]);
        sa = renewed.as_mut().expect("a new SA").clone();
        peer.assert_lives(&mut sa);
    }
}

/// [MS-IKEE] note 39
#[test]
fn the_answer_to_a_scripted_member_asks_for_no_certificate() {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let secret = format!("psk = \"{SECRET}\"\n");
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/seeds/ca.der");
    let keys = format!(
        "{secret}proposals = [\"aes256-sha256-x25519\"]\nrealm = \"game\"\nauth.local = \"psk\"\n\
         auth.remote = [\"cert\", \"psk\"]\nauth.authorities = [\"{authority}\"]\n"
    );
    let own = configuration(here, there, ["a.example", "b.example"], SECRET);
    let own = own.replace(&secret, &keys);
    let (_, plain) = own.split_once("[connections.peer]").unwrap();
    let plain = plain
        .replace("connections.peer", "connections.plain")
        .replace("realm = \"game\"\n", "");
    let text = format!("{own}[connections.plain]{plain}");
    let _daemon = Daemon::start("certreq", "a", &text);
    let peer = Peer::new(there, here);
    for (payload, asks) in [(vec![vendor_id(GAME)], false), (vec![], true)] {
        let (_, answer) = peer.init(Suite::Cbc, &payload).expect("an SA");
        assert_eq!(kinds(&answer).contains(&CERTREQ), asks, "{answer:?}");
        assert_eq!(told(&answer), None, "the responder tells none");
    }
}

/// [MS-IKEE] §2.2.10, §3.14.5, §3.14.5.2: the same 32 octets in every request that makes an SA, and inside SK
#[test]
fn a_scripted_responder_finds_the_realm_in_every_request_that_makes_an_sa() {
    for (name, realm) in [
        ("game", Some(GAME)),
        ("other", Some(OTHER)),
        ("plain", None),
    ] {
        let realm = realm.map(hex);
        let (daemon, peer) = daemon(&format!("tell-{name}"), &[name]);
        let mut sa = std::thread::scope(|scope| {
            let up = scope.spawn(|| daemon.control(&["up", name]));
            let (mut sa, asked) = peer.accept();
            assert_eq!(kinds(&asked)[..3], [SA, KE, NONCE]);
            assert_eq!(told(&asked), realm);
            let asked = peer.asked(&mut sa, IKE_AUTH);
            assert!(kinds(&asked.payloads).contains(&AUTH));
            assert_eq!(told(&asked.payloads), realm);
            peer.agree(&sa, &asked);
            let up = up.join().expect("ikee up");
            assert!(up.status.success(), "{}", text(&up.stderr));
            sa
        });
        // new keys for the child, and for the IKE SA; the peer has no time for either
        for arguments in [vec!["rekey", name], vec!["rekey", "--ike", name]] {
            std::thread::scope(|scope| {
                let rekey = scope.spawn(|| daemon.control(&arguments));
                let asked = peer.asked(&mut sa, CREATE_CHILD_SA);
                let ike = kinds(&asked.payloads).contains(&KE);
                assert_eq!(ike, arguments.len() == 3, "{arguments:?}");
                assert_eq!(told(&asked.payloads), realm, "{arguments:?}");
                peer.answer(&sa, &asked, &[notify(NO_PROPOSAL_CHOSEN, &[])]);
                let rekey = rekey.join().expect("ikee rekey");
                assert_eq!(rekey.status.code(), Some(1), "{}", text(&rekey.stdout));
                // at once, and with the peer's reason
                let said = text(&rekey.stderr);
                assert!(said.contains("has its old keys: no "), "{said}");
                assert_eq!(said.lines().count(), 1, "{said}");
            });
        }
        std::thread::scope(|scope| {
            let down = scope.spawn(|| daemon.control(&["down", name]));
            let asked = peer.asked(&mut sa, INFORMATIONAL);
            assert_eq!(told(&asked.payloads), None, "it makes no SA");
            peer.answer(&sa, &asked, &[]);
            down.join().expect("ikee down");
        });
    }
}
