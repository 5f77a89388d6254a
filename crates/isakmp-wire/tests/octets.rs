//! Numbers of several octets, and octets of several flags: [MS-IKEE] §2.1, §3.1.

use hex_literal::hex;
use isakmp_wire::v1::{
    ConfigType, Configuration, Delete, Doi, Fragment, Notification, NotifyType, ProtocolId, kind,
};
use isakmp_wire::{
    Attribute, Encode, ExchangeType, Flags, Header, PayloadType, RawPayload, Spi, Version,
};

fn encoded(it: &impl Encode) -> Vec<u8> {
    let mut out = Vec::new();
    it.encode(&mut out);
    out
}

fn header(flags: u8) -> Header {
    Header {
        initiator: Spi::new([1; 8]),
        responder: Spi::new([2; 8]),
        next: PayloadType::new(5),
        version: Version::V1,
        exchange: ExchangeType::MAIN_MODE,
        flags: Flags::new(flags),
        message_id: 0x0102_0304,
        length: 0x0506_0708,
    }
}

/// [MS-IKEE] §2.1 (2.1/4): the first octet is the most significant one, in whatever has more than one.
#[test]
fn every_number_of_several_octets_is_big_endian() {
    let mut out = Vec::new();
    header(0).encode(&mut out);
    assert_eq!(out[20..], hex!("01020304 05060708"));
    let fragment = Fragment {
        id: 0x0102,
        number: 3,
        last: true,
        data: &[],
    };
    assert_eq!(encoded(&fragment), hex!("0102 03 01"));
    let notification = Notification {
        doi: Doi::new(0x0102_0304),
        protocol: ProtocolId::ESP,
        spi: &[],
        kind: NotifyType::new(0x9c43),
        data: &[],
    };
    assert_eq!(encoded(&notification), hex!("01020304 03 00 9c43"));
    let delete = Delete::new(Doi::IPSEC, ProtocolId::ESP, 4, &[7; 12]).expect("three SPIs");
    assert_eq!(encoded(&delete)[..8], hex!("00000001 03 04 0003"));
    // RFC 2408 §3.3: the first bit of the type says which form an attribute has
    assert_eq!(
        encoded(&Attribute::short(0x0102, 0x0304)),
        hex!("8102 0304")
    );
    assert_eq!(
        encoded(&Attribute::long(0x0102, &[9; 3])),
        hex!("0102 0003 090909")
    );
    let mut out = Vec::new();
    Configuration::write_head(ConfigType::REQUEST, 0x0102, &mut out);
    assert_eq!(out, hex!("01 00 0102"));
}

/// [MS-IKEE] §2.1 (2.1/4): read as they are written.
#[test]
fn every_number_of_several_octets_is_read_big_endian() {
    let octets = [&[0; 20][..], &hex!("01020304 05060708")].concat();
    let header = Header::parse(&octets).expect("a header");
    assert_eq!(
        (header.message_id, header.length),
        (0x0102_0304, 0x0506_0708)
    );
    let raw = RawPayload::new(kind::FRAGMENT, &[1, 2, 3, 1]);
    assert_eq!(Fragment::parse(raw).expect("a fragment").id, 0x0102);
    let octets = hex!("01020304 03 00 9c43 55");
    let raw = RawPayload::new(kind::NOTIFY, &octets);
    let notification = Notification::parse(raw).expect("a notification");
    assert_eq!(notification.doi, Doi::new(0x0102_0304));
    assert_eq!(notification.kind, NotifyType::NOTIFY_STATUS);
    let octets = [&hex!("00000001 03 04 0003")[..], &[7; 12]].concat();
    let delete = Delete::parse(RawPayload::new(kind::DELETE, &octets)).expect("a delete");
    assert_eq!(delete.spis().count(), 3);
}

/// [MS-IKEE] §3.1 (3.1/1): a flag is a mask. Whatever else is set, and be it nothing that is known, it decides alone.
#[test]
fn a_flag_is_tested_by_its_own_bit() {
    let known = [
        Flags::ENCRYPTED,
        Flags::COMMIT,
        Flags::AUTH_ONLY,
        Flags::INITIATOR,
        Flags::VERSION,
        Flags::RESPONSE,
    ];
    for octet in 0..=u8::MAX {
        let mut out = Vec::new();
        header(octet).encode(&mut out);
        assert_eq!(out[19], octet);
        let flags = Header::parse(&out).expect("a header").flags;
        assert_eq!(flags.get(), octet);
        for flag in known {
            assert_eq!(flags.contains(flag), octet & flag.get() != 0);
        }
        // a fragment's only flag is its last bit ([MS-IKEE] §2.2.3.1)
        let body = [0, 1, 1, octet];
        let raw = RawPayload::new(kind::FRAGMENT, &body);
        let fragment = Fragment::parse(raw).expect("a fragment");
        assert_eq!(fragment.last, octet & 1 != 0);
    }
}
