//! Captures and key tables of a simulation, so that Wireshark can watch it.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use ike_crypto::SecretVec;
use ikev2::KeyLog;
use ipsec_doi::{Encryption, EncryptionId, IntegrityId};
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};

use crate::link::{Crossed, Packet};
use crate::pair::Pair;

impl Pair {
    /// Writes what has crossed so far as `NAME.pcap` below the directory that `IKEE_WATCH` names, and the key tables
    /// into `NAME.keys/` there; does nothing without that variable.
    pub fn watch(&self, name: &str) {
        let Some(directory) = std::env::var_os("IKEE_WATCH") else {
            return;
        };
        self.record(Path::new(&directory), name)
            .expect("a capture file");
    }

    /// As [`watch`](Self::watch), below a given directory.
    ///
    /// # Errors
    ///
    /// When the files cannot be written.
    pub fn record(&self, directory: &Path, name: &str) -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        let file = std::fs::File::create(directory.join(format!("{name}.pcap")))?;
        write_pcap(&self.link.crossed, file)?;
        let keys = directory.join(format!("{name}.keys"));
        std::fs::create_dir_all(&keys)?;
        let (ike, esp) = self.key_tables();
        std::fs::write(keys.join("ikev2_decryption_table"), ike)?;
        std::fs::write(keys.join("esp_sa"), esp)
    }

    /// The tables `ikev2_decryption_table` and `esp_sa` of Wireshark's profile directory.
    #[must_use]
    pub fn key_tables(&self) -> (String, String) {
        let (mut ike, mut esp) = (String::new(), String::new());
        for keys in self.a.keys().chain(self.b.keys()) {
            let line = table_line(keys);
            let table = if matches!(keys, KeyLog::Ike { .. }) {
                &mut ike
            } else {
                &mut esp
            };
            if !table.contains(&line) {
                table.push_str(&line);
            }
        }
        (ike, esp)
    }
}

/// Writes datagrams as raw IP packets.
///
/// # Errors
///
/// When the writer fails.
pub fn write_pcap(crossed: &[Crossed], writer: impl io::Write) -> io::Result<()> {
    let header = PcapHeader {
        datalink: DataLink::RAW,
        ..PcapHeader::default()
    };
    let mut pcap = PcapWriter::with_header(writer, header).map_err(io::Error::other)?;
    for it in crossed {
        let packet = ip_packet(&it.packet);
        let length = u32::try_from(packet.len()).map_err(io::Error::other)?;
        let record = PcapPacket::new(it.at.as_duration(), length, &packet);
        pcap.write_packet(&record).map_err(io::Error::other)?;
    }
    Ok(())
}

/// The datagram in its UDP and IP headers, without checksums of UDP.
fn ip_packet(packet: &Packet) -> Vec<u8> {
    let length = |n: usize| u16::try_from(n).unwrap_or(u16::MAX).to_be_bytes();
    let udp_len = packet.bytes.len() + 8;
    let mut out = Vec::new();
    match (packet.from.ip(), packet.to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend([0x45, 0]);
            out.extend(length(udp_len + 20));
            out.extend([0, 0, 0, 0, 64, 17, 0, 0]);
            out.extend(from.octets());
            out.extend(to.octets());
            let sum = checksum(&out);
            out[10..12].copy_from_slice(&sum);
        }
        (from, to) => {
            let octets = |it: IpAddr| match it {
                IpAddr::V4(it) => it.to_ipv6_mapped().octets(),
                IpAddr::V6(it) => it.octets(),
            };
            out.extend([0x60, 0, 0, 0]);
            out.extend(length(udp_len));
            out.extend([17, 64]);
            out.extend(octets(from));
            out.extend(octets(to));
        }
    }
    out.extend(packet.from.port().to_be_bytes());
    out.extend(packet.to.port().to_be_bytes());
    out.extend(length(udp_len));
    out.extend([0, 0]);
    out.extend_from_slice(&packet.bytes);
    out
}

fn checksum(header: &[u8]) -> [u8; 2] {
    let words = header
        .chunks(2)
        .map(|it| u32::from(it[0]) << 8 | u32::from(it[1]));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    u16::try_from(!folded & 0xffff).unwrap_or(0).to_be_bytes()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut out, octet| {
        write!(out, "{octet:02x}").expect("a string");
        out
    })
}

fn table_line(keys: &KeyLog) -> String {
    match keys {
        KeyLog::Ike {
            spis,
            suite,
            encryption,
            integrity,
        } => {
            let key = |it: &SecretVec| hex(it.as_slice());
            format!(
                "{},{},{},{},\"{}\",{},{},\"{}\"\n",
                spis.0,
                spis.1,
                key(&encryption.0),
                key(&encryption.1),
                ike_cipher(suite.encryption),
                key(&integrity.0),
                key(&integrity.1),
                integrity_name(suite.integrity),
            )
        }
        KeyLog::Esp {
            from,
            to,
            spi,
            suite,
            encryption,
            integrity,
        } => {
            let family = if from.is_ipv4() { "IPv4" } else { "IPv6" };
            let (name, key) = if integrity.is_empty() {
                ("NULL", String::new())
            } else {
                let key = format!("0x{}", hex(integrity.as_slice()));
                (integrity_name(suite.integrity), key)
            };
            format!(
                "\"{family}\",\"{from}\",\"{to}\",\"0x{spi:08x}\",\"{}\",\"0x{}\",\"{name}\",\"{key}\"\n",
                esp_cipher(suite.encryption),
                hex(encryption.as_slice()),
            )
        }
        _ => String::new(),
    }
}

fn ike_cipher(it: Encryption) -> String {
    match it.id {
        EncryptionId::AES_GCM_16 => format!("AES-GCM-{} with 16 octet ICV [RFC5282]", it.key_bits),
        _ => format!("AES-CBC-{} [RFC3602]", it.key_bits),
    }
}

fn esp_cipher(it: Encryption) -> &'static str {
    match it.id {
        EncryptionId::AES_GCM_16 => "AES-GCM with 16 octet ICV [RFC4106]",
        EncryptionId::CHACHA20_POLY1305 => "ChaCha20 with Poly1305 [RFC7634]",
        _ => "AES-CBC [RFC3602]",
    }
}

fn integrity_name(it: Option<IntegrityId>) -> &'static str {
    match it {
        None => "NONE [RFC4306]",
        Some(IntegrityId::HMAC_SHA1_96) => "HMAC_SHA1_96 [RFC2404]",
        Some(IntegrityId::HMAC_SHA2_384_192) => "HMAC_SHA2_384_192 [RFC4868]",
        Some(IntegrityId::HMAC_SHA2_512_256) => "HMAC_SHA2_512_256 [RFC4868]",
        Some(_) => "HMAC_SHA2_256_128 [RFC4868]",
    }
}
