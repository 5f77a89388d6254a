//! Notify (RFC 7296 §3.10).
//!
//! ```text
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
use crate::v2::{NotifyType, ProtocolId};
use crate::writer::Encode;

/// An error or a status (RFC 7296 §3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notify<'a> {
    /// The protocol of the SA that it is about; [`ProtocolId::NONE`] if there is no SPI.
    pub protocol: ProtocolId,
    /// The SPI of that SA, at most 255 octets; empty if it is about no SA, or about the IKE SA.
    pub spi: &'a [u8],
    /// What it says.
    pub kind: NotifyType,
    /// The data; what they mean depends on the type.
    pub data: &'a [u8],
}

impl<'a> Notify<'a> {
    /// A notification about no SA.
    #[must_use]
    pub const fn new(kind: NotifyType, data: &'a [u8]) -> Self {
        Self {
            protocol: ProtocolId::NONE,
            spi: &[],
            kind,
            data,
        }
    }

    /// Reads the payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::SpiSize`] at an SPI size that reaches past the end.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [protocol, spi_size, high, low] = reader.array()?;
        let Ok(spi) = reader.take(usize::from(spi_size)) else {
            let at = raw.body_offset().saturating_add(1);
            return Err(ParseError::new(ErrorKind::SpiSize, at));
        };
        Ok(Self {
            protocol: ProtocolId::new(protocol),
            spi,
            kind: NotifyType::new(u16::from_be_bytes([high, low])),
            data: reader.rest(),
        })
    }
}

impl Encode for Notify<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.spi
            .len()
            .min(255)
            .saturating_add(self.data.len())
            .saturating_add(4)
    }

    /// An SPI of more than 255 octets is cut off there.
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let spi_size = u8::try_from(self.spi.len()).unwrap_or(u8::MAX);
        let [high, low] = self.kind.get().to_be_bytes();
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
    fn a_notification_with_an_spi_survives_the_round_trip() {
        let body = hex!("03 04 4009 01020304 aa");
        let notify = Notify::parse(RawPayload::new(PayloadType::V2_NOTIFY, &body)).unwrap();
        assert_eq!(notify.kind, NotifyType::REKEY_SA);
        assert_eq!(notify.spi, [1, 2, 3, 4]);
        assert_eq!(notify.data, [0xaa]);
        let mut out = Vec::new();
        notify.encode(&mut out);
        assert_eq!(out, body);
        assert_eq!(out.len(), notify.encoded_len());
    }

    #[test]
    fn an_spi_past_the_end_is_named_at_its_size() {
        let raw = RawPayload::new(PayloadType::V2_NOTIFY, &hex!("03 04 4009 010203"));
        assert_eq!(
            Notify::parse(raw),
            Err(ParseError::new(ErrorKind::SpiSize, 5))
        );
    }
}
