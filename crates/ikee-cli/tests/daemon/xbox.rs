//! Xbox negotiations ([MS-IKEE] §3.13) with a peer written from the specification, on both sides.

use std::time::Duration;

use super::by_hand::{B, Payload, Peer, Sa, Suite, VENDOR_ID, errors, hex};
use super::{Daemon, Place, SECRET, configuration, text};

/// "Microsoft Xbox One 2013" ([MS-IKEE] note 6)
const MARK: &str = "8aa394cf8a5577dc3110c113b027a4f2";
/// "XBox IKEv2 Negotiation", before the type
const NEGOTIATION: &str = "660822b3a73a244149578d62e0eb46a0";
const NO_PROPOSAL_CHOSEN: u16 = 14;

fn daemon(test: &str, section: &str, key: &str) -> (Daemon, Peer) {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let secret = format!("psk = \"{SECRET}\"\n");
    let keys = format!("{secret}proposals = [\"aes256-sha256-x25519\"]\n{key}");
    let plain = configuration(here, there, ["a.example", "b.example"], SECRET);
    let plain = plain
        .replace("[extensions.fragmentation-v2]\n", section)
        .replace(&secret, &keys);
    let daemon = Daemon::start(test, "a", &plain);
    (daemon, Peer::new(there, here))
}

/// Both vendor IDs, with a type.
fn of_type(number: u32) -> Vec<Payload> {
    let kind = [&hex(NEGOTIATION)[..], &number.to_be_bytes()].concat();
    vec![(VENDOR_ID, hex(MARK)), (VENDOR_ID, kind)]
}

/// Whether a payload of an IKE_SA_INIT in octets is this vendor ID.
fn has_vendor_id(message: &[u8], id: &[u8]) -> bool {
    let length = u16::try_from(4 + id.len()).unwrap().to_be_bytes();
    let payload = [&[0], &length[..], id].concat();
    message.windows(payload.len()).any(|it| it == payload)
}

/// [MS-IKEE] §3.13.5, §3.13.6, note 36: 16 octets, 20 octets, and one message; without a type it is repeated
#[test]
fn a_scripted_peer_that_is_silent_hears_an_xbox_once() {
    for (test, key, number) in [
        ("zero", "xbox = 0\n", Some(0_u32)),
        ("one", "xbox = 1\n", Some(1)),
        ("none", "", None),
    ] {
        let (daemon, peer) = daemon(&format!("once-{test}"), "", key);
        let up = daemon.control(&["up", "peer"]);
        assert_eq!(up.status.code(), Some(1), "{}", text(&up.stdout));
        let said = text(&up.stderr);
        assert!(said.ends_with("no answer from the peer\n"), "{said}");
        // longer than the longest pause between two
        let heard = peer.listen(Duration::from_millis(1200));
        let Some(number) = number else {
            assert_eq!(heard.len(), 4, "the first, and three more");
            assert!(heard.iter().all(|it| *it == heard[0]));
            assert!(!has_vendor_id(&heard[0], &hex(MARK)));
            continue;
        };
        assert_eq!(heard.len(), 1, "type {number}");
        let kind = [&hex(NEGOTIATION)[..], &number.to_be_bytes()].concat();
        assert_eq!(kind.len(), 20);
        for id in [hex(MARK), kind] {
            assert!(has_vendor_id(&heard[0], &id), "{id:x?} in {heard:x?}");
        }
    }
}

/// [MS-IKEE] §3.13.3, §3.13.5.2: each type for itself, and who has ended makes room
#[test]
fn a_daemon_counts_the_negotiations_that_scripted_peers_begin() {
    let section = "[extensions.xbox]\nlimits = { 0 = 1, 1 = 2 }\n";
    let (daemon, peer) = daemon("limits", section, "");
    let begin = |number| peer.init(Suite::Cbc, &of_type(number)).map(|it| it.0);
    let refused = |it: Result<Sa, Vec<Payload>>| {
        let answer = it.map(|it| it.spis).expect_err("it is one too many");
        assert_eq!(errors(&answer), [NO_PROPOSAL_CHOSEN], "{answer:?}");
    };
    let mut first = begin(1).expect("one of type 1");
    let _second = begin(1).expect("another one");
    refused(begin(1));
    daemon.logs("too many Xbox negotiations of this type run already");
    let _other = begin(0).expect("another type has another limit");
    refused(begin(0));
    for _ in 0..5 {
        begin(7).expect("a type without a limit");
    }
    // no type: the mark alone, a vendor ID that ends before it, and one that goes on
    for id in [
        hex(MARK),
        hex(NEGOTIATION),
        hex(&format!("{NEGOTIATION}0000000100")),
    ] {
        for _ in 0..3 {
            let begun = peer.init(Suite::Cbc, &[(VENDOR_ID, id.clone())]);
            assert!(begun.is_ok(), "{id:x?}");
        }
    }
    let answer = peer.auth(&mut first, B, &[], &[]);
    first.assert_proven(&answer);
    let shown = daemon.status();
    let sas = shown["sas"].as_array().expect("SAs");
    let own = sas.iter().find(|it| it["state"] == "established");
    let told = &own.expect("an SA")["extensions"]["xbox"];
    assert_eq!(*told, "a negotiation of type 1", "{shown}");
    begin(1).expect("the first stands, and is in progress no more");
    refused(begin(1));
    peer.assert_lives(&mut first);
}

/// [MS-IKEE] §3.13.5.2: and who never comes back, after its time
#[test]
fn a_negotiation_that_a_scripted_peer_leaves_half_done_counts_for_its_time_only() {
    let section = "[limits]\nhalf_open_timeout = \"2s\"\n[extensions.xbox]\nlimits = { 1 = 1 }\n";
    let (_daemon, peer) = daemon("half", section, "");
    let begin = || peer.init(Suite::Cbc, &of_type(1)).is_ok();
    assert!(begin());
    assert!(!begin());
    let mut tries = 0;
    while !begin() {
        tries += 1;
        assert!(tries < 100, "it counts for ever");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(tries > 3, "{tries}: it counted for less than half a second");
}
