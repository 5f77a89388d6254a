//! [MS-IKEE] §3.8: one test for each requirement that is the extension's own, by its number in the ledger. Those that
//! take a core to show are in the scenarios of the workspace's tests.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use core::time::Duration;
use std::net::SocketAddr;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Action, ChildId, Draft, Inbound, Instant, Lifecycle, Role, SaId, Stage, Verdict};
use ikee_reliable_delete::{NONCE_LEN, Nonces, ReliableDelete, Schedule};
use isakmp_wire::v1::kind;
use isakmp_wire::{
    ChainWriter, ExchangeType, Flags, Header, OwnedPayload, PayloadChain, PayloadType, Spi,
    Version, vendor_id,
};

const SECOND: Duration = Duration::from_secs(1);
const DELETE: Stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 1);
const ANSWER: Stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 2);
const M_ID: u32 = 0x0102_0304;
/// What the packets of the rig's child go out under.
const SPI: [u8; 4] = [0xaa, 0xbb, 0xcc, 0xdd];

fn rig_with(extension: ReliableDelete, microsoft: bool) -> Rig {
    let mut rig = Rig::of(Version::V1, extension, Role::Initiator);
    if microsoft {
        let id = [&vendor_id::MS_NT5_ISAKMPOAKLEY[..], &[0, 0, 0, 9]].concat();
        rig.host.sas.get_mut(&Rig::SA).unwrap().1 = vec![id];
    }
    let child = (u32::from_be_bytes(SPI), ChildId::new(1));
    rig.host.child_to.insert(child.0, child.1);
    rig
}

fn rig() -> Rig {
    rig_with(ReliableDelete::new(), true)
}

fn it(rig: &Rig) -> &ReliableDelete {
    rig.set.get().unwrap()
}

/// The body of a delete of the child.
fn of_child() -> OwnedPayload {
    OwnedPayload::new(kind::DELETE, [&[0, 0, 0, 1, 3, 4, 0, 1][..], &SPI].concat())
}

/// The body of a delete of the IKE SA.
fn of_sa() -> OwnedPayload {
    let cookies = [[1; 8], [2; 8]].concat();
    OwnedPayload::new(
        kind::DELETE,
        [&[0, 0, 0, 1, 1, 16, 0, 1][..], &cookies].concat(),
    )
}

fn nonce(len: usize) -> OwnedPayload {
    OwnedPayload::new(kind::NONCE, vec![7; len])
}

fn hash() -> OwnedPayload {
    OwnedPayload::new(kind::HASH, [9; 20])
}

/// What leaves of a message with these payloads, and whether it is held.
fn send(
    rig: &mut Rig,
    id: u32,
    stage: Stage,
    mut payloads: Vec<OwnedPayload>,
) -> (Vec<OwnedPayload>, bool) {
    let mut responder = Spi::ZERO;
    let mut draft = Draft::new(Version::V1, stage, id, &mut payloads, &mut responder);
    rig.call(|set, cx| set.outgoing(cx, Rig::SA, &mut draft));
    let held = draft.is_held();
    (payloads, held)
}

fn receive_as(rig: &mut Rig, protected: bool, id: u32, payloads: &[OwnedPayload]) -> Verdict {
    let mut bytes = Vec::new();
    let mut writer = ChainWriter::begin(&mut bytes);
    for it in payloads {
        writer.owned(it);
    }
    let first = writer.finish();
    let chain = PayloadChain::parse(first, &bytes, Header::LEN).unwrap();
    let header = Header {
        initiator: Spi::new([1; 8]),
        responder: Spi::new([2; 8]),
        next: chain.first_type(),
        version: Version::V1,
        exchange: ExchangeType::V1_INFORMATIONAL,
        flags: Flags::ENCRYPTED,
        message_id: id,
        length: 0,
    };
    let from = SocketAddr::from(([192, 0, 2, 2], 500));
    let msg = Inbound::new(DELETE, from, header, protected, chain);
    rig.call(|set, cx| set.incoming(cx, Rig::SA, &msg))
}

fn receive(rig: &mut Rig, id: u32, payloads: &[OwnedPayload]) -> Verdict {
    receive_as(rig, true, id, payloads)
}

fn kinds(payloads: &[OwnedPayload]) -> Vec<PayloadType> {
    payloads.iter().map(|it| it.kind).collect()
}

/// The message 2 that was asked for.
fn answer(rig: &Rig) -> (u32, Vec<u8>, Vec<OwnedPayload>) {
    let [
        Action::Inform {
            sa: Rig::SA,
            message_id,
            prefix,
            payloads,
        },
    ] = rig.actions.as_slice()
    else {
        panic!("no answer: {:?}", rig.actions);
    };
    (*message_id, prefix.clone(), payloads.clone())
}

