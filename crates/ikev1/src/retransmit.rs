//! Messages that are sent again: when nothing comes back, and when the peer asks again (RFC 2408 §5.1).

use alloc::vec::Vec;

use ike_endpoint::{Due, Schedule};
use ike_ext::{Instant, Stage};
use isakmp_wire::PayloadType;

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
