//! Identification (RFC 2407 §4.6.2).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |      type     |   protocol    |             port              |
//! +---------------+---------------+---------------+---------------+
//! |                         identity                              |
//! ```

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::v1::IdType;
use crate::writer::Encode;

/// Who a side says it is, or in quick mode which traffic an SA is for (RFC 2407 §4.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identification<'a> {
    /// What the identity is.
    pub kind: IdType,
    /// The IP protocol; 0 for any.
    pub protocol: u8,
    /// The port; 0 for any.
    pub port: u16,
    /// The identity, in the form that its type says.
    pub data: &'a [u8],
}

impl<'a> Identification<'a> {
    /// Reads the payload. Addresses, subnets and ranges must have the length of their type; other identities are
    /// not looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::AddressLength`] at the identity.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [kind, protocol, high, low] = reader.array()?;
        let at = reader.offset();
        let identification = Self {
            kind: IdType::new(kind),
            protocol,
            port: u16::from_be_bytes([high, low]),
            data: reader.rest(),
        };
        let expected = match identification.kind {
            IdType::IPV4_ADDR => Some(4),
            IdType::IPV4_ADDR_SUBNET | IdType::IPV4_ADDR_RANGE => Some(8),
            IdType::IPV6_ADDR => Some(16),
            IdType::IPV6_ADDR_SUBNET | IdType::IPV6_ADDR_RANGE => Some(32),
            _ => None,
        };
        match expected {
            Some(length) if length != identification.data.len() => {
                Err(ParseError::new(ErrorKind::AddressLength, at))
            }
            _ => Ok(identification),
        }
    }

    /// The address or addresses: the same twice for an address, address and mask for a subnet, first and last for
    /// a range. `None` for any other type.
    #[must_use]
    pub fn addresses(&self) -> Option<(IpAddr, IpAddr)> {
        match self.kind {
            IdType::IPV4_ADDR | IdType::IPV4_ADDR_SUBNET | IdType::IPV4_ADDR_RANGE => {
                pair::<4>(self.data)
            }
            IdType::IPV6_ADDR | IdType::IPV6_ADDR_SUBNET | IdType::IPV6_ADDR_RANGE => {
                pair::<16>(self.data)
            }
            _ => None,
        }
    }
}

/// The first and the last `N` octets, as addresses.
fn pair<const N: usize>(data: &[u8]) -> Option<(IpAddr, IpAddr)>
where
    IpAddr: From<[u8; N]>,
{
    let first = data.first_chunk::<N>()?;
    let last = data.last_chunk::<N>()?;
    Some((IpAddr::from(*first), IpAddr::from(*last)))
}

impl Encode for Identification<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let [high, low] = self.port.to_be_bytes();
        out.extend_from_slice(&[self.kind.get(), self.protocol, high, low]);
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    fn parse(body: &[u8]) -> Result<Identification<'_>, ParseError> {
        Identification::parse(RawPayload::new(PayloadType::V1_ID, body))
    }

    #[test]
    fn a_subnet_survives_the_round_trip() {
        let body = hex!("04 11 06a5 0a000000 ff000000");
        let id = parse(&body).unwrap();
        assert_eq!((id.protocol, id.port), (17, 1701));
        let subnet = (IpAddr::from([10, 0, 0, 0]), IpAddr::from([255, 0, 0, 0]));
        assert_eq!(id.addresses(), Some(subnet));
        let mut out = Vec::new();
        id.encode(&mut out);
        assert_eq!(out, body);
    }

    #[test]
    fn addresses_must_have_the_length_of_their_type() {
        let octets = [0; 33];
        for (kind, length) in [(1, 4), (4, 8), (7, 8), (5, 16), (6, 32), (8, 32)] {
            for wrong in [0, length - 1, length + 1] {
                let mut body = [kind, 0, 0, 0].to_vec();
                body.extend_from_slice(&octets[..wrong]);
                assert_eq!(
                    parse(&body),
                    Err(ParseError::new(ErrorKind::AddressLength, 8))
                );
            }
        }
        assert_eq!(parse(&hex!("02 00 0000 61")).unwrap().addresses(), None);
    }
}
