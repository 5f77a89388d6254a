//! [MS-IKEE] §2.1, §2.2.1, §2.2.2, §3.1.5, §3.2: one test for each requirement, by its number in the ledger.
//!
//! The hashes of this file are those of the kit; `capture.rs` has real ones, and the scenarios of the workspace two real
//! endpoints with a translator between them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Lifecycle, PolicyId, Role, SaFacts, SaId, Stage, Verdict};
use ikee_nat_t::{NatT, Revisions, hash};
use ipsec_doi::encapsulation::{Encapsulation, Mode, NatRevision};
use isakmp_wire::v1::{
    EncapsulationMode, NatOriginalAddress, Phase2Attribute, ProtocolId, SaBuilder, kind,
};
use isakmp_wire::{Attribute, ExchangeType, OwnedPayload, PayloadType, Spi, Version, vendor_id};

const DRAFT: &[u8] = &vendor_id::NAT_T_DRAFT_02;
const RFC: &[u8] = &vendor_id::NAT_T_RFC_3947;
const SETS: [Revisions; 4] = [
    Revisions::NONE,
    Revisions::DRAFT,
    Revisions::RFC_3947,
    Revisions::BOTH,
];

fn rig(extension: NatT, role: Role) -> Rig {
    Rig::of(Version::V1, extension, role)
}

fn end(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], port))
}

/// The kit's hash over one end.
fn hashed(rig: &Rig, end: SocketAddr) -> Vec<u8> {
    use ike_ext::Host as _;
    let facts = rig.host.facts(Rig::SA).unwrap();
    let digest = |parts: &[&[u8]], out: &mut [u8]| {
        let function = facts.hash.unwrap();
        rig.host.digest(function, parts, out)
    };
    hash(digest, facts.spis, end)
}

fn vendor_ids(payloads: &[OwnedPayload]) -> Vec<&[u8]> {
    let all = payloads.iter().filter(|it| it.kind == kind::VENDOR_ID);
    all.map(|it| it.body.as_slice()).collect()
}

fn announce(revisions: Revisions) -> Vec<OwnedPayload> {
    let ids = revisions.vendor_ids();
    ids.map(|id| OwnedPayload::new(kind::VENDOR_ID, id))
        .collect()
}

fn kinds(payloads: &[OwnedPayload]) -> Vec<PayloadType> {
    payloads.iter().map(|it| it.kind).collect()
}

fn revision(rig: &Rig) -> Option<NatRevision> {
    rig.set.get::<NatT>().unwrap().revision(Rig::SA)
}

/// Lets the peer announce what it has; its message is 1 or 2, as the roles are.
fn meet(rig: &mut Rig, role: Role, theirs: Revisions) {
    let number = if role == Role::Initiator { 2 } else { 1 };
    if role == Role::Initiator {
        rig.outgoing(Stage::main_mode(1), Vec::new());
    }
    let verdict = rig.incoming(Stage::main_mode(number), &announce(theirs));
    assert_eq!(verdict, Verdict::Continue);
}

/// The peer's NAT-D payloads, over the ends that it sees.
fn nat_d(rig: &Rig, kind: PayloadType, ours: SocketAddr, theirs: SocketAddr) -> Vec<OwnedPayload> {
    [ours, theirs]
        .map(|it| OwnedPayload::new(kind, hashed(rig, it)))
        .to_vec()
}

/// An initiator that has met a peer of both revisions, and hears that `ours` and `theirs` are the ends.
fn met(extension: NatT, ours: SocketAddr, theirs: SocketAddr) -> Rig {
    let mut rig = rig(extension, Role::Initiator);
    meet(&mut rig, Role::Initiator, Revisions::BOTH);
    rig.outgoing(Stage::main_mode(3), Vec::new());
    let message = nat_d(&rig, kind::NAT_D, ours, theirs);
    rig.incoming(Stage::main_mode(4), &message);
    rig
}

/// One that has a translator in front of it.
fn behind(extension: NatT) -> Rig {
    met(extension, end(99, 1024), end(2, 500))
}

