//! Traffic selectors as the kernel's: prefixes of addresses, and ports under a mask.

use core::net::IpAddr;

use ikee::doi::TrafficSelector;
use netlink_packet_xfrm::constants::{AF_INET, AF_INET6, IPPROTO_ICMP, IPPROTO_ICMPV6};
use netlink_packet_xfrm::{Address, Selector};

use crate::routes::prefix::{Prefix, cover};

/// Policies that one child may need in one direction.
const MOST: usize = 512;

/// The ports of a policy: a value and the bits of it that count.
type Ports = (u16, u16);

/// Every pair of prefixes and ports that the child is for, as packets from us to the peer have them;
/// `None` if there are too many.
pub(super) fn outbound(
    local: &[TrafficSelector],
    remote: &[TrafficSelector],
) -> Option<Vec<Selector>> {
    let mut selectors = Vec::new();
    for ours in local {
        for theirs in remote {
            let Some(protocol) = protocol(ours.protocol, theirs.protocol) else {
                continue;
            };
            for (source, destination) in pairs(ours, theirs) {
                for (from, to) in ports(protocol, ours, theirs) {
                    selectors.push(selector(protocol, source, destination, from, to));
                    if selectors.len() > MOST {
                        return None;
                    }
                }
            }
        }
    }
    Some(selectors)
}

/// The same packets on their way back.
pub(super) fn reversed(selector: &Selector) -> Selector {
    let mut reversed = Selector {
        saddr: selector.daddr,
        prefixlen_s: selector.prefixlen_d,
        daddr: selector.saddr,
        prefixlen_d: selector.prefixlen_s,
        ..*selector
    };
    // ICMP has a type and a code there, the same both ways
    if !is_icmp(selector.proto) {
        (reversed.sport, reversed.sport_mask) = (selector.dport, selector.dport_mask);
        (reversed.dport, reversed.dport_mask) = (selector.sport, selector.sport_mask);
    }
    reversed
}

/// How narrow a selector is: where policies overlap, the narrower one has to come first.
pub(super) fn narrowness(selector: &Selector) -> u32 {
    let prefixes = u32::from(selector.prefixlen_s) + u32::from(selector.prefixlen_d);
    let ports = selector.sport_mask.count_ones() + selector.dport_mask.count_ones();
    prefixes * 64 + ports + if selector.proto == 0 { 0 } else { 31 }
}

/// The protocol that both sides allow.
const fn protocol(ours: u8, theirs: u8) -> Option<u8> {
    match (ours, theirs) {
        (0, protocol) | (protocol, 0) => Some(protocol),
        (ours, theirs) if ours == theirs => Some(ours),
        _ => None,
    }
}

fn pairs(ours: &TrafficSelector, theirs: &TrafficSelector) -> Vec<(Prefix, Prefix)> {
    if ours.start.is_ipv4() != theirs.start.is_ipv4() {
        return Vec::new();
    }
    let theirs = cover(theirs.start, theirs.end);
    let ours = cover(ours.start, ours.end).into_iter();
    ours.flat_map(|source| theirs.iter().map(move |&destination| (source, destination)))
        .collect()
}

/// Pairs of source and destination ports, or of ICMP type and code (RFC 4301 §4.4.1.1).
fn ports(protocol: u8, ours: &TrafficSelector, theirs: &TrafficSelector) -> Vec<(Ports, Ports)> {
    if !is_icmp(protocol) {
        let theirs = masks(theirs.start_port, theirs.end_port);
        let ours = masks(ours.start_port, ours.end_port).into_iter();
        return ours
            .flat_map(|from| theirs.iter().map(move |&to| (from, to)))
            .collect();
    }
    // one side may say "any"; the narrower one counts
    let width = |it: &TrafficSelector| it.end_port.saturating_sub(it.start_port);
    let narrow = if width(ours) < width(theirs) {
        ours
    } else {
        theirs
    };
    let halves = masks(narrow.start_port, narrow.end_port).into_iter();
    halves
        .map(|(value, mask)| ((value >> 8, mask >> 8), (value & 0xff, mask & 0xff)))
        .map(|(kind, code)| (low_half(kind), low_half(code)))
        .collect()
}

/// A mask over an octet, as one over the two that the kernel compares.
const fn low_half((value, mask): Ports) -> Ports {
    (value, if mask == 0xff { u16::MAX } else { mask })
}

/// The fewest values and masks that together are the range.
fn masks(start: u16, end: u16) -> Vec<Ports> {
    let mut masks = Vec::new();
    let (mut first, last) = (u32::from(start), u32::from(end));
    while first <= last {
        let fitting = (last - first + 1).ilog2();
        let size = 1 << first.trailing_zeros().min(fitting).min(16);
        let mask = !(size - 1) & 0xffff;
        let narrow = |value| u16::try_from(value).unwrap_or(u16::MAX);
        masks.push((narrow(first), narrow(mask)));
        first += size;
    }
    masks
}

