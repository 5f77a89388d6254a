//! Identification (RFC 7296 §3.5).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |      type     |                   reserved                    |
//! +---------------+---------------+---------------+---------------+
//! |                         identity                              |
//! ```

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::v2::IdType;
use crate::writer::Encode;

/// Who a side says it is (RFC 7296 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identification<'a> {
    /// What the identity is.
    pub kind: IdType,
    /// The identity, in the form that its type says.
    pub data: &'a [u8],
}

impl<'a> Identification<'a> {
    /// Reads the payload. An address must have the length of its family; other identities are not looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::AddressLength`] at the identity.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [kind, _, _, _] = reader.array()?;
        let at = reader.offset();
        let identification = Self {
            kind: IdType::new(kind),
            data: reader.rest(),
        };
        let fits = match identification.kind {
            IdType::IPV4_ADDR => identification.data.len() == 4,
            IdType::IPV6_ADDR => identification.data.len() == 16,
            _ => true,
        };
        if fits {
            Ok(identification)
        } else {
            Err(ParseError::new(ErrorKind::AddressLength, at))
        }
    }

    /// The address, if the identity is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.kind {
            IdType::IPV4_ADDR => <[u8; 4]>::try_from(self.data).ok().map(IpAddr::from),
            IdType::IPV6_ADDR => <[u8; 16]>::try_from(self.data).ok().map(IpAddr::from),
            _ => None,
        }
    }
}

impl Encode for Identification<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.kind.get(), 0, 0, 0]);
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    #[test]
    fn an_identity_survives_the_round_trip() {
        let body = hex!("02 000000 61");
        let id = Identification::parse(RawPayload::new(PayloadType::V2_ID_I, &body)).unwrap();
        assert_eq!((id.kind, id.data), (IdType::FQDN, &b"a"[..]));
        assert_eq!(id.address(), None);
        let mut out = Vec::new();
        id.encode(&mut out);
        assert_eq!(out, body);
    }

    #[test]
    fn an_address_must_have_the_length_of_its_family() {
        let address = hex!("01 000000 c0000201");
        let id = Identification::parse(RawPayload::new(PayloadType::V2_ID_I, &address)).unwrap();
        assert_eq!(id.address(), Some(IpAddr::from([192, 0, 2, 1])));
        let error = Err(ParseError::new(ErrorKind::AddressLength, 8));
        for body in [&hex!("01 000000 c00002")[..], &hex!("05 000000 c0000201")] {
            let raw = RawPayload::new(PayloadType::V2_ID_I, body);
            assert_eq!(Identification::parse(raw), error);
        }
    }
}
