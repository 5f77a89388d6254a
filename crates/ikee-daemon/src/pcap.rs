//! Captures: UDP datagrams as raw IP packets, for Wireshark.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, PcapError};

/// Hop limit of the headers that we invent.
const HOPS: u8 = 64;

/// A capture file of link type "raw IP".
#[derive(Debug)]
pub struct Capture {
    writer: PcapWriter<BufWriter<File>>,
    identification: u16,
}

impl Capture {
    /// Makes or empties the file.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        let header = PcapHeader {
            datalink: DataLink::RAW,
            ..PcapHeader::default()
        };
        let writer =
            PcapWriter::with_header(BufWriter::new(File::create(path)?), header).map_err(io)?;
        Ok(Self {
            writer,
            identification: 0,
        })
    }

    /// Adds a datagram; `time` counts from the Unix epoch.
    ///
    /// # Errors
    /// What the system says; the addresses are of different families, or the datagram is too long.
    pub fn datagram(
        &mut self,
        time: Duration,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) -> std::io::Result<()> {
        self.identification = self.identification.wrapping_add(1);
        let packet = ip_packet(from, to, self.identification, bytes)
            .ok_or(std::io::ErrorKind::InvalidInput)?;
        let length = u32::try_from(packet.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        self.writer
            .write_packet(&PcapPacket::new(time, length, &packet))
            .map_err(io)?;
        Ok(())
    }

    /// Writes everything out.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> std::io::Result<()> {
        self.writer.into_writer().flush()
    }
}

fn io(error: PcapError) -> std::io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => std::io::Error::other(other.to_string()),
    }
}

/// An IP packet around a UDP datagram (RFC 791, RFC 8200, RFC 768), checksums included.
fn ip_packet(
    from: SocketAddr,
    to: SocketAddr,
    identification: u16,
    bytes: &[u8],
) -> Option<Vec<u8>> {
    let length = u16::try_from(bytes.len().checked_add(8)?).ok()?;
    let mut udp = Vec::with_capacity(bytes.len() + 8);
    udp.extend(from.port().to_be_bytes());
    udp.extend(to.port().to_be_bytes());
    udp.extend(length.to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(bytes);
    let mut packet = Vec::with_capacity(bytes.len() + 48);
    let mut pseudo = Vec::with_capacity(40);
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend([0x45, 0]);
            packet.extend(length.checked_add(20)?.to_be_bytes());
            packet.extend(identification.to_be_bytes());
            packet.extend([0, 0, HOPS, 17, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            let sum = checksum(&[&packet]).to_be_bytes();
            packet.get_mut(10..12)?.copy_from_slice(&sum);
            pseudo.extend(from.octets());
            pseudo.extend(to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            packet.extend([0x60, 0, 0, 0]);
            packet.extend(length.to_be_bytes());
            packet.extend([17, HOPS]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            pseudo.extend(from.octets());
            pseudo.extend(to.octets());
        }
        _ => return None,
    }
    pseudo.extend([0, 17]);
    pseudo.extend(length.to_be_bytes());
    let sum = match checksum(&[&pseudo, &udp]) {
        0 => 0xFFFF_u16,
        sum => sum,
    };
    udp.get_mut(6..8)?.copy_from_slice(&sum.to_be_bytes());
    packet.extend(udp);
    Some(packet)
}

/// The Internet checksum (RFC 1071); every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        for pair in part.chunks(2) {
            let word = match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                [high] => u16::from_be_bytes([high, 0]),
                _ => 0,
            };
            sum += u64::from(word);
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    u16::try_from(sum).map_or(0, |sum| !sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_invented_headers_come_out_as_zero_when_checked() {
        for (from, to) in [
            ("192.0.2.1:4500", "192.0.2.2:4500"),
            ("[2001:db8::1]:500", "[2001:db8::2]:4500"),
        ] {
            let (from, to): (SocketAddr, SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
            for body in [&b""[..], b"odd", b"even"] {
                let packet = ip_packet(from, to, 7, body).unwrap();
                let header = if from.is_ipv4() { 20 } else { 40 };
                let addresses = &packet[if from.is_ipv4() { 12..20 } else { 8..40 }];
                if from.is_ipv4() {
                    assert_eq!(checksum(&[&packet[..20]]), 0);
                }
                let udp = &packet[header..];
                let length = u16::try_from(udp.len()).unwrap().to_be_bytes();
                assert_eq!(checksum(&[addresses, &[0, 17], &length, udp]), 0);
                assert_eq!(&udp[8..], body);
            }
        }
    }

    #[test]
    fn a_datagram_between_families_is_refused() {
        let (from, to) = ("192.0.2.1:1".parse().unwrap(), "[::1]:1".parse().unwrap());
        assert_eq!(ip_packet(from, to, 0, b""), None);
    }
}
