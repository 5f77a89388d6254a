//! The captures that lie beside the repository, opened: every datagram that is an IKE message.
#![expect(
    clippy::print_stderr,
    reason = "a test that is skipped says so in one line"
)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

/// An IKE message as it was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The file, from the folder of the captures.
    pub(crate) file: String,
    /// The frame, from 1; of a datagram in IP fragments the last one. 0 in a file that is one message.
    pub(crate) frame: usize,
    /// The message, without the non-ESP marker.
    pub(crate) bytes: Vec<u8>,
}

impl Found {
    /// Where it was found, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}, frame {}", self.file, self.frame)
    }
}

/// The folder of the captures, or a line that says why the test is skipped.
pub(crate) fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("IKEE_TEST_DATA")
        .map_or_else(|| root.join("../shared/data"), |data| root.join(data));
    let captures = data.join("captures");
    if captures.is_dir() {
        return Some(captures);
    }
    eprintln!("skipped: no test data at {}", captures.display());
    None
}

/// Every message of every capture, in the order of the file names.
pub(crate) fn messages(folder: &Path) -> Vec<Found> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    files.sort();
    files
        .iter()
        .flat_map(|path| in_file(folder, path))
        .collect()
}

fn in_file(folder: &Path, path: &Path) -> Vec<Found> {
    let file = path.strip_prefix(folder).unwrap().display().to_string();
    let mut bytes = std::fs::read(path).unwrap();
    let plain_name = file.strip_suffix(".gz");
    if plain_name.is_some() {
        let mut plain = Vec::new();
        GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
        bytes = plain;
    }
    let (_, extension) = plain_name
        .unwrap_or(&file)
        .rsplit_once('.')
        .unwrap_or_default();
    let frames = match extension {
        "pcap" | "pcapng" | "cap" => frames(bytes),
        "dat" | "bin" => {
            return vec![Found {
                file,
                frame: 0,
                bytes,
            }];
        }
        _ => return Vec::new(),
    };
    let mut fragments = Fragments::default();
    let mut found = Vec::new();
    for (index, (link, frame)) in frames.iter().enumerate() {
        let message = ip(*link, frame)
            .and_then(|packet| fragments.add(packet))
            .and_then(|datagram| ike(&datagram).map(<[u8]>::to_vec));
        if let Some(bytes) = message {
            found.push(Found {
                file: file.clone(),
                frame: index + 1,
                bytes,
            });
        }
    }
    found
}

/// The frames of a capture, each with its link type.
fn frames(bytes: Vec<u8>) -> Vec<(i32, Vec<u8>)> {
    let mut reader = create_reader(bytes.len() + 65_536, std::io::Cursor::new(bytes)).unwrap();
    let mut frames = Vec::new();
    let mut link = 0;
    loop {
        match reader.next() {
            Ok((used, block)) => {
                match block {
                    PcapBlockOwned::LegacyHeader(header) => link = header.network.0 & 0xffff,
                    PcapBlockOwned::Legacy(block) => frames.push((link, block.data.to_vec())),
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        link = interface.linktype.0;
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let length = usize::try_from(packet.caplen).unwrap();
                        frames.push((link, packet.data[..length].to_vec()));
                    }
                    PcapBlockOwned::NG(_) => {}
                }
                reader.consume(used);
            }
            Err(PcapError::Incomplete(_)) => {
                if reader.refill().is_err() || reader.reader_exhausted() {
                    return frames;
                }
            }
            Err(_) => return frames,
        }
    }
}

/// The IP packet in a frame.
fn ip(link: i32, frame: &[u8]) -> Option<&[u8]> {
    match link {
        0 => frame.get(4..),
        1 => match frame.get(12..14)? {
            [0x81, 0x00] => frame.get(18..),
            [0x08, 0x00] | [0x86, 0xdd] => frame.get(14..),
            _ => None,
        },
        12 | 101 | 228 | 229 => Some(frame),
        113 => frame.get(16..),
        other => panic!("link type {other}"),
    }
}

/// IPv4 fragments that wait for others: by addresses and identification, the datagram so far.
#[derive(Default)]
struct Fragments(BTreeMap<Vec<u8>, Vec<u8>>);

impl Fragments {
    /// The UDP datagram that this packet holds or completes. Fragments in order are enough here.
    fn add(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        match packet.first()? >> 4 {
            4 => {
                let header = usize::from(packet[0] & 0x0f) * 4;
                let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
                let payload = packet.get(header..total.min(packet.len()))?;
                let fragment = u16::from_be_bytes([packet[6], packet[7]]);
                if packet[9] != 17 {
                    return None;
                }
                // What the capture has cut short will never be complete: it is taken as it is.
                if fragment & 0x3fff == 0 || (fragment & 0x1fff == 0 && packet.len() < total) {
                    return Some(payload.to_vec());
                }
                let key = [&packet[4..6], &packet[12..20]].concat();
                let so_far = self.0.entry(key.clone()).or_default();
                if so_far.len() != usize::from(fragment & 0x1fff) * 8 {
                    return None;
                }
                so_far.extend_from_slice(payload);
                let more = fragment & 0x2000 != 0;
                if more { None } else { self.0.remove(&key) }
            }
            6 => (*packet.get(6)? == 17).then(|| packet.get(40..).map(<[u8]>::to_vec))?,
            _ => None,
        }
    }
}

/// The IKE message in a UDP datagram: on port 500, or behind a non-ESP marker on any other.
fn ike(datagram: &[u8]) -> Option<&[u8]> {
    let &[s1, s2, d1, d2, l1, l2, _, _] = datagram.first_chunk()?;
    let length = usize::from(u16::from_be_bytes([l1, l2]));
    let payload = datagram.get(8..length.clamp(8, datagram.len()))?;
    let ports = [u16::from_be_bytes([s1, s2]), u16::from_be_bytes([d1, d2])];
    if ports.contains(&500) {
        return Some(payload);
    }
    match isakmp_wire::marker::classify(payload) {
        isakmp_wire::marker::Datagram::Ike(message) if message.len() >= 28 => Some(message),
        _ => None,
    }
}
