//! `interop`: tests against other IKE implementations, each in network namespaces of its own.
//!
//! They need the superuser, the lab's scripts (`IKEE_LAB`, or `../shared/lab`) and the peers' programs. Where one of them
//! is missing the command says so in one line and succeeds. The tests find the peers' names, the lab and the program under
//! test in `IKEE_PEERS`, `IKEE_LAB` and `IKEE_BIN`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Outcome, Result, cargo, is_root, run as call, succeeds, urgent_cargo};
use crate::tree::Tree;

/// All peers that are there.
pub(crate) const ALL: &str = "all";
/// Each peer with the program that it needs; a lab may unpack peers beside the system.
const PEERS: [(&str, &str); 3] = [
    ("strongswan", "/usr/lib/ipsec/charon"),
    ("libreswan", "libreswan/usr/libexec/ipsec/pluto"),
    ("openiked", "openiked/usr/sbin/iked"),
];
/// Compiles the tests and the program.
const COMPILE: [&str; 7] = [
    "test",
    "--workspace",
    "--no-run",
    "--test",
    "interop",
    "--test",
    "daemon",
];
/// Where a lab unpacks peers.
const UNPACKED: &str = "/opt/ikelab";

/// Runs the tests against a peer, or [`ALL`] that are there, or those tests whose name contains `filter`.
pub(crate) fn run(tree: &Tree, peer: &str, filter: Option<&str>) -> Result<Outcome> {
    match prepare(tree, peer, filter)? {
        Prepared::Ready(mut tests) => {
            call(&mut tests)?;
            Ok(Outcome::Done)
        }
        Prepared::Lacking(why) => Ok(Outcome::Skipped(why)),
    }
}

/// The tests, compiled; or why there are none.
pub(crate) enum Prepared {
    /// The command that runs them.
    Ready(Command),
    /// What is missing, in one line.
    Lacking(String),
}

/// Compiles the tests against a peer, or [`ALL`] that are there.
pub(crate) fn prepare(tree: &Tree, peer: &str, filter: Option<&str>) -> Result<Prepared> {
    let wanted: Vec<_> = PEERS
        .into_iter()
        .filter(|(name, _)| peer == ALL || *name == peer)
        .collect();
    if wanted.is_empty() {
        let names: Vec<&str> = PEERS.into_iter().map(|(name, _)| name).collect();
        return Err(format!(
            "no peer `{peer}`; there are {}, {ALL}",
            names.join(", ")
        ));
    }
    let lab =
        std::env::var_os("IKEE_LAB").map_or_else(|| tree.path("../shared/lab"), PathBuf::from);
    if let Some(why) = lacking(&lab) {
        return Ok(Prepared::Lacking(why));
    }
    let (there, missing): (Vec<_>, Vec<_>) = wanted
        .into_iter()
        .partition(|(_, program)| is_there(program));
    for (name, _) in missing {
        let install = lab.join("peers-install.sh");
        println!("skipped: {name} is not installed ({})", install.display());
    }
    if there.is_empty() {
        return Ok(Prepared::Lacking("no peer is installed".into()));
    }
    let peers: Vec<&str> = there.into_iter().map(|(name, _)| name).collect();
    let lab = lab
        .canonicalize()
        .map_err(|error| format!("{}: {error}", lab.display()))?;
    // for the whole workspace, so that nothing is compiled again for the other tests; the program under test is made with
    // a test of its own package
    call(cargo(tree).args(COMPILE))?;
    // peers that wait for an answer do not wait for a compiler
    let mut command = urgent_cargo(tree);
    command
        .env("IKEE_PEERS", peers.join(","))
        .env("IKEE_LAB", lab)
        .env("IKEE_BIN", tree.target().join("debug/ikee"));
    command
        .args(["test", "--workspace", "--test", "interop", "--"])
        .args(filter)
        .arg("--nocapture");
    Ok(Prepared::Ready(command))
}

/// Whether a peer's program is installed or unpacked.
fn is_there(program: &str) -> bool {
    let unpacked =
        std::env::var_os("IKELAB_OPT").map_or_else(|| PathBuf::from(UNPACKED), PathBuf::from);
    unpacked.join(program).is_file()
}

/// What is missing for the tests, if anything is.
fn lacking(lab: &Path) -> Option<String> {
    if !lab.join("netns-up.sh").is_file() {
        Some(format!("no lab at {} (IKEE_LAB names it)", lab.display()))
    } else if !is_root() {
        Some("network namespaces need the superuser".into())
    } else if !succeeds(Command::new("unshare").args(["--net", "true"])) {
        Some("network namespaces are not permitted here".into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_lab_is_said_in_one_line() {
        let why = lacking(Path::new("/nowhere")).unwrap();
        assert!(
            why.starts_with("no lab at /nowhere") && !why.contains('\n'),
            "{why}"
        );
    }

    #[test]
    fn an_unknown_peer_is_told_the_known_ones() {
        let Err(message) = run(&Tree::at(Path::new(".")), "windows", None) else {
            panic!("a peer that is none")
        };
        assert!(
            message.contains("strongswan, libreswan, openiked"),
            "{message}"
        );
    }
}
