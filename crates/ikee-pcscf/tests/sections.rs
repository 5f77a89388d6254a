//! [MS-IKEE] §3.16: one test for each requirement, by its number in the ledger.

use std::net::IpAddr;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Lifecycle, Role, SaId, Stage};
use ikee_pcscf::{Addresses, Families, MAX_ADDRESSES, Pcscf};
use isakmp_wire::v2::{CfgAttribute, CfgType, Configuration, OwnedCfgAttr, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, Version};

const V4: CfgAttribute = CfgAttribute::P_CSCF_IP4_ADDRESS;
const V6: CfgAttribute = CfgAttribute::P_CSCF_IP6_ADDRESS;

fn proxies() -> [IpAddr; 4] {
    let v6 = |last| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last]);
    [[10, 0, 0, 1].into(), v6(1), [10, 0, 0, 2].into(), v6(2)]
}

fn client(families: Families) -> Rig {
    Rig::new(Pcscf::new().asking(families), Role::Initiator)
}

fn request(rig: &mut Rig) -> Vec<OwnedCfgAttr> {
    let mut out = Vec::new();
    rig.call(|set, cx| set.request_attributes(cx.host(), Rig::SA, &mut out));
    out
}

/// What a server with [`proxies`] answers.
fn reply(asked: &[CfgAttribute]) -> Vec<OwnedCfgAttr> {
    let extension = Pcscf::new().answering(Addresses::new(proxies()));
    let mut rig = Rig::new(extension, Role::Responder);
    let mut out = Vec::new();
    for kind in asked {
        rig.call(|set, cx| set.reply_attributes(cx.host(), Rig::SA, *kind, &mut out));
    }
    out
}

fn learn(rig: &mut Rig, attribute: &OwnedCfgAttr) {
    let (kind, value) = (attribute.kind, attribute.value.clone());
    rig.call(|set, cx| set.learned_attribute(cx, Rig::SA, kind, &value));
}

fn learned(rig: &Rig, sa: SaId) -> Vec<IpAddr> {
    rig.set.get::<Pcscf>().unwrap().addresses(sa).to_vec()
}

fn encoded(kind: CfgType, attributes: &[OwnedCfgAttr]) -> Vec<u8> {
    let mut body = Vec::new();
    Configuration::write(kind, attributes, &mut body);
    body
}

/// [MS-IKEE] §3.16 (3.16/1)
#[test]
fn the_attributes_are_20_and_21_of_4_and_16_octets() {
    let sent = reply(&[V4, V6]);
    let body = encoded(CfgType::REPLY, &sent);
    assert_eq!(body[4..12], [0, 20, 0, 4, 10, 0, 0, 1]);
    assert_eq!(body[20..24], [0, 21, 0, 16]);
    assert_eq!(body.len(), 4 + 2 * 8 + 2 * 20);
    let asked = request(&mut client(Families::Both));
    let body = encoded(CfgType::REQUEST, &asked);
    assert_eq!(body[4..], [0, 20, 0, 0, 0, 21, 0, 0]);
}

/// [MS-IKEE] §3.16 (3.16/1): of each family, what was asked for.
#[test]
fn a_client_asks_for_the_families_that_it_has() {
    let kinds = |families| {
        let asked = request(&mut client(families));
        asked.iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(Families::V4), [V4]);
    assert_eq!(kinds(Families::V6), [V6]);
    assert_eq!(reply(&[V6]).len(), 2);
    assert_eq!(reply(&[CfgAttribute::INTERNAL_IP4_DNS]), []);
    // a client that asks twice is told once
    assert_eq!(reply(&[V4, V4]).len(), 2);
}

/// [MS-IKEE] §3.16.1 (3.16.1/1)
#[test]
fn a_reply_with_two_of_each_is_kept_in_order() {
    let mut rig = client(Families::Both);
    request(&mut rig);
    for address in proxies() {
        let attribute = Addresses::new([address]);
        let kind = if address.is_ipv4() { V4 } else { V6 };
        for it in attribute.answer(kind) {
            learn(&mut rig, &it);
        }
    }
    assert_eq!(learned(&rig, Rig::SA), proxies());
    assert_eq!(rig.actions, vec![Action::Nudge(Rig::SA); 4]);
    let successor = SaId::new(2);
    rig.lifecycle(Lifecycle::Succeeded(successor));
    rig.lifecycle(Lifecycle::Closed);
    assert_eq!(learned(&rig, successor), proxies());
    assert!(learned(&rig, Rig::SA).is_empty());
}

/// [MS-IKEE] §3.16.1: what a server says twice, what was not asked for and what has the wrong length is not kept.
#[test]
fn what_is_useless_is_ignored() {
    let mut rig = client(Families::V4);
    let v4 = OwnedCfgAttr::new(V4, [10, 0, 0, 1]);
    learn(&mut rig, &v4);
    assert!(learned(&rig, Rig::SA).is_empty());
    request(&mut rig);
    learn(&mut rig, &OwnedCfgAttr::new(V6, [1; 16]));
    learn(&mut rig, &OwnedCfgAttr::new(V4, []));
    learn(&mut rig, &OwnedCfgAttr::new(V4, [1; 5]));
    learn(&mut rig, &v4);
    learn(&mut rig, &v4);
    assert_eq!(learned(&rig, Rig::SA), [IpAddr::from([10, 0, 0, 1])]);
    assert_eq!(rig.actions, [Action::Nudge(Rig::SA)]);
}

/// [MS-IKEE] §3.16.1: what a peer can make us keep has a bound.
#[test]
fn no_more_addresses_are_kept_than_anybody_needs() {
    let mut rig = client(Families::V4);
    request(&mut rig);
    for last in 0..=255 {
        learn(&mut rig, &OwnedCfgAttr::new(V4, [10, 0, 0, last]));
    }
    assert_eq!(learned(&rig, Rig::SA).len(), MAX_ADDRESSES);
}

fn stock() -> Stock<Pcscf> {
    let body = encoded(CfgType::REPLY, &reply(&[V4, V6]));
    let message = vec![
        OwnedPayload::new(kind::ID_I, [1; 8]),
        OwnedPayload::new(kind::CONFIGURATION, body),
        OwnedPayload::new(kind::SA, [0; 4]),
    ];
    Stock {
        version: Version::V2,
        on: || {
            let own = Addresses::new(proxies());
            Pcscf::new().asking(Families::Both).answering(own)
        },
        off: Pcscf::new,
        idle: Pcscf::is_idle,
        peer: vec![
            (Stage::request(ExchangeType::IKE_AUTH), message.clone()),
            (Stage::response(ExchangeType::IKE_AUTH), message),
        ],
    }
}

#[test]
fn it_is_silent_when_off() {
    stock().silent_when_off();
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
}

#[test]
fn it_survives_truncation() {
    stock().survives_truncation();
}
