use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use ::rsa::pkcs1::DecodeRsaPrivateKey;
use ::rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use ::rsa::traits::{PublicKeyParts, SignatureScheme as Padding};
use ::rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use ike_crypto::random::SeededRandom;
use ike_crypto::{Error, KeyLoader, Random, SecretVec, SignatureScheme, SigningKey};
use ipsec_doi::HashId;
use rand_core::UnwrapErr;

use super::rsa::digest_info_prefix;
use crate::hash;
use crate::random::Bridge;

/// Reads RSA private keys of 2048 to 8192 bits from PKCS#8 or PKCS#1 (RFC 8017 Appendix A.1.2).
#[derive(Debug)]
pub struct RsaLoader(());

impl RsaLoader {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl KeyLoader for RsaLoader {
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        let key = RsaPrivateKey::from_pkcs8_der(der)
            .map_err(|_| Error)
            .or_else(|_| RsaPrivateKey::from_pkcs1_der(der).map_err(|_| Error))?;
        key.validate().map_err(|_| Error)?;
        if !(2048..=8192).contains(&key.n().bits()) {
            return Err(Error);
        }
        let public = key.to_public_key().to_public_key_der();
        Ok(Box::new(Key {
            spki: public.map_err(|_| Error)?.into_vec(),
            key,
        }))
    }
}

/// Makes an RSA key of 2048 to 8192 bits, with exponent 65537: PKCS#8 DER (RFC 5958), to be kept secret. It takes seconds.
///
/// # Errors
///
/// For another size, or when `random` fails.
pub fn generate_rsa(bits: usize, random: &mut dyn Random) -> Result<SecretVec, Error> {
    if !(2048..=8192).contains(&bits) {
        return Err(Error);
    }
    // what draws must not fail half-way: the seed may, and what it is expanded to does not
    let mut expanded = SeededRandom::from_source(random)?;
    let mut generator = UnwrapErr(Bridge(&mut expanded));
    let key = RsaPrivateKey::new(&mut generator, bits).map_err(|_| Error)?;
    let der = key.to_pkcs8_der().map_err(|_| Error)?;
    let mut out = SecretVec::new_zeroed(der.as_bytes().len());
    out.as_mut_slice().copy_from_slice(der.as_bytes());
    Ok(out)
}

/// The secret is zeroized by its own crate.
struct Key {
    key: RsaPrivateKey,
    spki: Vec<u8>,
}

impl SigningKey for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &SCHEMES
    }

    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// Always blinded: see RUSTSEC-2023-0071.
    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        match scheme {
            SignatureScheme::RsaPkcs1(id) => {
                let padding = Pkcs1v15Sign {
                    hash_len: Some(id.output_len()),
                    prefix: digest_info_prefix(id).ok_or(Error)?.into(),
                };
                self.pad_and_sign(padding, &digest(id, parts)?, random)
            }
            SignatureScheme::RsaBare => {
                let content = parts.concat();
                if content.is_empty() {
                    return Err(Error);
                }
                self.pad_and_sign(Pkcs1v15Sign::new_unprefixed(), &content, random)
            }
            SignatureScheme::RsaPss(id) => {
                let digest = digest(id, parts)?;
                match id {
                    HashId::SHA1 => {
                        self.pad_and_sign(Pss::<sha1::Sha1>::new_blinded(), &digest, random)
                    }
                    HashId::SHA2_256 => {
                        self.pad_and_sign(Pss::<sha2::Sha256>::new_blinded(), &digest, random)
                    }
                    HashId::SHA2_384 => {
                        self.pad_and_sign(Pss::<sha2::Sha384>::new_blinded(), &digest, random)
                    }
                    HashId::SHA2_512 => {
                        self.pad_and_sign(Pss::<sha2::Sha512>::new_blinded(), &digest, random)
                    }
                    _ => Err(Error),
                }
            }
            _ => Err(Error),
        }
    }
}

impl Key {
    fn pad_and_sign(
        &self,
        padding: impl Padding,
        digest: &[u8],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        // With a generator it blinds.
        padding
            .sign(Some(&mut Bridge(random)), &self.key, digest)
            .map_err(|_| Error)
    }
}

fn digest(id: HashId, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let mut digest = alloc::vec![0; id.output_len()];
    hash::of_signature(id)
        .ok_or(Error)?
        .digest(parts, &mut digest);
    Ok(digest)
}

/// SHA-1 last, and the bare one for IKEv1 only.
static SCHEMES: [SignatureScheme; 8] = [
    SignatureScheme::RsaPss(HashId::SHA2_256),
    SignatureScheme::RsaPss(HashId::SHA2_384),
    SignatureScheme::RsaPss(HashId::SHA2_512),
    SignatureScheme::RsaPkcs1(HashId::SHA2_256),
    SignatureScheme::RsaPkcs1(HashId::SHA2_384),
    SignatureScheme::RsaPkcs1(HashId::SHA2_512),
    SignatureScheme::RsaPkcs1(HashId::SHA1),
    SignatureScheme::RsaBare,
];

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RSA private key")
    }
}
