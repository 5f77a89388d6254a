//! [MS-IKEE] §2.2.11, §3.15: one test for each requirement, by its number in the ledger.
//!
//! There is no core here: [`fragments`] does what one does to send, without encrypting.

use core::time::Duration;
use std::net::SocketAddr;

use ike_ext::kit::{Rig, Stock};
use ike_ext::{Chunk, Gather, Lifecycle, Role, SaId, Stage};
use ikee_fragmentation_v2::{
    FragmentationV2, Limits, OVERHEAD, PACKET_SIZE_V4, PACKET_SIZE_V6, split,
};
use ipsec_doi::{Encryption, IntegrityId};
use isakmp_wire::v2::{EncryptedFragment, NotifyType, kind};
use isakmp_wire::{
    Encode, ExchangeType, Flags, Header, Message, MessageWriter, OwnedPayload, PayloadType, Spi,
    Version,
};

const REQUEST: Stage = Stage::request(ExchangeType::IKE_SA_INIT);
const RESPONSE: Stage = Stage::response(ExchangeType::IKE_SA_INIT);
const SECOND: Duration = Duration::from_secs(1);

/// IKEV2_FRAGMENTATION_SUPPORTED as it must be: protocol 0, SPI size 0, 16430.
const NOTIFY: [u8; 4] = [0, 0, 0x40, 0x2e];

fn init(supports: bool) -> Vec<OwnedPayload> {
    let mut payloads = vec![
        OwnedPayload::new(kind::SA, [0; 4]),
        OwnedPayload::new(kind::NONCE, [7; 16]),
    ];
    if supports {
        payloads.push(OwnedPayload::new(kind::NOTIFY, NOTIFY));
    }
    payloads
}

/// A responder that has had both notifies.
fn negotiated(extension: FragmentationV2) -> Rig {
    let mut rig = Rig::new(extension, Role::Responder);
    rig.incoming(REQUEST, &init(true));
    rig.outgoing(RESPONSE, init(false));
    rig
}

fn ready() -> Rig {
    negotiated(FragmentationV2::new())
}

fn extension(rig: &Rig) -> &FragmentationV2 {
    rig.set.get().unwrap()
}

fn limit(rig: &mut Rig) -> Option<usize> {
    rig.set.chunk_limit(&rig.host, Rig::SA)
}

fn collect(rig: &mut Rig, message_id: u32, number: u16, total: u16, data: &[u8]) -> Gather {
    let chunk = Chunk {
        message_id,
        response: false,
        first: if number == 1 {
            kind::ID_I
        } else {
            PayloadType::NONE
        },
        number,
        total,
        data,
    };
    rig.call(|set, cx| set.collect(cx, Rig::SA, &chunk))
        .unwrap()
}

fn is_dropped(gather: &Gather) -> bool {
    matches!(gather, Gather::Discard(_))
}

fn whole(data: &[u8]) -> Gather {
    Gather::Whole {
        first: kind::ID_I,
        data: data.to_vec(),
    }
}

fn header() -> Header {
    Header {
        initiator: Spi::new([1; 8]),
        responder: Spi::new([2; 8]),
        next: kind::ENCRYPTED,
        version: Version::V2,
        exchange: ExchangeType::IKE_AUTH,
        flags: Flags::INITIATOR,
        message_id: 1,
        length: 0,
    }
}

/// The datagrams of a fragmented message, in clear.
fn fragments(plaintext: &[u8], room: usize) -> Vec<Vec<u8>> {
    let pieces = split(kind::ID_I, plaintext, room).unwrap();
    let encode = |piece: ikee_fragmentation_v2::Fragment<'_>| {
        let mut datagram = Vec::new();
        let body = EncryptedFragment {
            next: piece.first,
            number: piece.number,
            total: piece.total,
            body: piece.data,
        };
        MessageWriter::begin(&mut datagram, &header())
            .encode(kind::ENCRYPTED_FRAGMENT, &body)
            .finish_with(piece.first);
        datagram
    };
    pieces.map(encode).collect()
}

