//! A chain of payloads: checked once, then iterated without failure.

use core::fmt;
use core::iter::FusedIterator;

use crate::error::{ErrorKind, ParseError};
use crate::payload::{GENERIC_LEN, RawPayload};
use crate::registry::PayloadType;

/// A chain of payloads whose lengths have been checked.
///
/// An [encrypted payload](PayloadType::ends_chain) ends the chain: its `next` is the type of the first payload inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PayloadChain<'a> {
    first: PayloadType,
    bytes: &'a [u8],
    offset: usize,
    count: usize,
}

impl<'a> PayloadChain<'a> {
    /// How many payloads a chain may have.
    pub const MAX: usize = 64;

    /// A chain without payloads.
    pub const EMPTY: Self = Self {
        first: PayloadType::NONE,
        bytes: &[],
        offset: 0,
        count: 0,
    };

    /// Reads the chain that begins with a payload of type `first` and fills `bytes`, which lie at `offset` in
    /// the message. Everything there is belongs to the chain: see [`parse_padded`](Self::parse_padded) for what does not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] where a payload should begin, [`ErrorKind::PayloadLength`] at a length field
    /// that does not fit, [`ErrorKind::TooManyPayloads`] at the payload after the 64th,
    /// [`ErrorKind::TrailingBytes`] after the last.
    #[inline]
    pub fn parse(first: PayloadType, bytes: &'a [u8], offset: usize) -> Result<Self, ParseError> {
        let (chain, rest, error) = walk(first, bytes, offset);
        match error {
            Some(error) => Err(error),
            None if rest.is_empty() => Ok(chain),
            None => Err(ParseError::new(
                ErrorKind::TrailingBytes,
                chain.end_offset(),
            )),
        }
    }

    /// Reads a chain that octets may follow, and returns those: IKEv1 pads what it encrypts, and says nowhere by
    /// how much (RFC 2409 App. B).
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), without [`ErrorKind::TrailingBytes`].
    #[inline]
    pub fn parse_padded(
        first: PayloadType,
        bytes: &'a [u8],
        offset: usize,
    ) -> Result<(Self, &'a [u8]), ParseError> {
        let (chain, rest, error) = walk(first, bytes, offset);
        match error {
            Some(error) => Err(error),
            None => Ok((chain, rest)),
        }
    }

    /// Reads as much of a damaged chain as holds, for tools: the payloads before the defect, and the defect.
    #[must_use]
    pub fn parse_partial(
        first: PayloadType,
        bytes: &'a [u8],
        offset: usize,
    ) -> (Self, Option<ParseError>) {
        let (chain, rest, error) = walk(first, bytes, offset);
        let trailing = ParseError::new(ErrorKind::TrailingBytes, chain.end_offset());
        (
            chain,
            error.or_else(|| (!rest.is_empty()).then_some(trailing)),
        )
    }

    /// The payloads, in order.
    #[inline]
    #[must_use]
    pub const fn iter(&self) -> PayloadIter<'a> {
        PayloadIter {
            kind: self.first,
            rest: self.bytes,
            offset: self.offset,
            left: self.count,
        }
    }

    /// The first payload of this type.
    #[inline]
    #[must_use]
    pub fn first(&self, kind: PayloadType) -> Option<RawPayload<'a>> {
        self.iter().find(|payload| payload.kind == kind)
    }

    /// All payloads of this type, in order.
    #[inline]
    pub fn all(&self, kind: PayloadType) -> impl Iterator<Item = RawPayload<'a>> + use<'a> {
        self.iter().filter(move |payload| payload.kind == kind)
    }

    /// How many payloads there are.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no payload.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The type of the first payload, [`PayloadType::NONE`] if there is none.
    #[inline]
    #[must_use]
    pub const fn first_type(&self) -> PayloadType {
        self.first
    }

    /// The octets of all payloads, generic headers included.
    #[inline]
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    const fn end_offset(&self) -> usize {
        self.offset.saturating_add(self.bytes.len())
    }
}

impl<'a> IntoIterator for PayloadChain<'a> {
    type Item = RawPayload<'a>;
    type IntoIter = PayloadIter<'a>;

    fn into_iter(self) -> PayloadIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &PayloadChain<'a> {
    type Item = RawPayload<'a>;
    type IntoIter = PayloadIter<'a>;

    fn into_iter(self) -> PayloadIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for PayloadChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The good part of the chain, what follows it, and what ended it early.
#[inline]
fn walk(
    first: PayloadType,
    bytes: &[u8],
    offset: usize,
) -> (PayloadChain<'_>, &[u8], Option<ParseError>) {
    let mut iter = PayloadIter {
        kind: first,
        rest: bytes,
        offset,
        left: PayloadChain::MAX,
    };
    let mut error = None;
    while iter.kind != PayloadType::NONE && iter.left > 0 {
        match iter.step() {
            Ok(payload) if payload.kind.ends_chain() => {
                iter.kind = PayloadType::NONE;
            }
            Ok(_) => {}
            Err(defect) => {
                error = Some(defect);
                break;
            }
        }
    }
    if error.is_none() && iter.kind != PayloadType::NONE {
        error = Some(ParseError::new(ErrorKind::TooManyPayloads, iter.offset));
    }
    let count = PayloadChain::MAX.saturating_sub(iter.left);
    let used = bytes.len().saturating_sub(iter.rest.len());
    let chain = PayloadChain {
        first: if count == 0 { PayloadType::NONE } else { first },
        bytes: bytes.get(..used).unwrap_or_default(),
        offset,
        count,
    };
    (chain, iter.rest, error)
}

/// The payloads of a chain, in order.
#[derive(Clone, Debug)]
pub struct PayloadIter<'a> {
    kind: PayloadType,
    rest: &'a [u8],
    offset: usize,
    left: usize,
}

