//! Ranges of addresses to hand out (RFC 7296 §2.19).

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// A range of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Pool {
    first: IpAddr,
    last: IpAddr,
}

/// Text or addresses that are no [`Pool`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PoolError {
    /// Neither `ADDRESS-ADDRESS` nor `ADDRESS/PREFIX` nor one address.
    Syntax,
    /// The two ends are of different families.
    Families,
    /// The first address comes after the last.
    Order,
    /// The prefix is longer than the address.
    Prefix,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "a pool is written as FIRST-LAST or ADDRESS/PREFIX",
            Self::Families => "both ends of a pool must be IPv4 or both IPv6",
            Self::Order => "the first address of a pool must not come after the last",
            Self::Prefix => "the prefix is longer than the address",
        })
    }
}

impl core::error::Error for PoolError {}

impl Pool {
    /// The addresses from `first` to `last`.
    ///
    /// # Errors
    ///
    /// When they are of different families, or in the wrong order.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, PoolError> {
        if first.is_ipv4() != last.is_ipv4() {
            return Err(PoolError::Families);
        }
        if first > last {
            return Err(PoolError::Order);
        }
        Ok(Self { first, last })
    }

    /// The hosts of a subnet: without the network's own address and, for IPv4, the broadcast address,
    /// where there are others.
    ///
    /// # Errors
    ///
    /// When the prefix is longer than the address.
    pub fn subnet(address: IpAddr, prefix: u8) -> Result<Self, PoolError> {
        let (bits, number) = number(address);
        let host_bits = bits
            .checked_sub(u32::from(prefix))
            .ok_or(PoolError::Prefix)?;
        let mask = 1_u128
            .checked_shl(host_bits)
            .map_or(u128::MAX, |it| it.wrapping_sub(1));
        let mask = if bits == 32 {
            mask & u128::from(u32::MAX)
        } else {
            mask
        };
        let (mut first, mut last) = (number & !mask, number | mask);
        if host_bits > 1 {
            first = first.saturating_add(1);
            if bits == 32 {
                last = last.saturating_sub(1);
            }
        }
        Self::new(like(address, first), like(address, last))
    }

    /// The first address.
    #[must_use]
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address.
    #[must_use]
    pub const fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether the address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && (self.first..=self.last).contains(&address)
    }

    /// The address after this one, unless it is the last.
    pub(crate) fn after(&self, address: IpAddr) -> Option<IpAddr> {
        let next = like(address, number(address).1.checked_add(1)?);
        (address < self.last).then_some(next)
    }
}

/// The bits of an address, and its value.
fn number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(it) => (32, it.to_bits().into()),
        IpAddr::V6(it) => (128, it.to_bits()),
    }
}

/// The address of that value, in the family of another.
fn like(family: IpAddr, number: u128) -> IpAddr {
    match family {
        IpAddr::V4(_) => u32::try_from(number).map_or(family, |it| IpAddr::V4(it.into())),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Reads `10.9.0.10-10.9.0.99`, `10.9.0.0/24` (as [`Pool::subnet`]) or one address.
impl FromStr for Pool {
    type Err = PoolError;

    fn from_str(text: &str) -> Result<Self, PoolError> {
        let address = |it: &str| it.trim().parse::<IpAddr>().map_err(|_| PoolError::Syntax);
        if let Some((network, prefix)) = text.split_once('/') {
            let prefix = prefix.trim().parse().map_err(|_| PoolError::Syntax)?;
            return Self::subnet(address(network)?, prefix);
        }
        match text.split_once('-') {
            Some((first, last)) => Self::new(address(first)?, address(last)?),
            None => Self::new(address(text)?, address(text)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn pools_are_read_as_operators_write_them() {
        for (text, expected) in [
            ("10.9.0.10-10.9.0.99", "10.9.0.10-10.9.0.99"),
            ("10.9.0.10 - 10.9.0.99", "10.9.0.10-10.9.0.99"),
            ("10.9.0.7/24", "10.9.0.1-10.9.0.254"),
            ("10.9.0.6/31", "10.9.0.6-10.9.0.7"),
            ("10.9.0.6/32", "10.9.0.6-10.9.0.6"),
            ("0.0.0.0/0", "0.0.0.1-255.255.255.254"),
            ("10.9.0.6", "10.9.0.6-10.9.0.6"),
            ("fd00::/120", "fd00::1-fd00::ff"),
            ("::/0", "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            let pool: Pool = text.parse().unwrap();
            assert_eq!(pool.to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_pool_says_why() {
        for (text, expected) in [
            ("", PoolError::Syntax),
            ("10.9.0.1-", PoolError::Syntax),
            ("10.9.0.0/x", PoolError::Syntax),
            ("10.9.0.0/33", PoolError::Prefix),
            ("10.9.0.9-fd00::1", PoolError::Families),
            ("10.9.0.9-10.9.0.8", PoolError::Order),
        ] {
            assert_eq!(text.parse::<Pool>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_last_address_has_none_after_it() {
        let pool: Pool = "255.255.255.254-255.255.255.255".parse().unwrap();
        let second = pool.after(pool.first()).unwrap();
        assert_eq!(second, pool.last());
        assert_eq!(pool.after(second), None);
    }
}
