use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::writer::Encode;

/// Random octets that make an exchange fresh: `LEAST` to 256 of them. See [`v1::Nonce`](crate::v1::Nonce) and
/// [`v2::Nonce`](crate::v2::Nonce).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce<'a, const LEAST: usize> {
    /// The octets.
    pub data: &'a [u8],
}

impl<'a, const LEAST: usize> Nonce<'a, LEAST> {
    /// The least number of octets.
    pub const MIN: usize = LEAST;
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

impl<const LEAST: usize> Encode for Nonce<'_, LEAST> {
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
    use crate::{PayloadType, v1, v2};

    /// RFC 2409 §5 and RFC 7296 §3.9 have other minima.
    #[test]
    fn the_length_is_bounded() {
        let octets = [7; 257];
        for (length, in_v1, in_v2) in [
            (0, false, false),
            (7, false, false),
            (8, true, false),
            (15, true, false),
            (16, true, true),
            (256, true, true),
            (257, false, false),
        ] {
            let refused = ParseError::new(ErrorKind::NonceLength, 4);
            let raw = RawPayload::new(PayloadType::V1_NONCE, &octets[..length]);
            let parsed = v1::Nonce::parse(raw).map(|it| it.data.len());
            assert_eq!(parsed, in_v1.then_some(length).ok_or(refused));
            let raw = RawPayload::new(PayloadType::V2_NONCE, &octets[..length]);
            let parsed = v2::Nonce::parse(raw).map(|it| it.data.len());
            assert_eq!(parsed, in_v2.then_some(length).ok_or(refused));
        }
    }
}
