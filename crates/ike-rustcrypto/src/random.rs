use getrandom::SysRng;
use ike_crypto::{Error, Random};
use rand_core::{TryCryptoRng, TryRng};

/// The operating system's generator.
///
/// It seeds; for drawing at a high rate put a
/// [`SeededRandom`](ike_crypto::random::SeededRandom) behind it.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemRandom;

impl SystemRandom {
    /// The generator. It has no state: every call asks the operating system.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Random for SystemRandom {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        SysRng.try_fill_bytes(out).map_err(|_| Error)
    }
}

/// Shows a [`Random`] to RustCrypto.
pub(crate) struct Bridge<'a>(pub(crate) &'a mut dyn Random);

impl TryRng for Bridge<'_> {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        let mut octets = [0; 4];
        self.0.fill(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        let mut octets = [0; 8];
        self.0.fill(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.0.fill(out)
    }
}

impl TryCryptoRng for Bridge<'_> {}
