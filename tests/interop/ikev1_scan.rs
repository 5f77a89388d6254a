//! ike-scan reads what our responder says in clear: its choice of a suite, its vendor IDs, its refusals.

use crate::ikee::{Config, Ikee};
use crate::ikev1_aggressive::aggressive;
use crate::lab::{Lab, say};

/// What ike-scan decoded of each probe of the lab's script, in the script's order.
fn scan(config: &Config) -> Option<Vec<String>> {
    let lab = Lab::two()?;
    if std::process::Command::new("ike-scan")
        .arg("--version")
        .output()
        .is_err()
    {
        say("skipped: ike-scan is not installed");
        return None;
    }
    let ikee = Ikee::start(&lab, config);
    let said = lab.script("ikescan.sh", &[], &[]);
    ikee.stop();
    let probes = said.split("== ike-scan").skip(1);
    Some(probes.map(str::to_owned).collect())
}

const SUITE: &str = "Enc=AES KeyLength=256 Hash=SHA2-256 Auth=PSK Group=14:modp2048";

#[test]
fn ike_scan_reads_our_main_mode_suite_and_vendor_ids_and_our_refusals() {
    let Some(probes) = scan(&Config::responder().v1()) else {
        return;
    };
    say(&probes.concat());
    let [plain, tdes, des, microsoft, aggressive, _ikev2] = probes.as_slice() else {
        panic!("{probes:#?}")
    };
    for probe in [plain, microsoft] {
        assert!(probe.contains("Main Mode Handshake returned"), "{probe}");
        assert!(probe.contains(SUITE), "{probe}");
        for vendor_id in [
            "(Dead Peer Detection v1.0)",
            "(RFC 3947 NAT-T)",
            "(draft-ietf-ipsec-nat-t-ike-02\\n)",
            "(IKE Fragmentation)",
        ] {
            assert!(probe.contains(vendor_id), "{vendor_id} in {probe}");
        }
    }
    for probe in [tdes, des] {
        assert!(probe.contains("NO-PROPOSAL-CHOSEN"), "{probe}");
    }
    assert!(!aggressive.contains("Handshake returned"), "{aggressive}");
}

#[test]
fn ike_scan_reads_our_aggressive_mode_where_it_is_on() {
    let Some(probes) = scan(&aggressive(Config::responder())) else {
        return;
    };
    let probe = &probes[4];
    assert!(
        probe.contains("Aggressive Mode Handshake returned"),
        "{probe}"
    );
    assert!(probe.contains(SUITE), "{probe}");
    assert!(probe.contains("Value=b.lab"), "{probe}");
}
