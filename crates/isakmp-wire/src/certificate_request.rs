//! Certificate request, the same in both versions (RFC 2408 §3.10, RFC 7296 §3.7).
//!
//! ```text
//! +---------------+-----------------------------------------------
//! |    encoding   |  certification authorities
//! ```

use alloc::vec::Vec;

use crate::certificate::CertEncoding;
use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

/// What certificates a side wants (RFC 2408 §3.10, RFC 7296 §3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CertificateRequest<'a> {
    /// How it is encoded.
    pub encoding: CertEncoding,
    /// In IKEv1 the certification authority: for X.509, its distinguished name in DER; empty for any. In IKEv2 the certification
    /// authorities: for X.509, the SHA-1 hashes of their keys, 20 octets each.
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

    /// The SHA-1 hashes of the keys of the trusted authorities, as X.509 requests of IKEv2 have them; octets left over are
    /// not shown.
    #[inline]
    pub fn authorities(&self) -> impl Iterator<Item = &'a [u8; 20]> + use<'a> {
        self.data.as_chunks::<20>().0.iter()
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
        for kind in [PayloadType::V1_CERTREQ, PayloadType::V2_CERTREQ] {
            let parsed = CertificateRequest::parse(RawPayload::new(kind, &body)).unwrap();
            assert_eq!(parsed.encoding, CertEncoding::X509_SIGNATURE);
            let mut out = Vec::new();
            parsed.encode(&mut out);
            assert_eq!(out, body);
        }
    }

    #[test]
    fn an_empty_payload_is_truncated() {
        for kind in [PayloadType::V1_CERTREQ, PayloadType::V2_CERTREQ] {
            assert_eq!(
                CertificateRequest::parse(RawPayload::new(kind, &[])),
                Err(ParseError::new(ErrorKind::Truncated, 4))
            );
        }
    }
}
