//! When SAs get new keys, and when they go (RFC 7296 §2.8).

use core::time::Duration;

use ike_crypto::Random;
use ike_endpoint::TrafficLimits;
use ike_ext::Instant;

use crate::config::{ChildLifetime, IkeLifetime};
use crate::context::Cx;
use crate::output::{CloseReason, Output};
use crate::sa::{Sa, State, Task};

/// The deadlines of an IKE SA; each is acted on once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Deadlines {
    pub(crate) rekey: Option<Instant>,
    pub(crate) reauthenticate: Option<Instant>,
    pub(crate) hard: Option<Instant>,
}

impl Deadlines {
    /// Those of an SA that has just been authenticated.
    pub(crate) fn new(now: Instant, lifetime: &IkeLifetime, random: &mut dyn Random) -> Self {
        let reauthenticate = lifetime
            .reauthenticate
            .map(|it| now + earlier(it, lifetime.jitter, random));
        Self::rekeyed(now, lifetime, random, reauthenticate)
    }

    /// Those of an SA that takes another's place: proofs do not become younger by new keys.
    pub(crate) fn rekeyed(
        now: Instant,
        lifetime: &IkeLifetime,
        random: &mut dyn Random,
        reauthenticate: Option<Instant>,
    ) -> Self {
        let rekey = lifetime
            .rekey
            .map(|it| now + earlier(it, lifetime.jitter, random));
        let first = [rekey, reauthenticate].into_iter().flatten().min();
        Self {
            rekey,
            reauthenticate,
            hard: first.map(|it| it + lifetime.jitter.saturating_add(lifetime.hard)),
        }
    }

    pub(crate) fn next(&self) -> Option<(Instant, &'static str)> {
        let all = [
            self.rekey.map(|it| (it, "rekeying")),
            self.reauthenticate.map(|it| (it, "reauthentication")),
            self.hard.map(|it| (it, "end of lifetime")),
        ];
        all.into_iter().flatten().min_by_key(|it| it.0)
    }
}

/// The deadlines of a child.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ChildDeadlines {
    pub(crate) soft: Option<Instant>,
    pub(crate) hard: Option<Instant>,
}

impl ChildDeadlines {
    pub(crate) fn new(now: Instant, lifetime: &ChildLifetime, random: &mut dyn Random) -> Self {
        let nanos = lifetime
            .time
            .map(|it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX));
        let soft = nanos.map(|it| soft(it, lifetime.jitter_percent, random));
        Self {
            soft: soft.map(|it| now + Duration::from_nanos(it)),
            hard: lifetime.time.map(|it| now + it),
        }
    }
}

/// What a child may carry, in octets and packets.
pub(crate) fn traffic(lifetime: &ChildLifetime, random: &mut dyn Random) -> TrafficLimits {
    let jitter = lifetime.jitter_percent;
    TrafficLimits {
        soft_bytes: lifetime.bytes.map(|it| soft(it, jitter, random)),
        hard_bytes: lifetime.bytes,
        soft_packets: lifetime.packets.map(|it| soft(it, jitter, random)),
        hard_packets: lifetime.packets,
    }
}

/// Nine tenths of a limit, less a random part of the jitter.
fn soft(limit: u64, jitter_percent: u8, random: &mut dyn Random) -> u64 {
    let margin = limit.checked_div(10).unwrap_or(0);
    let percent = u64::from(jitter_percent.min(50));
    let jitter = limit.checked_div(100).unwrap_or(0).saturating_mul(percent);
    limit
        .saturating_sub(margin)
        .saturating_sub(part(jitter, random))
}

/// A time, less a random part of the jitter, but not less than half of it.
fn earlier(time: Duration, jitter: Duration, random: &mut dyn Random) -> Duration {
    let half = time.checked_div(2).unwrap_or(time);
    time.saturating_sub(random_part(jitter.min(half), random))
}

/// A random part of a time.
pub(crate) fn random_part(time: Duration, random: &mut dyn Random) -> Duration {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(part(nanos, random))
}

/// A random number below `whole`, which is none where there is no randomness.
fn part(whole: u64, random: &mut dyn Random) -> u64 {
    let mut octets = [0; 4];
    if random.fill(&mut octets).is_err() {
        return 0;
    }
    let share = u128::from(u32::from_be_bytes(octets));
    let product = u128::from(whole).saturating_mul(share);
    u64::try_from(product >> 32).unwrap_or(whole)
}

