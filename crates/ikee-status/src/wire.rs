//! The two notifications ([MS-IKEE] §2.2.6, §2.2.7).

use alloc::vec::Vec;

use isakmp_wire::v1::{Doi, NotifyType, ProtocolId, kind};
use isakmp_wire::{OwnedPayload, RawPayload};

use crate::code::StatusCode;

/// Octets before the SPI: the domain, the protocol, the SPI's size and the type.
const HEAD: usize = 8;

/// What a NOTIFY_STATUS of IKEv1 says.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "all that there is in it")]
pub struct Told {
    /// The quick mode that it is about; `None` for phase 1, or if the sender does not say.
    pub message_id: Option<u32>,
    /// Why.
    pub code: StatusCode,
}

/// A NOTIFY_STATUS payload. A message ID is for peers of Microsoft only, and for the failure of a
/// quick mode only: it comes first in the data, and 8 is written as the SPI size although there
/// is no SPI ([MS-IKEE] §2.2.6).
#[must_use]
pub fn write_v1(told: Told) -> OwnedPayload {
    let spi_size = if told.message_id.is_some() { 8 } else { 0 };
    let [high, low] = NotifyType::NOTIFY_STATUS.get().to_be_bytes();
    let mut body = Vec::with_capacity(HEAD.saturating_add(8));
    body.extend_from_slice(&Doi::IPSEC.get().to_be_bytes());
    body.extend_from_slice(&[ProtocolId::ISAKMP.get(), spi_size, high, low]);
    body.extend(told.message_id.into_iter().flat_map(u32::to_be_bytes));
    body.extend_from_slice(&told.code.get().to_be_bytes());
    OwnedPayload::new(kind::NOTIFY, body)
}

/// Reads a NOTIFY_STATUS payload; `None` for any other payload, and for data of another size.
///
/// What stands before the code is told by the length: 4 octets are the code, 8 a message ID and
/// the code, and more begin with an SPI of the size that is written ([MS-IKEE] §2.2.6).
#[must_use]
pub fn read_v1(payload: RawPayload<'_>) -> Option<Told> {
    let (head, tail) = payload.body.split_first_chunk::<HEAD>()?;
    let [d0, d1, d2, d3, _, spi_size, high, low] = *head;
    let about = (
        u32::from_be_bytes([d0, d1, d2, d3]),
        u16::from_be_bytes([high, low]),
    );
    let wanted = (Doi::IPSEC.get(), NotifyType::NOTIFY_STATUS.get());
    if payload.kind != kind::NOTIFY || about != wanted {
        return None;
    }
    let bare = matches!(tail.len(), 4 | 8) && matches!(spi_size, 0 | 8);
    let skip = if bare { 0 } else { usize::from(spi_size) };
    let (message_id, code) = match *tail.get(skip..)? {
        [a, b, c, d] => (None, [a, b, c, d]),
        [i, j, k, l, a, b, c, d] => (Some(u32::from_be_bytes([i, j, k, l])), [a, b, c, d]),
        _ => return None,
    };
    Some(Told {
        message_id,
        code: StatusCode::new(u32::from_be_bytes(code)),
    })
}

/// The code of an IKEv2 status notify; `None` if its data are not four octets
/// ([MS-IKEE] §2.2.7).
pub(crate) fn read_v2(data: &[u8]) -> Option<StatusCode> {
    let octets = data.try_into().ok()?;
    Some(StatusCode::new(u32::from_be_bytes(octets)))
}
