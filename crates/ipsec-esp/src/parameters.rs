//! What makes an ESP SA.

use core::fmt;

use ipsec_doi::EspSuite;
use ipsec_doi::encapsulation::Mode;

use crate::SetupError;

/// Octets before the IV: SPI and sequence number (RFC 4303 §2).
pub const HEADER_LEN: usize = 8;

/// One direction of a negotiated SA, as RFC 7296 §2.17 derives it.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what is negotiated for a direction"
)]
pub struct Parameters<'a> {
    /// Ciphers; `suite.esn` says whether sequence numbers have 64 bits.
    pub suite: EspSuite,
    /// The receiver's SPI.
    pub spi: u32,
    /// Tunnel or transport: in a tunnel only IP may follow.
    pub mode: Mode,
    /// The encryption key, with the salt or nonce behind it where the cipher has one.
    pub encryption: &'a [u8],
    /// The integrity key; empty for an AEAD.
    pub integrity: &'a [u8],
}

impl Parameters<'_> {
    pub(crate) const fn check(&self) -> Result<(), SetupError> {
        if self.spi <= 255 {
            return Err(SetupError::Spi(self.spi));
        }
        match (self.suite.encryption.is_aead(), self.suite.integrity) {
            (false, None) => Err(SetupError::Unauthenticated),
            (true, Some(_)) => Err(SetupError::TwiceAuthenticated),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("suite", &self.suite)
            .field("spi", &format_args!("{:08x}", self.spi))
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
