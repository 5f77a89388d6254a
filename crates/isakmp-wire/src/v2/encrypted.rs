//! Encrypted and authenticated (RFC 7296 §3.14).

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::registry::PayloadType;
use crate::writer::Encode;

/// Payloads under the keys of the IKE SA (RFC 7296 §3.14). Its parts cannot be told apart without the negotiated
/// algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Encrypted<'a> {
    /// The type of the first payload inside.
    pub next: PayloadType,
    /// Initialization vector, ciphertext and integrity check value, undivided.
    pub body: &'a [u8],
}

impl<'a> Encrypted<'a> {
    /// Reads the payload; every body is legal.
    ///
    /// # Errors
    ///
    /// None; the signature is that of all payloads.
    #[inline]
    pub const fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        Ok(Self {
            next: raw.next,
            body: raw.body,
        })
    }
}

/// Writes the body; the type of the first payload inside goes to
/// [`MessageWriter::finish_with`](crate::MessageWriter::finish_with).
impl Encode for Encrypted<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.body.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.body);
    }
}
