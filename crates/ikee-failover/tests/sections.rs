//! [MS-IKEE] §3.5, §3.6 and notes 20 to 22: one test for each requirement, by its number in the ledger.

use std::time::Duration;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, Blame, ChildId, Hint, Lifecycle, Role, Stage, Verdict};
use ikee_failover::{Failover, IdleLimits, Side};
use isakmp_wire::v1::kind;
use isakmp_wire::vendor_id::{NLBS_PRESENT, VID_INITIAL_CONTACT};
use isakmp_wire::{ExchangeType, OwnedPayload, Version};

const MINUTE: Duration = Duration::from_secs(60);
const CHILD: ChildId = ChildId::new(7);

fn rig(side: Side, role: Role) -> Rig {
    Rig::of(Version::V1, Failover::new(side), role)
}

fn client() -> Rig {
    rig(Side::Client, Role::Initiator)
}

fn node() -> Rig {
    rig(Side::Cluster, Role::Responder)
}

/// The vendor IDs that message `n` of ours gets.
fn announces(rig: &mut Rig, n: u8) -> Vec<Vec<u8>> {
    let sent = rig.outgoing(
        Stage::main_mode(n),
        vec![OwnedPayload::new(kind::SA, [0; 8])],
    );
    let ids = sent.into_iter().filter(|it| it.kind == kind::VENDOR_ID);
    ids.map(|it| it.body).collect()
}

/// Message `n` of the peer, with a vendor ID among its payloads.
fn hears(rig: &mut Rig, n: u8, id: &[u8]) {
    let payloads = [
        OwnedPayload::new(kind::SA, [0; 8]),
        OwnedPayload::new(kind::VENDOR_ID, [9; 16]),
        OwnedPayload::new(kind::VENDOR_ID, id),
        OwnedPayload::new(kind::VENDOR_ID, [8; 16]),
    ];
    assert_eq!(
        rig.incoming(Stage::main_mode(n), &payloads),
        Verdict::Continue
    );
}

fn limit(rig: &Rig) -> Option<Duration> {
    rig.set.idle_limit(Rig::SA)
}

fn failover(rig: &Rig) -> &Failover {
    rig.set.get().unwrap()
}

/// [MS-IKEE] §3.5.1/1
#[test]
fn it_is_remembered_that_the_peer_is_a_cluster() {
    for (id, is) in [(NLBS_PRESENT, true), (VID_INITIAL_CONTACT, false)] {
        let mut rig = client();
        hears(&mut rig, 2, &id);
        assert_eq!(failover(&rig).is_cluster(Rig::SA), is);
    }
}

/// [MS-IKEE] §3.5.2/1
#[test]
fn the_limit_is_there_when_the_quick_mode_begins() {
    let mut rig = client();
    announces(&mut rig, 1);
    rig.lifecycle(Lifecycle::Established);
    assert!(limit(&rig).is_some());
}

/// [MS-IKEE] §3.5.2/2, note 21/1
#[test]
fn the_limit_is_one_minute_with_a_cluster_and_five_without() {
    let mut rig = client();
    announces(&mut rig, 1);
    assert_eq!(limit(&rig), Some(5 * MINUTE));
    hears(&mut rig, 2, &NLBS_PRESENT);
    assert_eq!(limit(&rig), Some(MINUTE));
}

/// [MS-IKEE] §3.5.4.1/1
#[test]
fn message_1_says_that_there_is_no_sa() {
    let mut rig = client();
    assert_eq!(announces(&mut rig, 1), [VID_INITIAL_CONTACT.to_vec()]);
    rig.host.established = 1;
    assert!(announces(&mut client_with(1), 1).is_empty());
    assert!(announces(&mut rig, 1).is_empty());
}

fn client_with(established: usize) -> Rig {
    let mut rig = client();
    rig.host.established = established;
    rig
}

/// [MS-IKEE] §3.5.4.1/2, note 20/1
#[test]
fn message_1_says_it_too_while_syns_are_repeated_and_nothing_is_connected() {
    let mut rig = client_with(1);
    assert!(announces(&mut rig, 1).is_empty());
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Unconnected));
    assert_eq!(announces(&mut rig, 1), [VID_INITIAL_CONTACT.to_vec()]);
    rig.advance(MINUTE);
    assert!(announces(&mut rig, 1).is_empty());
    // segments of connections that stand are no reason
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Retransmission));
    assert!(announces(&mut rig, 1).is_empty());
}

/// [MS-IKEE] §3.5.5.1/1
#[test]
fn the_responder_looks_for_the_cluster_in_message_1() {
    let mut rig = rig(Side::Client, Role::Responder);
    hears(&mut rig, 1, &NLBS_PRESENT);
    assert!(failover(&rig).is_cluster(Rig::SA));
}

