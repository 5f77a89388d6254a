use std::fmt;

use graviola::hashing::{Sha256, Sha384, Sha512};
use graviola::signing::ecdsa::{self, Curve, P256, P384, VerifyingKey};
use ike_crypto::{Error, KeyLoader, Random, SignatureScheme, SigningKey, Verify};
use ike_rustcrypto::signature;
use ipsec_doi::HashId;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// Verification of ECDSA signatures on P-256 and P-384, RFC 7427 §3 and RFC 4754 §7; P-521 and compressed points are for
/// RustCrypto.
#[derive(Debug)]
pub(crate) struct EcdsaVerify(pub(crate) SignatureScheme);

impl Verify for EcdsaVerify {
    fn scheme(&self) -> SignatureScheme {
        self.0
    }

    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        let key = SubjectPublicKeyInfoRef::try_from(spki).map_err(|_| Error)?;
        let point = key.subject_public_key.as_bytes().ok_or(Error)?;
        let curve = key.algorithm.parameters_oid().map_err(|_| Error)?;
        if key.algorithm.oid != EC_PUBLIC_KEY {
            return Err(Error);
        }
        if point.first() != Some(&UNCOMPRESSED) {
            return self.elsewhere(spki, parts, signature);
        }
        match (curve, self.0) {
            (SECP256R1, SignatureScheme::EcdsaFixed(id)) if id != HashId::SHA2_256 => Err(Error),
            (SECP384R1, SignatureScheme::EcdsaFixed(id)) if id != HashId::SHA2_384 => Err(Error),
            (SECP256R1, _) => self.check::<P256>(point, parts, signature),
            (SECP384R1, _) => self.check::<P384>(point, parts, signature),
            _ => self.elsewhere(spki, parts, signature),
        }
    }
}

impl EcdsaVerify {
    fn check<C: Curve>(
        &self,
        point: &[u8],
        parts: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), Error> {
        use SignatureScheme::{EcdsaDer, EcdsaFixed};
        let key = VerifyingKey::<C>::from_x962_uncompressed(point).map_err(|_| Error)?;
        match self.0 {
            EcdsaDer(HashId::SHA2_256) => key.verify_asn1::<Sha256>(parts, signature),
            EcdsaDer(HashId::SHA2_384) => key.verify_asn1::<Sha384>(parts, signature),
            EcdsaDer(HashId::SHA2_512) => key.verify_asn1::<Sha512>(parts, signature),
            EcdsaFixed(HashId::SHA2_256) => key.verify::<Sha256>(parts, signature),
            EcdsaFixed(HashId::SHA2_384) => key.verify::<Sha384>(parts, signature),
            _ => return Err(Error),
        }
        .map_err(|_| Error)
    }

    fn elsewhere(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        let verifier = match self.0 {
            SignatureScheme::EcdsaDer(HashId::SHA2_256) => &signature::ECDSA_SHA2_256,
            SignatureScheme::EcdsaDer(HashId::SHA2_384) => &signature::ECDSA_SHA2_384,
            SignatureScheme::EcdsaDer(HashId::SHA2_512) => &signature::ECDSA_SHA2_512,
            SignatureScheme::EcdsaFixed(HashId::SHA2_256) => &signature::ECDSA_P256,
            SignatureScheme::EcdsaFixed(HashId::SHA2_384) => &signature::ECDSA_P384,
            _ => return Err(Error),
        };
        verifier.verify(spki, parts, signature)
    }
}

/// id-ecPublicKey, secp256r1 and secp384r1, RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// SEC 1 §2.3.3.
const UNCOMPRESSED: u8 = 4;

/// Reads private keys on P-256 and P-384 from PKCS#8 or SEC1 (RFC 5915).
#[derive(Debug)]
pub(crate) struct EcdsaLoader;

impl KeyLoader for EcdsaLoader {
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        load::<P256>(der, &P256_SCHEMES).or_else(|_| load::<P384>(der, &P384_SCHEMES))
    }
}

fn load<C: Curve>(
    der: &[u8],
    schemes: &'static [SignatureScheme],
) -> Result<Box<dyn SigningKey>, Error>
where
    Key<C>: SigningKey + 'static,
{
    let key = ecdsa::SigningKey::<C>::from_pkcs8_der(der)
        .or_else(|_| ecdsa::SigningKey::<C>::from_sec1_der(der))
        .map_err(|_| Error)?;
    let mut room = [0; 256];
    let spki = key.to_spki_der(&mut room).map_err(|_| Error)?.to_vec();
    Ok(Box::new(Key {
        key,
        spki,
        schemes,
        other: signature::ECDSA_KEYS.load(der)?,
    }))
}

static P256_SCHEMES: [SignatureScheme; 5] = [
    SignatureScheme::EcdsaDer(HashId::SHA2_256),
    SignatureScheme::EcdsaDer(HashId::SHA2_384),
    SignatureScheme::EcdsaDer(HashId::SHA2_512),
    SignatureScheme::EcdsaFixed(HashId::SHA2_256),
    SignatureScheme::EcdsaBare(HashId::SHA2_256),
];
static P384_SCHEMES: [SignatureScheme; 5] = [
    SignatureScheme::EcdsaDer(HashId::SHA2_384),
    SignatureScheme::EcdsaDer(HashId::SHA2_512),
    SignatureScheme::EcdsaDer(HashId::SHA2_256),
    SignatureScheme::EcdsaFixed(HashId::SHA2_384),
    SignatureScheme::EcdsaBare(HashId::SHA2_384),
];

/// The secret is zeroized by graviola.
struct Key<C: Curve> {
    key: ecdsa::SigningKey<C>,
    spki: Vec<u8>,
    schemes: &'static [SignatureScheme],
    /// The same key, for what graviola does not do: it hashes whatever it signs.
    other: Box<dyn SigningKey>,
}

impl<C: Curve> SigningKey for Key<C>
where
    Self: Send + Sync,
{
    fn schemes(&self) -> &[SignatureScheme] {
        self.schemes
    }

    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// graviola makes the per-signature secret as RFC 6979 §3.6 does, from the key, the digest and randomness that it
    /// asks of the operating system itself.
    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        use SignatureScheme::{EcdsaBare, EcdsaDer, EcdsaFixed};
        if !self.schemes.contains(&scheme) {
            return Err(Error);
        }
        if let EcdsaBare(_) = scheme {
            return self.other.sign(scheme, parts, random);
        }
        let mut room = [0; 256];
        match scheme {
            EcdsaDer(HashId::SHA2_256) => self.key.sign_asn1::<Sha256>(parts, &mut room),
            EcdsaDer(HashId::SHA2_384) => self.key.sign_asn1::<Sha384>(parts, &mut room),
            EcdsaDer(HashId::SHA2_512) => self.key.sign_asn1::<Sha512>(parts, &mut room),
            EcdsaFixed(HashId::SHA2_256) => self.key.sign::<Sha256>(parts, &mut room),
            EcdsaFixed(HashId::SHA2_384) => self.key.sign::<Sha384>(parts, &mut room),
            _ => return Err(Error),
        }
        .map(<[u8]>::to_vec)
        .map_err(|_| Error)
    }
}

impl<C: Curve> fmt::Debug for Key<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ECDSA private key")
    }
}
