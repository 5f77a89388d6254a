//! What Windows does where another peer would not.

use std::time::Duration;

use ike_ext::Role;
use ikee::profile::{Announcement, Release, Seen, recognise, windows, windows_ikev2};
use ikee_tests::{Keyring, Packet, Pair, Setup, Side};
use ipsec_doi::TrafficSelector;
use isakmp_wire::v2::{CfgAttribute, CfgType, Configuration, OwnedCfgAttr, TrafficSelectors, kind};
use isakmp_wire::{Header, Message, OwnedPayload};

/// The selectors of the child that the second party sends with.
fn selectors(pair: &Pair) -> [Vec<TrafficSelector>; 2] {
    let id = pair.b.plane.sending("net").expect("a child");
    let child = pair.b.live().find(|it| it.id == id).expect("the child");
    [
        child.local_selectors.clone(),
        child.remote_selectors.clone(),
    ]
}

/// A rekey request as Windows would have written it: everything as selectors, and a question for an address.
fn as_windows(pair: &Pair, packet: &Packet) -> Packet {
    let any = [TrafficSelector::any_v4(), TrafficSelector::any_v6()];
    let mut everything = Vec::new();
    TrafficSelectors::write(&any.map(|it| it.to_wire()), &mut everything);
    let mut question = Vec::new();
    let address = OwnedCfgAttr {
        kind: CfgAttribute::INTERNAL_IP4_ADDRESS,
        value: Vec::new(),
    };
    Configuration::write(CfgType::REQUEST, &[address], &mut question);
    let mut payloads = pair.read(packet).payloads;
    for payload in &mut payloads {
        if [kind::TS_I, kind::TS_R].contains(&payload.kind) {
            payload.body.clone_from(&everything);
        }
    }
    payloads.push(OwnedPayload::new(kind::CONFIGURATION, question));
    let header = Header::parse(packet.message()).expect("a header");
    let bytes = Keyring::of(pair).seal_payloads(header, &payloads);
    Packet {
        bytes: bytes.expect("keys"),
        ..packet.clone()
    }
}

/// RFC 7296 §2.9.2: the answer names what the child had, whatever more is offered now.
#[test]
fn new_keys_for_a_child_that_suddenly_wants_everything_leave_its_selectors_alone() {
    let mut pair = Setup::new().build();
    pair.connect();
    let before = selectors(&pair);
    let old = pair.b.child().id;
    let child = pair.a.child().id;
    pair.rekey_child(Side::A, child);
    let request = pair.take(Side::A);
    let request = as_windows(&pair, &request);
    pair.deliver(&request);
    pair.settle();
    pair.run(Duration::from_secs(6));
    assert_ne!(pair.b.child().id, old, "{:?}", pair.b.events);
    assert_eq!(selectors(&pair), before);
    pair.assert_agreed();
    pair.shut_down();
    pair.assert_empty();
}

/// [MS-IKEE] note 6: by these a peer knows the release.
#[test]
fn who_is_like_a_release_says_its_vendor_ids_in_its_order_and_is_taken_for_it() {
    for release in Release::ALL {
        let Some(own) = &windows(*release).ikev2 else {
            continue;
        };
        let mut setup = Setup::insecure();
        setup.a.extensions = windows_ikev2(*release);
        setup.b.extensions = windows_ikev2(*release);
        let mut pair = setup.build();
        pair.connect();
        for (role, at) in [(Role::Initiator, 0), (Role::Responder, 1)] {
            let message = Message::parse(pair.link.crossed[at].packet.message());
            let message = message.expect("a message");
            let sent = message.payloads.all(kind::VENDOR_ID);
            let sent: Vec<_> = sent.map(|it| it.body).collect();
            let usual = own.vendor_ids.iter().filter(|it| it.is_usual(role, false));
            let usual: Vec<_> = usual.map(Announcement::octets).collect();
            assert_eq!(sent, usual, "{release:?} {role:?}");
            let known = recognise(&Seen::ikev2(&sent, Some(own.fragmentation))).expect("Windows");
            assert!(known.releases.contains(release), "{release:?} {role:?}");
        }
        pair.assert_agreed();
    }
}
