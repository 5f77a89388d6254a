//! Security association (RFC 7296 §3.3): a list of proposals, each a list of transforms.

use alloc::vec::Vec;

use crate::attribute::Attribute;
use crate::error::ParseError;
use crate::payload::RawPayload;
use crate::substructure::{self, SubstructureWriter};
use crate::v2::transform;
use crate::v2::{ProposalIter, ProtocolId, TransformType};
use crate::writer::Encode;

/// What a side offers, or what has been chosen (RFC 7296 §3.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecurityAssociation<'a> {
    proposals: &'a [u8],
}

impl<'a> SecurityAssociation<'a> {
    /// How many proposals a security association may have. The number of transforms of one is bounded by its
    /// count, one octet, and that of attributes by the length.
    pub const MAX_PROPOSALS: usize = substructure::MAX_PROPOSALS;

    /// Reads the payload down to the last attribute. There is at least one proposal; "last" and "more" octets,
    /// counts and lengths agree with what is there. Whether numbers, protocols and algorithms make sense is not looked at.
    ///
    /// # Errors
    ///
    /// [`Truncated`](crate::ErrorKind::Truncated), [`ProposalLength`](crate::ErrorKind::ProposalLength),
    /// [`TooManyProposals`](crate::ErrorKind::TooManyProposals), [`SpiSize`](crate::ErrorKind::SpiSize),
    /// [`TransformLength`](crate::ErrorKind::TransformLength), [`TransformCount`](crate::ErrorKind::TransformCount),
    /// [`LastSubstructure`](crate::ErrorKind::LastSubstructure), [`AttributeLength`](crate::ErrorKind::AttributeLength):
    /// each at the field that is wrong.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        substructure::check(raw.reader())?;
        Ok(Self {
            proposals: raw.body,
        })
    }

    /// The proposals, in order.
    #[inline]
    #[must_use]
    pub const fn proposals(&self) -> ProposalIter<'a> {
        ProposalIter::new(self.proposals)
    }

    /// The octets of the payload's body.
    #[inline]
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.proposals
    }
}

impl core::fmt::Debug for SecurityAssociation<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.proposals()).finish()
    }
}

impl Encode for SecurityAssociation<'_> {
    #[inline]
    fn encoded_len(&self) -> usize {
        self.proposals.len()
    }

    /// As [`SaBuilder`] would write it: what was reserved on receipt is zero.
    fn encode(&self, out: &mut Vec<u8>) {
        let mut builder = SaBuilder::new(out);
        for proposal in self.proposals() {
            builder.proposal(proposal.number, proposal.protocol, proposal.spi);
            for transform in proposal.transforms() {
                builder.transform(transform.kind, transform.id, None);
                for attribute in transform.attributes() {
                    builder.attribute(attribute);
                }
            }
        }
        builder.finish();
    }
}

/// Writes the body of a security association: counts, lengths and the "last" and "more" octets come by themselves.
///
/// ```
/// use isakmp_wire::v2::{ProtocolId, SaBuilder, TransformType};
///
/// let mut body = Vec::new();
/// SaBuilder::new(&mut body)
///     .proposal(1, ProtocolId::ESP, &[0xc0, 0xff, 0xee, 0x01])
///     .transform(TransformType::ENCR, 20, Some(256)) // AES-GCM with a 16-octet tag
///     .transform(TransformType::ESN, 0, None)
///     .finish();
/// assert_eq!(body.len(), 8 + 4 + 12 + 8);
/// ```
///
/// What cannot be expressed is left out: a 256th transform of a proposal, a transform or attribute before the first
/// proposal or transform, the end of an SPI of more than 255 octets.
#[derive(Debug)]
pub struct SaBuilder<'b> {
    writer: SubstructureWriter<'b>,
}

impl<'b> SaBuilder<'b> {
    /// Begins at the end of `buf`.
    #[must_use]
    pub const fn new(buf: &'b mut Vec<u8>) -> Self {
        Self {
            writer: SubstructureWriter::new(buf),
        }
    }

    /// Begins a proposal; the transforms that follow are its own.
    pub fn proposal(&mut self, number: u8, protocol: ProtocolId, spi: &[u8]) -> &mut Self {
        self.writer.proposal(number, protocol.get(), spi);
        self
    }

    /// Adds a transform to the proposal; `key_length` in bits.
    pub fn transform(
        &mut self,
        kind: TransformType,
        id: u16,
        key_length: Option<u16>,
    ) -> &mut Self {
        let [high, low] = id.to_be_bytes();
        self.writer.transform([kind.get(), 0, high, low]);
        match key_length {
            Some(bits) => self.attribute(Attribute::short(transform::KEY_LENGTH, bits)),
            None => self,
        }
    }

    /// Adds an attribute to the transform.
    pub fn attribute(&mut self, attribute: Attribute<'_>) -> &mut Self {
        self.writer.attribute(attribute);
        self
    }

    /// Ends the list.
    pub fn finish(&mut self) {
        self.writer.finish();
    }
}

#[cfg(test)]
mod tests;
