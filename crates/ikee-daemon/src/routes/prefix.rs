//! Address prefixes, and ranges of addresses as prefixes.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Prefix {
    pub(crate) address: IpAddr,
    pub(crate) length: u8,
}

impl Prefix {
    pub(crate) const fn host(address: IpAddr) -> Self {
        Self {
            address,
            length: width(address),
        }
    }

    pub(crate) const fn is_v4(self) -> bool {
        self.address.is_ipv4()
    }

    pub(crate) fn contains(self, address: IpAddr) -> bool {
        let host_bits = u32::from(width(self.address).saturating_sub(self.length));
        let network = |address| number(address).checked_shr(host_bits).unwrap_or(0);
        self.address.is_ipv4() == address.is_ipv4() && network(self.address) == network(address)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// The fewest prefixes that together are the range; none if it is not a range.
pub(crate) fn cover(start: IpAddr, end: IpAddr) -> Vec<Prefix> {
    let mut prefixes = Vec::new();
    if start.is_ipv4() != end.is_ipv4() {
        return prefixes;
    }
    let (mut first, last) = (number(start), number(end));
    while first <= last {
        // as large as the alignment of the first address and the rest of the range allow
        let rest = last - first;
        let fitting = if rest == u128::MAX {
            128
        } else {
            (rest + 1).ilog2()
        };
        let bits = first.trailing_zeros().min(fitting).min(width(start).into());
        let length = u32::from(width(start)).saturating_sub(bits);
        prefixes.push(Prefix {
            address: address(first, start.is_ipv4()),
            length: u8::try_from(length).unwrap_or(0),
        });
        let Some(next) = 1_u128
            .checked_shl(bits)
            .and_then(|size| first.checked_add(size))
        else {
            break;
        };
        first = next;
    }
    prefixes
}

const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn address(number: u128, v4: bool) -> IpAddr {
    match u32::try_from(number) {
        Ok(number) if v4 => Ipv4Addr::from(number).into(),
        _ => Ipv6Addr::from(number).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(start: &str, end: &str) -> Vec<String> {
        cover(start.parse().unwrap(), end.parse().unwrap())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_range_is_covered_by_the_fewest_prefixes() {
        assert_eq!(covered("10.0.0.0", "10.255.255.255"), ["10.0.0.0/8"]);
        assert_eq!(covered("10.0.0.1", "10.0.0.1"), ["10.0.0.1/32"]);
        assert_eq!(
            covered("10.0.0.1", "10.0.0.4"),
            ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"]
        );
        assert_eq!(covered("0.0.0.0", "255.255.255.255"), ["0.0.0.0/0"]);
        assert_eq!(
            covered("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ["::/0"]
        );
        assert_eq!(covered("fd99:2::1", "fd99:2::1"), ["fd99:2::1/128"]);
        assert_eq!(
            covered("255.255.255.254", "255.255.255.255"),
            ["255.255.255.254/31"]
        );
        assert_eq!(covered("10.0.0.4", "10.0.0.1"), [""; 0]);
        assert_eq!(covered("10.0.0.4", "::1"), [""; 0]);
    }

    #[test]
    fn a_prefix_contains_its_own_addresses_only() {
        let everything = Prefix {
            address: "0.0.0.0".parse().unwrap(),
            length: 0,
        };
        let net = Prefix {
            address: "10.1.0.0".parse().unwrap(),
            length: 16,
        };
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(everything.contains(address("10.2.3.4")) && !everything.contains(address("::1")));
        assert!(net.contains(address("10.1.255.1")) && !net.contains(address("10.2.0.1")));
        assert!(Prefix::host(address("::1")).contains(address("::1")));
    }
}
