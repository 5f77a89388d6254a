//! The vendor ID and the EXCHANGE_INFO notification ([MS-IKEE] §1.7, §2.2.6).

use alloc::vec::Vec;

use isakmp_wire::v1::{Doi, NotifyType, ProtocolId, kind};
use isakmp_wire::{OwnedPayload, RawPayload, vendor_id};

/// "MS-Negotiation Discovery Capable" ([MS-IKEE] §1.7).
pub(crate) const VENDOR_ID: [u8; 16] = vendor_id::NEGOTIATION_DISCOVERY;

/// Microsoft's implementation: its peers want the message ID in a notification ([MS-IKEE] §2.2.6).
pub(crate) const MICROSOFT: [u8; 16] = vendor_id::MS_NT5_ISAKMPOAKLEY;

const BOUNDARY: u32 = 1;
const GUARANTEED: u32 = 2;

/// What EXCHANGE_INFO says about a quick mode ([MS-IKEE] §2.2.6).
///
/// ```
/// use ikee_discovery::ExchangeInfo;
///
/// let both = ExchangeInfo { boundary: true, guaranteed: true };
/// assert_eq!(both.bits(), 3);
/// assert_eq!(ExchangeInfo::from_bits(0xffff_fffd), ExchangeInfo { boundary: true, guaranteed: false });
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two flags, and others are ignored"
)]
pub struct ExchangeInfo {
    /// The sender's inbound rule for this traffic also takes packets in clear.
    pub boundary: bool,
    /// The SA is for traffic that must be encrypted.
    pub guaranteed: bool,
}

impl ExchangeInfo {
    /// As the flags on the wire.
    #[must_use]
    pub const fn bits(self) -> u32 {
        let boundary = if self.boundary { BOUNDARY } else { 0 };
        boundary | if self.guaranteed { GUARANTEED } else { 0 }
    }

    /// From the flags on the wire; those that mean nothing are ignored.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            boundary: bits & BOUNDARY != 0,
            guaranteed: bits & GUARANTEED != 0,
        }
    }

    /// The notification in a quick mode. `message_id` is that of the quick mode, for a peer that has sent
    /// Microsoft's vendor ID: it then comes first in the data, and 8 is written as the SPI size although there is no
    /// SPI ([MS-IKEE] §2.2.6).
    #[must_use]
    pub fn payload(self, message_id: Option<u32>) -> OwnedPayload {
        let spi_size = if message_id.is_some() { 8 } else { 0 };
        let [high, low] = NotifyType::EXCHANGE_INFO.get().to_be_bytes();
        let mut body = Vec::with_capacity(16);
        body.extend_from_slice(&Doi::IPSEC.get().to_be_bytes());
        body.extend_from_slice(&[ProtocolId::ISAKMP.get(), spi_size, high, low]);
        body.extend(message_id.into_iter().flat_map(u32::to_be_bytes));
        body.extend_from_slice(&self.bits().to_be_bytes());
        OwnedPayload::new(kind::NOTIFY, body)
    }

    /// Reads a notification of the quick mode with this message ID; `None` if it is none of this kind.
    ///
    /// Whether a message ID, and an SPI, stand before the flags is told by the length: 4 octets are the flags,
    /// 8 the message ID and the flags, and more begin with an SPI of the size that is written ([MS-IKEE] §2.2.6).
    #[must_use]
    pub fn read(payload: RawPayload<'_>, message_id: u32) -> Option<Self> {
        let (head, data) = payload.body.split_first_chunk::<8>()?;
        let [_, _, _, _, _, spi_size, high, low] = *head;
        if payload.kind != kind::NOTIFY
            || [high, low] != NotifyType::EXCHANGE_INFO.get().to_be_bytes()
        {
            return None;
        }
        let bare = matches!(data.len(), 4 | 8) && matches!(spi_size, 0 | 8);
        let skip = if bare { 0 } else { usize::from(spi_size) };
        let flags = match data.get(skip..)? {
            [a, b, c, d] => [a, b, c, d],
            [i, j, k, l, a, b, c, d] if [*i, *j, *k, *l] == message_id.to_be_bytes() => {
                [a, b, c, d]
            }
            _ => return None,
        };
        Some(Self::from_bits(u32::from_be_bytes(flags.map(|it| *it))))
    }
}
