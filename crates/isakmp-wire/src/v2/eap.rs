//! Extensible authentication (RFC 7296 §3.16, RFC 3748 §4).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |      code     |  identifier   |  length, this header included |
//! +---------------+---------------+---------------+---------------+
//! | method, if asked or answered  |  data
//! ```

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::v2::{EapCode, EapMethod};
use crate::writer::Encode;

/// An EAP message (RFC 7296 §3.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Eap<'a> {
    /// What it does.
    pub code: EapCode,
    /// Which request a response belongs to.
    pub identifier: u8,
    /// The method of a request or response; other messages have none.
    pub method: Option<EapMethod>,
    /// What follows the method.
    pub data: &'a [u8],
}

impl<'a> Eap<'a> {
    /// Reads the payload: the length field is the length of the body, a request or response names a method,
    /// success and failure carry nothing (RFC 3748 §4).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::EapLength`] at the length field,
    /// [`ErrorKind::TrailingBytes`] behind a success or failure.
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [code, identifier, high, low] = reader.array()?;
        if usize::from(u16::from_be_bytes([high, low])) != raw.body.len() {
            let at = raw.body_offset().saturating_add(2);
            return Err(ParseError::new(ErrorKind::EapLength, at));
        }
        let code = EapCode::new(code);
        let method = match code {
            EapCode::REQUEST | EapCode::RESPONSE => {
                let [method] = reader.array()?;
                Some(EapMethod::new(method))
            }
            EapCode::SUCCESS | EapCode::FAILURE => {
                reader.finish()?;
                None
            }
            _ => None,
        };
        Ok(Self {
            code,
            identifier,
            method,
            data: reader.rest(),
        })
    }
}

impl Encode for Eap<'_> {
    fn encoded_len(&self) -> usize {
        let head = if self.method.is_some() { 5 } else { 4 };
        self.data.len().saturating_add(head)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let length = u16::try_from(self.encoded_len()).unwrap_or(u16::MAX);
        let [high, low] = length.to_be_bytes();
        out.extend_from_slice(&[self.code.get(), self.identifier, high, low]);
        out.extend(self.method.map(EapMethod::get));
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    fn parse(body: &[u8]) -> Result<Eap<'_>, ParseError> {
        Eap::parse(RawPayload::new(PayloadType::V2_EAP, body))
    }

    #[test]
    fn requests_and_successes_survive_the_round_trip() {
        for body in [&hex!("01 07 0006 01 61")[..], &hex!("03 07 0004")] {
            let eap = parse(body).unwrap();
            let mut out = Vec::new();
            eap.encode(&mut out);
            assert_eq!(out, body);
            assert_eq!(out.len(), eap.encoded_len());
        }
        let request = hex!("01 07 0006 01 61");
        assert_eq!(parse(&request).unwrap().method, Some(EapMethod::IDENTITY));
    }

    #[test]
    fn wrong_lengths_are_named() {
        let error = |kind, offset| Err(ParseError::new(kind, offset));
        assert_eq!(
            parse(&hex!("01 07 0007 01 61")),
            error(ErrorKind::EapLength, 6)
        );
        assert_eq!(parse(&hex!("01 07 0004")), error(ErrorKind::Truncated, 8));
        assert_eq!(
            parse(&hex!("03 07 0005 00")),
            error(ErrorKind::TrailingBytes, 8)
        );
        assert_eq!(parse(&hex!("03 07 00")), error(ErrorKind::Truncated, 4));
    }
}
