//! Names for numbers that no field of a payload's layout names by itself.

use std::net::{Ipv4Addr, Ipv6Addr};

use ikee::status::StatusCode;
use ipsec_doi::{GroupId, HashId};
use isakmp_wire::vendor_id;

use super::report::{Fields, hex};
use super::v2::{printable, put};

/// A Diffie-Hellman group or other key exchange method.
pub(crate) fn group(number: u16) -> String {
    GroupId::new(number).to_string()
}

/// A hash algorithm, RFC 7427 §7.
pub(crate) fn hash(number: u16) -> String {
    HashId::new(number).to_string()
}

/// A Windows status code as in a status notify, [MS-IKEE] §2.2.6: its symbolic name and what it means.
pub(crate) fn status(code: u32) -> String {
    if code == 0 {
        return "ERROR_SUCCESS (0)".to_owned();
    }
    StatusCode::new(code).to_string()
}

/// A vendor ID: its octets, what is known of them, and what stands behind the part by which they are known.
pub(crate) fn vendor_id(octets: &[u8], fields: &mut Fields) {
    put(fields, "vid", hex(octets));
    let Some((known, rest)) = vendor_id::lookup(octets) else {
        let readable = octets.len() >= 4 && octets.iter().all(|octet| (32..127).contains(octet));
        if readable {
            put(fields, "vid_name", printable(octets));
        }
        return;
    };
    let name = known.preimage.or_else(|| unhashed(known.prefix));
    put(fields, "vid_name", escaped(name.unwrap_or(known.name)));
    put(fields, "vid_meaning", known.name);
    if rest.is_empty() {
        return;
    }
    let Ok(value) = rest.try_into().map(u32::from_be_bytes) else {
        return put(fields, "vid_value", hex(rest));
    };
    put(fields, "vid_value", value);
    if let Some(name) = vendor_value(known.prefix, value) {
        put(fields, "vid_value_name", name);
    }
}

/// The names in [MS-IKEE] note 6 of those whose octets are not the hash of that name.
fn unhashed(prefix: &[u8]) -> Option<&'static str> {
    if prefix == vendor_id::KEY_MODS {
        Some("KEY_MODS")
    } else if prefix == vendor_id::AUTHIP_INIT_KE_DH_GROUP {
        Some("AUTHIP_INIT_KE_DH_GROUP")
    } else {
        None
    }
}

/// One of the names ends in a line feed.
fn escaped(name: &str) -> String {
    name.escape_debug().to_string()
}

/// [MS-IKEE] note 6.
fn vendor_value(prefix: &[u8], value: u32) -> Option<&'static str> {
    if prefix == vendor_id::MS_NT5_ISAKMPOAKLEY {
        vendor_id::windows_release(value)
    } else if prefix == vendor_id::KEY_MODS {
        vendor_id::keying_module(value)
    } else if prefix == vendor_id::AUTHIP_INIT_KE_DH_GROUP {
        vendor_id::authip_group(value)
    } else {
        None
    }
}

/// An address by its length alone: IPv4, IPv4 with mask, IPv6, IPv6 with prefix length.
pub(crate) fn address(octets: &[u8]) -> Option<String> {
    if let Some((address, rest)) = octets.split_first_chunk::<16>() {
        let address = Ipv6Addr::from(*address);
        return match rest {
            [] => Some(address.to_string()),
            [prefix] => Some(format!("{address}/{prefix}")),
            _ => None,
        };
    }
    let (address, rest) = octets.split_first_chunk::<4>()?;
    let address = Ipv4Addr::from(*address);
    match *rest {
        [] => Some(address.to_string()),
        [a, b, c, d] => Some(format!("{address}/{}", Ipv4Addr::new(a, b, c, d))),
        _ => None,
    }
}
