//! [MS-IKEE] §2.2.6, §3.1.1, §3.7: one test for each requirement, by its number in the ledger.

use core::net::IpAddr;
use core::time::Duration;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{
    ChildDraft, ChildFacts, ChildId, Draft, FlowId, Lifecycle, PolicyId, Role, SaId, Stage,
};
use ikee_discovery::{
    ChildFlags, Direction, Discovery, ExchangeInfo, FlowFlags, FlowKey, FlowTable, Found, Letter,
    Limits, Matching, Packet, Rule, Verdict, Way,
};
use isakmp_wire::v1::{NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, RawPayload, Spi, Version, vendor_id};

const POLICY: PolicyId = PolicyId::new(7);
const FLOW: FlowId = FlowId::new(99);
const CHILD: ChildId = ChildId::new(5);
/// The kit's quick mode.
const QUICK: u32 = 0x5eed_0032;

const BOUNDARY: ExchangeInfo = ExchangeInfo {
    boundary: true,
    guaranteed: false,
};
const GUARANTEED: ExchangeInfo = ExchangeInfo {
    boundary: false,
    guaranteed: true,
};
const BOTH: ExchangeInfo = ExchangeInfo {
    boundary: true,
    guaranteed: true,
};

const fn quick(message: u8) -> Stage {
    Stage::new(ExchangeType::QUICK_MODE, message)
}

fn base() -> Vec<OwnedPayload> {
    [kind::SA, kind::NONCE, kind::ID, kind::ID]
        .map(|it| OwnedPayload::new(it, [it.get(); 12]))
        .to_vec()
}

/// An endpoint with this rule for its policy's only child, whose peer has sent these vendor IDs.
fn rig(role: Role, rule: Option<Rule>, peer: &[&[u8]]) -> Rig {
    let mut extension = Discovery::new();
    extension.set_rule(POLICY, 0, rule);
    let mut rig = Rig::of(Version::V1, extension, role);
    let (facts, ids) = rig.host.sas.get_mut(&Rig::SA).unwrap();
    *facts = facts.with_policy(Some(POLICY));
    ids.extend(peer.iter().map(|it| it.to_vec()));
    rig
}

const CAPABLE: &[&[u8]] = &[&vendor_id::NEGOTIATION_DISCOVERY];
const WINDOWS: &[&[u8]] = &[
    &vendor_id::NEGOTIATION_DISCOVERY,
    b"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61\0\0\0\x09",
];

/// A message of quick mode that goes out.
fn send(rig: &mut Rig, message: u8, id: u32, replaces: Option<ChildId>) -> Vec<OwnedPayload> {
    let mut payloads = base();
    let mut responder = Spi::ZERO;
    let child = (message <= 2).then(|| ChildDraft::new(0, replaces));
    let mut draft = Draft::new(
        Version::V1,
        quick(message),
        id,
        &mut payloads,
        &mut responder,
    )
    .with_child(child);
    rig.call(|set, cx| set.outgoing(cx, Rig::SA, &mut draft));
    payloads
}

/// What it says of discovery.
fn said(payloads: &[OwnedPayload]) -> Option<ExchangeInfo> {
    assert_eq!(
        payloads[..4],
        base(),
        "the core's own payloads are as they were"
    );
    let all = payloads[4..].iter();
    all.map(|it| ExchangeInfo::read(RawPayload::new(it.kind, &it.body), QUICK).unwrap())
        .next()
}

fn hear(rig: &mut Rig, message: u8, info: ExchangeInfo) {
    let mut payloads = base();
    payloads.push(info.payload(None));
    rig.incoming(quick(message), &payloads);
}

/// The child of the quick mode is there; its flags.
fn open(rig: &mut Rig, encrypts: bool) -> ChildFlags {
    let facts = ChildFacts::new(Rig::SA, 0, QUICK).with_encrypts(encrypts);
    rig.host.children.insert(CHILD, facts);
    rig.lifecycle(Lifecycle::ChildOpened(CHILD));
    rig.set.get::<Discovery>().unwrap().child(CHILD)
}

fn want(rig: &mut Rig, guaranteed: bool) {
    let extension = rig.set.get_mut::<Discovery>().unwrap();
    extension.want(POLICY, 0, guaranteed, FLOW);
}

fn flags_of(boundary: bool, guaranteed: bool) -> impl Fn(ChildFlags) -> bool {
    move |it| (it.boundary, it.guaranteed) == (boundary, guaranteed)
}

// ---------------------------------------------------------------- EXCHANGE_INFO

/// [MS-IKEE] §2.2.6/9
#[test]
fn a_microsoft_peer_gets_the_message_id_first_and_others_four_octets() {
    let rule = Some(Rule::DISCOVER.with_boundary(true));
    for (peer, size, data) in [
        (CAPABLE, 0, &[0, 0, 0, 1][..]),
        (WINDOWS, 8, &[0x5e, 0xed, 0, 0x32, 0, 0, 0, 1]),
    ] {
        for message in [1, 2] {
            let sent = send(&mut rig(Role::Initiator, rule, peer), message, QUICK, None);
            let body = &sent[4].body;
            assert_eq!(body[..8], [0, 0, 0, 1, 1, size, 0x9c, 0x45]);
            assert_eq!(body[8..], *data);
        }
    }
}

/// [MS-IKEE] §2.2.6/14
#[test]
fn the_flags_combine_and_unknown_ones_are_ignored() {
    assert_eq!(BOTH.bits(), 3);
    assert_eq!(ExchangeInfo::from_bits(0xffff_ffff), BOTH);
    assert_eq!(
        ExchangeInfo::from_bits(0xffff_fffc),
        ExchangeInfo::default()
    );
}

