//! What needs a look inside: fixed IVs, suites that [`OutboundSa::new`](crate::OutboundSa::new) refuses, and
//! sequence numbers that no test lives to reach.

use alloc::vec;
use alloc::vec::Vec;

use hex_literal::hex;
use ike_crypto::random::SeededRandom;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, EspSuite, IntegrityId};

use crate::replay::halves;
use crate::*;

fn suite(encryption: Encryption, integrity: Option<IntegrityId>, esn: bool) -> EspSuite {
    EspSuite {
        encryption,
        integrity,
        group: None,
        esn,
    }
}

fn aes_cbc_128() -> Encryption {
    Encryption::new(EncryptionId::AES_CBC, 128)
}

fn gcm() -> EspSuite {
    suite(Encryption::new(EncryptionId::AES_GCM_16, 128), None, false)
}

/// A packet of RFC 3602 §4.
struct Case {
    key: [u8; 16],
    packet: &'static [u8],
    sequence: u64,
    payload: &'static [u8],
    mode: Mode,
    next_header: u8,
}

/// Cases 5 to 8.
const RFC_3602: [Case; 4] = [
    Case {
        key: hex!("90d382b410eeba7ad938c46cec1a82bf"),
        packet: &hex!(
            "0000432100000001e96e8c08ab465763fd098d45dd3ff893f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6"
        ),
        sequence: 1,
        payload: &hex!(
            "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
        ),
        mode: Mode::Transport,
        next_header: 1,
    },
    Case {
        key: hex!("90d382b410eeba7ad938c46cec1a82bf"),
        packet: &hex!(
            "000043210000000869d08df7d203329db093fc4924e5bd80f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75"
        ),
        sequence: 8,
        payload: &hex!("0800b5e8a80a0500a69c083d0b660e00777777777777777777777777"),
        mode: Mode::Transport,
        next_header: 1,
    },
    Case {
        key: hex!("0123456789abcdef0123456789abcdef"),
        packet: &hex!(
            "0000876500000002f4e765244f6407adf13dc1380f673f37773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d"
        ),
        sequence: 2,
        payload: &hex!(
            "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
        ),
        mode: Mode::Tunnel,
        next_header: 4,
    },
    Case {
        key: hex!("0123456789abcdef0123456789abcdef"),
        packet: &hex!(
            "000087650000000585d47224b5f3dd5d2101d4ea8dffab2215b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb50f980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3d2726d9b5ef6affc6d17a0decbb13892"
        ),
        sequence: 5,
        payload: &hex!(
            "45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083da3de0300ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        ),
        mode: Mode::Tunnel,
        next_header: 4,
    },
];

/// ESP without integrity, which only a test may have.
#[test]
fn rfc_3602_packets_open_and_are_sealed_alike() {
    let provider = ike_rustcrypto::provider();
    for case in RFC_3602 {
        let Case {
            key,
            packet,
            sequence,
            payload,
            mode,
            next_header,
        } = case;
        let spi = u32::from_be_bytes(*packet.first_chunk().unwrap());
        let suite = suite(aes_cbc_128(), None, false);
        let parameters = Parameters {
            suite,
            spi,
            mode,
            encryption: &key,
            integrity: &[],
        };
        let mut inbound = InboundSa::unchecked(provider, &parameters).unwrap();
        let mut opened = packet.to_vec();
        let report = inbound.open(&mut opened).unwrap();
        assert_eq!(report.next_header, next_header);
        assert_eq!(report.sequence, sequence);
        assert_eq!(&opened[report.payload.clone()], payload);

        // the same again from our side, but for the IV, which is theirs
        let mut random = SeededRandom::new([1; 32]);
        let mut outbound = OutboundSa::unchecked(provider, &parameters, &mut random).unwrap();
        outbound.start_after(sequence - 1);
        let mut buffer = vec![0; outbound.headroom()];
        buffer.extend_from_slice(payload);
        let start = outbound.headroom();
        let range = outbound.seal_vec(&mut buffer, start, next_header).unwrap();
        assert_eq!(range, 0..packet.len());
        assert_eq!(&buffer[..8], &packet[..8]);
        let mut inbound = InboundSa::unchecked(provider, &parameters).unwrap();
        let report = inbound.open(&mut buffer).unwrap();
        assert_eq!(&buffer[report.payload], payload);
    }
}

#[test]
fn suites_that_authenticate_nothing_or_twice_are_refused() {
    let provider = ike_rustcrypto::provider();
    let mut random = SeededRandom::new([1; 32]);
    let mut check = |suite: EspSuite, spi, encryption: usize, integrity: usize| {
        let (encryption, integrity) = (vec![7; encryption], vec![8; integrity]);
        let parameters = Parameters {
            suite,
            spi,
            mode: Mode::Tunnel,
            encryption: &encryption,
            integrity: &integrity,
        };
        let out = OutboundSa::new(provider, &parameters, &mut random)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(
            InboundSa::new(provider, &parameters)
                .map(|_| ())
                .unwrap_err(),
            out
        );
        out
    };
    let cbc = aes_cbc_128();
    let sha = Some(IntegrityId::HMAC_SHA2_256_128);
    assert_eq!(
        check(suite(cbc, None, false), 256, 16, 0),
        SetupError::Unauthenticated
    );
    let null = Encryption::new(EncryptionId::NULL, 0);
    assert_eq!(
        check(suite(null, None, false), 256, 0, 0),
        SetupError::Unauthenticated
    );
    let twice = EspSuite {
        integrity: sha,
        ..gcm()
    };
    assert_eq!(check(twice, 256, 20, 32), SetupError::TwiceAuthenticated);
    assert_eq!(check(gcm(), 255, 20, 0), SetupError::Spi(255));
    assert_eq!(
        check(gcm(), 256, 16, 0),
        SetupError::EncryptionKey {
            expected: 20,
            actual: 16
        }
    );
    let expected = SetupError::IntegrityKey {
        expected: 32,
        actual: 20,
    };
    assert_eq!(check(suite(cbc, sha, false), 256, 16, 20), expected);
    let unknown = Encryption::new(EncryptionId::new(1234), 0);
    assert!(matches!(
        check(suite(unknown, sha, false), 256, unknown.key_len(), 32),
        SetupError::Encryption(_) | SetupError::EncryptionKey { .. }
    ));
}

fn pair(suite: EspSuite) -> (OutboundSa, InboundSa) {
    let encryption = vec![0x11; suite.encryption.key_len() + suite.encryption.salt_len()];
    let integrity = vec![0x22; suite.integrity.map_or(0, IntegrityId::key_len)];
    let parameters = Parameters {
        suite,
        spi: 0x1234_5678,
        mode: Mode::Tunnel,
        encryption: &encryption,
        integrity: &integrity,
    };
    let provider = ike_rustcrypto::provider();
    let mut random = SeededRandom::new([1; 32]);
    let outbound = OutboundSa::new(provider, &parameters, &mut random).unwrap();
    (outbound, InboundSa::new(provider, &parameters).unwrap())
}

fn send(outbound: &mut OutboundSa) -> Result<Vec<u8>, SealError> {
    let start = outbound.headroom();
    let mut buffer = vec![0x45; start + 30];
    outbound.seal_vec(&mut buffer, start, ip::V4)?;
    Ok(buffer)
}

#[test]
fn the_sequence_number_never_repeats() {
    let (mut outbound, mut inbound) = pair(gcm());
    outbound.start_after(u64::from(u32::MAX) - 2);
    assert_eq!(outbound.remaining(), 2);
    for _ in 0..2 {
        let mut packet = send(&mut outbound).unwrap();
        inbound.open(&mut packet).unwrap();
    }
    assert_eq!(outbound.remaining(), 0);
    assert_eq!(send(&mut outbound), Err(SealError::Sequence));
    assert_eq!(outbound.sequence(), u64::from(u32::MAX));
}

/// RFC 4303 §2.2.1: the high half is not sent, but authenticated, by AEAD and by HMAC alike.
#[test]
fn extended_numbers_cross_into_the_next_high_half() {
    let cbc = suite(aes_cbc_128(), Some(IntegrityId::HMAC_SHA2_256_128), true);
    for suite in [EspSuite { esn: true, ..gcm() }, cbc] {
        let (mut outbound, mut inbound) = pair(suite);
        let start = (7_u64 << 32) - 3;
        outbound.start_after(start);
        // a receiver that has come here with the sender
        inbound.window_mut().accept(start);
        let mut late = Vec::new();
        for step in 1..=6 {
            let mut packet = send(&mut outbound).unwrap();
            let [_, low] = halves(start + step);
            assert_eq!(packet[4..8], low.to_be_bytes());
            if step == 1 {
                late = packet;
                continue;
            }
            assert_eq!(inbound.open(&mut packet).unwrap().sequence, start + step);
        }
        assert_eq!(
            inbound.open(&mut late).unwrap().sequence,
            start + 1,
            "from the window's older half"
        );
        // a receiver one round behind sees the wrong high half
        let (_, mut lost) = pair(suite);
        let mut packet = send(&mut outbound).unwrap();
        assert_eq!(lost.open(&mut packet), Err(OpenError::Integrity));
    }
}

#[test]
fn a_dummy_packet_is_dropped_and_counts_as_received() {
    let (mut outbound, mut inbound) = pair(gcm());
    let start = outbound.headroom();
    let mut buffer = vec![0; start + 17];
    outbound
        .seal_vec(&mut buffer, start, NO_NEXT_HEADER)
        .unwrap();
    let again = buffer.clone();
    assert_eq!(inbound.open(&mut buffer), Err(OpenError::Dummy));
    assert_eq!(inbound.open(&mut again.clone()), Err(OpenError::Replay));
    let mut buffer = vec![0; start + 17];
    outbound.seal_vec(&mut buffer, start, 6).unwrap();
    assert_eq!(inbound.open(&mut buffer), Err(OpenError::NextHeader(6)));
}

#[test]
fn lifetimes_age_and_end_an_sa() {
    let (outbound, inbound) = pair(gcm());
    let lifetime = Lifetime {
        soft_packets: 2,
        hard_packets: 3,
        soft_octets: 1 << 40,
        hard_octets: 1 << 40,
    };
    let (mut outbound, mut inbound) = (
        outbound.with_lifetime(lifetime),
        inbound.with_lifetime(lifetime),
    );
    for age in [Age::Fresh, Age::Old, Age::Expired] {
        let mut packet = send(&mut outbound).unwrap();
        inbound.open(&mut packet).unwrap();
        assert_eq!((outbound.age(), inbound.age()), (age, age));
    }
    assert_eq!(send(&mut outbound), Err(SealError::Expired));
    assert_eq!(
        outbound.usage(),
        Usage {
            packets: 3,
            octets: 90
        }
    );
    assert_eq!(inbound.usage(), outbound.usage());
    let (outbound, _) = pair(gcm());
    let octets = Lifetime {
        soft_octets: 30,
        hard_octets: 31,
        ..Lifetime::UNLIMITED
    };
    let mut outbound = outbound.with_lifetime(octets);
    send(&mut outbound).unwrap();
    assert_eq!(outbound.age(), Age::Old);
    send(&mut outbound).unwrap();
    assert_eq!(send(&mut outbound), Err(SealError::Expired));
}

#[test]
fn a_buffer_without_room_is_refused_and_no_number_is_used() {
    let (mut outbound, _) = pair(gcm());
    let (head, tail) = (outbound.headroom(), outbound.tailroom(30));
    let mut buffer = vec![0; head + 30 + tail];
    assert_eq!(
        outbound.seal(&mut buffer, head - 1..head + 29, 4),
        Err(SealError::Room)
    );
    assert_eq!(
        outbound.seal(&mut buffer, head + 1..head + 31, 4),
        Err(SealError::Room)
    );
    #[expect(clippy::reversed_empty_ranges, reason = "the mistake under test")]
    let reversed = 40..30;
    assert_eq!(
        outbound.seal(&mut buffer, reversed, 4),
        Err(SealError::Room)
    );
    let mut long = vec![0; 70_000];
    assert_eq!(
        outbound.seal(&mut long, head..65_535, 4),
        Err(SealError::TooLong)
    );
    assert_eq!((outbound.sequence(), outbound.usage().packets), (0, 0));
    assert!(outbound.seal(&mut buffer, head..head + 30, 4).is_ok());
}

#[test]
fn the_longest_payload_within_a_size_is_the_longest() {
    let cbc = suite(aes_cbc_128(), Some(IntegrityId::HMAC_SHA2_256_128), false);
    for suite in [gcm(), cbc] {
        let (outbound, _) = pair(suite);
        let sealed = |payload: usize| outbound.headroom() + payload + outbound.tailroom(payload);
        for limit in 100..200 {
            let payload = outbound.payload_within(limit);
            assert!(sealed(payload) <= limit && sealed(payload + 1) > limit);
        }
    }
}

#[test]
fn cbc_ivs_differ_between_packets_and_between_sas() {
    let cbc = suite(aes_cbc_128(), Some(IntegrityId::HMAC_SHA2_256_128), false);
    let (mut first, _) = pair(cbc);
    let a = send(&mut first).unwrap();
    let b = send(&mut first).unwrap();
    assert_ne!(a[8..24], b[8..24]);
    assert_ne!(a[8..24], [0; 16]);
    let keys = ([0x11; 16], [0x22; 32]);
    let parameters = Parameters {
        suite: cbc,
        spi: 0x1234_5678,
        mode: Mode::Tunnel,
        encryption: &keys.0,
        integrity: &keys.1,
    };
    let mut random = SeededRandom::new([2; 32]);
    let mut other = OutboundSa::new(ike_rustcrypto::provider(), &parameters, &mut random).unwrap();
    assert_ne!(send(&mut other).unwrap()[8..24], a[8..24]);
}
