//! Configuration (RFC 7296 §3.15).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |      type     |                   reserved                    |
//! +-+-------------+---------------+---------------+---------------+
//! |R|  attribute (15 bits)        |     length of the value       |
//! +-+-------------+---------------+---------------+---------------+
//! |                        value, and so on                       |
//! ```

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::reader::Reader;
use crate::v2::{CfgAttribute, CfgType};
use crate::writer::Encode;

/// The bit before the attribute type is reserved.
const TYPE_MASK: u16 = 0x7fff;

/// What one side gives the other to configure itself with (RFC 7296 §3.15).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Configuration<'a> {
    /// Whether it asks or answers.
    pub kind: CfgType,
    attributes: &'a [u8],
}

impl<'a> Configuration<'a> {
    /// Reads the payload down to the last attribute. Their number is bounded by the length alone: at most one in
    /// four octets. The lengths of values are not looked at: an unsuitable one concerns only that attribute.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::AttributeLength`] at a length that reaches past the end.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let [kind, _, _, _] = reader.array()?;
        let attributes = { reader }.rest();
        while !reader.is_empty() {
            step(&mut reader)?;
        }
        Ok(Self {
            kind: CfgType::new(kind),
            attributes,
        })
    }

    /// The attributes, in order.
    #[inline]
    #[must_use]
    pub const fn attributes(&self) -> CfgAttrIter<'a> {
        CfgAttrIter {
            reader: Reader::new(self.attributes, 0),
        }
    }

    /// Appends a body with these attributes to `out`. A value of more than 65,535 octets is cut off there.
    pub fn write(kind: CfgType, attributes: &[OwnedCfgAttr], out: &mut Vec<u8>) {
        write_head(kind, out);
        for attribute in attributes {
            attribute.as_attr().encode(out);
        }
    }
}

impl fmt::Debug for Configuration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        f.debug_list().entries(self.attributes()).finish()
    }
}

impl Encode for Configuration<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.attributes.len().saturating_add(4)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        write_head(self.kind, out);
        for attribute in self.attributes() {
            attribute.encode(out);
        }
    }
}

fn write_head(kind: CfgType, out: &mut Vec<u8>) {
    out.extend_from_slice(&[kind.get(), 0, 0, 0]);
}

/// A configuration attribute (RFC 7296 §3.15.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CfgAttr<'a> {
    /// What it holds; 15 bits.
    pub kind: CfgAttribute,
    /// The value; empty where a request asks for any.
    pub value: &'a [u8],
}

impl CfgAttr<'_> {
    /// A copy that outlives the message.
    #[must_use]
    pub fn to_owned(&self) -> OwnedCfgAttr {
        OwnedCfgAttr {
            kind: self.kind,
            value: self.value.to_vec(),
        }
    }
}

impl Encode for CfgAttr<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.value.len().saturating_add(4)
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        let length = u16::try_from(self.value.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&(self.kind.get() & TYPE_MASK).to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(self.value.get(..usize::from(length)).unwrap_or_default());
    }
}

/// A configuration attribute that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedCfgAttr {
    /// What it holds; 15 bits.
    pub kind: CfgAttribute,
    /// The value.
    pub value: Vec<u8>,
}

impl OwnedCfgAttr {
    /// An attribute with this value.
    #[must_use]
    pub fn new(kind: CfgAttribute, value: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            value: value.into(),
        }
    }

    /// The same as a borrowed attribute.
    #[must_use]
    pub fn as_attr(&self) -> CfgAttr<'_> {
        CfgAttr {
            kind: self.kind,
            value: &self.value,
        }
    }
}

/// The attributes of a configuration payload, in order.
#[derive(Clone, Debug)]
pub struct CfgAttrIter<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for CfgAttrIter<'a> {
    type Item = CfgAttr<'a>;

    #[inline]
    fn next(&mut self) -> Option<CfgAttr<'a>> {
        step(&mut self.reader).ok()
    }
}

impl FusedIterator for CfgAttrIter<'_> {}

/// The one place where an attribute is read; used to check, and to iterate what is checked.
#[inline]
fn step<'a>(reader: &mut Reader<'a>) -> Result<CfgAttr<'a>, ParseError> {
    let at = reader.offset();
    let [high, low, length_high, length_low] = reader.array()?;
    let kind = u16::from_be_bytes([high, low]) & TYPE_MASK;
    let length = u16::from_be_bytes([length_high, length_low]);
    let Ok(value) = reader.take(usize::from(length)) else {
        return Err(ParseError::new(
            ErrorKind::AttributeLength,
            at.saturating_add(2),
        ));
    };
    Ok(CfgAttr {
        kind: CfgAttribute::new(kind),
        value,
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use hex_literal::hex;

    use super::*;
    use crate::PayloadType;

    #[test]
    fn attributes_survive_the_round_trip() {
        let attributes = vec![
            OwnedCfgAttr::new(CfgAttribute::INTERNAL_IP4_ADDRESS, []),
            OwnedCfgAttr::new(CfgAttribute::INTERNAL_IP4_SERVER, [192, 0, 2, 1]),
        ];
        let mut body = Vec::new();
        Configuration::write(CfgType::REPLY, &attributes, &mut body);
        assert_eq!(body, hex!("02 000000 0001 0000 5ba0 0004 c0000201"));
        let raw = RawPayload::new(PayloadType::V2_CONFIGURATION, &body);
        let parsed = Configuration::parse(raw).unwrap();
        assert_eq!(parsed.kind, CfgType::REPLY);
        let read: Vec<_> = parsed.attributes().map(|attr| attr.to_owned()).collect();
        assert_eq!(read, attributes);
        let mut out = Vec::new();
        parsed.encode(&mut out);
        assert_eq!(out, body);
        assert_eq!(out.len(), parsed.encoded_len());
    }

    #[test]
    fn the_reserved_bit_is_ignored_and_not_written() {
        let body = hex!("01 ffffff 8001 0000");
        let raw = RawPayload::new(PayloadType::V2_CONFIGURATION, &body);
        let parsed = Configuration::parse(raw).unwrap();
        let kinds: Vec<_> = parsed.attributes().map(|attr| attr.kind).collect();
        assert_eq!(kinds, [CfgAttribute::INTERNAL_IP4_ADDRESS]);
        let mut out = Vec::new();
        parsed.encode(&mut out);
        assert_eq!(out, hex!("01 000000 0001 0000"));
    }

    #[test]
    fn a_length_past_the_end_is_named() {
        let body = hex!("01 000000 0001 0000 0001 0005 01020304");
        let raw = RawPayload::new(PayloadType::V2_CONFIGURATION, &body);
        assert_eq!(
            Configuration::parse(raw),
            Err(ParseError::new(ErrorKind::AttributeLength, 14))
        );
    }
}