fn quick(mode: Mode, udp: Option<NatRevision>) -> OwnedPayload {
    let mut body = Vec::new();
    let value = Encapsulation { mode, udp }.to_v1().get();
    let class = Phase2Attribute::ENCAPSULATION_MODE.get();
    SaBuilder::new(&mut body)
        .proposal(1, ProtocolId::ESP, &[0, 0, 1, 1])
        .transform(1, 12)
        .attribute(Attribute::short(class, value))
        .finish();
    OwnedPayload::new(kind::SA, body)
}

fn floats(rig: &Rig) -> bool {
    rig.actions.contains(&Action::FloatPorts(Rig::SA))
}

/// [MS-IKEE] §2.1 (2.1/2): port 4500 once a translator is found, and 500 where there is none.
#[test]
fn an_initiator_floats_on_message_4_if_there_is_a_translator() {
    assert!(floats(&behind(NatT::new())));
    assert!(floats(&met(NatT::new(), end(1, 500), end(99, 500))));
    assert!(!floats(&met(NatT::new(), end(1, 500), end(2, 500))));
}

/// [MS-IKEE] §2.1 (2.1/2): the responder follows, as it answers where the message came from.
#[test]
fn a_responder_does_not_float_by_itself() {
    let mut rig = rig(NatT::new(), Role::Responder);
    meet(&mut rig, Role::Responder, Revisions::BOTH);
    let message = nat_d(&rig, kind::NAT_D, end(99, 500), end(2, 500));
    rig.incoming(Stage::main_mode(3), &message);
    assert_eq!(rig.actions, []);
    assert!(rig.set.get::<NatT>().unwrap().nat(Rig::SA).unwrap().here);
}

/// [MS-IKEE] §2.2.1 (2.2.1/1)
#[test]
fn nat_d_is_130_in_the_draft_and_20_in_the_rfc() {
    for (theirs, wanted) in [(Revisions::DRAFT, 130), (Revisions::RFC_3947, 20)] {
        let mut rig = rig(NatT::new(), Role::Initiator);
        meet(&mut rig, Role::Initiator, theirs);
        let sent = rig.outgoing(Stage::main_mode(3), Vec::new());
        let kinds: Vec<u8> = sent.iter().map(|it| it.kind.get()).collect();
        assert_eq!(kinds, [wanted, wanted]);
        // the peer's end first, then ours
        assert_eq!(sent[0].body, hashed(&rig, end(2, 500)));
        assert_eq!(sent[1].body, hashed(&rig, end(1, 500)));
    }
}

/// [MS-IKEE] §2.2.1 (2.2.1/2)
#[test]
fn nat_oa_is_131_in_the_draft_and_21_in_the_rfc() {
    let both = [
        (NatRevision::Draft, Revisions::DRAFT, 130, 131),
        (NatRevision::Rfc3947, Revisions::RFC_3947, 20, 21),
    ];
    for (revision, theirs, detection, original) in both {
        let mut rig = rig(NatT::new(), Role::Initiator);
        meet(&mut rig, Role::Initiator, theirs);
        let message = nat_d(&rig, PayloadType::new(detection), end(99, 1), end(2, 500));
        rig.incoming(Stage::main_mode(4), &message);
        let stage = Stage::new(ExchangeType::QUICK_MODE, 1);
        let sent = rig.outgoing(stage, vec![quick(Mode::Transport, Some(revision))]);
        let kinds: Vec<u8> = sent.iter().skip(1).map(|it| it.kind.get()).collect();
        assert_eq!(kinds, [original, original]);
    }
}

/// [MS-IKEE] §2.2.2 (2.2.2/1, 2.2.2/2): the policy tells the core which numbers count, and what they are.
#[test]
fn encapsulation_modes_are_those_of_the_revision() {
    let all = [
        (NatRevision::Draft, Mode::Tunnel, 0xf003),
        (NatRevision::Draft, Mode::Transport, 0xf004),
        (NatRevision::Rfc3947, Mode::Tunnel, 3),
        (NatRevision::Rfc3947, Mode::Transport, 4),
    ];
    for (revision, mode, number) in all {
        let udp = Some(revision);
        assert_eq!(
            Encapsulation { mode, udp }.to_v1(),
            EncapsulationMode::new(number)
        );
    }
    let rig = behind(NatT::new());
    assert_eq!(rig.set.encapsulation(Rig::SA), Some(NatRevision::Rfc3947));
    let rig = met(NatT::new(), end(1, 500), end(2, 500));
    assert_eq!(rig.set.encapsulation(Rig::SA), None);
}

