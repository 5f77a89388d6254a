use alloc::boxed::Box;
use core::fmt;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use ike_crypto::{Cipher, CipherKey, Error};
use ipsec_doi::Encryption;
use zeroize::Zeroizing;

use super::Id;

/// An AEAD: the nonce is the salt followed by the explicit IV (RFC 4106 §4, RFC 4309 §4, RFC 7634 §2).
pub struct Aead<A>(pub(super) Id<A>);

impl<A: AeadInOut + KeyInit + Send + Sync + 'static> Cipher for Aead<A> {
    fn encryption(&self) -> Encryption {
        self.0.encryption
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        let (key, salt) = self.0.split(key)?;
        let mut nonce = Zeroizing::new([0; LONGEST_NONCE]);
        for (to, from) in nonce.iter_mut().zip(salt) {
            *to = *from;
        }
        Ok(Box::new(AeadKey {
            algorithm: A::new_from_slice(key).map_err(|_| Error)?,
            nonce,
            salt_len: salt.len(),
        }))
    }
}

const LONGEST_NONCE: usize = 12;

struct AeadKey<A> {
    algorithm: A,
    /// The salt, with room for the IV.
    nonce: Zeroizing<[u8; LONGEST_NONCE]>,
    salt_len: usize,
}

impl<A: AeadInOut> AeadKey<A> {
    fn nonce(&self, iv: &[u8]) -> Result<Nonce<A>, Error> {
        let mut nonce = *self.nonce;
        let end = self.salt_len.saturating_add(iv.len());
        nonce
            .get_mut(self.salt_len..end)
            .ok_or(Error)?
            .copy_from_slice(iv);
        Nonce::<A>::try_from(nonce.get(..end).ok_or(Error)?).map_err(|_| Error)
    }
}

impl<A: AeadInOut + Send + Sync> CipherKey for AeadKey<A> {
    fn seal(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        let nonce = self.nonce(iv)?;
        // A tag of the right length is made before anything is encrypted, so that a wrong length changes nothing.
        let icv: &mut Tag<A> = icv.try_into().map_err(|_| Error)?;
        *icv = self
            .algorithm
            .encrypt_inout_detached(&nonce, aad, InOutBuf::from(data))
            .map_err(|_| Error)?;
        Ok(())
    }

    fn open(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        let nonce = self.nonce(iv)?;
        let icv: &Tag<A> = icv.try_into().map_err(|_| Error)?;
        self.algorithm
            .decrypt_inout_detached(&nonce, aad, InOutBuf::from(data), icv)
            .map_err(|_| Error)
    }
}

impl<A> fmt::Debug for Aead<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
