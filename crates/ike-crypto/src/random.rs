//! Randomness is an argument: nothing in these crates asks the operating system on its own.

use core::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroize;

use crate::Error;

/// A source of random octets, fit for keys.
pub trait Random {
    /// Fills `out`.
    ///
    /// # Errors
    ///
    /// When the source is out of order. What `out` holds then must not be used.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error>;
}

impl<R: Random + ?Sized> Random for &mut R {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        (**self).fill(out)
    }
}

impl<R: Random + ?Sized> Random for alloc::boxed::Box<R> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        (**self).fill(out)
    }
}

/// A generator that expands 32 octets of seed without end: ChaCha20 (RFC 8439 §2.3) with fast key erasure, so that what
/// was drawn before a look into the memory cannot be computed from it.
///
/// An endpoint seeds it once from the operating system and draws everything from it, several times faster; a test
/// seeds it with a constant and gets the same octets each time. The same seed gives the same octets however they are
/// cut into calls.
///
/// ```
/// use ike_crypto::{Random, random::SeededRandom};
///
/// let mut random = SeededRandom::new([7; 32]);
/// let mut nonce = [0; 32];
/// random.fill(&mut nonce)?;
/// # Ok::<(), ike_crypto::Error>(())
/// ```
pub struct SeededRandom {
    key: [u8; 32],
    /// Octets not yet given out, at the end of the buffer.
    buffer: [u8; BUFFER],
    left: usize,
}

/// Octets per refill, eight blocks; the first 32 octets become the next key.
const BUFFER: usize = 512;

impl SeededRandom {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            key: seed,
            buffer: [0; BUFFER],
            left: 0,
        }
    }

    /// Starts from a seed that `source` yields, usually the operating system.
    ///
    /// # Errors
    ///
    /// When `source` fails.
    pub fn from_source(source: &mut dyn Random) -> Result<Self, Error> {
        let mut seed = [0; 32];
        source.fill(&mut seed)?;
        let random = Self::new(seed);
        seed.zeroize();
        Ok(random)
    }

    /// Mixes `entropy` into the state: what comes next depends on both.
    pub fn reseed(&mut self, mut entropy: [u8; 32]) {
        for (octet, fresh) in self.key.iter_mut().zip(entropy) {
            *octet ^= fresh;
        }
        entropy.zeroize();
        self.buffer.zeroize();
        self.left = 0;
    }

    fn refill(&mut self) {
        self.buffer.zeroize();
        ChaCha20::new(&self.key.into(), &Default::default()).apply_keystream(&mut self.buffer);
        if let Some((next, _)) = self.buffer.split_first_chunk_mut::<32>() {
            self.key = *next;
            next.zeroize();
        }
        self.left = BUFFER.saturating_sub(32);
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let mut out = out;
        while !out.is_empty() {
            if self.left == 0 {
                self.refill();
            }
            let n = out.len().min(self.left);
            let (now, later) = out.split_at_mut_checked(n).ok_or(Error)?;
            let start = BUFFER.saturating_sub(self.left);
            let from = self
                .buffer
                .get_mut(start..start.saturating_add(n))
                .ok_or(Error)?;
            now.copy_from_slice(from);
            from.zeroize();
            self.left = self.left.saturating_sub(n);
            out = later;
        }
        Ok(())
    }
}

impl From<[u8; 32]> for SeededRandom {
    fn from(seed: [u8; 32]) -> Self {
        Self::new(seed)
    }
}

impl Drop for SeededRandom {
    fn drop(&mut self) {
        self.key.zeroize();
        self.buffer.zeroize();
    }
}

impl fmt::Debug for SeededRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededRandom").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    /// RFC 8439 Appendix A.1, test vector 1: key and nonce of zero.
    #[test]
    fn the_first_half_block_is_the_next_key_and_is_never_given_out() {
        let mut random = SeededRandom::new([0; 32]);
        let mut out = [0; 32];
        random.fill(&mut out).unwrap();
        assert_eq!(
            out,
            hex!("da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586")
        );
        assert_eq!(
            random.key,
            hex!("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7")
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_octets_in_any_portions() {
        let mut whole = [0; 2000];
        SeededRandom::new([3; 32]).fill(&mut whole).unwrap();
        let mut random = SeededRandom::new([3; 32]);
        let mut pieces = [0; 2000];
        let mut rest = &mut pieces[..];
        let mut size = 0;
        while !rest.is_empty() {
            size = (size + 7) % 97;
            let (now, later) = rest.split_at_mut(size.min(rest.len()));
            random.fill(now).unwrap();
            rest = later;
        }
        assert_eq!(whole, pieces);
    }

    #[test]
    fn reseeding_changes_what_follows() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        let mut random = SeededRandom::new([1; 32]);
        random.fill(&mut a).unwrap();
        let mut random = SeededRandom::new([1; 32]);
        random.reseed([2; 32]);
        random.fill(&mut b).unwrap();
        assert_ne!(a, b);
    }

    #[test]
    fn what_was_given_out_is_gone_from_the_buffer() {
        let mut random = SeededRandom::new([1; 32]);
        random.fill(&mut [0; 100]).unwrap();
        assert!(random.buffer[..132].iter().all(|octet| *octet == 0));
    }
}
