//! NAT-D payloads of real peers, from captures: hashes that others have computed.
#![expect(clippy::print_stdout, reason = "says what it has skipped")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ikee_nat_t::{Nat, detect, hash};
use isakmp_wire::Message;
use isakmp_wire::v1::kind;
use sha1::Sha1;
use sha2::Sha256;

fn folder() -> PathBuf {
    std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
}

fn digest<D: sha1::Digest>(parts: &[&[u8]], out: &mut [u8]) -> usize {
    let mut state = D::new();
    for it in parts {
        state.update(it);
    }
    let result = state.finalize();
    out[..result.len()].copy_from_slice(&result);
    result.len()
}

/// What the receiver of a message at `local` makes of it; `None` if the file is not there.
fn judged(
    name: &str,
    function: fn(&[&[u8]], &mut [u8]) -> usize,
    (from, to): (&str, &str),
) -> Option<Nat> {
    let path = folder().join("corpora/seeds").join(name);
    let bytes = match std::fs::read(&path) {
        Ok(it) => it,
        Err(error) => {
            println!("skipped: {name} (IKEE_TEST_DATA): {error}");
            return None;
        }
    };
    let message = Message::parse(&bytes).unwrap();
    let spis = (message.header.initiator, message.header.responder);
    let at = |it: &str| it.parse::<SocketAddr>().unwrap();
    let bodies = message.payloads.all(kind::NAT_D).map(|it| it.body);
    let hash = |end| hash(function, spis, end);
    let found = detect(hash, [at(to)], at(from), bodies);
    Some(found.expect("two NAT-D payloads"))
}

const NONE: (bool, bool) = (false, false);

#[test]
fn the_hashes_of_a_router_in_main_mode_are_understood() {
    let (a, b) = ("192.168.12.1:500", "192.168.12.2:500");
    for (name, path) in [("3", (a, b)), ("4", (b, a))] {
        let name = format!("suricata_verify_ikev1_rules_ikev1_isakmp_main_mode_pcap-{name}.bin");
        if let Some(nat) = judged(&name, digest::<Sha1>, path) {
            assert_eq!((nat.here, nat.there), NONE, "{name}");
        }
    }
}

#[test]
fn the_hashes_of_both_peers_in_aggressive_mode_are_understood() {
    let (a, b) = ("192.168.0.100:500", "192.168.0.1:500");
    for (name, path) in [("2", (b, a)), ("3", (a, b))] {
        let name = format!("wireshark_ikev1_bug_12620_pcapng_gz-{name}.bin");
        if let Some(nat) = judged(&name, digest::<Sha256>, path) {
            assert_eq!((nat.here, nat.there), NONE, "{name}");
        }
    }
}

#[test]
fn a_packet_from_another_address_shows_the_translator() {
    let name = "suricata_verify_ikev1_rules_ikev1_isakmp_main_mode_pcap-3.bin";
    let path = ("198.51.100.7:40001", "192.168.12.2:500");
    if let Some(nat) = judged(name, digest::<Sha1>, path) {
        assert_eq!((nat.here, nat.there), (false, true));
    }
    let path = ("192.168.12.1:500", "10.0.0.2:500");
    if let Some(nat) = judged(name, digest::<Sha1>, path) {
        assert_eq!((nat.here, nat.there), (true, false));
    }
}
