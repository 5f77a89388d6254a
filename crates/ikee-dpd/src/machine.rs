//! The search for a dead peer, with no idea of SAs, the core or the version of IKE.

use core::time::Duration;

/// One way to find out whether a peer lives.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must be able to try each")]
pub enum Rung {
    /// Ask it for nothing, and wait for the answer (RFC 7296 §2.4).
    Probe,
    /// New keys for the child SA ([MS-IKEE] §3.12.4.1).
    RekeyChild,
    /// A new SA in the place of the one above ([MS-IKEE] §3.12.4.1).
    RekeySa,
}

/// What is tried, in order, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "ways and two times")]
pub struct Ladder {
    /// The ways.
    pub rungs: &'static [Rung],
    /// After this much time a way counts as failed, if nothing has been heard of it.
    pub patience: Duration,
    /// UDP is no reason before this much time without a packet from the peer ([MS-IKEE] §3.12.4.2).
    pub silence: Duration,
}

impl Ladder {
    /// IKEv1: quick mode, then main mode ([MS-IKEE] §3.12.4.1).
    pub const IKEV1: Self = Self {
        rungs: &[Rung::RekeyChild, Rung::RekeySa],
        patience: Duration::from_secs(10),
        silence: Duration::from_secs(20),
    };

    /// IKEv2, which [MS-IKEE] note 33 has without saying how.
    pub const IKEV2: Self = Self {
        rungs: &[Rung::Probe],
        ..Self::IKEV1
    };
}

/// Why a peer may be dead.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "TCP and the rest")]
pub enum Cause {
    /// A TCP segment went out again ([MS-IKEE] §3.12.4.1).
    Retransmission,
    /// Something went out, and nothing has come in for a while ([MS-IKEE] §3.12.4.2).
    OneSided,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must handle each")]
pub enum Next {
    /// The peer is dead.
    Dead,
    /// Nothing.
    Nothing,
    /// Try this, until [`Detector::deadline`].
    Try(Rung),
}

/// What is known of one peer's life ([MS-IKEE] §3.12.1). Times are those of any clock that does not
/// go back.
///
/// ```
/// use core::time::Duration;
/// use ikee_dpd::{Cause, Detector, Ladder, Next, Rung};
///
/// let at = Duration::from_secs;
/// let mut peer = Detector::new(at(0));
/// let first = peer.suspect(Cause::Retransmission, at(5), &Ladder::IKEV1);
/// assert_eq!(first, Next::Try(Rung::RekeyChild));
/// let second = peer.failed(Rung::RekeyChild, at(8), &Ladder::IKEV1);
/// assert_eq!(second, Next::Try(Rung::RekeySa));
/// assert_eq!(peer.failed(Rung::RekeySa, at(15), &Ladder::IKEV1), Next::Dead);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Detector {
    last_inbound: Duration,
    search: Search,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Search {
    /// None, and none begins before this time: the peer has just shown that it lives.
    None(Duration),
    /// The ladder's rung with this index is tried until then.
    On { rung: usize, until: Duration },
    /// The peer is dead.
    Over,
}

impl Detector {
    /// A peer that has just been heard.
    #[must_use]
    pub const fn new(now: Duration) -> Self {
        Self {
            last_inbound: now,
            search: Search::None(Duration::ZERO),
        }
    }

    /// When a packet of the peer came last ([MS-IKEE] §3.12.5.1).
    #[must_use]
    pub const fn last_inbound(&self) -> Duration {
        self.last_inbound
    }

    /// Whether the search is on ([MS-IKEE] §3.12.1).
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        matches!(self.search, Search::On { .. })
    }

    /// When the way that is tried counts as failed.
    #[must_use]
    pub const fn deadline(&self) -> Option<Duration> {
        match self.search {
            Search::On { until, .. } => Some(until),
            Search::None(_) | Search::Over => None,
        }
    }

    /// A packet of the peer has come. The search goes on: a packet may have been long under way.
    pub const fn inbound(&mut self, now: Duration) {
        self.last_inbound = now;
    }

    /// There is a reason for a search.
    pub fn suspect(&mut self, cause: Cause, now: Duration, ladder: &Ladder) -> Next {
        let silent = now.saturating_sub(self.last_inbound) > ladder.silence;
        match self.search {
            Search::None(rest) if rest <= now => {}
            Search::None(_) | Search::On { .. } | Search::Over => return Next::Nothing,
        }
        if cause == Cause::OneSided && !silent {
            return Next::Nothing;
        }
        self.climb(0, now, ladder)
    }

    /// The peer has answered as only the living do ([MS-IKEE] §3.12.7.1). There is no other search for as
    /// long as a way is given time, so that a bad line does not become a worse one.
    pub fn lives(&mut self, now: Duration, ladder: &Ladder) {
        self.last_inbound = now;
        if self.is_searching() {
            self.search = Search::None(now.saturating_add(ladder.patience));
        }
    }

    /// Something has failed, which may be what is tried.
    pub fn failed(&mut self, what: Rung, now: Duration, ladder: &Ladder) -> Next {
        match self.search {
            Search::On { rung, .. } if ladder.rungs.get(rung) == Some(&what) => {
                self.climb(rung.saturating_add(1), now, ladder)
            }
            Search::On { .. } | Search::None(_) | Search::Over => Next::Nothing,
        }
    }

    /// Time has passed.
    pub fn time_out(&mut self, now: Duration, ladder: &Ladder) -> Next {
        match self.search {
            Search::On { rung, until } if until <= now => {
                self.climb(rung.saturating_add(1), now, ladder)
            }
            Search::On { .. } | Search::None(_) | Search::Over => Next::Nothing,
        }
    }

    fn climb(&mut self, rung: usize, now: Duration, ladder: &Ladder) -> Next {
        let Some(way) = ladder.rungs.get(rung) else {
            self.search = Search::Over;
            return Next::Dead;
        };
        let until = now.saturating_add(ladder.patience);
        self.search = Search::On { rung, until };
        Next::Try(*way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_search_is_not_begun_twice_and_rests_after_success() {
        let mut peer = Detector::new(at(0));
        let suspect = |peer: &mut Detector, now| {
            peer.suspect(Cause::Retransmission, at(now), &Ladder::IKEV1) != Next::Nothing
        };
        assert!(suspect(&mut peer, 1));
        assert!(!suspect(&mut peer, 2));
        peer.lives(at(3), &Ladder::IKEV1);
        assert!(!suspect(&mut peer, 4));
        assert!(suspect(&mut peer, 13));
    }

    #[test]
    fn each_way_has_its_time_and_then_the_peer_is_dead() {
        let mut peer = Detector::new(at(0));
        peer.suspect(Cause::Retransmission, at(0), &Ladder::IKEV1);
        assert_eq!(peer.deadline(), Some(at(10)));
        assert_eq!(peer.time_out(at(9), &Ladder::IKEV1), Next::Nothing);
        let next = peer.time_out(at(10), &Ladder::IKEV1);
        assert_eq!(next, Next::Try(Rung::RekeySa));
        // what was given up may still fail
        let late = peer.failed(Rung::RekeyChild, at(11), &Ladder::IKEV1);
        assert_eq!(late, Next::Nothing);
        assert_eq!(peer.time_out(at(20), &Ladder::IKEV1), Next::Dead);
        assert_eq!(peer.deadline(), None);
        let again = peer.suspect(Cause::Retransmission, at(21), &Ladder::IKEV1);
        assert_eq!(again, Next::Nothing);
    }
}
