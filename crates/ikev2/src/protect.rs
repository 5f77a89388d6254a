//! SK and SKF framing: encrypt, authenticate, and back (RFC 7296 §3.14, RFC 7383 §2.5, RFC 5282).

use alloc::boxed::Box;
use alloc::vec::Vec;

use ike_crypto::{Cipher, CipherKey, Error, Integrity, IntegrityKey, Random};
use ipsec_doi::Encryption;
use isakmp_wire::v2::kind;
use isakmp_wire::{Header, PayloadType};

/// Octets of a generic payload header.
const GENERIC: usize = 4;
/// Octets of fragment number and total.
const NUMBERS: usize = 4;

/// Where a piece stands among the fragments of its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Piece {
    pub(crate) number: u16,
    pub(crate) total: u16,
}

/// The keys of both directions of one IKE SA.
pub(crate) struct Protection {
    encryption: Encryption,
    icv_len: usize,
    outbound: Direction,
    inbound: Direction,
    /// The next explicit IV of a counter-mode cipher; never used twice under one key.
    counter: u64,
}

impl core::fmt::Debug for Protection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Protection")
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

/// One direction's keys.
pub(crate) struct Direction {
    cipher: Box<dyn CipherKey>,
    integrity: Option<Box<dyn IntegrityKey>>,
}

impl Direction {
    /// Schedules the keys of one direction.
    pub(crate) fn new(
        cipher: &dyn Cipher,
        integrity: Option<&dyn Integrity>,
        encryption_key: &[u8],
        integrity_key: &[u8],
    ) -> Result<Self, Error> {
        let integrity = integrity.map(|it| it.keyed(integrity_key)).transpose()?;
        Ok(Self {
            cipher: cipher.keyed(encryption_key)?,
            integrity,
        })
    }
}

impl Protection {
    pub(crate) fn new(
        encryption: Encryption,
        integrity_icv_len: usize,
        outbound: Direction,
        inbound: Direction,
    ) -> Self {
        let icv_len = if encryption.is_aead() {
            encryption.icv_len()
        } else {
            integrity_icv_len
        };
        Self {
            encryption,
            icv_len,
            outbound,
            inbound,
            counter: 0,
        }
    }

    /// Whether anything has been sealed with a counter.
    pub(crate) const fn has_sealed(&self) -> bool {
        self.counter > 0
    }

    /// Octets of the whole message when `inner` octets of payloads go into one SK payload.
    pub(crate) fn message_len(&self, inner: usize) -> usize {
        self.framed_len(inner, 0)
    }

    /// How many octets of payloads fit into one SKF payload of a message of `len` octets.
    pub(crate) fn chunk_len(&self, len: usize) -> usize {
        let fixed = self
            .framed_len(0, NUMBERS)
            .saturating_sub(self.pad_len(0).saturating_add(1));
        let room = len.saturating_sub(fixed);
        let block = self.encryption.block_len().max(1);
        let whole = room
            .checked_rem(block)
            .map_or(room, |rest| room.saturating_sub(rest));
        whole.saturating_sub(1)
    }

    fn framed_len(&self, inner: usize, numbers: usize) -> usize {
        [
            Header::LEN,
            GENERIC,
            numbers,
            self.encryption.iv_len(),
            inner,
            self.pad_len(inner),
            1,
            self.icv_len,
        ]
        .iter()
        .fold(0, |sum, n| sum.saturating_add(*n))
    }

    fn pad_len(&self, inner: usize) -> usize {
        let block = self.encryption.block_len().max(1);
        let over = inner.saturating_add(1).checked_rem(block).unwrap_or(0);
        if over == 0 {
            0
        } else {
            block.saturating_sub(over)
        }
    }

    /// Appends one whole protected message to `out`.
    ///
    /// `first` is the type of the first inner payload (`NONE` for fragments after the first),
    /// `inner` the payloads or a slice of them.
    pub(crate) fn seal(
        &mut self,
        random: &mut dyn Random,
        header: &Header,
        first: PayloadType,
        piece: Option<Piece>,
        inner: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let start = out.len();
        let len = self.framed_len(inner.len(), if piece.is_some() { NUMBERS } else { 0 });
        out.reserve(len);
        self.write_clear(header, first, piece, len, out)?;
        let associated = out.len();
        self.write_iv(random, out)?;
        let data = out.len();
        out.extend_from_slice(inner);
        let pad = self.pad_len(inner.len());
        out.resize(out.len().saturating_add(pad), 0);
        out.push(u8::try_from(pad).map_err(|_| Error)?);
        let icv = out.len();
        out.resize(icv.saturating_add(self.icv_len), 0);
        self.apply(
            out.get_mut(start..).ok_or(Error)?,
            [associated, data, icv].map(|at| at.saturating_sub(start)),
        )
    }

