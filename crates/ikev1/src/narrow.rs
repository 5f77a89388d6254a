//! Identities of quick mode, and the traffic they select (RFC 2407 §4.6.2).

use alloc::vec::Vec;
use core::net::IpAddr;

use ipsec_doi::TrafficSelector;
use isakmp_wire::v1::{IdType, Identification, kind};
use isakmp_wire::{Encode, OwnedPayload, RawPayload};

use crate::failure::Failure;

/// An identity of quick mode.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Named {
    /// The body of its payload, which goes back as it came.
    pub(crate) body: Vec<u8>,
    /// What it selects.
    pub(crate) traffic: Traffic,
}

/// What an identity selects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Traffic {
    /// These packets.
    Of(TrafficSelector),
    /// Packets of its owner, wherever that is: a name, as Windows clients behind NAT send it. Protocol and port.
    Owner(u8, u16),
    /// None that we know.
    Unknown,
}

impl Named {
    pub(crate) fn read(raw: RawPayload<'_>) -> Result<Self, Failure> {
        let id = Identification::parse(raw)?;
        Ok(Self {
            body: raw.body.to_vec(),
            traffic: traffic(&id),
        })
    }

    /// The identity that selects this traffic.
    pub(crate) fn of(selector: TrafficSelector) -> Self {
        Self {
            body: body(selector),
            traffic: Traffic::Of(selector),
        }
    }

    pub(crate) fn payload(&self) -> OwnedPayload {
        OwnedPayload::new(kind::ID, self.body.clone())
    }

    /// The selector, where a name stands for the host at `owner`.
    pub(crate) fn selector(&self, owner: IpAddr) -> Option<TrafficSelector> {
        match self.traffic {
            Traffic::Of(it) => Some(it),
            Traffic::Owner(protocol, port) => Some(host(owner, protocol, port)),
            Traffic::Unknown => None,
        }
    }
}

/// What an identity selects.
fn traffic(id: &Identification<'_>) -> Traffic {
    if matches!(id.kind, IdType::FQDN | IdType::USER_FQDN) {
        return Traffic::Owner(id.protocol, id.port);
    }
    let Some((first, second)) = id.addresses() else {
        return Traffic::Unknown;
    };
    let range = match id.kind {
        IdType::IPV4_ADDR_SUBNET | IdType::IPV6_ADDR_SUBNET => {
            prefix(second).map(|it| TrafficSelector::subnet(first, it))
        }
        _ if first <= second => {
            let mut range = TrafficSelector::host(first);
            range.end = second;
            Some(range)
        }
        _ => None,
    };
    let Some(range) = range else {
        return Traffic::Unknown;
    };
    let (low, high) = ports(id.port);
    Traffic::Of(range.with_ports(id.protocol, low, high))
}

/// One port, or all of them.
const fn ports(port: u16) -> (u16, u16) {
    if port == 0 {
        (0, u16::MAX)
    } else {
        (port, port)
    }
}

/// A host with a protocol and a port.
pub(crate) const fn host(address: IpAddr, protocol: u8, port: u16) -> TrafficSelector {
    let (low, high) = ports(port);
    TrafficSelector::host(address).with_ports(protocol, low, high)
}

/// The length of a netmask; `None` for one with holes.
pub(crate) fn prefix(mask: IpAddr) -> Option<u8> {
    let (ones, whole) = match mask {
        IpAddr::V4(it) => {
            let bits = it.to_bits();
            let ones = bits.leading_ones();
            (ones, bits.count_ones() == ones)
        }
        IpAddr::V6(it) => {
            let bits = it.to_bits();
            let ones = bits.leading_ones();
            (ones, bits.count_ones() == ones)
        }
    };
    u8::try_from(ones).ok().filter(|_| whole)
}

/// The body of the ID payload for a selector; a range of ports becomes all ports, which IKEv1 cannot say otherwise.
fn body(selector: TrafficSelector) -> Vec<u8> {
    let v4 = selector.start.is_ipv4();
    let mut data = octets(selector.start);
    let kind = match selector.to_subnet() {
        _ if selector.start == selector.end => {
            if v4 {
                IdType::IPV4_ADDR
            } else {
                IdType::IPV6_ADDR
            }
        }
        Some((_, length)) => {
            data.extend(octets(netmask(length, v4)));
            if v4 {
                IdType::IPV4_ADDR_SUBNET
            } else {
                IdType::IPV6_ADDR_SUBNET
            }
        }
        None => {
            data.extend(octets(selector.end));
            if v4 {
                IdType::IPV4_ADDR_RANGE
            } else {
                IdType::IPV6_ADDR_RANGE
            }
        }
    };
    let port = if selector.start_port == selector.end_port {
        selector.start_port
    } else {
        0
    };
    let mut out = Vec::new();
    Identification {
        kind,
        protocol: selector.protocol,
        port,
        data: &data,
    }
    .encode(&mut out);
    out
}

/// The netmask of a prefix length.
pub(crate) fn netmask(length: u8, v4: bool) -> IpAddr {
    if v4 {
        let low = u32::MAX.checked_shr(length.into()).unwrap_or(0);
        IpAddr::from((!low).to_be_bytes())
    } else {
        let low = u128::MAX.checked_shr(length.into()).unwrap_or(0);
        IpAddr::from((!low).to_be_bytes())
    }
}

/// The octets of an address.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(it) => it.octets().to_vec(),
        IpAddr::V6(it) => it.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> Option<TrafficSelector> {
        let named = Named::of(TrafficSelector::parse(text).unwrap());
        let read = Named::read(RawPayload::new(kind::ID, &named.body)).unwrap();
        read.selector([192, 0, 2, 9].into())
    }

    /// RFC 2407 §4.6.2: hosts, subnets and ranges.
    #[test]
    fn what_is_written_selects_the_same_when_it_is_read() {
        for text in [
            "10.0.0.1",
            "10.1.0.0/16",
            "0.0.0.0/0",
            "10.0.0.1-10.0.0.9",
            "fd00::/64",
            "::/0",
            "fd00::1",
            "10.0.0.1[udp/1701]",
        ] {
            let selector = TrafficSelector::parse(text).unwrap();
            assert_eq!(again(text), Some(selector), "{text}");
        }
    }

    #[test]
    fn a_name_stands_for_the_host_that_sent_it() {
        let body = [2, 17, 0x06, 0xa5, b'p', b'c'];
        let named = Named::read(RawPayload::new(kind::ID, &body)).unwrap();
        let selector = named.selector([192, 0, 2, 9].into());
        assert_eq!(
            alloc::format!("{}", selector.unwrap()),
            "192.0.2.9/32[udp/1701]"
        );
    }

    /// B10: a range backwards and a mask with holes select nothing.
    #[test]
    fn nonsense_selects_nothing() {
        let backwards = [7, 0, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1];
        let holes = [4, 0, 0, 0, 10, 0, 0, 0, 255, 0, 255, 0];
        for body in [&backwards, &holes] {
            let named = Named::read(RawPayload::new(kind::ID, body)).unwrap();
            assert_eq!(named.traffic, Traffic::Unknown);
        }
    }
}
