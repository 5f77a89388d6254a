use alloc::vec::Vec;

use hex_literal::hex;

use super::*;

fn v6(extensions: &[&[u8]], first: u8, payload: &[u8]) -> Vec<u8> {
    let body: Vec<u8> = extensions
        .concat()
        .into_iter()
        .chain(payload.iter().copied())
        .collect();
    let mut packet = alloc::vec![0; V6_LEN];
    let (a, b) = (
        "2001:db8::1".parse().unwrap(),
        "2001:db8::2".parse().unwrap(),
    );
    write_header(&mut packet, a, b, first, body.len()).unwrap();
    packet.extend(body);
    packet
}

/// RFC 1071 §3.
#[test]
fn the_checksum_is_the_published_one() {
    assert_eq!(checksum(&hex!("0001 f203 f4f5 f6f7")), !0xddf2);
    assert_eq!(checksum(&[]), 0xFFFF);
    assert_eq!(checksum(&[1]), !0x0100);
}

#[test]
fn a_header_that_was_written_is_read() {
    let mut packet = [0; 64];
    let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
    assert_eq!(write_header(&mut packet, a, b, 17, 44), Ok(20));
    assert_eq!(checksum(&packet[..20]), 0);
    let header = Header::parse(&packet).unwrap();
    assert_eq!((header.source, header.destination), (a, b));
    assert_eq!(
        (header.protocol, header.payload, header.total),
        (17, 20, 64)
    );
    assert!(!header.is_fragment() && !header.dont_fragment);
    let six = "::1".parse().unwrap();
    assert_eq!(
        write_header(&mut packet, a, six, 17, 44),
        Err(Defect::Version)
    );
    assert_eq!(
        write_header(&mut packet, a, b, 17, 65_516),
        Err(Defect::Length)
    );
    assert_eq!(
        write_header(&mut packet[..19], a, b, 17, 0),
        Err(Defect::Truncated)
    );
}

#[test]
fn extension_headers_are_walked() {
    let packet = v6(
        &[
            &hex!("2b00 01040000 0000"),
            &hex!("3c00 00000000 0000"),
            &hex!("0600 01040000 0000"),
        ],
        0,
        &[7; 20],
    );
    let header = Header::parse(&packet).unwrap();
    assert_eq!((header.protocol, header.payload, header.total), (6, 64, 84));
    // destination options behind the routing header are for the end: ESP goes before them
    let (place, total) = Place::insertion(&packet).unwrap();
    assert_eq!(
        (place.kind, place.at, place.named_at, total),
        (60, 56, 48, 84)
    );
}

#[test]
fn destination_options_before_a_routing_header_stay_in_front() {
    let packet = v6(
        &[&hex!("2b00 01040000 0000"), &hex!("0600 00000000 0000")],
        60,
        &[7; 20],
    );
    let (place, _) = Place::insertion(&packet).unwrap();
    assert_eq!((place.kind, place.at, place.named_at), (6, 56, 48));
}

#[test]
fn a_later_fragment_has_octets_and_no_header() {
    // next header 60, offset 1: the eight octets behind it are data
    let packet = v6(&[&hex!("3c00 0009 00000001")], 44, &[0xFF; 8]);
    let header = Header::parse(&packet).unwrap();
    assert_eq!((header.protocol, header.payload), (60, 48));
    assert_eq!((header.fragment_offset, header.more_fragments), (1, true));
    assert_eq!(Place::insertion(&packet), Err(Defect::Fragment));
}

#[test]
fn endless_extension_headers_end() {
    let packet = v6(&[&[0; 8][..]; 40], 0, &[]);
    assert_eq!(Header::parse(&packet), Err(Defect::Chain));
}

#[test]
fn every_truncation_is_a_defect_and_every_octet_is_survived() {
    let six = v6(
        &[&hex!("2b00 01040000 0000"), &hex!("1100 00000000 0000")],
        0,
        &[7; 12],
    );
    let mut four = [0; 40];
    write_header(&mut four, [1, 2, 3, 4].into(), [5, 6, 7, 8].into(), 6, 20).unwrap();
    for packet in [&six[..], &four[..]] {
        for end in 0..packet.len() {
            assert!(Header::parse(&packet[..end]).is_err());
            assert!(Place::insertion(&packet[..end]).is_err());
        }
        for at in 0..packet.len() {
            for value in 0..=255 {
                let mut packet = packet.to_vec();
                packet[at] = value;
                if let Ok(header) = Header::parse(&packet) {
                    assert!(header.payload <= header.total && header.total <= packet.len());
                }
                if let Ok((place, total)) = Place::insertion(&packet) {
                    assert!(place.at <= total && place.named_at < place.at);
                }
            }
        }
    }
}

#[test]
fn contradictory_lengths_are_refused() {
    let mut packet = [0; 40];
    write_header(&mut packet, [1, 2, 3, 4].into(), [5, 6, 7, 8].into(), 6, 20).unwrap();
    packet[0] = 0x44;
    assert_eq!(Header::parse(&packet), Err(Defect::Length));
    packet[0] = 0x4B;
    assert_eq!(Header::parse(&packet), Err(Defect::Length));
    packet[0] = 0x55;
    assert_eq!(Header::parse(&packet), Err(Defect::Version));
}