impl<'a> PayloadIter<'a> {
    /// The one place where a generic header is read; used to check, and to iterate what is checked.
    #[inline]
    fn step(&mut self) -> Result<RawPayload<'a>, ParseError> {
        let Some((&[next, reserved, high, low], after)) =
            self.rest.split_first_chunk::<GENERIC_LEN>()
        else {
            return Err(ParseError::new(ErrorKind::Truncated, self.offset));
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = length
            .checked_sub(GENERIC_LEN)
            .and_then(|length| after.split_at_checked(length));
        let Some((body, rest)) = body else {
            let at = self.offset.saturating_add(2);
            return Err(ParseError::new(ErrorKind::PayloadLength, at));
        };
        let payload = RawPayload {
            kind: self.kind,
            next: PayloadType::new(next),
            reserved,
            body,
            offset: self.offset,
        };
        self.kind = payload.next;
        self.rest = rest;
        self.offset = self.offset.saturating_add(length);
        self.left = self.left.saturating_sub(1);
        Ok(payload)
    }
}

impl<'a> Iterator for PayloadIter<'a> {
    type Item = RawPayload<'a>;

    #[inline]
    fn next(&mut self) -> Option<RawPayload<'a>> {
        if self.left == 0 {
            return None;
        }
        self.step().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for PayloadIter<'_> {}

impl FusedIterator for PayloadIter<'_> {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use hex_literal::hex;

    use super::*;

    #[test]
    fn an_empty_chain_needs_no_octets_and_allows_none() {
        let chain = PayloadChain::parse(PayloadType::NONE, &[], 28).unwrap();
        assert!(chain.is_empty());
        assert_eq!(
            PayloadChain::parse(PayloadType::NONE, &[0], 28),
            Err(ParseError::new(ErrorKind::TrailingBytes, 28))
        );
    }

    #[test]
    fn payloads_come_with_type_body_and_offset() {
        let bytes = hex!("29 00 0005 aa  00 80 0004");
        let chain = PayloadChain::parse(PayloadType::V2_NONCE, &bytes, 28).unwrap();
        assert_eq!(chain.len(), 2);
        let mut iter = chain.iter();
        let nonce = iter.next().unwrap();
        assert_eq!(
            (nonce.kind, nonce.body, nonce.offset),
            (PayloadType::V2_NONCE, &[0xaa][..], 28)
        );
        let notify = iter.next().unwrap();
        assert_eq!(
            (notify.kind, notify.offset, notify.critical()),
            (PayloadType::V2_NOTIFY, 33, true)
        );
        assert!(iter.next().is_none());
        assert_eq!(chain.first(PayloadType::V2_NOTIFY), Some(notify));
        assert_eq!(chain.first(PayloadType::V2_KE), None);
    }

    #[test]
    fn an_encrypted_payload_ends_the_chain_whatever_follows_inside() {
        let bytes = hex!("23 00 0006 aabb");
        let chain = PayloadChain::parse(PayloadType::V2_ENCRYPTED, &bytes, 28).unwrap();
        assert_eq!(chain.len(), 1);
        let inner = chain.first(PayloadType::V2_ENCRYPTED).unwrap().next;
        assert_eq!(inner, PayloadType::V2_ID_I);
        let trailing = hex!("23 00 0004 00");
        assert_eq!(
            PayloadChain::parse(PayloadType::V2_ENCRYPTED, &trailing, 28),
            Err(ParseError::new(ErrorKind::TrailingBytes, 32))
        );
    }

    #[test]
    fn a_bad_length_is_named_at_the_length_field() {
        for length in [0_u8, 1, 3, 6, 255] {
            let bytes = [0, 0, 0, length, 0xaa];
            assert_eq!(
                PayloadChain::parse(PayloadType::V2_NONCE, &bytes, 28),
                Err(ParseError::new(ErrorKind::PayloadLength, 30))
            );
        }
        assert_eq!(
            PayloadChain::parse(PayloadType::V2_NONCE, &[0, 0, 0], 28),
            Err(ParseError::new(ErrorKind::Truncated, 28))
        );
    }

    #[test]
    fn the_number_of_payloads_is_capped() {
        let mut bytes = vec![];
        for _ in 0..PayloadChain::MAX {
            bytes.extend_from_slice(&[43, 0, 0, 4]);
        }
        let kind = PayloadType::V2_VENDOR_ID;
        assert_eq!(
            PayloadChain::parse(kind, &bytes, 0),
            Err(ParseError::new(ErrorKind::TooManyPayloads, 256))
        );
        let last = bytes.len() - 4;
        bytes[last] = 0;
        assert_eq!(PayloadChain::parse(kind, &bytes, 0).unwrap().len(), 64);
    }

    #[test]
    fn a_damaged_chain_yields_what_holds() {
        let bytes = hex!("29 00 0005 aa  00 00 0009");
        let (chain, error) = PayloadChain::parse_partial(PayloadType::V2_NONCE, &bytes, 28);
        assert_eq!(chain.len(), 1);
        assert_eq!(error, Some(ParseError::new(ErrorKind::PayloadLength, 35)));
    }

    #[test]
    fn padding_is_handed_back() {
        let bytes = hex!("00 00 0005 aa 0000 07");
        let (chain, padding) =
            PayloadChain::parse_padded(PayloadType::V1_HASH, &bytes, 28).unwrap();
        assert_eq!(chain.len(), 1);
        assert_eq!(padding, [0, 0, 7]);
    }
}
