//! Data attributes (RFC 2408 §3.3, RFC 7296 §3.3.5).
//!
//! ```text
//! +-+-------------+---------------+---------------+---------------+
//! |1|         type (15 bits)      |             value             |
//! +-+-------------+---------------+---------------+---------------+
//! |0|         type (15 bits)      |    length of what follows     |
//! +-+-------------+---------------+---------------+---------------+
//! |                             value                             |
//! ```

use alloc::vec::Vec;
use core::fmt;

use crate::error::{ErrorKind, ParseError};
use crate::reader::Reader;
use crate::writer::Encode;

/// The bit that says that the value stands where the length would.
const SHORT: u16 = 0x8000;

/// A data attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// The type, 15 bits. What it means depends on where the attribute stands.
    pub kind: u16,
    /// The value.
    pub value: AttributeValue<'a>,
}

/// The value of a data attribute, in either form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "one bit tells the two forms apart")]
pub enum AttributeValue<'a> {
    /// Type and value (TV): two octets.
    Short(u16),
    /// Type, length and value (TLV): 0 to 65,535 octets.
    Long(&'a [u8]),
}

impl<'a> Attribute<'a> {
    /// An attribute in the short form.
    #[must_use]
    pub const fn short(kind: u16, value: u16) -> Self {
        Self {
            kind,
            value: AttributeValue::Short(value),
        }
    }

    /// An attribute in the long form.
    #[must_use]
    pub const fn long(kind: u16, value: &'a [u8]) -> Self {
        Self {
            kind,
            value: AttributeValue::Long(value),
        }
    }

    /// The value as a number, whichever form it has: peers send small numbers in the long form too. `None` if it
    /// is empty or longer than 8 octets.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self.value {
            AttributeValue::Short(value) => Some(u64::from(value)),
            AttributeValue::Long([]) => None,
            AttributeValue::Long(octets) if octets.len() <= 8 => Some(
                octets
                    .iter()
                    .fold(0, |number, octet| (number << 8) | u64::from(*octet)),
            ),
            AttributeValue::Long(_) => None,
        }
    }

    /// A copy that outlives the message.
    #[must_use]
    pub fn to_owned(&self) -> OwnedAttribute {
        match self.value {
            AttributeValue::Short(value) => OwnedAttribute::short(self.kind, value),
            AttributeValue::Long(value) => OwnedAttribute::long(self.kind, value),
        }
    }
}

impl Encode for Attribute<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        match self.value {
            AttributeValue::Short(_) => 4,
            AttributeValue::Long(value) => value.len().saturating_add(4),
        }
    }

    /// A value of more than 65,535 octets is cut off there.
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        match self.value {
            AttributeValue::Short(value) => {
                out.extend_from_slice(&(self.kind | SHORT).to_be_bytes());
                out.extend_from_slice(&value.to_be_bytes());
            }
            AttributeValue::Long(value) => {
                let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
                out.extend_from_slice(&(self.kind & !SHORT).to_be_bytes());
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(value.get(..usize::from(length)).unwrap_or_default());
            }
        }
    }
}

/// A data attribute that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedAttribute {
    kind: u16,
    short: bool,
    value: Vec<u8>,
}

impl OwnedAttribute {
    /// An attribute in the short form.
    #[must_use]
    pub fn short(kind: u16, value: u16) -> Self {
        Self {
            kind,
            short: true,
            value: value.to_be_bytes().to_vec(),
        }
    }

    /// An attribute in the long form.
    #[must_use]
    pub fn long(kind: u16, value: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            short: false,
            value: value.into(),
        }
    }

    /// The same as a borrowed attribute.
    #[must_use]
    pub fn as_attribute(&self) -> Attribute<'_> {
        match (self.short, self.value.as_slice()) {
            (true, &[high, low]) => Attribute::short(self.kind, u16::from_be_bytes([high, low])),
            (_, value) => Attribute::long(self.kind, value),
        }
    }
}

/// A list of data attributes whose lengths have been checked.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes<'a> {
    bytes: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// Reads the attributes that fill `bytes`, which lie at `offset` in the message. Their number is bounded by
    /// the length alone: at most one in four octets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] where an attribute should begin, [`ErrorKind::AttributeLength`] at a length field
    /// that reaches past the end.
    #[inline]
    pub fn parse(bytes: &'a [u8], offset: usize) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes, offset);
        while !reader.is_empty() {
            step(&mut reader)?;
        }
        Ok(Self { bytes })
    }

    /// The attributes, in order.
    #[inline]
    #[must_use]
    pub const fn iter(&self) -> AttributeIter<'a> {
        AttributeIter {
            reader: Reader::new(self.bytes, 0),
        }
    }

    /// The first attribute of this type.
    #[must_use]
    pub fn first(&self, kind: u16) -> Option<Attribute<'a>> {
        self.iter().find(|attribute| attribute.kind == kind)
    }

    /// The octets.
    #[inline]
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> IntoIterator for Attributes<'a> {
    type Item = Attribute<'a>;
    type IntoIter = AttributeIter<'a>;

    fn into_iter(self) -> AttributeIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The attributes of a list, in order.
#[derive(Clone, Debug)]
pub struct AttributeIter<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for AttributeIter<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attribute<'a>> {
        step(&mut self.reader).ok()
    }
}

/// The one place where an attribute is read; used to check, and to iterate what is checked.
#[inline]
fn step<'a>(reader: &mut Reader<'a>) -> Result<Attribute<'a>, ParseError> {
    let at = reader.offset();
    let [high, low, value_high, value_low] = reader.array()?;
    let kind = u16::from_be_bytes([high, low]);
    let value = u16::from_be_bytes([value_high, value_low]);
    if kind & SHORT != 0 {
        return Ok(Attribute::short(kind & !SHORT, value));
    }
    let Ok(value) = reader.take(usize::from(value)) else {
        return Err(ParseError::new(
            ErrorKind::AttributeLength,
            at.saturating_add(2),
        ));
    };
    Ok(Attribute::long(kind, value))
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn both_forms_survive_the_round_trip() {
        let bytes = hex!("800e 0100  000c 0004 00007080  000b 0000");
        let attributes = Attributes::parse(&bytes, 0).unwrap();
        let mut out = Vec::new();
        for attribute in attributes {
            attribute.encode(&mut out);
            assert_eq!(attribute.to_owned().as_attribute(), attribute);
        }
        assert_eq!(out, bytes);
        assert_eq!(attributes.iter().count(), 3);
        assert_eq!(attributes.first(14).unwrap().number(), Some(256));
        assert_eq!(attributes.first(12).unwrap().number(), Some(28_800));
        assert_eq!(attributes.first(11).unwrap().number(), None);
    }

    #[test]
    fn a_long_value_past_the_end_is_named_at_its_length() {
        assert_eq!(
            Attributes::parse(&hex!("800e0100 000c 0005 00007080"), 100),
            Err(ParseError::new(ErrorKind::AttributeLength, 106))
        );
        assert_eq!(
            Attributes::parse(&hex!("800e01"), 100),
            Err(ParseError::new(ErrorKind::Truncated, 100))
        );
    }
}
