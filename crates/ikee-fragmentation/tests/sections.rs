//! [MS-IKEE] §2.2.3, §3.3: one test for each requirement, by its number in the ledger.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use core::time::Duration;
use std::net::SocketAddr;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Inbound, Instant, Join, Lifecycle, Role, SaFacts, SaId, Sent, Stage, Verdict};
use ikee_fragmentation::{Fragmentation, Limits, PACKET_SIZE_V4, PACKET_SIZE_V6, TimerRule};
use isakmp_wire::v1::{Fragment, kind};
use isakmp_wire::{
    ExchangeType, Flags, Header, Message, MessageWriter, OwnedPayload, PayloadType, Spi, Version,
    vendor_id,
};

const SECOND: Duration = Duration::from_secs(1);
const OTHER: SaId = SaId::new(2);
const FIFTH: Stage = Stage::main_mode(5);
const SIXTH: Stage = Stage::main_mode(6);

/// A rig whose peer takes fragments.
fn ready(extension: Fragmentation, role: Role) -> Rig {
    let mut rig = Rig::of(Version::V1, extension, role);
    let known = vec![vendor_id::FRAGMENTATION.to_vec()];
    rig.host.sas.get_mut(&Rig::SA).unwrap().1 = known;
    rig
}

fn initiator() -> Rig {
    ready(Fragmentation::new(), Role::Initiator)
}

fn responder() -> Rig {
    ready(Fragmentation::new(), Role::Responder)
}

/// A rig that fragments at once.
fn eager() -> Rig {
    ready(Fragmentation::new().with_eager(true), Role::Initiator)
}

fn it(rig: &Rig) -> &Fragmentation {
    rig.set.get().unwrap()
}

fn header(stage: Stage, message_id: u32) -> Header {
    Header {
        initiator: Spi::new([1; 8]),
        responder: Spi::new([2; 8]),
        next: kind::ID,
        version: Version::V1,
        exchange: stage.exchange,
        flags: Flags::ENCRYPTED,
        message_id,
        length: 0,
    }
}

/// An encrypted message of `len` octets in all.
fn message(stage: Stage, message_id: u32, len: usize) -> Vec<u8> {
    let head = header(stage, message_id);
    let mut bytes = Vec::new();
    MessageWriter::begin(&mut bytes, &head).finish_with(kind::ID);
    let body = (0..u32::MAX).map(|n| n.to_be_bytes()[3]);
    bytes.extend(body.take(len - Header::LEN));
    let length = u32::try_from(len).unwrap().to_be_bytes();
    bytes[24..28].copy_from_slice(&length);
    bytes
}

fn send_as(
    rig: &mut Rig,
    sa: SaId,
    stage: Stage,
    kinds: &[PayloadType],
    bytes: &[u8],
) -> Vec<Vec<u8>> {
    let sent = Sent {
        stage,
        kinds,
        bytes,
    };
    rig.call(|set, cx| set.split(cx, sa, &sent))
}

fn send(rig: &mut Rig, stage: Stage, bytes: &[u8]) -> Vec<Vec<u8>> {
    send_as(rig, Rig::SA, stage, &[kind::ID, kind::CERT], bytes)
}

/// Receives a datagram as the core shows it.
fn receive(rig: &mut Rig, bytes: &[u8]) -> Join {
    let message = Message::parse(bytes).unwrap();
    let stage = Stage::new(message.header.exchange, 0);
    let from = SocketAddr::from(([192, 0, 2, 2], 500));
    let inbound = Inbound::new(stage, from, message.header, false, message.payloads);
    rig.call(|set, cx| set.join(cx, Rig::SA, &inbound))
}

fn datagram(message_id: u32, body: &[u8]) -> Vec<u8> {
    let head = Header {
        flags: Flags::NONE,
        ..header(FIFTH, message_id)
    };
    let mut bytes = Vec::new();
    let mut writer = MessageWriter::begin(&mut bytes, &head);
    writer.owned(&OwnedPayload::new(kind::FRAGMENT, body));
    writer.finish();
    bytes
}

fn piece(rig: &mut Rig, id: u16, number: u8, last: bool, data: &[u8]) -> Join {
    let [high, low] = id.to_be_bytes();
    let body = [&[high, low, number, u8::from(last)], data].concat();
    receive(rig, &datagram(0, &body))
}

fn whole(data: &[u8]) -> Join {
    Join::Whole(data.to_vec())
}

/// What the peer answers; no payload of it matters.
fn answer(rig: &mut Rig, stage: Stage) -> Verdict {
    rig.incoming(stage, &[OwnedPayload::new(kind::ID, [0; 8])])
}

