//! The sender's side of an SA (RFC 4303 §3.3).

use alloc::vec::Vec;
use core::ops::Range;

use ike_crypto::{Provider, Random};

use crate::replay::halves;
use crate::transform::{IvSource, Transform};
use crate::{Age, HEADER_LEN, Lifetime, Parameters, SealError, SetupError, Usage, trailer};

/// An IP packet's length field has 16 bits.
const LONGEST: usize = 65_535;

/// An outbound ESP SA: its keys, its sequence number, and what it has carried.
///
/// One key has one sender: two of these made from the same key would repeat IVs and undo the encryption.
#[derive(Debug)]
pub struct OutboundSa {
    transform: Transform,
    iv: IvSource,
    spi: u32,
    sequence: u64,
    last: u64,
    lifetime: Lifetime,
    usage: Usage,
}

impl OutboundSa {
    /// An SA that has sent nothing. `random` keys the generator of CBC's IVs and is not asked again.
    ///
    /// # Errors
    /// [`SetupError`] if the provider lacks an algorithm, a key has the wrong length, the SPI is reserved,
    /// or the suite authenticates nothing.
    pub fn new(
        provider: &Provider,
        parameters: &Parameters<'_>,
        random: &mut dyn Random,
    ) -> Result<Self, SetupError> {
        parameters.check()?;
        Self::unchecked(provider, parameters, random)
    }

    pub(crate) fn unchecked(
        provider: &Provider,
        parameters: &Parameters<'_>,
        random: &mut dyn Random,
    ) -> Result<Self, SetupError> {
        let suite = parameters.suite;
        Ok(Self {
            transform: Transform::new(provider, parameters)?,
            iv: IvSource::new(provider, suite.encryption, random)?,
            spi: parameters.spi,
            sequence: 0,
            last: if suite.esn {
                u64::MAX
            } else {
                u64::from(u32::MAX)
            },
            lifetime: Lifetime::UNLIMITED,
            usage: Usage::default(),
        })
    }

    /// The same SA with limits.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The receiver's SPI.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        self.spi
    }

    /// The last sequence number used; 0 before the first packet.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many packets may follow before the sequence number would repeat.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.last.saturating_sub(self.sequence)
    }

    /// What has been sent.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Where in its life the SA is.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.usage.age(&self.lifetime)
    }

    /// Octets that [`seal`](Self::seal) needs before a payload: header and IV.
    #[must_use]
    pub const fn headroom(&self) -> usize {
        self.transform.front_len()
    }

    /// Octets that [`seal`](Self::seal) needs after a payload of this length: padding, trailer, ICV.
    #[must_use]
    pub fn tailroom(&self, payload: usize) -> usize {
        let shape = self.transform.shape();
        trailer::padding_len(payload, shape.alignment)
            .saturating_add(trailer::LEN)
            .saturating_add(shape.icv)
    }

    /// The longest payload whose sealed packet has at most this many octets.
    #[must_use]
    pub fn payload_within(&self, sealed: usize) -> usize {
        let shape = self.transform.shape();
        let body = sealed
            .saturating_sub(self.headroom())
            .saturating_sub(shape.icv);
        let over = body.checked_rem(shape.alignment).unwrap_or(0);
        body.saturating_sub(over).saturating_sub(trailer::LEN)
    }

    /// Seals what `payload` delimits in `buffer`, in place, and tells where the ESP packet lies, which is
    /// [`headroom`](Self::headroom) before to [`tailroom`](Self::tailroom) after the payload.
    /// `next_header` is the payload's protocol: 4 or 41 in a tunnel.
    ///
    /// # Errors
    /// [`SealError`]; the payload is untouched except after [`SealError::Crypto`].
    pub fn seal(
        &mut self,
        buffer: &mut [u8],
        payload: Range<usize>,
        next_header: u8,
    ) -> Result<Range<usize>, SealError> {
        if matches!(self.age(), Age::Expired) {
            return Err(SealError::Expired);
        }
        if self.remaining() == 0 {
            return Err(SealError::Sequence);
        }
        let octets = payload
            .end
            .checked_sub(payload.start)
            .ok_or(SealError::Room)?;
        let start = payload
            .start
            .checked_sub(self.headroom())
            .ok_or(SealError::Room)?;
        let end = payload.end.saturating_add(self.tailroom(octets));
        let packet = buffer.get_mut(start..end).ok_or(SealError::Room)?;
        if packet.len() > LONGEST {
            return Err(SealError::TooLong);
        }
        let sequence = self.sequence.saturating_add(1);
        self.frame(packet, octets, sequence, next_header)
            .ok_or(SealError::Room)?;
        self.transform
            .protect(packet, sequence)
            .map_err(|_| SealError::Crypto)?;
        self.sequence = sequence;
        self.usage.add(octets);
        Ok(start..end)
    }

    /// As [`seal`](Self::seal), for a payload that begins at `start` of a vector and ends with it. What
    /// follows the payload is appended: nothing is allocated where the capacity suffices.
    ///
    /// # Errors
    /// [`SealError`], as [`seal`](Self::seal); the vector is as it was, but for [`SealError::Crypto`].
    pub fn seal_vec(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
        next_header: u8,
    ) -> Result<Range<usize>, SealError> {
        let end = buffer.len();
        let octets = end.checked_sub(start).ok_or(SealError::Room)?;
        buffer.resize(end.saturating_add(self.tailroom(octets)), 0);
        let sealed = self.seal(buffer, start..end, next_header);
        if sealed.is_err() {
            buffer.truncate(end);
        }
        sealed
    }

    /// Writes everything that is not ciphertext or ICV: header, IV, padding and trailer.
    fn frame(
        &self,
        packet: &mut [u8],
        payload: usize,
        sequence: u64,
        next_header: u8,
    ) -> Option<()> {
        let shape = self.transform.shape();
        let (head, rest) = packet.split_at_mut_checked(HEADER_LEN)?;
        let (spi, low) = head.split_at_mut_checked(4)?;
        spi.copy_from_slice(&self.spi.to_be_bytes());
        let [_, sequence_low] = halves(sequence);
        low.copy_from_slice(&sequence_low.to_be_bytes());
        let (iv, rest) = rest.split_at_mut_checked(shape.iv)?;
        self.iv.write(sequence, iv).ok()?;
        let trailer_end = rest.len().checked_sub(shape.icv)?;
        trailer::write(rest.get_mut(payload..trailer_end)?, next_header)
    }

    #[cfg(test)]
    pub(crate) fn start_after(&mut self, sequence: u64) {
        self.sequence = sequence;
    }
}