/// [MS-IKEE] §3.5.5.1/2
#[test]
fn a_cluster_in_message_1_shortens_the_limit() {
    let mut rig = rig(Side::Client, Role::Responder);
    hears(&mut rig, 1, &NLBS_PRESENT);
    assert_eq!(limit(&rig), Some(MINUTE));
}

/// [MS-IKEE] §3.5.5.1/4
#[test]
fn message_2_says_that_there_is_no_sa() {
    let mut rig = rig(Side::Client, Role::Responder);
    assert_eq!(announces(&mut rig, 2), [VID_INITIAL_CONTACT.to_vec()]);
    rig.host.established = 1;
    assert!(announces(&mut rig, 2).is_empty());
}

/// [MS-IKEE] §3.5.5.2/1
#[test]
fn the_initiator_looks_for_the_cluster_in_message_2_and_no_later() {
    let mut rig = client();
    announces(&mut rig, 1);
    hears(&mut rig, 4, &NLBS_PRESENT);
    assert!(!failover(&rig).is_cluster(Rig::SA));
    hears(&mut rig, 2, &NLBS_PRESENT);
    assert!(failover(&rig).is_cluster(Rig::SA));
}

/// [MS-IKEE] §3.5.5.2/2
#[test]
fn a_cluster_in_message_2_shortens_the_limit() {
    let mut rig = client();
    announces(&mut rig, 1);
    hears(&mut rig, 2, &NLBS_PRESENT);
    assert_eq!(limit(&rig), Some(MINUTE));
}

/// [MS-IKEE] §3.5.6.1/1
#[test]
fn an_idle_quick_mode_sa_is_deleted() {
    let mut rig = client();
    announces(&mut rig, 1);
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Inbound));
    assert_eq!(rig.actions, []);
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Idle));
    assert_eq!(rig.actions, [Action::DeleteChild(CHILD)]);
}

/// [MS-IKEE] §1.3.4: a node that lets packets go unanswered is tried by a quick mode, and left when it fails
#[test]
fn a_silent_node_is_tried_and_left() {
    let quick = Stage::new(ExchangeType::QUICK_MODE, 1);
    let unanswered = Lifecycle::Traffic(CHILD, Hint::Unanswered);
    let failed = Lifecycle::RekeyChildFailed(CHILD);
    let mut rig = client();
    announces(&mut rig, 1);
    // whoever is no node has other ways
    rig.lifecycle(unanswered);
    assert_eq!(rig.actions, []);
    hears(&mut rig, 2, &NLBS_PRESENT);
    // a quick mode that somebody else wanted is none of our business
    rig.lifecycle(failed);
    assert_eq!(rig.actions, []);
    assert_eq!(rig.set.retry_limit(Rig::SA, quick), None);
    rig.lifecycle(unanswered);
    assert_eq!(rig.actions, [Action::RekeyChild(CHILD)]);
    assert_eq!(rig.set.retry_limit(Rig::SA, quick), Some(2));
    let other = Lifecycle::RekeyChildFailed(ChildId::new(8));
    rig.actions.clear();
    rig.lifecycle(other);
    assert_eq!(rig.actions, []);
    rig.lifecycle(failed);
    let (sa, again) = (Rig::SA, true);
    assert_eq!(rig.actions, [Action::Abandon { sa, again }]);
    assert_eq!(rig.set.retry_limit(Rig::SA, quick), None);
}

/// [MS-IKEE] §1.3.4: it may have gone while nobody had anything to say
#[test]
fn a_node_that_does_not_answer_after_a_pause_is_left() {
    let quick = Stage::new(ExchangeType::QUICK_MODE, 1);
    let silence = Lifecycle::ChildFailed(Blame::Timeout);
    let mut rig = client();
    announces(&mut rig, 1);
    hears(&mut rig, 2, &NLBS_PRESENT);
    rig.lifecycle(silence);
    assert_eq!(rig.actions, []);
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Idle));
    rig.actions.clear();
    assert_eq!(rig.set.retry_limit(Rig::SA, quick), Some(2));
    // who refuses lives
    rig.lifecycle(Lifecycle::ChildFailed(Blame::Refused));
    assert_eq!(rig.actions, []);
    rig.lifecycle(silence);
    let (sa, again) = (Rig::SA, true);
    assert_eq!(rig.actions, [Action::Abandon { sa, again }]);
}

/// [MS-IKEE] §1.3.4
#[test]
fn a_silent_node_that_answers_stays() {
    let mut rig = client();
    announces(&mut rig, 1);
    hears(&mut rig, 2, &NLBS_PRESENT);
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Unanswered));
    rig.lifecycle(Lifecycle::ChildOpened(ChildId::new(8)));
    rig.actions.clear();
    rig.lifecycle(Lifecycle::RekeyChildFailed(CHILD));
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] §3.5.7.1/1
#[test]
fn quick_modes_are_left_as_they_are() {
    let mut rig = client();
    announces(&mut rig, 1);
    for n in [1, 3] {
        let stage = Stage::new(ExchangeType::QUICK_MODE, n);
        assert_eq!(rig.outgoing(stage, Vec::new()), []);
    }
}

