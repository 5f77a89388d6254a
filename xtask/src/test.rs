//! `test`: everything that CI checks. The tests come last, so that their summary ends the output.

use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::shell::{Outcome, Result, cargo, run as call, succeeds, which};
use crate::tree::Tree;
use crate::{dag, features, fuzz, interop, ledger, tidy, vendor_ids};

/// A check with its name.
struct Step {
    name: &'static str,
    /// Part of `--quick`.
    quick: bool,
    run: fn(&Tree) -> Result<Outcome>,
}

/// In this order: cheap ones first, then those that share what `clippy` has compiled, the tests last.
const STEPS: [Step; 13] = [
    Step {
        name: "fmt",
        quick: true,
        run: format,
    },
    Step {
        name: "tidy",
        quick: true,
        run: tidy::run,
    },
    Step {
        name: "dag",
        quick: true,
        run: |tree| dag::run(tree, false),
    },
    Step {
        name: "ledger",
        quick: true,
        run: |tree| ledger::run(tree, false, false),
    },
    Step {
        name: "clippy",
        quick: true,
        run: clippy,
    },
    Step {
        name: "docs",
        quick: false,
        run: docs,
    },
    Step {
        name: "features",
        quick: false,
        run: features::facade,
    },
    Step {
        name: "no_std",
        quick: false,
        run: features::no_std,
    },
    Step {
        name: "deny",
        quick: false,
        run: deny,
    },
    Step {
        name: "fuzz replay",
        quick: false,
        run: fuzz::replay,
    },
    Step {
        name: "vendor-ids",
        quick: false,
        run: vendor_ids::check_all,
    },
    Step {
        name: "interop",
        quick: false,
        run: |tree| interop::run(tree, interop::ALL, None),
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
            return (step.run)(tree).map_err(|message| format!("step {}: {message}", step.name));
        }
        let start = now();
        let outcome =
            (step.run)(tree).map_err(|message| format!("step {}: {message}", step.name))?;
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

fn format(tree: &Tree) -> Result<Outcome> {
    call(cargo(tree).args(["fmt", "--all", "--check"]))?;
    if fuzz::exists(tree) {
        call(cargo(tree).args(["fmt", "--manifest-path", fuzz::MANIFEST, "--check"]))?;
    }
    Ok(Outcome::Done)
}

fn clippy(tree: &Tree) -> Result<Outcome> {
    call(cargo(tree).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Outcome::Done)
}

fn docs(tree: &Tree) -> Result<Outcome> {
    // libraries only: the binary of ikee-cli and the facade would write to the same place
    call(cargo(tree).env("RUSTDOCFLAGS", "-D warnings").args([
        "doc",
        "--workspace",
        "--no-deps",
        "--lib",
    ]))?;
    Ok(Outcome::Done)
}

fn deny(tree: &Tree) -> Result<Outcome> {
    if which("cargo-deny").is_none() {
        return Ok(Outcome::Skipped(
            "cargo-deny is not installed (cargo install cargo-deny --locked)".into(),
        ));
    }
    if !succeeds(Command::new("cargo-deny").arg("--version")) {
        return Ok(Outcome::Skipped("cargo-deny does not start here".into()));
    }
    call(cargo(tree).args(["deny", "check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::Done)
}

fn tests(tree: &Tree) -> Result<Outcome> {
    // the tests against a peer have had their own step
    call(
        cargo(tree)
            .env_remove("IKEE_PEERS")
            .args(["test", "--workspace", "--no-fail-fast"]),
    )?;
    Ok(Outcome::Done)
}

fn quick_tests(tree: &Tree) -> Result<Outcome> {
    call(cargo(tree).env_remove("IKEE_PEERS").args([
        "test",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
    ]))?;
    Ok(Outcome::Done)
}
