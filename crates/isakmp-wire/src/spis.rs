//! SPIs of one size, one after the other, as the Delete payloads of both versions have them.

/// SPIs and their size. A size of 0 goes with no SPIs at all.
#[derive(Clone, Copy)]
pub(crate) struct Spis<'a> {
    size: u8,
    octets: &'a [u8],
}

impl<'a> Spis<'a> {
    pub(crate) const fn new(size: u8, octets: &'a [u8]) -> Self {
        Self { size, octets }
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // whatever the step is with a size of 0, nothing comes out
        self.octets.chunks_exact(usize::from(self.size).max(1))
    }

    /// How many there are, no more than fit into the field for it.
    #[inline]
    pub(crate) fn count(&self) -> u16 {
        let count = self.octets.len().checked_div(usize::from(self.size));
        u16::try_from(count.unwrap_or(0)).unwrap_or(u16::MAX)
    }

    /// Whether it is a whole number of SPIs, which the field for it can say.
    pub(crate) fn is_whole(&self) -> bool {
        self.is(self.count())
    }

    /// Whether it is this number of SPIs.
    pub(crate) fn is(&self, count: u16) -> bool {
        let octets = usize::from(count).checked_mul(usize::from(self.size));
        octets == Some(self.octets.len()) && self.count() == count
    }
}