/// Receives such a datagram.
fn receive(rig: &mut Rig, datagram: &[u8]) -> Gather {
    let message = Message::parse(datagram).unwrap();
    let raw = message.payloads.first(kind::ENCRYPTED_FRAGMENT).unwrap();
    let fragment = EncryptedFragment::parse(raw).unwrap();
    let chunk = Chunk {
        message_id: message.header.message_id,
        response: false,
        first: fragment.next,
        number: fragment.number,
        total: fragment.total,
        data: fragment.body,
    };
    rig.call(|set, cx| set.collect(cx, Rig::SA, &chunk))
        .unwrap()
}

/// [MS-IKEE] §2.2.11/1
#[test]
fn nothing_is_fragmented_before_there_is_encryption() {
    let mut rig = Rig::new(FragmentationV2::new(), Role::Initiator);
    let mut large = init(false);
    large.push(OwnedPayload::new(kind::VENDOR_ID, vec![0; 3000]));
    rig.outgoing(REQUEST, large);
    assert_eq!(limit(&mut rig), None);
}

/// [MS-IKEE] §2.2.11/2
#[test]
fn each_chunk_is_taken_on_its_own() {
    let mut rig = ready();
    assert_eq!(collect(&mut rig, 1, 2, 3, b"b"), Gather::Pending);
    let queued: Vec<_> = extension(&rig).queued(Rig::SA).collect();
    assert_eq!((queued[0].received, queued[0].octets), (1, 1));
}

/// [MS-IKEE] §2.2.11.1/1
#[test]
fn the_initiator_announces_it_when_enabled() {
    for (enabled, count) in [(true, 1), (false, 0)] {
        let extension = FragmentationV2::new().with_enabled(enabled);
        let mut rig = Rig::new(extension, Role::Initiator);
        let sent = rig.outgoing(REQUEST, init(false));
        let notifies = sent.iter().filter(|it| it.kind == kind::NOTIFY);
        assert_eq!(notifies.count(), count);
    }
}

/// [MS-IKEE] §2.2.11.1/2
#[test]
fn the_responder_agrees_if_it_was_asked() {
    for asked in [true, false] {
        let mut rig = Rig::new(FragmentationV2::new(), Role::Responder);
        rig.incoming(REQUEST, &init(asked));
        assert_eq!(rig.outgoing(RESPONSE, init(false)), init(asked));
    }
}

/// [MS-IKEE] §2.2.11.1/2
#[test]
fn an_answer_that_refuses_the_exchange_does_not_agree() {
    let mut rig = Rig::new(FragmentationV2::new(), Role::Responder);
    rig.incoming(REQUEST, &init(true));
    let refusal = vec![OwnedPayload::new(kind::NOTIFY, [0, 0, 0, 17, 0, 19])];
    assert_eq!(rig.outgoing(RESPONSE, refusal.clone()), refusal);
}

fn sent_notify() -> Vec<u8> {
    let mut rig = Rig::new(FragmentationV2::new(), Role::Initiator);
    let payloads = rig.outgoing(REQUEST, Vec::from(&init(false)[..1]));
    let mut datagram = Vec::new();
    let mut writer = MessageWriter::begin(&mut datagram, &header());
    writer.owned(payloads.last().unwrap());
    writer.finish();
    datagram.split_off(Header::LEN)
}

/// [MS-IKEE] §2.2.11.1/3
#[test]
fn the_notify_is_eight_octets_long() {
    assert_eq!(sent_notify()[2..4], [0, 8]);
    assert_eq!(sent_notify().len(), 8);
}

/// [MS-IKEE] §2.2.11.1/4
#[test]
fn reserved_and_protocol_are_zero_in_the_notify() {
    assert_eq!((sent_notify()[1], sent_notify()[4]), (0, 0));
}

