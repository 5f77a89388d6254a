//! Nonce (RFC 2409 §5, RFC 2408 §3.13).

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::writer::Encode;

/// Random octets that make an exchange fresh: 8 to 256 of them (RFC 2409 §5, RFC 2408 §3.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce<'a> {
    /// The octets.
    pub data: &'a [u8],
}

impl<'a> Nonce<'a> {
    /// The least number of octets.
    pub const MIN: usize = 8;
    /// The greatest number of octets.
    pub const MAX: usize = 256;

    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NonceLength`] at the body.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        if (Self::MIN..=Self::MAX).contains(&raw.body.len()) {
            Ok(Self { data: raw.body })
        } else {
            Err(ParseError::new(ErrorKind::NonceLength, raw.body_offset()))
        }
    }
}

impl Encode for Nonce<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len()
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PayloadType;

    #[test]
    fn the_length_is_bounded() {
        let octets = [7; 257];
        for (length, legal) in [(8 - 1, false), (8, true), (256, true), (257, false)] {
            let raw = RawPayload::new(PayloadType::V1_NONCE, &octets[..length]);
            assert_eq!(Nonce::parse(raw).is_ok(), legal);
        }
        let raw = RawPayload::new(PayloadType::V1_NONCE, &[]);
        assert_eq!(
            Nonce::parse(raw),
            Err(ParseError::new(ErrorKind::NonceLength, 4))
        );
    }
}