/// Turns the deadlines of an established SA that have come into tasks.
pub(crate) fn due(now: Instant, sa: &mut Sa) {
    let come = |it: &mut Option<Instant>| it.take_if(|at| *at <= now).is_some();
    let Sa {
        state, children, ..
    } = sa;
    let State::Established(state) = state else {
        return;
    };
    while let Some(at) = state.later.iter().position(|it| it.at <= now) {
        let it = state.later.swap_remove(at);
        state.enqueue_again(it.task, it.tries);
    }
    for child in children {
        if come(&mut child.deadlines.hard) {
            state.enqueue(Task::DeleteChild(child.id, CloseReason::Expired));
        }
        if come(&mut child.deadlines.soft) {
            state.enqueue(Task::RekeyChild(child.id));
        }
    }
    if come(&mut state.deadlines.reauthenticate) {
        state.enqueue(Task::Reauthenticate);
    }
    if come(&mut state.deadlines.rekey) {
        state.enqueue(Task::Rekey);
    }
    if come(&mut state.deadlines.hard) {
        state.enqueue_first(Task::Delete(CloseReason::Expired));
    }
}

/// Lets go of children that have only received since they were replaced, for long enough or, without
/// a time, all of them.
pub(crate) fn fade(cx: &mut Cx<'_>, sa: &mut Sa, now: Option<Instant>) {
    let out = &mut *cx.out;
    sa.retain_fading(|child, until| {
        let over = now.is_none_or(|it| until <= it);
        if over {
            out.push(Output::DeleteChild(child));
        }
        !over
    });
}

/// How long we wait before we ask again after TEMPORARY_FAILURE; twice as long each time.
const RETRY: Duration = Duration::from_secs(2);

/// More refusals for the moment than these, several minutes of them, mean that the two sides have
/// lost each other (RFC 7296 §2.25).
const MAX_TRIES: u8 = 7;

/// Does a task again later, or gives the SA up.
pub(crate) fn postpone(cx: &mut Cx<'_>, sa: &mut Sa, task: Task, tries: u8) {
    let State::Established(state) = &mut sa.state else {
        return;
    };
    if tries >= MAX_TRIES {
        let failure = crate::Failure::PeerError(isakmp_wire::v2::NotifyType::TEMPORARY_FAILURE);
        state.enqueue_first(Task::Delete(CloseReason::Failure(failure)));
        return;
    }
    let wait = RETRY.saturating_mul(2_u32.saturating_pow(u32::from(tries)));
    // both sides may have refused each other at the same time
    let more = random_part(wait, &mut cx.core.random);
    state.postpone(
        cx.now + wait.saturating_add(more),
        task,
        tries.saturating_add(1),
    );
}

#[cfg(test)]
mod tests {
    use ike_crypto::random::SeededRandom;

    use super::*;

    #[test]
    fn soft_limits_come_before_hard_ones_and_differ_between_draws() {
        let mut random = SeededRandom::new([1; 32]);
        let lifetime = ChildLifetime {
            bytes: Some(1_000_000),
            packets: Some(1000),
            ..ChildLifetime::default()
        };
        let mut seen = alloc::collections::BTreeSet::new();
        for _ in 0..50 {
            let limits = traffic(&lifetime, &mut random);
            let bytes = limits.soft_bytes.unwrap();
            assert!((800_000..=900_000).contains(&bytes), "{bytes}");
            let packets = limits.soft_packets.unwrap();
            assert!((800..=900).contains(&packets), "{packets}");
            seen.insert(bytes);
            let deadlines = ChildDeadlines::new(Instant::EPOCH, &lifetime, &mut random);
            let soft = deadlines.soft.unwrap().as_duration();
            assert!(soft > Duration::from_secs(2870), "{soft:?}");
            assert!(soft <= Duration::from_secs(3240), "{soft:?}");
            assert_eq!(
                deadlines.hard,
                Some(Instant::EPOCH + Duration::from_secs(3600))
            );
        }
        assert!(seen.len() > 40);
    }

    #[test]
    fn an_ike_sa_without_lifetimes_has_no_deadline() {
        let mut random = SeededRandom::new([1; 32]);
        let lifetime = IkeLifetime {
            rekey: None,
            reauthenticate: None,
            ..IkeLifetime::default()
        };
        let deadlines = Deadlines::new(Instant::EPOCH, &lifetime, &mut random);
        assert_eq!(deadlines, Deadlines::default());
        assert_eq!(deadlines.next(), None);
    }

    #[test]
    fn reauthentication_is_not_put_off_by_rekeying() {
        let mut random = SeededRandom::new([1; 32]);
        let at = Instant::EPOCH + Duration::from_secs(100);
        let lifetime = IkeLifetime::default();
        let now = Instant::EPOCH + Duration::from_secs(50);
        let deadlines = Deadlines::rekeyed(now, &lifetime, &mut random, Some(at));
        assert_eq!(deadlines.reauthenticate, Some(at));
        assert_eq!(deadlines.next(), Some((at, "reauthentication")));
        assert_eq!(deadlines.hard, Some(at + lifetime.jitter + lifetime.hard));
    }
}
