//! Selectors as users write them.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use super::TrafficSelector;
use crate::protocol;

impl TrafficSelector {
    /// Reads an address, a subnet or a range, with a protocol and ports in brackets if wanted:
    /// `10.0.0.1`, `10.0.0.0/8[tcp/80]`, `10.0.0.1-10.0.0.9[udp]`, `fd00::/64[/1024-65535]`,
    /// `0.0.0.0/0[tcp/opaque]`.
    ///
    /// # Errors
    ///
    /// What part of the text is wrong.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let text = text.trim();
        let (addresses, rest) = match text.split_once('[') {
            Some((addresses, rest)) => {
                let inside = rest.strip_suffix(']').ok_or(SelectorError::Bracket)?;
                (addresses, Some(inside))
            }
            None => (text, None),
        };
        let selector = parse_addresses(addresses)?;
        match rest {
            Some(inside) => parse_traffic(selector, inside),
            None => Ok(selector),
        }
    }
}

impl FromStr for TrafficSelector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Self::parse(text)
    }
}

/// As [`TrafficSelector::parse`] reads it.
impl fmt::Display for TrafficSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_subnet() {
            Some((network, prefix)) => write!(f, "{network}/{prefix}")?,
            None => write!(f, "{}-{}", self.start, self.end)?,
        }
        if self.protocol == 0 && self.any_port() {
            return Ok(());
        }
        f.write_str("[")?;
        match protocol::ip_name(self.protocol) {
            _ if self.protocol == 0 => {}
            Some(name) => f.write_str(name)?,
            None => write!(f, "{}", self.protocol)?,
        }
        if self.is_opaque() {
            f.write_str("/opaque")?;
        } else if self.start_port == self.end_port {
            write!(f, "/{}", self.start_port)?;
        } else if !self.any_port() {
            write!(f, "/{}-{}", self.start_port, self.end_port)?;
        }
        f.write_str("]")
    }
}

/// Which part of a selector's text is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SelectorError {
    /// Not an IPv4 or IPv6 address.
    Address,
    /// An opening bracket without its closing one at the end.
    Bracket,
    /// A range whose ends are of different families or in the wrong order.
    Order,
    /// Neither a port, nor a range of ports in order, nor `opaque`.
    Port,
    /// Not a prefix length of that family.
    Prefix,
    /// Neither the number nor a known name of an IP protocol.
    Protocol,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "not an IP address; write 10.0.0.0/8, 10.0.0.1-10.0.0.9 or fd00::/64",
            Self::Bracket => "protocol and port belong in brackets at the end, like [tcp/80]",
            Self::Order => "the ends of a range must be of one family, the lower one first",
            Self::Port => "not a port; write 80, 1024-65535, or opaque",
            Self::Prefix => "not a prefix length; at most 32 for IPv4, 128 for IPv6",
            Self::Protocol => "not an IP protocol; write tcp, udp, icmp or its number",
        })
    }
}

impl core::error::Error for SelectorError {}

fn parse_addresses(text: &str) -> Result<TrafficSelector, SelectorError> {
    if let Some((network, prefix)) = text.split_once('/') {
        let network = address(network)?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = prefix
            .parse()
            .ok()
            .filter(|it| *it <= longest)
            .ok_or(SelectorError::Prefix)?;
        return Ok(TrafficSelector::subnet(network, prefix));
    }
    let (start, end) = match text.split_once('-') {
        Some((start, end)) => (address(start)?, address(end)?),
        None => (address(text)?, address(text)?),
    };
    let selector = TrafficSelector::range(start, end);
    selector
        .is_valid()
        .then_some(selector)
        .ok_or(SelectorError::Order)
}

fn parse_traffic(selector: TrafficSelector, text: &str) -> Result<TrafficSelector, SelectorError> {
    let (name, ports) = text.split_once('/').unwrap_or((text, ""));
    let number = match name.trim() {
        "" | "any" | "%any" => 0,
        name => protocol::ip_number(name)
            .or_else(|| name.parse().ok())
            .ok_or(SelectorError::Protocol)?,
    };
    let (start, end) = match ports.trim() {
        "" | "any" | "%any" => (0, u16::MAX),
        "opaque" | "%opaque" => (u16::MAX, 0),
        ports => {
            let (start, end) = ports.split_once('-').unwrap_or((ports, ports));
            let (start, end) = (port(start)?, port(end)?);
            if start > end {
                return Err(SelectorError::Port);
            }
            (start, end)
        }
    };
    Ok(selector.with_ports(number, start, end))
}

fn address(text: &str) -> Result<IpAddr, SelectorError> {
    text.trim().parse().map_err(|_| SelectorError::Address)
}

fn port(text: &str) -> Result<u16, SelectorError> {
    text.trim().parse().map_err(|_| SelectorError::Port)
}
