use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey as Ed25519Key, VerifyingKey};
use ike_crypto::{Error, KeyLoader, Random, SignatureScheme, SigningKey, Verify};

/// Verification of Ed25519 signatures, RFC 8420, RFC 8032 §5.1.7, with small-order keys refused.
#[derive(Debug)]
pub struct Ed25519Verify(());

impl Ed25519Verify {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl Verify for Ed25519Verify {
    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::Ed25519
    }

    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        let key = VerifyingKey::from_public_key_der(spki).map_err(|_| Error)?;
        let signature = Signature::from_slice(signature).map_err(|_| Error)?;
        key.verify_strict(&parts.concat(), &signature)
            .map_err(|_| Error)
    }
}

/// Reads private keys of Ed25519 from PKCS#8 (RFC 8410 §7).
#[derive(Debug)]
pub struct Ed25519Loader(());

impl Ed25519Loader {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl KeyLoader for Ed25519Loader {
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        let key = Ed25519Key::from_pkcs8_der(der).map_err(|_| Error)?;
        let public = key.verifying_key().to_public_key_der();
        Ok(Box::new(Key {
            spki: public.map_err(|_| Error)?.into_vec(),
            key,
        }))
    }
}

/// The secret is zeroized by its own crate.
struct Key {
    key: Ed25519Key,
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
