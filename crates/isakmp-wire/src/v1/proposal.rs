//! Proposal (RFC 2408 §3.5).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! | 0 last 2 more |   reserved    |  length, this header included |
//! +---------------+---------------+---------------+---------------+
//! |    number     |   protocol    |   SPI size    |  transforms   |
//! +---------------+---------------+---------------+---------------+
//! |                  SPI, of the size named                       |
//! +---------------+---------------+---------------+---------------+
//! |                        transforms                             |
//! ```

use core::iter::FusedIterator;

use crate::error::{ErrorKind, ParseError};
use crate::reader::Reader;
use crate::v1::transform::{TransformIter, check};
use crate::v1::{ProtocolId, SecurityAssociation};

/// The fixed part of a proposal, in octets.
pub(crate) const LEN: usize = 8;

/// What the first octet says if another proposal follows.
pub(crate) const MORE: u8 = 2;

/// A protocol and the transforms of which one may be chosen (RFC 2408 §3.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// Its number. Proposals of the same number belong together: all of them or none (RFC 2408 §4.2).
    pub number: u8,
    /// The protocol that it is for.
    pub protocol: ProtocolId,
    /// The SPI of the sender; in phase 1 it is ignored, whatever its length (RFC 2408 §3.5).
    pub spi: &'a [u8],
    transforms: &'a [u8],
}

impl<'a> Proposal<'a> {
    /// Its transforms, in order: at most 255.
    #[inline]
    #[must_use]
    pub const fn transforms(&self) -> TransformIter<'a> {
        TransformIter::new(self.transforms)
    }
}

impl core::fmt::Debug for Proposal<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        struct List<'a>(TransformIter<'a>);
        impl core::fmt::Debug for List<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_list().entries(self.0.clone()).finish()
            }
        }
        f.debug_struct("Proposal")
            .field("number", &self.number)
            .field("protocol", &self.protocol)
            .field("spi", &self.spi)
            .field("transforms", &List(self.transforms()))
            .finish()
    }
}

/// The proposals of a security association, in order.
#[derive(Clone, Debug)]
pub struct ProposalIter<'a> {
    reader: Reader<'a>,
}

impl<'a> ProposalIter<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes, 0),
        }
    }
}

impl<'a> Iterator for ProposalIter<'a> {
    type Item = Proposal<'a>;

    #[inline]
    fn next(&mut self) -> Option<Proposal<'a>> {
        let frame = frame(&mut self.reader).ok()?;
        Some(Proposal {
            number: frame.number,
            protocol: frame.protocol,
            spi: frame.spi,
            transforms: { frame.transforms }.rest(),
        })
    }
}

impl FusedIterator for ProposalIter<'_> {}

/// Checks the proposals that fill a security association.
#[inline]
pub(crate) fn check_all(mut reader: Reader<'_>) -> Result<(), ParseError> {
    let mut found: usize = 0;
    loop {
        if found == SecurityAssociation::MAX_PROPOSALS {
            return Err(reader.error(ErrorKind::TooManyProposals));
        }
        let count_at = reader.offset().saturating_add(7);
        let frame = frame(&mut reader)?;
        check(frame.transforms, frame.count, count_at)?;
        found = found.saturating_add(1);
        if reader.is_empty() {
            return Ok(());
        }
    }
}

/// A proposal whose transforms have not been looked at.
struct Frame<'a> {
    number: u8,
    protocol: ProtocolId,
    spi: &'a [u8],
    count: u8,
    transforms: Reader<'a>,
}

/// The one place where a proposal is read; used to check, and to iterate what is checked.
#[inline]
fn frame<'a>(reader: &mut Reader<'a>) -> Result<Frame<'a>, ParseError> {
    let at = reader.offset();
    let [
        more,
        _,
        length_high,
        length_low,
        number,
        protocol,
        spi_size,
        count,
    ] = reader.array::<LEN>()?;
    let length = usize::from(u16::from_be_bytes([length_high, length_low]));
    let body_at = reader.offset();
    let Some(Ok(body)) = length.checked_sub(LEN).map(|length| reader.take(length)) else {
        return Err(ParseError::new(
            ErrorKind::ProposalLength,
            at.saturating_add(2),
        ));
    };
    if more != if reader.is_empty() { 0 } else { MORE } {
        return Err(ParseError::new(ErrorKind::LastSubstructure, at));
    }
    let mut transforms = Reader::new(body, body_at);
    let Ok(spi) = transforms.take(usize::from(spi_size)) else {
        return Err(ParseError::new(ErrorKind::SpiSize, at.saturating_add(6)));
    };
    Ok(Frame {
        number,
        protocol: ProtocolId::new(protocol),
        spi,
        count,
        transforms,
    })
}