    fn write_clear(
        &self,
        header: &Header,
        first: PayloadType,
        piece: Option<Piece>,
        len: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let outer = if piece.is_some() {
            kind::ENCRYPTED_FRAGMENT
        } else {
            kind::ENCRYPTED
        };
        let length = u32::try_from(len).map_err(|_| Error)?;
        Header {
            next: outer,
            length,
            ..*header
        }
        .encode(out);
        let payload = u16::try_from(len.saturating_sub(Header::LEN)).map_err(|_| Error)?;
        out.extend_from_slice(&[first.get(), 0]);
        out.extend_from_slice(&payload.to_be_bytes());
        if let Some(piece) = piece {
            out.extend_from_slice(&piece.number.to_be_bytes());
            out.extend_from_slice(&piece.total.to_be_bytes());
        }
        Ok(())
    }

    /// A counter for counter modes, which must never repeat (RFC 5282 §3.1); random for CBC, which
    /// must not be predictable (RFC 7296 §3.14).
    fn write_iv(&mut self, random: &mut dyn Random, out: &mut Vec<u8>) -> Result<(), Error> {
        let len = self.encryption.iv_len();
        if self.encryption.block_len() <= 1 && len == 8 {
            out.extend_from_slice(&self.counter.to_be_bytes());
            self.counter = self.counter.checked_add(1).ok_or(Error)?;
            return Ok(());
        }
        let start = out.len();
        out.resize(start.saturating_add(len), 0);
        random.fill(out.get_mut(start..).ok_or(Error)?)
    }

    /// Encrypts and authenticates a laid-out message in place.
    fn apply(&self, message: &mut [u8], [associated, data, icv]: [usize; 3]) -> Result<(), Error> {
        let (rest, tag) = message.split_at_mut_checked(icv).ok_or(Error)?;
        let (clear, body) = rest.split_at_mut_checked(data).ok_or(Error)?;
        let (aad, iv) = clear.split_at_checked(associated).ok_or(Error)?;
        match &self.outbound.integrity {
            None => self.outbound.cipher.seal(iv, aad, body, tag),
            Some(integrity) => {
                self.outbound.cipher.seal(iv, aad, body, &mut [])?;
                integrity.sign(&[clear, body], tag);
                Ok(())
            }
        }
    }

    /// Decrypts the SK or SKF payload that ends `message` at `body`, its octets after the generic
    /// header and the fragment numbers.
    pub(crate) fn open(&self, message: &[u8], body: usize) -> Result<Vec<u8>, Error> {
        let icv = message.len().checked_sub(self.icv_len).ok_or(Error)?;
        let (signed, tag) = message.split_at_checked(icv).ok_or(Error)?;
        let (aad, rest) = signed.split_at_checked(body).ok_or(Error)?;
        let (iv, sealed) = rest
            .split_at_checked(self.encryption.iv_len())
            .ok_or(Error)?;
        let block = self.encryption.block_len().max(1);
        if sealed.is_empty() || !sealed.len().is_multiple_of(block) {
            return Err(Error);
        }
        let mut plain;
        match &self.inbound.integrity {
            None => {
                plain = sealed.to_vec();
                self.inbound.cipher.open(iv, aad, &mut plain, tag)?;
            }
            Some(integrity) => {
                integrity.verify(&[signed], tag)?;
                plain = sealed.to_vec();
                self.inbound.cipher.open(iv, aad, &mut plain, &[])?;
            }
        }
        let pad = usize::from(*plain.last().ok_or(Error)?);
        let len = plain
            .len()
            .checked_sub(pad)
            .and_then(|n| n.checked_sub(1))
            .ok_or(Error)?;
        plain.truncate(len);
        Ok(plain)
    }
}
