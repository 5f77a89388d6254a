//! Inner packets: pings whose every octet is known to whoever gets them.

use core::net::Ipv4Addr;

use etherparse::PacketBuilder;

/// Who pings.
pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// Who answers.
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// Identifier of all pings.
const IDENTIFIER: u16 = 0x1CEE;
/// Octets in front of the pattern: IPv4 and ICMP headers.
const HEADERS: usize = 28;
/// Longest pattern: the packet stays below a TUN device's usual MTU.
const LONGEST: usize = 1_300;

/// An echo request, or the reply to it.
pub(super) fn ping(sequence: u16, reply: bool) -> Vec<u8> {
    let (from, to) = if reply {
        (SERVER, CLIENT)
    } else {
        (CLIENT, SERVER)
    };
    let builder = PacketBuilder::ipv4(from.octets(), to.octets(), 64);
    let builder = if reply {
        builder.icmpv4_echo_reply(IDENTIFIER, sequence)
    } else {
        builder.icmpv4_echo_request(IDENTIFIER, sequence)
    };
    let pattern = pattern(sequence);
    let mut packet = Vec::with_capacity(HEADERS + pattern.len());
    // a vector takes everything
    drop(builder.write(&mut packet, &pattern));
    packet
}

/// As many octets as the sequence number wants, so that every length of padding occurs.
fn pattern(sequence: u16) -> Vec<u8> {
    let length = usize::from(sequence).wrapping_mul(37) % LONGEST;
    (0..length)
        .map(|i| (i % 251) as u8 ^ sequence.to_be_bytes()[1])
        .collect()
}

/// The sequence number of a ping, if it is one.
pub(super) fn sequence(packet: &[u8]) -> Option<u16> {
    packet
        .get(26..28)
        .and_then(|field| field.try_into().ok())
        .map(u16::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_a_well_formed_packet_that_tells_its_sequence() {
        for reply in [false, true] {
            let packet = ping(0x1234, reply);
            let parsed = etherparse::SlicedPacket::from_ip(&packet).unwrap();
            assert!(matches!(
                parsed.transport,
                Some(etherparse::TransportSlice::Icmpv4(_))
            ));
            assert_eq!(sequence(&packet), Some(0x1234));
        }
        assert_ne!(ping(1, false), ping(1, true));
    }
}
