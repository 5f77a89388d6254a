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
use crate::error::{ErrorKind, ParseError};
use crate::reader::Reader;

/// The fixed part of a transform, in octets.
pub(crate) const LEN: usize = 8;

/// What the first octet says if another transform follows.
pub(crate) const MORE: u8 = 3;

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
        step(&mut self.reader).ok()
    }
}

impl FusedIterator for TransformIter<'_> {}

/// Checks the transforms that fill the rest of a proposal.
#[inline]
pub(crate) fn check(mut reader: Reader<'_>, count: u8, count_at: usize) -> Result<(), ParseError> {
    let mut found: usize = 0;
    while !reader.is_empty() {
        step(&mut reader)?;
        found = found.saturating_add(1);
    }
    if found == usize::from(count) {
        Ok(())
    } else {
        Err(ParseError::new(ErrorKind::TransformCount, count_at))
    }
}

/// The one place where a transform is read; used to check, and to iterate what is checked.
#[inline]
fn step<'a>(reader: &mut Reader<'a>) -> Result<Transform<'a>, ParseError> {
    let at = reader.offset();
    let [more, _, length_high, length_low, number, id, _, _] = reader.array::<LEN>()?;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let attributes_at = reader.offset();
    let Some(Ok(attributes)) = length.checked_sub(LEN).map(|length| reader.take(length)) else {
        return Err(ParseError::new(
            ErrorKind::TransformLength,
            at.saturating_add(2),
        ));
    };
    if more != if reader.is_empty() { 0 } else { MORE } {
        return Err(ParseError::new(ErrorKind::LastSubstructure, at));
    }
    Ok(Transform {
        number,
        id,
        attributes: Attributes::parse(attributes, attributes_at)?,
    })
}
