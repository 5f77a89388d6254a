//! The two attributes ([MS-IKEE] §2.2.8); their numbers have 15 bits, the one above is reserved
//! (RFC 7296 §3.15.1).

use core::net::{Ipv4Addr, Ipv6Addr};

use isakmp_wire::v2::CfgAttribute;

/// The server's internal IPv4 address, 4 octets; type 0x5BA0.
pub(crate) const V4: CfgAttribute = CfgAttribute::INTERNAL_IP4_SERVER;

/// The server's internal IPv6 address, 16 octets and no prefix length; type 0x5BA1.
pub(crate) const V6: CfgAttribute = CfgAttribute::INTERNAL_IP6_SERVER;

/// [MS-IKEE] §2.2.8: the length counts the value only, and is 4.
pub(crate) fn parse_v4(value: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(value).ok().map(Ipv4Addr::from)
}

/// [MS-IKEE] §2.2.8: the length counts the value only, and is 16.
pub(crate) fn parse_v6(value: &[u8]) -> Option<Ipv6Addr> {
    <[u8; 16]>::try_from(value).ok().map(Ipv6Addr::from)
}
