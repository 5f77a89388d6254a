//! The daemon: the cores of both IKEs between UDP sockets, a data plane and the control socket.
//!
//! One task does it all in turn: it waits for a datagram, an inner packet, a request, a deadline
//! or a signal, lets a core or the data plane answer, and carries out what follows.

mod certificates;
mod contain;
mod cores;
mod count;
mod discovery;
mod events;
mod failures;
mod learned;
mod lending;
mod limit;
mod listeners;
mod notes;
mod packets;
mod perform;
mod rekey;
mod reload;
mod report;
mod requests;
mod sas;
mod start;
mod strangers;
mod system;
mod traps;
mod v1;
mod waiters;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use ikee::ext::{ChildId, SaId};
use tokio::signal::unix::Signal;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use crate::clock::Clock;
use crate::config::{Runtime, Settings};
use crate::control::server::{Call, Server};
use crate::control::{LogLevel, Topic, Traffic};
use crate::dns::Dns;
use crate::keylog::KeyTables;
use crate::metrics::Metrics;
use crate::metrics::server::Scrape;
use crate::plane::{DataPlane, News};
use crate::udp::{Batch, Sockets};

use cores::Cores;

pub use start::StartError;

/// How long peers may take to answer our deletes when the daemon ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    cores: Cores,
    clock: Clock,
    runtime: Runtime,
    sockets: Sockets,
    batch: Batch,
    plane: Box<dyn DataPlane>,
    /// What the plane has to say, until a core hears it.
    news: Vec<News>,
    /// Looks at what children carry.
    watch: watch::Watch,
    control: Control,
    signals: Signals,
    book: Book,
    metrics: Metrics,
    log: Log,
    vetting: certificates::Vetting,
    configuration: reload::Configuration,
}

/// The control socket and who waits for an answer.
#[derive(Debug)]
struct Control {
    /// Removes the socket's file when it goes.
    _server: Server,
    calls: mpsc::Receiver<Call>,
    /// Who asks for the metrics, where they are served.
    scrapes: Option<mpsc::Receiver<Scrape>>,
    waiters: Vec<waiters::Waiter>,
    listeners: listeners::Listeners,
}

impl Control {
    async fn scrape(scrapes: &mut Option<mpsc::Receiver<Scrape>>) -> Scrape {
        match scrapes {
            Some(scrapes) => match scrapes.recv().await {
                Some(scrape) => scrape,
                None => core::future::pending().await,
            },
            None => core::future::pending().await,
        }
    }
}

/// How much is logged, and how to change it.
#[expect(clippy::exhaustive_structs, reason = "a level and a knob")]
pub struct Log {
    /// What is logged now.
    pub level: LogLevel,
    /// Changes it. Nothing, where the program cannot.
    pub set: Option<Box<dyn FnMut(LogLevel) + Send>>,
}

impl core::fmt::Debug for Log {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Log")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Signals {
    system: system::System,
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

/// What the daemon knows beside what the cores tell.
#[derive(Debug, Default)]
struct Book {
    sas: BTreeMap<SaId, notes::SaNote>,
    children: BTreeMap<ChildId, notes::ChildNote>,
    /// By connection, what children have carried that are gone: in, out.
    past: BTreeMap<String, (Traffic, Traffic)>,
    limits: strangers::Limits,
    /// Children whose SA is gone without a word; to be removed.
    orphans: Vec<ChildId>,
    failures: failures::Failures,
    key_tables: Option<KeyTables>,
    dns: Dns,
    /// SAs that are gone without a word; to be forgotten.
    lost: Vec<SaId>,
    /// SAs that were made to prove something, and have; their end is no failure.
    proofs: BTreeSet<SaId>,
    /// Datagrams that led to nothing.
    dropped: u64,
    provider: &'static str,
}

/// Why the daemon turns its attention.
#[derive(Debug)]
enum Wake {
    Datagrams(io::Result<()>),
    Plane(io::Result<()>),
    Call(Option<Call>),
    Scrape(Scrape),
    Deadline,
    Look,
    Watchdog,
    Reload,
    Signal(&'static str),
}

/// Runs a daemon until a signal ends it.
///
/// Must be called outside of any tokio runtime: it makes its own.
///
/// # Errors
/// Why it could not start.
pub fn run(settings: Settings, log: Log) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    runtime.block_on(async {
        let daemon = Daemon::start(settings, log).await?;
        daemon.run().await;
        Ok(())
    })
}

impl Daemon {
    /// Where the control socket is.
    #[must_use]
    pub fn control_socket(&self) -> &PathBuf {
        &self.runtime.control
    }