/// [MS-IKEE] §2.2.6/14
#[test]
fn flags_are_read_with_a_message_id_and_an_spi_and_without() {
    let read = |head: [u8; 2], data: &[u8]| {
        let mut body = vec![0, 0, 0, 1, head[0], head[1], 0x9c, 0x45];
        body.extend_from_slice(data);
        ExchangeInfo::read(RawPayload::new(kind::NOTIFY, &body), 7)
    };
    assert_eq!(read([1, 0], &[0, 0, 0, 3]), Some(BOTH));
    assert_eq!(read([1, 8], &[0, 0, 0, 3]), Some(BOTH));
    assert_eq!(read([1, 8], &[0, 0, 0, 7, 0, 0, 0, 3]), Some(BOTH));
    assert_eq!(read([1, 0], &[0, 0, 0, 7, 0, 0, 0, 3]), Some(BOTH));
    assert_eq!(read([3, 4], &[9, 9, 9, 9, 0, 0, 0, 3]), Some(BOTH));
    let mut long = vec![9; 8];
    long.extend_from_slice(&[0, 0, 0, 7, 0, 0, 0, 3]);
    assert_eq!(read([1, 8], &long), Some(BOTH));
    // another quick mode's, and what has no place for flags
    assert_eq!(read([1, 8], &[0, 0, 0, 8, 0, 0, 0, 3]), None);
    for length in [0, 1, 2, 3, 5, 6, 7, 9] {
        assert_eq!(read([1, 0], &vec![0; length]), None, "{length}");
    }
    let other = OwnedPayload::new(kind::NOTIFY, [0, 0, 0, 1, 1, 0, 0x9c, 0x43, 0, 0, 0, 3]);
    let raw = RawPayload::new(other.kind, &other.body);
    assert_eq!(ExchangeInfo::read(raw, 7), None);
    assert_eq!(NotifyType::EXCHANGE_INFO.get(), 0x9c45);
}

// ---------------------------------------------------------------- main mode

/// [MS-IKEE] §3.7.1/1, §3.7.5.1/1, §3.7.5.1/2, §3.7.5.2/1
#[test]
fn discovery_is_supported_exactly_if_the_peer_has_sent_the_vendor_id() {
    for (peer, supported) in [(CAPABLE, true), (WINDOWS, true), (&[], false)] {
        for role in [Role::Initiator, Role::Responder] {
            let mut rig = rig(role, None, peer);
            let flag = rig.call(|_, cx| Discovery::supported(cx, Rig::SA));
            assert_eq!(flag, supported);
        }
    }
}

/// [MS-IKEE] §3.7.1/1
#[test]
fn a_peer_without_the_vendor_id_hears_nothing_of_discovery() {
    let rule = Some(Rule::DISCOVER.with_boundary(true).with_guaranteed(true));
    for message in [1, 2] {
        let sent = send(&mut rig(Role::Initiator, rule, &[]), message, QUICK, None);
        assert_eq!(sent, base());
    }
}

/// [MS-IKEE] §3.7.4.1/18, §3.7.4.1/19, §3.7.5.1/3
#[test]
fn messages_1_and_2_differ_by_the_vendor_id_only() {
    let id = 0xfb1d_e3cd_f341_b7ea_16b7_e5be_0855_f120_u128.to_be_bytes();
    for message in [1, 2] {
        let mut rig = rig(Role::Initiator, None, &[]);
        let mut sent = rig.outgoing(Stage::main_mode(message), base());
        let last = sent.pop().unwrap();
        assert_eq!((last.kind, last.body), (kind::VENDOR_ID, id.to_vec()));
        assert_eq!(sent, base());
    }
}

/// [MS-IKEE] §3.7.5.2/2
#[test]
fn later_messages_of_main_mode_are_left_alone() {
    for message in 3..=6 {
        let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), CAPABLE);
        assert_eq!(rig.outgoing(Stage::main_mode(message), base()), base());
    }
}

// ---------------------------------------------------------------- quick mode

/// [MS-IKEE] §3.7.4.1/7, §3.7.4.1/8, §3.7.4.1/9, §3.7.4.1/10, §3.7.4.1/11
#[test]
fn message_5_says_what_rule_and_flow_want() {
    for (boundary, guaranteed, expected) in [
        (false, false, None),
        (true, false, Some(BOUNDARY)),
        (false, true, Some(GUARANTEED)),
        (true, true, Some(BOTH)),
    ] {
        let rule = Rule::DISCOVER.with_boundary(boundary);
        let mut rig = rig(Role::Initiator, Some(rule), CAPABLE);
        want(&mut rig, guaranteed);
        assert_eq!(said(&send(&mut rig, 1, QUICK, None)), expected);
    }
}

/// [MS-IKEE] §3.7.4.1/10
#[test]
fn boundary_is_that_of_an_inbound_rule() {
    let rule = Rule::DISCOVER.with_boundary(true).outbound_only();
    let mut rig = rig(Role::Initiator, Some(rule), CAPABLE);
    assert_eq!(send(&mut rig, 1, QUICK, None), base());
}

/// [MS-IKEE] §3.7.4.1/11, §3.7.4.1/28
#[test]
fn a_rule_that_guarantees_encryption_asks_for_it_without_a_flow() {
    let rule = Rule::DISCOVER.with_guaranteed(true);
    let mut rig = rig(Role::Initiator, Some(rule), CAPABLE);
    assert_eq!(said(&send(&mut rig, 1, QUICK, None)), Some(GUARANTEED));
}

