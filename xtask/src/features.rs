//! `features`: the facade with no feature, each alone and all of them; the crates below it without std.

use std::path::Path;
use std::process::Command;

use toml::Value;

use crate::dag::{Kind, is_no_std, kind};
use crate::shell::{Outcome, Result, cargo, run as call};
use crate::tree::Tree;

const FACADE: &str = "crates/ikee/Cargo.toml";
/// Targets without an operating system; the first that is installed is taken.
const BARE: [&str; 3] = [
    "thumbv7em-none-eabihf",
    "aarch64-unknown-none",
    "x86_64-unknown-none",
];

/// Both checks.
pub(crate) fn run(tree: &Tree) -> Result<Outcome> {
    facade(tree)?;
    no_std(tree)
}

/// Checks the facade with its feature sets.
pub(crate) fn facade(tree: &Tree) -> Result<Outcome> {
    let manifest = tree.toml(FACADE)?;
    let features = manifest.get("features").and_then(Value::as_table);
    let features = features.ok_or_else(|| format!("{FACADE}: no [features]"))?;
    let check = ["check", "--quiet", "--package", "ikee"];
    call(cargo(tree).args(check).arg("--no-default-features"))?;
    for feature in features.keys().filter(|feature| *feature != "default") {
        call(
            cargo(tree)
                .args(check)
                .args(["--no-default-features", "--features", feature]),
        )?;
    }
    call(cargo(tree).args(check).arg("--all-features"))?;
    Ok(Outcome::Done)
}

/// Checks the crates that promise to need no std, for a bare target where one is installed.
pub(crate) fn no_std(tree: &Tree) -> Result<Outcome> {
    let packages = tree.packages()?;
    let names: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .filter(|name| is_no_std(name))
        .collect();
    let check = ["check", "--quiet", "--lib", "--no-default-features"];
    call(cargo(tree).args(check).args(select(&names)))?;
    let Some(target) = BARE.into_iter().find(|target| installed(tree, target)) else {
        println!(
            "skipped: no bare target is installed (rustup target add {}), checked for the host only",
            BARE[0]
        );
        return Ok(Outcome::Done);
    };
    // a provider's generator asks the operating system, so a bare target needs another provider
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| kind(name) != Some(Kind::Provider))
        .collect();
    call(
        cargo(tree)
            .args(check)
            .args(["--target", target])
            .args(select(&names)),
    )?;
    Ok(Outcome::Done)
}

fn select<'a>(names: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    names.iter().flat_map(|name| ["--package", name])
}

/// True when the toolchain has the target's `core`.
fn installed(tree: &Tree, target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    let output = rustc
        .current_dir(tree.root())
        .args(["--print", "target-libdir", "--target", target])
        .output();
    output.is_ok_and(|output| {
        let directory = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(directory.trim()).is_dir()
    })
}
