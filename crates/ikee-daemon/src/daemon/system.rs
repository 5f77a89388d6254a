//! What the service manager is told (sd_notify), if there is one.

use core::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// The ties to the service manager.
#[derive(Debug)]
pub(super) struct System {
    watchdog: Option<Interval>,
}

impl System {
    /// With the watchdog that the environment asks for.
    pub(super) fn from_environment() -> Self {
        let watchdog = sd_notify::watchdog_enabled().map(|patience| {
            // twice as often as needed
            let every = (patience / 2).max(Duration::from_millis(1));
            let mut interval = interval_at(Instant::now() + every, every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
        Self { watchdog }
    }

    /// Waits until the watchdog wants a sign of life; for ever, when there is none.
    pub(super) async fn watchdog(&mut self) {
        match &mut self.watchdog {
            Some(interval) => {
                interval.tick().await;
            }
            None => core::future::pending().await,
        }
    }
}

/// It serves.
pub(super) fn ready(connections: usize) {
    let status = format!("{connections} connections configured");
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// It reads its configuration; [`ready`] follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// It ends.
pub(super) fn stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status("taking the SAs down"),
    ]);
}

/// It lives.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(state: &[NotifyState<'_>]) {
    // without a service manager this does nothing
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!("service manager: {error}");
    }
}