/// [MS-IKEE] §3.7.4.1/11
#[test]
fn one_flow_s_wish_is_not_that_of_the_next_negotiation() {
    let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), CAPABLE);
    want(&mut rig, true);
    assert_eq!(said(&send(&mut rig, 1, QUICK, None)), Some(GUARANTEED));
    assert_eq!(send(&mut rig, 1, QUICK + 1, None), base());
}

/// [MS-IKEE] §3.7.4.1/12, §3.7.5.3/11
#[test]
fn the_notification_names_the_ipsec_doi() {
    let rule = Some(Rule::DISCOVER.with_boundary(true));
    for message in [1, 2] {
        let sent = send(
            &mut rig(Role::Initiator, rule, CAPABLE),
            message,
            QUICK,
            None,
        );
        let notify = &sent[4];
        assert_eq!(notify.kind, kind::NOTIFY);
        assert_eq!(notify.body, [0, 0, 0, 1, 1, 0, 0x9c, 0x45, 0, 0, 0, 1]);
    }
}

/// [MS-IKEE] §3.7.4.1/16
#[test]
fn the_successor_of_a_child_is_for_what_its_predecessor_was_for() {
    let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), CAPABLE);
    want(&mut rig, true);
    send(&mut rig, 1, QUICK, None);
    assert!(open(&mut rig, true).guaranteed);
    let again = send(&mut rig, 1, QUICK, Some(CHILD));
    assert_eq!(said(&again), Some(GUARANTEED));
}

/// [MS-IKEE] §3.7.1/6, §3.7.5.3/1, §3.7.5.3/2, §3.7.5.3/3
#[test]
fn the_responder_s_child_has_the_flags_of_message_5() {
    for (info, boundary, guaranteed) in [
        (BOUNDARY, true, false),
        (GUARANTEED, false, true),
        (BOTH, true, true),
        (ExchangeInfo::default(), false, false),
    ] {
        let mut rig = rig(Role::Responder, Some(Rule::DISCOVER), CAPABLE);
        hear(&mut rig, 1, info);
        assert!(flags_of(boundary, guaranteed)(open(&mut rig, true)));
    }
}

/// [MS-IKEE] §3.7.5.3/1
#[test]
fn the_notification_counts_wherever_it_stands() {
    for at in 0..=4 {
        let mut rig = rig(Role::Responder, None, CAPABLE);
        let mut payloads = base();
        payloads.insert(at, BOTH.payload(Some(QUICK)));
        rig.incoming(quick(1), &payloads);
        assert!(flags_of(true, true)(open(&mut rig, true)), "{at}");
    }
}

/// [MS-IKEE] §3.7.5.3/4, §3.7.5.3/7, §3.7.5.3/8, §3.7.5.3/9, §3.7.5.3/10
#[test]
fn message_6_says_boundary_if_the_rule_has_it_and_nothing_else() {
    for (rule, expected) in [
        (None, None),
        (Some(Rule::DISCOVER), None),
        (Some(Rule::DISCOVER.with_guaranteed(true)), None),
        (Some(Rule::DISCOVER.with_boundary(true)), Some(BOUNDARY)),
        (
            Some(Rule::DISCOVER.with_boundary(true).with_guaranteed(true)),
            Some(BOUNDARY),
        ),
        (
            Some(Rule::DISCOVER.with_boundary(true).inbound_only()),
            Some(BOUNDARY),
        ),
    ] {
        let mut rig = rig(Role::Responder, rule, CAPABLE);
        hear(&mut rig, 1, GUARANTEED);
        assert_eq!(said(&send(&mut rig, 2, QUICK, None)), expected, "{rule:?}");
    }
}

/// [MS-IKEE] §3.7.5.4/1, §3.7.5.4/2
#[test]
fn the_initiator_s_child_has_the_boundary_of_message_6() {
    for (info, boundary) in [(BOUNDARY, true), (BOTH, true), (GUARANTEED, false)] {
        let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), CAPABLE);
        send(&mut rig, 1, QUICK, None);
        hear(&mut rig, 2, info);
        assert!(flags_of(boundary, false)(open(&mut rig, true)));
    }
}

/// [MS-IKEE] §3.7.5.4/3
#[test]
fn later_messages_of_quick_mode_are_left_alone() {
    for message in [3, 4] {
        let rule = Rule::DISCOVER.with_boundary(true).with_guaranteed(true);
        let mut rig = rig(Role::Initiator, Some(rule), CAPABLE);
        assert_eq!(send(&mut rig, message, QUICK, None), base());
        hear(&mut rig, message, BOTH);
        assert!(flags_of(false, false)(open(&mut rig, true)));
    }
}

/// [MS-IKEE] §3.7.1/7
#[test]
fn the_initiator_s_child_has_the_flag_if_it_was_wanted_and_encrypts() {
    for peer in [CAPABLE, &[]] {
        for (guaranteed, encrypts, expected) in [
            (true, true, true),
            (true, false, false),
            (false, true, false),
        ] {
            let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), peer);
            want(&mut rig, guaranteed);
            send(&mut rig, 1, QUICK, None);
            let flags = open(&mut rig, encrypts);
            assert_eq!((flags.guaranteed, flags.flow), (expected, Some(FLOW)));
        }
    }
}

