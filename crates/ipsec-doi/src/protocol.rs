//! Protocol identifiers: what security protocols need, and names of IP protocols.

use isakmp_wire::v2::ProtocolId;

/// The SPI length in octets of a security protocol (RFC 7296 §3.3.1); `None` for an unknown one.
///
/// An IKE SA has its SPIs in the header: they are in a proposal only when it is rekeyed.
#[must_use]
pub const fn spi_len(protocol: ProtocolId) -> Option<usize> {
    match protocol {
        ProtocolId::IKE => Some(8),
        ProtocolId::AH | ProtocolId::ESP => Some(4),
        _ => None,
    }
}

/// The IP protocol number that carries a security protocol (RFC 4302 §2, RFC 4303 §2).
#[must_use]
pub const fn ip_protocol(protocol: ProtocolId) -> Option<u8> {
    match protocol {
        ProtocolId::AH => Some(51),
        ProtocolId::ESP => Some(50),
        _ => None,
    }
}

/// The usual name of an IP protocol number.
#[must_use]
pub fn ip_name(number: u8) -> Option<&'static str> {
    IP.iter().find(|(n, _)| *n == number).map(|(_, name)| *name)
}

/// The IP protocol number of a name.
#[must_use]
pub fn ip_number(name: &str) -> Option<u8> {
    IP.iter()
        .find(|(_, n)| *n == name)
        .map(|(number, _)| *number)
}

/// The protocols that policies speak of.
const IP: &[(u8, &str)] = &[
    (1, "icmp"),
    (2, "igmp"),
    (4, "ipip"),
    (6, "tcp"),
    (17, "udp"),
    (33, "dccp"),
    (41, "ipv6"),
    (47, "gre"),
    (50, "esp"),
    (51, "ah"),
    (58, "ipv6-icmp"),
    (89, "ospf"),
    (112, "vrrp"),
    (115, "l2tp"),
    (132, "sctp"),
    (136, "udplite"),
];
