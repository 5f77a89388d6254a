//! A whole message: header and payloads.

use crate::chain::PayloadChain;
use crate::error::{ErrorKind, ParseError};
use crate::header::{Flags, Header, Version};
use crate::payload::RawPayload;

/// The most octets that may stand behind the last payload.
const MAX_PADDING: usize = 3;

/// A message whose lengths have been checked; nothing is copied.
///
/// Up to three octets may stand behind the last payload, inside the length: FreeS/WAN and its successors fill
/// messages up to a multiple of four. They are in [`padding`](Self::padding), and mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The header.
    pub header: Header,
    /// The payloads. Empty if an IKEv1 message is [encrypted](Self::encrypted_body).
    pub payloads: PayloadChain<'a>,
    /// The whole message, header included.
    pub bytes: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the message that fills `bytes`.
    ///
    /// # Errors
    ///
    /// Those of [`Header::parse`] and [`PayloadChain::parse`], and [`ErrorKind::MessageLength`] at the length field
    /// unless that is the number of octets there are. [`ErrorKind::TrailingBytes`] is for more than three of them.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let header = Header::parse(bytes)?;
        if usize::try_from(header.length) != Ok(bytes.len()) {
            return Err(length_error());
        }
        Self::with_header(header, bytes)
    }

    /// Reads the message at the start of `bytes`, and returns what follows it: for tools that meet datagrams with
    /// something behind the message.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse), but only a message longer than `bytes`, or shorter than its header, is an
    /// [`ErrorKind::MessageLength`].
    pub fn parse_prefix(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let header = Header::parse(bytes)?;
        let split = usize::try_from(header.length)
            .ok()
            .and_then(|length| bytes.split_at_checked(length));
        let Some((bytes, rest)) = split else {
            return Err(length_error());
        };
        Ok((Self::with_header(header, bytes)?, rest))
    }

    #[inline]
    fn with_header(header: Header, bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Some(body) = bytes.get(Header::LEN..) else {
            return Err(length_error());
        };
        let payloads = if is_encrypted_v1(&header) {
            PayloadChain::EMPTY
        } else {
            let (chain, rest) = PayloadChain::parse_padded(header.next, body, Header::LEN)?;
            if rest.len() > MAX_PADDING {
                let at = bytes.len().saturating_sub(rest.len());
                return Err(ParseError::new(ErrorKind::TrailingBytes, at));
            }
            chain
        };
        Ok(Self {
            header,
            payloads,
            bytes,
        })
    }

    /// What follows the header.
    #[inline]
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(Header::LEN..).unwrap_or_default()
    }

    /// The ciphertext of an encrypted IKEv1 message (RFC 2408 §3.1): the body as a whole. `None` for any other
    /// message; IKEv2 encrypts inside a payload.
    #[inline]
    #[must_use]
    pub fn encrypted_body(&self) -> Option<&'a [u8]> {
        is_encrypted_v1(&self.header).then(|| self.body())
    }

    /// What stands behind the last payload: at most three octets.
    #[must_use]
    pub fn padding(&self) -> &'a [u8] {
        if self.encrypted_body().is_some() {
            return &[];
        }
        let used = self.payloads.as_bytes().len();
        self.body().get(used..).unwrap_or_default()
    }

    /// The payloads, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = RawPayload<'a>> + use<'a> {
        self.payloads.iter()
    }
}

#[inline]
const fn is_encrypted_v1(header: &Header) -> bool {
    header.version.major == Version::V1.major && header.flags.contains(Flags::ENCRYPTED)
}

const fn length_error() -> ParseError {
    ParseError::new(ErrorKind::MessageLength, Header::LENGTH_AT)
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    const INFORMATIONAL: [u8; 33] = hex!(
        "0011223344556677 8899aabbccddeeff 28 20 25 08 00000002 00000021"
        "00 00 0005 aa"
    );

    #[test]
    fn the_length_field_must_be_the_length_of_the_datagram() {
        let message = Message::parse(&INFORMATIONAL).unwrap();
        assert_eq!(message.payloads.first_type(), PayloadType::V2_NONCE);
        assert_eq!(message.body().len(), 5);
        let error = Err(ParseError::new(ErrorKind::MessageLength, 24));
        assert_eq!(Message::parse(&INFORMATIONAL[..32]), error);
        let mut longer = INFORMATIONAL.to_vec();
        longer.push(0xee);
        assert_eq!(Message::parse(&longer), error);
        let (message, rest) = Message::parse_prefix(&longer).unwrap();
        assert_eq!(message.bytes, INFORMATIONAL);
        assert_eq!(rest, [0xee]);
        longer[27] = 27;
        assert_eq!(
            Message::parse_prefix(&longer).map(|(message, _)| message),
            error
        );
    }

    #[test]
    fn up_to_three_octets_of_padding_are_tolerated() {
        let mut bytes = INFORMATIONAL.to_vec();
        for octet in 1..=4 {
            bytes.push(octet);
            bytes[27] += 1;
            if octet <= 3 {
                let message = Message::parse(&bytes).unwrap();
                assert_eq!(message.padding(), &bytes[33..]);
                assert_eq!(message.payloads.len(), 1);
            }
        }
        assert_eq!(
            Message::parse(&bytes),
            Err(ParseError::new(ErrorKind::TrailingBytes, 33))
        );
    }

    #[test]
    fn an_encrypted_version_1_message_has_a_body_and_no_payloads() {
        let mut bytes = INFORMATIONAL;
        bytes[17] = 0x10;
        bytes[19] = 1;
        bytes[30] = 0xff;
        let message = Message::parse(&bytes).unwrap();
        assert!(message.payloads.is_empty());
        assert_eq!(message.encrypted_body(), Some(&bytes[28..]));
        bytes[19] = 0;
        assert!(Message::parse(&bytes).is_err());
    }
}
