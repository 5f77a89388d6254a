//! `daemon`: the runtime library behind a configuration file and a log.

use std::path::Path;
use std::process::ExitCode;

use ikee_daemon::config::{self, EXAMPLE};

use crate::args::DaemonArgs;
use crate::logging;
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
        let count = settings.connections.len();
        return print(&format!(
            "{}: fine, {count} connection(s)\n",
            path.display()
        ));
    }
    if let Some(folder) = &arguments.keylog {
        settings.write_keys_to(folder.clone());
    }
    let log = logging::to_stderr(arguments.log.into(), arguments.log_format);
    match ikee_daemon::run(settings, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, &error.to_string()),
    }
}
