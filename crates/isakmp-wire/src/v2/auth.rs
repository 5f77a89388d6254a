//! Authentication (RFC 7296 §3.8, RFC 7427 §3).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |     method    |                   reserved                    |
//! +---------------+---------------+---------------+---------------+
//! |                           data                                |
//! ```

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::v2::AuthMethod;
use crate::writer::Encode;

/// The proof of an identity (RFC 7296 §3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Authentication<'a> {
    /// How the identity is proved.
    pub method: AuthMethod,
    /// The signature or code.
    pub data: &'a [u8],
}

impl<'a> Authentication<'a> {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`].
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [method, _, _, _] = reader.array()?;
        Ok(Self {
            method: AuthMethod::new(method),
            data: reader.rest(),
        })
    }
}

impl Encode for Authentication<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.method.get(), 0, 0, 0]);
        out.extend_from_slice(self.data);
    }
}

/// The data of an authentication of method 14: the algorithm, then the signature (RFC 7427 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DigitalSignature<'a> {
    /// The AlgorithmIdentifier in DER, at most 255 octets.
    pub algorithm: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> DigitalSignature<'a> {
    /// Reads [`Authentication::data`], which lies at `offset` in the message.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] if there is nothing, [`ErrorKind::SignatureLength`] at the length of an algorithm
    /// that reaches past the end.
    pub fn parse(data: &'a [u8], offset: usize) -> Result<Self, ParseError> {
        let Some((length, rest)) = data.split_first() else {
            return Err(ParseError::new(ErrorKind::Truncated, offset));
        };
        match rest.split_at_checked(usize::from(*length)) {
            Some((algorithm, signature)) => Ok(Self {
                algorithm,
                signature,
            }),
            None => Err(ParseError::new(ErrorKind::SignatureLength, offset)),
        }
    }
}

impl Encode for DigitalSignature<'_> {
    fn encoded_len(&self) -> usize {
        self.algorithm
            .len()
            .min(255)
            .saturating_add(self.signature.len())
            .saturating_add(1)
    }

    /// An algorithm of more than 255 octets is cut off there.
    fn encode(&self, out: &mut Vec<u8>) {
        let length = u8::try_from(self.algorithm.len()).unwrap_or(u8::MAX);
        out.push(length);
        out.extend_from_slice(
            self.algorithm
                .get(..usize::from(length))
                .unwrap_or_default(),
        );
        out.extend_from_slice(self.signature);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    #[test]
    fn reserved_octets_are_ignored_and_written_as_zero() {
        let raw = RawPayload::new(PayloadType::V2_AUTH, &hex!("02 ffffff aabb"));
        let auth = Authentication::parse(raw).unwrap();
        assert_eq!(auth.method, AuthMethod::SHARED_KEY);
        let mut out = Vec::new();
        auth.encode(&mut out);
        assert_eq!(out, hex!("02 000000 aabb"));
    }

    #[test]
    fn a_digital_signature_names_its_algorithm() {
        let data = hex!("03 300100 ccdd");
        let signature = DigitalSignature::parse(&data, 0).unwrap();
        assert_eq!(signature.algorithm, hex!("300100"));
        assert_eq!(signature.signature, hex!("ccdd"));
        let mut out = Vec::new();
        signature.encode(&mut out);
        assert_eq!(out, data);
        assert_eq!(out.len(), signature.encoded_len());
        assert_eq!(
            DigitalSignature::parse(&data[..3], 40),
            Err(ParseError::new(ErrorKind::SignatureLength, 40))
        );
        assert_eq!(
            DigitalSignature::parse(&[], 40),
            Err(ParseError::new(ErrorKind::Truncated, 40))
        );
    }
}
