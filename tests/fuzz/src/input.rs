//! Octets taken one decision at a time.

/// What is left of a fuzz input; an empty one yields zeroes.
#[derive(Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn octet(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub(crate) fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    pub(crate) fn octets(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Octets whose number comes first.
    pub(crate) fn portion(&mut self) -> &'a [u8] {
        let len = usize::from(self.octet());
        self.octets(len)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.octets(usize::MAX)
    }
}
