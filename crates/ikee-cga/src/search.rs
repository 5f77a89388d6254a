//! The search for a modifier (RFC 3972 §4, steps 1 to 3), as a machine without a clock or a thread: the caller takes
//! slices, tries them where and when it likes, and tells what came of them.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use sha1::block_api::compress;

use crate::machine::Sec;

/// The octets that go into Hash2 before the key: the modifier, and nine of zero (RFC 3972 §4).
const HEAD: usize = 25;

/// SHA-1 works on blocks of this many octets.
const BLOCK: usize = 64;

/// SHA-1's initial state (FIPS 180-4 §5.3.1).
const INITIAL: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// A search for a modifier whose Hash2 begins with `16 * sec` zero bits.
///
/// Modifiers are tried in order, from a random one on. [`start`](Self::start) and [`tries`](Self::tries) are all that it
/// takes to go on later, in another process.
///
/// ```
/// use ikee_cga::{Sec, Search};
///
/// let key = [0x30, 2, 5, 0]; // the SubjectPublicKeyInfo
/// let mut search = Search::new(Sec::ONE, &key, &[], [7; 16])?;
/// let mut hash = search.hash2(); // each thread has one of its own
/// let modifier = loop {
///     let slice = search.take(4096);
///     let found = hash.try_all(&slice);
///     search.done(slice, found);
///     if let Some(modifier) = search.found() {
///         break modifier;
///     }
/// };
/// # assert_eq!(search.found(), Some(modifier));
/// # Ok::<(), ikee_cga::TooHard>(())
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    hash: Hash2,
    start: [u8; 16],
    /// The first try that nobody has taken.
    next: u64,
    /// The first tries of slices that are out.
    open: Vec<u64>,
    found: Option<[u8; 16]>,
}

impl Search {
    /// A search for a key and extension fields, from a modifier that should be random.
    ///
    /// # Errors
    ///
    /// For a security parameter above 2, which nobody lives to see found.
    pub fn new(
        sec: Sec,
        public_key: &[u8],
        extensions: &[u8],
        start: [u8; 16],
    ) -> Result<Self, TooHard> {
        if sec > Sec::TWO {
            return Err(TooHard(sec));
        }
        Ok(Self {
            hash: Hash2::new(sec, public_key, extensions),
            start,
            next: 0,
            open: Vec::new(),
            found: None,
        })
    }

    /// The same from a later try on: what [`tries`](Self::tries) said of an earlier search from that start.
    #[must_use]
    pub const fn resumed(mut self, tries: u64) -> Self {
        self.next = tries;
        self
    }

    /// The modifier that the first try is made with.
    #[must_use]
    pub const fn start(&self) -> [u8; 16] {
        self.start
    }

    /// How many tries, from the first one on, are done for certain. Slices that are out do not count, nor what came
    /// after them.
    #[must_use]
    pub fn tries(&self) -> u64 {
        self.open.iter().copied().min().unwrap_or(self.next)
    }

    /// What tries slices.
    #[must_use]
    pub fn hash2(&self) -> Hash2 {
        self.hash.clone()
    }

    /// Takes the next tries out.
    #[must_use]
    pub fn take(&mut self, tries: u32) -> Slice {
        let first = self.next;
        self.next = first.saturating_add(tries.into());
        self.open.push(first);
        let start = u128::from_be_bytes(self.start);
        Slice {
            first,
            modifier: start.wrapping_add(first.into()),
            tries,
        }
    }

    /// A slice is tried.
    pub fn done(&mut self, slice: Slice, found: Option<[u8; 16]>) {
        self.open.retain(|it| *it != slice.first);
        self.found = self.found.or(found);
    }

    /// The modifier, once it is found.
    #[must_use]
    pub const fn found(&self) -> Option<[u8; 16]> {
        self.found
    }
}

/// Some tries of a [`Search`].
#[derive(Debug, Eq, PartialEq)]
pub struct Slice {
    first: u64,
    modifier: u128,
    tries: u32,
}

/// Hash2 of one key, for many modifiers: the padded message of SHA-1, of which only the first 16 octets change.
#[derive(Clone, Debug)]
pub struct Hash2 {
    blocks: Vec<[u8; BLOCK]>,
    zeros: u32,
}

impl Hash2 {
    fn new(sec: Sec, public_key: &[u8], extensions: &[u8]) -> Self {
        let mut message = vec![0; HEAD];
        message.extend_from_slice(public_key);
        message.extend_from_slice(extensions);
        let bits = u64::try_from(message.len()).map_or(u64::MAX, |it| it.saturating_mul(8));
        // FIPS 180-4 §5.1.1: a one, zeros, and the length in bits
        message.push(0x80);
        let end = message.len().saturating_add(8).next_multiple_of(BLOCK);
        message.resize(end.saturating_sub(8), 0);
        message.extend_from_slice(&bits.to_be_bytes());
        Self {
            blocks: message.as_chunks().0.to_vec(),
            zeros: sec.bits().into(),
        }
    }

    /// Tries a slice; the first modifier that fits, if any does.
    pub fn try_all(&mut self, slice: &Slice) -> Option<[u8; 16]> {
        let mut modifier = slice.modifier;
        for _ in 0..slice.tries {
            if self.fits(modifier) {
                return Some(modifier.to_be_bytes());
            }
            modifier = modifier.wrapping_add(1);
        }
        None
    }

    fn fits(&mut self, modifier: u128) -> bool {
        let head = self.blocks.first_mut().and_then(|it| it.first_chunk_mut());
        let Some(head) = head else { return false };
        *head = modifier.to_be_bytes();
        let mut state = INITIAL;
        compress(&mut state, &self.blocks);
        let [a, b, c, d, _] = state.map(u128::from);
        // at most 112 bits count, so four words are enough
        let leading = [a, b, c, d]
            .into_iter()
            .fold(0_u128, |all, word| all.rotate_left(32) | word);
        leading.leading_zeros() >= self.zeros
    }
}

/// A security parameter that is not searched for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct TooHard(pub Sec);

impl fmt::Display for TooHard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(sec) = self;
        write!(
            f,
            "security parameter {sec} takes 2^{} tries; 2 is the highest that is searched for",
            sec.bits()
        )
    }
}

impl core::error::Error for TooHard {}
