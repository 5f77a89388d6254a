//! `test`: everything that CI checks. The tests come last, so that their summary ends the output; those against peers run
//! beside other steps, and what they said comes after all.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::interop::Prepared;
use crate::shell::{Aside, Outcome, Result, cargo, run as call, succeeds, which};
use crate::tree::Tree;
use crate::{dag, features, interop, ledger, new_extension, tidy};

/// A check with its name.
struct Step {
    name: &'static str,
    /// Part of `--quick`.
    quick: bool,
    run: fn(&mut Checks<'_>) -> Result<Outcome>,
}

/// What is checked, and what runs beside the steps.
struct Checks<'a> {
    tree: &'a Tree,
    /// The tests against peers: they wait for timers most of the time, while other steps compile.
    peers: Option<Aside>,
}

/// In this order: cheap ones first, then those that share what `clippy` has compiled, the tests last.
const STEPS: [Step; 12] = [
    Step {
        name: "fmt",
        quick: true,
        run: format,
    },
    Step {
        name: "tidy",
        quick: true,
        run: |checks| tidy::run(checks.tree),
    },
    Step {
        name: "dag",
        quick: true,
        run: |checks| dag::run(checks.tree, false),
    },
    Step {
        name: "ledger",
        quick: true,
        run: |checks| ledger::run(checks.tree, false, false),
    },
    Step {
        name: "clippy",
        quick: true,
        run: clippy,
    },
    Step {
        name: "peers",
        quick: false,
        run: begin_peers,
    },
    Step {
        name: "docs",
        quick: false,
        run: docs,
    },
    Step {
        name: "features",
        quick: false,
        run: |checks| features::facade(checks.tree),
    },
    Step {
        name: "no_std",
        quick: false,
        run: |checks| features::no_std(checks.tree),
    },
    Step {
        name: "new-extension",
        quick: false,
        run: |checks| new_extension::check(checks.tree),
    },
    Step {
        name: "deny",
        quick: false,
        run: deny,
    },
    Step {
        name: "tests",
        quick: false,
        run: tests,
    },
];
const QUICK_TESTS: Step = Step {
    name: "tests",
    quick: true,
    run: quick_tests,
};

/// Runs the steps until one fails.
pub(crate) fn run(tree: &Tree, quick: bool) -> Result<Outcome> {
    let mut checks = Checks { tree, peers: None };
    let outcome = all(&mut checks, quick);
    // also after a failure, so that no peer is left alone
    let Some(peers) = checks.peers.take() else {
        return outcome;
    };
    println!("\n==> what the tests against peers have said");
    let ended = peers.finish();
    let outcome = outcome?;
    ended.map_err(|message| format!("step peers: {message}"))?;
    Ok(outcome)
}

fn all(checks: &mut Checks<'_>, quick: bool) -> Result<Outcome> {
    let mut steps: Vec<&Step> = STEPS.iter().filter(|step| step.quick || !quick).collect();
    if quick {
        steps.push(&QUICK_TESTS);
    }
    let mut done = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n==> {}/{} {}", index + 1, steps.len(), step.name);
        if index + 1 == steps.len() {
            // what comes after the last step's own output would hide its summary
            println!("before it: {}", done.join(", "));
            return (step.run)(checks).map_err(|message| format!("step {}: {message}", step.name));
        }
        let start = now();
        let outcome =
            (step.run)(checks).map_err(|message| format!("step {}: {message}", step.name))?;
        let seconds = now().saturating_sub(start).as_secs_f32();
        match outcome {
            Outcome::Done => {
                println!("{}: done in {seconds:.1} s", step.name);
                done.push(format!("{} {seconds:.0} s", step.name));
            }
            Outcome::Skipped(why) => {
                println!("skipped: {}: {why}", step.name);
                done.push(format!("{} skipped", step.name));
            }
        }
    }
    Ok(Outcome::Done)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool tells how long its steps took"
)]
fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

fn format(checks: &mut Checks<'_>) -> Result<Outcome> {
    call(cargo(checks.tree).args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Done)
}

fn begin_peers(checks: &mut Checks<'_>) -> Result<Outcome> {
    match interop::prepare(checks.tree, interop::ALL, None)? {
        Prepared::Lacking(why) => Ok(Outcome::Skipped(why)),
        Prepared::Ready(mut tests) => {
            // the sign: cargo has let go of the target directory, which the next steps want
            let said = checks.tree.target().join("interop.log");
            checks.peers = Some(Aside::start(&mut tests, &said, "\nrunning ")?);
            Ok(Outcome::Done)
        }
    }
}

fn clippy(checks: &mut Checks<'_>) -> Result<Outcome> {
    call(cargo(checks.tree).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Outcome::Done)
}

fn docs(checks: &mut Checks<'_>) -> Result<Outcome> {
    // libraries only: the binary of ikee-cli and the facade would write to the same place
    call(cargo(checks.tree).env("RUSTDOCFLAGS", "-D warnings").args([
        "doc",
        "--workspace",
        "--no-deps",
        "--lib",
    ]))?;
    Ok(Outcome::Done)
}

fn deny(checks: &mut Checks<'_>) -> Result<Outcome> {
    if which("cargo-deny").is_none() {
        return Ok(Outcome::Skipped(
            "cargo-deny is not installed (cargo install cargo-deny --locked)".into(),
        ));
    }
    if !succeeds(Command::new("cargo-deny").arg("--version")) {
        return Ok(Outcome::Skipped("cargo-deny does not start here".into()));
    }
    call(cargo(checks.tree).args(["deny", "check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::Done)
}

fn tests(checks: &mut Checks<'_>) -> Result<Outcome> {
    // the tests against a peer have had their own step
    call(cargo(checks.tree).env_remove("IKEE_PEERS").args([
        "test",
        "--workspace",
        "--no-fail-fast",
    ]))?;
    Ok(Outcome::Done)
}

fn quick_tests(checks: &mut Checks<'_>) -> Result<Outcome> {
    call(cargo(checks.tree).env_remove("IKEE_PEERS").args([
        "test",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
    ]))?;
    Ok(Outcome::Done)
}
