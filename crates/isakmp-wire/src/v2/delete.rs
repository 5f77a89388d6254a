//! Delete (RFC 7296 §3.11).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |   protocol    |   SPI size    |        number of SPIs         |
//! +---------------+---------------+---------------+---------------+
//! |                       SPIs, one after the other               |
//! ```

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::spis::Spis;
use crate::v2::ProtocolId;
use crate::writer::Encode;

/// The SAs that the sender has deleted (RFC 7296 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delete<'a> {
    /// The protocol of the SAs.
    pub protocol: ProtocolId,
    /// The size of an SPI in octets: 0 for the IKE SA, 4 for AH and ESP.
    pub spi_size: u8,
    spis: &'a [u8],
}

impl<'a> Delete<'a> {
    /// The deletion of the IKE SA that the message belongs to.
    pub const IKE: Self = Self {
        protocol: ProtocolId::IKE,
        spi_size: 0,
        spis: &[],
    };

    /// The deletion of these SAs, whose SPIs stand one after the other in `spis`. `None` if that is no whole number of
    /// SPIs, or more than 65,535.
    #[must_use]
    pub fn new(protocol: ProtocolId, spi_size: u8, spis: &'a [u8]) -> Option<Self> {
        let delete = Self {
            protocol,
            spi_size,
            spis,
        };
        delete.view().is_whole().then_some(delete)
    }

    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::SpiSize`] at an SPI size that, times the number, is not what follows.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [protocol, spi_size, high, low] = reader.array()?;
        let count = u16::from_be_bytes([high, low]);
        let spis = reader.rest();
        if !Spis::new(spi_size, spis).is(count) {
            let at = raw.body_offset().saturating_add(1);
            return Err(ParseError::new(ErrorKind::SpiSize, at));
        }
        Ok(Self {
            protocol: ProtocolId::new(protocol),
            spi_size,
            spis,
        })
    }

    const fn view(&self) -> Spis<'a> {
        Spis::new(self.spi_size, self.spis)
    }

    /// The SPIs, in order.
    #[inline]
    pub fn spis(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.view().iter()
    }

    /// How many SPIs there are.
    #[inline]
    #[must_use]
    pub fn count(&self) -> u16 {
        self.view().count()
    }
}

impl Encode for Delete<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.spis.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let [high, low] = self.count().to_be_bytes();
        out.extend_from_slice(&[self.protocol.get(), self.spi_size, high, low]);
        out.extend_from_slice(self.spis);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    #[test]
    fn spis_come_one_by_one() {
        let body = hex!("03 04 0002 00000001 00000002");
        let delete = Delete::parse(RawPayload::new(PayloadType::V2_DELETE, &body)).unwrap();
        assert!(
            delete
                .spis()
                .eq([&hex!("00000001")[..], &hex!("00000002")[..]])
        );
        let mut out = Vec::new();
        delete.encode(&mut out);
        assert_eq!(out, body);
        assert_eq!(
            Delete::new(ProtocolId::ESP, 4, &hex!("00000001 00000002")),
            Some(delete)
        );
    }

    #[test]
    fn the_ike_sa_has_no_spi() {
        let body = hex!("01 00 0000");
        let delete = Delete::parse(RawPayload::new(PayloadType::V2_DELETE, &body)).unwrap();
        assert_eq!(delete, Delete::IKE);
        assert_eq!(delete.spis().count(), 0);
    }

    #[test]
    fn size_times_number_must_be_what_follows() {
        let bodies = [
            &hex!("03 04 0002 00000001")[..],
            &hex!("03 04 0001 00000001 00"),
            &hex!("03 00 0001"),
            &hex!("03 00 0000 00"),
            &hex!("03 ff ffff 00000001"),
        ];
        for body in bodies {
            assert_eq!(
                Delete::parse(RawPayload::new(PayloadType::V2_DELETE, body)),
                Err(ParseError::new(ErrorKind::SpiSize, 5))
            );
        }
        assert_eq!(Delete::new(ProtocolId::ESP, 4, &[0; 5]), None);
        assert_eq!(Delete::new(ProtocolId::IKE, 0, &[0; 5]), None);
    }
}
