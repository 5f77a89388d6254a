//! Names for numbers that no field of a payload's layout names by itself.

use std::net::{Ipv4Addr, Ipv6Addr};

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

/// A Windows status code as in a status notify, [MS-IKEE] §2.2.6.
pub(crate) fn status(code: u32) -> String {
    let name = STATUS
        .iter()
        .find(|(number, _)| *number == code)
        .map(|(_, name)| *name);
    match (name, code) {
        (Some(name), _) => format!("{name} ({code})"),
        (None, 13_000..=13_023) => format!("an IPsec error of Windows ({code})"),
        (None, 13_800..=13_932) => format!("an IKE error of Windows ({code})"),
        (None, _) => code.to_string(),
    }
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

/// Those of `winerror.h` that a negotiation reports.
const STATUS: [(u32, &str); 16] = [
    (0, "ERROR_SUCCESS"),
    (13_801, "ERROR_IPSEC_IKE_AUTH_FAIL"),
    (13_802, "ERROR_IPSEC_IKE_ATTRIB_FAIL"),
    (13_803, "ERROR_IPSEC_IKE_NEGOTIATION_PENDING"),
    (13_804, "ERROR_IPSEC_IKE_GENERAL_PROCESSING_ERROR"),
    (13_805, "ERROR_IPSEC_IKE_TIMED_OUT"),
    (13_806, "ERROR_IPSEC_IKE_NO_CERT"),
    (13_807, "ERROR_IPSEC_IKE_SA_DELETED"),
    (13_813, "ERROR_IPSEC_IKE_DROP_NO_RESPONSE"),
    (13_816, "ERROR_IPSEC_IKE_ERROR"),
    (13_822, "ERROR_IPSEC_IKE_DH_FAIL"),
    (13_823, "ERROR_IPSEC_IKE_CRITICAL_PAYLOAD_NOT_RECOGNIZED"),
    (13_824, "ERROR_IPSEC_IKE_INVALID_HEADER"),
    (13_825, "ERROR_IPSEC_IKE_NO_POLICY"),
    (13_826, "ERROR_IPSEC_IKE_INVALID_SIGNATURE"),
    (13_868, "ERROR_IPSEC_IKE_POLICY_MATCH"),
];
