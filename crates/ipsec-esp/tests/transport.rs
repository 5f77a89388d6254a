//! Transport mode: an IP packet goes in and the same comes out.

use ike_crypto::random::SeededRandom;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, EspSuite};
use ipsec_esp::{InboundSa, OpenError, OutboundSa, Parameters, SealError, ip, transport, udp};

fn pair() -> (OutboundSa, InboundSa) {
    let suite = EspSuite {
        encryption: Encryption::new(EncryptionId::AES_GCM_16, 128),
        integrity: None,
        group: None,
        esn: false,
    };
    let parameters = Parameters {
        suite,
        spi: 4096,
        mode: Mode::Transport,
        encryption: &[7; 20],
        integrity: &[],
    };
    let provider = ike_rustcrypto::provider();
    let mut random = SeededRandom::new([1; 32]);
    let outbound = OutboundSa::new(provider, &parameters, &mut random).unwrap();
    (outbound, InboundSa::new(provider, &parameters).unwrap())
}

/// IPv4; IPv4 with options; IPv6; IPv6 with hop-by-hop, routing and destination options.
fn packets() -> Vec<Vec<u8>> {
    let mut plain = vec![0; 20];
    ip::write_header(
        &mut plain,
        [10, 0, 0, 1].into(),
        [10, 0, 0, 2].into(),
        6,
        33,
    )
    .unwrap();
    plain.extend([0x33; 33]);

    let mut options = vec![0; 24];
    ip::write_header(
        &mut options,
        [10, 0, 0, 1].into(),
        [10, 0, 0, 2].into(),
        17,
        44,
    )
    .unwrap();
    options[0] = 0x46;
    options[20..24].copy_from_slice(&[0x94, 4, 0, 0]);
    options[10..12].fill(0);
    let sum = ip::checksum(&options[..24]);
    options[10..12].copy_from_slice(&sum.to_be_bytes());
    options.extend([0x44; 40]);

    let (a, b) = (
        "2001:db8::1".parse().unwrap(),
        "2001:db8::2".parse().unwrap(),
    );
    let mut six = vec![0; 40];
    ip::write_header(&mut six, a, b, 58, 21).unwrap();
    six.extend([0x55; 21]);

    let mut extended = vec![0; 40];
    ip::write_header(&mut extended, a, b, 0, 28).unwrap();
    extended.extend([43, 0, 1, 4, 0, 0, 0, 0]);
    extended.extend([60, 0, 4, 0, 0, 0, 0, 0]);
    extended.extend([17, 0, 1, 4, 0, 0, 0, 0]);
    extended.extend([0x66; 4]);
    vec![plain, options, six, extended]
}

#[test]
fn every_packet_comes_out_as_it_went_in() {
    let (mut outbound, mut inbound) = pair();
    for packet in packets() {
        let split = transport::split(&packet).unwrap();
        let start = outbound.headroom();
        let mut buffer = vec![0xEE; start];
        buffer.extend(&packet);
        buffer.resize(buffer.len() + outbound.tailroom(split.payload.len()), 0xEE);
        let range =
            transport::seal(&mut outbound, &mut buffer, start..start + packet.len()).unwrap();
        assert_eq!(range, 0..buffer.len());
        let header = ip::Header::parse(&buffer).unwrap();
        assert_eq!(header.total, buffer.len());
        if header.source.is_ipv4() {
            assert_eq!(ip::checksum(&buffer[..header.payload]), 0);
        }
        assert_eq!(
            udp::locate(&buffer).unwrap(),
            Some(split.header.end..buffer.len())
        );
        let range = transport::open(&mut inbound, &mut buffer).unwrap();
        assert_eq!(&buffer[range], &packet[..]);
    }
}

#[test]
fn destination_options_for_the_end_are_encrypted() {
    let extended = packets().pop().unwrap();
    let split = transport::split(&extended).unwrap();
    assert_eq!((split.header.end, split.protocol), (56, 60));
}

#[test]
fn a_buffer_without_room_leaves_everything_as_it_was() {
    let (mut outbound, _) = pair();
    let packet = packets().remove(0);
    let head = outbound.headroom();
    for (before, after) in [(head - 1, 100), (head, 0)] {
        let mut buffer = vec![0; before];
        buffer.extend(&packet);
        buffer.resize(buffer.len() + after, 0);
        let copy = buffer.clone();
        let range = before..before + packet.len();
        assert_eq!(
            transport::seal(&mut outbound, &mut buffer, range),
            Err(SealError::Room)
        );
        assert_eq!(buffer, copy);
    }
    assert_eq!(outbound.sequence(), 0);
}

#[test]
fn packets_without_esp_and_fragments_are_refused() {
    let (mut outbound, mut inbound) = pair();
    let mut packet = packets().remove(0);
    assert_eq!(
        transport::open(&mut inbound, &mut packet.clone()),
        Err(OpenError::NextHeader(6))
    );
    assert_eq!(udp::locate(&packet), Ok(None));
    packet[6] = 0x20;
    let fragment = transport::seal(&mut outbound, &mut packet, 0..53);
    assert_eq!(fragment, Err(SealError::Header(ip::Defect::Fragment)));
}

#[test]
fn esp_in_udp_is_found() {
    let (mut outbound, mut inbound) = pair();
    let start = 28 + outbound.headroom();
    let mut packet = vec![0; start + 16];
    let range = outbound.seal_vec(&mut packet, start, 17).unwrap();
    assert_eq!(range.start, 28);
    let length = packet.len() - 20;
    ip::write_header(
        &mut packet,
        [10, 0, 0, 1].into(),
        [10, 0, 0, 2].into(),
        17,
        length,
    )
    .unwrap();
    packet[20..24].copy_from_slice(&[0x11, 0x94, 0x30, 0x39]);
    packet[24..26].copy_from_slice(&(length as u16).to_be_bytes());
    assert_eq!(udp::locate(&packet), Ok(Some(range.clone())));
    assert_eq!(inbound.open(&mut packet[range]).unwrap().next_header, 17);
}
