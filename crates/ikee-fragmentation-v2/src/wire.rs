//! The numbers of this extension ([MS-IKEE] §2.2.11, §3.15).

use isakmp_wire::v2::NotifyType;

/// The notify that announces the extension, without SPI and data ([MS-IKEE] §2.2.11.1).
pub(crate) const SUPPORTED: NotifyType = NotifyType::IKEV2_FRAGMENTATION_SUPPORTED;

/// The size in octets of a whole IPv4 packet beyond which a message is fragmented
/// ([MS-IKEE] §3.15.1).
pub const PACKET_SIZE_V4: usize = 576;

/// The size in octets of a whole IPv6 packet beyond which a message is fragmented
/// ([MS-IKEE] §3.15.1).
pub const PACKET_SIZE_V6: usize = 1280;
