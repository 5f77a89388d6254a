//! When an unanswered message is sent again (RFC 2408 §5.1, RFC 7296 §2.1).

use core::time::Duration;

use ike_ext::Instant;

/// The retransmission schedule of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a schedule has these three numbers"
)]
pub struct Retransmit {
    /// The first interval; each further one is twice as long.
    pub first: Duration,
    /// No interval is longer.
    pub longest: Duration,
    /// How often a message is sent again before the peer counts as silent.
    pub tries: u8,
}

impl Default for Retransmit {
    /// 1, 2, 4, 8, 16, 16 seconds, then the end after 16 more.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(16),
            tries: 6,
        }
    }
}

/// When to send one message again, and how often still.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    at: Instant,
    interval: Duration,
    longest: Duration,
    left: u8,
}

/// What a due timer means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a core must obey each")]
pub enum Due {
    /// Send the message again.
    Again,
    /// The peer does not answer.
    Silent,
    /// Nothing is due.
    Nothing,
}

impl Schedule {
    /// Of a message that is sent at `now`; `limit` caps the tries.
    #[must_use]
    pub fn new(now: Instant, retransmit: Retransmit, limit: Option<u8>) -> Self {
        Self {
            at: now + retransmit.first,
            interval: retransmit.first,
            longest: retransmit.longest,
            left: limit.map_or(retransmit.tries, |it| it.min(retransmit.tries)),
        }
    }

    /// When the next step is due.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Takes the step that is due at `now`.
    pub fn due(&mut self, now: Instant) -> Due {
        if self.at > now {
            return Due::Nothing;
        }
        let Some(left) = self.left.checked_sub(1) else {
            return Due::Silent;
        };
        self.left = left;
        self.interval = self.interval.saturating_mul(2).min(self.longest);
        self.at = now + self.interval;
        Due::Again
    }
}

/// When an endpoint next wants to hear of the time, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a time and its reason")]
pub struct Deadline {
    /// Not before this.
    pub at: Instant,
    /// For logs.
    pub reason: &'static str,
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn intervals_double_up_to_the_longest_and_then_the_peer_is_silent() {
        let retransmit = Retransmit {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(2),
            tries: 3,
        };
        let mut schedule = Schedule::new(at(0), retransmit, None);
        let mut sent = Vec::new();
        for second in 0..20 {
            match schedule.due(at(second)) {
                Due::Again => sent.push(second),
                Due::Silent => {
                    assert_eq!((sent.as_slice(), second), (&[1, 3, 5][..], 7));
                    return;
                }
                Due::Nothing => {}
            }
        }
        panic!("never silent");
    }

    #[test]
    fn an_extension_may_forbid_repetition() {
        let mut schedule = Schedule::new(at(0), Retransmit::default(), Some(0));
        assert_eq!(schedule.due(at(1)), Due::Silent);
    }
}
