//! Key exchange (RFC 7296 §3.4).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |    key exchange method (group)|            reserved           |
//! +---------------+---------------+---------------+---------------+
//! |                      public value                             |
//! ```

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// A public value of a key exchange (RFC 7296 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyExchange<'a> {
    /// The key exchange method: a transform of type KE, or of type ADDKE in an intermediate exchange.
    pub group: u16,
    /// The public value; its length depends on the method.
    pub data: &'a [u8],
}

impl<'a> KeyExchange<'a> {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](crate::ErrorKind::Truncated).
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [high, low, _, _] = reader.array()?;
        Ok(Self {
            group: u16::from_be_bytes([high, low]),
            data: reader.rest(),
        })
    }
}

impl Encode for KeyExchange<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.group.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::{ErrorKind, PayloadType};

    #[test]
    fn reserved_octets_are_ignored_and_written_as_zero() {
        let raw = RawPayload::new(PayloadType::V2_KE, &hex!("001f ffff 0102"));
        let ke = KeyExchange::parse(raw).unwrap();
        assert_eq!((ke.group, ke.data), (31, &[1, 2][..]));
        let mut out = Vec::new();
        ke.encode(&mut out);
        assert_eq!(out, hex!("001f 0000 0102"));
        assert_eq!(out.len(), ke.encoded_len());
    }

    #[test]
    fn a_short_payload_is_truncated_at_its_body() {
        let raw = RawPayload::new(PayloadType::V2_KE, &[0, 31, 0]);
        assert_eq!(
            KeyExchange::parse(raw),
            Err(ParseError::new(ErrorKind::Truncated, 4))
        );
    }
}