fn parse(bytes: &[u8]) -> (Header, Fragment<'_>) {
    let message = Message::parse(bytes).unwrap();
    let raw = message.payloads.first(kind::FRAGMENT).unwrap();
    (message.header, Fragment::parse(raw).unwrap())
}

fn first(vendor: bool) -> Vec<OwnedPayload> {
    let mut payloads = vec![OwnedPayload::new(kind::SA, [0; 8])];
    if vendor {
        payloads.push(OwnedPayload::new(kind::VENDOR_ID, vendor_id::FRAGMENTATION));
    }
    payloads
}

/// [MS-IKEE] §2.2.3/1
#[test]
fn a_fragment_is_a_header_and_one_payload_in_clear() {
    for datagram in send(&mut eager(), FIFTH, &message(FIFTH, 0, 1300)) {
        let message = Message::parse(&datagram).unwrap();
        assert!(!message.header.flags.contains(Flags::ENCRYPTED));
        assert_eq!(message.iter().count(), 1);
    }
}

/// [MS-IKEE] §2.2.3.1/1, /2, /3, /5
#[test]
fn the_octets_of_a_fragment_stand_where_they_should() {
    for datagram in send(&mut eager(), FIFTH, &message(FIFTH, 0, 1300)) {
        let (_, fragment) = parse(&datagram);
        assert_eq!(datagram[16], 0x84);
        assert_eq!(datagram[28..30], [0, 0]);
        let length = u16::from_be_bytes([datagram[30], datagram[31]]);
        assert_eq!(usize::from(length), fragment.data.len() + 8);
    }
}

/// [MS-IKEE] §2.2.3.1/4
#[test]
fn the_reserved_octet_is_not_looked_at() {
    let mut rig = initiator();
    let mut bytes = datagram(0, &[0, 1, 1, 1, b'a']);
    bytes[29] = 0xff;
    assert_eq!(receive(&mut rig, &bytes), whole(b"a"));
}

/// [MS-IKEE] §2.2.3.1/6, /8, /9
#[test]
fn one_id_and_numbers_from_one_without_gaps() {
    let all = send(&mut eager(), FIFTH, &message(FIFTH, 0, 1800));
    let fields: Vec<_> = all.iter().map(|it| parse(it).1).collect();
    let ids: Vec<_> = fields.iter().map(|it| (it.id, it.number)).collect();
    assert_eq!(ids, [(1, 1), (1, 2), (1, 3), (1, 4)]);
}

/// [MS-IKEE] §2.2.3.1/7, /13
#[test]
fn the_data_are_consecutive_slices_of_the_message() {
    let original = message(FIFTH, 0, 1300);
    let all = send(&mut eager(), FIFTH, &original);
    let data: Vec<&[u8]> = all.iter().map(|it| parse(it).1.data).collect();
    assert_eq!(data.concat(), original);
}

/// [MS-IKEE] §2.2.3.1/10
#[test]
fn the_largest_message_of_udp_has_fewer_fragments_than_numbers() {
    let all = send(&mut eager(), FIFTH, &message(FIFTH, 0, 65_507));
    assert_eq!(all.len(), 128);
    assert_eq!(parse(&all[127]).1.number, 128);
}

/// [MS-IKEE] §2.2.3.1/11
#[test]
fn only_the_last_fragment_has_the_flag() {
    let all = send(&mut eager(), FIFTH, &message(FIFTH, 0, 1300));
    let flags: Vec<u8> = all.iter().map(|it| it[35]).collect();
    assert_eq!(flags, [0, 0, 1]);
}

/// [MS-IKEE] §2.2.3.1/12
#[test]
fn other_flags_are_ignored() {
    let mut rig = initiator();
    let first = datagram(0, &[0, 1, 1, 0xfe, b'a']);
    assert_eq!(receive(&mut rig, &first), Join::Pending);
    let last = datagram(0, &[0, 1, 2, 0xff, b'b']);
    assert_eq!(receive(&mut rig, &last), whole(b"ab"));
}

/// [MS-IKEE] §2.2.3.1/8, /14
#[test]
fn a_number_of_zero_and_a_payload_too_short_are_dropped() {
    let mut rig = initiator();
    assert_eq!(piece(&mut rig, 1, 0, true, b"a"), Join::Discard);
    for len in 0..4 {
        let body = &[0, 1, 1, 1][..len];
        assert_eq!(receive(&mut rig, &datagram(0, body)), Join::Discard);
    }
    assert_eq!(it(&rig).queued(Rig::SA).count(), 0);
    assert_eq!(it(&rig).counters().dropped, 5);
}

