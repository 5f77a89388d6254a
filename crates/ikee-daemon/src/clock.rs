//! From tokio's clock to the protocol's time, which has no clock.

use core::time::Duration;
use std::time::SystemTime;

use ikee::ext::Instant;

/// The driver's clock: time since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: tokio::time::Instant,
}

/// The time of day: since the beginning of 1970, for certificates.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the daemon is where the clock is read"
)]
pub fn since_1970() -> Duration {
    // a clock before 1970 is as wrong as one that stands there
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self {
            origin: tokio::time::Instant::now(),
        }
    }

    /// Now, as the protocol counts.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_duration(self.origin.elapsed())
    }

    /// A point of the protocol's time, for tokio.
    #[must_use]
    pub fn at(&self, instant: Instant) -> tokio::time::Instant {
        // a deadline that the platform cannot express is as good as a day away
        let far = || self.origin + self.origin.elapsed() + Duration::from_secs(86_400);
        self.origin
            .checked_add(instant.as_duration())
            .unwrap_or_else(far)
    }
}
