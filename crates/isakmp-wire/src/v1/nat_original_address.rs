//! NAT original address (RFC 3947 §5.2).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |  type: 1, 5   |                   reserved                    |
//! +---------------+---------------+---------------+---------------+
//! |                 address, 4 or 16 octets                       |
//! ```

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::v1::IdType;
use crate::writer::Encode;

/// An address of a side as it is before translation (RFC 3947 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NatOriginalAddress {
    /// The address.
    pub address: IpAddr,
}

impl NatOriginalAddress {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::AddressLength`] at the address if the type is no single address or the
    /// length is not that of its family.
    #[inline]
    pub fn parse(raw: RawPayload<'_>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [kind, _, _, _] = reader.array()?;
        let error = reader.error(ErrorKind::AddressLength);
        let octets = reader.rest();
        let address = match IdType::new(kind) {
            IdType::IPV4_ADDR => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
            IdType::IPV6_ADDR => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
            _ => None,
        };
        address.map(|address| Self { address }).ok_or(error)
    }
}

impl Encode for NatOriginalAddress {
    #[inline]
    fn encoded_len(&self) -> usize {
        if self.address.is_ipv4() { 8 } else { 20 }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let kind = match self.address {
            IpAddr::V4(_) => IdType::IPV4_ADDR,
            IpAddr::V6(_) => IdType::IPV6_ADDR,
        };
        out.extend_from_slice(&[kind.get(), 0, 0, 0]);
        match self.address {
            IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
            IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
        }
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    fn parse(body: &[u8]) -> Result<NatOriginalAddress, ParseError> {
        NatOriginalAddress::parse(RawPayload::new(PayloadType::V1_NAT_OA, body))
    }

    #[test]
    fn both_families_survive_the_round_trip() {
        let v6 = hex!("05 000000 20010db8000000000000000000000001");
        for body in [&hex!("01 000000 c0000201")[..], &v6] {
            let mut out = Vec::new();
            parse(body).unwrap().encode(&mut out);
            assert_eq!(out, body);
        }
    }

    #[test]
    fn anything_but_one_address_is_refused() {
        let error = Err(ParseError::new(ErrorKind::AddressLength, 8));
        for body in [
            &hex!("05 000000 c0000201")[..],
            &hex!("01 000000 c00002"),
            &hex!("02 000000 61"),
        ] {
            assert_eq!(parse(body), error);
        }
    }
}