/// When, in silence, the delete goes out again, and when it is given up.
fn silence(rig: &mut Rig) -> (Vec<u64>, u64) {
    send(rig, M_ID, DELETE, vec![of_child()]);
    let mut again = Vec::new();
    for _ in 0..2000 {
        rig.advance(SECOND / 10);
        let seconds = rig.now.as_duration().as_secs();
        for action in core::mem::take(&mut rig.actions) {
            match action {
                Action::Resend(Rig::SA, M_ID) => again.push(seconds),
                Action::Release(Rig::SA, M_ID) => return (again, seconds),
                other => panic!("{other:?}"),
            }
        }
    }
    panic!("never given up");
}

/// [MS-IKEE] §3.8.1/1
#[test]
fn the_nonce_is_kept_until_the_acknowledgement_is_checked() {
    let mut rig = rig();
    let (sent, _) = send(&mut rig, M_ID, DELETE, vec![of_child()]);
    assert_eq!(rig.set.hash_prefix(Rig::SA, M_ID), sent[0].body);
    assert!(rig.set.hash_prefix(Rig::SA, M_ID + 1).is_empty());
    assert!(rig.set.hash_prefix(SaId::new(2), M_ID).is_empty());
    receive(&mut rig, M_ID, &[hash(), nonce(32), of_child()]);
    assert!(rig.set.hash_prefix(Rig::SA, M_ID).is_empty());
}

/// [MS-IKEE] §3.8.1/2, note 23/1
#[test]
fn the_nonce_is_a_payload_of_32_octets() {
    let (sent, _) = send(&mut rig(), M_ID, DELETE, vec![of_child()]);
    assert_eq!(sent[0].kind, kind::NONCE);
    assert_eq!((sent[0].body.len(), NONCE_LEN), (32, 32));
}

/// [MS-IKEE] §3.8.2/1
#[test]
fn each_delete_has_a_timer_of_its_own() {
    let mut rig = rig();
    send(&mut rig, 1, DELETE, vec![of_child()]);
    rig.advance(SECOND / 2);
    send(&mut rig, 2, DELETE, vec![of_sa()]);
    assert_eq!(it(&rig).unacknowledged(Rig::SA), 2);
    rig.advance(SECOND * 3 / 4);
    assert_eq!(rig.actions, [Action::Resend(Rig::SA, 1)]);
    rig.advance(SECOND / 2);
    assert_eq!(rig.actions[1..], [Action::Resend(Rig::SA, 2)]);
}

/// [MS-IKEE] §3.8.4.1/2, /6, /7
#[test]
fn the_delete_has_a_nonce_before_it_and_nothing_else() {
    for delete in [of_child(), of_sa()] {
        let (sent, held) = send(&mut rig(), M_ID, DELETE, vec![delete.clone()]);
        assert_eq!(kinds(&sent), [kind::NONCE, kind::DELETE]);
        assert_eq!(sent[1], delete);
        assert!(held);
    }
}

/// [MS-IKEE] §3.8.4.1/11, note 24/1, note 24/4
#[test]
fn the_first_repetition_to_a_peer_of_microsofts_comes_after_a_second() {
    let mut rig = rig();
    send(&mut rig, M_ID, DELETE, vec![of_child()]);
    let after = Instant::from_duration(SECOND);
    assert_eq!(rig.set.next_timeout(), Some(after));
}

/// [MS-IKEE] §3.8.4.1/12, note 24/4
#[test]
fn to_others_nothing_is_repeated() {
    for nonces in [Nonces::Always, Nonces::Microsoft, Nonces::Never] {
        let mut rig = rig_with(ReliableDelete::new().with_nonces(nonces), false);
        let (sent, held) = send(&mut rig, M_ID, DELETE, vec![of_child()]);
        assert_eq!(sent.len(), if nonces == Nonces::Always { 2 } else { 1 });
        assert!(!held);
        assert!(it(&rig).is_idle());
    }
}

/// [MS-IKEE] §3.8.5.1/1, /11
#[test]
fn what_is_not_authentic_is_not_acknowledged() {
    let mut rig = rig();
    let message = [hash(), nonce(20), of_child()];
    assert_eq!(
        receive_as(&mut rig, false, M_ID, &message),
        Verdict::Continue
    );
    assert_eq!(rig.actions, []);
}

