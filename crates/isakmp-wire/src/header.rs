//! The header of every ISAKMP and IKE message (RFC 2408 §3.1, RFC 7296 §3.1).
//!
//! ```text
//!  0               1               2               3
//! +---------------+---------------+---------------+---------------+
//! |                    SPI (cookie) of the initiator              |
//! |                                                               |
//! +---------------+---------------+---------------+---------------+
//! |                    SPI (cookie) of the responder              |
//! |                                                               |
//! +---------------+-------+-------+---------------+---------------+
//! | next payload  | major | minor | exchange type |     flags     |
//! +---------------+-------+-------+---------------+---------------+
//! |                           message ID                          |
//! +---------------+---------------+---------------+---------------+
//! |             length of the message, header included            |
//! +---------------+---------------+---------------+---------------+
//! ```

use alloc::vec::Vec;
use core::fmt;
use core::ops::BitOr;

use crate::error::ParseError;
use crate::reader::Reader;
use crate::registry::{ExchangeType, PayloadType};

/// The identifier of one side of an IKE SA: RFC 2408 calls it a cookie, RFC 7296 §3.1 an SPI.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spi([u8; 8]);

impl Spi {
    /// Eight zero octets: the responder has not chosen yet.
    pub const ZERO: Self = Self([0; 8]);

    /// The SPI with these octets.
    #[inline]
    #[must_use]
    pub const fn new(octets: [u8; 8]) -> Self {
        Self(octets)
    }

    /// The octets, in wire order.
    #[inline]
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Whether all octets are zero.
    #[inline]
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        u64::from_ne_bytes(self.0) == 0
    }
}

impl From<[u8; 8]> for Spi {
    fn from(octets: [u8; 8]) -> Self {
        Self(octets)
    }
}

impl fmt::Display for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Spi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spi({self})")
    }
}

/// The version of the protocol: four bits each (RFC 7296 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The major version, 0 to 15.
    pub major: u8,
    /// The minor version, 0 to 15.
    pub minor: u8,
}

impl Version {
    /// ISAKMP and IKEv1.
    pub const V1: Self = Self { major: 1, minor: 0 };
    /// IKEv2.
    pub const V2: Self = Self { major: 2, minor: 0 };

    /// The version in this octet: major in the high half, minor in the low one.
    #[inline]
    #[must_use]
    pub const fn from_octet(octet: u8) -> Self {
        Self {
            major: octet >> 4,
            minor: octet & 0x0f,
        }
    }

    /// The octet on the wire. What does not fit four bits is cut off.
    #[inline]
    #[must_use]
    pub const fn to_octet(self) -> u8 {
        (self.major << 4) | (self.minor & 0x0f)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The flags of the header. Which bit means what depends on the version.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// IKEv1: what follows the header is encrypted (RFC 2408 §3.1).
    pub const ENCRYPTED: Self = Self(0x01);
    /// IKEv1: wait for a CONNECTED notification (RFC 2408 §3.1).
    pub const COMMIT: Self = Self(0x02);
    /// IKEv1: authenticated but not encrypted (RFC 2408 §3.1).
    pub const AUTH_ONLY: Self = Self(0x04);
    /// IKEv2: sent by the original initiator of the IKE SA (RFC 7296 §3.1).
    pub const INITIATOR: Self = Self(0x08);
    /// IKEv2: the sender speaks a higher major version (RFC 7296 §3.1).
    pub const VERSION: Self = Self(0x10);
    /// IKEv2: a response to the request with this message ID (RFC 7296 §3.1).
    pub const RESPONSE: Self = Self(0x20);

    /// The flags in this octet, reserved bits included.
    #[inline]
    #[must_use]
    pub const fn new(octet: u8) -> Self {
        Self(octet)
    }

    /// The octet.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether all of these flags are set, whatever else is ([MS-IKEE] §3.1).
    #[inline]
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#04x})", self.0)
    }
}

/// The header of a message (RFC 2408 §3.1, RFC 7296 §3.1). It passes no judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The SPI (cookie) of the initiator.
    pub initiator: Spi,
    /// The SPI (cookie) of the responder.
    pub responder: Spi,
    /// The type of the first payload.
    pub next: PayloadType,
    /// The version.
    pub version: Version,
    /// The exchange.
    pub exchange: ExchangeType,
    /// The flags.
    pub flags: Flags,
    /// The message ID.
    pub message_id: u32,
    /// The length of the whole message in octets, this header included.
    pub length: u32,
}

impl Header {
    /// The length of a header in octets.
    pub const LEN: usize = 28;

    /// Where the "next payload" octet lies.
    pub(crate) const NEXT_AT: usize = 16;

    /// Where the length field lies.
    pub(crate) const LENGTH_AT: usize = 24;

    /// Reads the header at the start of `bytes`; what follows it is not looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`](crate::ErrorKind::Truncated) if there are fewer than 28 octets, at the first missing one.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let Some(octets) = bytes.first_chunk::<{ Self::LEN }>() else {
            return Err(ParseError::new(crate::ErrorKind::Truncated, bytes.len()));
        };
        let mut reader = Reader::new(octets, 0);
        let initiator = Spi(reader.array()?);
        let responder = Spi(reader.array()?);
        let [next, version, exchange, flags] = reader.array()?;
        Ok(Self {
            initiator,
            responder,
            next: PayloadType::new(next),
            version: Version::from_octet(version),
            exchange: ExchangeType::new(exchange),
            flags: Flags(flags),
            message_id: u32::from_be_bytes(reader.array()?),
            length: u32::from_be_bytes(reader.array()?),
        })
    }

    /// Appends the 28 octets to `out`, with the length that the header has. As everywhere, numbers begin with their most
    /// significant octet (RFC 2408 §3.1, [MS-IKEE] §2.1).
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(Self::LEN);
        out.extend_from_slice(&self.initiator.0);
        out.extend_from_slice(&self.responder.0);
        out.extend_from_slice(&[
            self.next.get(),
            self.version.to_octet(),
            self.exchange.get(),
            self.flags.0,
        ]);
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use hex_literal::hex;

    use super::*;
    use crate::ErrorKind;

    const BYTES: [u8; 28] = hex!("00112233445566778899aabbccddeeff21 20 22 08 00000000 00000106");

    #[test]
    fn a_header_survives_the_round_trip() {
        let header = Header::parse(&BYTES).unwrap();
        assert_eq!(header.initiator, Spi::new(hex!("0011223344556677")));
        assert_eq!(header.exchange, ExchangeType::IKE_SA_INIT);
        assert_eq!(header.version, Version::V2);
        assert!(header.flags.contains(Flags::INITIATOR));
        assert!(!header.flags.contains(Flags::INITIATOR | Flags::RESPONSE));
        assert_eq!(header.length, 262);
        let mut out = Vec::new();
        header.encode(&mut out);
        assert_eq!(out, BYTES);
    }

    #[test]
    fn a_short_header_is_truncated_at_its_end() {
        for length in 0..Header::LEN {
            assert_eq!(
                Header::parse(&BYTES[..length]),
                Err(ParseError::new(ErrorKind::Truncated, length))
            );
        }
    }

    #[test]
    fn spis_show_as_sixteen_hex_digits() {
        assert_eq!(
            format!("{}", Spi::new(hex!("00000000000000ab"))),
            "00000000000000ab"
        );
        assert!(Spi::ZERO.is_zero());
        assert!(!Spi::new(hex!("0000000000000001")).is_zero());
    }
}