/// [MS-IKEE] §2.2.11.1/5
#[test]
fn reserved_and_protocol_of_the_notify_are_ignored() {
    let mut rig = Rig::new(FragmentationV2::new(), Role::Responder);
    let mut message = init(false);
    message.push(OwnedPayload::new(kind::NOTIFY, [1, 0, 0x40, 0x2e]));
    rig.incoming(REQUEST, &message);
    assert!(extension(&rig).is_negotiated(Rig::SA));
}

/// [MS-IKEE] §2.2.11.1/6
#[test]
fn the_notify_has_no_spi() {
    assert_eq!(sent_notify()[5], 0);
}

/// [MS-IKEE] §2.2.11.1/7
#[test]
fn the_notify_has_number_16430() {
    assert_eq!(sent_notify()[6..8], [0x40, 0x2e]);
    assert_eq!(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED.get(), 16430);
}

/// [MS-IKEE] §2.2.11.2/1
#[test]
fn nothing_follows_a_fragment_in_its_message() {
    let mut datagram = fragments(b"some plaintext", 5).remove(0);
    assert!(Message::parse(&datagram).is_ok());
    datagram.extend_from_slice(&[0, 0, 0, 4]);
    let length = u32::try_from(datagram.len()).unwrap();
    datagram[24..28].copy_from_slice(&length.to_be_bytes());
    assert!(Message::parse(&datagram).is_err());
}

/// [MS-IKEE] §2.2.11.2/2
#[test]
fn fragment_1_names_the_first_inner_payload() {
    let datagrams = fragments(b"some plaintext", 5);
    assert_eq!(datagrams[0][Header::LEN], kind::ID_I.get());
    let mut rig = ready();
    receive(&mut rig, &datagrams[2]);
    receive(&mut rig, &datagrams[0]);
    assert_eq!(receive(&mut rig, &datagrams[1]), whole(b"some plaintext"));
}

/// [MS-IKEE] §2.2.11.2/3
#[test]
fn later_fragments_name_no_payload() {
    for datagram in &fragments(b"some plaintext", 5)[1..] {
        assert_eq!(datagram[Header::LEN], 0);
    }
}

/// [MS-IKEE] §2.2.11.2/4
#[test]
fn reserved_of_a_fragment_is_zero() {
    for datagram in fragments(b"some plaintext", 5) {
        assert_eq!(datagram[Header::LEN + 1], 0);
    }
}

/// [MS-IKEE] §2.2.11.2/5
#[test]
fn reserved_of_a_fragment_is_ignored() {
    let mut datagram = fragments(b"some plaintext", 5).remove(0);
    datagram[Header::LEN + 1] = 0x7f;
    assert_eq!(receive(&mut ready(), &datagram), Gather::Pending);
}

/// [MS-IKEE] §2.2.11.2/6
#[test]
fn the_length_counts_header_numbers_iv_ciphertext_and_icv() {
    for (iv, icv) in [(16, 16), (8, 16)] {
        let body = vec![0; iv + 32 + icv];
        let fragment = EncryptedFragment {
            next: PayloadType::NONE,
            number: 2,
            total: 2,
            body: &body,
        };
        let mut datagram = Vec::new();
        MessageWriter::begin(&mut datagram, &header())
            .encode(kind::ENCRYPTED_FRAGMENT, &fragment)
            .finish();
        let length = u16::from_be_bytes([datagram[30], datagram[31]]);
        assert_eq!(usize::from(length), 8 + iv + 32 + icv);
        assert_eq!(fragment.encoded_len(), 4 + body.len());
    }
}

/// [MS-IKEE] §2.2.11.2/7
#[test]
fn fragments_are_numbered_from_one_to_the_total() {
    let numbers: Vec<_> = split(kind::ID_I, &[0; 1000], 300)
        .unwrap()
        .map(|piece| (piece.number, piece.total, piece.data.len()))
        .collect();
    assert_eq!(
        numbers,
        [(1, 4, 300), (2, 4, 300), (3, 4, 300), (4, 4, 100)]
    );
    assert_eq!(split(kind::ID_I, &[0; 600], 300).unwrap().count(), 2);
    assert_eq!(split(kind::ID_I, &[], 300).unwrap().count(), 1);
    assert!(split(kind::ID_I, &[0; 1], 0).is_none());
    assert!(split(kind::ID_I, &[0; 70_000], 1).is_none());
}

