//! Transport mode: one address on each side, and what a NAT does to it (RFC 7296 §1.3.1, §2.23.1).

use alloc::vec::Vec;
use core::net::IpAddr;

use ipsec_doi::TrafficSelector;

use crate::output::OriginalAddresses;
use crate::sa::Sa;

/// A peer's selectors as we see them.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) local: Vec<TrafficSelector>,
    pub(crate) remote: Vec<TrafficSelector>,
    /// The addresses that stood there, if a NAT made others of them.
    pub(crate) original: Option<OriginalAddresses>,
}

/// The only address of all selectors.
pub(crate) fn single(selectors: &[TrafficSelector]) -> Option<IpAddr> {
    let first = selectors.first()?.start;
    selectors
        .iter()
        .all(|it| it.start == first && it.end == first)
        .then_some(first)
}

/// The same selectors for another address.
pub(crate) fn with_address(selectors: &[TrafficSelector], address: IpAddr) -> Vec<TrafficSelector> {
    selectors
        .iter()
        .map(|it| TrafficSelector {
            start: address,
            end: address,
            ..*it
        })
        .collect()
}

/// Replaces addresses that a NAT hides by those that IKE runs over, as a responder does before it
/// looks them up, and an initiator before it compares them with its own (RFC 7296 §2.23.1).
pub(crate) fn substitute(
    sa: &Sa,
    local: Vec<TrafficSelector>,
    remote: Vec<TrafficSelector>,
) -> Seen {
    let path = sa.facts.path;
    let (own, peer) = (path.local.ip(), path.remote.ip());
    let addresses = single(&local).zip(single(&remote));
    let same_family =
        |(a, b): &(IpAddr, IpAddr)| a.is_ipv4() == own.is_ipv4() && b.is_ipv4() == peer.is_ipv4();
    let Some(addresses) = addresses.filter(|it| sa.nat.any() && same_family(it)) else {
        return Seen {
            local,
            remote,
            original: None,
        };
    };
    Seen {
        local: if sa.nat.here {
            with_address(&local, own)
        } else {
            local
        },
        remote: if sa.nat.there {
            with_address(&remote, peer)
        } else {
            remote
        },
        original: Some(OriginalAddresses {
            local: addresses.0,
            remote: addresses.1,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_ports_of_one_address_are_one_address() {
        let a = IpAddr::from([192, 0, 2, 1]);
        let port = |n| TrafficSelector::host(a).with_ports(17, n, n);
        assert_eq!(single(&[port(1), port(2)]), Some(a));
        let b = IpAddr::from([192, 0, 2, 2]);
        assert_eq!(single(&[port(1), TrafficSelector::host(b)]), None);
        assert_eq!(single(&[TrafficSelector::any_v4()]), None);
        assert_eq!(single(&[]), None);
        assert_eq!(
            with_address(&[port(7)], b),
            [TrafficSelector::host(b).with_ports(17, 7, 7)]
        );
    }
}