fn selector(
    protocol: u8,
    source: Prefix,
    destination: Prefix,
    (sport, sport_mask): Ports,
    (dport, dport_mask): Ports,
) -> Selector {
    Selector {
        family: family(source.address),
        saddr: Address::from_ip(&source.address),
        prefixlen_s: source.length,
        daddr: Address::from_ip(&destination.address),
        prefixlen_d: destination.length,
        proto: protocol,
        sport,
        sport_mask,
        dport,
        dport_mask,
        ..Selector::default()
    }
}

pub(super) const fn family(address: IpAddr) -> u16 {
    if address.is_ipv4() { AF_INET } else { AF_INET6 }
}

const fn is_icmp(protocol: u8) -> bool {
    matches!(protocol, IPPROTO_ICMP | IPPROTO_ICMPV6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<TrafficSelector> {
        text.split_whitespace()
            .map(|one| TrafficSelector::parse(one).unwrap())
            .collect()
    }

    /// Selectors in words: source, destination, protocol, ports as value/mask.
    fn words(local: &str, remote: &str) -> Vec<String> {
        let selectors = outbound(&list(local), &list(remote)).unwrap();
        let word = |it: &Selector| {
            let address = |address: Address| {
                if it.family == AF_INET {
                    address.to_ipv4().to_string()
                } else {
                    address.to_ipv6().to_string()
                }
            };
            format!(
                "{}/{} {}/{} {} {:x}/{:x} {:x}/{:x}",
                address(it.saddr),
                it.prefixlen_s,
                address(it.daddr),
                it.prefixlen_d,
                it.proto,
                it.sport,
                it.sport_mask,
                it.dport,
                it.dport_mask
            )
        };
        selectors.iter().map(word).collect()
    }

    #[test]
    fn a_subnet_is_one_selector() {
        assert_eq!(
            words("10.1.0.0/16", "10.2.0.0/16"),
            ["10.1.0.0/16 10.2.0.0/16 0 0/0 0/0"]
        );
        assert_eq!(words("0.0.0.0/0", "::/0"), Vec::<String>::new());
    }

    #[test]
    fn ranges_become_prefixes_and_masks() {
        assert_eq!(
            words("10.1.0.1-10.1.0.2", "fd00::1 10.2.0.0/16[tcp/1024-3071]"),
            [
                "10.1.0.1/32 10.2.0.0/16 6 0/0 400/fc00",
                "10.1.0.1/32 10.2.0.0/16 6 0/0 800/fc00",
                "10.1.0.2/32 10.2.0.0/16 6 0/0 400/fc00",
                "10.1.0.2/32 10.2.0.0/16 6 0/0 800/fc00",
            ]
        );
    }

    #[test]
    fn a_protocol_of_one_side_counts_and_two_different_ones_exclude_each_other() {
        assert_eq!(
            words("10.0.0.1[udp]", "10.0.0.2 10.0.0.3[tcp/80]"),
            ["10.0.0.1/32 10.0.0.2/32 17 0/0 0/0"]
        );
    }

    #[test]
    fn the_way_back_swaps_ports_but_not_what_icmp_has_there() {
        let tcp = outbound(&list("10.0.0.1"), &list("10.0.0.2[tcp/80]")).unwrap();
        let back = reversed(&tcp[0]);
        assert_eq!(
            (back.sport, back.sport_mask, back.dport_mask),
            (80, 0xffff, 0)
        );
        assert_eq!(back.saddr, tcp[0].daddr);
        let icmp = TrafficSelector {
            protocol: 1,
            start_port: 0x0800,
            end_port: 0x08ff,
            ..list("10.0.0.2")[0]
        };
        let echo = outbound(&list("10.0.0.1"), &[icmp]).unwrap();
        let back = reversed(&echo[0]);
        assert_eq!(
            (back.sport, back.sport_mask, back.dport_mask),
            (8, 0xffff, 0)
        );
    }

    #[test]
    fn narrower_is_narrower() {
        let of = |remote| narrowness(&outbound(&list("0.0.0.0/0"), &list(remote)).unwrap()[0]);
        assert!(of("10.2.0.0/16") > of("0.0.0.0/0"));
        assert!(of("10.2.0.0/16[tcp]") > of("10.2.0.0/16"));
        assert!(of("10.2.0.0/16[tcp/80]") > of("10.2.0.0/16[tcp]"));
        assert!(of("10.2.0.0/17") > of("10.2.0.0/16[tcp/80]"));
    }

    #[test]
    fn too_many_policies_are_refused() {
        let ranges = list("10.1.0.1-10.1.255.254");
        assert!(outbound(&ranges, &ranges).is_none());
    }
}
