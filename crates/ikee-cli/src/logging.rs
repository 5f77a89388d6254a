//! The daemon's log: to stderr, as text or JSON, with a level that can be changed.

use std::io::{self, IsTerminal as _};

use ikee_daemon::Log;
use ikee_daemon::control::LogLevel;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt, registry, reload};

use crate::args::LogFormat;

/// Starts to log, once in a process.
pub(crate) fn to_stderr(level: LogLevel, format: LogFormat) -> Log {
    let (filter, handle) = reload::Layer::new(filter(level));
    let layer = match format {
        LogFormat::Text => fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            .with_target(false)
            .boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .with_writer(io::stderr)
            .with_target(false)
            .with_span_list(false)
            .boxed(),
    };
    registry().with(filter).with(layer).init();
    // what a panic says may hold anything, its place does not
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) => tracing::error!("panic at {place}"),
        None => tracing::error!("panic"),
    }));
    let set = move |level| {
        // it fails only where the subscriber is gone, and with it the log
        handle.reload(self::filter(level)).unwrap_or_default();
    };
    Log {
        level,
        set: Some(Box::new(set)),
    }
}

const fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
        _ => LevelFilter::INFO,
    }
}
