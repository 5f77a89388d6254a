use std::fmt;

use graviola::signing::rsa::{self, VerifyingKey};
use ike_crypto::{Error, KeyLoader, Random, SignatureScheme, SigningKey, Verify};
#[cfg(feature = "rsa-sign")]
use ike_rustcrypto::signature;
use ipsec_doi::HashId;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// Verification of RSA signatures with SHA-2 and keys of 2048 to 8192 bits, RFC 8017 §8.
#[derive(Debug)]
pub(crate) struct RsaVerify(pub(crate) SignatureScheme);

impl Verify for RsaVerify {
    fn scheme(&self) -> SignatureScheme {
        self.0
    }

    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        use SignatureScheme::{RsaPkcs1, RsaPss};
        let key = SubjectPublicKeyInfoRef::try_from(spki).map_err(|_| Error)?;
        if key.algorithm.oid != RSA_ENCRYPTION {
            return Err(Error);
        }
        let key = key.subject_public_key.as_bytes().ok_or(Error)?;
        let key = VerifyingKey::from_pkcs1_der(key).map_err(|_| Error)?;
        let message = parts.concat();
        match self.0 {
            RsaPkcs1(HashId::SHA2_256) => key.verify_pkcs1_sha256(signature, &message),
            RsaPkcs1(HashId::SHA2_384) => key.verify_pkcs1_sha384(signature, &message),
            RsaPkcs1(HashId::SHA2_512) => key.verify_pkcs1_sha512(signature, &message),
            RsaPss(HashId::SHA2_256) => key.verify_pss_sha256(signature, &message),
            RsaPss(HashId::SHA2_384) => key.verify_pss_sha384(signature, &message),
            RsaPss(HashId::SHA2_512) => key.verify_pss_sha512(signature, &message),
            _ => return Err(Error),
        }
        .map_err(|_| Error)
    }
}

/// rsaEncryption, RFC 3279 §2.3.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Reads RSA private keys of 2048 to 8192 bits from PKCS#8 or PKCS#1 (RFC 8017 Appendix A.1.2).
#[derive(Debug)]
pub(crate) struct RsaLoader;

impl KeyLoader for RsaLoader {
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        let key = rsa::SigningKey::from_pkcs8_der(der)
            .or_else(|_| rsa::SigningKey::from_pkcs1_der(der))
            .map_err(|_| Error)?;
        let mut room = [0; 2048];
        let spki = key.public_key().to_spki_der(&mut room);
        Ok(Box::new(Key {
            spki: spki.map_err(|_| Error)?.to_vec(),
            key,
            #[cfg(feature = "rsa-sign")]
            other: signature::RSA_KEYS.load(der)?,
        }))
    }
}

/// The secret is zeroized by graviola.
struct Key {
    key: rsa::SigningKey,
    spki: Vec<u8>,
    /// The same key, for the schemes that graviola does not know.
    #[cfg(feature = "rsa-sign")]
    other: Box<dyn SigningKey>,
}

impl SigningKey for Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &SCHEMES
    }

    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// graviola asks the operating system for salts itself.
    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        use SignatureScheme::{RsaPkcs1, RsaPss};
        let message = parts.concat();
        let mut room = [0; LONGEST];
        let signed = match scheme {
            RsaPkcs1(HashId::SHA2_256) => self.key.sign_pkcs1_sha256(&mut room, &message),
            RsaPkcs1(HashId::SHA2_384) => self.key.sign_pkcs1_sha384(&mut room, &message),
            RsaPkcs1(HashId::SHA2_512) => self.key.sign_pkcs1_sha512(&mut room, &message),
            RsaPss(HashId::SHA2_256) => self.key.sign_pss_sha256(&mut room, &message),
            RsaPss(HashId::SHA2_384) => self.key.sign_pss_sha384(&mut room, &message),
            RsaPss(HashId::SHA2_512) => self.key.sign_pss_sha512(&mut room, &message),
            _ => return self.sign_elsewhere(scheme, parts, random),
        };
        match signed {
            Ok(signature) => Ok(signature.to_vec()),
            // with some sound keys graviola 0.4.4 fails to sign one message in twenty to a hundred
            Err(_) => self.sign_elsewhere(scheme, parts, random),
        }
    }
}

/// Octets of a signature with the longest key.
const LONGEST: usize = 1024;

impl Key {
    #[cfg(feature = "rsa-sign")]
    fn sign_elsewhere(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        self.other.sign(scheme, parts, random)
    }

    #[cfg(not(feature = "rsa-sign"))]
    #[expect(clippy::unused_self, reason = "it is used with the feature rsa-sign")]
    fn sign_elsewhere(
        &self,
        _: SignatureScheme,
        _: &[&[u8]],
        _: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        Err(Error)
    }
}

#[cfg(not(feature = "rsa-sign"))]
static SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::RsaPss(HashId::SHA2_256),
    SignatureScheme::RsaPss(HashId::SHA2_384),
    SignatureScheme::RsaPss(HashId::SHA2_512),
    SignatureScheme::RsaPkcs1(HashId::SHA2_256),
    SignatureScheme::RsaPkcs1(HashId::SHA2_384),
    SignatureScheme::RsaPkcs1(HashId::SHA2_512),
];
#[cfg(feature = "rsa-sign")]
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

#[cfg(all(test, feature = "rsa-sign"))]
mod tests {
    use ike_crypto::random::SeededRandom;

    use super::*;

    /// With this key graviola 0.4.4 signs 94 of these messages.
    #[test]
    fn a_sound_key_signs_everything() {
        let mut random = SeededRandom::new([78; 32]);
        let der = signature::generate_rsa(2048, &mut random).unwrap();
        let key = RsaLoader.load(der.as_slice()).unwrap();
        let scheme = SignatureScheme::RsaPkcs1(HashId::SHA2_256);
        for message in 0..100 {
            let signature = key.sign(scheme, &[&[message]], &mut random).unwrap();
            let verified = RsaVerify(scheme).verify(key.public_key(), &[&[message]], &signature);
            assert!(verified.is_ok(), "{message}");
        }
    }
}
