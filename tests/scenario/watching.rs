//! Somebody else's eyes on a simulation.

use std::path::Path;
use std::process::Command;

use ikee_tests::{Setup, Side};

/// RFC 7296 §2.14, §3.14: another implementation reads our messages with the keys that we report.
#[test]
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn wireshark_decrypts_a_simulation() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark is not installed");
        return;
    }
    for ike in [
        "aes256gcm16-prfsha256-x25519",
        "aes128-sha256-x25519",
        "aes256-sha512-ecp256",
    ] {
        let mut pair = Setup::new().suites(ike, "aes256gcm16").build();
        pair.connect();
        pair.delete(Side::A);
        pair.settle();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("watching");
        pair.record(&directory, ike).expect("a capture");
        let output = Command::new("tshark")
            .env(
                "WIRESHARK_CONFIG_DIR",
                directory.join(format!("{ike}.keys")),
            )
            .args(["-n", "-V", "-r"])
            .arg(directory.join(format!("{ike}.pcap")))
            .output()
            .expect("tshark");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(text.matches("Decrypted Data").count(), 4, "{ike}: {text}");
        assert_eq!(text.matches("[correct]").count(), 4, "{ike}: {text}");
        assert!(text.contains("Payload: Delete (42)"));
        assert!(!text.to_lowercase().contains("malformed"), "{ike}: {text}");
    }
}
