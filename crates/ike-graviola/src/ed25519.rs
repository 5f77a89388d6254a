use std::fmt;

use graviola::signing::eddsa::Ed25519SigningKey;
use ike_crypto::{Error, KeyLoader, Random, SignatureScheme, SigningKey};

/// Reads private keys of Ed25519 from PKCS#8 (RFC 8410 §7). Verification stays with RustCrypto, whose rules for keys of
/// small order are the stricter ones.
#[derive(Debug)]
pub(crate) struct Ed25519Loader;

impl KeyLoader for Ed25519Loader {
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        let key = Ed25519SigningKey::from_pkcs8_der(der).map_err(|_| Error)?;
        let mut room = [0; 64];
        let spki = key.public_key().to_spki_der(&mut room).map(<[u8]>::to_vec);
        Ok(Box::new(Key {
            spki: spki.map_err(|_| Error)?,
            key,
        }))
    }
}

/// The secret is zeroized by graviola.
struct Key {
    key: Ed25519SigningKey,
    spki: Vec<u8>,
}

impl SigningKey for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::Ed25519]
    }

    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        _: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        if scheme != SignatureScheme::Ed25519 {
            return Err(Error);
        }
        Ok(self.key.sign(&parts.concat()).to_vec())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519 private key")
    }
}
