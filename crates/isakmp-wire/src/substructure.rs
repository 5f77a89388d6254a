//! The framing of proposals and transforms, which both versions share (RFC 2408 §3.5, §3.6; RFC 7296 §3.3.1, §3.3.2).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! | 0 last 2 more |   reserved    |  length, this header included |
//! +---------------+---------------+---------------+---------------+
//! |    number     |   protocol    |   SPI size    |  transforms   |
//! +---------------+---------------+---------------+---------------+
//! |                  SPI, of the size named                       |
//! +---------------+---------------+---------------+---------------+
//! | 0 last 3 more |   reserved    |  length, this header included |
//! +---------------+---------------+---------------+---------------+
//! |            four octets that each version reads its own way    |
//! +---------------+---------------+---------------+---------------+
//! |                        attributes                             |
//! ```

use alloc::vec::Vec;

use crate::attribute::{Attribute, Attributes};
use crate::error::{ErrorKind, ParseError};
use crate::reader::Reader;
use crate::writer::{Encode, patch};

/// The fixed part of a proposal and of a transform, in octets.
const LEN: usize = 8;

/// What the first octet says if another proposal follows.
const MORE_PROPOSALS: u8 = 2;

/// What the first octet says if another transform follows.
const MORE_TRANSFORMS: u8 = 3;

/// More proposals in one security association are refused: nobody sends them, and each costs the receiver time.
pub(crate) const MAX_PROPOSALS: usize = 64;

/// A proposal whose transforms have not been looked at.
pub(crate) struct ProposalFrame<'a> {
    pub(crate) number: u8,
    pub(crate) protocol: u8,
    pub(crate) spi: &'a [u8],
    count: u8,
    pub(crate) transforms: Reader<'a>,
}

/// A transform.
pub(crate) struct TransformFrame<'a> {
    /// Its second word.
    pub(crate) head: [u8; 4],
    pub(crate) attributes: Attributes<'a>,
}

/// Takes the next proposal or transform: its second word, its content, and where that begins.
#[inline]
fn next<'a>(
    reader: &mut Reader<'a>,
    more_value: u8,
    too_short: ErrorKind,
) -> Result<([u8; 4], Reader<'a>), ParseError> {
    let at = reader.offset();
    let [more, _, length_high, length_low, a, b, c, d] = reader.array::<LEN>()?;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let content_at = reader.offset();
    let Some(Ok(content)) = length.checked_sub(LEN).map(|length| reader.take(length)) else {
        return Err(ParseError::new(too_short, at.saturating_add(2)));
    };
    if more != if reader.is_empty() { 0 } else { more_value } {
        return Err(ParseError::new(ErrorKind::LastSubstructure, at));
    }
    Ok(([a, b, c, d], Reader::new(content, content_at)))
}

/// The one place where a proposal is read; used to check, and to iterate what is checked.
#[inline]
pub(crate) fn next_proposal<'a>(reader: &mut Reader<'a>) -> Result<ProposalFrame<'a>, ParseError> {
    let at = reader.offset();
    let (head, mut content) = next(reader, MORE_PROPOSALS, ErrorKind::ProposalLength)?;
    let [number, protocol, spi_size, count] = head;
    let Ok(spi) = content.take(usize::from(spi_size)) else {
        return Err(ParseError::new(ErrorKind::SpiSize, at.saturating_add(6)));
    };
    Ok(ProposalFrame {
        number,
        protocol,
        spi,
        count,
        transforms: content,
    })
}

/// The one place where a transform is read; used to check, and to iterate what is checked.
#[inline]
pub(crate) fn next_transform<'a>(
    reader: &mut Reader<'a>,
) -> Result<TransformFrame<'a>, ParseError> {
    let (head, mut content) = next(reader, MORE_TRANSFORMS, ErrorKind::TransformLength)?;
    let at = content.offset();
    Ok(TransformFrame {
        head,
        attributes: Attributes::parse(content.rest(), at)?,
    })
}

