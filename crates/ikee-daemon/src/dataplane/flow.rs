//! What selectors see of a packet (RFC 4301 §4.4.1.1).

use std::net::IpAddr;

use ipsec_doi::TrafficSelector;
use ipsec_esp::ip::Header;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const DCCP: u8 = 33;
const ICMP_V6: u8 = 58;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

/// A packet, as far as selectors care.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flow {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    protocol: u8,
    /// Source and destination port, type and code twice for ICMP; none if the packet has or shows none.
    ports: Option<(u16, u16)>,
    /// Whether it is no fragment.
    whole: bool,
}

impl Flow {
    /// That of a whole packet, if it is one.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let header = Header::parse(packet).ok()?;
        Some(Self::of(&header, packet))
    }

    pub(super) fn of(header: &Header, packet: &[u8]) -> Self {
        let first = packet
            .get(header.payload..header.total)
            .filter(|_| header.fragment_offset == 0);
        let ports = match (header.protocol, first) {
            (ICMP | ICMP_V6, Some(&[kind, code, ..])) => {
                let both = u16::from_be_bytes([kind, code]);
                Some((both, both))
            }
            (TCP | UDP | DCCP | SCTP | UDP_LITE, Some(&[a, b, c, d, ..])) => {
                Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
            }
            _ => None,
        };
        Self {
            source: header.source,
            destination: header.destination,
            protocol: header.protocol,
            ports,
            whole: header.fragment_offset == 0 && !header.more_fragments,
        }
    }

    /// A packet the other way between the same ends.
    pub(crate) fn reversed(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            ports: self
                .ports
                .map(|(source, destination)| (destination, source)),
            ..self
        }
    }

    /// Whether it is no fragment.
    pub(crate) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Source and destination, and the protocol above IP.
    pub(crate) const fn ends(&self) -> (IpAddr, IpAddr, u8) {
        (self.source, self.destination, self.protocol)
    }

    /// Source and destination port, type and code of ICMP; zeros if there are none.
    pub(crate) fn detail(&self) -> (u16, u16) {
        let ports = self.ports.unwrap_or_default();
        match self.protocol {
            ICMP | ICMP_V6 => {
                let [kind, code] = ports.0.to_be_bytes();
                (kind.into(), code.into())
            }
            _ => ports,
        }
    }

    /// Whether one of the selectors wants where the packet comes from.
    pub(crate) fn comes_from(&self, selectors: &[TrafficSelector]) -> bool {
        let port = self.ports.map(|(source, _)| source);
        selectors
            .iter()
            .any(|selector| admits(selector, self.protocol, port, self.source))
    }

    /// Whether one of the selectors wants where the packet goes.
    pub(crate) fn goes_to(&self, selectors: &[TrafficSelector]) -> bool {
        let port = self.ports.map(|(_, destination)| destination);
        selectors
            .iter()
            .any(|selector| admits(selector, self.protocol, port, self.destination))
    }
}

/// A port that cannot be seen is admitted only where any port is, or where OPAQUE is asked for.
fn admits(selector: &TrafficSelector, protocol: u8, port: Option<u16>, address: IpAddr) -> bool {
    let ports = (selector.start_port, selector.end_port);
    let port_fits = match port {
        _ if ports == (0, u16::MAX) => true,
        None => ports == (u16::MAX, 0),
        Some(port) => ports.0 <= port && port <= ports.1,
    };
    port_fits
        && (selector.protocol == 0 || selector.protocol == protocol)
        && selector.start <= address
        && address <= selector.end
}

/// How much a selector covers: what covers less is asked first.
pub(super) type Breadth = (u128, bool, u16);

pub(super) fn breadth(selector: &TrafficSelector) -> Breadth {
    let span = match (selector.start, selector.end) {
        (IpAddr::V4(start), IpAddr::V4(end)) => {
            u128::from(end.to_bits().saturating_sub(start.to_bits()))
        }
        (IpAddr::V6(start), IpAddr::V6(end)) => end.to_bits().saturating_sub(start.to_bits()),
        _ => u128::MAX,
    };
    let ports = selector.end_port.saturating_sub(selector.start_port);
    (span, selector.protocol == 0, ports)
}
