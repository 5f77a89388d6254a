use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Add;

use ::ecdsa::der::{MaxOverhead, MaxSize};
use ::ecdsa::{DigestAlgorithm, EcdsaCurve, Signature, SignatureSize, VerifyingKey};
use ike_crypto::{Error, KeyLoader, Random, SignatureScheme, SigningKey, Verify};
use ipsec_doi::HashId;
use p256::NistP256;
use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::elliptic_curve::array::ArraySize;
use p256::elliptic_curve::ops::Invert;
use p256::elliptic_curve::pkcs8::{AssociatedOid, DecodePrivateKey, EncodePublicKey};
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::subtle::CtOption;
use p256::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, Scalar, SecretKey,
};
use p384::NistP384;
use p521::NistP521;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::hash;
use crate::random::Bridge;

/// Verification of ECDSA signatures, RFC 7427 §3 and RFC 4754 §7.
#[derive(Debug)]
pub struct EcdsaVerify(pub(super) SignatureScheme);

impl Verify for EcdsaVerify {
    fn scheme(&self) -> SignatureScheme {
        self.0
    }

    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        let spki = SubjectPublicKeyInfoRef::try_from(spki).map_err(|_| Error)?;
        if spki.algorithm.oid != EC_PUBLIC_KEY {
            return Err(Error);
        }
        let point = spki.subject_public_key.as_bytes().ok_or(Error)?;
        match spki.algorithm.parameters_oid().map_err(|_| Error)? {
            NistP256::OID => verify::<NistP256>(self.0, point, parts, signature),
            NistP384::OID => verify::<NistP384>(self.0, point, parts, signature),
            NistP521::OID => verify::<NistP521>(self.0, point, parts, signature),
            _ => Err(Error),
        }
    }
}

/// id-ecPublicKey, RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

fn verify<C>(
    scheme: SignatureScheme,
    point: &[u8],
    parts: &[&[u8]],
    signature: &[u8],
) -> Result<(), Error>
where
    C: EcdsaCurve + CurveArithmetic + AssociatedOid,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ArraySize,
    MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<MaxOverhead> + ArraySize,
{
    let digest = digest::<C>(scheme, parts)?;
    let key = VerifyingKey::<C>::from_sec1_bytes(point).map_err(|_| Error)?;
    let signature = match scheme {
        SignatureScheme::EcdsaDer(_) => Signature::<C>::from_der(signature),
        _ => Signature::<C>::from_slice(signature),
    };
    key.verify_prehash(&digest, &signature.map_err(|_| Error)?)
        .map_err(|_| Error)
}

/// Hashes what is signed. A digest shorter than the curve's order is the same number with zeroes in front (FIPS 186-5
/// §6.4), which spares it the refusal of the crate below.
fn digest<C>(scheme: SignatureScheme, parts: &[&[u8]]) -> Result<Vec<u8>, Error>
where
    C: EcdsaCurve + AssociatedOid,
{
    let id = match scheme {
        SignatureScheme::EcdsaDer(id) => id,
        SignatureScheme::EcdsaBare(id) | SignatureScheme::EcdsaFixed(id)
            if fixed_hash(C::OID) == Some(id) =>
        {
            id
        }
        _ => return Err(Error),
    };
    let bare = matches!(scheme, SignatureScheme::EcdsaBare(_)).then(|| parts.concat());
    let digest_len = bare.as_ref().map_or_else(|| id.output_len(), Vec::len);
    if digest_len > id.output_len() {
        return Err(Error);
    }
    let len = digest_len.max(FieldBytes::<C>::default().len());
    let mut digest = alloc::vec![0; len];
    let (_, place) = digest
        .split_at_mut_checked(len.saturating_sub(digest_len))
        .ok_or(Error)?;
    match bare {
        Some(octets) => place.copy_from_slice(&octets),
        None => {
            hash::of_signature(id).ok_or(Error)?.digest(parts, place);
        }
    }
    Ok(digest)
}

