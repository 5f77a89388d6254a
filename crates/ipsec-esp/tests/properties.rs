//! Every suite, every size: what is sealed opens, and what was touched does not.

use ike_crypto::Provider;
use ike_crypto::random::SeededRandom;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, EspSuite, IntegrityId};
use ipsec_esp::{InboundSa, OpenError, OutboundSa, Parameters, ip};
use proptest::prelude::*;

const SPI: u32 = 0xC0FF_EE01;

fn provider() -> &'static Provider {
    ike_rustcrypto::provider()
}

/// Every suite that the provider has: each AEAD, and each cipher and NULL with each integrity algorithm.
fn suites() -> Vec<EspSuite> {
    let legacy = &provider().legacy;
    let ciphers: Vec<_> = provider()
        .ciphers
        .iter()
        .chain(legacy.ciphers)
        .map(|entry| entry.encryption())
        .collect();
    let macs: Vec<_> = provider()
        .integrities
        .iter()
        .chain(legacy.integrities)
        .map(|entry| entry.id())
        .collect();
    let suite = |encryption, integrity, esn| EspSuite {
        encryption,
        integrity,
        group: None,
        esn,
    };
    let null = Encryption::new(EncryptionId::NULL, 0);
    let mut suites = Vec::new();
    for esn in [false, true] {
        for &encryption in ciphers.iter().chain([&null]) {
            if encryption.is_aead() {
                suites.push(suite(encryption, None, esn));
            } else {
                suites.extend(macs.iter().map(|&mac| suite(encryption, Some(mac), esn)));
            }
        }
    }
    suites.retain(|suite| suite.encryption.id != EncryptionId::NULL_AES_GMAC);
    assert!(suites.len() > 40, "{}", suites.len());
    suites
}

fn pair(suite: EspSuite, mode: Mode) -> (OutboundSa, InboundSa) {
    let encryption: Vec<u8> = (0..)
        .take(suite.encryption.key_len() + suite.encryption.salt_len())
        .collect();
    let integrity: Vec<u8> = (100..)
        .take(suite.integrity.map_or(0, IntegrityId::key_len))
        .collect();
    let parameters = Parameters {
        suite,
        spi: SPI,
        mode,
        encryption: &encryption,
        integrity: &integrity,
    };
    let mut random = SeededRandom::new([3; 32]);
    let outbound = OutboundSa::new(provider(), &parameters, &mut random);
    let inbound = InboundSa::new(provider(), &parameters);
    (
        outbound.unwrap_or_else(|error| panic!("{suite}: {error}")),
        inbound.unwrap(),
    )
}

fn seal(sa: &mut OutboundSa, payload: &[u8], next_header: u8) -> Vec<u8> {
    let mut buffer = vec![0xEE; sa.headroom()];
    buffer.extend_from_slice(payload);
    let range = sa
        .seal_vec(&mut buffer, sa.headroom(), next_header)
        .unwrap();
    assert_eq!(range, 0..buffer.len());
    buffer
}

#[test]
fn every_suite_opens_what_it_sealed_at_every_size() {
    for suite in suites() {
        let (mut outbound, mut inbound) = pair(suite, Mode::Tunnel);
        for size in (0..70).chain([575, 576, 1399, 1400, 1401, 9000]) {
            let payload: Vec<u8> = (0..size).map(|at| (at * 7) as u8).collect();
            let mut packet = seal(&mut outbound, &payload, ip::V4);
            assert_eq!(packet.len() % 4, 0, "{suite}");
            let opened = inbound
                .open(&mut packet)
                .unwrap_or_else(|error| panic!("{suite} {size}: {error}"));
            assert_eq!(opened.next_header, ip::V4);
            assert_eq!(opened.sequence, outbound.sequence());
            assert_eq!(&packet[opened.payload], &payload[..], "{suite} {size}");
        }
    }
}

#[test]
fn every_flipped_octet_is_refused_by_every_suite() {
    for suite in suites() {
        let (mut outbound, mut inbound) = pair(suite, Mode::Tunnel);
        let packet = seal(&mut outbound, &[0x45; 21], ip::V4);
        for at in 0..packet.len() {
            let mut touched = packet.clone();
            touched[at] ^= 0x10;
            let error = inbound.open(&mut touched).unwrap_err();
            match at {
                0..4 => assert!(matches!(error, OpenError::Spi(_)), "{suite} {at}: {error}"),
                _ => assert_eq!(error, OpenError::Integrity, "{suite} {at}"),
            }
        }
        assert_eq!(inbound.sequence(), 0, "a forgery moves no window");
        inbound.open(&mut packet.clone()).unwrap();
        assert_eq!(inbound.open(&mut packet.clone()), Err(OpenError::Replay));
    }
}

#[test]
fn every_truncation_and_extension_is_refused_by_every_suite() {
    for suite in suites() {
        let (mut outbound, mut inbound) = pair(suite, Mode::Tunnel);
        let packet = seal(&mut outbound, &[0x45; 37], ip::V4);
        for end in 0..packet.len() {
            inbound.open(&mut packet[..end].to_vec()).unwrap_err();
        }
        for more in 1..40 {
            let mut longer = packet.clone();
            longer.resize(packet.len() + more, 0);
            inbound.open(&mut longer).unwrap_err();
        }
        inbound.open(&mut packet.clone()).unwrap();
    }
}

#[test]
fn the_other_extension_of_sequence_numbers_is_refused() {
    for suite in suites() {
        let (mut outbound, _) = pair(suite, Mode::Tunnel);
        let (_, mut inbound) = pair(
            EspSuite {
                esn: !suite.esn,
                ..suite
            },
            Mode::Tunnel,
        );
        let mut packet = seal(&mut outbound, &[0x45; 37], ip::V4);
        assert_eq!(
            inbound.open(&mut packet),
            Err(OpenError::Integrity),
            "{suite}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_octets_after_the_spi_are_survived(
        rest in prop::collection::vec(any::<u8>(), 0..200),
        index in any::<prop::sample::Index>(),
    ) {
        let suites = suites();
        let (_, mut inbound) = pair(suites[index.index(suites.len())], Mode::Tunnel);
        let mut packet = SPI.to_be_bytes().to_vec();
        packet.extend(rest);
        prop_assert!(inbound.open(&mut packet).is_err());
        prop_assert_eq!(inbound.sequence(), 0);
    }

    #[test]
    fn packets_in_any_order_are_accepted_once(order in prop::collection::vec(0_usize..50, 1..300)) {
        let suite = EspSuite {
            encryption: Encryption::new(EncryptionId::AES_GCM_16, 128),
            integrity: None,
            group: None,
            esn: false,
        };
        let (mut outbound, mut inbound) = pair(suite, Mode::Tunnel);
        let packets: Vec<_> = (0..50).map(|number| seal(&mut outbound, &[number; 20], ip::V4)).collect();
        let mut seen = [false; 50];
        for at in order {
            let mut packet = packets[at].clone();
            let expected = if seen[at] { Err(OpenError::Replay) } else { Ok(at as u64 + 1) };
            prop_assert_eq!(inbound.open(&mut packet).map(|opened| opened.sequence), expected);
            seen[at] = true;
        }
    }
}
