//! What was sent and received, for logs and metrics.

/// What was sent and received, of all SAs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counters {
    /// Fragments that came, used or not.
    pub fragments: u64,
    /// Octets in them.
    pub octets: u64,
    /// Fragments that were not used.
    pub dropped: u64,
    /// Messages that were completed.
    pub joined: u64,
    /// Messages of which something was missing when their time was up.
    pub expired: u64,
    /// Messages that went out in fragments, each repetition counted.
    pub fragmented: u64,
}

impl Counters {
    pub(super) fn count(&mut self, octets: usize) {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.fragments = self.fragments.saturating_add(1);
        self.octets = self.octets.saturating_add(octets);
    }
}
