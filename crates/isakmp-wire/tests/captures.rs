//! Real messages, byte for byte, both ways: every capture that lies beside the repository.

#[path = "captures/facts.rs"]
mod facts;
#[path = "captures/files.rs"]
mod files;
#[path = "captures/typed.rs"]
mod typed;

use files::Found;
use isakmp_wire::ErrorKind::{
    self, AddressLength, MessageLength, PayloadLength, TooManyPayloads, TrailingBytes, Truncated,
};
use isakmp_wire::{
    Header, Message, MessageWriter, ParseError, PayloadChain, RawPayload, v1, v2, vendor_id,
};

/// A defect and its offset.
type Defect = (ErrorKind, usize);

/// What is wrong with the messages that are malformed by origin: file, frame, the first defect of the message; behind a
/// wrong length that of the chain; in the payloads before that the first one of a typed payload.
const MALFORMED: &[(&str, usize, Defect, Defect, Option<Defect>)] = &[
    // Not an IKE message at all, but an IP packet.
    (
        "ancwrd1-isakmp/ip-udp-esp.bin",
        0,
        LENGTH,
        (PayloadLength, 30),
        None,
    ),
    // The first payload is of type 127 and fills the message, but names a next one.
    (
        "ndpi/ipsec_isakmp_esp.pcap",
        192,
        (Truncated, 812),
        (Truncated, 812),
        None,
    ),
    (
        "tcpdump/ikev1_id_ipv6_addr_subnet-oobr.pcap",
        1,
        LENGTH,
        (PayloadLength, 62),
        Some((AddressLength, 36)),
    ),
    (
        "tcpdump/ikev2-id-normal.pcap",
        1,
        (TrailingBytes, 37),
        (TrailingBytes, 37),
        Some((AddressLength, 36)),
    ),
    (
        "tcpdump/isakmp-delete-segfault.pcap",
        1,
        LENGTH,
        (PayloadLength, 30),
        None,
    ),
    (
        "tcpdump/isakmp-ikev1_n_print-oobr.pcap",
        1,
        LENGTH,
        (PayloadLength, 35),
        Some((Truncated, 32)),
    ),
    (
        "tcpdump/isakmp-ikev1_n_print-oobr.pcap",
        3,
        LENGTH,
        (PayloadLength, 35),
        Some((Truncated, 32)),
    ),
    (
        "tcpdump/isakmp-no-none-np.pcapng",
        1,
        LENGTH,
        (TooManyPayloads, 1820),
        None,
    ),
    (
        "tcpdump/isakmp-pointer-loop.pcap",
        1,
        LENGTH,
        (Truncated, 28),
        None,
    ),
    (
        "tcpdump/isakmpv1-attr-oobr.pcap",
        1,
        LENGTH,
        (TrailingBytes, 44),
        None,
    ),
];

/// The length field of the header does not fit the datagram.
const LENGTH: Defect = (MessageLength, 24);

/// A message whose proposals have every reserved octet set: it is read, and written with zeros.
const RESERVED_SET: &str = "ike-scan/pkt-custom-proposal.dat";

/// The messages that parse, with the rest counted against [`MALFORMED`].
fn well_formed(found: &[Found]) -> impl Iterator<Item = (&Found, Message<'_>)> {
    found
        .iter()
        .filter_map(|found| Some((found, Message::parse(&found.bytes).ok()?)))
}

#[test]
fn every_malformed_message_is_refused_with_its_defect_and_offset_and_no_other_is() {
    let Some(folder) = files::folder() else {
        return;
    };
    let defect = |error: ParseError| (error.kind, error.offset);
    let found = files::messages(&folder);
    let mut refused = Vec::new();
    for found in &found {
        let Err(error) = Message::parse(&found.bytes) else {
            continue;
        };
        let first = Header::parse(&found.bytes).unwrap().next;
        let body = &found.bytes[Header::LEN..];
        let (chain, damage) = PayloadChain::parse_partial(first, body, Header::LEN);
        let typed = chain.iter().find_map(|raw| typed::reencode(raw)?.err());
        refused.push((
            found.file.as_str(),
            found.frame,
            defect(error),
            defect(damage.unwrap()),
            typed.map(defect),
        ));
    }
    assert_eq!(refused, MALFORMED);
}

