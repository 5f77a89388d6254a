//! Key exchange (RFC 2408 §3.7).

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// A public value of the negotiated group (RFC 2408 §3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyExchange<'a> {
    /// The public value.
    pub data: &'a [u8],
}

impl<'a> KeyExchange<'a> {
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

impl Encode for KeyExchange<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data);
    }
}
