//! Writing: one buffer, appended to; lengths and next-payload links are patched in behind.

use alloc::vec::Vec;

use crate::header::Header;
use crate::payload::{CRITICAL, GENERIC_LEN, OwnedPayload, RawPayload};
use crate::registry::PayloadType;

/// The body of a payload that can be written.
pub trait Encode {
    /// How many octets [`encode`](Self::encode) appends.
    fn encoded_len(&self) -> usize;

    /// Appends the octets to `out`. Reserved fields are zero.
    fn encode(&self, out: &mut Vec<u8>);
}

/// Writes a chain of payloads into a buffer.
///
/// A body of more than 65,531 octets fits no payload: it is left out, and [`oversized`](Self::oversized) says so
/// from then on.
#[derive(Debug)]
pub struct ChainWriter<'b> {
    buf: &'b mut Vec<u8>,
    links: Links,
}

/// What has to be patched once the next payload, or the end, is known.
#[derive(Clone, Copy, Debug)]
struct Links {
    /// The type of the first payload of the chain.
    first: PayloadType,
    /// Where the octet lies that names the next payload: none before the first payload of a bare chain.
    link: Option<usize>,
    oversized: bool,
}

impl<'b> ChainWriter<'b> {
    /// Begins a chain at the end of `buf`.
    #[must_use]
    pub const fn begin(buf: &'b mut Vec<u8>) -> Self {
        Self {
            buf,
            links: Links {
                first: PayloadType::NONE,
                link: None,
                oversized: false,
            },
        }
    }

    /// Appends a payload.
    pub fn payload(&mut self, kind: PayloadType, critical: bool, body: &[u8]) -> &mut Self {
        self.payload_with(kind, critical, |buf| buf.extend_from_slice(body))
    }

    /// Appends a payload whose body `write` appends to the buffer.
    pub fn payload_with(
        &mut self,
        kind: PayloadType,
        critical: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> &mut Self {
        let reserved = if critical { CRITICAL } else { 0 };
        self.append(kind, reserved, write);
        self
    }

    /// Appends a payload that is not critical, with this body.
    pub fn encode(&mut self, kind: PayloadType, body: &impl Encode) -> &mut Self {
        self.payload_with(kind, false, |buf| body.encode(buf))
    }

    /// Appends a payload that has been kept.
    pub fn owned(&mut self, payload: &OwnedPayload) -> &mut Self {
        self.payload(payload.kind, payload.critical, &payload.body)
    }

    /// Appends a payload as it was received: reserved bits, and the first inner type of an encrypted payload,
    /// included.
    pub fn raw(&mut self, payload: &RawPayload<'_>) -> &mut Self {
        self.append(payload.kind, payload.reserved, |buf| {
            buf.extend_from_slice(payload.body);
        });
        if payload.kind.ends_chain() {
            self.link_next(payload.next);
        }
        self
    }

    /// Ends the chain: the last payload names no next one. Returns the type of the first payload.
    pub const fn finish(&mut self) -> PayloadType {
        self.links.first
    }

    /// Ends the chain with an encrypted payload, whose "next payload" octet is the type of the first payload
    /// inside (RFC 7296 §3.14). Returns the type of the first payload of this chain.
    pub fn finish_with(&mut self, inner: PayloadType) -> PayloadType {
        self.link_next(inner);
        self.links.first
    }

    /// Whether a payload was too long and is missing.
    #[must_use]
    pub const fn oversized(&self) -> bool {
        self.links.oversized
    }

    /// The one place where a generic header is written.
    fn append(&mut self, kind: PayloadType, reserved: u8, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.buf.len();
        self.buf
            .extend_from_slice(&[PayloadType::NONE.get(), reserved, 0, 0]);
        write(self.buf);
        let written = self.buf.len().saturating_sub(start);
        let Ok(length) = u16::try_from(written.max(GENERIC_LEN)) else {
            self.buf.truncate(start);
            self.links.oversized = true;
            return;
        };
        patch(self.buf, start.saturating_add(2), &length.to_be_bytes());
        self.link_next(kind);
        if self.links.first == PayloadType::NONE {
            self.links.first = kind;
        }
        self.links.link = Some(start);
    }

    fn link_next(&mut self, kind: PayloadType) {
        if let Some(link) = self.links.link {
            patch(self.buf, link, &[kind.get()]);
        }
    }
}

/// Writes a message, header first, into a buffer.
///
/// ```
/// use isakmp_wire::{ExchangeType, Flags, Header, Message, MessageWriter, PayloadType, Spi, Version, v2};
///
/// let header = Header {
///     initiator: Spi::new([1; 8]),
///     responder: Spi::ZERO,
///     next: PayloadType::NONE, // the writer knows better
///     version: Version::V2,
///     exchange: ExchangeType::IKE_SA_INIT,
///     flags: Flags::INITIATOR,
///     message_id: 0,
///     length: 0, // likewise
/// };
/// let mut buf = Vec::new();
/// MessageWriter::begin(&mut buf, &header)
///     .encode(v2::kind::NONCE, &v2::Nonce { data: &[7; 32] })
///     .finish();
/// let message = Message::parse(&buf)?;
/// assert_eq!(message.payloads.first_type(), v2::kind::NONCE);
/// # Ok::<(), isakmp_wire::ParseError>(())
/// ```
#[derive(Debug)]
pub struct MessageWriter<'b> {
    chain: ChainWriter<'b>,
    start: usize,
}