/// [MS-IKEE] §3.5.7.1/2
#[test]
fn the_limits_can_be_set() {
    let limits = IdleLimits {
        cluster: MINUTE / 2,
        ..IdleLimits::default()
    };
    let failover = Failover::new(Side::Client).with_idle_limits(limits);
    let mut rig = Rig::of(Version::V1, failover, Role::Initiator);
    hears(&mut rig, 2, &NLBS_PRESENT);
    assert_eq!(limit(&rig), Some(MINUTE / 2));
}

/// [MS-IKEE] §3.6.1/1
#[test]
fn it_is_remembered_that_the_client_is_new() {
    for (id, is) in [(VID_INITIAL_CONTACT, true), (NLBS_PRESENT, false)] {
        let mut rig = node();
        hears(&mut rig, 1, &id);
        assert_eq!(failover(&rig).may_move(Rig::SA), is);
    }
}

/// [MS-IKEE] §3.6.4.1/1
#[test]
fn a_node_says_so_in_its_first_message() {
    for (role, n) in [(Role::Initiator, 1), (Role::Responder, 2)] {
        let mut rig = rig(Side::Cluster, role);
        rig.host.established = 1;
        assert_eq!(announces(&mut rig, n), [NLBS_PRESENT.to_vec()]);
        assert!(announces(&mut rig, n + 2).is_empty());
    }
    let mut both = rig(Side::Both, Role::Initiator);
    assert_eq!(announces(&mut both, 1).len(), 2);
}

/// [MS-IKEE] §3.6.5.1/1
#[test]
fn a_node_looks_for_new_clients_in_message_1() {
    let mut rig = node();
    hears(&mut rig, 1, &VID_INITIAL_CONTACT);
    assert!(failover(&rig).may_move(Rig::SA));
}

/// [MS-IKEE] §3.6.5.1/2
#[test]
fn a_new_client_in_message_1_is_noted_and_others_are_not() {
    let mut rig = node();
    hears(&mut rig, 1, &[0; 16]);
    assert!(!failover(&rig).may_move(Rig::SA));
    hears(&mut rig, 3, &VID_INITIAL_CONTACT);
    assert!(!failover(&rig).may_move(Rig::SA));
}

/// [MS-IKEE] §3.6.5.1/3
#[test]
fn the_application_is_told_once_the_client_has_proved_itself() {
    let mut rig = node();
    hears(&mut rig, 1, &VID_INITIAL_CONTACT);
    assert_eq!(rig.actions, []);
    rig.lifecycle(Lifecycle::Established);
    assert_eq!(rig.actions, [Action::Nudge(Rig::SA)]);
}

/// [MS-IKEE] §3.6.5.2/1
#[test]
fn message_2_is_read_as_message_1_is() {
    let mut rig = rig(Side::Cluster, Role::Initiator);
    hears(&mut rig, 2, &VID_INITIAL_CONTACT);
    assert!(failover(&rig).may_move(Rig::SA));
}

/// [MS-IKEE] note 22/1
#[test]
fn windows_2000_moves_nobody() {
    let node = Failover::new(Side::Cluster).never_moving();
    let mut rig = Rig::of(Version::V1, node, Role::Responder);
    hears(&mut rig, 1, &VID_INITIAL_CONTACT);
    rig.lifecycle(Lifecycle::Established);
    assert!(!failover(&rig).may_move(Rig::SA));
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] §3.5 is about main mode.
#[test]
fn ikev2_has_no_part_in_it() {
    let mut rig = Rig::new(Failover::new(Side::Both), Role::Initiator);
    let stage = Stage::request(ExchangeType::IKE_SA_INIT);
    assert_eq!(rig.outgoing(stage, Vec::new()), []);
    assert_eq!(limit(&rig), None);
    rig.lifecycle(Lifecycle::Traffic(CHILD, Hint::Idle));
    assert_eq!(rig.actions, []);
}

fn stock() -> Stock<Failover> {
    let vendor_ids = [NLBS_PRESENT, VID_INITIAL_CONTACT];
    let all = vendor_ids.map(|id| OwnedPayload::new(kind::VENDOR_ID, id));
    Stock {
        version: Version::V1,
        on: || Failover::new(Side::Both),
        off: Failover::off,
        idle: Failover::is_idle,
        peer: vec![
            (Stage::main_mode(1), all.to_vec()),
            (Stage::main_mode(2), all.to_vec()),
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
