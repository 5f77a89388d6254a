//! Narrowing traffic selectors (RFC 7296 §2.9).

use alloc::vec::Vec;

use ipsec_doi::TrafficSelector;
use isakmp_wire::v2::TrafficSelectors;

/// No more selectors than this on one side of a child.
pub(crate) const MAX: usize = 64;

/// What both lists allow, most preferred of `ours` first; empty when they have nothing in common.
pub(crate) fn intersect(
    ours: &[TrafficSelector],
    theirs: &[TrafficSelector],
) -> Vec<TrafficSelector> {
    let mut common: Vec<TrafficSelector> = Vec::new();
    for own in ours.iter().take(MAX) {
        for their in theirs.iter().take(MAX) {
            let Some(both) = own.intersect(their) else {
                continue;
            };
            if common.iter().any(|it| it.contains(&both)) {
                continue;
            }
            common.retain(|it| !both.contains(it));
            common.push(both);
            if common.len() == MAX {
                return common;
            }
        }
    }
    common
}

/// Whether each of `narrowed` lies within one of `offered`.
pub(crate) fn is_subset(narrowed: &[TrafficSelector], offered: &[TrafficSelector]) -> bool {
    !narrowed.is_empty()
        && narrowed
            .iter()
            .all(|it| offered.iter().any(|wide| wide.contains(it)))
}

/// The selectors of a TS payload that have a meaning; unknown types are passed over.
pub(crate) fn read(payload: &TrafficSelectors<'_>) -> Vec<TrafficSelector> {
    payload
        .iter()
        .filter_map(|it| TrafficSelector::from_wire(&it))
        .take(MAX)
        .collect()
}

/// The body of a TS payload.
pub(crate) fn write(selectors: &[TrafficSelector]) -> Vec<u8> {
    let wire: Vec<_> = selectors.iter().map(TrafficSelector::to_wire).collect();
    let mut body = Vec::new();
    TrafficSelectors::write(&wire, &mut body);
    body
}
