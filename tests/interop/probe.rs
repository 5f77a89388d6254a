//! `ikee probe` against strongSwan and libreswan: what it says they take is what they were told to take.

use serde_json::Value;

use crate::lab::{Family, Host, Lab, text};
use crate::peer::{Kind, Peer};
use crate::scripted;

/// Asks B from A.
fn probe(lab: &Lab, arguments: &[&str]) -> Value {
    let output = lab
        .ikee(Host::A)
        .args([
            "probe",
            Family::V4.address_of_b(),
            "--json",
            "--interval",
            "250",
        ])
        .args(arguments)
        .output()
        .expect("ikee");
    let said = text(&output.stdout);
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{}", text(&output.stderr)))
}

fn words(value: &Value) -> Vec<&str> {
    let mut words: Vec<&str> = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    words.sort_unstable();
    words
}

/// The lists of what is accepted.
fn assert_accepts(findings: &Value, lists: &[(&str, &[&str])]) {
    for (list, expected) in lists {
        assert_eq!(
            words(&findings["accepts"][list]),
            *expected,
            "{list} of {findings:#}"
        );
    }
}

#[test]
fn every_suite_of_strongswan_is_found_with_one_half_open_sa() {
    let Some(lab) = Lab::two() else { return };
    let proposals = "aes256-aes128-sha256-sha1-modp2048-ecp256,aes128gcm16-prfsha384-x25519";
    // its userspace plane would pretend to be behind a NAT
    let env = [("PROPOSALS", proposals), ("KERNEL", "fake")];
    let _peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &env);
    let report = probe(&lab, &["--ikev2"]);
    let findings = &report["ikev2"];
    assert_accepts(
        findings,
        &[
            ("encryption", &["aes128", "aes128gcm16", "aes256"]),
            ("integrity", &["sha1", "sha256"]),
            ("prf", &["prfsha1", "prfsha256", "prfsha384"]),
            ("groups", &["ecp256", "modp2048", "x25519"]),
        ],
    );
    assert_eq!(findings["complete"], true, "{findings:#}");
    assert_eq!(report["half_open"], 1, "{report:#}");
    let hints = &findings["hints"];
    assert_eq!(hints["nat"], serde_json::json!([false, false]), "{hints:#}");
    assert_eq!(hints["fragmentation"], true, "{hints:#}");
    assert_eq!(hints["cookies"], false, "{hints:#}");
    assert!(!words(&hints["signature_hashes"]).is_empty(), "{hints:#}");
}

#[test]
fn a_nat_before_us_and_certificates_that_are_asked_for_are_seen() {
    let Some(lab) = Lab::nat() else { return };
    let _peer = Peer::start(&lab, "v2-rsa", Host::B, Family::V4, &[]);
    let report = probe(&lab, &["--ikev2"]);
    let hints = &report["ikev2"]["hints"];
    assert_eq!(hints["nat"][0], true, "{report:#}");
    assert!(
        !words(&hints["certificate_requests"]).is_empty(),
        "{report:#}"
    );
}

#[test]
fn strongswans_cookie_is_returned_and_told() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, "v2-cookie", Host::B, Family::V4, &[]);
    let stranger = lab.within(Host::A, || scripted::leave_half_open(Family::V4));
    stranger.join().expect("a half-open SA");
    let report = probe(&lab, &["--ikev2"]);
    assert_eq!(report["ikev2"]["hints"]["cookies"], true, "{report:#}");
    assert!(report["ikev2"]["chosen"].is_string(), "{report:#}");
}

#[test]
fn strongswans_main_mode_tells_its_suite_and_method() {
    let Some(lab) = Lab::two() else { return };
    let _peer = Peer::start(&lab, "v1-psk", Host::B, Family::V4, &[]);
    let report = probe(&lab, &["--ikev1"]);
    let findings = &report["ikev1"];
    assert_eq!(findings["answers"], true, "{report:#}");
    // it looks at the method later
    let methods = words(&findings["accepts"]["authentication"]);
    assert!(methods.contains(&"PRE_SHARED_KEY"), "{report:#}");
    let half_open = report["half_open"].as_u64().expect("a number");
    assert!((1..=12).contains(&half_open), "{report:#}");
    let names: Vec<&str> = findings["vendor_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert!(names.contains(&"dead peer detection"), "{names:?}");
}

#[test]
fn libreswan_is_found_out_too() {
    let Some(lab) = Lab::with(Kind::Libreswan) else {
        return;
    };
    let _peer = Peer::start(&lab, "v2-psk", Host::B, Family::V4, &[]);
    let report = probe(&lab, &["--ikev2"]);
    let findings = &report["ikev2"];
    assert_eq!(findings["answers"], true, "{report:#}");
    assert!(findings["chosen"].is_string(), "{report:#}");
    assert!(
        words(&findings["accepts"]["groups"]).contains(&"modp2048"),
        "{report:#}"
    );
    assert!(
        report["half_open"].as_u64().is_some_and(|it| it <= 12),
        "{report:#}"
    );
}

#[test]
fn a_host_that_does_not_answer_is_told_in_one_report_and_exit_code_1() {
    let Some(lab) = Lab::two() else { return };
    let output = lab
        .ikee(Host::A)
        .args([
            "probe",
            Family::V4.address_of_b(),
            "--ikev2",
            "--interval",
            "250",
        ])
        .output()
        .expect("ikee");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("not reachable") || said.contains("no answer"),
        "{said}"
    );
}
