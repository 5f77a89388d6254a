//! What Windows does where another peer would not.

use std::time::Duration;

use ikee_tests::{Keyring, Packet, Pair, Setup, Side};
use ipsec_doi::TrafficSelector;
use isakmp_wire::v2::{CfgAttribute, CfgType, Configuration, OwnedCfgAttr, TrafficSelectors, kind};
use isakmp_wire::{Header, OwnedPayload};

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
