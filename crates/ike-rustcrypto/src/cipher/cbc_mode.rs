use alloc::boxed::Box;
use core::fmt;

use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    KeyInit,
};
use ike_crypto::{Cipher, CipherKey, Error};
use ipsec_doi::Encryption;

use super::Id;

/// A block cipher in CBC mode, RFC 2451 §2, RFC 3602 §2. Padding is the protocol's.
pub struct Cbc<C>(pub(super) Id<C>);

impl<C> Cipher for Cbc<C>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + KeyInit + Send + Sync + 'static,
{
    fn encryption(&self) -> Encryption {
        self.0.encryption
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        let (key, _) = self.0.split(key)?;
        Ok(Box::new(CbcKey(C::new_from_slice(key).map_err(|_| Error)?)))
    }
}

struct CbcKey<C>(C);

impl<C: BlockCipherEncrypt + BlockCipherDecrypt + Send + Sync> CipherKey for CbcKey<C> {
    fn seal(&self, iv: &[u8], _: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        let iv = iv.try_into().map_err(|_| Error)?;
        let (blocks, rest) = Array::slice_as_chunks_mut(data);
        if !rest.is_empty() || !icv.is_empty() {
            return Err(Error);
        }
        cbc::Encryptor::inner_iv_init(&self.0, iv).encrypt_blocks(blocks);
        Ok(())
    }

    fn open(&self, iv: &[u8], _: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        let iv = iv.try_into().map_err(|_| Error)?;
        let (blocks, rest) = Array::slice_as_chunks_mut(data);
        if !rest.is_empty() || !icv.is_empty() {
            return Err(Error);
        }
        cbc::Decryptor::inner_iv_init(&self.0, iv).decrypt_blocks(blocks);
        Ok(())
    }
}

impl<C> fmt::Debug for Cbc<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
