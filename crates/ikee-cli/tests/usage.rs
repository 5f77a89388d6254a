//! The program as a user types it: configurations, the control socket, exit codes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn ikee(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(arguments)
        .env_remove("IKEE_SOCKET")
        .output()
        .expect("the program was built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ikee-usage-{}-{name}", std::process::id()));
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_bad_configuration_is_one_line_and_exit_code_2() {
    let path = file("bad.toml", "[connections.office]\nremot = \"192.0.2.1\"\n");
    let output = ikee(&["daemon", "-c", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let start = format!(
        "ikee: {}:2:1: unknown field `remot`, expected one of `version`, ",
        path.display()
    );
    assert!(stderr.starts_with(&start), "{stderr}");
    fs::remove_file(path).unwrap();
}

#[test]
fn a_missing_configuration_is_one_line_and_exit_code_2() {
    let output = ikee(&["daemon", "-c", "/nonexistent/ikee.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr).lines().count(), 1);
}

#[test]
fn the_example_passes_the_check() {
    let example = ikee(&["daemon", "--example"]);
    assert!(example.status.success());
    let path = file("example.toml", &text(&example.stdout));
    let output = ikee(&["daemon", "--check", "-c", path.to_str().unwrap()]);
    assert_eq!(
        text(&output.stdout),
        format!("{}: fine, 6 connection(s)\n", path.display())
    );
    assert_eq!(output.status.code(), Some(0));
    fs::remove_file(path).unwrap();
}

#[test]
fn no_daemon_is_exit_code_3_and_says_how_to_start_one() {
    for command in [
        &["up", "office"][..],
        &["down", "office"],
        &["status"],
        &["status", "--json"],
    ] {
        let output = ikee(&[command, &["--socket", "/nonexistent/ikee.sock"]].concat());
        assert_eq!(output.status.code(), Some(3), "{command:?}");
        let stderr = text(&output.stderr);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.contains("/nonexistent/ikee.sock") && stderr.contains("ikee daemon -c FILE"),
            "{stderr}"
        );
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["up"][..],
        &["fly"],
        &["daemon"],
        &["demo", "--suite"],
        &[],
    ] {
        assert_eq!(ikee(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let output = ikee(&["demo", "--suite", "rot13"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("ikee: demo: --suite: "));
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let help = text(&ikee(&["--help"]).stdout);
    for word in [
        "demo",
        "daemon",
        "up",
        "down",
        "rekey",
        "status",
        "list",
        "reload",
        "log-level",
        "events",
        "inspect",
        "Exit codes:",
    ] {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
    let help = text(&ikee(&["daemon", "--help"]).stdout);
    assert!(
        help.contains("[connections.office]") && help.contains("key_log_dir"),
        "{help}"
    );
}

#[test]
fn every_shell_gets_completions_and_every_command_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = ikee(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("log-level"), "{shell}");
    }
    let folder = std::env::temp_dir().join(format!("ikee-man-{}", std::process::id()));
    assert!(ikee(&["man", folder.to_str().unwrap()]).status.success());
    for page in ["ikee.1", "ikee-daemon.1", "ikee-status.1", "ikee-reload.1"] {
        let text = fs::read_to_string(folder.join(page)).unwrap();
        assert!(
            text.starts_with(".ie") && text.contains(".TH ikee"),
            "{text}"
        );
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn metrics_for_other_hosts_are_refused() {
    let path = file("metrics.toml", "[daemon]\nmetrics = \"0.0.0.0:9321\"\n");
    let check = ["daemon", "--check", "-c", path.to_str().unwrap()];
    let output = ikee(&check);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains(":2:11: metrics") && stderr.contains("127.0.0.1:9321"),
        "{stderr}"
    );
    fs::write(&path, "[daemon]\nmetrics = \"127.0.0.1:9321\"\n").unwrap();
    assert_eq!(ikee(&check).status.code(), Some(0));
    fs::remove_file(path).unwrap();
}
