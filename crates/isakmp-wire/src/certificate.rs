//! Certificate, the same in both versions (RFC 2408 §3.9, RFC 7296 §3.6).
//!
//! ```text
//! +---------------+-----------------------------------------------
//! |    encoding   |  certificate
//! ```

use alloc::vec::Vec;

use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::writer::Encode;

crate::registry! {
    /// How a certificate is encoded (RFC 2408 §3.9, RFC 7296 §3.6); the numbers above 10 are IKEv2's.
    pub struct CertEncoding(u8);
    {
        /// None, in IKEv1.
        NONE = 0, "NONE";
        /// PKCS #7 wrapped X.509 certificate.
        PKCS7 = 1, "PKCS7";
        /// PGP certificate.
        PGP = 2, "PGP";
        /// DNS signed key.
        DNS_KEY = 3, "DNS_KEY";
        /// X.509 certificate for signatures, in DER.
        X509_SIGNATURE = 4, "X509_SIGNATURE";
        /// X.509 certificate for key exchange, in IKEv1.
        X509_KEY_EXCHANGE = 5, "X509_KEY_EXCHANGE";
        /// Kerberos token.
        KERBEROS = 6, "KERBEROS";
        /// Certificate revocation list, in DER.
        CRL = 7, "CRL";
        /// Authority revocation list.
        ARL = 8, "ARL";
        /// SPKI certificate.
        SPKI = 9, "SPKI";
        /// X.509 attribute certificate.
        X509_ATTRIBUTE = 10, "X509_ATTRIBUTE";
        /// Raw RSA key, withdrawn by RFC 7296.
        RAW_RSA_KEY = 11, "RAW_RSA_KEY";
        /// SHA-1 hash and URL of an X.509 certificate.
        HASH_URL = 12, "HASH_URL";
        /// SHA-1 hash and URL of an X.509 bundle.
        HASH_URL_BUNDLE = 13, "HASH_URL_BUNDLE";
        /// OCSP response (RFC 4806 §3.1).
        OCSP = 14, "OCSP";
        /// Raw public key as SubjectPublicKeyInfo (RFC 7670 §3).
        RAW_PUBLIC_KEY = 15, "RAW_PUBLIC_KEY";
    }
}

/// A certificate, or a revocation list (RFC 2408 §3.9, RFC 7296 §3.6).
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
        let parsed = Certificate::parse(RawPayload::new(PayloadType::V2_CERT, &body)).unwrap();
        assert_eq!(parsed.encoding, CertEncoding::X509_SIGNATURE);
        let mut out = Vec::new();
        parsed.encode(&mut out);
        assert_eq!(out, body);
    }

    #[test]
    fn an_empty_payload_is_truncated() {
        assert_eq!(
            Certificate::parse(RawPayload::new(PayloadType::V2_CERT, &[])),
            Err(ParseError::new(ErrorKind::Truncated, 4))
        );
    }
}