/// [MS-IKEE] §3.7.1/2, §3.7.1/6
#[test]
fn quick_modes_side_by_side_do_not_mix() {
    let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), CAPABLE);
    want(&mut rig, true);
    send(&mut rig, 1, QUICK + 1, None);
    want(&mut rig, false);
    send(&mut rig, 1, QUICK, None);
    hear(&mut rig, 2, BOUNDARY);
    assert!(flags_of(true, false)(open(&mut rig, true)));
    let other = ChildId::new(6);
    let facts = ChildFacts::new(Rig::SA, 0, QUICK + 1);
    rig.host.children.insert(other, facts);
    rig.lifecycle(Lifecycle::ChildOpened(other));
    let extension = rig.set.get::<Discovery>().unwrap();
    assert!(flags_of(false, true)(extension.child(other)));
}

/// [MS-IKEE] §3.7.1/2
#[test]
fn what_is_kept_of_quick_modes_that_come_to_nothing_has_a_bound() {
    let mut rig = rig(Role::Initiator, Some(Rule::DISCOVER), CAPABLE);
    for id in 0..1000 {
        want(&mut rig, true);
        send(&mut rig, 1, QUICK.wrapping_sub(id), None);
    }
    assert!(!open(&mut rig, true).guaranteed, "the oldest is forgotten");
    rig.lifecycle(Lifecycle::Closed);
    assert!(rig.set.get::<Discovery>().unwrap().is_idle());
}

/// [MS-IKEE] §3.7.1/2
#[test]
fn a_child_keeps_its_flags_when_it_moves_to_another_sa() {
    let mut rig = rig(Role::Responder, Some(Rule::DISCOVER), CAPABLE);
    hear(&mut rig, 1, BOTH);
    open(&mut rig, true);
    let successor = SaId::new(2);
    rig.host
        .children
        .insert(CHILD, ChildFacts::new(successor, 0, QUICK));
    rig.lifecycle(Lifecycle::Closed);
    let flags = |rig: &Rig| rig.set.get::<Discovery>().unwrap().child(CHILD);
    assert!(flags_of(true, true)(flags(&rig)));
    rig.lifecycle(Lifecycle::ChildClosed(CHILD));
    assert!(flags_of(false, false)(flags(&rig)));
    assert!(rig.set.get::<Discovery>().unwrap().is_idle());
}

// ---------------------------------------------------------------- flows

const NOW: Duration = Duration::from_secs(1000);
const SA: Found = Found {
    boundary: false,
    udp: false,
};
const NO_SA: Matching = Matching {
    plain: None,
    guaranteed: None,
};
const PLAIN_SA: Matching = Matching {
    plain: Some(SA),
    guaranteed: None,
};
const GUARANTEED_SA: Matching = Matching {
    plain: None,
    guaranteed: Some(SA),
};

fn table() -> FlowTable {
    FlowTable::new(Limits::DEFAULT, Letter::default(), [3; 16])
}

fn small(flows: u32) -> FlowTable {
    let limits = Limits {
        flows,
        ..Limits::DEFAULT
    };
    FlowTable::new(limits, Letter::default(), [3; 16])
}

fn packet(source: [u8; 4], destination: [u8; 4], protocol: u8, detail: (u16, u16)) -> Packet {
    Packet {
        source: source.into(),
        destination: destination.into(),
        protocol,
        detail,
    }
}

/// The flow of a connection of ours from this port.
fn from_port(port: u16) -> FlowKey {
    let packet = packet([10, 0, 0, 1], [10, 0, 0, 2], 6, (port, 80));
    FlowKey::of(Direction::Outbound, &packet)
}

fn out(table: &mut FlowTable, port: u16, rule: Rule, sas: Matching) -> Verdict {
    table.outbound(NOW, &from_port(port), rule, sas)
}

fn clear_in(table: &mut FlowTable, port: u16, rule: Rule) -> bool {
    table.inbound_clear(NOW, &from_port(port), rule, false)
}

fn flags(table: &mut FlowTable, port: u16) -> FlowFlags {
    table.flags(NOW, &from_port(port)).unwrap()
}

/// A table that knows a flow from port 1, secured by a packet that came in.
fn secured() -> FlowTable {
    let mut table = table();
    table.inbound_protected(NOW, &from_port(1), false);
    table
}

/// [MS-IKEE] §3.1.1/5
#[test]
fn every_field_of_the_six_kinds_of_keys_counts() {
    let v4: [IpAddr; 3] = [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 3]].map(Into::into);
    let v6 = ["fd00::1", "fd00::2", "fd00::3"].map(|it| it.parse::<IpAddr>().unwrap());
    let mut all = Vec::new();
    for [a, b, c] in [v4, v6] {
        let icmp = if a.is_ipv4() { 1 } else { 58 };
        for protocol in [6, 17, icmp] {
            let ends = [(a, b), (a, c), (c, b)];
            let details = [(3, 4), (3, 5), (5, 4)];
            let both = ends
                .iter()
                .flat_map(|it| details.map(|detail| (*it, detail)));
            all.extend(both.map(|((source, destination), detail)| Packet {
                source,
                destination,
                protocol,
                detail,
            }));
        }
        all.extend(
            [(a, b), (a, c), (c, b)].map(|(source, destination)| Packet {
                source,
                destination,
                protocol: 47,
                detail: (0, 0),
            }),
        );
    }
    let mut table = table();
    for (at, packet) in all.iter().enumerate() {
        let key = FlowKey::of(Direction::Outbound, packet);
        assert_eq!(table.flags(NOW, &key), None, "{packet:?}");
        table.inbound_protected(NOW, &key, false);
        assert_eq!(table.len(), at + 1);
    }
    let gre = |detail| packet([10, 0, 0, 1], [10, 0, 0, 2], 47, detail);
    let key = |it: Packet| FlowKey::of(Direction::Outbound, &it);
    assert_eq!(key(gre((1, 2))), key(gre((3, 4))), "it has no ports");
}

