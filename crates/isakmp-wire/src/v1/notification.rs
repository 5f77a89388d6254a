//! Notification (RFC 2408 §3.14).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |                  domain of interpretation                     |
//! +---------------+---------------+---------------+---------------+
//! |   protocol    |   SPI size    |         notify type           |
//! +---------------+---------------+---------------+---------------+
//! |                  SPI, of the size named                       |
//! +---------------+---------------+---------------+---------------+
//! |                             data                              |
//! ```

use alloc::vec::Vec;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::v1::{Doi, NotifyType, ProtocolId};
use crate::writer::Encode;

/// An error or a status (RFC 2408 §3.14).
///
/// Some peers name an SPI size of 8 and put a message ID into what is then the SPI ([MS-IKEE] §2.2.6); who wants the
/// octets undivided takes them from the raw payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notification<'a> {
    /// Who defines the numbers.
    pub doi: Doi,
    /// The protocol of the SA that it is about.
    pub protocol: ProtocolId,
    /// The SPI of that SA, at most 255 octets: both cookies, or nothing, for the ISAKMP SA.
    pub spi: &'a [u8],
    /// What it says.
    pub kind: NotifyType,
    /// The data; what they mean depends on the type.
    pub data: &'a [u8],
}

impl<'a> Notification<'a> {
    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::SpiSize`] at an SPI size that reaches past the end.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let doi = Doi::new(u32::from_be_bytes(reader.array()?));
        let [protocol, spi_size, high, low] = reader.array()?;
        let Ok(spi) = reader.take(usize::from(spi_size)) else {
            let at = raw.body_offset().saturating_add(5);
            return Err(ParseError::new(ErrorKind::SpiSize, at));
        };
        Ok(Self {
            doi,
            protocol: ProtocolId::new(protocol),
            spi,
            kind: NotifyType::new(u16::from_be_bytes([high, low])),
            data: reader.rest(),
        })
    }
}

impl Encode for Notification<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.spi
            .len()
            .min(255)
            .saturating_add(self.data.len())
            .saturating_add(8)
    }

    /// An SPI of more than 255 octets is cut off there.
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let spi_size = u8::try_from(self.spi.len()).unwrap_or(u8::MAX);
        let [high, low] = self.kind.get().to_be_bytes();
        out.extend_from_slice(&self.doi.get().to_be_bytes());
        out.extend_from_slice(&[self.protocol.get(), spi_size, high, low]);
        out.extend_from_slice(self.spi.get(..usize::from(spi_size)).unwrap_or_default());
        out.extend_from_slice(self.data);
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    #[test]
    fn a_notification_survives_the_round_trip() {
        let body = hex!("00000001 01 08 9c45 0102030405060708 00000001");
        let raw = RawPayload::new(PayloadType::V1_NOTIFY, &body);
        let notification = Notification::parse(raw).unwrap();
        assert_eq!(notification.kind, NotifyType::EXCHANGE_INFO);
        assert_eq!(notification.data, hex!("00000001"));
        let mut out = Vec::new();
        notification.encode(&mut out);
        assert_eq!(out, body);
        assert_eq!(out.len(), notification.encoded_len());
    }

    #[test]
    fn an_spi_past_the_end_is_named_at_its_size() {
        let raw = RawPayload::new(PayloadType::V1_NOTIFY, &hex!("00000001 01 10 6002 00"));
        assert_eq!(
            Notification::parse(raw),
            Err(ParseError::new(ErrorKind::SpiSize, 9))
        );
    }
}
