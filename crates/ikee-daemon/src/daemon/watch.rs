//! What the counters of a data plane tell about traffic ([MS-IKEE] §1.3.4, §3.5.2, §3.12.4.2, §3.12.5.1): the same for every
//! plane, and nothing that a packet would have to wait for.

use core::time::Duration;
use std::collections::BTreeMap;

use ikee::ext::{ChildId, Hint, Instant};

use crate::dataplane::Counters;

/// Silence of the peer after which packets to it are one-sided ([MS-IKEE] §3.12.4.2).
const SILENCE: Duration = Duration::from_secs(20);
/// How often it is told that packets come in.
const INBOUND: Duration = Duration::from_secs(5);

/// The children whose traffic somebody wants to know about.
#[derive(Debug)]
pub(super) struct Watch {
    children: BTreeMap<ChildId, Watched>,
    /// How often the counters are read.
    interval: Duration,
    /// Whether anybody searches for dead peers.
    peers: bool,
    next: Option<Instant>,
}

#[derive(Debug)]
struct Watched {
    idle: Option<Duration>,
    packets: (u64, u64),
    last_in: Instant,
    last: Instant,
    told_in: Instant,
    /// Since when packets go out and none comes in, or since that was last told.
    unanswered: Option<Instant>,
}

impl Watch {
    /// Nobody yet. `peers`: whether anybody wants to know more than idleness.
    pub(super) const fn new(interval: Duration, peers: bool) -> Self {
        Self {
            children: BTreeMap::new(),
            interval,
            peers,
            next: None,
        }
    }

    /// A child is installed.
    pub(super) fn opened(&mut self, child: ChildId, idle: Option<Duration>, now: Instant) {
        if idle.is_none() && !self.peers {
            return;
        }
        let watched = Watched {
            idle,
            packets: (0, 0),
            last_in: now,
            last: now,
            told_in: now,
            unanswered: None,
        };
        self.children.insert(child, watched);
        self.next.get_or_insert(now + self.interval);
    }

    /// A child is gone.
    pub(super) fn closed(&mut self, child: ChildId) {
        self.children.remove(&child);
        if self.children.is_empty() {
            self.next = None;
        }
    }

    /// When [`look`](Self::look) is next wanted.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Looks at the counters of all, if it is time to; what there is to say.
    pub(super) fn look(
        &mut self,
        now: Instant,
        counters: impl Fn(ChildId) -> Option<Counters>,
    ) -> Vec<(ChildId, Hint)> {
        if self.next.is_none_or(|at| now < at) {
            return Vec::new();
        }
        self.next = Some(now + self.interval);
        let peers = self.peers;
        let mut hints = Vec::new();
        for (&child, watched) in &mut self.children {
            if let Some(counters) = counters(child) {
                let now_carried = (counters.packets_in, counters.packets_out);
                let said = watched.look(now, now_carried, peers);
                hints.extend(said.into_iter().flatten().map(|hint| (child, hint)));
            }
        }
        hints
    }
}

impl Watched {
    fn look(&mut self, now: Instant, packets: (u64, u64), peers: bool) -> [Option<Hint>; 2] {
        let (came, went) = (packets.0 > self.packets.0, packets.1 > self.packets.1);
        self.packets = packets;
        if came {
            self.last_in = now;
            self.unanswered = None;
        } else if went {
            self.unanswered.get_or_insert(now);
        }
        if came || went {
            self.last = now;
        }
        let mut hints = [None; 2];
        if came && peers && now.since(self.told_in) >= INBOUND {
            self.told_in = now;
            hints[0] = Some(Hint::Inbound);
        }
        if went && !came && peers && now.since(self.last_in) > SILENCE {
            hints[0] = Some(Hint::OneSided);
        }
        // each once, and again after as much time
        if self.idle.is_some_and(|limit| now.since(self.last) >= limit) {
            self.last = now;
            hints[1] = Some(Hint::Idle);
        }
        let alone = self.unanswered.map(|since| now.since(since));
        if went && self.idle.zip(alone).is_some_and(|(limit, it)| it >= limit) {
            self.unanswered = Some(now);
            hints[1] = Some(Hint::Unanswered);
        }
        hints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: ChildId = ChildId::new(1);

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH + Duration::from_secs(seconds)
    }

