//! `explain`: why the last negotiation failed, and what to change on which side.

use core::fmt::Write as _;
use std::process::ExitCode;

use ikee_daemon::control::{Advice, Command, Comparison, FailureReport, Side};

use crate::args::ExplainArgs;
use crate::client::{SHORT, json, question};
use crate::output::{Style, print};
use crate::status::duration;

pub(crate) fn run(arguments: &ExplainArgs) -> ExitCode {
    let command = Command::Explain {
        name: arguments.name.clone(),
    };
    let response = match question(&arguments.socket, command, SHORT) {
        Ok(response) => response,
        Err(code) => return code,
    };
    let failures = response.failures.unwrap_or_default();
    if arguments.json {
        return json(&failures);
    }
    if failures.is_empty() {
        return print(&match &arguments.name {
            Some(name) => format!("{name}: no negotiation has failed since the daemon started\n"),
            None => "no stranger's negotiation has failed since the daemon started\n".to_owned(),
        });
    }
    let style = Style::of_stdout();
    let texts: Vec<String> = failures.iter().map(|it| text(it, style)).collect();
    print(&texts.join("\n"))
}

/// One failure as text.
fn text(failure: &FailureReport, style: Style) -> String {
    let mut out = String::new();
    let name = failure.connection.as_deref().unwrap_or("a stranger");
    line(
        &mut out,
        &format!("{}: {}", style.bold(name), failure.summary),
    );
    line(
        &mut out,
        &style.dim(&format!("  {}", circumstances(failure))),
    );
    if failure.overcome {
        line(&mut out, "  It has come up since.");
    }
    if let Some(windows) = &failure.windows {
        line(&mut out, &format!("  The peer is {windows}."));
    }
    for reason in &failure.reasons {
        line(&mut out, &format!("  Said at that time: {reason}."));
    }
    if !failure.vendor_ids.is_empty() {
        line(
            &mut out,
            &format!(
                "  The peer says of itself: {}.",
                failure.vendor_ids.join(", ")
            ),
        );
    }
    if !failure.candidates.is_empty() {
        line(
            &mut out,
            &format!(
                "  Meant for one of these, perhaps: {}.",
                failure.candidates.join(", ")
            ),
        );
    }
    if !failure.comparisons.is_empty() {
        out.push('\n');
    }
    let widths = failure.comparisons.iter().map(|it| it.item.len());
    let width = widths.max().unwrap_or_default();
    for comparison in &failure.comparisons {
        line(&mut out, &compared(comparison, width, style));
    }
    for (number, advice) in failure.advice.iter().enumerate() {
        out.push('\n');
        advised(&mut out, number + 1, advice, failure, style);
    }
    out
}

fn circumstances(failure: &FailureReport) -> String {
    let often = match failure.count {
        0 | 1 => String::new(),
        count => format!(", {count} times"),
    };
    format!(
        "{} ago, in {} with {}, we as {}{often}",
        duration(failure.age),
        failure.exchange,
        failure.remote,
        failure.role
    )
}

fn compared(comparison: &Comparison, width: usize, style: Style) -> String {
    let list = |items: &[String]| match items {
        [] => "none".to_owned(),
        _ => items.join(", "),
    };
    let mut out = format!(
        "  {:<width$}  ours: {}",
        comparison.item,
        list(&comparison.ours)
    );
    match &comparison.theirs {
        None => out.push_str("   theirs: not told"),
        Some(theirs) => {
            let common = list(&comparison.common);
            let common = if comparison.differs() {
                style.bold(&common)
            } else {
                common
            };
            // a String takes everything
            write!(out, "   theirs: {}   common: {common}", list(theirs)).unwrap_or_default();
        }
    }
    out
}

fn advised(out: &mut String, number: usize, advice: &Advice, about: &FailureReport, style: Style) {
    let place = match advice.side {
        Side::Here => "here",
        Side::There if about.windows.is_some() => "at the peer (Windows)",
        Side::There => "at the peer",
        _ => "on the way",
    };
    line(
        out,
        &format!("  {number}. {}: {}", style.bold(place), advice.text),
    );
    for command in advice.command.iter().flat_map(|it| it.lines()) {
        line(out, &format!("       {}", style.green(command)));
    }
}

fn line(text: &mut String, what: &str) {
    text.push_str(what);
    text.push('\n');
}