/// [MS-IKEE] §3.1.1/5
#[test]
fn the_addresses_of_ipv4_and_ipv6_are_never_the_same() {
    let v6 = |host| IpAddr::from([10, 0, 0, host, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0_u8]);
    let long = Packet {
        source: v6(1),
        destination: v6(2),
        protocol: 6,
        detail: (1, 2),
    };
    let short = packet([10, 0, 0, 1], [10, 0, 0, 2], 6, (1, 2));
    let key = |it| FlowKey::of(Direction::Outbound, it);
    assert_ne!(key(&long), key(&short));
}

/// [MS-IKEE] §3.1.1/5
#[test]
fn both_directions_and_both_halves_of_a_ping_are_one_flow() {
    let (here, there) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    for (protocol, sent, answer) in [
        (6, (1, 2), (2, 1)),
        (17, (1, 2), (2, 1)),
        (1, (8, 0), (0, 0)),
        (1, (13, 0), (14, 0)),
        (47, (0, 0), (0, 0)),
    ] {
        let forth = packet(here, there, protocol, sent);
        let back = packet(there, here, protocol, answer);
        let forth = FlowKey::of(Direction::Outbound, &forth);
        assert_eq!(forth, FlowKey::of(Direction::Inbound, &back), "{protocol}");
    }
}

/// [MS-IKEE] §3.7.1/2, §3.7.1/3, §3.7.1/4, §3.7.1/5
#[test]
fn a_rule_exposes_its_flags() {
    let rule = Rule::DISCOVER;
    assert_eq!((rule.inbound, rule.outbound), (true, true));
    assert_eq!(
        (rule.inbound_only().outbound, rule.outbound_only().inbound),
        (false, false)
    );
    assert!(rule.with_boundary(true).takes_clear());
    assert!(!rule.with_boundary(true).outbound_only().takes_clear());
    assert!(rule.with_guaranteed(true).guaranteed);
}

/// [MS-IKEE] §3.7.1/3
#[test]
fn only_the_directions_of_a_rule_are_discovered() {
    let inbound = Rule::DISCOVER.with_boundary(true).inbound_only();
    assert_eq!(out(&mut table(), 1, inbound, NO_SA).way, Way::Hold);
    assert!(clear_in(&mut table(), 1, inbound));
    let outbound = Rule::DISCOVER.with_boundary(true).outbound_only();
    assert_eq!(out(&mut table(), 1, outbound, NO_SA).way, Way::Clear);
    assert!(!clear_in(&mut table(), 1, outbound));
}

/// [MS-IKEE] §3.7/1, §3.7.4.1/5, §3.7.4.1/6, §3.7.1/11
#[test]
fn a_thousand_packets_without_an_answer_stay_in_clear_and_ask_once() {
    let mut table = table();
    let verdicts = (0..1000).map(|_| out(&mut table, 1, Rule::DISCOVER, NO_SA));
    let verdicts: Vec<_> = verdicts.collect();
    assert!(verdicts.iter().all(|it| it.way == Way::Clear));
    let asked = verdicts.iter().filter(|it| it.negotiate.is_some());
    assert_eq!(asked.count(), 1);
    assert!(clear_in(&mut table, 1, Rule::DISCOVER));
    assert_eq!(table.counters().clear, 1000);
    assert_eq!(table.counters().negotiations, 1);
}

/// [MS-IKEE] §3.7.1/11
#[test]
fn after_the_hold_off_a_flow_asks_again() {
    let mut table = table();
    let asked = |table: &mut FlowTable, after: u64| {
        let now = NOW + Duration::from_secs(after);
        let verdict = table.outbound(now, &from_port(1), Rule::DISCOVER, NO_SA);
        verdict.negotiate.is_some()
    };
    let all = [0, 1, 29, 30, 31, 59, 60].map(|at| asked(&mut table, at));
    assert_eq!(all, [true, false, false, true, false, false, true]);
}

/// [MS-IKEE] §3.7.1/8
#[test]
fn one_protected_packet_of_either_direction_secures_a_flow_for_good() {
    let mut table = secured();
    assert!(flags(&mut table, 1).secure);
    out(&mut table, 2, Rule::DISCOVER, PLAIN_SA);
    for _ in 0..3 {
        for port in [1, 2] {
            out(&mut table, port, Rule::DISCOVER, NO_SA);
            clear_in(&mut table, port, Rule::DISCOVER);
            assert!(flags(&mut table, port).secure);
        }
    }
}

/// [MS-IKEE] §3.7.1/9, §3.7.1/5, §3.7.4.1/27, §3.7.4.1/28
#[test]
fn a_rule_that_guarantees_encryption_marks_the_flow_with_and_without_an_sa() {
    for sas in [NO_SA, PLAIN_SA, GUARANTEED_SA] {
        for rule in [Rule::DISCOVER, Rule::default()] {
            let mut table = table();
            out(&mut table, 1, rule.with_guaranteed(true), sas);
            assert!(flags(&mut table, 1).guaranteed);
        }
    }
}