/// [MS-IKEE] §3.3.1/1
#[test]
fn only_a_peer_with_the_vendor_id_gets_fragments() {
    let mut rig = Rig::of(
        Version::V1,
        Fragmentation::new().with_eager(true),
        Role::Initiator,
    );
    let large = message(FIFTH, 0, 1300);
    assert!(send(&mut rig, FIFTH, &large).is_empty());
    // some peers have four octets of flags behind it
    let known = [&vendor_id::FRAGMENTATION[..], &[0x80, 0, 0, 0]].concat();
    rig.host.sas.get_mut(&Rig::SA).unwrap().1 = vec![known];
    assert_eq!(send(&mut rig, FIFTH, &large).len(), 3);
}

/// [MS-IKEE] §3.3.1/2
#[test]
fn the_fired_timer_makes_fragmentation_active_for_good() {
    let mut rig = initiator();
    send(&mut rig, FIFTH, &message(FIFTH, 0, 600));
    assert!(!it(&rig).is_active(Rig::SA));
    rig.advance(SECOND * 3);
    assert!(it(&rig).is_active(Rig::SA));
    answer(&mut rig, SIXTH);
    rig.lifecycle(Lifecycle::Established);
    assert!(it(&rig).is_active(Rig::SA));
    let quick = Stage::new(ExchangeType::QUICK_MODE, 1);
    assert_eq!(send(&mut rig, quick, &message(quick, 7, 600)).len(), 2);
}

/// The sizes of the IP packets of a message, on these addresses.
fn packets(peer: SocketAddr, local: u16, len: usize) -> Vec<usize> {
    let mut rig = eager();
    let local = SocketAddr::new(peer.ip(), local);
    let facts = SaFacts::new(Role::Initiator, Version::V1, local, peer);
    rig.host.sas.get_mut(&Rig::SA).unwrap().0 = facts;
    let all = send(&mut rig, FIFTH, &message(FIFTH, 0, len));
    let ip = if peer.is_ipv6() { 40 } else { 20 };
    let marker = if peer.port() == 4500 { 4 } else { 0 };
    all.iter().map(|it| ip + 8 + marker + it.len()).collect()
}

/// [MS-IKEE] §3.3.1/3, §3.3.6.1/3, /4
#[test]
fn packets_have_the_size_that_every_network_carries() {
    let v4 = |port| SocketAddr::from(([192, 0, 2, 2], port));
    let v6 = |port| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 2], port));
    let short = |rest: usize, header: usize| header + rest;
    assert_eq!(
        packets(v4(500), 500, 1300),
        [PACKET_SIZE_V4, 576, short(276, 64)]
    );
    assert_eq!(packets(v4(4500), 4500, 1300), [576, 576, short(284, 68)]);
    assert_eq!(
        packets(v6(500), 500, 1300),
        [PACKET_SIZE_V6, short(104, 84)]
    );
    assert_eq!(packets(v6(4500), 4500, 1300), [1280, short(108, 88)]);
}

/// [MS-IKEE] §3.3.6.1/3
#[test]
fn what_fits_one_packet_goes_whole() {
    let peer = |port| SocketAddr::from(([192, 0, 2, 2], port));
    assert_eq!(packets(peer(500), 500, 548), [0; 0]);
    assert_eq!(packets(peer(500), 500, 549).len(), 2);
    assert_eq!(packets(peer(4500), 4500, 544), [0; 0]);
    assert_eq!(packets(peer(4500), 4500, 545).len(), 2);
}

/// [MS-IKEE] §3.3.1/4
#[test]
fn the_queue_has_what_the_payloads_say() {
    let mut rig = initiator();
    piece(&mut rig, 9, 3, true, b"ccc");
    piece(&mut rig, 9, 1, false, b"aa");
    let queued: Vec<_> = it(&rig).queued(Rig::SA).collect();
    assert_eq!(queued.len(), 1);
    let one = queued[0];
    assert_eq!(one.message.fragment_id, 9);
    assert_eq!((one.received, one.last, one.octets), (2, Some(3), 5));
}

fn id_of(all: &[Vec<u8>]) -> u16 {
    parse(&all[0]).1.id
}

/// [MS-IKEE] §3.3.3/1, §3.3.1/5, /6
#[test]
fn ids_count_from_one_and_wrap() {
    let mut rig = eager();
    let large = |message_id| message(FIFTH, message_id, 1300);
    assert_eq!(id_of(&send(&mut rig, FIFTH, &large(0))), 1);
    assert_eq!(id_of(&send(&mut rig, FIFTH, &large(7))), 2);
    let extension = Fragmentation::new().with_eager(true).with_counter(0xffff);
    let mut rig = ready(extension, Role::Initiator);
    assert_eq!(id_of(&send(&mut rig, FIFTH, &large(0))), 0);
    assert_eq!(id_of(&send(&mut rig, FIFTH, &large(7))), 1);
}

