//! Randomness is an argument: nothing in these crates asks the operating system on its own.

use core::fmt;

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
    key: [u32; 8],
    /// Octets not yet given out, at the end of the buffer.
    buffer: [u8; BUFFER],
    left: usize,
}

const BLOCK: usize = 64;
/// Octets per refill; the first 32 of them become the next key.
const BUFFER: usize = 8 * BLOCK;

impl SeededRandom {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            key: words(&seed),
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
        for (word, fresh) in self.key.iter_mut().zip(words(&entropy)) {
            *word ^= fresh;
        }
        entropy.zeroize();
        self.buffer.zeroize();
        self.left = 0;
    }

    fn refill(&mut self) {
        for (chunk, counter) in self.buffer.chunks_exact_mut(BLOCK).zip(0..) {
            chacha20(&self.key, counter, chunk);
        }
        if let Some((next, _)) = self.buffer.split_first_chunk_mut::<32>() {
            self.key = words(next);
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

fn words(octets: &[u8; 32]) -> [u32; 8] {
    let mut words = [0; 8];
    for (word, chunk) in words.iter_mut().zip(octets.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*chunk);
    }
    words
}

/// One block of the ChaCha20 key stream, RFC 8439 §2.3, with a nonce of zero.
fn chacha20(key: &[u32; 8], counter: u32, out: &mut [u8]) {
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let start = [
        0x6170_7865,
        0x3320_646e,
        0x7962_2d32,
        0x6b20_6574, // "expand 32-byte k"
        k0,
        k1,
        k2,
        k3,
        k4,
        k5,
        k6,
        k7,
        counter,
        0,
        0,
        0,
    ];
    let mut state = start;
    for _ in 0..10 {
        double_round(&mut state);
    }
    for ((chunk, word), first) in out.as_chunks_mut::<4>().0.iter_mut().zip(state).zip(start) {
        *chunk = word.wrapping_add(first).to_le_bytes();
    }
    state.zeroize();
}

/// A column round and a diagonal round, RFC 8439 §2.3.
fn double_round(state: &mut [u32; 16]) {
    let [
        a0,
        a1,
        a2,
        a3,
        b0,
        b1,
        b2,
        b3,
        c0,
        c1,
        c2,
        c3,
        d0,
        d1,
        d2,
        d3,
    ] = state;
    quarter_round(a0, b0, c0, d0);
    quarter_round(a1, b1, c1, d1);
    quarter_round(a2, b2, c2, d2);
    quarter_round(a3, b3, c3, d3);
    quarter_round(a0, b1, c2, d3);
    quarter_round(a1, b2, c3, d0);
    quarter_round(a2, b3, c0, d1);
    quarter_round(a3, b0, c1, d2);
}

/// RFC 8439 §2.1.
fn quarter_round(a: &mut u32, b: &mut u32, c: &mut u32, d: &mut u32) {
    *a = a.wrapping_add(*b);
    *d = (*d ^ *a).rotate_left(16);
    *c = c.wrapping_add(*d);
    *b = (*b ^ *c).rotate_left(12);
    *a = a.wrapping_add(*b);
    *d = (*d ^ *a).rotate_left(8);
    *c = c.wrapping_add(*d);
    *b = (*b ^ *c).rotate_left(7);
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    /// RFC 8439 §2.1.1.
    #[test]
    fn the_quarter_round_is_that_of_the_rfc() {
        let (mut a, mut b, mut c, mut d) = (0x11111111, 0x01020304, 0x9b8d6f43, 0x01234567);
        quarter_round(&mut a, &mut b, &mut c, &mut d);
        assert_eq!(
            (a, b, c, d),
            (0xea2a92f4, 0xcb1cf8ce, 0x4581472e, 0x5881c4bb)
        );
    }

    /// RFC 8439 Appendix A.1, test vectors 1 and 2: key and nonce of zero, counters 0 and 1.
    #[test]
    fn the_key_stream_is_that_of_the_rfc() {
        let mut block = [0; 64];
        chacha20(&[0; 8], 0, &mut block);
        assert_eq!(
            block,
            hex!(
                "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
            )
        );
        chacha20(&[0; 8], 1, &mut block);
        assert_eq!(
            block,
            hex!(
                "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"
            )
        );
    }

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
            words(&hex!(
                "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
            ))
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
