//! [MS-IKEE] §3.12 and note 33: one test for each requirement, by its number in the ledger.

use std::time::Duration;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, ChildId, Hint, Instant, Lifecycle, Role, SaFacts, SaId, Stage};
use ikee_dpd::{Dpd, Status};
use isakmp_wire::v1::kind;
use isakmp_wire::vendor_id::NLBS_PRESENT;
use isakmp_wire::{ExchangeType, OwnedPayload, Version};

const CHILD: ChildId = ChildId::new(7);
const NEXT: SaId = SaId::new(2);
const DEAD: [Action; 2] = [
    Action::Nudge(Rig::SA),
    Action::Abandon {
        sa: Rig::SA,
        again: true,
    },
];

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An SA that stands.
fn with(version: Version, dpd: Dpd) -> Rig {
    let mut rig = Rig::of(version, dpd, Role::Initiator);
    rig.lifecycle(Lifecycle::Established);
    rig
}

fn v1() -> Rig {
    with(Version::V1, Dpd::new())
}

fn v2() -> Rig {
    with(Version::V2, Dpd::new())
}

fn hint(rig: &mut Rig, hint: Hint) {
    rig.lifecycle(Lifecycle::Traffic(CHILD, hint));
}

fn status(rig: &Rig) -> Option<Status> {
    rig.set.get::<Dpd>().unwrap().status(Rig::SA)
}

fn searching(rig: &Rig) -> bool {
    status(rig).is_some_and(|it| it.searching)
}

/// What has been asked for since this was last called.
fn asked(rig: &mut Rig) -> Vec<Action> {
    std::mem::take(&mut rig.actions)
}

/// Another SA with the same peer.
fn second(rig: &mut Rig) {
    let facts: SaFacts<'static> = rig.host.sas[&Rig::SA].0;
    rig.host.sas.insert(NEXT, (facts, Vec::new()));
}

fn probe() -> Action {
    Action::Inform {
        sa: Rig::SA,
        message_id: 0,
        prefix: Vec::new(),
        payloads: Vec::new(),
    }
}

/// [MS-IKEE] §3.12.1/1
#[test]
fn the_time_of_the_last_packet_and_the_flag_can_be_seen() {
    let mut rig = v1();
    rig.advance(secs(15));
    hint(&mut rig, Hint::Inbound);
    let expected = Status {
        last_inbound: Instant::EPOCH + secs(15),
        searching: false,
    };
    assert_eq!(status(&rig), Some(expected));
    hint(&mut rig, Hint::Retransmission);
    assert!(searching(&rig));
}

/// [MS-IKEE] §3.12.1/1: UDP with clusters only, if so set
#[test]
fn the_restriction_to_clusters_is_a_setting() {
    for (vendor_ids, begins) in [(vec![], false), (vec![NLBS_PRESENT.to_vec()], true)] {
        let mut rig = with(Version::V1, Dpd::new().clusters_only());
        rig.host.sas.get_mut(&Rig::SA).unwrap().1 = vendor_ids;
        rig.advance(secs(21));
        hint(&mut rig, Hint::OneSided);
        assert_eq!(searching(&rig), begins);
        hint(&mut rig, Hint::Retransmission);
        assert!(searching(&rig));
    }
}

/// [MS-IKEE] §3.12.4.1/1
#[test]
fn a_segment_that_is_sent_again_begins_the_search() {
    for segment in [Hint::Retransmission, Hint::Unconnected] {
        let mut rig = v1();
        hint(&mut rig, Hint::Inbound);
        assert!(!searching(&rig));
        hint(&mut rig, segment);
        assert!(searching(&rig));
    }
}

/// [MS-IKEE] §3.12.4.1/2
#[test]
fn the_quick_mode_sa_is_rekeyed_first() {
    let mut rig = v1();
    hint(&mut rig, Hint::Retransmission);
    hint(&mut rig, Hint::Retransmission);
    assert_eq!(asked(&mut rig), [Action::RekeyChild(CHILD)]);
}