/// [MS-IKEE] §3.1.5 (3.1.5/13): RFC 3947 §3.2 allows several hashes of the sender's own ends.
#[test]
fn any_hash_of_the_peers_ends_may_match() {
    let mut rig = rig(NatT::new(), Role::Initiator);
    meet(&mut rig, Role::Initiator, Revisions::BOTH);
    let mut message = nat_d(&rig, kind::NAT_D, end(1, 500), end(77, 500));
    message.push(OwnedPayload::new(kind::NAT_D, hashed(&rig, end(2, 500))));
    rig.incoming(Stage::main_mode(4), &message);
    assert!(!rig.set.get::<NatT>().unwrap().nat(Rig::SA).unwrap().any());
    assert!(!floats(&rig));
}

/// [MS-IKEE] §3.1.5 (3.1.5/13): with a single NAT-D payload nothing can be told (RFC 3947 §3.2).
#[test]
fn a_single_nat_d_payload_says_nothing() {
    let mut rig = rig(NatT::new(), Role::Initiator);
    meet(&mut rig, Role::Initiator, Revisions::BOTH);
    rig.incoming(
        Stage::main_mode(4),
        &[OwnedPayload::new(kind::NAT_D, [9; 20])],
    );
    assert_eq!(rig.set.get::<NatT>().unwrap().nat(Rig::SA), None);
    assert!(!floats(&rig));
}

/// [MS-IKEE] §3.1.5 (3.1.5/13): aggressive mode (RFC 3947 §3.1, §3.2).
#[test]
fn aggressive_mode_announces_in_1_and_2_and_reveals_in_2_and_3() {
    let stage = |number| Stage::new(ExchangeType::AGGRESSIVE, number);
    let mut initiator = rig(NatT::new(), Role::Initiator);
    let first = initiator.outgoing(stage(1), Vec::new());
    assert_eq!(vendor_ids(&first), [RFC, DRAFT]);
    let mut responder = rig(NatT::new(), Role::Responder);
    responder.incoming(stage(1), &first);
    let second = responder.outgoing(stage(2), Vec::new());
    assert_eq!(kinds(&second)[2..], [kind::NAT_D, kind::NAT_D]);
    let mut message = announce(Revisions::BOTH);
    message.extend(nat_d(&initiator, kind::NAT_D, end(99, 9), end(2, 500)));
    initiator.incoming(stage(2), &message);
    assert!(floats(&initiator));
    let third = initiator.outgoing(stage(3), Vec::new());
    assert_eq!(kinds(&third), [kind::NAT_D, kind::NAT_D]);
    // the responder is met on the new port before it has moved there
    let message = nat_d(&responder, kind::NAT_D, end(1, 4500), end(2, 500));
    responder.incoming(stage(3), &message);
    assert!(
        !responder
            .set
            .get::<NatT>()
            .unwrap()
            .nat(Rig::SA)
            .unwrap()
            .any()
    );
}

/// [MS-IKEE] §3.1.5 (3.1.5/14)
#[test]
fn original_addresses_go_out_behind_a_translator_only() {
    let sent = |rig: &mut Rig, number| {
        let sa = quick(Mode::Transport, Some(NatRevision::Rfc3947));
        let sent = rig.outgoing(Stage::new(ExchangeType::QUICK_MODE, number), vec![sa]);
        let all = sent.iter().filter(|it| it.kind == kind::NAT_OA);
        all.map(|it| NatOriginalAddress::parse(it.as_raw()).unwrap().address)
            .collect::<Vec<_>>()
    };
    let nothing: [IpAddr; 0] = [];
    let mut here = behind(NatT::new());
    assert_eq!(sent(&mut here, 1), [end(1, 0).ip(), end(2, 0).ip()]);
    assert_eq!(sent(&mut here, 2), [end(2, 0).ip(), end(1, 0).ip()]);
    assert_eq!(sent(&mut here, 3), nothing);
    let mut there = met(NatT::new(), end(1, 500), end(99, 500));
    assert_eq!(sent(&mut there, 1), nothing);
    // RFC 3947 §5.2: not in tunnel mode
    let stage = Stage::new(ExchangeType::QUICK_MODE, 1);
    let tunnel = vec![quick(Mode::Tunnel, Some(NatRevision::Rfc3947))];
    assert_eq!(here.outgoing(stage, tunnel.clone()), tunnel);
}

