//! What tells flows apart ([MS-IKEE] §3.1.1).

use core::net::IpAddr;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP_V6: u8 = 58;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there are two ways")]
pub enum Direction {
    /// To this host, or to what lies behind it.
    Inbound,
    /// From this host.
    Outbound,
}

/// A packet, as far as flows care.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what [MS-IKEE] §3.1.1 lists")]
pub struct Packet {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// The protocol above IP.
    pub protocol: u8,
    /// Source and destination port of TCP and UDP; type and code of ICMP, type first. Ignored for the rest.
    ///
    /// A fragment that shows none has zeros.
    pub detail: (u16, u16),
}

/// The key of a flow: one for both directions of a connection.
///
/// There are six kinds of entries ([MS-IKEE] §3.1.1): for IPv4 and for IPv6 one with ports (TCP, UDP), one with type
/// and code (ICMP), and one with neither. An answer to a query of ICMP belongs to the flow of the query.
///
/// ```
/// use ikee_discovery::{Direction, FlowKey, Packet};
///
/// let (here, there) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
/// let syn = Packet { source: here, destination: there, protocol: 6, detail: (40_000, 80) };
/// let ack = Packet { source: there, destination: here, protocol: 6, detail: (80, 40_000) };
/// assert_eq!(FlowKey::of(Direction::Outbound, &syn), FlowKey::of(Direction::Inbound, &ack));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FlowKey {
    local: [u8; 16],
    remote: [u8; 16],
    detail: [u8; 4],
    protocol: u8,
    v6: bool,
}

impl FlowKey {
    /// How many octets enter the hash.
    pub(crate) const LEN: usize = 38;

    /// That of a packet.
    #[must_use]
    pub fn of(direction: Direction, packet: &Packet) -> Self {
        let swap = direction == Direction::Inbound;
        let order = |(a, b)| if swap { (b, a) } else { (a, b) };
        let (local, remote) = order((octets(packet.source), octets(packet.destination)));
        let v6 = packet.source.is_ipv6();
        let detail = match packet.protocol {
            TCP | UDP if swap => (packet.detail.1, packet.detail.0),
            TCP | UDP => packet.detail,
            ICMP if !v6 => (query(packet.detail.0), packet.detail.1),
            ICMP_V6 if v6 => (query_v6(packet.detail.0), packet.detail.1),
            _ => (0, 0),
        };
        let ([a, b], [c, d]) = (detail.0.to_be_bytes(), detail.1.to_be_bytes());
        Self {
            local,
            remote,
            detail: [a, b, c, d],
            protocol: packet.protocol,
            v6,
        }
    }

    /// All of it, to be hashed.
    pub(crate) fn octets(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let parts = self.local.iter().chain(&self.remote).chain(&self.detail);
        let rest = [self.protocol, u8::from(self.v6)];
        for (to, from) in out.iter_mut().zip(parts.chain(&rest)) {
            *to = *from;
        }
        out
    }
}

fn octets(address: IpAddr) -> [u8; 16] {
    let mut out = [0; 16];
    match address {
        IpAddr::V4(it) => {
            for (to, from) in out.iter_mut().zip(it.octets()) {
                *to = from;
            }
        }
        IpAddr::V6(it) => out = it.octets(),
    }
    out
}

/// The question to an answer: echo, timestamp, information, address mask (RFC 792, RFC 950).
const fn query(kind: u16) -> u16 {
    match kind {
        0 => 8,
        14 | 16 | 18 => kind.saturating_sub(1),
        other => other,
    }
}

/// The question to an answer: echo (RFC 4443 §4).
const fn query_v6(kind: u16) -> u16 {
    if kind == 129 { 128 } else { kind }
}
