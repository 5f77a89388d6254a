//! The replay window and extended sequence numbers (RFC 4303 §3.4.3 and Appendix A).

use alloc::boxed::Box;
use alloc::vec;

use crate::SetupError;

/// The window unless told otherwise, in packets. At 10 Gbit/s of 1500-octet packets it forgives more than a
/// millisecond of reordering, ten times what receive queues and batches of segments cause, for 136 octets an SA.
pub const WINDOW_DEFAULT: usize = 1024;
/// The smallest window, in packets: RFC 4303 §3.4.3 asks for 32 and prefers 64.
pub const WINDOW_MIN: usize = 64;
/// The largest window, in packets.
pub const WINDOW_MAX: usize = 4096;

const WORD: u64 = 64;

/// What the window thinks of a sequence number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "new, seen, or before the window")]
pub enum Verdict {
    /// Never accepted; this is the whole sequence number, high half included.
    New(u64),
    /// Accepted before.
    Seen,
    /// Before the window, or a number no sender uses.
    TooOld,
}

/// Which sequence numbers have been accepted.
///
/// A ring of words with one word more than the window needs, so that moving forward clears whole words:
/// the work of an advance is bounded by the number of words, and that of a check is constant.
#[derive(Clone, Debug)]
pub struct ReplayWindow {
    words: Box<[u64]>,
    size: u64,
    top: u64,
    extended: bool,
}

impl ReplayWindow {
    /// An empty window of `size` packets; `extended` for 64-bit sequence numbers.
    ///
    /// # Errors
    /// [`SetupError::Window`] unless `size` is a multiple of 64 from [`WINDOW_MIN`] to [`WINDOW_MAX`].
    pub fn new(size: usize, extended: bool) -> Result<Self, SetupError> {
        let refused = SetupError::Window(size);
        let wide = u64::try_from(size).map_err(|_| refused)?;
        if !(WINDOW_MIN..=WINDOW_MAX).contains(&size) || wide.checked_rem(WORD) != Some(0) {
            return Err(refused);
        }
        let words = size.div_euclid(64).saturating_add(1);
        Ok(Self {
            words: vec![0; words].into_boxed_slice(),
            size: wide,
            top: 0,
            extended,
        })
    }

    /// The highest sequence number accepted; 0 before the first.
    #[must_use]
    pub const fn top(&self) -> u64 {
        self.top
    }

    pub(crate) const fn is_extended(&self) -> bool {
        self.extended
    }

    /// Judges the 32 bits that a packet carries. Changes nothing: the packet is not yet authentic.
    #[must_use]
    pub fn check(&self, low: u32) -> Verdict {
        let number = if self.extended {
            self.extend(low)
        } else {
            Some(u64::from(low))
        };
        match number {
            None | Some(0) => Verdict::TooOld,
            Some(number) if number > self.top => Verdict::New(number),
            Some(number) if self.top.saturating_sub(number) >= self.size => Verdict::TooOld,
            Some(number) if self.marked(number) => Verdict::Seen,
            Some(number) => Verdict::New(number),
        }
    }

    /// Marks a number that [`check`](Self::check) called new, once its packet has proved authentic.
    pub fn accept(&mut self, number: u64) {
        let (old, new) = (self.top.div_euclid(WORD), number.div_euclid(WORD));
        if number > self.top {
            self.clear(old, new);
            self.top = number;
        } else if self.top.saturating_sub(number) >= self.size {
            return;
        }
        if let Some((word, mask)) = self.place(number)
            && let Some(word) = self.words.get_mut(word)
        {
            *word |= mask;
        }
    }

    /// Empties the words after `old` up to `new`, each at most once.
    fn clear(&mut self, old: u64, new: u64) {
        let count = u64::try_from(self.words.len()).unwrap_or(u64::MAX);
        let first = old.saturating_add(1);
        let last = new.min(old.saturating_add(count));
        for index in first..=last {
            let slot = index
                .checked_rem(count)
                .and_then(|at| usize::try_from(at).ok());
            if let Some(word) = slot.and_then(|at| self.words.get_mut(at)) {
                *word = 0;
            }
        }
    }

    fn marked(&self, number: u64) -> bool {
        self.place(number)
            .and_then(|(word, mask)| self.words.get(word).map(|word| word & mask != 0))
            .unwrap_or(true)
    }

    /// Which word of the ring, and which bit of it.
    fn place(&self, number: u64) -> Option<(usize, u64)> {
        let count = u64::try_from(self.words.len()).ok()?;
        let word = usize::try_from(number.div_euclid(WORD).checked_rem(count)?).ok()?;
        let bit = u32::try_from(number.rem_euclid(WORD)).ok()?;
        Some((word, 1_u64.checked_shl(bit)?))
    }

    /// The whole number that the low half most plausibly stands for (RFC 4303 Appendix A2.2): the one in the
    /// 2^32 numbers that begin at the window's lower edge. None if its high half is not a number of 32 bits.
    fn extend(&self, low: u32) -> Option<u64> {
        let [high, top_low] = halves(self.top);
        let span = u32::try_from(self.size).ok()?.checked_sub(1)?;
        let edge = top_low.wrapping_sub(span);
        let high = match (top_low >= span, low >= edge) {
            (true, true) | (false, false) => high,
            (true, false) => high.checked_add(1)?,
            (false, true) => high.checked_sub(1)?,
        };
        Some((u64::from(high) << 32) | u64::from(low))
    }
}

/// The high and the low half of a sequence number.
pub(crate) fn halves(number: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [
        u32::from_be_bytes([a, b, c, d]),
        u32::from_be_bytes([e, f, g, h]),
    ]
}

#[cfg(test)]
mod tests;
