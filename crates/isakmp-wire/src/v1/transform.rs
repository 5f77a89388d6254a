//! Transform (RFC 2408 §3.6).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! | 0 last 3 more |   reserved    |  length, this header included |
//! +---------------+---------------+---------------+---------------+
//! |    number     |  transform ID |           reserved            |
//! +---------------+---------------+---------------+---------------+
//! |                        attributes                             |
//! ```

use core::iter::FusedIterator;

use crate::attribute::Attributes;
use crate::reader::Reader;
use crate::substructure::next_transform;

/// One way to protect that may be chosen, its details in attributes (RFC 2408 §3.6).
///
/// The attributes are of the classes [`Phase1Attribute`](crate::v1::Phase1Attribute) or
/// [`Phase2Attribute`](crate::v1::Phase2Attribute), by what the proposal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transform<'a> {
    /// Its number in the proposal.
    pub number: u8,
    /// The transform; the number belongs to the protocol of the proposal.
    pub id: u8,
    attributes: Attributes<'a>,
}

impl<'a> Transform<'a> {
    /// Its attributes, in order.
    #[inline]
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'a> {
        self.attributes
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
        let [number, id, _, _] = frame.head;
        Some(Transform {
            number,
            id,
            attributes: frame.attributes,
        })
    }
}

impl FusedIterator for TransformIter<'_> {}
