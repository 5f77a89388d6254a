//! [MS-IKEE] §2.2.8, §3.1.5, §3.11: one test for each requirement, by its number in the ledger.

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Lifecycle, Role, SaId, Stage};
use ikee_server_address::{Addresses, Families, ServerAddress};
use isakmp_wire::v2::{CfgAttribute, CfgType, Configuration, OwnedCfgAttr, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, RawPayload, Version};

const V4: CfgAttribute = CfgAttribute::INTERNAL_IP4_SERVER;
const V6: CfgAttribute = CfgAttribute::INTERNAL_IP6_SERVER;
const OTHER: CfgAttribute = CfgAttribute::INTERNAL_IP4_DNS;
const SERVER_V6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// What a client with these families asks with.
fn request(rig: &mut Rig) -> Vec<OwnedCfgAttr> {
    let mut out = Vec::new();
    rig.call(|set, cx| set.request_attributes(cx.host(), Rig::SA, &mut out));
    out
}

/// What a server answers to these questions.
fn reply(rig: &mut Rig, asked: &[CfgAttribute]) -> Vec<OwnedCfgAttr> {
    let mut out = Vec::new();
    for kind in asked {
        rig.call(|set, cx| set.reply_attributes(cx.host(), Rig::SA, *kind, &mut out));
    }
    out
}

fn learn(rig: &mut Rig, kind: CfgAttribute, value: &[u8]) {
    rig.call(|set, cx| set.learned_attribute(cx, Rig::SA, kind, value));
}

fn learned(rig: &Rig) -> Option<Addresses> {
    rig.set.get::<ServerAddress>().unwrap().addresses(Rig::SA)
}

fn client(families: Families) -> Rig {
    Rig::new(ServerAddress::new().asking(families), Role::Initiator)
}

fn server(own: Addresses) -> Rig {
    Rig::new(ServerAddress::new().answering(own), Role::Responder)
}

fn both() -> Addresses {
    Addresses::default()
        .with_v4([10, 0, 0, 1].into())
        .with_v6(SERVER_V6.into())
}

fn encoded(attributes: &[OwnedCfgAttr]) -> Vec<u8> {
    let mut body = Vec::new();
    Configuration::write(CfgType::REPLY, attributes, &mut body);
    body
}

/// Reads a CFG_REPLY as a core does, attribute by attribute.
fn receive(rig: &mut Rig, body: &[u8]) {
    let raw = RawPayload::new(kind::CONFIGURATION, body);
    for attribute in Configuration::parse(raw).unwrap().attributes() {
        learn(rig, attribute.kind, attribute.value);
    }
}

/// [MS-IKEE] §2.2.8/1
#[test]
fn the_reserved_bit_is_zero_when_sent_and_ignored_when_read() {
    let sent = encoded(&request(&mut client(Families::Both)));
    assert_eq!((sent[4] & 0x80, sent[8] & 0x80), (0, 0));
    let mut rig = client(Families::V4);
    request(&mut rig);
    receive(&mut rig, &[2, 0, 0, 0, 0xdb, 0xa0, 0, 4, 10, 0, 0, 1]);
    assert_eq!(learned(&rig).unwrap().v4, Some([10, 0, 0, 1].into()));
}

/// [MS-IKEE] §2.2.8/2
#[test]
fn the_types_are_5ba0_and_5ba1() {
    let sent = encoded(&request(&mut client(Families::Both)));
    assert_eq!(sent[4..], [0x5b, 0xa0, 0, 0, 0x5b, 0xa1, 0, 0]);
}

/// [MS-IKEE] §2.2.8/3
#[test]
fn the_length_counts_the_value_only() {
    let asked = request(&mut client(Families::V4));
    assert_eq!(encoded(&asked)[6..8], [0, 0]);
    let told = reply(&mut server(both()), &[V4, V6]);
    let told = encoded(&told);
    assert_eq!((&told[6..8], &told[14..16]), (&[0, 4][..], &[0, 16][..]));
}

