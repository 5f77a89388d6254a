//! A payload as it lies in a message, and one that is kept (RFC 2408 §3.2, RFC 7296 §3.2).
//!
//! ```text
//! +---------------+-+-------------+---------------+---------------+
//! | next payload  |C|  reserved   |   length, this header included |
//! +---------------+-+-------------+---------------+---------------+
//! |                             body                               |
//! ```

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::registry::PayloadType;

/// The critical bit of the second octet of a generic header (RFC 7296 §2.5).
pub(crate) const CRITICAL: u8 = 0x80;

/// The length of a generic payload header in octets.
pub(crate) const GENERIC_LEN: usize = 4;

/// A payload as it lies in a message: nothing interpreted, nothing lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawPayload<'a> {
    /// What it is: the "next payload" octet of what stands before it.
    pub kind: PayloadType,
    /// Its own "next payload" octet.
    pub next: PayloadType,
    /// The second octet of its header: the critical bit and seven reserved ones.
    pub reserved: u8,
    /// What follows the generic header.
    pub body: &'a [u8],
    /// Where its generic header begins, in octets from the start of the message.
    pub offset: usize,
}

impl<'a> RawPayload<'a> {
    /// A payload that stands in no message yet: next is none, nothing reserved is set, the offset is 0.
    #[inline]
    #[must_use]
    pub const fn new(kind: PayloadType, body: &'a [u8]) -> Self {
        Self {
            kind,
            next: PayloadType::NONE,
            reserved: 0,
            body,
            offset: 0,
        }
    }

    /// Whether the sender wants the message refused if the type is unknown (RFC 7296 §2.5).
    #[inline]
    #[must_use]
    pub const fn critical(&self) -> bool {
        self.reserved & CRITICAL != 0
    }

    /// Where the body begins, in octets from the start of the message.
    #[inline]
    #[must_use]
    pub const fn body_offset(&self) -> usize {
        self.offset.saturating_add(GENERIC_LEN)
    }

    /// A copy that outlives the message.
    #[must_use]
    pub fn to_owned(&self) -> OwnedPayload {
        OwnedPayload {
            kind: self.kind,
            critical: self.critical(),
            body: self.body.to_vec(),
        }
    }

    /// A cursor over the body.
    #[inline]
    pub(crate) const fn reader(&self) -> Reader<'a> {
        Reader::new(self.body, self.body_offset())
    }
}

/// A payload on its own, to be kept or sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedPayload {
    /// What it is.
    pub kind: PayloadType,
    /// The critical bit (RFC 7296 §2.5).
    pub critical: bool,
    /// What follows the generic header.
    pub body: Vec<u8>,
}

impl OwnedPayload {
    /// A payload that is not critical.
    #[must_use]
    pub fn new(kind: PayloadType, body: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            critical: false,
            body: body.into(),
        }
    }

    /// The same as a raw payload: it stands alone, so next is none and the offset 0.
    #[must_use]
    pub fn as_raw(&self) -> RawPayload<'_> {
        RawPayload {
            reserved: if self.critical { CRITICAL } else { 0 },
            ..RawPayload::new(self.kind, &self.body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_critical_bit_survives_owning() {
        let mut owned = OwnedPayload::new(PayloadType::V2_NONCE, [1, 2, 3]);
        assert!(!owned.as_raw().critical());
        owned.critical = true;
        assert!(owned.as_raw().critical());
        assert_eq!(owned.as_raw().to_owned(), owned);
    }
}