/// [MS-IKEE] §3.8.5.1/11
#[test]
fn a_delete_of_an_unknown_sa_is_dropped_without_a_word() {
    for unknown in [
        OwnedPayload::new(kind::DELETE, [0, 0, 0, 1, 3, 4, 0, 1, 0, 0, 0, 1]),
        OwnedPayload::new(
            kind::DELETE,
            [&[0, 0, 0, 1, 1, 16, 0, 1][..], &[3; 16]].concat(),
        ),
        OwnedPayload::new(kind::DELETE, [0, 0, 0, 1, 1, 4, 0, 1, 1, 1, 1, 1]),
        OwnedPayload::new(kind::DELETE, [0, 0, 0, 1, 3, 4, 0, 0]),
    ] {
        let mut rig = rig();
        let verdict = receive(&mut rig, M_ID, &[hash(), nonce(20), unknown]);
        assert!(matches!(verdict, Verdict::Discard(_)));
        assert_eq!(rig.actions, []);
        assert!(it(&rig).is_idle());
    }
}

/// [MS-IKEE] §3.8.5.1/2, /3, /4, /6, /7, /9
#[test]
fn a_delete_with_a_nonce_is_acknowledged_and_left_to_the_core() {
    for delete in [of_child(), of_sa()] {
        let mut rig = rig();
        let message = [hash(), nonce(20), delete.clone()];
        assert_eq!(receive(&mut rig, M_ID, &message), Verdict::Continue);
        let (id, prefix, payloads) = answer(&rig);
        assert_eq!((id, prefix), (M_ID, vec![7; 20]));
        assert_eq!(kinds(&payloads), [kind::NONCE, kind::DELETE]);
        assert_eq!(payloads[1], delete);
    }
}

/// [MS-IKEE] §3.8.5.1/4
#[test]
fn nonce_and_delete_may_come_in_either_order() {
    let mut rig = rig();
    receive(&mut rig, M_ID, &[hash(), of_child(), nonce(20)]);
    answer(&rig);
}

/// [MS-IKEE] §3.8.5.1/10
#[test]
fn the_nonce_of_the_answer_is_a_fresh_one() {
    let mut rig = rig();
    receive(&mut rig, M_ID, &[hash(), nonce(20), of_child()]);
    let (_, _, payloads) = answer(&rig);
    // what the kit has for random octets
    assert_eq!(payloads[0].body, [0x5a; 32]);
}

/// [MS-IKEE] §3.8.5.1/3
#[test]
fn the_answer_to_the_end_of_the_sa_is_held_for_as_long_as_the_peer_may_ask() {
    let mut rig = rig();
    receive(&mut rig, M_ID, &[hash(), nonce(20), of_sa()]);
    let (_, _, payloads) = answer(&rig);
    let (sent, held) = send(&mut rig, M_ID, ANSWER, payloads.clone());
    assert_eq!(sent, payloads);
    assert!(held);
    rig.actions.clear();
    rig.advance(SECOND * 62);
    assert_eq!(rig.actions, []);
    rig.advance(SECOND * 2);
    assert_eq!(rig.actions, [Action::Release(Rig::SA, M_ID)]);
    assert!(it(&rig).is_idle());
    receive(&mut rig, M_ID, &[hash(), nonce(20), of_child()]);
    let (_, held) = send(&mut rig, M_ID, ANSWER, payloads);
    assert!(!held, "for a child's there is still the SA to remember it");
}

/// [MS-IKEE] §3.8.5.2/1, /3
#[test]
fn another_message_is_no_acknowledgement() {
    let mut rig = rig();
    send(&mut rig, M_ID, DELETE, vec![of_child()]);
    let other = OwnedPayload::new(kind::DELETE, [0, 0, 0, 1, 3, 4, 0, 1, 0, 0, 0, 1]);
    receive(&mut rig, M_ID + 1, &[hash(), nonce(20), other]);
    let lone = receive(&mut rig, M_ID, &[hash(), of_child()]);
    assert!(matches!(lone, Verdict::Discard(_)));
    rig.advance(SECOND);
    assert_eq!(rig.actions, [Action::Resend(Rig::SA, M_ID)]);
}

/// [MS-IKEE] §3.8.5.2/2
#[test]
fn the_acknowledgement_stops_the_timer() {
    let mut rig = rig();
    send(&mut rig, M_ID, DELETE, vec![of_child()]);
    rig.advance(SECOND / 2);
    let verdict = receive(&mut rig, M_ID, &[hash(), nonce(20), of_child()]);
    assert_eq!(verdict, Verdict::Consume);
    assert_eq!(rig.actions, [Action::Release(Rig::SA, M_ID)]);
    rig.advance(SECOND * 100);
    assert_eq!(rig.actions.len(), 1);
    assert!(it(&rig).is_idle());
}

