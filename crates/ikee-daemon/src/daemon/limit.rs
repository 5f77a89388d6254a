//! Log lines that strangers cause: some a minute, and how many more there were.

use core::time::Duration;

use ikee::ext::Instant;

/// A window of time.
const WINDOW: Duration = Duration::from_secs(60);
/// Lines in it.
const LINES: u32 = 10;

/// Counts the lines of one kind.
#[derive(Debug, Default)]
pub(super) struct Limit {
    began: Option<Instant>,
    told: u32,
    missed: u64,
}

impl Limit {
    /// Whether to log a line now; if so, how many were left out before it.
    pub(super) fn ask(&mut self, now: Instant) -> Option<u64> {
        let fresh = self.began.is_none_or(|began| now.since(began) >= WINDOW);
        if fresh {
            self.began = Some(now);
            self.told = 0;
        }
        if self.told >= LINES {
            self.missed += 1;
            return None;
        }
        self.told += 1;
        Some(core::mem::take(&mut self.missed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_some_lines_and_a_number() {
        let mut limit = Limit::default();
        let at = |seconds| Instant::from_duration(Duration::from_secs(seconds));
        let told = (0..1000).filter(|_| limit.ask(at(5)) == Some(0)).count();
        assert_eq!(told, 10);
        assert_eq!(limit.ask(at(64)), None);
        assert_eq!(limit.ask(at(65)), Some(991));
        assert_eq!(limit.ask(at(66)), Some(0));
    }
}