/// [MS-IKEE] §3.2 (3.2/1): run in both revisions, an exchange differs in the numbers only.
#[test]
fn the_revisions_differ_in_numbers_only() {
    let run = |revisions: Revisions, detection| {
        let mut rig = rig(NatT::new().with_revisions(revisions), Role::Initiator);
        meet(&mut rig, Role::Initiator, revisions);
        let sent = rig.outgoing(Stage::main_mode(3), Vec::new());
        let message = nat_d(&rig, detection, end(99, 9), end(2, 500));
        rig.incoming(Stage::main_mode(4), &message);
        let bodies: Vec<_> = sent.into_iter().map(|it| it.body).collect();
        (
            bodies,
            rig.actions.clone(),
            rig.set.get::<NatT>().unwrap().nat(Rig::SA),
        )
    };
    let draft = run(Revisions::DRAFT, kind::NAT_D_DRAFT);
    assert_eq!(draft, run(Revisions::RFC_3947, kind::NAT_D));
    assert!(!draft.1.is_empty());
}

/// [MS-IKEE] §3.2.1 (3.2.1/1)
#[test]
fn each_sa_has_a_revision_of_its_own() {
    let mut rig = rig(NatT::new(), Role::Responder);
    let other = SaId::new(7);
    let facts = SaFacts::new(Role::Responder, Version::V1, end(1, 500), end(3, 500))
        .with_spis((Spi::new([3; 8]), Spi::new([4; 8])));
    rig.host.sas.insert(other, (facts, Vec::new()));
    meet(&mut rig, Role::Responder, Revisions::DRAFT);
    assert_eq!(revision(&rig), Some(NatRevision::Draft));
    assert_eq!(rig.set.get::<NatT>().unwrap().revision(other), None);
}

/// [MS-IKEE] §3.2.2 (3.2.2/1), note 14 (note 14/1): at 20, 40 and 60 s.
#[test]
fn keep_alives_go_every_20_seconds_from_behind_a_translator() {
    let keepalive = Action::Raw(Rig::SA, vec![0xff]);
    let mut rig = behind(NatT::new());
    rig.lifecycle(Lifecycle::Established);
    rig.actions.clear();
    for _ in 0..3 {
        rig.advance(Duration::from_millis(19_999));
        assert_eq!(rig.actions, []);
        rig.advance(Duration::from_millis(1));
        assert_eq!(rig.actions, std::slice::from_ref(&keepalive));
        rig.actions.clear();
    }
    rig.lifecycle(Lifecycle::Closed);
    rig.advance(Duration::from_secs(60));
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] §3.2.2 (3.2.2/1): RFC 3948 §4, "if no other packet to the peer has been sent".
#[test]
fn whatever_is_sent_puts_a_keep_alive_off() {
    let mut rig = behind(NatT::new());
    rig.lifecycle(Lifecycle::Established);
    rig.actions.clear();
    rig.advance(Duration::from_secs(15));
    rig.outgoing(Stage::new(ExchangeType::V1_INFORMATIONAL, 1), Vec::new());
    rig.advance(Duration::from_secs(19));
    assert_eq!(rig.actions, []);
    rig.advance(Duration::from_secs(1));
    assert_eq!(rig.actions.len(), 1);
}