    /// Serves until SIGINT or SIGTERM, then deletes all SAs and takes everything back.
    pub async fn run(mut self) {
        self.set_traps().await;
        for name in core::mem::take(&mut self.configuration.start) {
            self.start_connection(&name).await;
        }
        loop {
            match self.wait().await {
                Wake::Signal(name) => {
                    tracing::info!("{name}: ending");
                    break;
                }
                wake => self.serve(wake).await,
            }
        }
        self.end().await;
    }

    async fn wait(&mut self) -> Wake {
        let deadlines = [self.cores.next_timeout(), self.watch.next()];
        let deadline = deadlines.into_iter().flatten().min();
        let deadline = deadline.map(|deadline| self.clock.at(deadline));
        let Self {
            sockets,
            batch,
            plane,
            control,
            signals,
            vetting,
            ..
        } = self;
        tokio::select! {
            received = sockets.receive(batch) => Wake::Datagrams(received),
            ready = core::future::poll_fn(|cx| plane.poll(cx)) => Wake::Plane(ready),
            call = control.calls.recv() => Wake::Call(call),
            scrape = Control::scrape(&mut control.scrapes) => Wake::Scrape(scrape),
            () = sleep_until(deadline) => Wake::Deadline,
            () = vetting.due() => Wake::Look,
            () = signals.system.watchdog() => Wake::Watchdog,
            _ = signals.hangup.recv() => Wake::Reload,
            _ = signals.interrupt.recv() => Wake::Signal("SIGINT"),
            _ = signals.terminate.recv() => Wake::Signal("SIGTERM"),
        }
    }

    async fn serve(&mut self, wake: Wake) {
        match wake {
            Wake::Datagrams(Ok(())) => {
                let mut rest = self.datagrams(0);
                while let Some(next) = rest {
                    self.perform().await;
                    rest = self.datagrams(next);
                }
            }
            Wake::Datagrams(Err(error)) => tracing::debug!("receive: {error}"),
            Wake::Plane(Ok(())) => self.plane_work(),
            Wake::Plane(Err(error)) => {
                tracing::error!("data plane: {error}");
                // it will not heal in a tight loop
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Wake::Call(Some((command, reply))) => self.request(command, reply).await,
            Wake::Scrape(scrape) => {
                if scrape.send(self.metrics_text()).is_err() {
                    tracing::debug!("metrics: a client left before its answer");
                }
            }
            Wake::Watchdog => system::alive(),
            Wake::Reload => {
                // what became of it is logged
                self.reload(false).await;
            }
            Wake::Call(None) | Wake::Signal(_) => {}
            Wake::Deadline => {
                self.core(Cores::time_out);
                self.watch_traffic();
            }
            Wake::Look => self.look_at_certificates(),
        }
        self.hear_news();
        self.perform().await;
    }

    /// Calls the cores; a bug in there costs the SA it happened on, not the daemon.
    fn core<T>(&mut self, work: impl FnOnce(&mut Cores, ikee::ext::Instant) -> T) -> Option<T> {
        let now = self.clock.now();
        let cores = &mut self.cores;
        let done = contain::contain("endpoint", || work(cores, now));
        if done.is_none() {
            self.sweep();
        }
        done
    }

    /// Says goodbye to every peer, waits a little for their answers, and takes back what the
    /// host would keep.
    async fn end(mut self) {
        system::stopping();
        self.announce(Topic::Ending, "the daemon ends");
        self.core(Cores::shutdown);
        self.perform().await;
        let patience = Instant::now() + FAREWELL;
        while !self.cores.is_idle() {
            let Ok(wake) = tokio::time::timeout_at(patience, self.wait()).await else {
                tracing::warn!("some peers did not answer the delete in time");
                break;
            };
            match wake {
                Wake::Signal(_) => break,
                Wake::Reload => {}
                Wake::Call(Some((_, reply))) => requests::refuse_ending(reply),
                wake => self.serve(wake).await,
            }
        }
        for (reason, count) in self.plane.drops().iter() {
            tracing::debug!("{count} packets without a child were dropped: {reason}");
        }
        self.book.dns.close().await;
        self.plane.close().await;
        // what was told last reaches those who read
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        tracing::info!("ended");
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => core::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