/// [MS-IKEE] §3.3.1/7
#[test]
fn the_counter_is_one_for_all_sas() {
    let mut rig = eager();
    let row = rig.host.sas[&Rig::SA].clone();
    rig.host.sas.insert(OTHER, row);
    let mut ids = Vec::new();
    for (n, sa) in [(0, Rig::SA), (0, OTHER), (7, Rig::SA)] {
        let large = message(FIFTH, n, 1300);
        ids.push(id_of(&send_as(&mut rig, sa, FIFTH, &[kind::ID], &large)));
    }
    assert_eq!(ids, [1, 2, 3]);
}

fn at(seconds: u64) -> Option<Instant> {
    Some(Instant::from_duration(
        SECOND * u32::try_from(seconds).unwrap(),
    ))
}

/// [MS-IKEE] §3.3.2/1, §3.3.5.3/15
#[test]
fn by_the_text_every_message_starts_the_timer() {
    for role in [Role::Initiator, Role::Responder] {
        let extension = Fragmentation::new().with_timer_rule(TimerRule::Every);
        let mut rig = ready(extension, role);
        for (seconds, number) in (0..).zip(1..=6) {
            let stage = Stage::main_mode(number);
            send(&mut rig, stage, &message(stage, 0, 300));
            assert_eq!(it(&rig).fires_at(Rig::SA), at(seconds + 3));
            rig.advance(SECOND);
        }
    }
}

/// [MS-IKEE] §3.3.2/2, §3.3.6.1/1
#[test]
fn the_message_is_repeated_in_fragments_once_the_timer_has_fired() {
    let mut rig = initiator();
    let large = message(FIFTH, 0, 1300);
    for (second, count) in [(0, 0), (1, 0), (3, 3), (7, 3)] {
        rig.advance(SECOND * second - rig.now.as_duration());
        let all = send(&mut rig, FIFTH, &large);
        assert_eq!(all.len(), count, "at {second} s");
        let data: Vec<&[u8]> = all.iter().map(|it| parse(it).1.data).collect();
        assert!(count == 0 || data.concat() == large);
    }
    assert_eq!(it(&rig).counters().fragmented, 2);
}

/// [MS-IKEE] §3.3.2/3
#[test]
fn there_is_one_timer_for_the_message_sent_last() {
    let mut rig = initiator();
    let third = Stage::main_mode(3);
    send(&mut rig, third, &message(third, 0, 300));
    rig.advance(SECOND);
    send(&mut rig, FIFTH, &message(FIFTH, 0, 1300));
    assert_eq!(it(&rig).fires_at(Rig::SA), at(4));
    assert_eq!(rig.set.next_timeout(), at(4));
}

/// [MS-IKEE] §3.3.2/4, /5
#[test]
fn the_timer_takes_one_to_five_seconds() {
    for (asked, seconds) in [(0, 1), (1, 1), (4, 4), (5, 5), (60, 5)] {
        let extension = Fragmentation::new().with_delay(SECOND * asked);
        let mut rig = ready(extension, Role::Initiator);
        send(&mut rig, FIFTH, &message(FIFTH, 0, 1300));
        assert_eq!(it(&rig).fires_at(Rig::SA), at(seconds));
    }
}

/// [MS-IKEE] §3.3.2/6, §3.3.6.2/1
#[test]
fn when_a_reassembly_timer_fires_its_fragments_go_and_no_others() {
    let mut rig = initiator();
    piece(&mut rig, 1, 1, false, b"a");
    piece(&mut rig, 1, 3, true, b"c");
    rig.advance(SECOND * 10);
    piece(&mut rig, 2, 1, false, b"A");
    rig.advance(SECOND * 61);
    assert_eq!(piece(&mut rig, 1, 2, false, b"b"), Join::Pending);
    assert_eq!(piece(&mut rig, 2, 2, true, b"B"), whole(b"AB"));
    assert_eq!(it(&rig).counters().expired, 1);
    assert!(rig.actions.is_empty());
}

/// [MS-IKEE] §3.3.2/7, §3.3.5.3/4
#[test]
fn the_reassembly_timer_runs_from_the_first_fragment() {
    let mut rig = initiator();
    piece(&mut rig, 1, 1, false, b"a");
    rig.advance(SECOND * 60);
    piece(&mut rig, 1, 2, false, b"b");
    assert_eq!(rig.set.next_timeout(), at(70));
}

/// [MS-IKEE] §3.3.2/8
#[test]
fn fragments_wait_for_ninety_seconds_at_most() {
    let time = SECOND * 1000;
    let limits = Limits {
        time,
        ..Limits::DEFAULT
    };
    let mut rig = ready(Fragmentation::new().with_limits(limits), Role::Initiator);
    piece(&mut rig, 1, 1, false, b"a");
    rig.advance(SECOND * 90);
    assert_eq!(it(&rig).held(), 0);
}

