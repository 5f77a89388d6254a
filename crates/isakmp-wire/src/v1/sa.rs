//! Security association (RFC 2408 §3.4, RFC 2407 §4.6.1).
//!
//! ```text
//! +---------------+---------------+---------------+---------------+
//! |                  domain of interpretation                     |
//! +---------------+---------------+---------------+---------------+
//! |                         situation                             |
//! +---------------+---------------+---------------+---------------+
//! |                         proposals                             |
//! ```

use alloc::vec::Vec;

use crate::attribute::Attribute;
use crate::error::{ErrorKind, ParseError};
use crate::payload::RawPayload;
use crate::substructure::{self, SubstructureWriter};
use crate::v1::{Doi, ProposalIter, ProtocolId};
use crate::writer::Encode;

/// What a side offers, or what has been chosen (RFC 2408 §3.4).
///
/// The domain of interpretation is IPsec's and the situation identity only: the labels of the two other situations
/// (RFC 2407 §4.2) have never been in use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecurityAssociation<'a> {
    proposals: &'a [u8],
}

impl<'a> SecurityAssociation<'a> {
    /// How many proposals a security association may have. The number of transforms of one is bounded by its
    /// count, one octet, and that of attributes by the length.
    pub const MAX_PROPOSALS: usize = substructure::MAX_PROPOSALS;

    /// The only situation: the parties are identified (RFC 2407 §4.2.1).
    pub const IDENTITY_ONLY: u32 = 1;

    /// Reads the payload down to the last attribute. There is at least one proposal; "last" and "more" octets,
    /// counts and lengths agree with what is there. Whether numbers, protocols and algorithms make sense is not looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Doi`], [`ErrorKind::Situation`], [`ErrorKind::Truncated`], [`ErrorKind::ProposalLength`],
    /// [`ErrorKind::TooManyProposals`], [`ErrorKind::SpiSize`], [`ErrorKind::TransformLength`],
    /// [`ErrorKind::TransformCount`], [`ErrorKind::LastSubstructure`], [`ErrorKind::AttributeLength`]: each at the
    /// field that is wrong.
    #[inline]
    pub fn parse(raw: RawPayload<'a>) -> Result<Self, ParseError> {
        let mut reader = raw.reader();
        let at = reader.offset();
        if Doi::new(u32::from_be_bytes(reader.array()?)) != Doi::IPSEC {
            return Err(ParseError::new(ErrorKind::Doi, at));
        }
        let at = reader.offset();
        if u32::from_be_bytes(reader.array()?) != Self::IDENTITY_ONLY {
            return Err(ParseError::new(ErrorKind::Situation, at));
        }
        substructure::check(reader)?;
        Ok(Self {
            proposals: reader.rest(),
        })
    }

    /// The proposals, in order.
    #[inline]
    #[must_use]
    pub const fn proposals(&self) -> ProposalIter<'a> {
        ProposalIter::new(self.proposals)
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
        self.proposals.len().saturating_add(8)
    }

    /// As [`SaBuilder`] would write it: what was reserved on receipt is zero.
    fn encode(&self, out: &mut Vec<u8>) {
        let mut builder = SaBuilder::new(out);
        for proposal in self.proposals() {
            builder.proposal(proposal.number, proposal.protocol, proposal.spi);
            for transform in proposal.transforms() {
                builder.transform(transform.number, transform.id);
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
/// use isakmp_wire::Attribute;
/// use isakmp_wire::v1::{Phase1Attribute, ProtocolId, SaBuilder};
///
/// let mut body = Vec::new();
/// SaBuilder::new(&mut body)
///     .proposal(1, ProtocolId::ISAKMP, &[])
///     .transform(1, 1) // KEY_IKE
///     .attribute(Attribute::short(Phase1Attribute::ENCRYPTION.get(), 7)) // AES-CBC
///     .attribute(Attribute::short(Phase1Attribute::KEY_LENGTH.get(), 256))
///     .finish();
/// assert_eq!(body.len(), 8 + 8 + 8 + 4 + 4);
/// ```
///
/// What cannot be expressed is left out: a 256th transform of a proposal, a transform or attribute before the first
/// proposal or transform, the end of an SPI of more than 255 octets.
#[derive(Debug)]
pub struct SaBuilder<'b> {
    writer: SubstructureWriter<'b>,
}

impl<'b> SaBuilder<'b> {
    /// Begins at the end of `buf`, with the IPsec domain of interpretation and the identity-only situation.
    #[must_use]
    pub fn new(buf: &'b mut Vec<u8>) -> Self {
        buf.extend_from_slice(&Doi::IPSEC.get().to_be_bytes());
        buf.extend_from_slice(&SecurityAssociation::IDENTITY_ONLY.to_be_bytes());
        Self {
            writer: SubstructureWriter::new(buf),
        }
    }

    /// Begins a proposal; the transforms that follow are its own.
    pub fn proposal(&mut self, number: u8, protocol: ProtocolId, spi: &[u8]) -> &mut Self {
        self.writer.proposal(number, protocol.get(), spi);
        self
    }

    /// Adds a transform to the proposal.
    pub fn transform(&mut self, number: u8, id: u8) -> &mut Self {
        self.writer.transform([number, id, 0, 0]);
        self
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