/// [MS-IKEE] §3.2.2 (3.2.2/1): RFC 3948 §4, the side in front of the translator has nothing to keep.
#[test]
fn the_side_without_a_translator_sends_no_keep_alives() {
    let mut rig = met(NatT::new(), end(1, 500), end(99, 500));
    rig.lifecycle(Lifecycle::Established);
    rig.actions.clear();
    rig.advance(Duration::from_secs(100));
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] §3.2.4.1 (3.2.4.1/1 to 3.2.4.1/4)
#[test]
fn message_1_announces_what_is_supported() {
    let all: [&[&[u8]]; 4] = [&[], &[DRAFT], &[RFC], &[RFC, DRAFT]];
    for (revisions, wanted) in SETS.into_iter().zip(all) {
        let mut rig = rig(NatT::new().with_revisions(revisions), Role::Initiator);
        let sent = rig.outgoing(Stage::main_mode(1), Vec::new());
        assert_eq!(vendor_ids(&sent), wanted);
        assert_eq!(rig.outgoing(Stage::main_mode(5), Vec::new()), []);
    }
}

/// [MS-IKEE] §3.2.5.1 (3.2.5.1/1, 3.2.5.1/2)
#[test]
fn the_responder_finds_vendor_ids_anywhere_in_message_1() {
    let mut rig = rig(NatT::new(), Role::Responder);
    let mut message = vec![OwnedPayload::new(kind::SA, [0; 8])];
    message.push(OwnedPayload::new(kind::VENDOR_ID, *b"someone else"));
    message.extend(announce(Revisions::DRAFT));
    message.push(OwnedPayload::new(kind::VENDOR_ID, *b"another"));
    rig.incoming(Stage::main_mode(1), &message);
    assert_eq!(revision(&rig), Some(NatRevision::Draft));
    rig.incoming(Stage::main_mode(1), &message[..2]);
    assert_eq!(revision(&rig), None);
}

/// [MS-IKEE] §3.2.5.1 (3.2.5.1/3 to 3.2.5.1/5), [MS-IKEE] §3.2.5.2 (3.2.5.2/1): both ends of every pair select the same.
#[test]
fn both_ends_select_the_newest_common_revision() {
    for (i, ours) in SETS.into_iter().enumerate() {
        for (r, theirs) in SETS.into_iter().enumerate() {
            let wanted = match i & r {
                2.. => Some(NatRevision::Rfc3947),
                1 => Some(NatRevision::Draft),
                _ => None,
            };
            let mut initiator = rig(NatT::new().with_revisions(ours), Role::Initiator);
            let mut responder = rig(NatT::new().with_revisions(theirs), Role::Responder);
            let first = initiator.outgoing(Stage::main_mode(1), Vec::new());
            responder.incoming(Stage::main_mode(1), &first);
            let second = responder.outgoing(Stage::main_mode(2), Vec::new());
            initiator.incoming(Stage::main_mode(2), &second);
            assert_eq!(revision(&initiator), wanted);
            assert_eq!(revision(&responder), wanted);
            // nothing in common: main mode goes on without NAT-D
            let third = initiator.outgoing(Stage::main_mode(3), Vec::new());
            assert_eq!(third.is_empty(), wanted.is_none());
        }
    }
}

/// [MS-IKEE] §3.2.5.1 (3.2.5.1/6)
#[test]
fn message_2_announces_all_of_ours_whatever_came() {
    for theirs in SETS {
        let mut rig = rig(NatT::new(), Role::Responder);
        meet(&mut rig, Role::Responder, theirs);
        let sent = rig.outgoing(Stage::main_mode(2), Vec::new());
        assert_eq!(vendor_ids(&sent), [RFC, DRAFT]);
    }
}

/// [MS-IKEE] §3.2.5.3 (3.2.5.3/1, 3.2.5.3/2): the numbers of the other revision are unknown ones.
#[test]
fn numbers_of_the_other_revision_mean_nothing() {
    let mut rig = rig(NatT::new(), Role::Initiator);
    meet(&mut rig, Role::Initiator, Revisions::BOTH);
    let message = nat_d(&rig, kind::NAT_D_DRAFT, end(99, 9), end(2, 500));
    assert_eq!(
        rig.incoming(Stage::main_mode(4), &message),
        Verdict::Continue
    );
    assert_eq!(rig.set.get::<NatT>().unwrap().nat(Rig::SA), None);
    let mut rig = behind(NatT::new());
    let stage = Stage::new(ExchangeType::QUICK_MODE, 1);
    let draft = vec![quick(Mode::Transport, Some(NatRevision::Draft))];
    assert_eq!(rig.outgoing(stage, draft.clone()), draft);
}

