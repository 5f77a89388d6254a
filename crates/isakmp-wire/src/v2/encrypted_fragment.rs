//! Encrypted and authenticated fragment (RFC 7383 §2.5).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |        fragment number        |        total fragments        |
//! +---------------+---------------+---------------+---------------+
//! |       initialization vector, ciphertext, integrity check value |
//! ```

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::registry::PayloadType;
use crate::writer::Encode;

/// One part of an encrypted payload (RFC 7383 §2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncryptedFragment<'a> {
    /// The type of the first payload inside, in the first fragment; none in the others.
    pub next: PayloadType,
    /// Which fragment this is, from 1.
    pub number: u16,
    /// How many there are.
    pub total: u16,
    /// Initialization vector, ciphertext and integrity check value, undivided.
    pub body: &'a [u8],
}

impl<'a> EncryptedFragment<'a> {
    /// The octets before [`body`](Self::body): fragment number and total.
    pub const PREFIX: usize = 4;

    /// Reads the payload: 1 ≤ number ≤ total (RFC 7383 §2.6).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::FragmentNumber`] at the number.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let number = u16::from_be_bytes(reader.array()?);
        let total = u16::from_be_bytes(reader.array()?);
        if number == 0 || number > total {
            return Err(ParseError::new(
                ErrorKind::FragmentNumber,
                raw.body_offset(),
            ));
        }
        Ok(Self {
            next: raw.next,
            number,
            total,
            body: reader.rest(),
        })
    }
}

/// Writes number, total and body; the type of the first payload inside goes to
/// [`MessageWriter::finish_with`](crate::MessageWriter::finish_with).
impl Encode for EncryptedFragment<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.body.len().saturating_add(Self::PREFIX)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.total.to_be_bytes());
        out.extend_from_slice(self.body);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn a_fragment_survives_the_round_trip() {
        let body = hex!("0001 0003 aabb");
        let raw = RawPayload {
            next: PayloadType::V2_ID_I,
            ..RawPayload::new(PayloadType::V2_ENCRYPTED_FRAGMENT, &body)
        };
        let fragment = EncryptedFragment::parse(raw).unwrap();
        assert_eq!((fragment.number, fragment.total), (1, 3));
        assert_eq!(fragment.next, PayloadType::V2_ID_I);
        let mut out = Vec::new();
        fragment.encode(&mut out);
        assert_eq!(out, body);
    }

    #[test]
    fn the_number_lies_between_one_and_the_total() {
        for body in [
            hex!("0000 0003"),
            hex!("0004 0003"),
            hex!("0001 0000"),
            hex!("0000 0000"),
        ] {
            let raw = RawPayload::new(PayloadType::V2_ENCRYPTED_FRAGMENT, &body);
            assert_eq!(
                EncryptedFragment::parse(raw),
                Err(ParseError::new(ErrorKind::FragmentNumber, 4))
            );
        }
    }
}
