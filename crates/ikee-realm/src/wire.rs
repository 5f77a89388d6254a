//! The vendor ID ([MS-IKEE] §2.2.10, note 11).

use alloc::vec::Vec;

use isakmp_wire::vendor_id::SECURITY_REALM;

use crate::machine::RealmId;

/// The hash, then the id.
pub(crate) fn vendor_id(realm: RealmId) -> Vec<u8> {
    let mut id = Vec::from(SECURITY_REALM);
    id.extend_from_slice(realm.as_bytes());
    id
}

/// The id in the first vendor ID that is one of a realm and 32 octets long.
pub(crate) fn find<'a>(mut ids: impl Iterator<Item = &'a [u8]>) -> Option<RealmId> {
    ids.find_map(|id| {
        let value = id.strip_prefix(&SECURITY_REALM)?;
        <[u8; RealmId::LEN]>::try_from(value).ok().map(RealmId::new)
    })
}