#[test]
fn every_well_formed_message_is_written_again_byte_for_byte() {
    let Some(folder) = files::folder() else {
        return;
    };
    let found = files::messages(&folder);
    let mut count = 0;
    for (found, message) in well_formed(&found) {
        let mut out = Vec::new();
        if let Some(body) = message.encrypted_body() {
            message.header.encode(&mut out);
            out.extend_from_slice(body);
        } else {
            let mut writer = MessageWriter::begin(&mut out, &message.header);
            for payload in message.payloads {
                writer.raw(&payload);
            }
            writer.padding(message.padding()).finish();
        }
        assert_eq!(out, found.bytes, "{}", found.place());
        count += 1;
    }
    assert!(count > 200, "only {count} messages found");
}

/// RFC 2408 §3.5: reserved fields are ignored; on sending they are zero.
#[test]
fn every_payload_of_a_known_type_is_read_and_written_again_byte_for_byte() {
    let Some(folder) = files::folder() else {
        return;
    };
    let found = files::messages(&folder);
    let mut count = 0;
    for (found, message) in well_formed(&found) {
        for payload in message.payloads {
            let Some(again) = typed::reencode(payload) else {
                continue;
            };
            let again = again.unwrap();
            if found.file == RESERVED_SET && payload.kind == v1::kind::SA {
                let cleared = RawPayload::new(payload.kind, &again);
                assert_ne!(again, payload.body);
                assert_eq!(typed::reencode(cleared), Some(Ok(again.clone())));
            } else {
                assert_eq!(again, payload.body, "{}", found.place());
            }
            count += 1;
        }
    }
    assert!(count > 500, "only {count} payloads found");
}

#[test]
fn what_others_have_decoded_is_what_we_read() {
    let Some(folder) = files::folder() else {
        return;
    };
    let facts = facts::load(&folder);
    let found = files::messages(&folder);
    let (mut messages, mut values) = (0, 0);
    for (found, message) in well_formed(&found) {
        let frame = u64::try_from(found.frame).unwrap();
        if let Some(fact) = facts.get(&(found.file.clone(), frame)) {
            messages += 1;
            values += facts::compare(fact, &message);
        }
    }
    assert!(messages > 200, "only {messages} messages have facts");
    assert!(values > 3_000, "only {values} values compared");
}

/// [MS-IKEE] note 6: what a Windows 10 client announces in main mode message 1.
#[test]
fn the_windows_10_client_announces_itself_by_known_vendor_ids() {
    let Some(folder) = files::folder() else {
        return;
    };
    let found = files::messages(&folder);
    let (_, message) = well_formed(&found)
        .find(|(found, _)| found.file == "windows/win10-l2tp-ikev1-mm1.pcap")
        .unwrap();
    let sa = message.payloads.first(v1::kind::SA).unwrap();
    let sa = v1::SecurityAssociation::parse(sa).unwrap();
    assert_eq!(sa.proposals().next().unwrap().transforms().count(), 5);
    let prefixes: Vec<_> = message
        .payloads
        .all(v1::kind::VENDOR_ID)
        .map(|payload| vendor_id::lookup(payload.body).unwrap().0.prefix)
        .collect();
    let expected: [&[u8]; 8] = [
        &vendor_id::KEY_MODS,
        &vendor_id::MS_NT5_ISAKMPOAKLEY,
        &vendor_id::NAT_T_RFC_3947,
        &vendor_id::NAT_T_DRAFT_02,
        &vendor_id::FRAGMENTATION,
        &vendor_id::NEGOTIATION_DISCOVERY,
        &vendor_id::VID_INITIAL_CONTACT,
        &vendor_id::IKE_CGA,
    ];
    assert_eq!(prefixes, expected);
}

#[test]
fn the_windows_ikev2_client_offers_twelve_proposals_and_a_large_ike_auth() {
    let Some(folder) = files::folder() else {
        return;
    };
    let found = files::messages(&folder);
    let client: Vec<_> = well_formed(&found)
        .filter(|(found, _)| found.file == "windows/win-ikev2-client-ipsec_client.pcap")
        .map(|(_, message)| message)
        .collect();
    let sa = client[0].payloads.first(v2::kind::SA).unwrap();
    let sa = v2::SecurityAssociation::parse(sa).unwrap();
    assert_eq!(sa.proposals().count(), 12);
    let release = client[0]
        .payloads
        .all(v2::kind::VENDOR_ID)
        .find_map(|id| id.body.strip_prefix(&vendor_id::MS_NT5_ISAKMPOAKLEY));
    assert_eq!(release, Some(&[0, 0, 0, 9][..]));
    let auth = client.last().unwrap();
    assert_eq!(auth.header.length, 3468);
    let encrypted = auth.payloads.first(v2::kind::ENCRYPTED).unwrap();
    assert_eq!(encrypted.next, v2::kind::ID_I);
}
