//! `demo --all-extensions`: every extension at work, each by a fact of a real exchange.
//!
//! The endpoints, their messages and their cryptography are real; the network is in memory, and time is the demo's own, so that
//! what takes minutes is seen at once.

mod flood;
mod line;
mod modern;
mod plain;
mod silence;
mod sixth;
mod stage;

use std::process::ExitCode;

use ikee_daemon::provider::provider;
use serde::Serialize;

use super::world::DemoError;
use crate::args::DemoArgs;
use crate::output::{FAILED, Style, fail, print};
use line::Act;

/// The JSON document of `demo --all-extensions --json`.
#[derive(Debug, Serialize)]
struct Document {
    /// Version of this document.
    version: u32,
    /// The cryptographic provider.
    provider: &'static str,
    /// Whether every extension did what it is for.
    proven: bool,
    acts: Vec<Act>,
}

/// Plays all acts and prints what came of them.
pub(super) fn run(arguments: &DemoArgs) -> ExitCode {
    let document = match play(arguments) {
        Ok(document) => document,
        Err(error) => return fail(FAILED, &format!("demo: {error}")),
    };
    let printed = if arguments.json {
        match serde_json::to_string_pretty(&document) {
            Ok(json) => print(&format!("{json}\n")),
            Err(error) => return fail(FAILED, &error.to_string()),
        }
    } else {
        print(&page(&document, Style::of_stdout()))
    };
    if document.proven {
        return printed;
    }
    let lines = document.acts.iter().flat_map(|it| &it.lines);
    let missed: Vec<_> = lines
        .filter(|it| !it.proven)
        .map(|it| it.extension)
        .collect();
    fail(
        FAILED,
        &format!("demo: not seen at work: {}", missed.join(", ")),
    )
}

fn play(arguments: &DemoArgs) -> Result<Document, DemoError> {
    let provider = provider(arguments.provider.into())?;
    let acts = vec![
        plain::play(provider)?,
        sixth::play(provider)?,
        flood::play_v1(provider)?,
        silence::play_v1(provider)?,
        modern::play(provider)?,
        flood::play_v2(provider)?,
        silence::play_v2(provider)?,
    ];
    Ok(Document {
        version: 1,
        provider: provider.name,
        proven: acts.iter().flat_map(|it| &it.lines).all(|it| it.proven),
        acts,
    })
}

fn page(document: &Document, style: Style) -> String {
    let mut page = String::new();
    for act in &document.acts {
        page.push_str(&style.bold(&format!("{}: {}", act.ike, act.title)));
        page.push('\n');
        for line in &act.lines {
            let mark = if line.proven {
                style.green("✓")
            } else {
                "✗".to_owned()
            };
            page.push_str(&format!("  {mark} {:<16} {}\n", line.extension, line.fact));
        }
    }
    page
}
