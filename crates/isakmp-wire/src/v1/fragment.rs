//! Message fragment ([MS-IKEE] §2.2.3).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |          fragment ID          |    number     |     flags     |
//! +---------------+---------------+---------------+---------------+
//! |                             data                              |
//! ```

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::writer::Encode;

/// The flag of the last fragment.
const LAST: u8 = 0x01;

/// A slice of a message, alone after the header and never encrypted ([MS-IKEE] §2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fragment<'a> {
    /// Which message it is a slice of.
    pub id: u16,
    /// Which slice it is, from 1.
    pub number: u8,
    /// Whether it is the last one.
    pub last: bool,
    /// The slice.
    pub data: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// The octets before [`data`](Self::data).
    pub const PREFIX: usize = 4;

    /// Reads the payload; other flags than that of the last fragment are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::FragmentNumber`] at a number 0.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [high, low, number, flags] = reader.array()?;
        if number == 0 {
            let at = raw.body_offset().saturating_add(2);
            return Err(ParseError::new(ErrorKind::FragmentNumber, at));
        }
        Ok(Self {
            id: u16::from_be_bytes([high, low]),
            number,
            last: flags & LAST != 0,
            data: reader.rest(),
        })
    }
}

impl Encode for Fragment<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(Self::PREFIX)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let [high, low] = self.id.to_be_bytes();
        let flags = if self.last { LAST } else { 0 };
        out.extend_from_slice(&[high, low, self.number, flags]);
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    fn parse(body: &[u8]) -> Result<Fragment<'_>, ParseError> {
        Fragment::parse(RawPayload::new(PayloadType::V1_FRAGMENT, body))
    }

    #[test]
    fn other_flags_are_ignored_and_written_as_zero() {
        let body = hex!("0007 02 ff aabb");
        let fragment = parse(&body).unwrap();
        assert_eq!((fragment.id, fragment.number), (7, 2));
        assert!(fragment.last);
        let mut out = Vec::new();
        fragment.encode(&mut out);
        assert_eq!(out, hex!("0007 02 01 aabb"));
        assert!(!parse(&hex!("0007 02 fe")).unwrap().last);
    }

    #[test]
    fn numbers_begin_at_one() {
        assert_eq!(
            parse(&hex!("0007 00 01")),
            Err(ParseError::new(ErrorKind::FragmentNumber, 6))
        );
    }
}