/// [MS-IKEE] §3.12.4.1/3
#[test]
fn then_main_mode_is_tried_with_two_retransmissions() {
    let mut rig = v1();
    hint(&mut rig, Hint::Retransmission);
    asked(&mut rig);
    rig.lifecycle(Lifecycle::RekeyChildFailed(CHILD));
    assert_eq!(asked(&mut rig), [Action::RekeySa(Rig::SA)]);
    second(&mut rig);
    let stage = Stage::main_mode(1);
    let limit = |rig: &Rig, sa| rig.set.retry_limit(sa, stage);
    assert_eq!(limit(&rig, NEXT), None);
    compose(&mut rig, NEXT);
    assert_eq!(limit(&rig, NEXT), Some(2));
    assert_eq!(limit(&rig, Rig::SA), None);
    let quick = Stage::new(ExchangeType::QUICK_MODE, 1);
    assert_eq!(rig.set.retry_limit(NEXT, quick), None);
}

/// Composes message 1 of an SA.
fn compose(rig: &mut Rig, sa: SaId) {
    let mut payloads = vec![OwnedPayload::new(kind::SA, [0; 8])];
    let mut responder = isakmp_wire::Spi::ZERO;
    let stage = Stage::main_mode(1);
    let mut draft = ike_ext::Draft::new(Version::V1, stage, 0, &mut payloads, &mut responder);
    rig.call(|set, cx| set.outgoing(cx, sa, &mut draft));
    assert_eq!(payloads.len(), 1);
}

/// [MS-IKEE] §3.12.4.1/4
#[test]
fn then_the_peer_is_dead_and_called_again_if_so_set() {
    for restart in [true, false] {
        let dpd = if restart {
            Dpd::new()
        } else {
            Dpd::new().without_restart()
        };
        let mut rig = with(Version::V1, dpd);
        hint(&mut rig, Hint::Retransmission);
        rig.lifecycle(Lifecycle::RekeyChildFailed(CHILD));
        asked(&mut rig);
        rig.lifecycle(Lifecycle::RekeyFailed);
        let sa = Rig::SA;
        let expected = [Action::Nudge(sa), Action::Abandon { sa, again: restart }];
        assert_eq!(asked(&mut rig), expected);
        assert_eq!(rig.set.next_timeout(), None);
    }
}

/// [MS-IKEE] §3.12.4.1/4: what is tried may never be heard of again
#[test]
fn every_step_has_its_time() {
    let mut rig = v1();
    hint(&mut rig, Hint::Retransmission);
    asked(&mut rig);
    rig.advance(secs(10));
    assert_eq!(asked(&mut rig), [Action::RekeySa(Rig::SA)]);
    rig.advance(secs(10));
    assert_eq!(asked(&mut rig), DEAD);
    let patient = Dpd::new().with_patience(secs(60));
    let mut rig = with(Version::V1, patient);
    hint(&mut rig, Hint::Retransmission);
    asked(&mut rig);
    rig.advance(secs(59));
    assert_eq!(asked(&mut rig), []);
}

/// [MS-IKEE] §3.12.4.2/1
#[test]
fn udp_into_silence_begins_the_search_after_20_s() {
    for (seconds, begins) in [(19, false), (20, false), (21, true)] {
        let mut rig = v1();
        rig.advance(secs(seconds));
        hint(&mut rig, Hint::OneSided);
        assert_eq!(searching(&rig), begins, "{seconds}");
    }
}

/// [MS-IKEE] §3.12.4.2/2
#[test]
fn for_udp_the_quick_mode_sa_is_rekeyed_first_too() {
    let mut rig = v1();
    rig.advance(secs(21));
    hint(&mut rig, Hint::OneSided);
    assert_eq!(asked(&mut rig), [Action::RekeyChild(CHILD)]);
}

/// [MS-IKEE] §3.12.5.1/1
#[test]
fn a_packet_that_comes_in_sets_the_time() {
    let mut rig = v1();
    rig.advance(secs(15));
    hint(&mut rig, Hint::Inbound);
    rig.advance(secs(15));
    hint(&mut rig, Hint::OneSided);
    assert!(!searching(&rig));
    rig.advance(secs(6));
    hint(&mut rig, Hint::OneSided);
    assert!(searching(&rig));
}

