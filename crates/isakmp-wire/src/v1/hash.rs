//! Hash (RFC 2408 §3.11).

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// A hash or keyed hash over what the exchange says (RFC 2408 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hash<'a> {
    /// The hash; its length is that of the negotiated algorithm.
    pub data: &'a [u8],
}

impl<'a> Hash<'a> {
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

impl Encode for Hash<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data);
    }
}