    /// One child, and how much it has carried at each second; when there is what to say.
    fn said(
        idle: Option<u64>,
        peers: bool,
        carried: impl Fn(u64) -> (u64, u64),
        until: u64,
    ) -> Vec<(u64, Hint)> {
        let mut watch = Watch::new(Duration::from_secs(1), peers);
        watch.opened(CHILD, idle.map(Duration::from_secs), at(0));
        let mut all = Vec::new();
        for second in 1..=until {
            let mut counters = Counters::default();
            (counters.packets_in, counters.packets_out) = carried(second);
            let hints = watch.look(at(second), |_| Some(counters));
            all.extend(hints.into_iter().map(|(_, hint)| (second, hint)));
        }
        all
    }

    /// [MS-IKEE] §3.5.2
    #[test]
    fn a_child_without_packets_is_idle_when_its_time_has_come_and_not_a_second_before() {
        assert_eq!(said(Some(60), false, |_| (0, 0), 59), []);
        assert_eq!(said(Some(60), false, |_| (0, 0), 119), [(60, Hint::Idle)]);
        let busy = |second: u64| (second / 30, second / 30);
        assert_eq!(said(Some(60), false, busy, 300), []);
        assert_eq!(said(None, false, |_| (0, 0), 1000), []);
    }

    /// [MS-IKEE] §1.3.4
    #[test]
    fn packets_that_go_unanswered_for_the_idle_limit_are_told_of() {
        // the peer falls silent after 10 s
        let alone = |second: u64| (second.min(10), second);
        let hints = [71, 131].map(|at| (at, Hint::Unanswered));
        assert_eq!(said(Some(60), false, alone, 140), hints);
        // the limit runs from the first packet that has had no answer, not from the last that came
        let late = |second: u64| (second.min(10), if second < 40 { 0 } else { second });
        assert_eq!(said(Some(60), false, late, 99), []);
        assert_eq!(said(Some(60), false, late, 100), [(100, Hint::Unanswered)]);
        // an answer now and then will do
        let seldom = |second: u64| (second / 50, second);
        assert_eq!(said(Some(60), false, seldom, 300), []);
        assert_eq!(said(None, false, alone, 300), []);
    }

    /// [MS-IKEE] §3.12.4.2
    #[test]
    fn packets_into_silence_are_told_of_after_20_s() {
        let one_sided = |second| (0, second);
        assert_eq!(said(None, true, one_sided, 20), []);
        assert_eq!(said(None, true, one_sided, 21), [(21, Hint::OneSided)]);
        assert_eq!(said(None, false, one_sided, 100), []);
        // nobody speaks: nobody is missed
        assert_eq!(said(None, true, |_| (0, 0), 100), []);
    }

    /// [MS-IKEE] §3.12.5.1
    #[test]
    fn packets_that_come_are_told_of_now_and_then() {
        let both = |second| (second, second);
        let hints = said(None, true, both, 20);
        assert_eq!(hints, [5, 10, 15, 20].map(|at| (at, Hint::Inbound)));
    }

    #[test]
    fn nobody_is_woken_for_children_that_nobody_watches() {
        let mut watch = Watch::new(Duration::from_secs(1), false);
        watch.opened(CHILD, None, at(0));
        assert_eq!(watch.next(), None);
        watch.opened(CHILD, Some(Duration::from_secs(60)), at(0));
        assert_eq!(watch.next(), Some(at(1)));
        watch.closed(CHILD);
        assert_eq!(watch.next(), None);
    }
}
