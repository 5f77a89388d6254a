//! How much the fragments of all SAs may hold.

use ike_ext::Budget;

use super::Row;

/// The endpoint's budget, of which peers that are not authenticated can use up only a part.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) all: Budget,
    unproven: Budget,
}

impl Memory {
    pub(super) const fn new(octets: usize) -> Self {
        Self {
            all: Budget::new(octets),
            unproven: Budget::new(octets >> 1),
        }
    }

    pub(super) fn take(&mut self, row: &Row, octets: usize) -> bool {
        if row.proven {
            return self.all.take(octets);
        }
        if !self.unproven.take(octets) {
            return false;
        }
        let fits = self.all.take(octets);
        if !fits {
            self.unproven.give(octets);
        }
        fits
    }

    pub(super) fn give(&mut self, row: &Row, octets: usize) {
        self.all.give(octets);
        if !row.proven {
            self.unproven.give(octets);
        }
    }

    /// The peer of an SA is authenticated: what it holds no longer counts as unproven.
    pub(super) fn prove(&mut self, row: &mut Row) {
        if !row.proven {
            self.unproven.give(row.reassembler.held());
            row.proven = true;
        }
    }
}
