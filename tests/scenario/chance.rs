//! What the random schedules of both versions share: dice, what was sent lately, notes of what was asked, weather.
//!
//! `IKEE_SCHEDULE_STEPS` runs more than CI does, `IKEE_SCHEDULE_SEED` one world alone, and tells its story if it fails.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ike_ext::Instant;
use ikee_tests::{Conditions, Packet, Rng, Side};

/// Steps of one world, from connecting to the end of it.
pub(crate) const WORLD: u64 = 400;
/// Steps until both are left in peace.
pub(crate) const ROUND: u64 = 40;

pub(crate) struct Chance {
    pub(crate) rng: Rng,
    /// Some of what was sent lately, to come again.
    old: Vec<Packet>,
    /// What was asked of whom, if one world is looked at.
    asked: Option<Vec<(Instant, String)>>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed ^ 0x5eed),
            old: Vec::new(),
            asked: is_one_world().then(Vec::new),
        }
    }

    pub(crate) fn side(&mut self) -> Side {
        [Side::A, Side::B][self.rng.below(2) as usize]
    }

    pub(crate) fn any<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        let at = usize::try_from(self.rng.below(list.len() as u64)).ok()?;
        list.get(at).cloned()
    }

    /// Mostly short.
    pub(crate) fn pause(&mut self) -> Duration {
        let most = if self.rng.chance(100) { 20_000 } else { 300 };
        Duration::from_millis(self.rng.below(most))
    }

    /// Notes what came of a request, and keeps some of what was sent.
    pub(crate) fn note(
        &mut self,
        now: Instant,
        (side, what): (Side, &str),
        result: &impl fmt::Debug,
        packets: &[Packet],
    ) {
        if let Some(asked) = &mut self.asked {
            asked.push((now, format!("{side:?} is asked to {what}: {result:?}")));
        }
        if self.old.len() < 64 {
            self.old.extend(packets.iter().take(2).cloned());
        } else if let Some(packet) = packets.first() {
            let at = usize::try_from(self.rng.below(64)).expect("small");
            self.old[at] = packet.clone();
        }
    }

    /// Something that was sent before.
    pub(crate) fn old_packet(&mut self) -> Option<Packet> {
        let old = std::mem::take(&mut self.old);
        let found = (!old.is_empty()).then(|| self.any(&old)).flatten();
        self.old = old;
        found
    }

    /// A link on which something goes wrong.
    pub(crate) fn weather(&mut self) -> Conditions {
        let mut conditions = Conditions::PERFECT;
        conditions.delay = Duration::from_millis(1 + self.rng.below(200));
        conditions.jitter = Duration::from_millis(self.rng.below(1500));
        conditions.duplicates = u16::try_from(self.rng.below(200)).expect("small");
        let loss = |rng: &mut Rng| u16::try_from(rng.below(350)).expect("small");
        conditions.loss = [loss(&mut self.rng), loss(&mut self.rng)];
        conditions
    }

    /// What was asked and what came of it, in order of time, if one world is looked at.
    pub(crate) fn story(&self, events: impl Iterator<Item = (Instant, String)>) -> String {
        let Some(asked) = &self.asked else {
            return String::new();
        };
        let mut lines = asked.clone();
        lines.extend(events);
        lines.sort_by_key(|it| it.0);
        let lines = lines
            .iter()
            .map(|(at, line)| format!("{:?} {line}", at.as_duration()));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Forgets what was asked.
    pub(crate) fn forget(&mut self) {
        self.asked.iter_mut().for_each(Vec::clear);
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Whether one world is looked at, and shall tell everything.
pub(crate) fn is_one_world() -> bool {
    number("IKEE_SCHEDULE_SEED").is_some()
}

/// Runs world after world, `steps` in all, and says which one failed, with what there is to say of it.
pub(crate) fn in_each_world(steps: u64, run: impl Fn(u64), say: impl Fn(u64) -> String) {
    let steps = number("IKEE_SCHEDULE_STEPS").unwrap_or(steps);
    let worlds = match number("IKEE_SCHEDULE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..steps.div_ceil(WORLD),
    };
    for seed in worlds {
        let done = catch_unwind(AssertUnwindSafe(|| run(seed)));
        assert!(done.is_ok(), "IKEE_SCHEDULE_SEED={seed}{}", say(seed));
    }
}