/// [MS-IKEE] §2.2.11.2/8
#[test]
fn a_number_beyond_the_total_is_dropped() {
    let mut rig = ready();
    assert!(is_dropped(&collect(&mut rig, 1, 4, 3, b"d")));
    assert_eq!(extension(&rig).queued(Rig::SA).count(), 0);
}

/// [MS-IKEE] §2.2.11.2/9
#[test]
fn number_zero_is_dropped() {
    let mut rig = ready();
    assert!(is_dropped(&collect(&mut rig, 1, 0, 3, b"?")));
    assert_eq!(extension(&rig).queued(Rig::SA).count(), 0);
}

/// [MS-IKEE] §2.2.11.2/10
#[test]
fn a_total_of_zero_is_dropped() {
    let mut rig = ready();
    assert!(is_dropped(&collect(&mut rig, 1, 1, 0, b"?")));
    assert_eq!(extension(&rig).queued(Rig::SA).count(), 0);
}

/// [MS-IKEE] §2.2.11.2/11
#[test]
fn a_larger_total_supersedes_and_a_smaller_one_is_stale() {
    let mut rig = ready();
    assert_eq!(collect(&mut rig, 1, 1, 3, b"old"), Gather::Pending);
    assert_eq!(collect(&mut rig, 1, 1, 5, b"a"), Gather::Pending);
    let queued: Vec<_> = extension(&rig).queued(Rig::SA).collect();
    assert_eq!((queued[0].received, queued[0].total), (1, 5));
    assert!(is_dropped(&collect(&mut rig, 1, 2, 3, b"old")));
    for (number, data) in [(2, b"b"), (3, b"c"), (4, b"d")] {
        assert_eq!(collect(&mut rig, 1, number, 5, data), Gather::Pending);
    }
    assert_eq!(collect(&mut rig, 1, 5, 5, b"e"), whole(b"abcde"));
}

/// [MS-IKEE] §2.2.11.2/12
#[test]
fn the_iv_has_the_length_of_the_cipher() {
    assert_eq!(Encryption::AES_CBC_256.iv_len(), 16);
    assert_eq!(Encryption::AES_GCM_16_256.iv_len(), 8);
    assert_eq!(IntegrityId::HMAC_SHA2_256_128.icv_len(), 16);
}

/// [MS-IKEE] §3.15.1/1
#[test]
fn we_support_it_when_it_is_on() {
    assert!(FragmentationV2::new().is_enabled());
    let off = FragmentationV2::new().with_enabled(false);
    assert!(!off.is_enabled());
    assert_eq!(limit(&mut negotiated(off)), None);
}

/// [MS-IKEE] §3.15.1/2
#[test]
fn the_peer_supports_it_once_its_notify_came() {
    for supports in [true, false] {
        let mut rig = Rig::new(FragmentationV2::new(), Role::Initiator);
        rig.outgoing(REQUEST, init(false));
        assert!(!extension(&rig).is_negotiated(Rig::SA));
        rig.incoming(RESPONSE, &init(supports));
        assert_eq!(extension(&rig).is_negotiated(Rig::SA), supports);
    }
}

/// [MS-IKEE] §3.15.1/2
#[test]
fn a_rekeyed_sa_inherits_what_its_peer_supports() {
    let mut rig = ready();
    rig.lifecycle(Lifecycle::Established);
    let successor = SaId::new(2);
    rig.lifecycle(Lifecycle::Succeeded(successor));
    rig.lifecycle(Lifecycle::Closed);
    assert!(!extension(&rig).is_negotiated(Rig::SA));
    assert!(extension(&rig).is_negotiated(successor));
}