/// [MS-IKEE] §3.12.7.1/1
#[test]
fn a_quick_mode_that_succeeds_clears_the_flag() {
    let mut rig = v1();
    hint(&mut rig, Hint::Retransmission);
    asked(&mut rig);
    rig.lifecycle(Lifecycle::ChildOpened(ChildId::new(8)));
    assert!(!searching(&rig));
    rig.advance(secs(100));
    assert_eq!(asked(&mut rig), []);
}

/// [MS-IKEE] §3.12.7.1/2
#[test]
fn nothing_is_added_to_any_message() {
    let mut rig = v1();
    hint(&mut rig, Hint::Retransmission);
    rig.lifecycle(Lifecycle::RekeyChildFailed(CHILD));
    for n in 1..=6 {
        assert_eq!(rig.outgoing(Stage::main_mode(n), Vec::new()), []);
    }
    let quick = Stage::new(ExchangeType::QUICK_MODE, 1);
    assert_eq!(rig.outgoing(quick, Vec::new()), []);
}

/// [MS-IKEE] §3.12.7.1/3
#[test]
fn a_main_mode_that_succeeds_clears_the_flag_whoever_began_it() {
    for ours in [true, false] {
        let mut rig = v1();
        hint(&mut rig, Hint::Retransmission);
        rig.lifecycle(Lifecycle::RekeyChildFailed(CHILD));
        second(&mut rig);
        if ours {
            compose(&mut rig, NEXT);
        }
        rig.call(|set, cx| set.lifecycle(cx, NEXT, Lifecycle::Established));
        assert!(!searching(&rig));
        assert_eq!(rig.set.retry_limit(NEXT, Stage::main_mode(1)), None);
        rig.lifecycle(Lifecycle::Succeeded(NEXT));
        rig.lifecycle(Lifecycle::Closed);
        rig.call(|set, cx| set.lifecycle(cx, NEXT, Lifecycle::Closed));
        assert!(rig.set.get::<Dpd>().unwrap().is_idle());
    }
}

/// [MS-IKEE] note 33/1
#[test]
fn windows_has_it_in_ikev2_only() {
    let windows = || Dpd::new().without_ikev1();
    let mut old = with(Version::V1, windows());
    hint(&mut old, Hint::Retransmission);
    assert_eq!((asked(&mut old).len(), status(&old)), (0, None));
    let mut new = with(Version::V2, windows());
    hint(&mut new, Hint::Retransmission);
    assert_eq!(asked(&mut new), [probe()]);
}

/// [MS-IKEE] note 33/1: our form of it
#[test]
fn in_ikev2_an_empty_request_is_tried_and_then_the_peer_is_dead() {
    let mut rig = v2();
    hint(&mut rig, Hint::Retransmission);
    assert_eq!(asked(&mut rig), [probe()]);
    rig.advance(secs(9));
    assert_eq!(asked(&mut rig), []);
    rig.advance(secs(1));
    assert_eq!(asked(&mut rig), DEAD);
}

/// [MS-IKEE] note 33/1: our form of it
#[test]
fn in_ikev2_any_authentic_message_clears_the_flag() {
    let mut rig = v2();
    hint(&mut rig, Hint::Retransmission);
    asked(&mut rig);
    rig.incoming(Stage::response(ExchangeType::INFORMATIONAL), &[]);
    assert!(!searching(&rig));
    rig.advance(secs(100));
    assert_eq!(asked(&mut rig), []);
    // the successor of an SA is watched, too
    second(&mut rig);
    rig.lifecycle(Lifecycle::Succeeded(NEXT));
    let dpd = rig.set.get::<Dpd>().unwrap();
    assert!(dpd.status(NEXT).is_some());
}

fn stock() -> Stock<Dpd> {
    Stock {
        version: Version::V1,
        on: Dpd::new,
        off: || Dpd::new().without_ikev1().without_ikev2(),
        idle: Dpd::is_idle,
        peer: vec![(
            Stage::main_mode(2),
            vec![OwnedPayload::new(kind::VENDOR_ID, NLBS_PRESENT)],
        )],
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
