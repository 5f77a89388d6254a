//! The targets as ordinary tests: seeds, and a fixed number of their mutations.

use std::path::{Path, PathBuf};

use ikee_tests::{Rng, Setup};

use crate::certificate::SEEDS;
use crate::cga::seeds;
use crate::{
    certificate, cga, each_payload, endpoint_v1, endpoint_v2, esp_open, reassembly, v1_message,
    v2_message,
};

/// Mutations of each target.
const MUTATIONS: usize = 3000;

/// Every file of the corpora that others have left us.
#[expect(clippy::print_stdout, reason = "what is skipped is said")]
fn corpus() -> Vec<Vec<u8>> {
    let root = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(root.join("corpora/seeds")) else {
        println!("skipped: the corpora (IKEE_TEST_DATA): only our own seeds are replayed");
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|it| it.path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|it| std::fs::read(it).ok())
        .collect()
}

/// What two endpoints say to each other in a handshake.
fn handshake() -> Vec<Vec<u8>> {
    let mut pair = Setup::insecure().build();
    pair.connect();
    let crossed = pair.link.crossed.into_iter();
    crossed.map(|it| it.packet.bytes).collect()
}

fn mutate(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let pick = |rng: &mut Rng, limit: usize| {
        usize::try_from(rng.below(u64::try_from(limit).unwrap_or(u64::MAX))).unwrap_or(0)
    };
    let chosen = pick(rng, seeds.len());
    let mut bytes = seeds[chosen].clone();
    for _ in 0..=rng.below(6) {
        let at = pick(rng, bytes.len());
        let octet = rng.next().to_be_bytes()[0];
        match rng.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << (octet % 8),
            1 if !bytes.is_empty() => bytes[at] = octet,
            2 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0xff][usize::from(octet % 4)],
            3 => bytes.insert(at, octet),
            4 => bytes.truncate(at),
            5 if !bytes.is_empty() => {
                bytes.remove(at);
            }
            _ => {
                let from = pick(rng, seeds.len());
                let cut = pick(rng, seeds[from].len());
                bytes.truncate(at);
                bytes.extend_from_slice(&seeds[from][cut..]);
            }
        }
    }
    bytes
}

fn replay(target: fn(&[u8]), seeds: &[Vec<u8>], mutations: usize) {
    target(&[]);
    for seed in seeds {
        target(seed);
    }
    let mut rng = Rng::new(1);
    for _ in 0..mutations {
        target(&mutate(&mut rng, seeds));
    }
}

/// Octets without meaning, for targets that take them as decisions.
fn noise(count: usize, len: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::new(7);
    let mut one = || {
        let len = rng.below(len);
        (0..len).map(|_| rng.next().to_be_bytes()[0]).collect()
    };
    (0..count).map(|_| one()).collect()
}

#[test]
fn messages_of_ikev1_replay() {
    replay(v1_message, &[corpus(), handshake()].concat(), MUTATIONS);
}

#[test]
fn messages_of_ikev2_replay() {
    replay(v2_message, &[corpus(), handshake()].concat(), MUTATIONS);
}

#[test]
fn payloads_of_any_kind_replay() {
    replay(each_payload, &noise(500, 80), 10 * MUTATIONS);
}

#[test]
fn lives_of_endpoints_replay() {
    let seeds = [noise(100, 300), handshake()].concat();
    replay(endpoint_v2, &seeds, MUTATIONS);
}

#[test]
fn lives_of_version_1_endpoints_replay() {
    replay(endpoint_v1, &noise(100, 300), MUTATIONS);
}

#[test]
fn pieces_of_messages_replay() {
    replay(reassembly, &noise(200, 400), MUTATIONS);
}

#[test]
fn chains_of_certificates_replay() {
    let files = SEEDS.map(<[u8]>::to_vec);
    let chains = noise(300, 60);
    replay(certificate, &[&chains[..], &files].concat(), MUTATIONS);
}

#[test]
fn what_addresses_are_made_of_replays() {
    let seeds = [seeds(), noise(200, 80)].concat();
    replay(cga, &seeds, 10 * MUTATIONS);
}

#[test]
fn esp_packets_replay() {
    replay(esp_open, &noise(200, 400), MUTATIONS);
}