/// [MS-IKEE] §3.15.1/3
#[test]
fn packets_are_576_octets_in_ipv4_and_1280_in_ipv6() {
    let mut rig = ready();
    assert_eq!(limit(&mut rig), Some(PACKET_SIZE_V4));
    for (peer, size) in [
        ("[2001:db8::1]:500", PACKET_SIZE_V6),
        ("[::ffff:192.0.2.1]:500", PACKET_SIZE_V4),
    ] {
        let (facts, _) = rig.host.sas.get_mut(&Rig::SA).unwrap();
        facts.peer = peer.parse::<SocketAddr>().unwrap();
        assert_eq!(limit(&mut rig), Some(size));
    }
    assert_eq!((PACKET_SIZE_V4, PACKET_SIZE_V6), (576, 1280));
    let larger = FragmentationV2::new().with_packet_sizes(1400, 0);
    assert_eq!(limit(&mut negotiated(larger)), Some(1400));
}

/// [MS-IKEE] §3.15.1/4
#[test]
fn the_queue_holds_number_total_and_data_by_message_id() {
    let mut rig = ready();
    collect(&mut rig, 1, 2, 3, b"bb");
    collect(&mut rig, 2, 1, 2, b"a");
    let queued: Vec<_> = extension(&rig)
        .queued(Rig::SA)
        .map(|it| (it.message.id, it.received, it.total, it.octets))
        .collect();
    assert_eq!(queued, [(1, 1, 3, 2), (2, 1, 2, 1)]);
}

/// [MS-IKEE] §3.15.1/4
#[test]
fn a_request_and_a_response_of_one_message_id_are_two_messages() {
    let mut rig = ready();
    collect(&mut rig, 1, 1, 2, b"a");
    let chunk = Chunk {
        message_id: 1,
        response: true,
        first: PayloadType::NONE,
        number: 2,
        total: 2,
        data: b"b",
    };
    let response = rig.call(|set, cx| set.collect(cx, Rig::SA, &chunk));
    assert_eq!(response, Some(Gather::Pending));
    assert_eq!(extension(&rig).queued(Rig::SA).count(), 2);
}

/// [MS-IKEE] §3.15.1/5
#[test]
fn fragments_and_their_octets_are_counted() {
    let mut rig = ready();
    collect(&mut rig, 1, 1, 2, b"abc");
    collect(&mut rig, 1, 1, 2, b"abc");
    collect(&mut rig, 1, 2, 2, b"d");
    let counters = extension(&rig).counters();
    assert_eq!((counters.fragments, counters.octets), (3, 7));
    assert_eq!((counters.dropped, counters.messages), (1, 1));
}

/// [MS-IKEE] §3.15.1/6
#[test]
fn a_message_in_too_many_fragments_is_dropped_whole() {
    let mut rig = ready();
    assert!(is_dropped(&collect(&mut rig, 1, 1, 65, b"a")));
    assert_eq!(extension(&rig).queued(Rig::SA).count(), 0);
    assert_eq!(collect(&mut rig, 1, 1, 64, b"a"), Gather::Pending);
    assert!(is_dropped(&collect(&mut rig, 1, 1, u16::MAX, b"a")));
    assert_eq!(extension(&rig).held(), 0);
    assert_eq!(rig.set.next_timeout(), None);
}

/// [MS-IKEE] §3.15.1/7
#[test]
fn a_message_that_grows_too_large_is_dropped_whole() {
    let mut rig = ready();
    let half = vec![0; 32 << 10];
    assert_eq!(collect(&mut rig, 1, 1, 3, &half), Gather::Pending);
    assert_eq!(collect(&mut rig, 1, 2, 3, &half), Gather::Pending);
    assert!(is_dropped(&collect(&mut rig, 1, 3, 3, b"!")));
    assert_eq!(extension(&rig).queued(Rig::SA).count(), 0);
    assert_eq!(extension(&rig).held(), 0);
    assert_eq!(collect(&mut rig, 2, 1, 2, &half), Gather::Pending);
    assert!(matches!(
        collect(&mut rig, 2, 2, 2, &half),
        Gather::Whole { .. }
    ));
}

