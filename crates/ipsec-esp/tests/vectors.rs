//! Packets that others made: the RFCs' and another implementation's.

use hex_literal::hex;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, EspSuite, IntegrityId};
use ipsec_esp::{InboundSa, OpenError, Parameters};

/// RFC 7634 Appendix A.
#[test]
fn the_chacha20_poly1305_packet_of_rfc_7634_opens() {
    let encryption =
        hex!("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3");
    let suite = EspSuite {
        encryption: Encryption::new(EncryptionId::CHACHA20_POLY1305, 0),
        integrity: None,
        group: None,
        esn: false,
    };
    let parameters = Parameters {
        suite,
        spi: 0x0102_0304,
        mode: Mode::Tunnel,
        encryption: &encryption,
        integrity: &[],
    };
    let mut inbound = InboundSa::new(ike_rustcrypto::provider(), &parameters).unwrap();
    let mut packet = hex!(
        "0102030400000005101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43"
    );
    let opened = inbound.open(&mut packet).unwrap();
    assert_eq!((opened.next_header, opened.sequence), (4, 5));
    let inner = hex!(
        "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
    );
    assert_eq!(packet[opened.payload], inner);
}

const PING: [u8; 32] = hex!("450000200001000040015fcf0a0102030a0405060800192f0000000070696e67");

struct Case {
    id: EncryptionId,
    bits: u16,
    key: &'static [u8],
    integrity: Option<(IntegrityId, &'static [u8])>,
    packet: &'static [u8],
    /// The ICV with 64-bit sequence numbers; nothing else differs.
    extended_icv: &'static [u8],
}

static NUMBERS: [u8; 64] = hex!(
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
);

const fn first(length: usize) -> &'static [u8] {
    NUMBERS.split_at(length).0
}

const fn case(
    id: EncryptionId,
    bits: u16,
    key: &'static [u8],
    integrity: Option<(IntegrityId, &'static [u8])>,
    packet: &'static [u8],
    extended_icv: &'static [u8],
) -> Case {
    Case {
        id,
        bits,
        key,
        integrity,
        packet,
        extended_icv,
    }
}

/// Scapy 2.6 made these, SPI 0x2001 and sequence number 5, from keys 00 01 02 … and salts in ASCII.
const CASES: [Case; 7] = [
    case(
        EncryptionId::AES_CBC,
        128,
        first(16),
        Some((IntegrityId::HMAC_SHA2_256_128, first(32))),
        &hex!(
            "0000200100000005808182838485868788898a8b8c8d8e8f71729003a0e11256134b06959e11ebbbc76196e331f724b8aa7e9bc500edafb26cf65b6b11f177858ab98dc38c9713dd85036133fd09b4321514d9bb5d6444e4"
        ),
        &hex!("bbb7acbe1c456b6c64d4f53d94338ffc"),
    ),
    case(
        EncryptionId::AES_GCM_16,
        256,
        &hex!("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f73616c74"),
        None,
        &hex!(
            "00002001000000058081828384858687f5e17f3452120ad446909c8f1ae7df6d7ba820199f0a04c7777bc73cdb6b84e5d4900f47be9cd083fd3eb7b35081a88e8eb3a1fb"
        ),
        &hex!("24a5ed25b34309c74a1856ba4426b932"),
    ),
    case(
        EncryptionId::AES_CCM_16,
        128,
        &hex!("000102030405060708090a0b0c0d0e0f736c74"),
        None,
        &hex!(
            "00002001000000058081828384858687e7816217a96b6d4842af1d964766e86a5db7b5892d929106d244b4dc3d7c80e1b39bede5671755783f5c64672a36ffb555d61bec"
        ),
        &hex!("6302a76998be7dcbc853624e2e4cd368"),
    ),
    case(
        EncryptionId::AES_CTR,
        128,
        &hex!("000102030405060708090a0b0c0d0e0f6e6f6e63"),
        Some((IntegrityId::HMAC_SHA1_96, first(20))),
        &hex!(
            "00002001000000058081828384858687c4b60a23b30d389701cfe1021241bb5c912324b1c3c1659ce14b91a4a09f9d7e425082af2a8a3efa55ffbe50d3335dac"
        ),
        &hex!("7a61a31cb8cf6d113bbb81a1"),
    ),
    case(
        EncryptionId::NULL,
        0,
        &[],
        Some((IntegrityId::HMAC_SHA2_512_256, first(64))),
        &hex!(
            "0000200100000005450000200001000040015fcf0a0102030a0405060800192f0000000070696e67010202047b8e7626928c4fb4039913312843b36a82c2f6c483e4feb3893aeba803e88d05"
        ),
        &hex!("7ab522c9941ff899f1973f593896ce21db3850873f3fbef101000be7f30e2da6"),
    ),
    case(
        EncryptionId::CHACHA20_POLY1305,
        0,
        &hex!("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f73616c74"),
        None,
        &hex!(
            "000020010000000580818283848586875966f59a49ca9463adb9ed78a0084d3669f1946d25c6e757021c91a0a0d88416bb10b1e6b76ef4d394995a06da3a69a5d1c10aac"
        ),
        &hex!("556638cb046a64df417a6055bb5354a1"),
    ),
    case(
        EncryptionId::TDES,
        0,
        &hex!("0102030405060708090a0b0c0d0e0f101112131415161718"),
        Some((IntegrityId::HMAC_MD5_96, first(16))),
        &hex!(
            "00002001000000058081828384858687adc2774d03e58ae2e59b0afa86e06189a347c9a41374cf5a31ea9a2d17ea3bc4afc74f45a2d6b0fbd13f692c13114c9278c8855b"
        ),
        &hex!("0bac61d8d4e3c16b5dafb988"),
    ),
];

#[test]
fn packets_of_another_implementation_open() {
    for case in CASES {
        for esn in [false, true] {
            let suite = EspSuite {
                encryption: Encryption::new(case.id, case.bits),
                integrity: case.integrity.map(|(id, _)| id),
                group: None,
                esn,
            };
            let parameters = Parameters {
                suite,
                spi: 0x2001,
                mode: Mode::Tunnel,
                encryption: case.key,
                integrity: case.integrity.map_or(&[], |(_, key)| key),
            };
            let mut packet = case.packet.to_vec();
            if esn {
                let at = packet.len() - case.extended_icv.len();
                packet[at..].copy_from_slice(case.extended_icv);
            }
            let mut inbound = InboundSa::new(ike_rustcrypto::provider(), &parameters).unwrap();
            let mut copy = packet.clone();
            let opened = inbound
                .open(&mut packet)
                .unwrap_or_else(|error| panic!("{suite}: {error}"));
            assert_eq!((opened.next_header, opened.sequence), (4, 5), "{suite}");
            assert_eq!(packet[opened.payload], PING, "{suite}");
            assert_eq!(inbound.open(&mut copy), Err(OpenError::Replay), "{suite}");
        }
    }
}