/// [MS-IKEE] §3.3.4.1/1, §3.3.5.1/3
#[test]
fn the_first_two_messages_have_the_vendor_id() {
    let hex = [
        0x40, 0x48, 0xb7, 0xd5, 0x6e, 0xbc, 0xe8, 0x85, 0x25, 0xe7, 0xde, 0x7f, 0, 0xd6, 0xc2, 0xd3,
    ];
    for exchange in [ExchangeType::MAIN_MODE, ExchangeType::AGGRESSIVE] {
        for number in 1..=3 {
            let mut rig = Rig::of(Version::V1, Fragmentation::new(), Role::Responder);
            let sent = rig.outgoing(Stage::new(exchange, number), first(false));
            let known = sent.iter().any(|it| it.body == hex);
            assert_eq!(known, number < 3, "message {number}");
        }
    }
}

/// [MS-IKEE] §3.3.5.2/1, §3.3.5.1/1, /2
#[test]
fn what_a_core_remembers_of_the_first_messages_decides() {
    // the core remembers vendor IDs wherever they stand; here it has none, and then one
    for known in [false, true] {
        let extension = Fragmentation::new().with_eager(true);
        let mut rig = Rig::of(Version::V1, extension, Role::Responder);
        if known {
            let all = vec![b"another".to_vec(), vendor_id::FRAGMENTATION.to_vec()];
            rig.host.sas.get_mut(&Rig::SA).unwrap().1 = all;
        }
        let sent = send(&mut rig, SIXTH, &message(SIXTH, 0, 1300));
        assert_eq!(sent.is_empty(), !known);
    }
}

/// [MS-IKEE] §3.3.5.3/1, /2
#[test]
fn a_fragment_beside_another_payload_is_dropped() {
    for order in [
        [kind::FRAGMENT, kind::VENDOR_ID],
        [kind::VENDOR_ID, kind::FRAGMENT],
    ] {
        let mut rig = initiator();
        let mut bytes = Vec::new();
        let mut writer = MessageWriter::begin(
            &mut bytes,
            &Header {
                flags: Flags::NONE,
                ..header(FIFTH, 0)
            },
        );
        for it in order {
            writer.owned(&OwnedPayload::new(it, [0, 1, 1, 1, b'a']));
        }
        writer.finish();
        assert_eq!(receive(&mut rig, &bytes), Join::Discard);
        assert_eq!((it(&rig).held(), rig.actions.len()), (0, 0));
    }
}

/// [MS-IKEE] §3.3.5.3/3
#[test]
fn interleaved_ids_are_kept_apart() {
    let mut rig = initiator();
    piece(&mut rig, 1, 1, false, b"a");
    piece(&mut rig, 2, 1, false, b"A");
    assert_eq!(piece(&mut rig, 1, 2, true, b"b"), whole(b"ab"));
    assert_eq!(piece(&mut rig, 2, 2, true, b"B"), whole(b"AB"));
}

/// [MS-IKEE] §3.3.5.3/3
#[test]
fn messages_of_a_peer_that_always_uses_one_id_do_not_mix() {
    let mut rig = initiator();
    let early = |number: u8, data: &[u8]| [&[0, 1, number, 0][..], data].concat();
    receive(&mut rig, &datagram(5, &early(1, &b"of message 5"[..])));
    receive(&mut rig, &datagram(6, &early(1, &b"of message 6, "[..])));
    let last = datagram(6, &[0, 1, 2, 1, b'b']);
    assert_eq!(receive(&mut rig, &last), whole(b"of message 6, b"));
}

/// [MS-IKEE] §3.3.5.3/5
#[test]
fn of_two_with_one_number_the_first_is_kept() {
    let mut rig = initiator();
    piece(&mut rig, 1, 2, true, b"first");
    assert_eq!(piece(&mut rig, 1, 2, true, b"later"), Join::Discard);
    assert_eq!(piece(&mut rig, 1, 1, false, b"the "), whole(b"the first"));
}

/// [MS-IKEE] §3.3.5.3/6, /8, /11
#[test]
fn every_order_makes_the_message_at_the_last_arrival() {
    let original = message(FIFTH, 0, 1800);
    let all = send(&mut eager(), FIFTH, &original);
    for seed in 0..24 {
        let mut rest: Vec<&Vec<u8>> = all.iter().collect();
        let mut order = Vec::new();
        let mut left = seed;
        while !rest.is_empty() {
            order.push(rest.remove(left % rest.len()));
            left /= order.len() + 1;
        }
        let mut rig = responder();
        let (last, early) = order.split_last().unwrap();
        for it in early {
            assert_eq!(receive(&mut rig, it), Join::Pending);
        }
        assert_eq!(receive(&mut rig, last), whole(&original));
        assert_eq!(it(&rig).held(), 0);
    }
}

