//! Why a message could not be read, and where.

use core::fmt;

/// Why bytes are not what they claim to be, and where.
///
/// The offset counts octets from the first octet of the ISAKMP header, whatever structure the failure
/// lies in, and points at the field that is wrong: at a length field that does not fit, or at the first
/// octet of what is missing or left over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where, in octets from the start of the message.
    pub offset: usize,
}

impl ParseError {
    /// An error of this kind at this offset.
    #[must_use]
    pub const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}", self.kind, self.offset)
    }
}

impl core::error::Error for ParseError {}

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes end before the field does.
    Truncated,
    /// Octets are left over after the last field.
    TrailingBytes,
    /// The length field of the header differs from the length of the datagram.
    MessageLength,
    /// The length field of a generic payload header is less than 4 or reaches past the end.
    PayloadLength,
    /// The chain has more than [`PayloadChain::MAX`](crate::PayloadChain::MAX) payloads.
    TooManyPayloads,
    /// The length field of a proposal is too small for its fields or reaches past the end.
    ProposalLength,
    /// A security association has more proposals than its documented limit.
    TooManyProposals,
    /// The length field of a transform is too small for its fields or reaches past the end.
    TransformLength,
    /// A proposal has more or fewer transforms than its count says.
    TransformCount,
    /// The "last or more" octet of a proposal or transform contradicts its position.
    LastSubstructure,
    /// The length field of a data or configuration attribute reaches past the end.
    AttributeLength,
    /// The size of an SPI, or the number of SPIs, does not fit the payload.
    SpiSize,
    /// The situation of an IKEv1 security association is not plain identity (RFC 2407 §4.2).
    Situation,
    /// The domain of interpretation is not the IPsec one where its layout is needed.
    Doi,
    /// An address in an identity or selector has the wrong length for its type.
    AddressLength,
    /// A nonce is shorter or longer than its protocol allows.
    NonceLength,
    /// The length field of a traffic selector is too small or reaches past the end.
    SelectorLength,
    /// The payload has more or fewer traffic selectors than its count says.
    SelectorCount,
    /// A fragment number is 0 or exceeds the total.
    FragmentNumber,
    /// The length field of an EAP message differs from the length of the payload (RFC 3748 §4).
    EapLength,
    /// The algorithm identifier of a digital signature does not fit (RFC 7427 §3).
    SignatureLength,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "truncated",
            Self::TrailingBytes => "octets left over",
            Self::MessageLength => "message length differs from the datagram",
            Self::PayloadLength => "payload length does not fit",
            Self::TooManyPayloads => "too many payloads",
            Self::ProposalLength => "proposal length does not fit",
            Self::TooManyProposals => "too many proposals",
            Self::TransformLength => "transform length does not fit",
            Self::TransformCount => "wrong number of transforms",
            Self::LastSubstructure => "last/more marker contradicts the position",
            Self::AttributeLength => "attribute length does not fit",
            Self::SpiSize => "SPI size does not fit",
            Self::Situation => "unsupported situation",
            Self::Doi => "unsupported domain of interpretation",
            Self::AddressLength => "wrong address length",
            Self::NonceLength => "nonce length out of bounds",
            Self::SelectorLength => "selector length does not fit",
            Self::SelectorCount => "wrong number of selectors",
            Self::FragmentNumber => "fragment number out of bounds",
            Self::EapLength => "EAP length differs from the payload",
            Self::SignatureLength => "algorithm identifier does not fit",
        })
    }
}
