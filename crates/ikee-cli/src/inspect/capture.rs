//! Reading capture files: pcap, pcapng, either of them gzipped, or a file that is one bare UDP payload.
//!
//! A file is streamed; a frame is lent to the caller while it is looked at and then forgotten. The buffer grows up to
//! [`MAX_BLOCK`] for an unusually large block.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use pcap_parser::{Block, InterfaceDescriptionBlock, PcapBlockOwned, PcapError, create_reader};

use super::report::{Defect, Layer};

/// One captured frame, or the content of a bare file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Its number in the file, from 1.
    pub(crate) number: u64,
    /// When it was captured, since 1970; unknown in a bare file.
    pub(crate) time: Option<Duration>,
    /// The link type as the file states it.
    pub(crate) link: Link,
    /// The octets captured.
    pub(crate) data: &'a [u8],
}

/// How the first octet of a frame is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// A number of the registry of link types.
    Type(u16),
    /// No link layer: the file is one UDP payload.
    Payload,
}

/// What a capture file is made of.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    Frame(Frame<'a>),
    /// Something in the file itself is wrong; the offset counts from the beginning of the (unzipped) file.
    Defect(Defect),
}

/// Hands every frame of the file at `path` to `sink`, in order; returns the name of the format.
///
/// # Errors
/// When the file cannot be read, or `sink` fails. A damaged file is not an error: the damage arrives as an
/// [`Item::Defect`] and the reading goes as far as it can.
pub(crate) fn read(path: &Path, sink: &mut Sink<'_>) -> io::Result<&'static str> {
    read_from(File::open(path)?, sink)
}

/// As [`read`], from anywhere.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_from(reader: impl Read + Send, sink: &mut Sink<'_>) -> io::Result<&'static str> {
    let (head, rest) = peek(reader)?;
    if head.starts_with(&GZIP) {
        let (head, rest) = peek(MultiGzDecoder::new(head_then(head, rest)))?;
        return read_plain(head, rest, sink);
    }
    read_plain(head, rest, sink)
}

/// Who receives what is read.
pub(crate) type Sink<'a> = dyn FnMut(Item<'_>) -> io::Result<()> + 'a;

fn read_plain(
    head: Vec<u8>,
    rest: impl Read + Send,
    sink: &mut Sink<'_>,
) -> io::Result<&'static str> {
    let format = match head.get(..4) {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => "pcapng",
        Some(
            [0xd4, 0xc3, 0xb2, 0xa1]
            | [0xa1, 0xb2, 0xc3, 0xd4]
            | [0x4d, 0x3c, 0xb2, 0xa1]
            | [0xa1, 0xb2, 0x3c, 0x4d]
            | [0x34, 0xcd, 0xb2, 0xa1],
        ) => "pcap",
        _ => {
            return bare(&head, sink).map(|()| "payload");
        }
    };
    blocks(head_then(head, rest), sink)?;
    Ok(format)
}

fn bare(head: &[u8], sink: &mut Sink<'_>) -> io::Result<()> {
    if head.len() > usize::from(u16::MAX) {
        sink(Item::Defect(Defect::new(
            Layer::File,
            "larger than any datagram",
            usize::from(u16::MAX),
        )))?;
    }
    let data = head.get(..usize::from(u16::MAX)).unwrap_or(head);
    sink(Item::Frame(Frame {
        number: 1,
        time: None,
        link: Link::Payload,
        data,
    }))
}

/// The first octets, enough to tell the format and to hold any bare payload, and the reader behind them.
fn peek<R: Read>(mut reader: R) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::new();
    let limit = u64::from(u16::MAX) + 1;
    reader.by_ref().take(limit).read_to_end(&mut head)?;
    Ok((head, reader))
}

fn head_then<R: Read>(head: Vec<u8>, rest: R) -> io::Chain<Cursor<Vec<u8>>, R> {
    Cursor::new(head).chain(rest)
}

fn blocks(reader: impl Read + Send, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut capacity = FIRST_BLOCK;
    let mut reader = match create_reader(capacity, reader) {
        Ok(reader) => reader,
        Err(error) => return sink(Item::Defect(damaged(&error, 0))),
    };
    let mut file = FileState::default();
    loop {
        let (used, wants_more) = match reader.next() {
            Ok((used, block)) => {
                file.block(block, sink)?;
                (used, false)
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_) | PcapError::BufferTooSmall) => (0, true),
            Err(PcapError::UnexpectedEof) => break,
            Err(error) => return sink(Item::Defect(damaged(&error, file.offset))),
        };
        if !wants_more {
            file.offset = file.offset.saturating_add(used);
            reader.consume(used);
            continue;
        }
        if reader.data().len() >= capacity {
            capacity = capacity.saturating_mul(2);
            if capacity > MAX_BLOCK || !reader.grow(capacity) {
                return sink(Item::Defect(Defect::new(
                    Layer::File,
                    "block too large",
                    file.offset,
                )));
            }
        }
        if let Err(error) = reader.refill() {
            return sink(Item::Defect(damaged(&error, file.offset)));
        }
    }
    file.cut_short(reader.data(), sink)
}

fn damaged(error: &PcapError<&[u8]>, offset: usize) -> Defect {
    let kind = match error {
        PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_) => "file ends early",
        PcapError::ReadError => "cannot be read further",
        PcapError::HeaderNotRecognized => "not a capture file",
        _ => "damaged block",
    };
    Defect::new(Layer::File, kind, offset)
}

