//! Traffic selectors and their algebra (RFC 7296 §2.9, §3.13.1; RFC 4301 §4.4.1.1).

mod text;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isakmp_wire::v2;

pub use text::SelectorError;

/// A set of packets: one protocol or any, a range of ports, a range of addresses.
///
/// Ports are those of TCP, UDP and the like; for ICMP the type is in the upper and the code in
/// the lower octet (RFC 7296 §3.13.1). Start port 65535 with end port 0 is OPAQUE: packets whose
/// port cannot be seen.
///
/// ```
/// use ipsec_doi::TrafficSelector;
///
/// let ours = TrafficSelector::parse("10.1.0.0/16[tcp]").unwrap();
/// let theirs = TrafficSelector::parse("10.1.2.0-10.2.255.255[/80]").unwrap();
/// let both = ours.intersect(&theirs).unwrap();
/// assert_eq!(both.to_string(), "10.1.2.0-10.1.255.255[tcp/80]");
/// assert!(ours.contains(&both) && theirs.contains(&both));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the fields of the wire format; callers build it by hand"
)]
pub struct TrafficSelector {
    /// IP protocol number; 0 for any.
    pub protocol: u8,
    /// First port.
    pub start_port: u16,
    /// Last port.
    pub end_port: u16,
    /// First address.
    pub start: IpAddr,
    /// Last address, of the same family and not below the first.
    pub end: IpAddr,
}

impl TrafficSelector {
    /// Reads a selector from the wire; `None` unless its addresses, and its ports, are in order.
    #[must_use]
    pub fn from_wire(wire: &v2::Selector) -> Option<Self> {
        let it = Self {
            protocol: wire.protocol,
            start_port: wire.start_port,
            end_port: wire.end_port,
            start: wire.start,
            end: wire.end,
        };
        it.is_valid().then_some(it)
    }

    /// The selector as it goes onto the wire.
    #[must_use]
    pub fn to_wire(&self) -> v2::Selector {
        v2::Selector {
            kind: match self.start {
                IpAddr::V4(_) => v2::TsType::IPV4_ADDR_RANGE,
                IpAddr::V6(_) => v2::TsType::IPV6_ADDR_RANGE,
            },
            protocol: self.protocol,
            start_port: self.start_port,
            end_port: self.end_port,
            start: self.start,
            end: self.end,
        }
    }

    /// Whether the addresses are of one family and in order, and the ports in order or OPAQUE.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let ports = self.start_port <= self.end_port || self.is_opaque();
        self.start.is_ipv4() == self.end.is_ipv4() && self.start <= self.end && ports
    }

    /// All IPv4 traffic.
    #[must_use]
    pub const fn any_v4() -> Self {
        Self::range(
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V4(Ipv4Addr::BROADCAST),
        )
    }

    /// All IPv6 traffic.
    #[must_use]
    pub const fn any_v6() -> Self {
        Self::range(
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
        )
    }

    /// All traffic of one address.
    #[must_use]
    pub const fn host(addr: IpAddr) -> Self {
        Self::range(addr, addr)
    }

    /// All traffic of a subnet; the host bits of `addr` are ignored, and a prefix longer than the
    /// address is a host.
    #[must_use]
    pub fn subnet(addr: IpAddr, prefix: u8) -> Self {
        match addr {
            IpAddr::V4(addr) => {
                let host_bits = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                let first = addr.to_bits() & !host_bits;
                Self::range(
                    Ipv4Addr::from_bits(first).into(),
                    Ipv4Addr::from_bits(first | host_bits).into(),
                )
            }
            IpAddr::V6(addr) => {
                let host_bits = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                let first = addr.to_bits() & !host_bits;
                Self::range(
                    Ipv6Addr::from_bits(first).into(),
                    Ipv6Addr::from_bits(first | host_bits).into(),
                )
            }
        }
    }

    /// The same addresses, for one protocol and a range of ports.
    #[must_use]
    pub const fn with_ports(mut self, protocol: u8, start_port: u16, end_port: u16) -> Self {
        self.protocol = protocol;
        self.start_port = start_port;
        self.end_port = end_port;
        self
    }

    /// What both select; `None` if they have nothing in common.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let protocol = match (self.protocol, other.protocol) {
            (0, it) | (it, 0) => it,
            (a, b) if a == b => a,
            _ => return None,
        };
        let (start_port, end_port) = self.common_ports(other)?;
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        let same_family = self.start.is_ipv4() == other.start.is_ipv4();
        (same_family && start <= end).then_some(Self {
            protocol,
            start_port,
            end_port,
            start,
            end,
        })
    }

    /// Whether everything that `other` selects is selected.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.intersect(other) == Some(*other)
    }

    /// Whether a packet is selected: its protocol, the port at this selector's end of it, and the
    /// address there.
    #[must_use]
    pub fn matches(&self, protocol: u8, port: u16, addr: IpAddr) -> bool {
        (self.protocol == 0 || self.protocol == protocol)
            && (self.start_port..=self.end_port).contains(&port)
            && self.start.is_ipv4() == addr.is_ipv4()
            && (self.start..=self.end).contains(&addr)
    }

    /// Network and prefix length, if the addresses are a subnet.
    #[must_use]
    pub fn to_subnet(&self) -> Option<(IpAddr, u8)> {
        let bits = match (self.start, self.end) {
            (IpAddr::V4(start), IpAddr::V4(end)) => {
                (start.to_bits() ^ end.to_bits()).leading_zeros()
            }
            (IpAddr::V6(start), IpAddr::V6(end)) => {
                (start.to_bits() ^ end.to_bits()).leading_zeros()
            }
            _ => return None,
        };
        let prefix = u8::try_from(bits).ok()?;
        let whole = Self::subnet(self.start, prefix);
        (whole.start == self.start && whole.end == self.end).then_some((self.start, prefix))
    }

    /// Whether all ports are selected.
    #[must_use]
    pub const fn any_port(&self) -> bool {
        self.start_port == 0 && self.end_port == u16::MAX
    }

    /// Whether only packets without a visible port are selected (RFC 7296 §3.13.1).
    #[must_use]
    pub const fn is_opaque(&self) -> bool {
        self.start_port == u16::MAX && self.end_port == 0
    }

    const fn range(start: IpAddr, end: IpAddr) -> Self {
        Self {
            protocol: 0,
            start_port: 0,
            end_port: u16::MAX,
            start,
            end,
        }
    }

    /// OPAQUE has something in common with itself and with all ports, RFC 4301 §4.4.1.1.
    fn common_ports(&self, other: &Self) -> Option<(u16, u16)> {
        if self.is_opaque() || other.is_opaque() {
            let both = |it: &Self| it.is_opaque() || it.any_port();
            return (both(self) && both(other)).then_some((u16::MAX, 0));
        }
        let start = self.start_port.max(other.start_port);
        let end = self.end_port.min(other.end_port);
        (start <= end).then_some((start, end))
    }
}