/// Checks the proposals that fill a security association, down to the last attribute.
#[inline]
pub(crate) fn check(mut reader: Reader<'_>) -> Result<(), ParseError> {
    let mut found: usize = 0;
    loop {
        if found == MAX_PROPOSALS {
            return Err(reader.error(ErrorKind::TooManyProposals));
        }
        let count_at = reader.offset().saturating_add(7);
        let frame = next_proposal(&mut reader)?;
        check_transforms(frame.transforms, frame.count, count_at)?;
        found = found.saturating_add(1);
        if reader.is_empty() {
            return Ok(());
        }
    }
}

#[inline]
fn check_transforms(mut reader: Reader<'_>, count: u8, count_at: usize) -> Result<(), ParseError> {
    let mut found: usize = 0;
    while !reader.is_empty() {
        next_transform(&mut reader)?;
        found = found.saturating_add(1);
    }
    if found == usize::from(count) {
        Ok(())
    } else {
        Err(ParseError::new(ErrorKind::TransformCount, count_at))
    }
}

/// Writes proposals and transforms: counts, lengths and the "last" and "more" octets come by themselves.
///
/// What cannot be expressed is left out: a 256th transform of a proposal, a transform or attribute before the first
/// proposal or transform, the end of an SPI of more than 255 octets.
#[derive(Debug)]
pub(crate) struct SubstructureWriter<'b> {
    buf: &'b mut Vec<u8>,
    proposal: Option<usize>,
    transform: Option<usize>,
    transforms: u8,
}

impl<'b> SubstructureWriter<'b> {
    /// Begins at the end of `buf`.
    pub(crate) const fn new(buf: &'b mut Vec<u8>) -> Self {
        Self {
            buf,
            proposal: None,
            transform: None,
            transforms: 0,
        }
    }

    /// Begins a proposal; the transforms that follow are its own.
    pub(crate) fn proposal(&mut self, number: u8, protocol: u8, spi: &[u8]) {
        self.end_proposal(MORE_PROPOSALS);
        self.proposal = Some(self.buf.len());
        let spi_size = u8::try_from(spi.len()).unwrap_or(u8::MAX);
        self.buf
            .extend_from_slice(&[0, 0, 0, 0, number, protocol, spi_size, 0]);
        self.buf
            .extend_from_slice(spi.get(..usize::from(spi_size)).unwrap_or_default());
    }

    /// Adds a transform, given its second word, to the proposal.
    pub(crate) fn transform(&mut self, head: [u8; 4]) {
        let Some(count) = self.proposal.and_then(|_| self.transforms.checked_add(1)) else {
            self.end_transform(0);
            return;
        };
        self.end_transform(MORE_TRANSFORMS);
        self.transforms = count;
        self.transform = Some(self.buf.len());
        self.buf.extend_from_slice(&[0; 4]);
        self.buf.extend_from_slice(&head);
    }

    /// Adds an attribute to the transform.
    pub(crate) fn attribute(&mut self, attribute: Attribute<'_>) {
        if self.transform.is_some() {
            attribute.encode(self.buf);
        }
    }

    /// Ends the list.
    pub(crate) fn finish(&mut self) {
        self.end_proposal(0);
    }

    fn end_transform(&mut self, more: u8) {
        if let Some(start) = self.transform.take() {
            self.end(start, more);
        }
    }

    fn end_proposal(&mut self, more: u8) {
        self.end_transform(0);
        if let Some(start) = self.proposal.take() {
            self.end(start, more);
            patch(self.buf, start.saturating_add(7), &[self.transforms]);
        }
        self.transforms = 0;
    }

    fn end(&mut self, start: usize, more: u8) {
        let written = self.buf.len().saturating_sub(start);
        // A longer one fits no payload either; the writer of the payload reports that.
        let length = u16::try_from(written).unwrap_or(u16::MAX);
        patch(self.buf, start, &[more]);
        patch(self.buf, start.saturating_add(2), &length.to_be_bytes());
    }
}
