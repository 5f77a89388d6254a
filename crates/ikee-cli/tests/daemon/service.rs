//! The daemon as a service: what it tells the service manager, what it may, how it logs.

use std::os::unix::net::UnixDatagram;

use super::*;

fn alone(more: &str) -> String {
    let (here, nobody) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let text = configuration(here, nobody, ["a.example", "b.example"], SECRET);
    text.replace("[daemon]\n", &format!("[daemon]\n{more}"))
}

#[test]
fn the_service_manager_hears_of_readiness_reloads_life_and_the_end() {
    let path = std::env::temp_dir().join(format!("ikee-notify-{}", std::process::id()));
    let manager = UnixDatagram::bind(&path).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let heard = |wanted: &str| {
        let mut buffer = [0; 512];
        loop {
            let length = manager.recv(&mut buffer).unwrap();
            let text = text(&buffer[..length]);
            if text.lines().any(|line| line == wanted) {
                return text;
            }
            assert!(!text.contains("STOPPING"), "{wanted} did not come: {text}");
        }
    };
    let a = Daemon::start_with("notify", "a", &alone(""), |command| {
        command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "400000");
    });
    assert!(heard("READY=1").contains("STATUS=1 connections configured"));
    heard("WATCHDOG=1");
    a.signal(rustix::process::Signal::HUP);
    assert!(heard("RELOADING=1").contains("MONOTONIC_USEC="));
    heard("READY=1");
    a.signal(rustix::process::Signal::TERM);
    heard("STOPPING=1");
    drop(a);
    fs::remove_file(path).unwrap();
}

#[test]
fn json_logs_have_a_span_for_each_sa() {
    let a = Daemon::start_with("json", "a", &alone(""), |command| {
        command.args(["--log-format", "json"]);
    });
    assert_eq!(a.control(&["up", "peer"]).status.code(), Some(1));
    let log = a.end();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let failed = |line: &&Value| {
        let message = line["fields"]["message"].as_str();
        message.is_some_and(|it| it.starts_with("no IKE SA with"))
    };
    let failed = lines.iter().find(failed);
    let failed = failed.unwrap_or_else(|| panic!("{log}"));
    assert_eq!(failed["level"], "WARN");
    assert_eq!(failed["span"]["connection"], "peer", "{log}");
    assert!(
        failed["span"]["peer"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:"),
        "{log}"
    );
}

#[test]
#[expect(clippy::print_stdout, reason = "it says why it did nothing")]
fn it_becomes_the_user_that_it_is_told_and_keeps_no_privileges() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    // without a device it needs no capability at all
    let a = Daemon::start("user", "a", &alone("user = \"nobody\"\n"));
    let pid = rustix::process::Pid::from_child(&a.process);
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(field("Uid:"), ["65534"; 4], "{status}");
    assert_eq!(field("NoNewPrivs:"), ["1"], "{status}");
    for set in ["CapEff:", "CapPrm:", "CapInh:", "CapAmb:"] {
        assert_eq!(field(set), ["0000000000000000"], "{status}");
    }
    // root may still use the socket
    assert_eq!(a.control(&["status"]).status.code(), Some(0));
    a.logs("cannot be read");
}

#[test]
fn a_user_that_there_is_not_is_one_line_and_exit_code_1() {
    let path = std::env::temp_dir().join(format!("ikee-nouser-{}.toml", std::process::id()));
    fs::write(&path, alone("user = \"nobody-at-all\"\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["daemon", "--log", "error", "-c"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains("there is no user \"nobody-at-all\""),
        "{stderr}"
    );
    fs::remove_file(path).unwrap();
}
