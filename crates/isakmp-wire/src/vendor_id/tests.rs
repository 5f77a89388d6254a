use alloc::format;
use alloc::string::String;

use hex_literal::hex;
use md5::{Digest, Md5};

use super::*;

fn name(id: &[u8]) -> Option<&'static str> {
    lookup(id).map(|(known, _)| known.name)
}

/// [MS-IKEE] note 6: the octets rule, and where a string is named its hash begins with them.
#[test]
fn every_preimage_hashes_to_its_prefix() {
    for known in KNOWN {
        if let Some(preimage) = known.preimage {
            let hash = Md5::digest(preimage.as_bytes());
            assert!(hash.starts_with(known.prefix), "{}", known.name);
        }
    }
}

/// [MS-IKEE] note 6: three strings that the text prints do not hash to the octets beside them.
#[test]
fn the_strings_printed_for_three_rows_hash_to_something_else() {
    for (printed, wire) in [
        ("KEY_MODS", KEY_MODS),
        ("AUTHIP_INIT_KE_DH_GROUP", AUTHIP_INIT_KE_DH_GROUP),
        ("Xbox IKEv2 Negotiation", XBOX_NEGOTIATION),
    ] {
        let hash: [u8; 16] = Md5::digest(printed.as_bytes()).into();
        assert_ne!(hash, wire);
        assert!(KNOWN.iter().any(|known| known.prefix == wire));
    }
}

#[test]
fn no_two_rows_have_the_same_prefix_and_every_row_finds_itself() {
    for (index, known) in KNOWN.iter().enumerate() {
        assert!(
            KNOWN[index + 1..]
                .iter()
                .all(|other| other.prefix != known.prefix)
        );
        let trailer = match known.trailer {
            Trailer::Nothing | Trailer::OptionalNumber | Trailer::Anything => 0,
            Trailer::Number => 4,
            Trailer::Version => 2,
            Trailer::Octets(octets) => octets,
        };
        let mut id = known.prefix.to_vec();
        id.resize(known.prefix.len() + trailer, 7);
        let (found, rest) = lookup(&id).unwrap();
        assert_eq!(found.name, known.name);
        assert_eq!(rest.len(), trailer);
    }
}

/// [MS-IKEE] note 6, every row as printed.
#[test]
fn every_microsoft_row_is_known_as_printed() {
    let releases = "1e2b516905991c7d7c96fcbfb587e461";
    for number in 2..=9 {
        assert!(windows_release(number).is_some());
        assert_known(
            &format!("{releases}{number:08x}"),
            "Microsoft IKE implementation",
        );
    }
    for number in 0..=2 {
        assert!(keying_module(number).is_some());
        let printed = format!("01528bbbc00696121849ab9a1c5b2a51{number:08x}");
        assert_known(&printed, "Microsoft keying modules");
    }
    for number in 0..=7 {
        assert!(authip_group(number).is_some());
        let printed = format!("7bb93867d76c8d80df0f40fae8fc3b19{number:08x}");
        assert_known(&printed, "AuthIP group of the key exchange");
    }
    for (printed, preimage) in [
        ("621b04bb09882ac1e15935fefa24aeee", "GSSAPI"),
        ("26244d38eddb61b3172a36e3d0cfb819", "Vid-Initial-Contact"),
        ("72872b95fcda2eb708efe322119b4971", "NLBS_PRESENT"),
        ("4048b7d56ebce88525e7de7f00d6c2d3", "FRAGMENTATION"),
        (
            "90cb80913ebb696e086381b5ec427b1f",
            "draft-ietf-ipsec-nat-t-ike-02\n",
        ),
        ("4a131c81070358455c5728f20e95452f", "RFC 3947"),
        ("214ca4faffa7f32d6748e5303395ae83", "MS-MamieExists"),
        ("e3a5966a76379fe707228231e5ce8652", "IKE CGA version 1"),
        (
            "fb1de3cdf341b7ea16b7e5be0855f120",
            "MS-Negotiation Discovery Capable",
        ),
        (
            "8aa394cf8a5577dc3110c113b027a4f2",
            "Microsoft Xbox One 2013",
        ),
        ("660822b3a73a244149578d62e0eb46a0", "XBox IKEv2 Negotiation"),
        (
            "686a8cbdfe634b405146fb2baf33e9e8",
            "MSFT IPsec Security Realm Id",
        ),
    ] {
        let id = unhex(printed);
        let (known, rest) = lookup(&id).unwrap();
        assert_eq!(known.preimage, Some(preimage));
        assert!(rest.is_empty());
    }
}

#[test]
fn trailers_are_handed_back() {
    let id = hex!("4048b7d56ebce88525e7de7f00d6c2d3 80000000");
    let (known, rest) = lookup(&id).unwrap();
    assert_eq!((known.name, rest), ("IKEv1 fragmentation", &id[16..]));
    assert_eq!(name(&DEAD_PEER_DETECTION), Some("dead peer detection"));
    assert_eq!(name(&CISCO_UNITY), Some("Cisco Unity"));
    assert_eq!(name(&XAUTH), Some("XAUTH"));
}

#[test]
fn the_longest_prefix_wins_and_two_octets_need_the_right_length() {
    assert_eq!(name(b"OE-Libreswan-5.2"), Some("Libreswan"));
    assert_eq!(
        name(&hex!("4f45407942714f72547e497b")),
        Some("FreeS/WAN, Openswan or Libreswan")
    );
    assert_eq!(name(b"OEM"), None);
    assert_eq!(name(&[]), None);
}

fn assert_known(printed: &str, expected: &str) {
    let id = unhex(printed);
    let (known, rest) = lookup(&id).unwrap();
    assert_eq!((known.name, rest.len()), (expected, 4));
}

fn unhex(text: &str) -> alloc::vec::Vec<u8> {
    let digits: alloc::vec::Vec<String> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).into_owned())
        .collect();
    digits
        .iter()
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
