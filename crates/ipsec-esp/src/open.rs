//! The receiver's side of an SA (RFC 4303 §3.4).

use core::ops::Range;

use ike_crypto::Provider;
use ipsec_doi::encapsulation::Mode;

use crate::replay::{ReplayWindow, Verdict, WINDOW_DEFAULT};
use crate::transform::Transform;
use crate::{
    Age, HEADER_LEN, Lifetime, NO_NEXT_HEADER, OpenError, Parameters, SetupError, Usage, ip,
    trailer,
};

/// An inbound ESP SA: its keys, its replay window, and what it has accepted.
#[derive(Debug)]
pub struct InboundSa {
    transform: Transform,
    window: ReplayWindow,
    spi: u32,
    tunnel: bool,
    lifetime: Lifetime,
    usage: Usage,
}

/// What an authentic packet holds.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what a trailer and a header say")]
pub struct Opened {
    /// The payload's protocol: 4 or 41 in a tunnel.
    pub next_header: u8,
    /// Where the payload lies in the packet.
    pub payload: Range<usize>,
    /// The whole sequence number.
    pub sequence: u64,
}

impl InboundSa {
    /// An SA that has accepted nothing, with a window of [`WINDOW_DEFAULT`] packets.
    ///
    /// # Errors
    /// [`SetupError`] if the provider lacks an algorithm, a key has the wrong length, the SPI is reserved,
    /// or the suite authenticates nothing.
    pub fn new(provider: &Provider, parameters: &Parameters<'_>) -> Result<Self, SetupError> {
        parameters.check()?;
        Self::unchecked(provider, parameters)
    }

    pub(crate) fn unchecked(
        provider: &Provider,
        parameters: &Parameters<'_>,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            transform: Transform::new(provider, parameters)?,
            window: ReplayWindow::new(WINDOW_DEFAULT, parameters.suite.esn)?,
            spi: parameters.spi,
            tunnel: parameters.mode == Mode::Tunnel,
            lifetime: Lifetime::UNLIMITED,
            usage: Usage::default(),
        })
    }

    /// The same SA with another, empty window; whether sequence numbers are extended is the suite's to say.
    ///
    /// # Errors
    /// [`SetupError::Window`] unless `packets` is a multiple of 64 from 64 to 4096.
    pub fn with_window(mut self, packets: usize) -> Result<Self, SetupError> {
        self.window = ReplayWindow::new(packets, self.window.is_extended())?;
        Ok(self)
    }

    /// The same SA with limits.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Our SPI.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        self.spi
    }

    /// The highest sequence number accepted.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.window.top()
    }

    /// What has been accepted.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Where in its life the SA is.
    #[must_use]
    pub const fn age(&self) -> Age {
        self.usage.age(&self.lifetime)
    }

    /// Verifies an ESP packet, decrypts it in place, and tells where its payload lies.
    ///
    /// The order is that of RFC 4303 §3.4: the window is asked first, because that is cheap, and told only
    /// after the integrity check, because only then is the sequence number the peer's.
    ///
    /// # Errors
    /// [`OpenError`] says why the packet is to be dropped. It may have been overwritten.
    pub fn open(&mut self, packet: &mut [u8]) -> Result<Opened, OpenError> {
        let low = self.examine(packet)?;
        let sequence = match self.window.check(low) {
            Verdict::New(sequence) => sequence,
            Verdict::Seen => return Err(OpenError::Replay),
            Verdict::TooOld => return Err(OpenError::TooOld),
        };
        self.transform
            .unprotect(packet, sequence)
            .map_err(|_| OpenError::Integrity)?;
        self.window.accept(sequence);
        let (payload, next_header) = self.payload(packet)?;
        self.usage.add(payload.len());
        match next_header {
            NO_NEXT_HEADER => Err(OpenError::Dummy),
            ip::V4 | ip::V6 => Ok(Opened {
                next_header,
                payload,
                sequence,
            }),
            other if self.tunnel => Err(OpenError::NextHeader(other)),
            _ => Ok(Opened {
                next_header,
                payload,
                sequence,
            }),
        }
    }

    /// All that can be said without keys: the low half of the sequence number.
    fn examine(&self, packet: &[u8]) -> Result<u32, OpenError> {
        let (&[a, b, c, d, e, f, g, h], _) = packet
            .split_first_chunk::<HEADER_LEN>()
            .ok_or(OpenError::Truncated)?;
        let spi = u32::from_be_bytes([a, b, c, d]);
        if spi != self.spi {
            return Err(OpenError::Spi(spi));
        }
        if matches!(self.age(), Age::Expired) {
            return Err(OpenError::Expired);
        }
        let shape = self.transform.shape();
        let body = packet
            .len()
            .checked_sub(self.transform.front_len())
            .and_then(|rest| rest.checked_sub(shape.icv))
            .filter(|&body| body >= trailer::LEN)
            .ok_or(OpenError::Truncated)?;
        if body.checked_rem(shape.alignment) != Some(0) {
            return Err(OpenError::Alignment);
        }
        Ok(u32::from_be_bytes([e, f, g, h]))
    }

    fn payload(&self, packet: &[u8]) -> Result<(Range<usize>, u8), OpenError> {
        let start = self.transform.front_len();
        let end = packet.len().saturating_sub(self.transform.shape().icv);
        let body = packet.get(start..end).ok_or(OpenError::Truncated)?;
        let (length, next_header) = trailer::read(body)?;
        Ok((start..start.saturating_add(length), next_header))
    }

    #[cfg(test)]
    pub(crate) const fn window_mut(&mut self) -> &mut ReplayWindow {
        &mut self.window
    }
}