/// [MS-IKEE] §3.3.5.3/7, note 18/1
#[test]
fn a_fragment_of_the_peer_makes_fragmentation_active() {
    let mut rig = responder();
    piece(&mut rig, 1, 1, false, b"a");
    assert!(it(&rig).is_active(Rig::SA));
    let mut plain = Rig::of(Version::V1, Fragmentation::new(), Role::Responder);
    piece(&mut plain, 1, 1, false, b"a");
    assert!(!it(&plain).is_active(Rig::SA));
}

/// [MS-IKEE] §3.3.5.3/9
#[test]
fn two_last_fragments_spoil_the_message() {
    let mut rig = initiator();
    piece(&mut rig, 1, 2, true, b"b");
    piece(&mut rig, 2, 1, false, b"other");
    assert_eq!(piece(&mut rig, 1, 3, true, b"c"), Join::Discard);
    let left: Vec<_> = it(&rig).queued(Rig::SA).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].message.fragment_id, 2);
}

/// [MS-IKEE] §3.3.5.3/10
#[test]
fn a_number_beyond_the_last_spoils_the_message_in_either_order() {
    for order in [[(2, true), (3, false)], [(3, false), (2, true)]] {
        let mut rig = initiator();
        let [first, second] = order;
        piece(&mut rig, 1, first.0, first.1, b"x");
        assert_eq!(piece(&mut rig, 1, second.0, second.1, b"x"), Join::Discard);
        assert_eq!(it(&rig).queued(Rig::SA).count(), 0);
        assert_eq!((it(&rig).held(), rig.set.next_timeout()), (0, None));
    }
}

/// [MS-IKEE] §3.3.5.3/12
#[test]
fn with_the_message_its_reassembly_timer_stops() {
    let mut rig = responder();
    piece(&mut rig, 1, 1, false, b"a");
    assert_eq!(rig.set.next_timeout(), at(70));
    assert_eq!(piece(&mut rig, 1, 2, true, b"b"), whole(b"ab"));
    assert_eq!(rig.set.next_timeout(), None);
}

/// [MS-IKEE] §3.3.5.3/13
#[test]
fn an_answer_in_time_stops_the_timer() {
    let mut rig = initiator();
    let large = message(FIFTH, 0, 1300);
    send(&mut rig, FIFTH, &large);
    answer(&mut rig, Stage::main_mode(4));
    assert_eq!(it(&rig).fires_at(Rig::SA), at(3), "that is no answer");
    answer(&mut rig, SIXTH);
    assert_eq!(it(&rig).fires_at(Rig::SA), None);
    rig.advance(SECOND * 10);
    assert!(!it(&rig).is_active(Rig::SA));
    let quick = Stage::new(ExchangeType::QUICK_MODE, 1);
    assert!(send(&mut rig, quick, &message(quick, 7, 1300)).is_empty());
}

/// [MS-IKEE] §3.3.5.3/13
#[test]
fn the_last_message_of_a_negotiation_awaits_no_answer() {
    let mut rig = initiator();
    let third = Stage::new(ExchangeType::QUICK_MODE, 3);
    send(&mut rig, third, &message(third, 7, 300));
    rig.lifecycle(Lifecycle::ChildOpened(ike_ext::ChildId::new(1)));
    assert_eq!(rig.set.next_timeout(), None);
}

/// [MS-IKEE] §3.3.5.3/14, note 19/1
#[test]
fn once_active_an_answer_goes_out_in_fragments_at_once() {
    let mut rig = responder();
    assert!(send(&mut rig, SIXTH, &message(SIXTH, 0, 1300)).is_empty());
    piece(&mut rig, 1, 1, true, b"a");
    assert_eq!(send(&mut rig, SIXTH, &message(SIXTH, 0, 1300)).len(), 3);
}

/// [MS-IKEE] §3.3.6.1/2
#[test]
fn a_message_has_one_id_however_often_it_is_repeated() {
    let mut rig = eager();
    let mut large = message(FIFTH, 0, 1300);
    let ids = |rig: &mut Rig, large: &[u8]| -> Vec<u16> {
        let all = send(rig, FIFTH, large);
        all.iter().map(|it| parse(it).1.id).collect()
    };
    for _ in 0..3 {
        assert_eq!(ids(&mut rig, &large), [1; 3]);
    }
    // another one of the same name and length
    large[1000] ^= 1;
    assert_eq!(ids(&mut rig, &large), [2; 3]);
    // the same in other pieces
    let from = SocketAddr::from(([192, 0, 2, 2], 4500));
    rig.host.sas.get_mut(&Rig::SA).unwrap().0.peer = from;
    assert_eq!(ids(&mut rig, &large), [3; 3]);
    assert_eq!(it(&rig).counters().fragmented, 5);
}

