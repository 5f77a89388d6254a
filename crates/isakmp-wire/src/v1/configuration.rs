//! Attributes: mode config and XAUTH (draft-dukes-ike-mode-cfg-02 §3.2, draft-beaulieu-ike-xauth-02).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |      type     |   reserved    |          identifier           |
//! +---------------+---------------+---------------+---------------+
//! |                         attributes                            |
//! ```

use alloc::vec::Vec;

use crate::attribute::Attributes;
use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::v1::ConfigType;
use crate::writer::Encode;

/// What one side asks the other, or gives it (draft-dukes-ike-mode-cfg-02 §3.2).
///
/// Its attributes are of the classes [`ConfigAttribute`](crate::v1::ConfigAttribute).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration<'a> {
    /// Whether it asks or answers.
    pub kind: ConfigType,
    /// Which transaction it belongs to.
    pub identifier: u16,
    /// The attributes.
    pub attributes: Attributes<'a>,
}

impl<'a> Configuration<'a> {
    /// Reads the payload down to the last attribute.
    ///
    /// # Errors
    ///
    /// [`Truncated`](crate::ErrorKind::Truncated), [`AttributeLength`](crate::ErrorKind::AttributeLength) at a
    /// length that reaches past the end.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [kind, _, high, low] = reader.array()?;
        let at = reader.offset();
        Ok(Self {
            kind: ConfigType::new(kind),
            identifier: u16::from_be_bytes([high, low]),
            attributes: Attributes::parse(reader.rest(), at)?,
        })
    }

    /// Appends what stands before the attributes to `out`; the attributes follow, each by itself.
    pub fn write_head(kind: ConfigType, identifier: u16, out: &mut Vec<u8>) {
        let [high, low] = identifier.to_be_bytes();
        out.extend_from_slice(&[kind.get(), 0, high, low]);
    }
}

impl Encode for Configuration<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.attributes.as_bytes().len().saturating_add(4)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        Self::write_head(self.kind, self.identifier, out);
        out.extend_from_slice(self.attributes.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;
    use crate::v1::ConfigAttribute;
    use crate::{ErrorKind, PayloadType};

    #[test]
    fn an_xauth_request_survives_the_round_trip() {
        let body = hex!("01 00 0042 c088 0000 4089 0000 408a 0000");
        let raw = RawPayload::new(PayloadType::V1_ATTRIBUTES, &body);
        let configuration = Configuration::parse(raw).unwrap();
        assert_eq!(configuration.identifier, 0x42);
        let kinds: Vec<_> = configuration
            .attributes
            .iter()
            .map(|attribute| ConfigAttribute::new(attribute.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                ConfigAttribute::XAUTH_TYPE,
                ConfigAttribute::XAUTH_USER_NAME,
                ConfigAttribute::XAUTH_USER_PASSWORD
            ]
        );
        let mut out = Vec::new();
        configuration.encode(&mut out);
        assert_eq!(out, body);
        assert_eq!(out.len(), configuration.encoded_len());
    }

    #[test]
    fn an_attribute_past_the_end_is_named() {
        let body = hex!("01 00 0042 4089 0001");
        let raw = RawPayload::new(PayloadType::V1_ATTRIBUTES, &body);
        assert_eq!(
            Configuration::parse(raw),
            Err(ParseError::new(ErrorKind::AttributeLength, 10))
        );
    }
}
