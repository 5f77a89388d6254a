//! Which of two keying modules wins, with no idea of SAs or the core ([MS-IKEE] §1.3.8,
//! [MS-AIPS] §3.2.4).

use alloc::collections::BTreeMap;
use core::hash::Hash;
use core::time::Duration;

/// Which keying module serves a peer.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "two modules, and not decided yet")]
pub enum Outcome {
    /// Both first messages are out, and neither was answered.
    #[default]
    Undecided,
    /// AuthIP answered: the attempt with IKEv1 is to end.
    AuthIp,
    /// IKEv1 answered, or is alone: AuthIP's first message is not to be repeated.
    Ike,
}

/// An initiator's two first messages, one of each module, and whose answer comes first.
///
/// ```
/// use ikee_coexistence::{Outcome, Race};
///
/// let mut race = Race::begin(true);
/// assert!(race.authip_answered());
/// assert!(!race.ike_answered());
/// assert_eq!(race.outcome(), Outcome::AuthIp);
///
/// // without an AuthIP module it is always IKEv1
/// let mut alone = Race::begin(false);
/// assert!(!alone.authip_answered());
/// assert_eq!(alone.outcome(), Outcome::Ike);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Race {
    outcome: Outcome,
}

impl Race {
    /// A negotiation begins, on a host with or without an AuthIP module.
    #[must_use]
    pub const fn begin(module: bool) -> Self {
        let outcome = if module {
            Outcome::Undecided
        } else {
            Outcome::Ike
        };
        Self { outcome }
    }

    /// An answer of IKEv1; whether it decides.
    #[must_use]
    pub fn ike_answered(&mut self) -> bool {
        self.decide(Outcome::Ike)
    }

    /// An answer of AuthIP; whether it decides.
    #[must_use]
    pub fn authip_answered(&mut self) -> bool {
        self.decide(Outcome::AuthIp)
    }

    /// Who has won.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        self.outcome
    }

    fn decide(&mut self, winner: Outcome) -> bool {
        let open = self.outcome == Outcome::Undecided;
        if open {
            self.outcome = winner;
        }
        open
    }
}

/// The peers whose IKEv1 a responder puts off, because it prefers AuthIP and their first message
/// of that is due. Time is the caller's; what is kept has a bound.
#[derive(Clone, Debug)]
pub struct Holding<K> {
    since: BTreeMap<K, Duration>,
    grace: Duration,
    limit: usize,
}

impl<K: Copy + Ord + Hash> Holding<K> {
    /// Puts a peer off for `grace` from its first message on, and no more than `limit` peers.
    #[must_use]
    pub const fn new(grace: Duration, limit: usize) -> Self {
        Self {
            since: BTreeMap::new(),
            grace,
            limit,
        }
    }

    /// Whether a first message of IKEv1 that comes at `now` is to be dropped. Once the grace is
    /// over the peer's repetition is let in: it has no AuthIP after all.
    #[must_use]
    pub fn puts_off(&mut self, peer: K, now: Duration) -> bool {
        let room = self.since.len() < self.limit;
        let since = match self.since.get(&peer) {
            Some(since) => *since,
            None if room => {
                self.since.insert(peer, now);
                now
            }
            None => return false,
        };
        now.saturating_sub(since) < self.grace
    }

    /// Forgets a peer.
    pub fn forget(&mut self, peer: K) {
        self.since.remove(&peer);
    }

    /// Whether nobody is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.since.is_empty()
    }
}
