use core::ops::Add;
use core::time::Duration;

/// A point on the driver's monotonic clock.
///
/// There is no way to ask for the current one: time only ever comes in as an argument.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(Duration);

impl Instant {
    /// The driver's epoch.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// The point `since_epoch` after the driver's epoch.
    #[must_use]
    pub const fn from_duration(since_epoch: Duration) -> Self {
        Self(since_epoch)
    }

    /// The time since the driver's epoch.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// The time that has passed since `earlier`, or zero.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Saturates at the end of time.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(delay))
    }
}