/// [MS-IKEE] §3.8.6.1/1, /2, /3
#[test]
fn by_the_text_a_delete_is_repeated_four_times_and_then_given_up() {
    assert_eq!(silence(&mut rig()), (vec![1, 3, 7, 15], 31));
    assert_eq!(Schedule::TEXT.total(), SECOND * 31);
}

/// [MS-IKEE] note 24/2, note 24/3
#[test]
fn windows_repeats_a_delete_six_times_with_sixteen_seconds_at_most_between() {
    let mut rig = rig_with(ReliableDelete::new().with_schedule(Schedule::WINDOWS), true);
    assert_eq!(silence(&mut rig), (vec![1, 3, 7, 15, 31, 47], 63));
    assert_eq!(Schedule::WINDOWS.total(), SECOND * 63);
}

/// [MS-IKEE] §3.8.6.1/4, §3.8.7.1/2
#[test]
fn at_shutdown_a_delete_is_repeated_once_after_a_second() {
    let mut rig = rig();
    rig.set.get_mut::<ReliableDelete>().unwrap().shut_down();
    assert_eq!(silence(&mut rig), (vec![1], 1));
    assert_eq!(Schedule::SHUTDOWN.total(), SECOND);
}

/// [MS-IKEE] note 25/1
#[test]
fn up_to_server_2003_the_shutdown_keeps_to_the_ordinary_schedule() {
    let extension = ReliableDelete::new().with_shutdown(Schedule::WINDOWS);
    let mut rig = rig_with(extension, true);
    rig.set.get_mut::<ReliableDelete>().unwrap().shut_down();
    assert_eq!(silence(&mut rig), (vec![1, 3, 7, 15, 31, 47], 63));
}

/// [MS-IKEE] note 23/2, note 24/5
#[test]
fn windows_2000_sends_a_plain_delete_once() {
    let extension = ReliableDelete::new().with_nonces(Nonces::Never);
    let mut rig = rig_with(extension, true);
    let (sent, held) = send(&mut rig, M_ID, DELETE, vec![of_child()]);
    assert_eq!((sent, held), (vec![of_child()], false));
    assert_eq!(rig.set.next_timeout(), None);
}

/// [MS-IKEE] note 23/2
#[test]
fn a_plain_delete_is_taken_and_not_answered() {
    let mut rig = rig();
    assert_eq!(
        receive(&mut rig, M_ID, &[hash(), of_child()]),
        Verdict::Continue
    );
    assert_eq!(rig.actions, []);
    assert!(it(&rig).is_idle());
}

/// [MS-IKEE] §3.1.5/11
#[test]
fn other_informational_messages_are_left_alone() {
    let mut rig = rig();
    let notify = OwnedPayload::new(kind::NOTIFY, [0, 0, 0, 1, 1, 0, 0x60, 2]);
    let (sent, held) = send(&mut rig, M_ID, DELETE, vec![notify.clone()]);
    assert_eq!((sent, held), (vec![notify.clone()], false));
    let message = [hash(), nonce(20), of_child(), notify];
    assert_eq!(receive(&mut rig, M_ID, &message), Verdict::Continue);
    assert_eq!(rig.actions, []);
}

/// RFC 2409 §5
#[test]
fn nonces_of_a_wrong_length_are_not_acknowledged() {
    for len in [0, 7, 257] {
        let mut rig = rig();
        receive(&mut rig, M_ID, &[hash(), nonce(len), of_child()]);
        assert_eq!(rig.actions, []);
    }
}

fn stock() -> Stock<ReliableDelete> {
    Stock {
        on: ReliableDelete::new,
        off: || ReliableDelete::new().with_enabled(false),
        idle: ReliableDelete::is_idle,
        version: Version::V1,
        peer: vec![(DELETE, vec![hash(), nonce(20), of_sa()])],
    }
}

#[test]
fn it_is_silent_when_off() {
    stock().silent_when_off();
    let mut rig = rig_with(ReliableDelete::new().with_enabled(false), true);
    let (sent, held) = send(&mut rig, M_ID, DELETE, vec![of_child()]);
    assert_eq!((sent, held), (vec![of_child()], false));
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
    let mut rig = rig_with(ReliableDelete::default(), false);
    let (sent, _) = send(&mut rig, M_ID, DELETE, vec![of_sa()]);
    assert_eq!(sent, [of_sa()]);
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
    let mut rig = rig();
    send(&mut rig, M_ID, DELETE, vec![of_child()]);
    rig.lifecycle(Lifecycle::Closed);
    assert!(it(&rig).is_idle());
}

#[test]
fn it_survives_truncation_at_every_octet() {
    stock().survives_truncation();
}
