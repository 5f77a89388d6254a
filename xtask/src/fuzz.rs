//! `fuzz`: the targets of `tests/fuzz`.

use std::process::Command;

use crate::shell::{Outcome, Result, cargo, run as call, succeeds, which};
use crate::tree::Tree;

/// Manifest of the fuzz package.
const MANIFEST: &str = "tests/fuzz/Cargo.toml";

/// Runs one target, or each in turn, for so many seconds.
pub(crate) fn run(tree: &Tree, target: &str, seconds: u32) -> Result<Outcome> {
    if target == "replay" {
        // the corpus and a number of seeded mutations, as ordinary tests on stable
        call(cargo(tree).args(["test", "--package", "ikee-fuzz"]))?;
        return Ok(Outcome::Done);
    }
    if which("cargo-fuzz").is_none() {
        return Err("cargo-fuzz is not installed: cargo install cargo-fuzz --locked".into());
    }
    let targets = targets(tree)?;
    let chosen: Vec<&String> = targets
        .iter()
        .filter(|name| target == "all" || *name == target)
        .collect();
    if chosen.is_empty() {
        return Err(format!(
            "no fuzz target `{target}`; there are {}",
            targets.join(", ")
        ));
    }
    let nightly = succeeds(Command::new("cargo").args(["+nightly", "--version"]));
    if !nightly {
        println!("no nightly toolchain: without the address sanitizer");
    }
    for name in chosen {
        let mut command = if nightly {
            let mut command = Command::new("cargo");
            command
                .current_dir(tree.root())
                .arg("+nightly")
                .args(["fuzz", "run"]);
            command
        } else {
            let mut command = cargo(tree);
            command.args(["fuzz", "run", "--sanitizer", "none"]);
            command
        };
        command
            // a build of minutes becomes one of an hour with it
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .args(["--fuzz-dir", "tests/fuzz", name, "--"])
            .arg(format!("-max_total_time={seconds}"));
        call(&mut command).map_err(|message| {
            format!("{message}\nthe input lies below tests/fuzz/artifacts/{name}")
        })?;
    }
    Ok(Outcome::Done)
}

/// Names of the binaries of the fuzz package.
fn targets(tree: &Tree) -> Result<Vec<String>> {
    let manifest = tree.toml(MANIFEST)?;
    let binaries = manifest
        .get("bin")
        .and_then(toml::Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(binaries
        .iter()
        .filter_map(|binary| Some(binary.get("name")?.as_str()?.to_owned()))
        .collect())
}