/// [MS-IKEE] §2.2.8/4
#[test]
fn an_ipv4_address_of_any_length_but_four_is_ignored() {
    for length in (0..=20).filter(|length| *length != 4) {
        let mut rig = client(Families::Both);
        request(&mut rig);
        learn(&mut rig, V4, &[10; 20][..length]);
        assert_eq!(learned(&rig), None, "{length}");
    }
    assert_eq!(reply(&mut server(both()), &[V4])[0].value, [10, 0, 0, 1]);
}

/// [MS-IKEE] §2.2.8/5
#[test]
fn an_ipv6_address_of_any_length_but_sixteen_is_ignored() {
    for length in (0..=20).filter(|length| *length != 16) {
        let mut rig = client(Families::Both);
        request(&mut rig);
        learn(&mut rig, V6, &[0xfd; 20][..length]);
        assert_eq!(learned(&rig), None, "{length}");
    }
    assert_eq!(reply(&mut server(both()), &[V6])[0].value, SERVER_V6);
}

/// [MS-IKEE] §3.1.5/19
#[test]
fn no_vendor_id_announces_the_attributes() {
    let sent = [OwnedPayload::new(kind::SA, [0; 4])];
    for stage in [Stage::request, Stage::response] {
        let mut rig = client(Families::Both);
        let stage = stage(ExchangeType::IKE_SA_INIT);
        assert_eq!(rig.outgoing(stage, sent.to_vec()), sent);
    }
}

/// [MS-IKEE] §3.11/1
#[test]
fn the_client_asks_in_its_configuration_request() {
    let asked = request(&mut client(Families::Both));
    let empty = |kind| OwnedCfgAttr::new(kind, []);
    assert_eq!(asked, [empty(V4), empty(V6)]);
}

/// [MS-IKEE] §3.11.1/1
#[test]
fn both_addresses_are_kept() {
    let mut rig = client(Families::Both);
    request(&mut rig);
    learn(&mut rig, V4, &[10, 0, 0, 1]);
    learn(&mut rig, V6, &SERVER_V6);
    assert_eq!(learned(&rig), Some(both()));
}

/// [MS-IKEE] §3.11.1/1
#[test]
fn the_addresses_outlive_a_rekeying_of_the_sa() {
    let mut rig = client(Families::V4);
    request(&mut rig);
    learn(&mut rig, V4, &[10, 0, 0, 1]);
    let successor = SaId::new(2);
    rig.lifecycle(Lifecycle::Succeeded(successor));
    rig.lifecycle(Lifecycle::Closed);
    let extension = rig.set.get::<ServerAddress>().unwrap();
    assert_eq!(extension.addresses(Rig::SA), None);
    assert_eq!(
        extension.addresses(successor).unwrap().v4,
        Some([10, 0, 0, 1].into())
    );
}

/// [MS-IKEE] §3.11.1/2
#[test]
fn the_client_asks_for_each_family_that_it_supports() {
    let kinds = |families| -> Vec<_> {
        let asked = request(&mut client(families));
        asked.into_iter().map(|it| it.kind).collect()
    };
    assert_eq!(kinds(Families::V4), [V4]);
    assert_eq!(kinds(Families::V6), [V6]);
    assert_eq!(kinds(Families::Both), [V4, V6]);
}

/// [MS-IKEE] §3.11.5.1/1
#[test]
fn a_question_that_makes_no_sense_is_ignored_among_others() {
    let mut rig = server(both());
    let unknown = CfgAttribute::new(0x7abc);
    assert_eq!(reply(&mut rig, &[unknown, OTHER]), []);
    assert_eq!(reply(&mut rig, &[unknown, V4]).len(), 1);
}

