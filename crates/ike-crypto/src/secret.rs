use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, Zeroizing};

/// Octets that must not leak: a shared secret, a key, key material on its way to a data plane.
///
/// It cannot be cloned, compared or printed, and is overwritten when dropped. Comparison, where a protocol needs it,
/// is the business of [`PrfKey::verify`](crate::PrfKey::verify) and [`IntegrityKey::verify`](crate::IntegrityKey::verify).
pub struct SecretVec(Zeroizing<Vec<u8>>);

impl SecretVec {
    /// `len` octets of zero, to be filled through [`as_mut_slice`](Self::as_mut_slice).
    #[must_use]
    pub fn new_zeroed(len: usize) -> Self {
        Self(Zeroizing::new(vec![0; len]))
    }

    /// The octets.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The octets, to be written. The length is fixed, so that no copy is left behind by growing.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Number of octets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no octets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for SecretVec {
    fn from(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }
}

/// Copies the octets; overwriting the original stays with its owner.
impl From<&[u8]> for SecretVec {
    fn from(octets: &[u8]) -> Self {
        Self(Zeroizing::new(octets.to_vec()))
    }
}

impl AsRef<[u8]> for SecretVec {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretVec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretVec({} octets)", self.0.len())
    }
}

impl Zeroize for SecretVec {
    fn zeroize(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn debug_shows_the_length_and_nothing_else() {
        let secret = SecretVec::from(&b"hunter2"[..]);
        assert_eq!(format!("{secret:?}"), "SecretVec(7 octets)");
    }

    #[test]
    fn a_zeroed_secret_keeps_its_length() {
        let mut secret = SecretVec::from(vec![1, 2, 3]);
        secret.zeroize();
        assert_eq!(secret.as_slice(), [0, 0, 0]);
    }
}
