//! What an operator does to connections of IKEv1.

use super::{Daemon, Place, SECRET, Value, configuration, lines, text};
use std::time::Duration;

const NAMES: [&str; 2] = ["a.example", "b.example"];

fn ikev1(here: Place, peer: Place, names: [&str; 2]) -> String {
    configuration(here, peer, names, SECRET)
        .replace("[extensions.fragmentation-v2]\n", "")
        .replace(
            "[connections.peer]\n",
            "[connections.peer]\nversion = \"ikev1\"\n",
        )
}

/// Two daemons and the configuration of the first.
fn pair(test: &str) -> ([Daemon; 2], String) {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let first = ikev1(a, b, NAMES);
    let second = ikev1(b, a, [NAMES[1], NAMES[0]]);
    let daemons = [
        Daemon::start(test, "a", &first),
        Daemon::start(test, "b", &second),
    ];
    (daemons, first)
}

fn done(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.control(arguments);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        text(&output.stderr),
        daemon.log()
    );
    text(&output.stdout)
}

/// Waits until the only SA that stands has other SPIs than these.
fn renewed(daemon: &Daemon, before: &Value) {
    for _ in 0..200 {
        let sas = daemon.status()["sas"].clone();
        let up = sas.as_array().is_some_and(|it| it.len() == 1) && sas[0]["state"] == "established";
        if up && sas[0]["spis"] != *before {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("what was up is not up again: {}", daemon.log());
}

#[test]
fn keys_of_ikev1_are_logged_for_wireshark() {
    let ([a, b], _) = pair("keylog-v1");
    done(&a, &["up", "peer"]);
    for daemon in [&a, &b] {
        assert_eq!(lines(&daemon.folder.join("keys/ikev1_decryption_table")), 1);
        assert_eq!(lines(&daemon.folder.join("keys/esp_sa")), 2);
    }
}

#[test]
fn a_reload_leaves_ikev1_alone_where_nothing_has_changed_and_begins_anew_where_something_has() {
    let ([a, b], first) = pair("reload-v1");
    done(&a, &["up", "peer"]);
    let before = a.status()["sas"][0]["spis"].clone();
    let other = "[connections.extra]\nversion = \"both\"\nremote = \"127.0.0.9\"\nlocal_id = \"a.example\"\n\
        remote_id = \"c.example\"\npsk = \"another\"\n[connections.extra.children.net]\n";
    a.configure(&format!("{first}{other}"));
    assert_eq!(
        done(&a, &["reload"]),
        "reloaded: add 1, change 0, drop 0; 1 stay; new: extra\n"
    );
    assert_eq!(a.status()["sas"][0]["spis"], before, "it was left alone");
    a.configure(&first.replace("tries = 3", "tries = 4"));
    assert_eq!(
        done(&a, &["reload"]),
        "reloaded: add 0, change 1, drop 1; 0 stay; changed: peer; gone: extra\n"
    );
    renewed(&a, &before);
    renewed(&b, &before);
    // without a connection of IKEv1 nothing of it is left
    let second = first.replace("version = \"ikev1\"\n", "");
    a.configure(&second);
    done(&a, &["reload"]);
    b.logs("deleted by the peer");
    let list = done(&a, &["list"]);
    assert!(list.contains("peer  2    "), "{list}");
    assert!(
        b.status()["sas"].as_array().unwrap().is_empty(),
        "{}",
        b.log()
    );
}
