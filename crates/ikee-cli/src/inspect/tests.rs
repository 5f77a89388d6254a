//! Whatever the octets: no panic, and no more memory than the bounds allow.

use std::io::{self, Cursor};

use super::capture::{self, Frame, Item, Link};
use super::inspector::Inspector;
use super::keys::Keys;
use super::output::Output;

/// Inspects frames of a link type and returns the output.
fn inspect(link: Link, frames: &[Vec<u8>], keys: &Keys, json: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut output = Output::new(&mut out, json);
    let mut inspector = Inspector::new(keys, &mut output);
    inspector
        .items("test".as_ref(), |sink| {
            for (number, data) in (1..).zip(frames) {
                sink(Item::Frame(Frame {
                    number,
                    time: None,
                    link,
                    data,
                }))?;
            }
            Ok("test")
        })
        .unwrap();
    out
}

/// Octets of a fixed sequence (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }

    /// Cuts, flips, overwrites lengths with interesting values.
    fn damage(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut octets = octets.to_vec();
        for _ in 0..=self.roll(3) {
            if octets.is_empty() {
                break;
            }
            let at = self.roll(octets.len());
            match self.roll(4) {
                0 => octets.truncate(at),
                1 => octets[at] ^= 1 << self.roll(8),
                2 => octets[at] = [0, 1, 3, 4, 7, 8, 0x7f, 0x80, 0xff][self.roll(9)],
                _ => octets.insert(at, 0xff),
            }
        }
        octets
    }
}

fn data() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        Into::into,
    );
    if path.is_dir() {
        return Some(path);
    }
    print_skipped(&path);
    None
}

fn print_skipped(path: &std::path::Path) {
    let text = format!("skipped: no test data in {}\n", path.display());
    io::Write::write_all(&mut io::stderr(), text.as_bytes()).unwrap();
}

fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

#[test]
fn every_seed_damaged_in_many_ways_is_output_and_not_a_panic() {
    let Some(data) = data() else { return };
    let keys = Keys::read(&data.join("captures/keys-visible")).unwrap();
    let mut dice = Dice(1);
    for (path, seed) in files(&data.join("corpora/seeds")) {
        let mut frames = vec![seed.clone()];
        frames.extend((0..200).map(|_| dice.damage(&seed)));
        frames.extend((0..seed.len().min(128)).map(|end| seed[..end].to_vec()));
        for json in [false, true] {
            let out = inspect(Link::Payload, &frames, &keys, json);
            if json {
                let parsed: serde_json::Value = serde_json::from_slice(&out).unwrap();
                let found = parsed["messages"].as_array().unwrap().len()
                    + parsed["defects"].as_array().unwrap().len();
                assert!(found > 0, "{}", path.display());
            }
        }
    }
}

#[test]
fn every_capture_damaged_in_many_ways_is_read_without_a_panic() {
    let Some(data) = data() else { return };
    let keys = Keys::read(&data.join("captures/keys-visible")).unwrap();
    let mut dice = Dice(2);
    for folder in [
        "tcpdump",
        "openswan",
        "wireshark",
        "ndpi",
        "zeek-plugin-ikev2",
    ] {
        for (_, file) in files(&data.join("captures").join(folder)) {
            if file.len() > 20_000 {
                continue;
            }
            for _ in 0..20 {
                let damaged = dice.damage(&file);
                let mut out = io::sink();
                let mut output = Output::new(&mut out, true);
                let mut inspector = Inspector::new(&keys, &mut output);
                inspector
                    .items("test".as_ref(), |sink| {
                        capture::read_from(Cursor::new(damaged), sink)
                    })
                    // a damaged gzip stream is a file that cannot be read
                    .unwrap_or_default();
            }
        }
    }
}

#[test]
fn frames_of_every_link_type_may_hold_anything() {
    let keys = Keys::default();
    let mut dice = Dice(3);
    let mut ip = vec![
        0x45, 0, 0, 60, 0, 1, 0x20, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    ip.extend([1, 244, 1, 244, 0, 40, 0, 0]);
    ip.extend([7; 32]);
    for link in [0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 147] {
        let frames: Vec<Vec<u8>> = (0..2000)
            .map(|_| {
                let mut frame = vec![0; [0, 4, 14, 16, 20][dice.roll(5)]];
                frame.extend_from_slice(&ip);
                dice.damage(&frame)
            })
            .collect();
        inspect(Link::Type(link), &frames, &keys, true);
    }
}

#[test]
fn a_peers_text_does_not_reach_the_terminal_raw() {
    // a vendor ID and a notify with escape sequences in an informational exchange
    let mut message = vec![1; 16];
    message.extend([41, 0x20, 37, 8, 0, 0, 0, 1, 0, 0, 0, 0]);
    message.extend([35, 0, 0, 12, 0, 0, 64, 23, 3, 2, 0x1b, b'[']);
    message.extend([0, 0, 0, 12, 2, 0, 0, 0, 0x1b, b'[', b'2', b'J']);
    message[27] = u8::try_from(message.len()).unwrap();
    let out = inspect(Link::Payload, &[message], &Keys::default(), false);
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("[2J"), "{text}");
}

#[test]
fn datagrams_that_never_become_whole_do_not_pile_up() {
    let fragment = |id: u16| {
        let id = id.to_be_bytes();
        let mut ip = vec![0x45, 0, 0, 36, id[0], id[1], 0x3f, 0xff, 64, 17, 0, 0];
        ip.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        ip.extend([7; 16]);
        ip
    };
    let frames: Vec<Vec<u8>> = (0..5000).map(fragment).collect();
    let out = inspect(Link::Type(101), &frames, &Keys::default(), true);
    let parsed: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(parsed["counts"]["ip_fragments"], 5000);
}

/// AuthIP has the header of IKEv1 ([MS-IKEE] §1.3.8): its exchange and its payloads are named, and nothing is damaged.
#[test]
fn a_first_message_of_authip_is_named() {
    use isakmp_wire::{ExchangeType, Flags, Header, MessageWriter, PayloadType, Spi, Version};
    let header = Header {
        initiator: Spi::new([9; 8]),
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V1,
        exchange: ExchangeType::AUTHIP_MAIN_MODE,
        flags: Flags::NONE,
        message_id: 0,
        length: 0,
    };
    let mut message = Vec::new();
    let mut writer = MessageWriter::begin(&mut message, &header);
    writer.payload(PayloadType::AUTHIP_CRYPTO, false, &[1; 40]);
    writer.payload(PayloadType::AUTHIP_AUTH, false, &[2; 60]);
    writer.finish();
    let out = inspect(Link::Payload, &[message], &Keys::default(), false);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("AUTHIP_MAIN_MODE"), "{text}");
    assert!(
        text.contains("CRYPTO") && text.contains("AUTHIP AUTH"),
        "{text}"
    );
    for word in ["malformed", "damaged", "error"] {
        assert!(!text.contains(word), "{text}");
    }
}
