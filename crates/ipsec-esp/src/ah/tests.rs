use alloc::vec;
use alloc::vec::Vec;

use hex_literal::hex;

use super::*;

fn numbers<const N: usize>() -> [u8; N] {
    core::array::from_fn(|at| at as u8)
}

fn pair(integrity: IntegrityId, extended: bool, spi: u32) -> (OutboundAh, InboundAh) {
    let key = numbers::<64>();
    let key = &key[..integrity.key_len()];
    let parameters = Parameters {
        integrity,
        extended,
        spi,
        key,
    };
    let provider = ike_rustcrypto::provider();
    (
        OutboundAh::new(provider, &parameters).unwrap(),
        InboundAh::new(provider, &parameters).unwrap(),
    )
}

fn seal(sa: &mut OutboundAh, packet: &[u8]) -> Result<Vec<u8>, SealError> {
    let start = sa.headroom();
    let mut buffer = vec![0xEE; start];
    buffer.extend_from_slice(packet);
    let end = buffer.len();
    let range = sa.seal(&mut buffer, start..end)?;
    Ok(buffer[range].to_vec())
}

/// IPv4 with record route and router alert, DF, TOS: HMAC-SHA1-96.
const PLAIN_4: &[u8] = &hex!(
    "492e0046123440003f116a280a0102030a04050601070b0400000000000000009404000003e807d00022fbac68656c6c6f2c2061757468656e7469636174656420776f726c64"
);
const SEALED_4: &[u8] = &hex!(
    "492e005e123440003f3369ee0a0102030a04050601070b04000000000000000094040000110400000000100100000007993b511fb703449c7911e85303e807d00022fbac68656c6c6f2c2061757468656e7469636174656420776f726c64"
);
/// IPv6 with a hop-by-hop option that may change and one that may not: HMAC-SHA2-256-128.
const PLAIN_6: &[u8] = &hex!(
    "65512345001d000920010db800000000000000000000000120010db800000000000000000000000211013e0401020304050200000102000003e807d0000d54d568656c6c6f"
);
const SEALED_6: &[u8] = &hex!(
    "65512345003d000920010db800000000000000000000000120010db800000000000000000000000233013e04010203040502000001020000110600000000100200000009e5dc25305b9e8a24a64169eb83d4dfe20000000003e807d0000d54d568656c6c6f"
);
/// A tunnel: HMAC-SHA2-256-128.
const PLAIN_TUNNEL: &[u8] = &hex!(
    "45000034000100004004f6c1c0000201c0000202450000200001000040015fcf0a0102030a0405060800192f0000000070696e67"
);
const SEALED_TUNNEL: &[u8] = &hex!(
    "45000050000100004033f676c0000201c0000202040500000000100300000003c61ace7508e2465fbf5d830a67b81873450000200001000040015fcf0a0102030a0405060800192f0000000070696e67"
);

/// Packets that Scapy 2.6 made from the keys 00 01 02 ….
#[test]
fn packets_of_another_implementation_are_made_and_opened_alike() {
    let (sha1, sha256) = (IntegrityId::HMAC_SHA1_96, IntegrityId::HMAC_SHA2_256_128);
    let cases = [
        (sha1, 0x1001, 7, PLAIN_4, SEALED_4),
        (sha256, 0x1002, 9, PLAIN_6, SEALED_6),
        (sha256, 0x1003, 3, PLAIN_TUNNEL, SEALED_TUNNEL),
    ];
    for (integrity, spi, sequence, plain, sealed) in cases {
        let (mut outbound, mut inbound) = pair(integrity, false, spi);
        outbound.sequence = sequence - 1;
        assert_eq!(seal(&mut outbound, plain).unwrap(), sealed);
        let mut packet = sealed.to_vec();
        let range = inbound.open(&mut packet).unwrap();
        assert_eq!(&packet[range], plain);
        assert_eq!(inbound.open(&mut sealed.to_vec()), Err(OpenError::Replay));
    }
}

