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
    ports: &[(String, &str)],
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
    // dissected so by themselves on the usual ports only
    for (port, protocol) in ports {
        command.args(["-d", &format!("udp.port=={port},{protocol}")]);
    }
    command.args(["-Y", filter, "-T", "fields"]);
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

/// The port in an address of the initiator's.
fn port(report: &Value, which: &str) -> String {
    report["initiator"][which]
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
        let ports = [(port(&report, "address"), "udpencap")];
        let read = |filter, fields: &[&str]| tshark(&keys, &capture, &ports, filter, fields);
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

#[test]
fn wireshark_reads_ikev1_with_the_key_tables() {
    for suite in [
        "aes256-sha256-modp2048",
        "aes128-sha1-ecp256",
        "3des-sha1-modp2048",
    ] {
        let folder = scratch(&format!("v1-{suite}"));
        let (capture, keys) = (folder.join("demo.pcap"), folder.join("keys"));
        let [capture_text, keys_text] = [&capture, &keys].map(|path| path.to_str().unwrap());
        let report = document(&[
            "--ikev1",
            "--pcap",
            capture_text,
            "--keylog",
            keys_text,
            "--suite",
            suite,
        ]);
        assert_eq!(report["suite"], suite);
        let table = keys.join("ikev1_decryption_table");
        assert_eq!(fs::metadata(table).unwrap().mode() & 0o777, 0o600);
        let ports = [
            (port(&report, "address"), "udpencap"),
            (port(&report, "began_at"), "isakmp"),
        ];
        let read = |filter, fields: &[&str]| tshark(&keys, &capture, &ports, filter, fields);
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
        let main_mode = "isakmp.exchangetype == 2 && isakmp.id.data.user_fqdn";
        assert_eq!(
            read(main_mode, &["isakmp.id.data.user_fqdn"]).unwrap(),
            ["alice@demo", "bob@demo"],
            "{suite}: IDs in main mode"
        );
        let quick_mode = "isakmp.exchangetype == 32 && isakmp.id.data.ipv4_addr";
        assert_eq!(
            read(quick_mode, &["isakmp.id.data.ipv4_addr"]).unwrap(),
            ["10.77.0.2,10.77.0.1"; 2],
            "{suite}: IDs in quick mode"
        );
        let delete = "isakmp.exchangetype == 5 && isakmp.typepayload == 12";
        let deletes = read(delete, &["isakmp.messageid"]).unwrap();
        assert_eq!(deletes.len(), 4, "{suite}: deletes and acknowledgements");
        assert_eq!(deletes[..2], deletes[2..], "{suite}: their message IDs");
        let damage = "_ws.malformed || esp.icv_bad == 1 || udp.checksum.status == 0";
        assert_eq!(
            read(damage, &["frame.number"]).unwrap(),
            [""; 0],
            "{suite}: damage"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn in_ikev1_it_goes_through_main_mode_quick_mode_esp_and_acknowledged_deletes() {
    let output = demo(&["--ikev1"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{page}");
    for line in [
        "Two IKEv1 endpoints",
        "MAIN_MODE 6",
        "QUICK_MODE 3 (",
        "aes256-sha256-modp2048",
        "cookies ",
        "nat-t: RFC 3947; forced",
        "1000 of 1000 came through ESP in UDP intact",
        "reliable-delete: 2 of 2 deletes were acknowledged",
        "no SA is left on either side",
    ] {
        assert!(page.contains(line), "{line} is missing:\n{page}");
    }
    let report = document(&["--ikev1"]);
    assert_eq!(report["ike"], 1);
    assert_eq!(report["child"]["suite"], "aes256-sha256");
    assert_eq!(report["packets"]["intact"], 1000);
    assert_eq!(report["deleted"], true);
    assert_ne!(
        report["initiator"]["began_at"],
        report["initiator"]["address"]
    );
}

#[test]
fn both_sides_behave_as_any_release_of_windows_and_are_recognised() {
    for release in ikee::profile::Release::ALL {
        let report = document(&["--ikev1", "--as", release.word()]);
        let windows = &report["windows"];
        assert_eq!(windows["name"], release.name());
        assert_eq!(windows["right"], true, "{windows}");
        let profile = ikee::profile::windows(*release);
        assert_eq!(report["suite"], profile.phase_1[0]);
        assert_eq!(report["child"]["suite"], profile.phase_2[0]);
        let packets = &report["packets"];
        let udp = profile.nat_t.is_some();
        assert_eq!(packets["intact"], if udp { 1000 } else { 0 }, "{release}");
        assert_eq!(packets["none_because"].is_string(), !udp, "{release}");
        let names = report["extensions"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names.contains(&"nat-t"), udp, "{release}");
        assert_eq!(
            names.contains(&"reliable-delete"),
            profile.delete.nonce,
            "{release}"
        );
        assert_eq!(
            names.contains(&"fragmentation"),
            profile.fragmentation.is_some(),
            "{release}"
        );
        assert_eq!(report["deleted"], true);
    }
    let recognised = document(&["--ikev1", "--as", "windows-7"]);
    assert_eq!(recognised["windows"]["recognised"], "Windows 7");
}

#[test]
fn a_release_that_is_none_is_answered_with_the_list() {
    let output = demo(&["--ikev1", "--as", "windows-me"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let first = stderr.lines().next().unwrap();
    assert!(first.contains("'windows-me'"), "{stderr}");
    for release in ikee::profile::Release::ALL {
        assert!(first.contains(release.word()), "{stderr}");
    }
}

/// Every crate of an extension, less `ikee-`, and the IKE in which it is to be seen.
const EXTENSIONS: [(&str, &str); 19] = [
    ("nat-t", "IKEv1"),
    ("fragmentation", "IKEv1"),
    ("status", "IKEv1"),
    ("reliable-delete", "IKEv1"),
    ("cga", "IKEv1"),
    ("coexistence", "IKEv1"),
    ("failover", "IKEv1"),
    ("discovery", "IKEv1"),
    ("dos", "IKEv1"),
    ("dpd", "IKEv1"),
    ("fragmentation-v2", "IKEv2"),
    ("server-address", "IKEv2"),
    ("pcscf", "IKEv2"),
    ("realm", "IKEv2"),
    ("xbox", "IKEv2"),
    ("status", "IKEv2"),
    ("correlation", "IKEv2"),
    ("dos", "IKEv2"),
    ("dpd", "IKEv2"),
];

#[test]
fn every_extension_is_seen_at_work_on_one_screen() {
    let document = document(&["--all-extensions"]);
    assert_eq!(document["proven"], true, "{document:#}");
    let mut seen = Vec::new();
    for act in document["acts"].as_array().unwrap() {
        for line in act["lines"].as_array().unwrap() {
            assert_eq!(line["proven"], true, "{line}");
            let name = line["extension"].as_str().unwrap().to_owned();
            seen.push((name, act["ike"].as_str().unwrap().to_owned()));
        }
    }
    let expected = EXTENSIONS.map(|(name, ike)| (name.to_owned(), ike.to_owned()));
    assert_eq!(seen, expected);

    let output = demo(&["--all-extensions"]);
    assert_eq!(output.status.code(), Some(0));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.lines().count() <= 40, "more than a screen:\n{page}");
    assert_eq!(page.matches(" ✓ ").count(), EXTENSIONS.len(), "{page}");
    assert!(!page.contains('✗'), "{page}");
}

#[test]
fn the_facts_about_extensions_are_those_of_the_run() {
    let facts = |document: &Value| -> Vec<String> {
        let acts = document["acts"].as_array().unwrap().iter();
        let lines = acts.flat_map(|it| it["lines"].as_array().unwrap());
        let facts = lines.map(|it| it["fact"].as_str().unwrap().to_owned());
        facts.collect()
    };
    let [one, two] = [(); 2].map(|()| facts(&document(&["--all-extensions"])));
    let fact = |all: &[String], part: &str| {
        let found = all.iter().find(|it| it.contains(part));
        found.unwrap_or_else(|| panic!("{part}: {all:?}")).clone()
    };
    // keys and message IDs are made anew
    for part in ["each proved to own its address", "about message ID"] {
        assert_ne!(fact(&one, part), fact(&two, part));
    }
    // thresholds are what they are
    let flood = fact(&one, "600 forged");
    assert!(flood.contains("501 taken up, 99 answered"), "{flood}");
    assert!(fact(&one, "proxies").ends_with("10.77.0.21, 10.77.0.20"));
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn skipped(why: &str) {
    println!("skipped: {why}");
}
