//! What an operator does to a daemon that runs: reload, watch, ask.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use super::*;

/// Two daemons and the configuration of the first.
fn pair(test: &str, more: &str) -> ([Daemon; 2], String) {
    let (a, b) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let first = configuration(a, b, ["a.example", "b.example"], SECRET);
    let first = first.replace("[daemon]\n", &format!("[daemon]\n{more}"));
    let second = configuration(b, a, ["b.example", "a.example"], SECRET);
    let daemons = [
        Daemon::start(test, "a", &first),
        Daemon::start(test, "b", &second),
    ];
    (daemons, first)
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    let line = text(&output.stderr);
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

const EXTRA: &str = r#"
[connections.extra]
remote = "127.0.0.9"
local_id = "a.example"
remote_id = "c.example"
psk = "another"
[connections.extra.children.net]
"#;

#[test]
fn a_reload_changes_what_has_changed_and_leaves_the_rest_alone() {
    let ([a, b], first) = pair("reload", "");
    done(&a.control(&["up", "peer"]));
    let before = a.status()["sas"][0]["spis"].clone();
    a.configure(&format!("{first}{EXTRA}"));
    assert_eq!(
        done(&a.control(&["reload", "--check"])),
        "will add 1, change 0, drop 0; 1 stay; new: extra\n"
    );
    assert!(!done(&a.control(&["list"])).contains("extra"));
    assert_eq!(
        done(&a.control(&["reload"])),
        "reloaded: add 1, change 0, drop 0; 1 stay; new: extra\n"
    );
    assert_eq!(a.status()["sas"][0]["spis"], before, "it was left alone");
    let list = done(&a.control(&["list"]));
    assert!(
        list.contains("peer   2    established  a.example  b.example")
            && list.contains("extra  2    down"),
        "{list}"
    );
    // a changed secret counts, even of the same length, and so does what needs a restart
    let changed = format!("{first}{EXTRA}").replace("another", "anothEr");
    a.configure(&changed.replace("tun = \"none\"", "tun = \"none\"\nmtu = 1400"));
    assert_eq!(
        done(&a.control(&["reload"])),
        "reloaded: add 0, change 1, drop 0; 1 stay; changed: extra; after a restart: mtu\n"
    );
    assert_eq!(a.status()["sas"][0]["spis"], before, "it was left alone");
    // SIGHUP does the same
    a.configure(&first.replace("tries = 3", "tries = 4"));
    a.signal(rustix::process::Signal::HUP);
    a.logs("reloaded: add 0, change 1, drop 1; 0 stay; changed: peer; gone: extra");
    for _ in 0..200 {
        let sas = a.status()["sas"].clone();
        if sas[0]["state"] == "established" && sas[0]["spis"] != before {
            assert_eq!(b.status()["sas"].as_array().unwrap().len(), 1);
            assert!(b.log().contains("IKE SA closed: deleted by the peer"));
            return;
        }
        sleep(Duration::from_millis(25));
    }
    panic!("what was up is not up again: {}", a.log());
}

#[test]
fn a_bad_new_configuration_is_one_line_and_the_old_one_stays() {
    let ([a, _b], first) = pair("refuse", "");
    done(&a.control(&["up", "peer"]));
    let before = a.status()["sas"].clone();
    a.configure(&first.replace("local_id", "locul_id"));
    for arguments in [&["reload"][..], &["reload", "--check"]] {
        let line = refused(&a.control(arguments), 2);
        assert!(
            line.contains("the old configuration stays: ") && line.contains("`locul_id`"),
            "{line}"
        );
    }
    a.signal(rustix::process::Signal::HUP);
    a.logs("the old configuration stays");
    assert_eq!(a.status()["sas"][0]["spis"], before[0]["spis"]);
    assert_eq!(done(&a.control(&["down", "peer"])), "peer is down\n");
}

#[test]
fn events_tell_what_happens_as_it_happens() {
    let ([a, b], _) = pair("events", "");
    let follow = |arguments: &[&str]| {
        let mut process = Command::new(env!("CARGO_BIN_EXE_ikee"))
            .arg("events")
            .args(arguments)
            .arg("--socket")
            .arg(a.socket())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        (process, lines)
    };
    let (mut people, mut told) = follow(&[]);
    let (mut program, mut lines) = follow(&["--json"]);
    // both have asked when the daemon has answered a later request
    sleep(Duration::from_millis(300));
    done(&a.control(&["up", "peer"]));
    done(&a.control(&["down", "peer"]));
    let log = a.end();
    let mut seen = Vec::new();
    for line in lines.by_ref() {
        let news: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(news["version"], 1);
        assert!(news["time"].as_u64().unwrap() > 1_600_000_000_000);
        if news["event"] == "established" {
            assert_eq!(news["connection"], "peer");
            assert_eq!(news["spis"][0].as_str().unwrap().len(), 16);
        }
        seen.push(news["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        seen,
        ["established", "child-up", "child-down", "closed", "ending"],
        "{log}"
    );
    assert!(program.wait().unwrap().success());
    let first = told.next().unwrap().unwrap();
    assert!(
        first.contains("Z  established    peer  IKE SA established as initiator"),
        "{first}"
    );
    people.wait().unwrap();
    drop(b);
}

#[test]
fn the_log_level_can_be_told_and_changed() {
    let ([a, _b], _) = pair("level", "");
    assert_eq!(done(&a.control(&["log-level"])), "debug\n");
    assert_eq!(done(&a.control(&["log-level", "warn"])), "warn\n");
    assert_eq!(a.status()["log_level"], "warn");
    let before = a.log();
    done(&a.control(&["up", "peer"]));
    assert_eq!(a.log(), before, "nothing to warn of");
    assert_eq!(done(&a.control(&["log-level", "trace"])), "trace\n");
    done(&a.control(&["down", "peer"]));
    assert!(a.log().contains("INFORMATIONAL"), "{}", a.log());
    assert_eq!(a.control(&["log-level", "loud"]).status.code(), Some(2));
}

fn get(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_are_served_where_the_configuration_says() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let ([a, _b], _) = pair("metrics", &format!("metrics = \"127.0.0.1:{port}\"\n"));
    done(&a.control(&["up", "peer"]));
    let page = get(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    for line in [
        r#"ikee_handshakes_total{role="initiator",result="established",reason=""} 1"#,
        "ikee_handshake_seconds_count 1",
        "ikee_connections_configured 1",
        "ikee_connections_up 1",
        "ikee_half_open 0",
        "ikee_children 1",
        r#"ikee_esp_packets_total{connection="peer",direction="in"} 0"#,
        "ikee_bugs_total 0",
        "# EOF",
    ] {
        assert!(page.lines().any(|it| it == line), "{line}\n{page}");
    }
    let other = get(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 404 "), "{other}");
    let post = get(
        port,
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    let garbage = get(port, "\0\x01\r\n\r\n");
    assert!(garbage.starts_with("HTTP/1.1 400 "), "{garbage}");
    done(&a.control(&["down", "peer"]));
}

#[test]
fn a_connection_that_is_not_up_has_no_keys_to_replace() {
    let ([a, _b], _) = pair("rekey", "");
    let line = refused(&a.control(&["rekey", "peer"]), 1);
    assert_eq!(
        line,
        "ikee: peer is not up; bring it up with: ikee up peer\n"
    );
    assert_eq!(a.control(&["rekey", "pear"]).status.code(), Some(2));
}

#[test]
fn a_connection_gets_new_keys_for_its_children_its_ike_sa_and_altogether() {
    let ([a, b], _) = pair("newkeys", "");
    done(&a.control(&["up", "peer"]));
    let spis = || {
        let status = a.status();
        let sa = &status["sas"][0];
        assert_eq!(status["sas"].as_array().unwrap().len(), 1, "{status}");
        (sa["spis"].clone(), sa["children"][0]["spis"].clone())
    };
    let first = spis();
    assert!(a.status()["sas"][0]["rekey_in"].as_u64().unwrap() > 10_000);
    assert_eq!(done(&a.control(&["rekey", "peer"])), "peer has new keys\n");
    let second = spis();
    assert!(second.0 == first.0 && second.1 != first.1);
    assert_eq!(
        done(&a.control(&["rekey", "--ike", "peer"])),
        "peer has new keys\n"
    );
    let third = spis();
    assert!(third.0 != second.0 && third.1 == second.1);
    let anew = a.control(&["rekey", "--reauthenticate", "peer"]);
    assert_eq!(done(&anew), "peer has new keys and fresh proofs\n");
    assert_eq!(done(&a.control(&["down", "peer"])), "peer is down\n");
    assert_eq!(b.status()["sas"], Value::Array(Vec::new()));
}

#[test]
fn watching_shows_the_status_again_and_again() {
    let ([a, _b], _) = pair("watch", "");
    let mut process = Command::new(env!("CARGO_BIN_EXE_ikee"))
        .args(["status", "--watch", "--json", "--socket"])
        .arg(a.socket())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    for line in lines.take(2) {
        let status: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(status["sas"], Value::Array(Vec::new()));
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

/// B18 of the catalogue of bad input: one who asks for events and does not read them.
#[test]
fn a_reader_of_events_that_does_not_read_costs_nothing_and_is_dropped() {
    let ([a, _b], _) = pair("slow", "");
    let mut lazy = UnixStream::connect(a.socket()).unwrap();
    lazy.write_all(b"{\"version\":1,\"command\":\"events\"}\n")
        .unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ports: Value = a.status()["listen"].clone();
    let port: std::net::SocketAddr = ports[0].as_str().unwrap().parse().unwrap();
    // an IKE_SA_INIT request that proposes nothing is answered with an error, and told
    let mut request = [0; 28];
    request[17] = 0x20;
    request[18] = 34;
    request[19] = 8;
    request[27] = 28;
    for number in 1..20_000_u64 {
        request[..8].copy_from_slice(&number.to_be_bytes());
        stranger.send_to(&request, port).unwrap();
        if number % 64 == 0 {
            sleep(Duration::from_millis(2));
            if a.log().contains("was too slow, and is dropped") {
                done(&a.control(&["up", "peer"]));
                return;
            }
        }
    }
    panic!("it was never dropped");
}