#[test]
fn what_routers_change_is_not_covered_and_everything_else_is() {
    let mutable_4 = [
        1, 6, 7, 8, 10, 11, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    ];
    let mutable_6 = [1, 2, 3, 7, 44, 45, 46, 47];
    let cases = [
        (IntegrityId::HMAC_SHA1_96, 0x1001, SEALED_4, &mutable_4[..]),
        (
            IntegrityId::HMAC_SHA2_256_128,
            0x1002,
            SEALED_6,
            &mutable_6[..],
        ),
    ];
    for (integrity, spi, sealed, mutable) in cases {
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let (_, mut inbound) = pair(integrity, false, spi);
                let mut packet = sealed.to_vec();
                packet[at] ^= 1 << bit;
                let opened = inbound.open(&mut packet);
                if opened.is_ok() {
                    // the high half of version and traffic class share an octet; option types and lengths may
                    // cancel out only where they are zeroed
                    assert!(
                        mutable.contains(&at) || (at == 0 && spi == 0x1002),
                        "octet {at} bit {bit}"
                    );
                }
                if [8, 10].contains(&at) && spi == 0x1001 {
                    assert!(opened.is_ok(), "octet {at} bit {bit}");
                }
            }
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for (integrity, spi, sealed) in [
        (IntegrityId::HMAC_SHA1_96, 0x1001, SEALED_4),
        (IntegrityId::HMAC_SHA2_256_128, 0x1002, SEALED_6),
    ] {
        let (_, mut inbound) = pair(integrity, false, spi);
        for end in 0..sealed.len() {
            inbound.open(&mut sealed[..end].to_vec()).unwrap_err();
        }
    }
}

#[test]
fn extended_numbers_are_authenticated_in_both_families() {
    for plain in [PLAIN_4, PLAIN_6] {
        let (mut outbound, mut inbound) = pair(IntegrityId::HMAC_SHA2_256_128, true, 4096);
        outbound.sequence = (9 << 32) - 2;
        inbound.window.accept((9 << 32) - 2);
        for _ in 0..4 {
            let mut packet = seal(&mut outbound, plain).unwrap();
            let range = inbound.open(&mut packet).unwrap();
            assert_eq!(&packet[range], plain);
        }
        let (_, mut other) = pair(IntegrityId::HMAC_SHA2_256_128, true, 4096);
        let mut packet = seal(&mut outbound, plain).unwrap();
        assert_eq!(other.open(&mut packet), Err(OpenError::Integrity));
    }
}

#[test]
fn unfinished_source_routes_are_not_sealed() {
    let (mut outbound, _) = pair(IntegrityId::HMAC_SHA1_96, false, 4096);
    let mut loose = PLAIN_4.to_vec();
    loose[21] = LOOSE;
    assert_eq!(
        seal(&mut outbound, &loose),
        Err(SealError::Header(Defect::SourceRoute))
    );
    let mut routing = vec![0; 40];
    let (a, b) = ("::1".parse().unwrap(), "::2".parse().unwrap());
    ip::write_header(&mut routing, a, b, 43, 32).unwrap();
    routing.extend(hex!(
        "11 02 00 01 00000000 00000000 00000000 00000000 00000003 00000000 00000000"
    ));
    assert_eq!(
        seal(&mut outbound, &routing),
        Err(SealError::Header(Defect::SourceRoute))
    );
    routing[43] = 0;
    assert!(seal(&mut outbound, &routing).is_ok());
    assert_eq!(outbound.usage().packets, 1);
}

const LOOSE: u8 = 131;

#[test]
fn a_packet_without_ah_is_named() {
    let (_, mut inbound) = pair(IntegrityId::HMAC_SHA1_96, false, 4096);
    assert_eq!(
        inbound.open(&mut PLAIN_4.to_vec()),
        Err(OpenError::NextHeader(17))
    );
    assert_eq!(
        inbound.open(&mut SEALED_4.to_vec()),
        Err(OpenError::Spi(0x1001))
    );
}

#[test]
fn setting_up_is_checked() {
    let provider = ike_rustcrypto::provider();
    let parameters = |integrity, spi, key| Parameters {
        integrity,
        extended: false,
        spi,
        key,
    };
    let sha1 = IntegrityId::HMAC_SHA1_96;
    let short = OutboundAh::new(provider, &parameters(sha1, 4096, &[0; 19])).unwrap_err();
    assert_eq!(
        short,
        SetupError::IntegrityKey {
            expected: 20,
            actual: 19
        }
    );
    let reserved = InboundAh::new(provider, &parameters(sha1, 255, &[0; 20])).unwrap_err();
    assert_eq!(reserved, SetupError::Spi(255));
}