/// [MS-IKEE] §3.15.1/7
#[test]
fn one_sa_holds_a_bounded_number_of_messages_and_octets() {
    let mut rig = ready();
    let data = vec![0; 40 << 10];
    let taken = (0..10).filter(|id| !is_dropped(&collect(&mut rig, *id, 1, 2, &data)));
    assert_eq!(taken.count(), 3, "octets");
    assert!(extension(&rig).held() <= Limits::default().held);
    let mut rig = ready();
    let taken = (0..10).filter(|id| !is_dropped(&collect(&mut rig, *id, 1, 2, b"")));
    assert_eq!(taken.count(), Limits::default().messages);
    assert_eq!(
        extension(&rig).held(),
        4 * OVERHEAD,
        "an empty one is not free"
    );
}

/// [MS-IKEE] §3.15.1/7
#[test]
fn all_sas_hold_a_bounded_number_of_octets_and_the_unproven_ones_half() {
    let mut rig = negotiated(FragmentationV2::new().with_memory(4 * (1000 + OVERHEAD)));
    for id in 0..2 {
        assert_eq!(collect(&mut rig, id, 1, 2, &[0; 1000]), Gather::Pending);
    }
    assert!(is_dropped(&collect(&mut rig, 2, 1, 2, &[0; 1000])));
    rig.lifecycle(Lifecycle::Established);
    for id in 2..4 {
        assert_eq!(collect(&mut rig, id, 1, 2, &[0; 1000]), Gather::Pending);
    }
    assert!(is_dropped(&collect(&mut rig, 0, 2, 2, b"")));
    rig.lifecycle(Lifecycle::Closed);
    assert_eq!(extension(&rig).held(), 0);
}

/// [MS-IKEE] §3.15.2/1
#[test]
fn what_is_incomplete_after_ninety_seconds_is_dropped() {
    let mut rig = ready();
    collect(&mut rig, 1, 1, 3, b"a");
    rig.advance(60 * SECOND);
    collect(&mut rig, 1, 2, 3, b"b");
    collect(&mut rig, 2, 1, 3, b"a");
    rig.advance(30 * SECOND);
    let left: Vec<_> = extension(&rig).queued(Rig::SA).collect();
    assert_eq!((left.len(), left[0].message.id), (1, 2));
    assert_eq!(extension(&rig).counters().expired, 1);
    rig.advance(60 * SECOND);
    assert_eq!(extension(&rig).held(), 0);
    assert_eq!(rig.set.next_timeout(), None);
}

/// [MS-IKEE] §3.15.2/1
#[test]
fn the_timer_is_at_most_ninety_seconds_and_stops_when_all_is_there() {
    let mut rig = negotiated(FragmentationV2::new().with_timeout(600 * SECOND));
    collect(&mut rig, 1, 1, 2, b"a");
    let due = rig.set.next_timeout().unwrap();
    assert_eq!(due.as_duration(), 90 * SECOND);
    collect(&mut rig, 1, 2, 2, b"b");
    assert_eq!(rig.set.next_timeout(), None);
}

/// [MS-IKEE] §3.15.3/1
#[test]
fn numbering_begins_anew_with_each_message() {
    for message in [&b"first message"[..], b"second message"] {
        let pieces: Vec<_> = split(kind::ID_I, message, 5).unwrap().collect();
        assert_eq!((pieces[0].number, pieces[0].first), (1, kind::ID_I));
        assert_eq!((pieces[1].number, pieces[1].first), (2, PayloadType::NONE));
    }
}

