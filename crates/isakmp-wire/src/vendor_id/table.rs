//! The table itself, Microsoft's first.

use super::*;

/// The vendor IDs whose meaning is known.
///
/// A test recomputes the hash of each preimage.
pub const KNOWN: &[KnownVendorId] = &[
    KnownVendorId {
        name: "Microsoft IKE implementation",
        preimage: Some("MS NT5 ISAKMPOAKLEY"),
        prefix: &MS_NT5_ISAKMPOAKLEY,
        trailer: Trailer::Number,
    },
    // [MS-IKEE] note 6 names the string "KEY_MODS", whose hash is another.
    KnownVendorId {
        name: "Microsoft keying modules",
        preimage: None,
        prefix: &KEY_MODS,
        trailer: Trailer::Number,
    },
    KnownVendorId {
        name: "Kerberos (GSS-API) authentication",
        preimage: Some("GSSAPI"),
        prefix: &GSSAPI,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "fast failover client (Vid-Initial-Contact)",
        preimage: Some("Vid-Initial-Contact"),
        prefix: &VID_INITIAL_CONTACT,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "fast failover cluster (NLBS_PRESENT)",
        preimage: Some("NLBS_PRESENT"),
        prefix: &NLBS_PRESENT,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "IKEv1 fragmentation",
        preimage: Some("FRAGMENTATION"),
        prefix: &FRAGMENTATION,
        trailer: Trailer::OptionalNumber,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-02 with line feed",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-02\n"),
        prefix: &NAT_T_DRAFT_02,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, RFC 3947",
        preimage: Some("RFC 3947"),
        prefix: &NAT_T_RFC_3947,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "AuthIP (MS-MamieExists)",
        preimage: Some("MS-MamieExists"),
        prefix: &MS_MAMIE_EXISTS,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "CGA authentication",
        preimage: Some("IKE CGA version 1"),
        prefix: &IKE_CGA,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "negotiation discovery",
        preimage: Some("MS-Negotiation Discovery Capable"),
        prefix: &NEGOTIATION_DISCOVERY,
        trailer: Trailer::Nothing,
    },
    // [MS-IKEE] note 6 names the string "AUTHIP_INIT_KE_DH_GROUP", whose hash is another.
    KnownVendorId {
        name: "AuthIP group of the key exchange",
        preimage: None,
        prefix: &AUTHIP_INIT_KE_DH_GROUP,
        trailer: Trailer::Number,
    },
    KnownVendorId {
        name: "Microsoft Xbox One 2013",
        preimage: Some("Microsoft Xbox One 2013"),
        prefix: &XBOX_ONE_2013,
        trailer: Trailer::Nothing,
    },
    // [MS-IKEE] note 6 prints a small b, and shows no number behind the hash; §3.13 has one.
    KnownVendorId {
        name: "Xbox IKEv2 negotiation",
        preimage: Some("XBox IKEv2 Negotiation"),
        prefix: &XBOX_NEGOTIATION,
        trailer: Trailer::Number,
    },
    KnownVendorId {
        name: "security realm",
        preimage: Some("MSFT IPsec Security Realm Id"),
        prefix: &SECURITY_REALM,
        trailer: Trailer::Octets(16),
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-02",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-02"),
        prefix: &NAT_T_DRAFT_02_PLAIN,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike",
        preimage: Some("draft-ietf-ipsec-nat-t-ike"),
        prefix: &[
            0x4d, 0xf3, 0x79, 0x28, 0xe9, 0xfc, 0x4f, 0xd1, 0xb3, 0x26, 0x21, 0x70, 0xd5, 0x15,
            0xc6, 0x62,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-00",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-00"),
        prefix: &[
            0x44, 0x85, 0x15, 0x2d, 0x18, 0xb6, 0xbb, 0xcd, 0x0b, 0xe8, 0xa8, 0x46, 0x95, 0x79,
            0xdd, 0xcc,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-01",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-01"),
        prefix: &[
            0x16, 0xf6, 0xca, 0x16, 0xe4, 0xa4, 0x06, 0x6d, 0x83, 0x82, 0x1a, 0x0f, 0x0a, 0xea,
            0xa8, 0x62,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-03",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-03"),
        prefix: &[
            0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f, 0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52,
            0x9d, 0x56,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-04",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-04"),
        prefix: &[
            0x99, 0x09, 0xb6, 0x4e, 0xed, 0x93, 0x7c, 0x65, 0x73, 0xde, 0x52, 0xac, 0xe9, 0x52,
            0xfa, 0x6b,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-05",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-05"),
        prefix: &[
            0x80, 0xd0, 0xbb, 0x3d, 0xef, 0x54, 0x56, 0x5e, 0xe8, 0x46, 0x45, 0xd4, 0xc8, 0x5c,
            0xe3, 0xee,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-06",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-06"),
        prefix: &[
            0x4d, 0x1e, 0x0e, 0x13, 0x6d, 0xea, 0xfa, 0x34, 0xc4, 0xf3, 0xea, 0x9f, 0x02, 0xec,
            0x72, 0x85,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-07",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-07"),
        prefix: &[
            0x43, 0x9b, 0x59, 0xf8, 0xba, 0x67, 0x6c, 0x4c, 0x77, 0x37, 0xae, 0x22, 0xea, 0xb8,
            0xf5, 0x82,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-ietf-ipsec-nat-t-ike-08",
        preimage: Some("draft-ietf-ipsec-nat-t-ike-08"),
        prefix: &[
            0x8f, 0x8d, 0x83, 0x82, 0x6d, 0x24, 0x6b, 0x6f, 0xc7, 0xa8, 0xa6, 0xa4, 0x28, 0xc1,
            0x1d, 0xe8,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-stenberg-ipsec-nat-traversal-01",
        preimage: Some("draft-stenberg-ipsec-nat-traversal-01"),
        prefix: &[
            0x27, 0xba, 0xb5, 0xdc, 0x01, 0xea, 0x07, 0x60, 0xea, 0x4e, 0x31, 0x90, 0xac, 0x27,
            0xc0, 0xd0,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "NAT traversal, draft-stenberg-ipsec-nat-traversal-02",
        preimage: Some("draft-stenberg-ipsec-nat-traversal-02"),
        prefix: &[
            0x61, 0x05, 0xc4, 0x22, 0xe7, 0x68, 0x47, 0xe4, 0x3f, 0x96, 0x84, 0x80, 0x12, 0x92,
            0xae, 0xcd,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "ESP in UDP, draft-huttunen-ipsec-esp-in-udp-00",
        preimage: Some("draft-huttunen-ipsec-esp-in-udp-00.txt"),
        prefix: &[
            0x6a, 0x74, 0x34, 0xc1, 0x9d, 0x7e, 0x36, 0x34, 0x80, 0x90, 0xa0, 0x23, 0x34, 0xc9,
            0xc8, 0x05,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "dead peer detection",
        preimage: Some("CISCO-DEAD-PEER-DETECTION"),
        prefix: &[
            0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57,
        ],
        trailer: Trailer::Version,
    },
    KnownVendorId {
        name: "XAUTH",
        preimage: Some("draft-ietf-ipsra-isakmp-xauth-06.txt"),
        prefix: &XAUTH,
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "Cisco Unity",
        preimage: Some("CISCO-UNITY"),
        prefix: &[
            0x12, 0xf5, 0xf2, 0x8c, 0x45, 0x71, 0x68, 0xa9, 0x70, 0x2d, 0x9f, 0xe2, 0x74, 0xcc,
        ],
        trailer: Trailer::Version,
    },
    KnownVendorId {
        name: "Cisco delete reason",
        preimage: None,
        prefix: b"CISCO-DELETE-REASON",
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "Cisco dynamic route",
        preimage: None,
        prefix: b"CISCO-DYNAMIC-ROUTE",
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "Cisco VPN revision 2",
        preimage: None,
        prefix: b"CISCOVPN-REV-02",
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "Cisco FlexVPN",
        preimage: None,
        prefix: b"FLEXVPN-SUPPORTED",
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "heartbeat notify",
        preimage: None,
        prefix: b"HeartBeat_Notify",
        trailer: Trailer::Octets(4),
    },
    KnownVendorId {
        name: "strongSwan",
        preimage: Some("strongSwan"),
        prefix: &[
            0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc, 0x22, 0x51, 0x61, 0x3b, 0x2e, 0xbe,
            0x5b, 0xeb,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "KAME/racoon",
        preimage: Some("KAME/racoon"),
        prefix: &[
            0x70, 0x03, 0xcb, 0xc1, 0x09, 0x7d, 0xbe, 0x9c, 0x26, 0x00, 0xba, 0x69, 0x83, 0xbc,
            0x8b, 0x35,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "GSS-API authentication (draft)",
        preimage: Some("A GSS-API Authentication Method for IKE"),
        prefix: &[
            0xad, 0x2c, 0x0d, 0xd0, 0xb9, 0xc3, 0x20, 0x83, 0xcc, 0xba, 0x25, 0xb8, 0x86, 0x1e,
            0xc4, 0x55,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "GSS-API authentication (draft), with line feed",
        preimage: Some("A GSS-API Authentication Method for IKE\n"),
        prefix: &[
            0xb4, 0x6d, 0x89, 0x14, 0xf3, 0xaa, 0xa3, 0xf2, 0xfe, 0xde, 0xb7, 0xc7, 0xdb, 0x29,
            0x43, 0xca,
        ],
        trailer: Trailer::Nothing,
    },
    KnownVendorId {
        name: "Libreswan",
        preimage: None,
        prefix: b"OE-Libreswan-",
        trailer: Trailer::Anything,
    },
    // Two letters and ten more made from a hash of the version and options.
    KnownVendorId {
        name: "FreeS/WAN, Openswan or Libreswan",
        preimage: None,
        prefix: b"OE",
        trailer: Trailer::Octets(10),
    },
    KnownVendorId {
        name: "Check Point",
        preimage: None,
        prefix: &[
            0xf4, 0xed, 0x19, 0xe0, 0xc1, 0x14, 0xeb, 0x51, 0x6f, 0xaa, 0xac, 0x0e, 0xe3, 0x7d,
            0xaf, 0x28, 0x07, 0xb4, 0x38, 0x1f,
        ],
        trailer: Trailer::Octets(20),
    },
];
