//! From frames to messages: the way up through the layers.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path as FilePath;
use std::time::Duration;

use super::capture::{self, Frame, Item, Sink};
use super::decode::Decoder;
use super::esp;
use super::ip::{self, Packet};
use super::keys::Keys;
use super::link;
use super::output::Output;
use super::reassembly::{Partial, Reassembly};
use super::report::{Defect, Layer, Path};
use super::traffic::{self, Kind, Traffic, Udp, looks_like_ike};

/// Takes frames in, and writes out what is in them.
pub(crate) struct Inspector<'a, W: Write> {
    decoder: Decoder<'a>,
    keys: &'a Keys,
    output: &'a mut Output<W>,
    reassembly: Reassembly,
    traffic: Traffic,
}

/// The frames that a datagram came in.
#[derive(Debug, Clone)]
struct Origin {
    frame: u64,
    /// All of them, when there were several.
    frames: Vec<u64>,
    time: Option<Duration>,
}

impl<'a, W: Write> Inspector<'a, W> {
    pub(crate) fn new(keys: &'a Keys, output: &'a mut Output<W>) -> Self {
        Self {
            decoder: Decoder::new(keys),
            keys,
            output,
            reassembly: Reassembly::default(),
            traffic: Traffic::default(),
        }
    }

    /// Reads a file to its end.
    ///
    /// # Errors
    /// When the file cannot be read or the output not be written.
    pub(crate) fn file(&mut self, path: &FilePath) -> io::Result<()> {
        self.items(path, |sink| capture::read(path, sink))
    }

    /// Takes whatever `read` hands over; `name` is what the output calls it.
    ///
    /// # Errors
    /// When `read` fails, or the output cannot be written.
    pub(crate) fn items(
        &mut self,
        name: &FilePath,
        read: impl FnOnce(&mut Sink<'_>) -> io::Result<&'static str>,
    ) -> io::Result<()> {
        self.output.begin(name)?;
        for defect in &self.keys.defects {
            self.output.defect(defect)?;
        }
        let format = read(&mut |item| match item {
            Item::Frame(frame) => self.frame(&frame),
            Item::Defect(defect) => self.output.defect(&defect),
        })?;
        while let Some(partial) = self.reassembly.give_up() {
            self.datagram(partial)?;
        }
        let streams = self.traffic.streams();
        self.output.end(format, &self.traffic.counts, streams)
    }

    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        self.traffic.counts.frames += 1;
        let origin = Origin {
            frame: frame.number,
            frames: Vec::new(),
            time: frame.time,
        };
        let Some(link) = link::number(frame.link) else {
            return self.bare(origin, frame.data);
        };
        match link::ip_offset(link, frame.data) {
            Ok(Some(offset)) => {
                let octets = frame.data.get(offset..).unwrap_or_default();
                self.ip(origin, octets)
            }
            Ok(None) => {
                self.traffic.counts.other += 1;
                Ok(())
            }
            Err(defect) => {
                self.traffic.counts.other += 1;
                self.output.defect(&defect.in_frame(frame.number))
            }
        }
    }

    /// A file without a link layer: an IP packet when it is exactly one, else a UDP payload.
    fn bare(&mut self, origin: Origin, octets: &[u8]) -> io::Result<()> {
        if !looks_like_ike(octets) && ip::is_exactly_one_packet(octets) {
            return self.ip(origin, octets);
        }
        let marked = octets
            .strip_prefix(&[0; 4])
            .filter(|rest| looks_like_ike(rest) && !looks_like_ike(octets));
        let path = origin.path(None, None, marked.is_some());
        self.ike(path, marked.unwrap_or(octets), Vec::new())
    }

    fn ip(&mut self, origin: Origin, octets: &[u8]) -> io::Result<()> {
        let packet = match ip::parse(octets) {
            Ok(packet) => packet,
            Err(defect) => {
                self.traffic.counts.other += 1;
                return self.output.defect(&defect.in_frame(origin.frame));
            }
        };
        if packet.fragment.is_none() {
            return self.packet(origin, packet);
        }
        self.traffic.counts.ip_fragments += 1;
        match self.reassembly.add(&packet, origin.frame, origin.time) {
            Some(partial) => self.datagram(partial),
            None => Ok(()),
        }
    }

