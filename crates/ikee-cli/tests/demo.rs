//! `ikee demo` as a user types it, and what Wireshark makes of its capture.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ikee"));
    command
        .arg("demo")
        .args(arguments)
        .output()
        .expect("the program was built")
}

fn document(arguments: &[&str]) -> Value {
    let output = demo(&[&["--json"], arguments].concat());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ikee-demo-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_demo_negotiates_sends_a_thousand_packets_and_hangs_up() {
    let output = demo(&[]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{page}");
    for line in [
        "IKE_SA_INIT request 0",
        "IKE_AUTH response 1",
        "INFORMATIONAL request 2",
        "aes256gcm16-prfsha256-x25519",
        "1000 of 1000 came through ESP in UDP intact",
        "no SA is left on either side",
    ] {
        assert!(page.contains(line), "{line} is missing:\n{page}");
    }
    assert!(!page.contains('\x1b'), "colours in a pipe");
}

#[test]
fn the_json_document_tells_the_same() {
    let report = document(&[]);
    assert_eq!(report["version"], 1);
    assert_eq!(report["packets"]["sent"], 1000);
    assert_eq!(report["packets"]["intact"], 1000);
    assert_eq!(report["deleted"], true);
    assert_eq!(report["suite"], "aes256gcm16-prfsha256-x25519");
    assert_eq!(report["child"]["suite"], "aes256gcm16");
    let messages = report["messages"].as_array().unwrap();
    let told: Vec<_> = messages
        .iter()
        .map(|message| {
            let text = |key: &str| message[key].as_str().unwrap().to_owned();
            (
                text("from"),
                text("exchange"),
                text("kind"),
                message["message_id"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [("IKE_SA_INIT", 0), ("IKE_AUTH", 1), ("INFORMATIONAL", 2)]
        .into_iter()
        .flat_map(|(exchange, id)| {
            [("initiator", "request"), ("responder", "response")]
                .map(|(from, kind)| (from.to_owned(), exchange.to_owned(), kind.to_owned(), id))
        });
    assert_eq!(told, expected.collect::<Vec<_>>());
    let names: Vec<_> = report["extensions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["fragmentation-v2", "server-address"]);
}

#[test]
fn suites_and_providers_can_be_chosen() {
    for suite in [
        "aes128-sha256-ecp256",
        "aes256-sha384-ecp384",
        "chacha20poly1305-prfsha256-x25519",
    ] {
        let report = document(&["--suite", suite, "--provider", "rustcrypto"]);
        assert_eq!(report["suite"], suite);
        assert_eq!(report["provider"], "rustcrypto");
        assert_eq!(report["packets"]["intact"], 1000);
    }
}

#[test]
fn ports_that_are_taken_are_replaced_by_free_ones() {
    // whoever has them already, another demo perhaps, does as well
    let held = ["127.0.0.1:4500", "127.0.0.2:4500"].map(UdpSocket::bind);
    let report = document(&[]);
    if held.iter().all(Result::is_ok) {
        for side in ["initiator", "responder"] {
            assert!(
                !report[side]["address"].as_str().unwrap().ends_with(":4500"),
                "{report}"
            );
        }
    }
    assert_eq!(report["packets"]["intact"], 1000);
}

#[test]
fn files_that_cannot_be_written_are_one_line_and_exit_code_1() {
    let output = demo(&["--pcap", "/nonexistent/demo.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.starts_with("ikee: demo: cannot write /nonexistent/demo.pcap: "),
        "{stderr}"
    );
}

/// The fields of each frame that matches, one line a frame; nothing if tshark is absent.
fn tshark(
    keys: &Path,
    capture: &Path,
    port: &str,
    filter: &str,
    fields: &[&str],
) -> Option<Vec<String>> {
    let mut command = Command::new("tshark");
    command
        .env("WIRESHARK_CONFIG_DIR", keys)
        .arg("-n")
        .arg("-r")
        .arg(capture);
    for option in [
        "esp.enable_encryption_decode",
        "esp.enable_authentication_check",
        "udp.check_checksum",
        "ip.check_checksum",
    ] {
        command.args(["-o", &format!("{option}:TRUE")]);
    }
    // dissected so by itself on port 4500 only
    command.args([
        "-d",
        &format!("udp.port=={port},udpencap"),
        "-Y",
        filter,
        "-T",
        "fields",
    ]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().ok()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect(),
    )
}

fn port(report: &Value, side: &str) -> String {
    report[side]["address"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned()
}

const SUITES: [&str; 5] = [
    "aes256gcm16-prfsha256-x25519",
    "aes128gcm16-prfsha384-ecp384",
    "aes256-sha256-modp2048",
    "aes128-sha384-ecp256",
    "aes192-sha512-ecp521",
];

#[test]
fn wireshark_reads_the_capture_with_the_key_tables() {
    for suite in SUITES {
        let folder = scratch(suite);
        let (capture, keys) = (folder.join("demo.pcap"), folder.join("keys"));
        let [capture_text, keys_text] = [&capture, &keys].map(|path| path.to_str().unwrap());
        let report = document(&[
            "--pcap",
            capture_text,
            "--keylog",
            keys_text,
            "--suite",
            suite,
        ]);
        for table in ["ikev2_decryption_table", "esp_sa"] {
            assert_eq!(
                fs::metadata(keys.join(table)).unwrap().mode() & 0o777,
                0o600
            );
        }
        let port = port(&report, "initiator");
        let read = |filter, fields: &[&str]| tshark(&keys, &capture, &port, filter, fields);
        let Some(pings) = read("icmp", &["icmp.seq", "esp.icv_good"]) else {
            skipped("tshark is not installed");
            return;
        };
        assert_eq!(pings.len(), 1000, "{suite}: inner packets");
        assert!(
            pings.iter().all(|line| line.ends_with("\t1")),
            "{suite}: {:?}",
            pings.first()
        );
        let identities = read("isakmp.exchangetype == 35", &["isakmp.id.data.user_fqdn"]);
        assert_eq!(
            identities.unwrap(),
            ["alice@demo,bob@demo", "bob@demo"],
            "{suite}: IDs in SK"
        );
        let delete = "isakmp.exchangetype == 37 && isakmp.typepayload == 42";
        assert_eq!(
            read(delete, &["frame.number"]).unwrap().len(),
            1,
            "{suite}: delete in SK"
        );
        let damage = "_ws.malformed || esp.icv_bad == 1 || udp.checksum.status == 0";
        assert_eq!(
            read(damage, &["frame.number"]).unwrap(),
            [""; 0],
            "{suite}: damage"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn skipped(why: &str) {
    println!("skipped: {why}");
}
