//! Message IDs, retransmission, and the answers kept for duplicates (RFC 7296 §2.1–2.3).

use alloc::vec::Vec;

use ike_endpoint::{Due, Retransmit, Schedule};
use ike_ext::Instant;
use isakmp_wire::ExchangeType;

/// Both directions' message IDs; one request of ours is under way at a time.
#[derive(Debug, Default)]
pub(crate) struct Window {
    next_request: u32,
    pending: Option<Pending>,
    expected: u32,
    answered: Option<Answered>,
}

/// A request that awaits its response.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) message_id: u32,
    pub(crate) exchange: ExchangeType,
    pub(crate) datagrams: Vec<Vec<u8>>,
    schedule: Schedule,
}

/// The last request that we answered, and with what.
#[derive(Debug)]
struct Answered {
    message_id: u32,
    datagrams: Vec<Vec<u8>>,
}

/// What a message ID means to us now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// The response that is awaited, or the next request.
    Expected,
    /// A request that has been answered.
    Duplicate,
    /// Anything else.
    Outside,
}

impl Window {
    /// The ID for our next request.
    pub(crate) const fn next_request(&self) -> u32 {
        self.next_request
    }

    /// Whether a request of ours is under way.
    pub(crate) const fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// Notes that a request was sent; `limit` caps the tries of the schedule.
    pub(crate) fn sent(
        &mut self,
        now: Instant,
        exchange: ExchangeType,
        datagrams: Vec<Vec<u8>>,
        retransmit: Retransmit,
        limit: Option<u8>,
    ) {
        self.pending = Some(Pending {
            message_id: self.next_request,
            exchange,
            datagrams,
            schedule: Schedule::new(now, retransmit, limit),
        });
    }

    /// Ends the wait for a response.
    pub(crate) fn complete(&mut self) -> Option<Pending> {
        let pending = self.pending.take();
        if pending.is_some() {
            self.next_request = self.next_request.saturating_add(1);
        }
        pending
    }

    /// Withdraws a request that will be sent anew under the same message ID, as IKE_SA_INIT is.
    pub(crate) fn withdraw(&mut self) {
        self.pending = None;
    }

    /// The request under way.
    pub(crate) const fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Judges an incoming message ID.
    pub(crate) fn place(&self, response: bool, message_id: u32) -> Place {
        if response {
            let awaited = self
                .pending
                .as_ref()
                .is_some_and(|it| it.message_id == message_id);
            return if awaited {
                Place::Expected
            } else {
                Place::Outside
            };
        }
        if message_id == self.expected {
            return Place::Expected;
        }
        match &self.answered {
            Some(it) if it.message_id == message_id => Place::Duplicate,
            _ => Place::Outside,
        }
    }

    /// Keeps the answer to the expected request for its duplicates, and expects the next.
    pub(crate) fn answered(&mut self, mut datagrams: Vec<Vec<u8>>) {
        // they are kept for long
        datagrams.iter_mut().for_each(Vec::shrink_to_fit);
        self.answered = Some(Answered {
            message_id: self.expected,
            datagrams,
        });
        self.expected = self.expected.saturating_add(1);
    }

    /// The kept answer.
    pub(crate) fn stored(&self) -> &[Vec<u8>] {
        self.answered.as_ref().map_or(&[], |it| &it.datagrams)
    }

    /// When the pending request is next due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending.as_ref().map(|it| it.schedule.at())
    }

    /// Takes the step of the pending request that is due at `now`.
    pub(crate) fn due(&mut self, now: Instant) -> Due {
        self.pending
            .as_mut()
            .map_or(Due::Nothing, |it| it.schedule.due(now))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn intervals_double_up_to_the_longest_and_then_the_peer_is_silent() {
        let mut window = Window::default();
        let retransmit = Retransmit {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(2),
            tries: 3,
        };
        window.sent(
            at(0),
            ExchangeType::IKE_AUTH,
            alloc::vec![alloc::vec![1]],
            retransmit,
            None,
        );
        let mut sent = Vec::new();
        for second in 0..20 {
            match window.due(at(second)) {
                Due::Again => sent.push(second),
                Due::Silent => {
                    assert_eq!(sent, [1, 3, 5]);
                    assert_eq!(second, 7);
                    return;
                }
                Due::Nothing => {}
            }
        }
        panic!("never silent");
    }

    #[test]
    fn an_answered_request_is_a_duplicate_and_an_older_one_is_outside() {
        let mut window = Window::default();
        assert_eq!(window.place(false, 0), Place::Expected);
        assert_eq!(window.place(false, 1), Place::Outside);
        window.answered(Vec::new());
        assert_eq!(window.place(false, 0), Place::Duplicate);
        window.answered(Vec::new());
        assert_eq!(window.place(false, 0), Place::Outside);
        assert_eq!(window.place(true, 0), Place::Outside);
    }
}
