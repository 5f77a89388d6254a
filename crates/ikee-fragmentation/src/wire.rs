//! Numbers and sizes of this extension, and the datagram of a fragment ([MS-IKEE] §2.2.3, §3.3.6.1).

use alloc::vec::Vec;

use isakmp_wire::v1::{Fragment, kind};
use isakmp_wire::{Flags, Header, MessageWriter, marker, vendor_id};

/// The vendor ID that announces the extension; some peers append four octets of flags
/// ([MS-IKEE] §3.3.4.1, note 6).
pub(crate) const VENDOR_ID: [u8; 16] = vendor_id::FRAGMENTATION;

/// The size in octets of the IPv4 packets of a fragmented message ([MS-IKEE] §3.3.1).
pub const PACKET_SIZE_V4: usize = 576;

/// The size in octets of the IPv6 packets of a fragmented message ([MS-IKEE] §3.3.1).
pub const PACKET_SIZE_V6: usize = 1280;

const IPV4: usize = 20;
const IPV6: usize = 40;
const UDP: usize = 8;
/// Generic header, and what stands before the data ([MS-IKEE] §2.2.3.1).
const FRAGMENT: usize = 4 + Fragment::PREFIX;

/// What carries the messages of an SA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "all that a packet has beside the message"
)]
pub struct Carrier {
    /// IPv6, not IPv4.
    pub v6: bool,
    /// On port 4500, with the four octets that tell IKE from ESP (RFC 3948 §2.2).
    pub marker: bool,
}

impl Carrier {
    /// The largest message in octets that one packet carries.
    #[must_use]
    pub const fn message(self) -> usize {
        let (packet, ip) = if self.v6 {
            (PACKET_SIZE_V6, IPV6)
        } else {
            (PACKET_SIZE_V4, IPV4)
        };
        let marker = if self.marker {
            marker::NON_ESP_MARKER.len()
        } else {
            0
        };
        packet
            .saturating_sub(ip)
            .saturating_sub(UDP)
            .saturating_sub(marker)
    }

    /// How many octets of a message one fragment carries, so that the packet has its size exactly
    /// ([MS-IKEE] §3.3.6.1).
    #[must_use]
    pub const fn room(self) -> usize {
        self.message()
            .saturating_sub(Header::LEN)
            .saturating_sub(FRAGMENT)
    }
}

/// The datagram of one fragment of the message with this header ([MS-IKEE] §3.3.6.1).
#[must_use]
pub fn encode(message: &Header, fragment: &Fragment<'_>) -> Vec<u8> {
    let flags = Flags::new(message.flags.get() & !Flags::ENCRYPTED.get());
    let header = Header { flags, ..*message };
    let mut out = Vec::new();
    MessageWriter::begin(&mut out, &header)
        .encode(kind::FRAGMENT, fragment)
        .finish();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_filled_exactly() {
        let of = |v6, marker| Carrier { v6, marker };
        assert_eq!(of(false, false).room(), 576 - 20 - 8 - 28 - 8);
        assert_eq!(of(false, true).room(), 508);
        assert_eq!(of(true, false).room(), 1196);
        assert_eq!(of(true, true).room(), 1192);
    }
}
