//! A search on all cores, with progress and an orderly end.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use ikee::cga::{Search, Sec};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

/// Tries between two looks at the others; some milliseconds.
const SLICE: u32 = 1 << 14;

/// How a search ended.
pub(super) enum End {
    Found([u8; 16]),
    /// By a signal or the limit.
    Interrupted,
}

/// Runs a search until it has found a modifier, a signal comes or `limit` tries are made; `save` is told every ten seconds
/// how many tries are made, and in the end.
pub(super) fn run(
    search: &mut Search,
    sec: Sec,
    (threads, limit): (usize, Option<u64>),
    save: impl FnMut(u64) -> Result<(), String>,
) -> Result<End, String> {
    let began = search.tries();
    let until = limit.map_or(u64::MAX, |it| began.saturating_add(it));
    let shared = Mutex::new(search);
    let stop = AtomicBool::new(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let watched = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| work(&shared, &stop, until)))
            .collect();
        let watch = Watch {
            shared: &shared,
            stop: &stop,
            progress: Progress::new(sec, began),
        };
        let idle = || {
            workers
                .iter()
                .all(std::thread::ScopedJoinHandle::is_finished)
        };
        let watched = runtime.block_on(watch.run(idle, save));
        stop.store(true, Ordering::Relaxed);
        watched
    });
    watched?;
    let search = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(search.found().map_or(End::Interrupted, End::Found))
}

/// One thread: slices until somebody has found a modifier or it is enough.
fn work(shared: &Mutex<&mut Search>, stop: &AtomicBool, until: u64) {
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let mut hash = lock().hash2();
    while !stop.load(Ordering::Relaxed) {
        let slice = {
            let mut search = lock();
            if search.found().is_some() || search.tries() >= until {
                return;
            }
            search.take(SLICE)
        };
        let found = hash.try_all(&slice);
        lock().done(slice, found);
    }
}

/// The thread that waits for the others.
struct Watch<'a, 'b> {
    shared: &'a Mutex<&'b mut Search>,
    stop: &'a AtomicBool,
    progress: Progress,
}

impl Watch<'_, '_> {
    async fn run(
        mut self,
        idle: impl Fn() -> bool,
        mut save: impl FnMut(u64) -> Result<(), String>,
    ) -> Result<(), String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals: {error}"));
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        let mut saved = Instant::now();
        while !idle() {
            tokio::select! {
                _ = interrupt.recv() => self.stop.store(true, Ordering::Relaxed),
                _ = terminate.recv() => self.stop.store(true, Ordering::Relaxed),
                _ = tick.tick() => {}
            }
            self.progress.show(self.tries());
            if saved.elapsed() >= Duration::from_secs(10) {
                saved = Instant::now();
                save(self.tries())?;
            }
        }
        self.progress.end();
        save(self.tries())
    }

    fn tries(&self) -> u64 {
        let search = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        search.tries()
    }
}

/// How far it is, on stderr: a line that changes on a terminal, else one every ten seconds.
struct Progress {
    sec: Sec,
    began: (Instant, u64),
    shown: Instant,
    terminal: bool,
    /// Whether there is a line to end.
    open: bool,
}

impl Progress {
    fn new(sec: Sec, tries: u64) -> Self {
        let now = Instant::now();
        Self {
            sec,
            began: (now, tries),
            shown: now,
            terminal: io::stderr().is_terminal(),
            open: false,
        }
    }

    fn show(&mut self, tries: u64) {
        let every = if self.terminal { 500 } else { 10_000 };
        if self.shown.elapsed() < Duration::from_millis(every) {
            return;
        }
        self.shown = Instant::now();
        let rate = per_second(tries.saturating_sub(self.began.1), self.began.0.elapsed());
        let line = format!(
            "{} tries, {} a second; sec {} takes {} on average, however long it has taken",
            grouped(tries),
            grouped(rate),
            self.sec,
            lasting(self.sec.expected_time(rate)),
        );
        let mut stderr = io::stderr().lock();
        // nobody has to read it
        drop(if self.terminal {
            self.open = true;
            write!(stderr, "\r{line}\x1b[K").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{line}")
        });
    }

    fn end(&self) {
        if self.open {
            drop(writeln!(io::stderr().lock()));
        }
    }
}

/// How many tries a second all threads together make with a key of that size; a tenth of a second's measurement.
pub(super) fn rate(public_key: &[u8], threads: usize) -> u64 {
    let Ok(mut search) = Search::new(Sec::TWO, public_key, &[], [0; 16]) else {
        return 0;
    };
    let mut hash = search.hash2();
    let began = Instant::now();
    let mut tries = 0_u64;
    while began.elapsed() < Duration::from_millis(100) {
        let slice = search.take(SLICE);
        let found = hash.try_all(&slice);
        search.done(slice, found);
        tries += u64::from(SLICE);
    }
    per_second(tries, began.elapsed()).saturating_mul(threads as u64)
}

fn per_second(tries: u64, time: Duration) -> u64 {
    let micros = time.as_micros().max(1);
    let rate = u128::from(tries) * 1_000_000 / micros;
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// With a comma after every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration in the unit that suits it.
pub(super) fn lasting(time: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / MINUTE),
        7200..172_800 => format!("{} h", seconds / HOUR),
        172_800..63_072_000 => format!("{} days", seconds / DAY),
        _ => format!("{} years", grouped(seconds / YEAR)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_the_unit_that_suits_them() {
        let told = |seconds| lasting(Duration::from_secs(seconds));
        assert_eq!(lasting(Duration::from_millis(12)), "12 ms");
        assert_eq!(told(119), "119 s");
        assert_eq!(told(1800), "30 min");
        assert_eq!(told(86_400), "24 h");
        assert_eq!(told(864_000), "10 days");
        assert_eq!(told(1 << 40), "34,865 years");
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(4_294_967_296), "4,294,967,296");
    }
}
