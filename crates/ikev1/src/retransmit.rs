//! Messages that are sent again: when nothing comes back, and when the peer asks again (RFC 2408 §5.1).

use alloc::vec::Vec;
use core::time::Duration;

use ike_ext::{Instant, Stage};
use isakmp_wire::PayloadType;

use crate::config::Retransmit;

/// An encoded message.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) stage: Stage,
    pub(crate) kinds: Vec<PayloadType>,
    pub(crate) bytes: Vec<u8>,
    /// Whether an extension keeps the SA until it says otherwise.
    pub(crate) held: bool,
}

/// The last message of an exchange, and when to send it again.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) sent: Sent,
    /// The message that it answers, by its digest: the only one whose repetition brings it again. Otherwise two sides
    /// could answer each other's repetitions for ever.
    answers: Option<[u8; 8]>,
    schedule: Option<Schedule>,
}

/// When to send again, and how often still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    at: Instant,
    interval: Duration,
    longest: Duration,
    left: u8,
}

/// What a due timer means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Due {
    Again,
    Silent,
    Nothing,
}

impl Schedule {
    /// `limit` caps the tries.
    pub(crate) fn new(now: Instant, retransmit: Retransmit, limit: Option<u8>) -> Self {
        Self {
            at: now + retransmit.first,
            interval: retransmit.first,
            longest: retransmit.longest,
            left: limit.map_or(retransmit.tries, |it| it.min(retransmit.tries)),
        }
    }

    pub(crate) const fn at(&self) -> Instant {
        self.at
    }

    /// Takes the step that is due at `now`.
    pub(crate) fn due(&mut self, now: Instant) -> Due {
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

impl Repeat {
    /// A message that is sent again when the peer asks again, or with a schedule by itself, too.
    pub(crate) const fn new(
        sent: Sent,
        answers: Option<[u8; 8]>,
        schedule: Option<Schedule>,
    ) -> Self {
        Self {
            sent,
            answers,
            schedule,
        }
    }

    /// What to send when the message with this digest comes again.
    pub(crate) fn answer_to(&self, digest: [u8; 8]) -> Option<Sent> {
        (self.answers == Some(digest)).then(|| self.sent.clone())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.schedule.as_ref().map(Schedule::at)
    }

    pub(crate) fn due(&mut self, now: Instant) -> Due {
        self.schedule
            .as_mut()
            .map_or(Due::Nothing, |it| it.due(now))
    }

    /// The answer is there: only the peer's asking makes it go out again.
    pub(crate) const fn rest(&mut self) {
        self.schedule = None;
    }
}

#[cfg(test)]
mod tests {
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