/// The hash that RFC 4754 §7 couples with a curve.
fn fixed_hash(curve: ObjectIdentifier) -> Option<HashId> {
    match curve {
        NistP256::OID => Some(HashId::SHA2_256),
        NistP384::OID => Some(HashId::SHA2_384),
        NistP521::OID => Some(HashId::SHA2_512),
        _ => None,
    }
}

/// Reads private keys on P-256, P-384 and P-521 from PKCS#8 or SEC1 (RFC 5915).
#[derive(Debug)]
pub struct EcdsaLoader(());

impl EcdsaLoader {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl KeyLoader for EcdsaLoader {
    fn load(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, Error> {
        load::<NistP256>(der, &P256_SCHEMES)
            .or_else(|_| load::<NistP384>(der, &P384_SCHEMES))
            .or_else(|_| load::<NistP521>(der, &P521_SCHEMES))
    }
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
static P521_SCHEMES: [SignatureScheme; 5] = [
    SignatureScheme::EcdsaDer(HashId::SHA2_512),
    SignatureScheme::EcdsaDer(HashId::SHA2_384),
    SignatureScheme::EcdsaDer(HashId::SHA2_256),
    SignatureScheme::EcdsaFixed(HashId::SHA2_512),
    SignatureScheme::EcdsaBare(HashId::SHA2_512),
];

fn load<C>(der: &[u8], schemes: &'static [SignatureScheme]) -> Result<Box<dyn SigningKey>, Error>
where
    C: EcdsaCurve + CurveArithmetic + AssociatedOid + DigestAlgorithm,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ArraySize,
    MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<MaxOverhead> + ArraySize,
    Scalar<C>: Invert<Output = CtOption<Scalar<C>>>,
{
    let secret = SecretKey::<C>::from_pkcs8_der(der)
        .map_err(|_| Error)
        .or_else(|_| SecretKey::<C>::from_sec1_der(der).map_err(|_| Error))?;
    let public = secret.public_key().to_public_key_der();
    Ok(Box::new(Key::<C> {
        spki: public.map_err(|_| Error)?.into_vec(),
        key: secret.into(),
        schemes,
    }))
}

/// The secret is zeroized by its own crate.
struct Key<C: EcdsaCurve + CurveArithmetic>
where
    Scalar<C>: Invert<Output = CtOption<Scalar<C>>>,
    SignatureSize<C>: ArraySize,
{
    key: ::ecdsa::SigningKey<C>,
    spki: Vec<u8>,
    schemes: &'static [SignatureScheme],
}

impl<C> SigningKey for Key<C>
where
    C: EcdsaCurve + CurveArithmetic + AssociatedOid + DigestAlgorithm,
    SignatureSize<C>: ArraySize,
    MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<MaxOverhead> + ArraySize,
    Scalar<C>: Invert<Output = CtOption<Scalar<C>>>,
{
    fn schemes(&self) -> &[SignatureScheme] {
        self.schemes
    }

    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    /// The per-signature secret is that of RFC 6979 §3.6, made from the key, the digest and fresh randomness, so that it
    /// neither hangs on the generator alone nor repeats under fault injection.
    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        let digest = digest::<C>(scheme, parts)?;
        let signature: Signature<C> = self
            .key
            .sign_prehash_with_rng(&mut Bridge(random), &digest)
            .map_err(|_| Error)?;
        Ok(match scheme {
            SignatureScheme::EcdsaDer(_) => signature.to_der().as_bytes().to_vec(),
            _ => signature.to_bytes().as_slice().to_vec(),
        })
    }
}

impl<C> fmt::Debug for Key<C>
where
    C: EcdsaCurve + CurveArithmetic,
    Scalar<C>: Invert<Output = CtOption<Scalar<C>>>,
    SignatureSize<C>: ArraySize,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ECDSA private key")
    }
}
