//! `daemon`: the runtime library behind a configuration file and a log.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;

use ikee_daemon::config::{self, EXAMPLE};
use tracing::level_filters::LevelFilter;

use crate::args::{DaemonArgs, Level};
use crate::output::{FAILED, USAGE, fail, print};

pub(crate) fn run(arguments: &DaemonArgs) -> ExitCode {
    match &arguments.config {
        Some(path) => configured(arguments, path),
        None => print(EXAMPLE),
    }
}

fn configured(arguments: &DaemonArgs, path: &Path) -> ExitCode {
    let mut settings = match config::load(path) {
        Ok(settings) => settings,
        Err(error) => return fail(USAGE, &error.to_string()),
    };
    if arguments.check {
        let count = settings.endpoint.connections.len();
        return print(&format!(
            "{}: fine, {count} connection(s)\n",
            path.display()
        ));
    }
    if let Some(folder) = &arguments.keylog {
        settings.runtime.key_log_dir = Some(folder.clone());
        settings.endpoint.key_log = true;
    }
    log_to_stderr(arguments.log);
    match ikee_daemon::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, &error.to_string()),
    }
}

fn log_to_stderr(level: Level) {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .with_max_level(level)
        .with_target(false)
        .init();
}
