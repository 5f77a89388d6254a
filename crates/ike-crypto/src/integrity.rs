use alloc::boxed::Box;
use core::fmt;

use ipsec_doi::IntegrityId;

use crate::Error;

/// An integrity transform: a MAC cut to the length that IKE and IPsec carry.
pub trait Integrity: Send + Sync + fmt::Debug {
    /// Which one this is. Lengths of key and ICV follow from it.
    fn id(&self) -> IntegrityId;

    /// Prepares a key.
    ///
    /// # Errors
    ///
    /// When `key` is not `key_len()` octets long.
    fn keyed(&self, key: &[u8]) -> Result<Box<dyn IntegrityKey>, Error>;
}

/// An integrity transform with its key. Neither operation allocates.
pub trait IntegrityKey: Send + Sync {
    /// Computes the ICV of the concatenated `parts`.
    ///
    /// Fills `icv` up to the transform's ICV length; octets beyond that become zero.
    fn sign(&self, parts: &[&[u8]], icv: &mut [u8]);

    /// Compares the ICV of the concatenated `parts` with `icv`, in constant time.
    ///
    /// # Errors
    ///
    /// When they differ, or `icv` is not exactly as long as the transform's ICV.
    fn verify(&self, parts: &[&[u8]], icv: &[u8]) -> Result<(), Error>;
}

impl fmt::Debug for dyn IntegrityKey + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntegrityKey")
    }
}