/// [MS-IKEE] §3.7.1/10, §3.7.4.1/13
#[test]
fn a_trigger_sets_the_acquire_flag() {
    let mut table = table();
    out(&mut table, 1, Rule::DISCOVER, NO_SA);
    assert!(flags(&mut table, 1).acquire);
    assert!(clear_in(&mut table, 2, Rule::DISCOVER.with_boundary(true)));
    assert!(!flags(&mut table, 2).acquire);
}

/// [MS-IKEE] §3.7.4.1/1, §3.7.4.1/2, §3.7.4.1/22
#[test]
fn every_packet_has_one_disposition() {
    for secure in [false, true] {
        let mut table = if secure { secured() } else { table() };
        let way = out(&mut table, 1, Rule::DISCOVER, NO_SA).way;
        assert_eq!(way, if secure { Way::Hold } else { Way::Clear });
        let way = out(&mut table, 1, Rule::DISCOVER, PLAIN_SA).way;
        assert_eq!(way, Way::Protect);
    }
}

/// [MS-IKEE] §3.7.4.1/3, §3.7.4.1/4
#[test]
fn the_first_packet_goes_out_at_once_and_ike_begins() {
    let verdict = out(&mut table(), 1, Rule::DISCOVER, NO_SA);
    assert_eq!((verdict.way, verdict.guaranteed), (Way::Clear, false));
    assert!(verdict.negotiate.is_some());
}

/// [MS-IKEE] §3.7.4.1/14, §3.7.4.1/15
#[test]
fn a_secured_flow_without_an_sa_waits_and_ike_begins_once() {
    let mut table = secured();
    let first = out(&mut table, 1, Rule::DISCOVER, NO_SA);
    assert_eq!(first.way, Way::Hold);
    assert!(first.negotiate.is_some());
    let second = out(&mut table, 1, Rule::DISCOVER, NO_SA);
    assert_eq!((second.way, second.negotiate), (Way::Hold, None));
}

/// [MS-IKEE] §3.7.4.1/15
#[test]
fn a_flow_asks_again_at_once_when_an_sa_that_it_got_goes() {
    let mut table = table();
    let first = out(&mut table, 1, Rule::DISCOVER, NO_SA).negotiate;
    out(&mut table, 1, Rule::DISCOVER, PLAIN_SA);
    assert_eq!(out(&mut table, 1, Rule::DISCOVER, NO_SA).negotiate, first);
    assert_eq!(out(&mut table, 1, Rule::DISCOVER, NO_SA).negotiate, None);
    table.answered(first.unwrap());
    assert!(!flags(&mut table, 1).acquire);
}

/// [MS-IKEE] §3.7.4.1/17
#[test]
fn a_trigger_names_the_flow_and_leaves_the_choice_of_the_exchange_to_the_core() {
    let mut table = table();
    let one = out(&mut table, 1, Rule::DISCOVER, NO_SA).negotiate;
    let two = out(&mut table, 2, Rule::DISCOVER, NO_SA).negotiate;
    assert!(one.is_some() && two.is_some() && one != two);
}

/// [MS-IKEE] §3.7.4.1/20, §3.7.4.1/24, §3.7.4.1/25
#[test]
fn with_an_sa_packets_are_protected_and_the_flow_is_secured() {
    let mut table = table();
    assert_eq!(out(&mut table, 1, Rule::DISCOVER, NO_SA).way, Way::Clear);
    let verdict = out(&mut table, 1, Rule::DISCOVER, PLAIN_SA);
    assert_eq!((verdict.way, verdict.negotiate), (Way::Protect, None));
    assert!(flags(&mut table, 1).secure);
}

/// [MS-IKEE] §3.7.4.1/21
#[test]
fn a_flow_that_must_be_encrypted_waits_for_an_sa_of_its_own() {
    let rule = Rule::DISCOVER.with_guaranteed(true);
    let mut table = table();
    let verdict = out(&mut table, 1, rule, PLAIN_SA);
    assert_eq!((verdict.way, verdict.guaranteed), (Way::Hold, true));
    assert!(verdict.negotiate.is_some());
    let verdict = out(&mut table, 1, rule, GUARANTEED_SA);
    assert_eq!((verdict.way, verdict.guaranteed), (Way::Protect, true));
}

/// [MS-IKEE] §3.7.4.1/21
#[test]
fn by_the_letter_a_flow_that_must_be_encrypted_begins_in_clear() {
    let mut letter = Letter::default();
    letter.guaranteed = true;
    let mut table = FlowTable::new(Limits::DEFAULT, letter, [3; 16]);
    let rule = Rule::DISCOVER.with_guaranteed(true);
    assert_eq!(out(&mut table, 1, rule, PLAIN_SA).way, Way::Clear);
    table.inbound_protected(NOW, &from_port(1), false);
    assert_eq!(out(&mut table, 1, rule, PLAIN_SA).way, Way::Hold);
}

/// [MS-IKEE] §3.7.4.1/21
#[test]
fn an_ordinary_flow_does_not_take_the_sa_of_others() {
    let verdict = out(&mut table(), 1, Rule::DISCOVER, GUARANTEED_SA);
    assert_eq!((verdict.way, verdict.guaranteed), (Way::Clear, false));
    assert!(verdict.negotiate.is_some());
}

