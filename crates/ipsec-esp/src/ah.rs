//! The authentication header (RFC 4302): what it covers, making one, checking one.
//!
//! AH is inserted into an IP packet. In transport mode that is the packet itself; in tunnel mode the packet
//! already has its outer header, with protocol 4 or 41, and AH goes between the two. It cannot pass a NAT
//! and is never carried in UDP.

mod cover;

use alloc::boxed::Box;
use core::fmt;
use core::ops::Range;

use ike_crypto::{IntegrityKey, Provider};
use ipsec_doi::IntegrityId;

use crate::ip::{self, Defect, Place};
use crate::replay::{ReplayWindow, Verdict, WINDOW_DEFAULT, halves};
use crate::{Age, Lifetime, OpenError, SealError, SetupError, Usage};
use cover::Immutable;

/// Octets before the ICV: next header, length, reserved, SPI, sequence number (RFC 4302 §2).
const FIXED_LEN: usize = 12;
/// The longest ICV: HMAC-SHA2-512-256 has 32; no AH may have more than this.
const ICV_MAX: usize = 64;

/// One direction of a negotiated AH SA.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what is negotiated for a direction"
)]
pub struct Parameters<'a> {
    /// The algorithm.
    pub integrity: IntegrityId,
    /// Whether sequence numbers have 64 bits.
    pub extended: bool,
    /// The receiver's SPI.
    pub spi: u32,
    /// The key.
    pub key: &'a [u8],
}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("integrity", &self.integrity)
            .field("extended", &self.extended)
            .field("spi", &format_args!("{:08x}", self.spi))
            .finish_non_exhaustive()
    }
}

/// What both directions have.
struct Common {
    key: Box<dyn IntegrityKey>,
    icv: usize,
    spi: u32,
    extended: bool,
    lifetime: Lifetime,
    usage: Usage,
}

impl Common {
    fn new(provider: &Provider, parameters: &Parameters<'_>) -> Result<Self, SetupError> {
        let &Parameters {
            integrity: id,
            extended,
            spi,
            key,
        } = parameters;
        if spi <= 255 {
            return Err(SetupError::Spi(spi));
        }
        let (expected, actual) = (id.key_len(), key.len());
        if expected != actual {
            return Err(SetupError::IntegrityKey { expected, actual });
        }
        let found = provider.integrity(id).ok_or(SetupError::Integrity(id))?;
        let icv = Some(id.icv_len()).filter(|icv| (1..=ICV_MAX).contains(icv));
        Ok(Self {
            key: found.keyed(key).map_err(|_| SetupError::Integrity(id))?,
            icv: icv.ok_or(SetupError::Unauthenticated)?,
            spi,
            extended,
            lifetime: Lifetime::UNLIMITED,
            usage: Usage::default(),
        })
    }

    /// Octets of an AH, which fills words of 32 bits in IPv4 and of 64 bits in IPv6 (RFC 4302 §2.2).
    fn header_len(&self, v4: bool) -> usize {
        let unit = if v4 { 4 } else { 8 };
        FIXED_LEN.saturating_add(self.icv).next_multiple_of(unit)
    }
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common")
            .field("spi", &format_args!("{:08x}", self.spi))
            .field("extended", &self.extended)
            .field("usage", &self.usage)
            .finish_non_exhaustive()
    }
}

/// An outbound AH SA.
#[derive(Debug)]
pub struct OutboundAh {
    common: Common,
    sequence: u64,
}

impl OutboundAh {
    /// An SA that has sent nothing.
    ///
    /// # Errors
    /// [`SetupError`] if the provider lacks the algorithm, the key has the wrong length, or the SPI is reserved.
    pub fn new(provider: &Provider, parameters: &Parameters<'_>) -> Result<Self, SetupError> {
        Ok(Self {
            common: Common::new(provider, parameters)?,
            sequence: 0,
        })
    }