/// [MS-IKEE] note 13 (note 13/1), note 15 (note 15/1)
#[test]
fn older_releases_announce_what_they_had() {
    let ids = |it: Revisions| it.vendor_ids().collect::<Vec<_>>();
    assert_eq!(ids(Revisions::NONE), [[0_u8; 0]; 0]);
    assert_eq!(ids(Revisions::DRAFT), [DRAFT]);
    assert_eq!(ids(Revisions::BOTH), [RFC, DRAFT]);
}

/// [MS-IKEE] note 14 (note 14/2): Vista and Server 2008 before SP2.
#[test]
fn keep_alives_can_be_left_out() {
    let mut rig = behind(NatT::new().with_keepalive(None));
    rig.lifecycle(Lifecycle::Established);
    rig.actions.clear();
    rig.advance(Duration::from_secs(100));
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] note 15 (note 15/2)
#[test]
fn over_ipv6_nothing_is_announced_if_so_wanted() {
    for (ipv6, wanted) in [(false, 0), (true, 2)] {
        for (role, number) in [(Role::Initiator, 1), (Role::Responder, 2)] {
            let mut rig = rig(NatT::new().with_ipv6(ipv6), role);
            let at = |host| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, host], 500));
            let facts = SaFacts::new(role, Version::V1, at(1), at(2));
            rig.host.sas.insert(Rig::SA, (facts, Vec::new()));
            if role == Role::Responder {
                rig.incoming(Stage::main_mode(1), &announce(Revisions::BOTH));
                assert_eq!(revision(&rig).is_some(), ipv6);
            }
            let sent = rig.outgoing(Stage::main_mode(number), Vec::new());
            assert_eq!(vendor_ids(&sent).len(), wanted);
        }
    }
}

/// RFC 3947 §4: encapsulation without a translator, for everybody or under one policy.
#[test]
fn forced_encapsulation_pretends_a_translator_here() {
    let policy = PolicyId::new(5);
    let both = [
        NatT::new().with_forced(true),
        NatT::new().with_forced_policy(policy),
    ];
    for extension in both {
        let mut rig = rig(extension, Role::Initiator);
        let (facts, ids) = rig.host.sas.remove(&Rig::SA).unwrap();
        rig.host
            .sas
            .insert(Rig::SA, (facts.with_policy(Some(policy)), ids));
        meet(&mut rig, Role::Initiator, Revisions::BOTH);
        let sent = rig.outgoing(Stage::main_mode(3), Vec::new());
        assert_eq!(sent[0].body, hashed(&rig, end(2, 500)));
        assert_ne!(sent[1].body, hashed(&rig, end(1, 500)));
        let message = nat_d(&rig, kind::NAT_D, end(1, 500), end(2, 500));
        rig.incoming(Stage::main_mode(4), &message);
        assert!(floats(&rig));
        assert_eq!(rig.set.encapsulation(Rig::SA), Some(NatRevision::Rfc3947));
    }
}

/// [MS-IKEE] §3.2.5: what is in clear changes nothing once the peer is authenticated.
#[test]
fn an_established_sa_is_not_moved_by_forged_messages() {
    let mut rig = behind(NatT::new());
    rig.lifecycle(Lifecycle::Established);
    rig.incoming(Stage::main_mode(2), &[]);
    let message = nat_d(&rig, kind::NAT_D, end(1, 500), end(2, 500));
    rig.incoming(Stage::main_mode(4), &message);
    assert_eq!(rig.set.encapsulation(Rig::SA), Some(NatRevision::Rfc3947));
}

fn stock() -> Stock<NatT> {
    let detection = || vec![OwnedPayload::new(kind::NAT_D, [7; 20]); 2];
    Stock {
        version: Version::V1,
        on: NatT::new,
        off: || NatT::new().with_revisions(Revisions::NONE),
        idle: NatT::is_idle,
        peer: vec![
            (Stage::main_mode(1), announce(Revisions::BOTH)),
            (Stage::main_mode(2), announce(Revisions::BOTH)),
            (Stage::main_mode(3), detection()),
            (Stage::main_mode(4), detection()),
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
