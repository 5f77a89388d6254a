//! Telling the sender that a packet does not fit (RFC 1191 §4, RFC 4443 §3.2).

use std::net::IpAddr;

use ipsec_esp::ip::{self, Header};

const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;
/// The least that an IPv6 link carries (RFC 8200 §5): nobody is told less.
pub(super) const V6_LEAST: usize = 1280;
/// The longest that an error message gets: 576 octets, which every host takes.
const LONGEST: usize = 576;
const HEADER: usize = 8;

/// The message that says how much does fit, as if from the packet's destination; none if nobody may be told.
pub(super) fn too_big(header: &Header, packet: &[u8], fits: usize) -> Option<Vec<u8>> {
    let is_error = match (header.protocol, packet.get(header.payload)) {
        (ICMP, Some(kind)) => matches!(kind, 3..=5 | 11 | 12),
        (ICMP_V6, Some(kind)) => *kind < 128,
        _ => false,
    };
    let group = header.destination.is_multicast();
    if is_error || group || header.fragment_offset != 0 {
        return None;
    }
    let (head, protocol, kind, code) = match header.source {
        IpAddr::V4(_) => (ip::V4_LEN, ICMP, 3, 4),
        IpAddr::V6(_) => (ip::V6_LEN, ICMP_V6, 2, 0),
    };
    let quoted = packet.get(..header.total.min(LONGEST - head - HEADER))?;
    let mut message = vec![0; head];
    let length = HEADER + quoted.len();
    ip::write_header(
        &mut message,
        header.destination,
        header.source,
        protocol,
        length,
    )
    .ok()?;
    message.extend([kind, code, 0, 0]);
    message.extend(u32::try_from(fits).ok()?.to_be_bytes());
    message.extend(quoted);
    let body = message.get(head..)?;
    let sum = match protocol {
        ICMP => ip::checksum(body),
        _ => ip::pseudo_checksum(header.destination, header.source, protocol, body),
    };
    message
        .get_mut(head + 2..head + 4)?
        .copy_from_slice(&sum.to_be_bytes());
    Some(message)
}