/// What has been learnt from the blocks so far.
#[derive(Debug, Default)]
struct FileState {
    offset: usize,
    frames: u64,
    legacy: Option<Legacy>,
    interfaces: Vec<Interface>,
}

/// From the header of a pcap file.
#[derive(Debug, Clone, Copy)]
struct Legacy {
    big_endian: bool,
    link: Link,
    nanoseconds: bool,
}

/// From an interface description of a pcapng file.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: Link,
    per_second: u64,
    shift: i64,
}

impl FileState {
    fn block(&mut self, block: PcapBlockOwned<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.legacy = Some(Legacy {
                    big_endian: header.is_bigendian(),
                    link: link_type(header.network.0),
                    nanoseconds: header.is_nanosecond_precision(),
                });
                Ok(())
            }
            PcapBlockOwned::Legacy(record) => {
                let Some(legacy) = self.legacy else {
                    return Ok(());
                };
                let time = legacy.time(record.ts_sec, record.ts_usec);
                self.frame(Some(time), legacy.link, record.data, sink)
            }
            PcapBlockOwned::NG(block) => self.ng_block(block, sink),
        }
    }

    fn add_interface(&mut self, description: &InterfaceDescriptionBlock<'_>) {
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.push(Interface::new(description));
        }
    }

    fn ng_block(&mut self, block: Block<'_>, sink: &mut Sink<'_>) -> io::Result<()> {
        match block {
            Block::SectionHeader(_) => self.interfaces.clear(),
            Block::InterfaceDescription(description) => self.add_interface(&description),
            Block::EnhancedPacket(packet) => {
                let index = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                let Some(interface) = self.interfaces.get(index).copied() else {
                    return self.unknown_interface(sink);
                };
                let length = usize::try_from(packet.caplen).unwrap_or(usize::MAX);
                let data = packet.data.get(..length).unwrap_or(packet.data);
                let ticks = (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low);
                let time = interface.time(ticks);
                return self.frame(time, interface.link, data, sink);
            }
            Block::SimplePacket(packet) => {
                let Some(interface) = self.interfaces.first().copied() else {
                    return self.unknown_interface(sink);
                };
                let length = usize::try_from(packet.origlen).unwrap_or(usize::MAX);
                let data = packet.data.get(..length).unwrap_or(packet.data);
                return self.frame(None, interface.link, data, sink);
            }
            _ => {}
        }
        Ok(())
    }

    fn unknown_interface(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.frames = self.frames.saturating_add(1);
        let defect = Defect::new(
            Layer::File,
            "packet of an undescribed interface",
            self.offset,
        );
        sink(Item::Defect(defect.in_frame(self.frames)))
    }

    fn frame(
        &mut self,
        time: Option<Duration>,
        link: Link,
        data: &[u8],
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        self.frames = self.frames.saturating_add(1);
        sink(Item::Frame(Frame {
            number: self.frames,
            time,
            link,
            data,
        }))
    }

    /// The file ends inside a block: says so, and saves what there is of a pcap file's last frame.
    fn cut_short(&mut self, rest: &[u8], sink: &mut Sink<'_>) -> io::Result<()> {
        sink(Item::Defect(Defect::new(
            Layer::File,
            "file ends early",
            self.offset.saturating_add(rest.len()),
        )))?;
        let (Some(legacy), Some((header, data))) = (self.legacy, rest.split_first_chunk::<16>())
        else {
            return Ok(());
        };
        let [sec, sub] = std::array::from_fn(|index| legacy.word(header, index * 4));
        if data.is_empty() || data.len() > MAX_FRAME {
            return Ok(());
        }
        let time = legacy.time(sec, sub);
        self.frame(Some(time), legacy.link, data, sink)
    }
}

impl Legacy {
    fn time(self, seconds: u32, fraction: u32) -> Duration {
        let nanoseconds = if self.nanoseconds {
            u64::from(fraction)
        } else {
            u64::from(fraction) * 1000
        };
        Duration::from_secs(u64::from(seconds)) + Duration::from_nanos(nanoseconds)
    }

    fn word(self, octets: &[u8; 16], at: usize) -> u32 {
        let Some(word) = octets
            .get(at..)
            .and_then(|rest| rest.first_chunk::<4>())
            .copied()
        else {
            return 0;
        };
        if self.big_endian {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        }
    }
}

impl Interface {
    fn new(description: &InterfaceDescriptionBlock<'_>) -> Self {
        let exponent = u32::from(description.if_tsresol & 0x7f);
        let base: u64 = if description.if_tsresol & 0x80 == 0 {
            10
        } else {
            2
        };
        Self {
            link: link_type(description.linktype.0),
            per_second: base.checked_pow(exponent).unwrap_or(1_000_000),
            shift: description.if_tsoffset,
        }
    }

    fn time(self, ticks: u64) -> Option<Duration> {
        let seconds = (ticks / self.per_second).checked_add_signed(self.shift)?;
        let fraction = u128::from(ticks % self.per_second) * 1_000_000_000;
        let nanoseconds = u32::try_from(fraction / u128::from(self.per_second)).ok()?;
        Some(Duration::new(seconds, nanoseconds))
    }
}

/// The upper half of the field tells about frame check sequences and is of no use here.
fn link_type(field: i32) -> Link {
    let [_, _, high, low] = field.to_be_bytes();
    Link::Type(u16::from_be_bytes([high, low]))
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const FIRST_BLOCK: usize = 1 << 17;
const MAX_BLOCK: usize = 1 << 24;
const MAX_FRAME: usize = 1 << 18;
const MAX_INTERFACES: usize = 1 << 12;
