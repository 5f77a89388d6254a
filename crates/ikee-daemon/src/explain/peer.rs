//! What a peer's vendor IDs say of it.

use ikee::profile::{Seen, recognise};
use ikee::wire::v2::CfgAttribute;
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

/// The release of Windows that the peer is taken for.
pub(super) fn windows(vendor_ids: &[Vec<u8>], asked: &[CfgAttribute]) -> Option<String> {
    let vendor_ids: Vec<&[u8]> = vendor_ids.iter().map(Vec::as_slice).collect();
    let mut seen = Seen::ikev2(&vendor_ids, None);
    let servers = [
        CfgAttribute::INTERNAL_IP4_SERVER,
        CfgAttribute::INTERNAL_IP6_SERVER,
    ];
    if servers.iter().any(|it| asked.contains(it)) {
        seen = seen.with_server_address();
    }
    recognise(&seen).map(|it| it.to_string())
}

/// The same of a peer that speaks IKEv1.
pub(super) fn windows_v1(vendor_ids: &[Vec<u8>]) -> Option<String> {
    let vendor_ids: Vec<&[u8]> = vendor_ids.iter().map(Vec::as_slice).collect();
    recognise(&Seen::ikev1(&vendor_ids)).map(|it| it.to_string())
}

fn number(rest: &[u8]) -> Option<u32> {
    rest.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-IKEE] §2.2.8: what a client of Windows asks for tells it, whatever its vendor IDs.
    #[test]
    fn who_asks_for_the_servers_addresses_is_windows() {
        let asked = [
            CfgAttribute::INTERNAL_IP4_ADDRESS,
            CfgAttribute::INTERNAL_IP4_SERVER,
        ];
        assert_eq!(windows(&[], &asked[..1]), None);
        let known = windows(&[], &asked);
        assert_eq!(
            known.as_deref(),
            Some("Windows 7, Windows Server 2008 R2 or later")
        );
        let mut eight = vendor_id::MS_NT5_ISAKMPOAKLEY.to_vec();
        eight.extend([0, 0, 0, 8]);
        let known = windows(&[eight], &asked);
        assert_eq!(
            known.as_deref(),
            Some("Windows 7 or Windows Server 2008 R2")
        );
    }
}