    /// The same SA with limits.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.common.lifetime = lifetime;
        self
    }

    /// Octets that [`seal`](Self::seal) needs before an IPv6 packet, and enough for IPv4.
    #[must_use]
    pub fn headroom(&self) -> usize {
        self.common.header_len(false)
    }

    /// What has been sent.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.common.usage
    }

    /// Where in its life the SA is.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.common.usage.age(&self.common.lifetime)
    }

    /// Inserts AH into the IP packet that `packet` delimits in `buffer`, whose headers move towards the
    /// beginning to make room; tells where the result lies.
    ///
    /// # Errors
    /// [`SealError`]; the packet is then as it was.
    pub fn seal(
        &mut self,
        buffer: &mut [u8],
        packet: Range<usize>,
    ) -> Result<Range<usize>, SealError> {
        if matches!(self.age(), Age::Expired) {
            return Err(SealError::Expired);
        }
        let last = if self.common.extended {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        if self.sequence >= last {
            return Err(SealError::Sequence);
        }
        let whole = buffer.get(packet.clone()).ok_or(SealError::Room)?;
        let (place, total) = Place::insertion(whole).map_err(SealError::Header)?;
        cover::check_outbound(whole, place).map_err(SealError::Header)?;
        let length = self.common.header_len(is_v4(whole));
        let start = packet.start.checked_sub(length).ok_or(SealError::Room)?;
        if total.saturating_add(length) > usize::from(u16::MAX) {
            return Err(SealError::TooLong);
        }
        let end = packet.start.saturating_add(total);
        let header = packet.start..packet.start.saturating_add(place.at);
        buffer.copy_within(header, start);
        let result = buffer.get_mut(start..end).ok_or(SealError::Room)?;
        let sequence = self.sequence.saturating_add(1);
        self.write(result, place, length, sequence)
            .map_err(SealError::Header)?;
        self.sequence = sequence;
        self.common.usage.add(total);
        Ok(start..end)
    }

    fn write(
        &self,
        packet: &mut [u8],
        place: Place,
        length: usize,
        sequence: u64,
    ) -> Result<(), Defect> {
        ip::rewrite(packet, place, ip::AH)?;
        let [high, low] = halves(sequence);
        let immutable = Immutable::of(packet, place)?;
        let rest = packet.get_mut(place.at..).ok_or(Defect::Truncated)?;
        let header = rest.get_mut(..length).ok_or(Defect::Truncated)?;
        header.fill(0);
        let words = length.div_euclid(4).saturating_sub(2);
        let words = u8::try_from(words).map_err(|_| Defect::Length)?;
        ip::put(header, 0, &[place.kind, words, 0, 0])?;
        ip::put(header, 4, &self.common.spi.to_be_bytes())?;
        ip::put(header, 8, &low.to_be_bytes())?;
        let mut icv = [0; ICV_MAX];
        let icv = icv.get_mut(..self.common.icv).ok_or(Defect::Length)?;
        let (extended, high) = (self.common.extended, high.to_be_bytes());
        let key = &self.common.key;
        if extended {
            key.sign(&[immutable.as_slice(), rest, &high], icv);
        } else {
            key.sign(&[immutable.as_slice(), rest], icv);
        }
        ip::put(rest, FIXED_LEN, icv)
    }
}

/// An inbound AH SA.
#[derive(Debug)]
pub struct InboundAh {
    common: Common,
    window: ReplayWindow,
}

impl InboundAh {
    /// An SA that has accepted nothing, with a window of [`WINDOW_DEFAULT`] packets.
    ///
    /// # Errors
    /// [`SetupError`] if the provider lacks the algorithm, the key has the wrong length, or the SPI is reserved.
    pub fn new(provider: &Provider, parameters: &Parameters<'_>) -> Result<Self, SetupError> {
        Ok(Self {
            common: Common::new(provider, parameters)?,
            window: ReplayWindow::new(WINDOW_DEFAULT, parameters.extended)?,
        })
    }