/// [MS-IKEE] §3.11.5.1/2
#[test]
fn the_server_tells_what_it_has_of_what_was_asked() {
    let v4_only = Addresses::default().with_v4([10, 0, 0, 1].into());
    let told = reply(&mut server(v4_only), &[V4, V6]);
    assert_eq!(told, [OwnedCfgAttr::new(V4, [10, 0, 0, 1])]);
    assert_eq!(reply(&mut server(both()), &[V6]).len(), 1);
    assert_eq!(reply(&mut server(both()), &[OTHER]), []);
    let twice = reply(&mut server(both()), &[V4, V4]);
    assert_eq!(twice.len(), 1, "asked twice, told once");
}

/// [MS-IKEE] §3.11.5.1/3
#[test]
fn garbage_leaves_the_sa_alone() {
    let mut rig = client(Families::Both);
    request(&mut rig);
    for (kind, value) in [(V4, &[1, 2, 3][..]), (V6, &[]), (OTHER, &[0; 4])] {
        learn(&mut rig, kind, value);
    }
    assert_eq!((learned(&rig), rig.actions.len()), (None, 0));
    learn(&mut rig, V4, &[10, 0, 0, 1]);
    assert!(!rig.actions.iter().any(Action::needs_protection));
}

/// [MS-IKEE] §3.11.5.2/1
#[test]
fn a_value_of_five_octets_is_ignored_and_the_other_attribute_counts() {
    let mut rig = client(Families::Both);
    request(&mut rig);
    let mut body = encoded(&[
        OwnedCfgAttr::new(V4, [10, 0, 0, 1, 24]),
        OwnedCfgAttr::new(V6, SERVER_V6),
    ]);
    receive(&mut rig, &body);
    let expected = Addresses::default().with_v6(SERVER_V6.into());
    assert_eq!(learned(&rig), Some(expected));
    body.pop();
    let raw = RawPayload::new(kind::CONFIGURATION, &body);
    assert!(Configuration::parse(raw).is_err());
}

/// [MS-IKEE] §3.11.5.2/2
#[test]
fn an_address_is_stored_and_announced_only_if_it_was_asked_for() {
    let mut rig = client(Families::V4);
    learn(&mut rig, V4, &[10, 0, 0, 9]);
    assert_eq!((learned(&rig), rig.actions.len()), (None, 0));
    request(&mut rig);
    learn(&mut rig, V6, &SERVER_V6);
    assert_eq!((learned(&rig), rig.actions.len()), (None, 0));
    learn(&mut rig, V4, &[10, 0, 0, 1]);
    assert_eq!(learned(&rig).unwrap().v4, Some([10, 0, 0, 1].into()));
    assert_eq!(rig.actions, [Action::Nudge(Rig::SA)]);
}

/// [MS-IKEE] note 30/1
#[test]
fn left_as_made_it_neither_asks_nor_answers_nor_reads() {
    let mut rig = Rig::new(ServerAddress::new(), Role::Initiator);
    assert_eq!(request(&mut rig), []);
    assert_eq!(reply(&mut rig, &[V4, V6]), []);
    learn(&mut rig, V4, &[10, 0, 0, 1]);
    assert_eq!(learned(&rig), None);
}

fn stock() -> Stock<ServerAddress> {
    let body = encoded(&[
        OwnedCfgAttr::new(V4, [10, 0, 0, 1]),
        OwnedCfgAttr::new(V6, SERVER_V6),
    ]);
    let message = vec![
        OwnedPayload::new(kind::ID_I, [1; 8]),
        OwnedPayload::new(kind::CONFIGURATION, body),
        OwnedPayload::new(kind::SA, [0; 4]),
    ];
    Stock {
        version: Version::V2,
        on: || {
            ServerAddress::new()
                .asking(Families::Both)
                .answering(both())
        },
        off: ServerAddress::new,
        idle: ServerAddress::is_idle,
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
fn it_survives_truncation_at_every_octet() {
    stock().survives_truncation();
}
