//! The two vendor IDs ([MS-IKEE] §3.13.5, notes 6 and 36).

use alloc::vec::Vec;

use isakmp_wire::vendor_id;

/// "Microsoft Xbox One 2013": for connections of the Xbox, and nothing else follows
/// ([MS-IKEE] §3.13.5.1).
pub(crate) const MARK: [u8; 16] = vendor_id::XBOX_ONE_2013;

/// "XBox IKEv2 Negotiation" with a capital B, whatever the specification prints
/// ([MS-IKEE] note 6), and the type.
pub(crate) fn with_type(number: u32) -> Vec<u8> {
    let mut id = Vec::from(vendor_id::XBOX_NEGOTIATION);
    id.extend_from_slice(&number.to_be_bytes());
    id
}

/// The type in a vendor ID ([MS-IKEE] §3.13.1): 4 octets behind the hash; `None` if there is
/// none.
pub(crate) fn read_type(id: &[u8]) -> Option<u32> {
    let rest = id.strip_prefix(&vendor_id::XBOX_NEGOTIATION)?;
    Some(u32::from_be_bytes(rest.try_into().ok()?))
}
