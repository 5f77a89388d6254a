//! Which child an outbound packet belongs to: a table by destination.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use ipsec_doi::TrafficSelector;

use super::flow::{Breadth, breadth};

/// Children by what lies behind their peers. A destination that is a single host, as every client of a
/// gateway is, costs one look-up; ranges are tried from the narrowest to the widest.
#[derive(Debug, Default)]
pub(super) struct Routes {
    hosts: HashMap<IpAddr, Vec<Entry>>,
    ranges: Vec<Entry>,
    serial: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    breadth: Breadth,
    serial: u64,
    slot: usize,
    start: IpAddr,
    end: IpAddr,
}

impl Routes {
    /// Adds a child. Among equals the youngest comes first: it is the successor (RFC 7296 §2.8).
    pub(super) fn insert(&mut self, slot: usize, selectors: &[TrafficSelector]) {
        self.serial += 1;
        for selector in selectors {
            let &TrafficSelector { start, end, .. } = selector;
            let entry = Entry {
                breadth: breadth(selector),
                serial: self.serial,
                slot,
                start,
                end,
            };
            let list = if start == end {
                self.hosts.entry(start).or_default()
            } else {
                &mut self.ranges
            };
            let key = |entry: &Entry| (entry.breadth, Reverse(entry.serial));
            let at = list.partition_point(|other| key(other) < key(&entry));
            list.insert(at, entry);
        }
    }

    /// Removes a child that was added with these selectors.
    pub(super) fn remove(&mut self, slot: usize, selectors: &[TrafficSelector]) {
        for selector in selectors {
            if selector.start != selector.end {
                continue;
            }
            if let Some(list) = self.hosts.get_mut(&selector.start) {
                list.retain(|entry| entry.slot != slot);
                if list.is_empty() {
                    self.hosts.remove(&selector.start);
                }
            }
        }
        self.ranges.retain(|entry| entry.slot != slot);
    }

    /// The children that may want a packet to this destination, the most specific first.
    pub(super) fn candidates(&self, destination: IpAddr) -> impl Iterator<Item = usize> + '_ {
        let hosts = self.hosts.get(&destination).into_iter().flatten();
        let ranges = self
            .ranges
            .iter()
            .filter(move |entry| entry.start <= destination && destination <= entry.end);
        hosts.chain(ranges).map(|entry| entry.slot)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.ranges.is_empty()
    }
}
