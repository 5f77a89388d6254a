use core::fmt;

use ipsec_doi::HashId;

/// A hash function.
pub trait Hash: Send + Sync + fmt::Debug {
    /// Which one this is. The length of a digest follows from it.
    fn id(&self) -> HashId;

    /// Hashes the concatenated `parts`, writes as much of the digest as `out` takes and returns the number of octets
    /// written.
    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> usize;
}
