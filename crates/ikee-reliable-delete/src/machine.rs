//! When to repeat a delete, with no idea of SAs, timers or the core.

use alloc::vec::Vec;
use core::time::Duration;

/// When a delete is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "settings, with names for the usual"
)]
pub struct Schedule {
    /// The first interval; each is twice the one before.
    pub first: Duration,
    /// No interval is longer.
    pub longest: Duration,
    /// How often at most.
    pub repetitions: u8,
    /// Whether to wait for one more interval after the last repetition, before the SA goes without
    /// an acknowledgement.
    pub waits: bool,
}

impl Schedule {
    /// The text ([MS-IKEE] §3.8.6.1): after 1, 3, 7 and 15 s, and the end at 31 s.
    pub const TEXT: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::MAX,
        repetitions: 4,
        waits: true,
    };

    /// Windows ([MS-IKEE] note 24): after 1, 3, 7, 15, 31 and 47 s, and the end at 63 s.
    pub const WINDOWS: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(16),
        repetitions: 6,
        waits: true,
    };

    /// When everything is deleted at the end ([MS-IKEE] §3.8.6.1, §3.8.7.1): once, after 1 s.
    pub const SHUTDOWN: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(1),
        repetitions: 1,
        waits: false,
    };

    /// How long it takes without an acknowledgement.
    #[must_use]
    pub fn total(self) -> Duration {
        let mut sum = Duration::ZERO;
        let mut interval = self.first.min(self.longest);
        for _ in 0..self.repetitions.saturating_add(u8::from(self.waits)) {
            sum = sum.saturating_add(interval);
            interval = interval.saturating_mul(2).min(self.longest);
        }
        sum
    }
}

/// A delete that is not acknowledged yet ([MS-IKEE] §3.8.1).
#[derive(Clone, Debug)]
pub struct Pending {
    nonce: Vec<u8>,
    schedule: Schedule,
    interval: Duration,
    due: Duration,
    left: u8,
}

impl Pending {
    /// A delete with this nonce that goes out at `now`, reckoned from any point.
    #[must_use]
    pub fn new(now: Duration, schedule: Schedule, nonce: &[u8]) -> Self {
        let interval = schedule.first.min(schedule.longest);
        Self {
            nonce: nonce.to_vec(),
            schedule,
            interval,
            due: now.saturating_add(interval),
            left: schedule.repetitions,
        }
    }

    /// What the acknowledgement's hash covers first ([MS-IKEE] §3.8.5.1).
    #[must_use]
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// When the retransmission timer fires.
    #[must_use]
    pub const fn due(&self) -> Duration {
        self.due
    }

    /// The timer fires ([MS-IKEE] §3.8.6.1).
    pub fn fires(&mut self) -> Fired {
        let Some(left) = self.left.checked_sub(1) else {
            return Fired::Over;
        };
        self.left = left;
        if left == 0 && !self.schedule.waits {
            return Fired::Last;
        }
        self.interval = self.interval.saturating_mul(2).min(self.schedule.longest);
        self.due = self.due.saturating_add(self.interval);
        Fired::Again
    }
}

/// What a timer means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever has a timer handles each")]
pub enum Fired {
    /// Send the delete again, and wait.
    Again,
    /// Send it again, and let the SA go.
    Last,
    /// Let the SA go.
    Over,
}
