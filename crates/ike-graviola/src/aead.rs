use graviola::aead::{AesGcm, ChaCha20Poly1305};
use ike_crypto::{Cipher, CipherKey, Error};
use ipsec_doi::Encryption;
use zeroize::Zeroizing;

/// AES-GCM with an ICV of 16 octets and 128 or 256 bits of key, RFC 4106, RFC 5282.
#[derive(Debug)]
pub(crate) struct Gcm(pub(crate) Encryption);

impl Cipher for Gcm {
    fn encryption(&self) -> Encryption {
        self.0
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        let (key, salt) = split(self.0, key)?;
        Ok(Box::new(GcmKey {
            key: AesGcm::new(key),
            salt,
        }))
    }
}

/// ChaCha20-Poly1305, RFC 7634.
#[derive(Debug)]
pub(crate) struct Poly;

impl Cipher for Poly {
    fn encryption(&self) -> Encryption {
        Encryption::CHACHA20_POLY1305
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        let (key, salt) = split(self.encryption(), key)?;
        Ok(Box::new(PolyKey {
            key: ChaCha20Poly1305::new(key.try_into()?),
            salt,
        }))
    }
}

type Salt = Zeroizing<[u8; 4]>;

/// Splits what was cut from the key material into key and salt.
fn split(encryption: Encryption, key: &[u8]) -> Result<(&[u8], Salt), Error> {
    let (key, salt) = key.split_at_checked(encryption.key_len()).ok_or(Error)?;
    Ok((key, Zeroizing::new(salt.try_into()?)))
}

/// The salt followed by the explicit IV, RFC 4106 §4, RFC 7634 §2.
fn nonce(salt: &Salt, iv: &[u8]) -> Result<[u8; 12], Error> {
    let [i0, i1, i2, i3, i4, i5, i6, i7]: [u8; 8] = iv.try_into()?;
    let [s0, s1, s2, s3] = **salt;
    Ok([s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, i6, i7])
}

/// The key is zeroized by graviola, as that of `PolyKey` is.
struct GcmKey {
    key: AesGcm,
    salt: Salt,
}

impl CipherKey for GcmKey {
    fn seal(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        let (nonce, icv) = (nonce(&self.salt, iv)?, icv.try_into()?);
        self.key.encrypt(&nonce, aad, data, icv);
        Ok(())
    }

    fn open(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        let (nonce, icv): (_, &[u8; 16]) = (nonce(&self.salt, iv)?, icv.try_into()?);
        self.key.decrypt(&nonce, aad, data, icv).map_err(|_| Error)
    }
}

struct PolyKey {
    key: ChaCha20Poly1305,
    salt: Salt,
}

impl CipherKey for PolyKey {
    fn seal(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        let (nonce, icv) = (nonce(&self.salt, iv)?, icv.try_into()?);
        self.key.encrypt(&nonce, aad, data, icv);
        Ok(())
    }

    fn open(&self, iv: &[u8], aad: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        let (nonce, icv): (_, &[u8; 16]) = (nonce(&self.salt, iv)?, icv.try_into()?);
        self.key.decrypt(&nonce, aad, data, icv).map_err(|_| Error)
    }
}