/// [MS-IKEE] §3.7.4.1/23
#[test]
fn through_udp_to_a_boundary_peer_packets_go_in_clear_until_the_flow_is_secured() {
    let sa = |boundary, udp| Matching {
        plain: Some(Found { boundary, udp }),
        guaranteed: None,
    };
    for (boundary, udp) in [(false, false), (true, false), (false, true)] {
        let verdict = out(&mut table(), 1, Rule::DISCOVER, sa(boundary, udp));
        assert_eq!(verdict.way, Way::Protect);
    }
    let mut table = table();
    let verdict = out(&mut table, 1, Rule::DISCOVER, sa(true, true));
    assert_eq!((verdict.way, verdict.negotiate), (Way::Clear, None));
    assert!(!flags(&mut table, 1).secure);
    table.inbound_protected(NOW, &from_port(1), false);
    let verdict = out(&mut table, 1, Rule::DISCOVER, sa(true, true));
    assert_eq!(verdict.way, Way::Protect);
    let ordinary = out(&mut table, 2, Rule::default(), sa(true, true));
    assert_eq!(ordinary.way, Way::Protect);
    let encrypted = Matching {
        plain: None,
        guaranteed: sa(true, true).plain,
    };
    let rule = Rule::DISCOVER.with_guaranteed(true);
    assert_eq!(out(&mut table, 3, rule, encrypted).way, Way::Protect);
}

/// [MS-IKEE] §3.7.4.1/26
#[test]
fn under_an_ordinary_rule_nothing_is_in_clear() {
    let rule = Rule::default();
    let mut table = table();
    let verdict = out(&mut table, 1, rule, NO_SA);
    assert_eq!(verdict.way, Way::Hold);
    assert!(verdict.negotiate.is_some());
    assert!(!clear_in(&mut table, 1, rule), "the flow is known by now");
    assert!(!clear_in(&mut table, 2, rule));
    assert_eq!(out(&mut table, 1, rule, PLAIN_SA).way, Way::Protect);
}

/// [MS-IKEE] §3.7.4.2/1, §3.7.4.2/2
#[test]
fn a_first_packet_in_clear_is_let_in_where_a_rule_has_boundary() {
    let rule = Rule::DISCOVER.with_boundary(true);
    assert!(clear_in(&mut table(), 1, rule));
    assert!(clear_in(&mut table(), 1, rule.inbound_only()));
}

/// [MS-IKEE] §3.7.4.2/2
#[test]
fn by_the_letter_every_inbound_rule_lets_a_first_packet_in() {
    let mut letter = Letter::default();
    letter.boundary = true;
    let mut table = FlowTable::new(Limits::DEFAULT, letter, [3; 16]);
    assert!(clear_in(&mut table, 1, Rule::DISCOVER));
    assert!(!clear_in(&mut table, 2, Rule::DISCOVER.outbound_only()));
    assert!(!clear_in(&mut table, 3, Rule::default()));
}

/// [MS-IKEE] §3.7.4.2/3
#[test]
fn other_first_packets_are_refused_however_often_they_come() {
    let mut table = table();
    for rule in [
        Rule::DISCOVER,
        Rule::DISCOVER.outbound_only(),
        Rule::default(),
    ] {
        for _ in 0..3 {
            assert!(!clear_in(&mut table, 1, rule));
        }
    }
    assert!(table.is_empty(), "what is refused leaves no trace");
    assert_eq!(table.counters().refused, 9);
}

/// [MS-IKEE] §3.7.4.2/4
#[test]
fn answers_to_a_flow_in_clear_are_let_in() {
    let mut table = table();
    out(&mut table, 1, Rule::DISCOVER, NO_SA);
    assert!(clear_in(&mut table, 1, Rule::DISCOVER));
    assert!(!clear_in(&mut table, 2, Rule::DISCOVER));
}

/// [MS-IKEE] §3.7.4.2/5, §3.7.4.2/6
#[test]
fn once_secured_a_flow_takes_nothing_in_clear() {
    let rule = Rule::DISCOVER.with_boundary(true);
    let mut table = table();
    assert!(clear_in(&mut table, 1, rule));
    table.inbound_protected(NOW, &from_port(1), false);
    assert!(!clear_in(&mut table, 1, rule));
    assert!(flags(&mut table, 1).secure);
}

/// [MS-IKEE] §3.7.4.2/7
#[test]
fn the_sa_of_an_inbound_packet_marks_the_flow() {
    let mut table = table();
    table.inbound_protected(NOW, &from_port(1), true);
    let rule = Rule::DISCOVER.with_boundary(true);
    assert!(table.inbound_clear(NOW, &from_port(2), rule, true));
    for port in [1, 2] {
        let verdict = out(&mut table, port, Rule::DISCOVER, PLAIN_SA);
        assert_eq!((verdict.way, verdict.guaranteed), (Way::Hold, true));
    }
}

/// [MS-IKEE] §3.7.4.2/7
#[test]
fn a_refused_packet_marks_nothing() {
    let mut table = secured();
    assert!(!table.inbound_clear(NOW, &from_port(1), Rule::DISCOVER, true));
    assert!(!flags(&mut table, 1).guaranteed);
}

// ---------------------------------------------------------------- bounds

/// [MS-IKEE] §3.7.1/8
#[test]
fn a_full_table_gives_up_flows_in_clear_but_never_a_secured_one() {
    let mut table = small(100);
    let octets = table.octets();
    for port in 0..50 {
        table.inbound_protected(NOW, &from_port(port), false);
    }
    for port in 1000..20_000 {
        assert_eq!(out(&mut table, port, Rule::DISCOVER, NO_SA).way, Way::Clear);
    }
    assert_eq!((table.len(), table.octets()), (100, octets));
    for port in 0..50 {
        assert_eq!(out(&mut table, port, Rule::DISCOVER, NO_SA).way, Way::Hold);
    }
    assert_eq!(table.flags(NOW, &from_port(1000)), None, "the oldest went");
    assert!(table.flags(NOW, &from_port(19_999)).is_some());
}

