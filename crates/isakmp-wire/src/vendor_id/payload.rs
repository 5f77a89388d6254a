//! The payload, the same in both versions (RFC 2408 §3.16, RFC 7296 §3.12).

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// What a side announces about itself; [`lookup`](crate::vendor_id::lookup) knows some (RFC 2408 §3.16, RFC 7296 §3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VendorId<'a> {
    /// The octets.
    pub data: &'a [u8],
}

impl<'a> VendorId<'a> {
    /// Reads the payload; every body is legal.
    ///
    /// # Errors
    ///
    /// None; the signature is that of all payloads.
    #[inline]
    pub const fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        Ok(Self { data: raw.body })
    }
}

impl Encode for VendorId<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data);
    }
}
