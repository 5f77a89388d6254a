//! Certificate (RFC 2408 §3.9).
//!
//! ```text
//! +---------------+-----------------------------------------------
//! |    encoding   |  certificate
//! ```

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::v1::CertEncoding;
use crate::writer::Encode;

/// A certificate, or a revocation list (RFC 2408 §3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Certificate<'a> {
    /// How it is encoded.
    pub encoding: CertEncoding,
    /// The certificate.
    pub data: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](crate::ErrorKind::Truncated).
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [encoding] = reader.array()?;
        Ok(Self {
            encoding: CertEncoding::new(encoding),
            data: reader.rest(),
        })
    }
}

impl Encode for Certificate<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(1)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.encoding.get());
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::{ErrorKind, PayloadType};

    #[test]
    fn it_survives_the_round_trip() {
        let body = hex!("04 30820000");
        let parsed = Certificate::parse(RawPayload::new(PayloadType::V1_CERT, &body)).unwrap();
        assert_eq!(parsed.encoding, CertEncoding::X509_SIGNATURE);
        let mut out = Vec::new();
        parsed.encode(&mut out);
        assert_eq!(out, body);
    }

    #[test]
    fn an_empty_payload_is_truncated() {
        assert_eq!(
            Certificate::parse(RawPayload::new(PayloadType::V1_CERT, &[])),
            Err(ParseError::new(ErrorKind::Truncated, 4))
        );
    }
}
