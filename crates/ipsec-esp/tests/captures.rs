//! A real peer's packets, with the keys that were published with them.

use std::io::Read as _;
use std::path::PathBuf;

use hex_literal::hex;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, EspSuite, IntegrityId};
use ipsec_esp::{InboundSa, OpenError, Parameters, ip, udp};

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn capture(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = root.join("captures").join(name);
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    let mut octets = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut octets)
        .ok()?;
    Some(octets)
}

/// The packets of a little-endian pcapng, without their Ethernet headers.
fn packets(mut file: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while file.len() >= 12 {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        if word(0) == 6 {
            packets.push(file[28 + 14..28 + word(20)].to_vec());
        }
        file = &file[word(4)..];
    }
    packets
}

/// Wireshark's sample for its bug 12671: pings between two hosts, AES-CBC and HMAC-SHA1-96, tunnel mode.
#[test]
fn the_packets_of_a_wireshark_capture_open() {
    let Some(file) = capture("wireshark/esp-bug-12671.pcapng.gz") else {
        return;
    };
    let suite = EspSuite {
        encryption: Encryption::new(EncryptionId::AES_CBC, 128),
        integrity: Some(IntegrityId::HMAC_SHA1_96),
        group: None,
        esn: false,
    };
    let keys: [(u32, [u8; 16], [u8; 20]); 2] = [
        (
            0x0708_83c2,
            hex!("5de1a4c2c72662c9fda7a7c78cd25623"),
            hex!("51c9213c18232f8f26c70c4dee6e0e6d56e31e8a"),
        ),
        (
            0xc254_fe64,
            hex!("88e1dad7140af03b8d4f3d734d21be4b"),
            hex!("3e00d517c1220d4b7d2950fcc02edd4b6023d278"),
        ),
    ];
    let mut sas = keys.map(|(spi, encryption, integrity)| {
        let parameters = Parameters {
            suite,
            spi,
            mode: Mode::Tunnel,
            encryption: &encryption,
            integrity: &integrity,
        };
        InboundSa::new(ike_rustcrypto::provider(), &parameters).unwrap()
    });
    let packets = packets(&file);
    assert_eq!(packets.len(), 6);
    for (number, packet) in packets.iter().enumerate() {
        let range = udp::locate(packet).unwrap().unwrap();
        let mut esp = packet[range].to_vec();
        let mut copy = esp.clone();
        let sa = &mut sas[usize::from(esp[..4] == 0xc254_fe64_u32.to_be_bytes())];
        let opened = sa.open(&mut esp).unwrap();
        assert_eq!(
            (opened.next_header, opened.sequence),
            (ip::V4, number as u64 / 2 + 1)
        );
        let inner = &esp[opened.payload];
        let header = ip::Header::parse(inner).unwrap();
        assert_eq!((header.protocol, header.total), (1, inner.len()));
        let message = &inner[header.payload..];
        assert_eq!(
            message[0],
            if number % 2 == 0 { 8 } else { 0 },
            "an echo request, then its reply"
        );
        assert_eq!(ip::checksum(message), 0);
        assert_eq!(sa.open(&mut copy), Err(OpenError::Replay));
    }
}
