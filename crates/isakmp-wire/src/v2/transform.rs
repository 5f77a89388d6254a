//! Transform (RFC 7296 §3.3.2).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! | 0 last 3 more |   reserved    |  length, this header included |
//! +---------------+---------------+---------------+---------------+
//! |     type      |   reserved    |         transform ID          |
//! +---------------+---------------+---------------+---------------+
//! |                        attributes                             |
//! ```

use core::iter::FusedIterator;

use crate::attribute::Attributes;
use crate::reader::Reader;
use crate::substructure::next_transform;
use crate::v2::TransformType;

/// The only attribute that has been assigned: the key length in bits, in the short form (RFC 7296 §3.3.5).
pub(crate) const KEY_LENGTH: u16 = 14;

/// One algorithm that may be chosen (RFC 7296 §3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transform<'a> {
    /// What it chooses.
    pub kind: TransformType,
    /// The algorithm; the number belongs to the registry of the type.
    pub id: u16,
    attributes: Attributes<'a>,
}

impl<'a> Transform<'a> {
    /// Its attributes, in order.
    #[inline]
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'a> {
        self.attributes
    }

    /// The key length in bits (RFC 7296 §3.3.5), if there is one. A value above 65,535 reads as none.
    #[inline]
    #[must_use]
    pub fn key_length(&self) -> Option<u16> {
        let number = self.attributes.first(KEY_LENGTH)?.number()?;
        u16::try_from(number).ok()
    }

    /// Whether it has an attribute that RFC 7296 does not know; such a transform must not be chosen
    /// (RFC 7296 §3.3.6).
    #[must_use]
    pub fn has_unknown_attribute(&self) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.kind != KEY_LENGTH)
    }
}

/// The transforms of a proposal, in order.
#[derive(Clone, Debug)]
pub struct TransformIter<'a> {
    reader: Reader<'a>,
}

impl<'a> TransformIter<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes, 0),
        }
    }
}

impl<'a> Iterator for TransformIter<'a> {
    type Item = Transform<'a>;

    #[inline]
    fn next(&mut self) -> Option<Transform<'a>> {
        let frame = next_transform(&mut self.reader).ok()?;
        let [kind, _, high, low] = frame.head;
        Some(Transform {
            kind: TransformType::new(kind),
            id: u16::from_be_bytes([high, low]),
            attributes: frame.attributes,
        })
    }
}

impl FusedIterator for TransformIter<'_> {}
