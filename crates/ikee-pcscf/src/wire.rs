//! The two attributes ([MS-IKEE] §3.16, RFC 7651 §3).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

/// An IPv4 address of a P-CSCF, 4 octets; type 20.
pub(crate) const V4: CfgAttribute = CfgAttribute::P_CSCF_IP4_ADDRESS;

/// An IPv6 address of a P-CSCF, 16 octets; type 21.
pub(crate) const V6: CfgAttribute = CfgAttribute::P_CSCF_IP6_ADDRESS;

/// The attribute that tells of an address.
pub(crate) fn attribute(address: IpAddr) -> OwnedCfgAttr {
    match address {
        IpAddr::V4(it) => OwnedCfgAttr::new(V4, it.octets()),
        IpAddr::V6(it) => OwnedCfgAttr::new(V6, it.octets()),
    }
}

/// The address that an attribute tells of; `None` for another one, and for a value that is empty
/// or of the wrong length.
pub(crate) fn read(kind: CfgAttribute, value: &[u8]) -> Option<IpAddr> {
    match kind {
        V4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into()),
        V6 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into()),
        _ => None,
    }
}