impl MessageWriter<'_> {
    /// A message of these payloads, as it is in clear; [`begin`](MessageWriter::begin) writes one step by step.
    #[must_use]
    pub fn message(header: &Header, payloads: &[OwnedPayload]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = MessageWriter::begin(&mut bytes, header);
        for payload in payloads {
            writer.owned(payload);
        }
        writer.finish();
        bytes
    }
}

impl<'b> MessageWriter<'b> {
    /// Begins a message at the end of `buf`. The first payload and the length are patched into the header.
    #[must_use]
    pub fn begin(buf: &'b mut Vec<u8>, header: &Header) -> Self {
        let start = buf.len();
        let unlinked = Header {
            next: PayloadType::NONE,
            ..*header
        };
        unlinked.encode(buf);
        let mut chain = ChainWriter::begin(buf);
        chain.links.link = Some(start.saturating_add(Header::NEXT_AT));
        Self { chain, start }
    }

    /// Appends a payload.
    pub fn payload(&mut self, kind: PayloadType, critical: bool, body: &[u8]) -> &mut Self {
        self.chain.payload(kind, critical, body);
        self
    }

    /// Appends a payload whose body `write` appends to the buffer.
    pub fn payload_with(
        &mut self,
        kind: PayloadType,
        critical: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> &mut Self {
        self.chain.payload_with(kind, critical, write);
        self
    }

    /// Appends a payload that is not critical, with this body.
    pub fn encode(&mut self, kind: PayloadType, body: &impl Encode) -> &mut Self {
        self.chain.encode(kind, body);
        self
    }

    /// Appends a payload that has been kept.
    pub fn owned(&mut self, payload: &OwnedPayload) -> &mut Self {
        self.chain.owned(payload);
        self
    }

    /// Appends a payload as it was received; see [`ChainWriter::raw`].
    pub fn raw(&mut self, payload: &RawPayload<'_>) -> &mut Self {
        self.chain.raw(payload);
        self
    }

    /// Appends octets that belong to no payload: the [padding](crate::Message::padding) of a message that was
    /// received. Payloads come before it.
    pub fn padding(&mut self, octets: &[u8]) -> &mut Self {
        self.chain.buf.extend_from_slice(octets);
        self
    }

    /// Ends the message and patches its length.
    pub fn finish(&mut self) {
        let written = self.chain.buf.len().saturating_sub(self.start);
        let length = u32::try_from(written).unwrap_or(u32::MAX);
        let at = self.start.saturating_add(Header::LENGTH_AT);
        patch(self.chain.buf, at, &length.to_be_bytes());
    }

    /// Ends the message with an encrypted payload, whose "next payload" octet is the type of the first payload
    /// inside (RFC 7296 §3.14). Everything before the ciphertext is final then, and can be authenticated.
    pub fn finish_with(&mut self, inner: PayloadType) {
        self.chain.finish_with(inner);
        self.finish();
    }

    /// Whether a payload was too long and is missing.
    #[must_use]
    pub const fn oversized(&self) -> bool {
        self.chain.oversized()
    }
}

/// Overwrites octets that have been written before.
pub(crate) fn patch(buf: &mut [u8], at: usize, octets: &[u8]) {
    let end = at.saturating_add(octets.len());
    if let Some(place) = buf.get_mut(at..end) {
        place.copy_from_slice(octets);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use hex_literal::hex;

    use super::*;

    #[test]
    fn links_and_lengths_are_patched() {
        let mut buf = vec![0xee];
        let first = ChainWriter::begin(&mut buf)
            .payload(PayloadType::V2_NONCE, false, &[0xaa])
            .payload(PayloadType::V2_NOTIFY, true, &[])
            .finish();
        assert_eq!(first, PayloadType::V2_NONCE);
        assert_eq!(buf, hex!("ee 29 00 0005 aa 00 80 0004"));
    }

    #[test]
    fn an_empty_chain_has_no_first_type() {
        let mut buf = vec![];
        assert_eq!(ChainWriter::begin(&mut buf).finish(), PayloadType::NONE);
        assert!(buf.is_empty());
    }

    #[test]
    fn an_encrypted_payload_names_the_first_inner_one() {
        let mut buf = vec![];
        ChainWriter::begin(&mut buf)
            .payload(PayloadType::V2_ENCRYPTED, false, &[1, 2])
            .finish_with(PayloadType::V2_ID_I);
        assert_eq!(buf, hex!("23 00 0006 0102"));
    }

    #[test]
    fn what_does_not_fit_a_payload_is_left_out_and_reported() {
        let mut buf = vec![];
        let mut writer = ChainWriter::begin(&mut buf);
        writer.payload(PayloadType::V2_CERT, false, &vec![0; 65_531]);
        assert!(!writer.oversized());
        writer.payload(PayloadType::V2_CERT, false, &vec![0; 65_532]);
        assert!(writer.oversized());
        writer.finish();
        assert_eq!(buf.len(), 65_535);
        assert_eq!(buf[..4], [0, 0, 0xff, 0xff]);
    }
}
