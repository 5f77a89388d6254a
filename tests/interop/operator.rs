//! The operator's path of the README, as it stands there: its shell blocks in order, its answer as printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::lab::{say, text};

/// The section that is run.
const SECTION: &str = "## Two hosts, five minutes";

/// The blocks of a language between the section's heading and the next.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let (_, section) = readme.split_once(SECTION).expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let fence = format!("```{language}\n");
    let parts = section.split(&fence).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// What is missing here, if anything is.
pub(crate) fn lacking(binary: Option<&Path>) -> Option<String> {
    let program = |name: &str| {
        let mut command = Command::new(name);
        command
            .arg("-V")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok()
    };
    if !rustix::process::geteuid().is_root() {
        return Some("network namespaces need the superuser".to_owned());
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("no TUN devices here".to_owned());
    }
    let missing = ["ip", "ping", "openssl", "unshare", "bash"]
        .into_iter()
        .find(|name| !program(name));
    match (binary, missing) {
        (_, Some(name)) => Some(format!("there is no {name}")),
        (None, _) => Some("IKEE_BIN is not set; `cargo xtask interop` runs these tests".to_owned()),
        (Some(_), None) => None,
    }
}

#[test]
fn the_readmes_path_for_operators_works_as_it_stands_there() {
    let binary = std::env::var_os("IKEE_BIN").map(PathBuf::from);
    if let Some(why) = lacking(binary.as_deref()) {
        return say(&format!("skipped: the README's path: {why}"));
    }
    let binary = binary
        .and_then(|it| it.canonicalize().ok())
        .expect("the program");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let commands = blocks(&readme, "sh");
    assert!(commands.len() >= 6, "all of its blocks: {commands:#?}");

    let folder = std::env::temp_dir().join(format!("ikee-operator-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    fs::create_dir_all("/run/netns").expect("a folder for namespaces");
    // names of namespaces are this test's own
    let script = format!(
        "mount -t tmpfs none /run/netns\nset -eu\n{}",
        commands.concat()
    );
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = binary.parent().expect("its folder").display().to_string();
    let output = Command::new("timeout")
        .args(["300", "unshare", "--mount", "bash", "-c", &script])
        .current_dir(&folder)
        .env("PATH", format!("{bin}:{path}"))
        .env("NO_COLOR", "1")
        .output()
        .expect("bash");
    let said = text(&output.stdout);
    let logs: String = ["left.log", "right.log"]
        .map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default())
        .concat();
    assert!(
        output.status.success(),
        "{}\n{said}\n{}\n{logs}",
        output.status,
        text(&output.stderr)
    );
    for answer in blocks(&readme, "text") {
        // how long ago it was is another time's
        for line in answer.lines().filter(|line| !line.contains(" s ago, ")) {
            assert!(said.contains(line), "{line:?} in\n{said}");
        }
    }
    assert_eq!(said.matches(" 0% packet loss").count(), 3, "{said}");
    assert!(
        said.contains("groups          ecp256"),
        "what probe says:\n{said}"
    );
    fs::remove_dir_all(&folder).expect("the folder goes");
}
