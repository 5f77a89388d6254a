use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::RangeBounds;

use crate::action::Lifecycle;
use crate::handle::SaId;
use crate::time::Instant;

/// Per-SA state that an extension keeps for itself.
///
/// The core never sees the value type: it only promises to announce every SA that closes.
/// Every operation takes logarithmic time.
#[derive(Clone, Debug, Default)]
pub struct SaTable<T> {
    rows: BTreeMap<SaId, T>,
}

impl<T> SaTable<T> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
        }
    }

    /// The row of `sa`, if there is one.
    #[must_use]
    pub fn get(&self, sa: SaId) -> Option<&T> {
        self.rows.get(&sa)
    }

    /// The row of `sa`, to change it, if there is one.
    pub fn get_mut(&mut self, sa: SaId) -> Option<&mut T> {
        self.rows.get_mut(&sa)
    }

    /// Makes or replaces the row of `sa`.
    pub fn insert(&mut self, sa: SaId, row: T) -> Option<T> {
        self.rows.insert(sa, row)
    }

    /// Forgets `sa`.
    pub fn remove(&mut self, sa: SaId) -> Option<T> {
        self.rows.remove(&sa)
    }

    /// Whether no SA has state here; what a leak test asserts after shutdown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<T: Default> SaTable<T> {
    /// The row of `sa`, made on first use.
    pub fn row(&mut self, sa: SaId) -> &mut T {
        self.rows.entry(sa).or_default()
    }
}

impl<T: Clone> SaTable<T> {
    /// Lets the row of `sa` follow its fate, where it says something of the peer: a successor gets a copy, and with the SA
    /// it is gone.
    pub fn follow(&mut self, sa: SaId, what: Lifecycle) {
        match what {
            Lifecycle::Closed => {
                self.rows.remove(&sa);
            }
            Lifecycle::Succeeded(successor) => {
                if let Some(row) = self.rows.get(&sa).cloned() {
                    self.rows.insert(successor, row);
                }
            }
            _ => {}
        }
    }
}

/// Deadlines keyed by whatever the extension calls its timers.
///
/// Setting, stopping and taking a timer takes logarithmic time, the next deadline is at hand.
#[derive(Clone, Debug, Default)]
pub struct Timers<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K: Copy + Ord> Timers<K> {
    /// No timers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_time: BTreeSet::new(),
            by_key: BTreeMap::new(),
        }
    }

    /// Arms `key`, replacing its earlier deadline.
    pub fn set(&mut self, key: K, at: Instant) {
        if let Some(earlier) = self.by_key.insert(key, at) {
            self.by_time.remove(&(earlier, key));
        }
        self.by_time.insert((at, key));
    }

    /// Arms `key` unless it already runs.
    pub fn start(&mut self, key: K, at: Instant) {
        if !self.by_key.contains_key(&key) {
            self.set(key, at);
        }
    }

    /// Disarms `key`; its deadline, if it was armed.
    pub fn stop(&mut self, key: K) -> Option<Instant> {
        let at = self.by_key.remove(&key)?;
        self.by_time.remove(&(at, key));
        Some(at)
    }

    /// Disarms every timer in a range of keys, such as all of one SA.
    pub fn stop_range(&mut self, keys: impl RangeBounds<K> + Clone) {
        while let Some((&key, _)) = self.by_key.range(keys.clone()).next() {
            self.stop(key);
        }
    }

    /// The next deadline.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes one timer that is due, the earliest first.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        let &(_, key) = self.by_time.first().filter(|(at, _)| *at <= now)?;
        self.stop(key);
        Some(key)
    }

    /// Whether nothing is armed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

/// A bound on what the network may make us keep, in octets or in entries.
///
/// Whoever keeps something [takes](Self::take) from the budget first, and gives it back after.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    limit: usize,
    used: usize,
}

impl Budget {
    /// A budget of which nothing is used.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { limit, used: 0 }
    }

    /// Uses `amount`, or returns `false` and uses nothing if that is more than what is left.
    #[must_use]
    pub const fn take(&mut self, amount: usize) -> bool {
        let fits = amount <= self.limit.saturating_sub(self.used);
        if fits {
            self.used = self.used.saturating_add(amount);
        }
        fits
    }

    /// Returns `amount`.
    pub const fn give(&mut self, amount: usize) {
        self.used = self.used.saturating_sub(amount);
    }

    /// How much is in use; zero when nothing is kept.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.used
    }
}
