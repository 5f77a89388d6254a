//! Certificate request (RFC 2408 §3.10).
//!
//! ```text
//! +---------------+-----------------------------------------------
//! |    encoding   |  certification authority
//! ```

use alloc::vec::Vec;

use crate::certificate::CertEncoding;
use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// What certificates a side wants (RFC 2408 §3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CertificateRequest<'a> {
    /// How it is encoded.
    pub encoding: CertEncoding,
    /// The certification authority: for X.509, its distinguished name in DER; empty for any.
    pub data: &'a [u8],
}

impl<'a> CertificateRequest<'a> {
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

impl Encode for CertificateRequest<'_> {
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
        let parsed =
            CertificateRequest::parse(RawPayload::new(PayloadType::V1_CERTREQ, &body)).unwrap();
        assert_eq!(parsed.encoding, CertEncoding::X509_SIGNATURE);
        let mut out = Vec::new();
        parsed.encode(&mut out);
        assert_eq!(out, body);
    }

    #[test]
    fn an_empty_payload_is_truncated() {
        assert_eq!(
            CertificateRequest::parse(RawPayload::new(PayloadType::V1_CERTREQ, &[])),
            Err(ParseError::new(ErrorKind::Truncated, 4))
        );
    }
}
