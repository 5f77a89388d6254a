//! `demo`: two endpoints negotiate over loopback, send packets through ESP, and hang up.
//!
//! The sockets, the ESP and the messages are real; only the inner packets come from memory.

mod all;
mod cast;
mod endpoint;
mod inner;
mod making;
mod records;
mod report;
mod side;
mod text;
mod uses;
mod world;

use std::process::ExitCode;

use crate::args::DemoArgs;
use crate::output::{FAILED, Style, USAGE, fail, print};

pub(crate) use world::DemoError;

/// Runs the demo and prints what happened.
pub(crate) fn run(arguments: &DemoArgs) -> ExitCode {
    if arguments.all_extensions {
        return all::run(arguments);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(FAILED, &format!("demo: {error}")),
    };
    let report = match runtime.block_on(world::play(arguments)) {
        Ok(report) => report,
        Err(error @ DemoError::Suite(_)) => return fail(USAGE, &format!("demo: {error}")),
        Err(error) => return fail(FAILED, &format!("demo: {error}")),
    };
    if arguments.json {
        return match serde_json::to_string_pretty(&report) {
            Ok(json) => print(&format!("{json}\n")),
            Err(error) => fail(FAILED, &error.to_string()),
        };
    }
    print(&text::page(&report, Style::of_stdout()))
}
