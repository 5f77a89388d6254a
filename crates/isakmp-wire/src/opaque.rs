use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// The body of a payload that has no parts: hashes, signatures, public values of IKEv1, vendor IDs. Each has a name of its own,
/// such as [`v1::Hash`](crate::v1::Hash).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opaque<'a> {
    /// The octets.
    pub data: &'a [u8],
}

impl<'a> Opaque<'a> {
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

impl Encode for Opaque<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data);
    }
}
