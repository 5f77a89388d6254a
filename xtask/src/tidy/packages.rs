//! Rules for a package: its files, its manifest, the first lines of its root.

use toml::Value;

use super::Findings;
use crate::dag::{Kind, is_no_std, kind};
use crate::shell::Result;
use crate::source::Source;
use crate::tree::{Package, Tree};

/// What the root of every library of layers 0 to 4 says, with what it is for.
const ROOT: [(&str, &str); 7] = [
    (
        "#![forbid(unsafe_code)]",
        "protocol crates have no unsafe code",
    ),
    (
        "#![doc = include_str!(\"../README.md\")]",
        "the README is the crate's documentation",
    ),
    ("clippy::arithmetic_side_effects", "panic-freedom lints"),
    ("clippy::as_conversions", "panic-freedom lints"),
    ("clippy::indexing_slicing", "panic-freedom lints"),
    ("clippy::unwrap_used", "panic-freedom lints"),
    ("clippy::panic", "panic-freedom lints"),
];
/// What the CHANGELOG of a crate begins with.
const UNRELEASED: &str = "Unreleased";

/// Lines of code of an extension, comments and tests aside: the limit.
const EXTENSION_LIMIT: usize = 600;
/// Extensions that have a limit of their own, because they are two things.
const LARGER: [(&str, usize); 2] = [
    // what it says in IKE, and the table of flows that a data plane asks for every packet
    ("ikee-discovery", 920),
    // when to send fragments, by the timers of three groups of releases, and how to join them
    ("ikee-fragmentation", 850),
];
/// The same for the seam, which is to stay small for ever; a third of it is its test kit.
const SEAM_LIMIT: usize = 1500;

/// Checks every package.
pub(super) fn check(tree: &Tree, packages: &[Package], findings: &mut Findings) -> Result<()> {
    for package in packages {
        files(tree, package, findings)?;
        manifest(package, findings);
        if package.is_published() {
            root(tree, package, findings)?;
            named(tree, package, findings)?;
        }
    }
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "deny.toml",
        ".ci/run",
    ] {
        if !tree.path(file).exists() {
            findings.push(format!("{file} is missing"));
        }
    }
    Ok(())
}

/// Checks the packages that have a size of their own.
pub(super) fn sizes(packages: &[Package], files: &[(String, String)], findings: &mut Findings) {
    for package in packages {
        let limit = match kind(&package.name) {
            Some(Kind::Extension) => {
                let own = LARGER.iter().find(|(name, _)| *name == package.name);
                own.map_or(EXTENSION_LIMIT, |(_, limit)| *limit)
            }
            Some(Kind::Base) if package.name == "ike-ext" => SEAM_LIMIT,
            _ => continue,
        };
        let sources = format!("{}/src/", package.dir);
        let own = files.iter().filter(|(path, _)| path.starts_with(&sources));
        let lines: usize = own
            .map(|(path, text)| Source::new(path, text).statement_lines())
            .sum();
        if lines > limit {
            findings.push(format!(
                "{sources}: {lines} lines of code in {}, {limit} is the limit",
                package.name
            ));
        }
    }
}

fn files(tree: &Tree, package: &Package, findings: &mut Findings) -> Result<()> {
    if !package.is_published() {
        return Ok(());
    }
    for file in ["README.md", "CHANGELOG.md"] {
        let path = format!("{}/{file}", package.dir);
        if !tree.path(&path).exists() {
            findings.push(format!("{path} is missing: every crate has one"));
        } else if file == "README.md" && !tree.read(&path)?.contains("```") {
            findings.push(format!(
                "{path}: no example; a reader wants one before anything else"
            ));
        } else if file == "CHANGELOG.md" && !tree.read(&path)?.contains(UNRELEASED) {
            findings.push(format!("{path}: no section {UNRELEASED}"));
        }
    }
    Ok(())
}

/// The documents at the top name every crate.
fn named(tree: &Tree, package: &Package, findings: &mut Findings) -> Result<()> {
    for (path, name) in [
        ("README.md", &package.dir),
        ("ARCHITECTURE.md", &package.name),
    ] {
        if tree.path(path).exists() && !tree.read(path)?.contains(name.as_str()) {
            findings.push(format!("{path}: {name} is not in it"));
        }
    }
    Ok(())
}

fn manifest(package: &Package, findings: &mut Findings) {
    let path = format!("{}/Cargo.toml", package.dir);
    // the fuzz package is a workspace of its own and inherits nothing
    if package.manifest.contains_key("workspace") {
        return;
    }
    if !inherits(package.manifest.get("lints")) {
        findings.push(format!("{path}: add [lints] workspace = true"));
    }
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for (name, _) in package
            .dependencies(kind)
            .iter()
            .filter(|(_, value)| !inherits(Some(value)))
        {
            findings.push(format!(
                "{path}: {name}: versions stand in the root's [workspace.dependencies]"
            ));
        }
    }
}

fn inherits(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

fn root(tree: &Tree, package: &Package, findings: &mut Findings) -> Result<()> {
    let path = format!("{}/src/lib.rs", package.dir);
    let Some(kind) = kind(&package.name).filter(|kind| {
        matches!(
            kind,
            Kind::Base | Kind::Core | Kind::Extension | Kind::Provider
        )
    }) else {
        return Ok(());
    };
    let text = tree.read(&path)?;
    for (line, purpose) in ROOT.into_iter().filter(|(line, _)| !text.contains(line)) {
        findings.push(format!(
            "{path}: {line} is missing from the crate root ({purpose})"
        ));
    }
    if is_no_std(&package.name) && !text.contains("no_std") {
        findings.push(format!("{path}: #![no_std] is missing from the crate root"));
    }
    if kind == Kind::Core
        && package.name.starts_with("ikev")
        && !text.contains("clippy::wildcard_enum_match_arm")
    {
        findings.push(format!(
            "{path}: a core answers every variant: clippy::wildcard_enum_match_arm is missing"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_ones_own_and_missing_lints_are_found() {
        let text =
            "[package]\nname = \"x\"\n[dependencies]\nnom = \"8\"\ntoml = { workspace = true }\n";
        let package = Package {
            name: "x".into(),
            dir: "crates/x".into(),
            manifest: text.parse().unwrap(),
        };
        let mut found = Vec::new();
        manifest(&package, &mut found);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("[lints]") && found[1].contains("nom"),
            "{found:?}"
        );
    }
}
