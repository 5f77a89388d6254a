use alloc::boxed::Box;

use ike_crypto::{Cipher, CipherKey, Error};
use ipsec_doi::{Encryption, EncryptionId};

/// No encryption, RFC 2410. It has no key, no IV and no ICV, and any data is whole blocks.
#[derive(Debug)]
pub struct Null(());

impl Null {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl Cipher for Null {
    fn encryption(&self) -> Encryption {
        Encryption::new(EncryptionId::NULL, 0)
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        if key.is_empty() {
            Ok(Box::new(Self(())))
        } else {
            Err(Error)
        }
    }
}

impl CipherKey for Null {
    fn seal(&self, iv: &[u8], _: &[u8], _: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        nothing(iv, icv)
    }

    fn open(&self, iv: &[u8], _: &[u8], _: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        nothing(iv, icv)
    }
}

fn nothing(iv: &[u8], icv: &[u8]) -> Result<(), Error> {
    if iv.is_empty() && icv.is_empty() {
        Ok(())
    } else {
        Err(Error)
    }
}