    /// A datagram that came in fragments, whole or given up.
    fn datagram(&mut self, partial: Partial) -> io::Result<()> {
        let origin = Origin {
            frame: partial.frames.last().copied().unwrap_or_default(),
            frames: partial.frames.clone(),
            time: partial.time,
        };
        let packet = Packet {
            source: partial.source,
            destination: partial.destination,
            protocol: partial.protocol,
            payload: partial.beginning(),
            fragment: None,
            defects: partial.defects.clone(),
        };
        self.packet(origin, packet)
    }

    fn packet(&mut self, origin: Origin, packet: Packet<'_>) -> io::Result<()> {
        let addresses = [packet.source, packet.destination];
        match packet.protocol {
            UDP => self.udp(origin, packet),
            ESP | AH => {
                self.secured(packet.protocol, addresses, false, packet.payload);
                Ok(())
            }
            _ => {
                self.traffic.counts.other += 1;
                Ok(())
            }
        }
    }

    fn udp(&mut self, origin: Origin, packet: Packet<'_>) -> io::Result<()> {
        let mut defects = packet.defects;
        let udp = match traffic::udp(packet.payload, &mut defects) {
            Ok(udp) => udp,
            Err(defect) => {
                self.traffic.counts.other += 1;
                return self.output.defect(&defect.in_frame(origin.frame));
            }
        };
        let addresses = [packet.source, packet.destination];
        match self
            .traffic
            .classify(packet.source, packet.destination, &udp)
        {
            Kind::Ike { marked, octets } => {
                let path = origin.path(Some(addresses), Some(&udp), marked);
                self.ike(path, octets, defects)
            }
            Kind::Esp(octets) if octets.len() < MIN_ESP => {
                self.traffic.counts.other += 1;
                let end = UDP_HEADER + octets.len();
                defects.push(Defect::new(Layer::Udp, "too short for IKE or ESP", end));
                defects.into_iter().try_for_each(|defect| {
                    let defect = defect.in_frame(origin.frame);
                    self.output.defect(&defect)
                })
            }
            Kind::Esp(octets) => {
                self.secured(ESP, addresses, true, octets);
                Ok(())
            }
            Kind::Keepalive => {
                self.traffic.counts.keepalives += 1;
                Ok(())
            }
            Kind::Other => {
                self.traffic.counts.other += 1;
                Ok(())
            }
        }
    }

    fn ike(&mut self, mut path: Path, octets: &[u8], defects: Vec<Defect>) -> io::Result<()> {
        path.udp_octets = octets.len();
        let frame = path.frame;
        match self.decoder.message(path, octets, defects.clone()) {
            Ok(message) => {
                let counts = &mut self.traffic.counts;
                match message.header.version.split('.').next() {
                    Some("1") => counts.ikev1 += 1,
                    Some("2") => counts.ikev2 += 1,
                    _ => counts.other_isakmp += 1,
                }
                self.output.message(&message)
            }
            Err(defect) => {
                self.traffic.counts.other += 1;
                for defect in defects {
                    self.output.defect(&defect.in_frame(frame))?;
                }
                self.output.defect(&defect)
            }
        }
    }

    fn secured(&mut self, protocol: u8, addresses: [IpAddr; 2], in_udp: bool, octets: &[u8]) {
        let stream = self
            .traffic
            .secured(protocol, addresses.map(Some), in_udp, octets);
        let (ESP, Some(stream)) = (protocol, stream) else {
            return;
        };
        let Some(what) = esp::inside(self.keys, addresses, octets) else {
            return;
        };
        if stream.inside.len() < MAX_INSIDE || stream.inside.contains_key(&what) {
            *stream.inside.entry(what).or_insert(0) += 1;
        }
    }
}

impl Origin {
    fn path(self, addresses: Option<[IpAddr; 2]>, udp: Option<&Udp<'_>>, marked: bool) -> Path {
        Path {
            frame: self.frame,
            frames: self.frames,
            time: self.time,
            src: addresses.map(|[src, _]| src),
            sport: udp.map(|udp| udp.sport),
            dst: addresses.map(|[_, dst]| dst),
            dport: udp.map(|udp| udp.dport),
            non_esp_marker: marked,
            udp_octets: 0,
        }
    }
}

/// Kinds of inner packets told apart per stream.
const MAX_INSIDE: usize = 64;
/// SPI and sequence number.
const MIN_ESP: usize = 8;
const UDP_HEADER: usize = 8;
const UDP: u8 = 17;
const ESP: u8 = 50;
const AH: u8 = 51;
