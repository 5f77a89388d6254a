//! How many negotiations of a type run at once ([MS-IKEE] §3.13), with no idea of SAs or the core.

use alloc::collections::BTreeMap;

/// What an initiator negotiates for ([MS-IKEE] note 36).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the specification has these two")]
pub enum Negotiation {
    /// Type 0.
    Zero,
    /// Type 1.
    One,
}

impl Negotiation {
    /// The number in the vendor ID.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }
}

/// Negotiations in progress by type, and their limits.
///
/// ```
/// use ikee_xbox::Counts;
///
/// let mut counts = Counts::default();
/// counts.set_limit(1, 2);
/// assert!(counts.begin(1) && counts.begin(1));
/// assert!(!counts.begin(1)); // over the limit, and not counted
/// assert!(counts.begin(0)); // another type has another limit, or none
/// counts.end(1);
/// assert_eq!(counts.running(1), 1);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    limits: BTreeMap<u32, usize>,
    running: BTreeMap<u32, usize>,
}

impl Counts {
    /// Sets how many of a type may run at once; without it there is no limit
    /// ([MS-IKEE] §3.13.3).
    pub fn set_limit(&mut self, number: u32, limit: usize) {
        self.limits.insert(number, limit);
    }

    /// One more begins; `false`, and it is not counted, if it goes over the limit
    /// ([MS-IKEE] §3.13.5.2).
    #[must_use]
    pub fn begin(&mut self, number: u32) -> bool {
        let running = self.running(number);
        let fits = self.limits.get(&number).is_none_or(|it| running < *it);
        if fits {
            self.running.insert(number, running.saturating_add(1));
        }
        fits
    }

    /// One has ended, well or badly.
    pub fn end(&mut self, number: u32) {
        match self.running(number) {
            0 | 1 => {
                self.running.remove(&number);
            }
            more => {
                self.running.insert(number, more.saturating_sub(1));
            }
        }
    }

    /// How many of a type run.
    #[must_use]
    pub fn running(&self, number: u32) -> usize {
        self.running.get(&number).copied().unwrap_or(0)
    }

    /// Whether none runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
}