    /// The same SA with limits.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.common.lifetime = lifetime;
        self
    }

    /// The same SA with another, empty window.
    ///
    /// # Errors
    /// [`SetupError::Window`] unless `packets` is a multiple of 64 from 64 to 4096.
    pub fn with_window(mut self, packets: usize) -> Result<Self, SetupError> {
        self.window = ReplayWindow::new(packets, self.common.extended)?;
        Ok(self)
    }

    /// What has been accepted.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.common.usage
    }

    /// Where in its life the SA is.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.common.usage.age(&self.common.lifetime)
    }

    /// Verifies an IP packet with AH in it, removes AH in place, and tells where in it the packet without AH
    /// lies. In tunnel mode the inner packet is what follows that packet's headers.
    ///
    /// # Errors
    /// [`OpenError`] says why the packet is to be dropped; [`OpenError::NextHeader`] with the packet's
    /// protocol if it holds no AH.
    pub fn open(&mut self, packet: &mut [u8]) -> Result<Range<usize>, OpenError> {
        let (place, total) = Place::insertion(packet).map_err(OpenError::Header)?;
        if place.kind != ip::AH {
            return Err(OpenError::NextHeader(place.kind));
        }
        let packet = packet.get_mut(..total).ok_or(OpenError::Truncated)?;
        let (length, next_header, low) = self.examine(packet, place)?;
        let sequence = match self.window.check(low) {
            Verdict::New(sequence) => sequence,
            Verdict::Seen => return Err(OpenError::Replay),
            Verdict::TooOld => return Err(OpenError::TooOld),
        };
        self.verify(packet, place, sequence)?;
        self.window.accept(sequence);
        self.common.usage.add(total.saturating_sub(length));
        packet.copy_within(0..place.at, length);
        let result = packet.get_mut(length..).ok_or(OpenError::Truncated)?;
        ip::rewrite(result, place, next_header).map_err(OpenError::Header)?;
        Ok(length..total)
    }

    /// AH's length, the protocol it names, and the low half of the sequence number.
    fn examine(&self, packet: &[u8], place: Place) -> Result<(usize, u8, u32), OpenError> {
        let rest = packet.get(place.at..).ok_or(OpenError::Truncated)?;
        let (&fixed, _) = rest
            .split_first_chunk::<FIXED_LEN>()
            .ok_or(OpenError::Truncated)?;
        let [next_header, words, _, _, a, b, c, d, e, f, g, h] = fixed;
        let spi = u32::from_be_bytes([a, b, c, d]);
        if spi != self.common.spi {
            return Err(OpenError::Spi(spi));
        }
        if matches!(self.age(), Age::Expired) {
            return Err(OpenError::Expired);
        }
        let length = usize::from(words).saturating_add(2).saturating_mul(4);
        // some senders of IPv4 pad to 64 bits as well
        let least = FIXED_LEN.saturating_add(self.common.icv);
        if length < least || length > least.next_multiple_of(8) {
            return Err(OpenError::Alignment);
        }
        if rest.len() < length {
            return Err(OpenError::Truncated);
        }
        Ok((length, next_header, u32::from_be_bytes([e, f, g, h])))
    }

    fn verify(&self, packet: &mut [u8], place: Place, sequence: u64) -> Result<(), OpenError> {
        let immutable = Immutable::of(packet, place).map_err(OpenError::Header)?;
        let rest = packet.get_mut(place.at..).ok_or(OpenError::Truncated)?;
        let mut icv = [0; ICV_MAX];
        let icv = icv.get_mut(..self.common.icv).ok_or(OpenError::Truncated)?;
        let end = FIXED_LEN.saturating_add(icv.len());
        let field = rest.get_mut(FIXED_LEN..end).ok_or(OpenError::Truncated)?;
        icv.copy_from_slice(field);
        field.fill(0);
        let [high, _] = halves(sequence);
        let key = &self.common.key;
        let verified = if self.common.extended {
            key.verify(&[immutable.as_slice(), rest, &high.to_be_bytes()], icv)
        } else {
            key.verify(&[immutable.as_slice(), rest], icv)
        };
        verified.map_err(|_| OpenError::Integrity)
    }
}

const fn is_v4(packet: &[u8]) -> bool {
    matches!(packet, [first, ..] if *first >> 4 == 4)
}

#[cfg(test)]
mod tests;
