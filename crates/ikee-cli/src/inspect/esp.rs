//! A look into ESP packets whose keys are known: what kind of packet is inside (RFC 4303 §2).

use std::net::IpAddr;

use super::ip;
use super::keys::Keys;
use super::open;

/// In a few words what an ESP packet carries; `None` without keys.
pub(crate) fn inside(keys: &Keys, [src, dst]: [IpAddr; 2], packet: &[u8]) -> Option<String> {
    let spi = u32::from_be_bytes(*packet.first_chunk::<4>()?);
    let keys = keys.esp(src, dst, spi)?;
    let provider = ike_rustcrypto::provider();
    let clear = match open::open(provider, &keys.suite, &keys.side, packet, HEADER) {
        Ok(clear) => clear,
        Err(reason) => return Some(format!("not decrypted: {reason}")),
    };
    let mut octets = clear.octets;
    let what = match (octets.pop(), octets.pop()) {
        (Some(next), Some(pad)) => {
            let length = octets.len().checked_sub(usize::from(pad));
            octets.truncate(length.unwrap_or_default());
            describe(next, &octets)
        }
        _ => "nothing".to_owned(),
    };
    Some(match clear.valid {
        Some(false) => format!("{what} (ICV wrong)"),
        Some(true) | None => what,
    })
}

fn describe(next: u8, octets: &[u8]) -> String {
    if !matches!(next, 4 | 41) {
        return protocol(next, octets);
    }
    match ip::parse(octets) {
        Ok(packet) => {
            let what = protocol(packet.protocol, packet.payload);
            format!("{what} {} -> {}", packet.source, packet.destination)
        }
        Err(defect) => defect.kind,
    }
}

fn protocol(number: u8, octets: &[u8]) -> String {
    let name = match (number, octets.first()) {
        (1, Some(0)) | (58, Some(129)) => "echo reply",
        (1, Some(8)) | (58, Some(128)) => "echo request",
        (1, _) => "ICMP",
        (6, _) => "TCP",
        (17, _) => "UDP",
        (58, _) => "ICMPv6",
        // RFC 4303 §2.6
        (59, _) => "dummy",
        _ => return format!("protocol {number}"),
    };
    name.to_owned()
}

/// SPI and sequence number.
const HEADER: usize = 8;
