//! What a peer's vendor IDs say of it.

use ikee::wire::vendor_id;

/// The known ones by name, with the value behind.
pub(super) fn names(vendor_ids: &[Vec<u8>]) -> Vec<String> {
    let known = vendor_ids.iter().filter_map(|id| vendor_id::lookup(id));
    known
        .map(|(known, rest)| match number(rest) {
            Some(value) => format!("{} ({value})", known.name),
            None => known.name.to_owned(),
        })
        .collect()
}

/// The release of Windows that the peer says it is.
pub(super) fn windows(vendor_ids: &[Vec<u8>]) -> Option<String> {
    vendor_ids.iter().find_map(|id| {
        let (known, rest) = vendor_id::lookup(id)?;
        if known.prefix != vendor_id::MS_NT5_ISAKMPOAKLEY {
            return None;
        }
        let value = number(rest)?;
        Some(match vendor_id::windows_release(value) {
            Some(release) => release.to_owned(),
            None => format!("an unknown release ({value})"),
        })
    })
}

fn number(rest: &[u8]) -> Option<u32> {
    rest.try_into().ok().map(u32::from_be_bytes)
}
