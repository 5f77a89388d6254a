use alloc::boxed::Box;
use core::fmt;

use aes::cipher::StreamCipherCoreWrapper;
use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher};
use ctr::CtrCore;
use ctr::flavors::Ctr32BE;
use ike_crypto::{Cipher, CipherKey, Error};
use ipsec_doi::Encryption;
use zeroize::Zeroizing;

use super::Id;

/// AES in counter mode: the counter block is the nonce from the key material, the IV and a counter from 1 (RFC 3686 §4).
pub struct Ctr<C>(pub(super) Id<C>);

impl<C> Cipher for Ctr<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + Send + Sync + 'static,
{
    fn encryption(&self) -> Encryption {
        self.0.encryption
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        let (key, salt) = self.0.split(key)?;
        Ok(Box::new(CtrKey {
            cipher: C::new_from_slice(key).map_err(|_| Error)?,
            nonce: Zeroizing::new(salt.try_into()?),
        }))
    }
}

struct CtrKey<C> {
    cipher: C,
    nonce: Zeroizing<[u8; 4]>,
}

impl<C> CtrKey<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    fn apply(&self, iv: &[u8], data: &mut [u8]) -> Result<(), Error> {
        let [i0, i1, i2, i3, i4, i5, i6, i7]: [u8; 8] = iv.try_into()?;
        let [n0, n1, n2, n3] = *self.nonce;
        let counter = Array([n0, n1, n2, n3, i0, i1, i2, i3, i4, i5, i6, i7, 0, 0, 0, 1]);
        let core = CtrCore::<&C, Ctr32BE>::inner_iv_init(&self.cipher, &counter);
        StreamCipherCoreWrapper::from_core(core)
            .try_apply_keystream(data)
            .map_err(|_| Error)
    }
}

impl<C> CipherKey for CtrKey<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn seal(&self, iv: &[u8], _: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        if !icv.is_empty() {
            return Err(Error);
        }
        self.apply(iv, data)
    }

    fn open(&self, iv: &[u8], _: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        if !icv.is_empty() {
            return Err(Error);
        }
        self.apply(iv, data)
    }
}

impl<C> fmt::Debug for Ctr<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