/// [MS-IKEE] §3.15.5.1/1
#[test]
fn a_responder_with_it_off_keeps_both_sides_from_fragmenting() {
    let off = FragmentationV2::new().with_enabled(false);
    let mut responder = Rig::new(off, Role::Responder);
    let mut initiator = Rig::new(FragmentationV2::new(), Role::Initiator);
    let request = initiator.outgoing(REQUEST, init(false));
    responder.incoming(REQUEST, &request);
    let response = responder.outgoing(RESPONSE, init(false));
    initiator.incoming(RESPONSE, &response);
    assert_eq!((limit(&mut initiator), limit(&mut responder)), (None, None));
    assert!(is_dropped(&collect(&mut initiator, 1, 1, 2, b"a")));
    assert!(is_dropped(&collect(&mut responder, 1, 1, 2, b"a")));
}

/// [MS-IKEE] §3.15.5.2/1
#[test]
fn with_both_notifies_both_sides_fragment() {
    let mut responder = Rig::new(FragmentationV2::new(), Role::Responder);
    let mut initiator = Rig::new(FragmentationV2::new(), Role::Initiator);
    let request = initiator.outgoing(REQUEST, init(false));
    responder.incoming(REQUEST, &request);
    assert_eq!(limit(&mut initiator), None);
    let response = responder.outgoing(RESPONSE, init(false));
    initiator.incoming(RESPONSE, &response);
    assert_eq!(limit(&mut initiator), Some(PACKET_SIZE_V4));
    assert_eq!(limit(&mut responder), Some(PACKET_SIZE_V4));
}

/// [MS-IKEE] §3.15.5.2/1
#[test]
fn a_forged_first_message_takes_nothing_from_an_authenticated_peer() {
    let mut rig = ready();
    rig.lifecycle(Lifecycle::Established);
    rig.incoming(REQUEST, &init(false));
    assert!(extension(&rig).is_negotiated(Rig::SA));
}

/// [MS-IKEE] §3.15.5.3/1
#[test]
fn what_fits_576_octets_goes_whole() {
    // The limit is that of the whole IP packet: a core fragments what is larger.
    let fits = |packet: usize| packet <= limit(&mut ready()).unwrap();
    assert!(fits(576));
    assert!(!fits(577));
}

/// [MS-IKEE] §3.15.5.3/2
#[test]
fn a_large_certificate_spans_fragments_and_comes_back_whole() {
    let plaintext: Vec<u8> = (0..3000_u32).map(|n| n.to_be_bytes()[3]).collect();
    let mut rig = ready();
    let mut datagrams = fragments(&plaintext, 480);
    let last = datagrams.pop().unwrap();
    for datagram in &datagrams {
        assert_eq!(receive(&mut rig, datagram), Gather::Pending);
    }
    assert_eq!(receive(&mut rig, &last), whole(&plaintext));
}

/// [MS-IKEE] §3.15.5.3/3
#[test]
fn the_header_of_a_fragment_differs_in_length_and_next_payload_only() {
    for datagram in fragments(b"some plaintext", 5) {
        let own = Message::parse(&datagram).unwrap().header;
        assert_eq!(own.next, kind::ENCRYPTED_FRAGMENT);
        let (next, length) = (kind::ENCRYPTED, 0);
        assert_eq!(
            Header {
                next,
                length,
                ..own
            },
            header()
        );
    }
}

/// [MS-IKEE] note 2/2
#[test]
fn it_is_on_by_default_whatever_the_release_of_the_peer() {
    let mut rig = Rig::new(FragmentationV2::default(), Role::Initiator);
    let (_, vendor_ids) = rig.host.sas.get_mut(&Rig::SA).unwrap();
    vendor_ids.push(b"any release".to_vec());
    assert_eq!(rig.outgoing(REQUEST, init(false)), init(true));
}

fn stock() -> Stock<FragmentationV2> {
    let auth = vec![OwnedPayload::new(kind::ID_I, [1; 40])];
    Stock {
        version: Version::V2,
        on: FragmentationV2::new,
        off: || FragmentationV2::new().with_enabled(false),
        idle: FragmentationV2::is_idle,
        peer: vec![
            (REQUEST, init(true)),
            (RESPONSE, init(true)),
            (Stage::request(ExchangeType::IKE_AUTH), auth),
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