/// [MS-IKEE] §3.7.1/8
#[test]
fn when_all_flows_are_secured_new_ones_wait() {
    let mut table = small(10);
    for port in 0..10 {
        table.inbound_protected(NOW, &from_port(port), false);
    }
    let verdict = out(&mut table, 10, Rule::DISCOVER, NO_SA);
    assert_eq!((verdict.way, verdict.negotiate), (Way::Hold, None));
    assert!(!clear_in(
        &mut table,
        11,
        Rule::DISCOVER.with_boundary(true)
    ));
    assert_eq!((table.len(), table.counters().full), (10, 2));
}

/// [MS-IKEE] §3.7.1/8
#[test]
fn a_silent_flow_is_forgotten_in_time_and_one_in_use_is_not() {
    let mut table = table();
    let hours = |it: u64| NOW + Duration::from_secs(it * 3600);
    table.inbound_protected(NOW, &from_port(1), false);
    out(&mut table, 2, Rule::DISCOVER, NO_SA);
    for hour in 0..4 {
        table.outbound(hours(hour), &from_port(3), Rule::DISCOVER, NO_SA);
    }
    assert_eq!(table.flags(hours(3), &from_port(2)), None);
    assert!(table.flags(hours(3), &from_port(3)).is_some());
    assert!(table.flags(hours(3), &from_port(1)).is_some());
    assert_eq!(table.flags(hours(3 + 24), &from_port(1)), None);
    assert_eq!(table.len(), 1);
}

/// [MS-IKEE] §3.7.1/2
#[test]
fn the_table_agrees_with_a_plain_model_over_many_steps() {
    let mut table = small(64);
    let mut model = std::collections::HashMap::new();
    let mut order: Vec<u16> = Vec::new();
    let mut state = 1_u32;
    for step in 0..50_000_u64 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let port = u16::try_from(state >> 16).unwrap() % 200;
        let now = Duration::from_secs(step);
        let protect = (state >> 8) & 63 == 0 && port < 20;
        if protect {
            table.inbound_protected(now, &from_port(port), false);
        } else {
            let verdict = table.outbound(now, &from_port(port), Rule::DISCOVER, NO_SA);
            let secure = model.get(&port) == Some(&true);
            assert_eq!(verdict.way == Way::Hold, secure, "step {step}, port {port}");
        }
        let secure = model.entry(port).or_insert(false);
        *secure |= protect;
        order.retain(|it| *it != port);
        order.push(port);
        if model.len() > 64 {
            let at = order.iter().position(|it| !model[it]).unwrap();
            model.remove(&order.remove(at));
        }
        assert_eq!(table.len(), model.len(), "step {step}");
    }
    assert!(model.values().filter(|it| **it).count() > 10);
}

// ---------------------------------------------------------------- both examples

/// [MS-IKEE] §4.1: the first example, boundary on the responder.
#[test]
fn a_connection_begins_in_clear_and_moves_to_ipsec() {
    let (mut a, mut b) = (table(), table());
    let rule_b = Rule::DISCOVER.with_boundary(true);
    assert_eq!(out(&mut a, 1, Rule::DISCOVER, NO_SA).way, Way::Clear);
    assert!(clear_in(&mut b, 1, rule_b));
    assert_eq!(out(&mut b, 1, rule_b, NO_SA).way, Way::Clear);
    assert!(clear_in(&mut a, 1, Rule::DISCOVER));
    // IKE is done
    assert_eq!(out(&mut a, 1, Rule::DISCOVER, PLAIN_SA).way, Way::Protect);
    b.inbound_protected(NOW, &from_port(1), false);
    assert_eq!(out(&mut b, 1, rule_b, PLAIN_SA).way, Way::Protect);
    a.inbound_protected(NOW, &from_port(1), false);
    assert!(!clear_in(&mut a, 1, Rule::DISCOVER));
    assert!(!clear_in(&mut b, 1, rule_b));
}

/// [MS-IKEE] §4.1: the second example, no boundary on the responder.
#[test]
fn a_connection_begins_when_it_is_protected() {
    let (mut a, mut b) = (table(), table());
    assert_eq!(out(&mut a, 1, Rule::DISCOVER, NO_SA).way, Way::Clear);
    assert!(!clear_in(&mut b, 1, Rule::DISCOVER));
    // IKE is done; TCP sends its first segment again
    assert_eq!(out(&mut a, 1, Rule::DISCOVER, PLAIN_SA).way, Way::Protect);
    b.inbound_protected(NOW, &from_port(1), false);
    assert_eq!(out(&mut b, 1, Rule::DISCOVER, PLAIN_SA).way, Way::Protect);
}

// ---------------------------------------------------------------- every extension

fn stock() -> Stock<Discovery> {
    let with = |payload: OwnedPayload| {
        let mut payloads = base();
        payloads.push(payload);
        payloads
    };
    let announced = OwnedPayload::new(kind::VENDOR_ID, vendor_id::NEGOTIATION_DISCOVERY);
    Stock {
        on: || Discovery::new().with_rule(POLICY, 0, Rule::DISCOVER.with_boundary(true)),
        off: Discovery::off,
        idle: Discovery::is_idle,
        version: Version::V1,
        peer: vec![
            (Stage::main_mode(1), with(announced.clone())),
            (Stage::main_mode(2), with(announced)),
            (quick(1), with(BOTH.payload(Some(QUICK)))),
            (quick(2), with(BOUNDARY.payload(None))),
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
