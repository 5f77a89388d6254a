use alloc::boxed::Box;
use core::fmt;

use ipsec_doi::Encryption;

use crate::Error;

/// An encryption transform with one key size: AES-CBC-128 and AES-CBC-256 are two of them.
pub trait Cipher: Send + Sync + fmt::Debug {
    /// Which one this is. Lengths of key, salt, IV and ICV follow from it.
    fn encryption(&self) -> Encryption;

    /// Prepares a key for one direction.
    ///
    /// `key` is the key followed by the salt, as it is cut from the key material: RFC 5282 §7.1 (GCM, CCM),
    /// RFC 5930 §2 (CTR), RFC 7634 §2 (ChaCha20-Poly1305).
    ///
    /// # Errors
    ///
    /// When `key` is not `key_len() + salt_len()` octets long.
    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error>;
}

/// A cipher with its key, for one direction of one security association.
///
/// Neither operation allocates. For an AEAD `iv` is the explicit IV of the packet and `icv` the tag. For the others
/// `aad` is ignored and `icv` is empty: they encrypt only, and the caller authenticates with an
/// [`IntegrityKey`](crate::IntegrityKey), always over the encrypted octets.
pub trait CipherKey: Send + Sync {
    /// Encrypts `data` in place and writes the tag to `icv`.
    ///
    /// The caller never uses an `iv` twice with one key; for CBC it is unpredictable.
    ///
    /// # Errors
    ///
    /// When a length is wrong: `iv`, `icv`, or `data` not whole blocks for CBC. `data` is then unchanged.
    fn seal(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error>;

    /// Verifies `icv`, then decrypts `data` in place.
    ///
    /// # Errors
    ///
    /// When the tag is wrong or a length is. What `data` holds then is unspecified, but never the plaintext.
    fn open(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error>;
}

impl fmt::Debug for dyn CipherKey + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CipherKey")
    }
}
