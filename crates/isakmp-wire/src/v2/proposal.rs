//! Proposal (RFC 7296 §3.3.1).

use core::iter::FusedIterator;

use crate::reader::Reader;
use crate::substructure::next_proposal;
use crate::v2::ProtocolId;
use crate::v2::transform::TransformIter;

/// A set of algorithms, of which one per type may be chosen (RFC 7296 §3.3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// Its number, from 1.
    pub number: u8,
    /// The protocol that it is for.
    pub protocol: ProtocolId,
    /// The SPI of the sender: empty in IKE_SA_INIT.
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
        let mut frame = next_proposal(&mut self.reader).ok()?;
        Some(Proposal {
            number: frame.number,
            protocol: ProtocolId::new(frame.protocol),
            spi: frame.spi,
            transforms: frame.transforms.rest(),
        })
    }
}

impl FusedIterator for ProposalIter<'_> {}