/// [MS-IKEE] §3.3.6.1/2: what came of one round is put together with what came of the next.
#[test]
fn pieces_of_two_rounds_make_one_message() {
    let mut rig = eager();
    let mut other = responder();
    let large = message(FIFTH, 0, 1300);
    let rounds = [&[0, 2][..], &[0, 1]];
    let mut joined = Vec::new();
    for arrive in rounds {
        let all = send(&mut rig, FIFTH, &large);
        joined.extend(arrive.iter().map(|at| receive(&mut other, &all[*at])));
    }
    assert_eq!(
        joined,
        [Join::Pending, Join::Pending, Join::Discard, whole(&large)]
    );
}

/// [MS-IKEE] §3.3.6.1/5
#[test]
fn the_header_is_that_of_the_message_but_for_type_flag_and_length() {
    for datagram in send(&mut eager(), FIFTH, &message(FIFTH, 0, 1300)) {
        let own = parse(&datagram).0;
        assert_eq!(own.next, kind::FRAGMENT);
        assert_eq!(usize::try_from(own.length), Ok(datagram.len()));
        let (next, flags, length) = (kind::ID, Flags::ENCRYPTED, 0);
        let same = Header {
            next,
            flags,
            length,
            ..own
        };
        assert_eq!(same, header(FIFTH, 0));
    }
}

/// [MS-IKEE] §3.3.6.1/6, /7
#[test]
fn all_fragments_come_in_one_go_and_in_order() {
    let all = send(&mut eager(), FIFTH, &message(FIFTH, 0, 1300));
    let fields: Vec<_> = all
        .iter()
        .map(|it| parse(it).1)
        .map(|it| (it.id, it.number, it.last))
        .collect();
    assert_eq!(fields, [(1, 1, false), (1, 2, false), (1, 3, true)]);
}

/// [MS-IKEE] §3.3.6.1/8
#[test]
fn without_an_id_payload_a_message_goes_whole() {
    let mut rig = initiator();
    let third = Stage::main_mode(3);
    let large = message(third, 0, 1300);
    let kinds = [kind::KE, kind::NONCE, kind::CERTREQ];
    for _ in 0..5 {
        assert!(send_as(&mut rig, Rig::SA, third, &kinds, &large).is_empty());
        rig.advance(SECOND * 4);
    }
    assert!(it(&rig).is_active(Rig::SA), "although the timer has fired");
}

/// [MS-IKEE] §3.3.6.1/8
#[test]
fn on_request_joined_messages_without_an_id_payload_are_dropped() {
    for (strict, kind, verdict) in [
        (true, kind::ID, Verdict::Continue),
        (false, kind::KE, Verdict::Continue),
        (
            true,
            kind::KE,
            Verdict::Discard("fragments of a message without an ID payload"),
        ),
    ] {
        let extension = Fragmentation::new().with_identity_only(strict);
        let mut rig = ready(extension, Role::Responder);
        let joined = Header {
            initiator: Spi::ZERO,
            responder: Spi::ZERO,
            flags: Flags::NONE,
            next: kind,
            ..header(FIFTH, 0)
        };
        // what the kit shows has no length in its header
        let mut bytes = Vec::new();
        MessageWriter::begin(&mut bytes, &joined).finish_with(kind);
        bytes[24..28].fill(0);
        let length = Header::parse(&bytes).map(|it| it.length);
        assert_eq!(length, Ok(0));
        piece(&mut rig, 1, 1, true, &bytes);
        let shown = rig.incoming(FIFTH, &[OwnedPayload::new(kind, [0; 8])]);
        assert_eq!(shown, verdict);
    }
}

/// [MS-IKEE] note 16/1, note 16/4
#[test]
fn the_usual_timer_is_the_sum_of_the_first_two_repetitions() {
    let mut rig = initiator();
    send(&mut rig, FIFTH, &message(FIFTH, 0, 1300));
    assert_eq!(it(&rig).fires_at(Rig::SA), at(1 + 2));
}

fn starts(rule: TimerRule, role: Role, number: u8) -> bool {
    let extension = Fragmentation::new().with_timer_rule(rule);
    let mut rig = ready(extension, role);
    let stage = Stage::main_mode(number);
    send(&mut rig, stage, &message(stage, 0, 300));
    it(&rig).fires_at(Rig::SA).is_some()
}

/// [MS-IKEE] note 16/2
#[test]
fn before_vista_both_sides_run_the_timer_from_the_second_round_trip_on() {
    let by = |number| starts(TimerRule::SecondRoundTrip, Role::Responder, number);
    assert_eq!(
        [1, 2, 3, 4, 5, 6].map(by),
        [false, false, true, true, true, true]
    );
}

