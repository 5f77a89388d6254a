//! NAT detection (RFC 3947 §3.2).

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// A hash of cookies, address and port, to find address translation (RFC 3947 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NatDetection<'a> {
    /// The hash; its length is that of the negotiated algorithm.
    pub data: &'a [u8],
}

impl<'a> NatDetection<'a> {
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

impl Encode for NatDetection<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data);
    }
}