/// [MS-IKEE] note 16/3
#[test]
fn since_vista_only_the_initiator_runs_the_timer() {
    let by = |number| starts(TimerRule::Initiator, Role::Initiator, number);
    assert_eq!(
        [1, 2, 3, 4, 5, 6].map(by),
        [true, false, true, false, true, false]
    );
}

/// [MS-IKEE] note 17/1
#[test]
fn fragments_wait_for_seventy_seconds() {
    let mut rig = initiator();
    piece(&mut rig, 1, 1, false, b"a");
    rig.advance(SECOND * 69);
    assert_eq!(it(&rig).queued(Rig::SA).count(), 1);
    rig.advance(SECOND * 2);
    assert_eq!(it(&rig).queued(Rig::SA).count(), 0);
}

/// [MS-IKEE] §3.3.1
#[test]
fn what_one_sa_holds_has_a_limit_and_the_oldest_message_makes_room() {
    let mut rig = initiator();
    for id in 0..1000 {
        piece(&mut rig, id, 1, false, &[0; 500]);
        assert!(it(&rig).queued(Rig::SA).count() <= Limits::DEFAULT.messages);
    }
    let left: Vec<u16> = it(&rig)
        .queued(Rig::SA)
        .map(|it| it.message.fragment_id)
        .collect();
    assert_eq!(left, [992, 993, 994, 995, 996, 997, 998, 999]);
    for number in 1..=255 {
        piece(&mut rig, 7, number, false, &[0; 1000]);
        assert!(it(&rig).held() <= Limits::DEFAULT.held);
    }
}

/// [MS-IKEE] §3.3.1
#[test]
fn what_all_sas_hold_has_a_limit_and_strangers_have_half_of_it() {
    let mut rig = ready(Fragmentation::new().with_memory(4000), Role::Responder);
    for id in 0..8 {
        piece(&mut rig, id, 1, false, &[0; 500]);
    }
    assert_eq!(it(&rig).held(), 3 * 564);
    rig.lifecycle(Lifecycle::Established);
    for id in 0..8 {
        piece(&mut rig, 100 + id, 1, false, &[0; 500]);
    }
    assert_eq!(it(&rig).held(), 7 * 564);
    rig.lifecycle(Lifecycle::Closed);
    assert!(it(&rig).is_idle());
}

fn stock() -> Stock<Fragmentation> {
    let fragment = |number| OwnedPayload::new(kind::FRAGMENT, [0, 1, number, 0, b'a']);
    Stock {
        version: Version::V1,
        on: Fragmentation::new,
        off: || Fragmentation::new().with_enabled(false),
        idle: Fragmentation::is_idle,
        peer: vec![
            (Stage::main_mode(1), first(true)),
            (Stage::main_mode(2), first(true)),
            (Stage::main_mode(3), vec![fragment(1)]),
            (Stage::main_mode(4), vec![fragment(1)]),
        ],
    }
}

#[test]
fn it_is_silent_when_off() {
    stock().silent_when_off();
    let mut rig = ready(Fragmentation::new().with_enabled(false), Role::Initiator);
    assert!(send(&mut rig, FIFTH, &message(FIFTH, 0, 1300)).is_empty());
    assert_eq!(piece(&mut rig, 1, 1, true, b"a"), Join::NotMine);
    assert!(it(&rig).is_idle());
}

#[test]
fn it_is_harmless_to_a_plain_peer() {
    stock().harmless_to_a_plain_peer();
    let mut rig = Rig::of(Version::V1, Fragmentation::default(), Role::Initiator);
    let large = message(FIFTH, 0, 1300);
    for _ in 0..6 {
        assert!(send(&mut rig, FIFTH, &large).is_empty());
        rig.advance(SECOND * 4);
    }
}

#[test]
fn it_leaves_no_row_and_no_timer() {
    stock().leaves_no_row_and_no_timer();
    let mut rig = initiator();
    send(&mut rig, FIFTH, &message(FIFTH, 0, 1300));
    piece(&mut rig, 1, 1, false, b"a");
    rig.lifecycle(Lifecycle::Closed);
    assert!(it(&rig).is_idle());
    assert_eq!(rig.set.next_timeout(), None);
}

#[test]
fn it_survives_truncation_at_every_octet() {
    stock().survives_truncation();
    let all = send(&mut eager(), FIFTH, &message(FIFTH, 0, 1300));
    let mut rig = responder();
    for datagram in all {
        for end in Header::LEN + 4..datagram.len() {
            let body = &datagram[Header::LEN + 4..end];
            receive(&mut rig, &self::datagram(0, body));
        }
    }
    rig.lifecycle(Lifecycle::Closed);
    assert!(it(&rig).is_idle());
}
