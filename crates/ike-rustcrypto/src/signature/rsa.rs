//! RSA verification. All of it is public, so nothing here is in constant time; what counts is that exactly one octet
//! string is the signature: the expected encoding is made anew and compared as a whole (RFC 8017 §8.2.2), nothing is
//! parsed out of what the peer sent.

use alloc::vec::Vec;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use ike_crypto::{Error, Hash, SignatureScheme, Verify};
use ipsec_doi::HashId;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::hash;

/// Verification of RSA signatures, RFC 8017 §8, RFC 2409 §5.1.
#[derive(Debug)]
pub struct RsaVerify {
    scheme: SignatureScheme,
}

impl RsaVerify {
    pub(super) const fn new(scheme: SignatureScheme) -> Self {
        Self { scheme }
    }

    /// Octets of the shortest modulus: 2048 bits, and 1024 for the legacy schemes, whose peers are as old.
    fn shortest(&self) -> usize {
        match self.scheme {
            SignatureScheme::RsaPkcs1(id) | SignatureScheme::RsaPss(id) if id != HashId::SHA1 => {
                256
            }
            _ => 128,
        }
    }
}

impl Verify for RsaVerify {
    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        let key = PublicKey::from_spki(spki)?;
        if key.len() < self.shortest() {
            return Err(Error);
        }
        let encoded = key.recover(signature)?;
        let valid = match self.scheme {
            SignatureScheme::RsaPkcs1(id) => {
                let content = digest_info(id, parts)?;
                encoded == pkcs1(&content, key.len())?
            }
            SignatureScheme::RsaBare => encoded == pkcs1(&parts.concat(), key.len())?,
            SignatureScheme::RsaPss(id) => {
                let hash = hash::of_signature(id).ok_or(Error)?;
                is_pss(&encoded, hash, parts, key.bits).unwrap_or(false)
            }
            _ => false,
        };
        if valid { Ok(()) } else { Err(Error) }
    }
}

/// The DER DigestInfo of a message, RFC 8017 §9.2 note 1: the one with NULL.
pub(super) fn digest_info(id: HashId, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let prefix = digest_info_prefix(id).ok_or(Error)?;
    let mut digest = [0; 64];
    let n = hash::of_signature(id)
        .ok_or(Error)?
        .digest(parts, &mut digest);
    Ok([prefix, digest.get(..n).ok_or(Error)?].concat())
}

/// A DigestInfo up to the digest.
pub(super) fn digest_info_prefix(id: HashId) -> Option<&'static [u8]> {
    match id {
        HashId::SHA1 => Some(b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"),
        HashId::SHA2_256 => {
            Some(b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")
        }
        HashId::SHA2_384 => {
            Some(b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30")
        }
        HashId::SHA2_512 => {
            Some(b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40")
        }
        _ => None,
    }
}

/// EMSA-PKCS1-v1_5 in `len` octets, RFC 8017 §9.2: 00 01 FF…FF 00 and the content, with at least 8 octets of FF.
fn pkcs1(content: &[u8], len: usize) -> Result<Vec<u8>, Error> {
    let padding = len
        .checked_sub(content.len())
        .and_then(|rest| rest.checked_sub(3))
        .filter(|padding| *padding >= 8)
        .ok_or(Error)?;
    if content.is_empty() {
        return Err(Error);
    }
    let mut encoded = Vec::with_capacity(len);
    encoded.extend_from_slice(&[0, 1]);
    encoded.resize(padding.saturating_add(2), 0xFF);
    encoded.push(0);
    encoded.extend_from_slice(content);
    Ok(encoded)
}

/// EMSA-PSS-VERIFY, RFC 8017 §9.1.2, with a salt as long as the digest. `bits` is the length of the modulus. `None`
/// means no as `Some(false)` does.
fn is_pss(encoded: &[u8], hash: &dyn Hash, parts: &[&[u8]], bits: u32) -> Option<bool> {
    let digest_len = hash.id().output_len();
    let encoded_bits = bits.checked_sub(1)?;
    let encoded_len = usize::try_from(encoded_bits.div_ceil(8)).ok()?;
    // With a modulus of 8k + 1 bits the encoding is an octet shorter than the modulus.
    let (excess, encoded) = encoded.split_at_checked(encoded.len().checked_sub(encoded_len)?)?;
    let (mask, rest) =
        encoded.split_at_checked(encoded_len.checked_sub(digest_len.checked_add(1)?)?)?;
    let (salted_digest, trailer) = rest.split_at_checked(digest_len)?;
    let clear = u8::MAX.checked_shr(encoded_bits.next_multiple_of(8).checked_sub(encoded_bits)?)?;
    let mut block = mask.to_vec();
    unmask(&mut block, hash, salted_digest);
    let top_is_clear = *mask.first()? & !clear == 0;
    *block.first_mut()? &= clear;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(digest_len)?)?;
    let (one, zeroes) = padding.split_last()?;
    let well_formed = excess.iter().all(|octet| *octet == 0)
        && trailer == [0xBC]
        && top_is_clear
        && zeroes.iter().all(|octet| *octet == 0)
        && *one == 1;

    let mut digest = [0; 64];
    let digest_of_message = digest.get_mut(..digest_len)?;
    hash.digest(parts, digest_of_message);
    let mut expected = [0; 64];
    let expected = expected.get_mut(..digest_len)?;
    hash.digest(&[&[0; 8], digest_of_message, salt], expected);
    Some(well_formed && expected == salted_digest)
}

/// MGF1, RFC 8017 Appendix B.2.1, added to `block`.
fn unmask(block: &mut [u8], hash: &dyn Hash, seed: &[u8]) {
    let mut mask = [0; 64];
    let digest_len = hash.id().output_len().max(1);
    for (chunk, counter) in block.chunks_mut(digest_len).zip(0u32..) {
        hash.digest(&[seed, &counter.to_be_bytes()], &mut mask);
        for (octet, mask) in chunk.iter_mut().zip(mask) {
            *octet ^= mask;
        }
    }
}

struct PublicKey {
    modulus: Odd<BoxedUint>,
    exponent: u64,
    /// Length of the modulus.
    bits: u32,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo with an RSAPublicKey, RFC 3279 §2.3.1. The modulus is odd and has at most 8192 bits;
    /// the exponent is odd, at least 3 and has at most 33 bits, so that no key makes verification slow.
    fn from_spki(spki: &[u8]) -> Result<Self, Error> {
        let spki = SubjectPublicKeyInfoRef::try_from(spki).map_err(|_| Error)?;
        if spki.algorithm.oid != RSA_ENCRYPTION {
            return Err(Error);
        }
        let key = spki.subject_public_key.as_bytes().ok_or(Error)?;
        let (modulus, exponent) = numbers(key).map_err(|_| Error)?;
        if modulus.as_bytes().len() > MAX_LEN {
            return Err(Error);
        }
        let modulus = BoxedUint::from_be_slice_vartime(modulus.as_bytes());
        let bits = modulus.bits_vartime();
        let exponent = exponent
            .as_bytes()
            .iter()
            .try_fold(0u64, |value, octet| {
                Some(value.checked_mul(256)? | u64::from(*octet))
            })
            .filter(|exponent| *exponent >= 3 && exponent & 1 == 1 && *exponent < 1 << 33)
            .ok_or(Error)?;
        Ok(Self {
            modulus: Odd::new(modulus).into_option().ok_or(Error)?,
            exponent,
            bits,
        })
    }

    /// Octets of the modulus.
    fn len(&self) -> usize {
        usize::try_from(self.bits.div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// RSAVP1, RFC 8017 §5.2.2, with the result in as many octets as the modulus.
    fn recover(&self, signature: &[u8]) -> Result<Vec<u8>, Error> {
        if signature.len() != self.len() {
            return Err(Error);
        }
        let precision = self.modulus.bits_precision();
        let value = BoxedUint::from_be_slice(signature, precision).map_err(|_| Error)?;
        if value >= *self.modulus.as_ref() {
            return Err(Error);
        }
        let params = BoxedMontyParams::new_vartime(self.modulus.clone());
        let base = BoxedMontyForm::new(value, &params);
        let mut power = base.clone();
        // From the bit below the highest down: square, and multiply where a bit is set.
        let top = 1u64.checked_shl(self.exponent.ilog2()).ok_or(Error)?;
        let mut bit = top >> 1;
        while bit != 0 {
            power = power.square();
            if self.exponent & bit != 0 {
                power = power.mul(&base);
            }
            bit >>= 1;
        }
        let octets = power.retrieve().to_be_bytes();
        let surplus = octets.len().checked_sub(self.len()).ok_or(Error)?;
        Ok(octets.get(surplus..).ok_or(Error)?.to_vec())
    }
}

/// Modulus and exponent of a DER RSAPublicKey, RFC 8017 Appendix A.1.1.
fn numbers(key: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    let mut outer = SliceReader::new(key)?;
    let numbers = outer.sequence(|inner| -> der::Result<_> {
        Ok((UintRef::decode(inner)?, UintRef::decode(inner)?))
    })?;
    outer.finish()?;
    Ok(numbers)
}

/// rsaEncryption, RFC 3279 §2.3.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Octets of the longest modulus.
const MAX_LEN: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
            let len = u16::try_from(content.len()).unwrap().to_be_bytes();
            match content.len() {
                0..0x80 => [&[tag, len[1]], content].concat(),
                0x80..0x100 => [&[tag, 0x81, len[1]], content].concat(),
                _ => [&[tag, 0x82, len[0], len[1]], content].concat(),
            }
        }
        let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        let numbers = [tlv(2, &[&[0], modulus].concat()), tlv(2, exponent)];
        let key = tlv(0x30, &numbers.concat());
        tlv(
            0x30,
            &[&algorithm[..], &tlv(3, &[&[0], &key[..]].concat())].concat(),
        )
    }

    /// B8: whatever the key, a signature that is the modulus, zero or one is none.
    #[test]
    fn trivial_signatures_are_refused() {
        let modulus = [0xA5; 256];
        let key = spki(&modulus, &[3]);
        assert!(PublicKey::from_spki(&key).is_ok());
        let mut one = [0; 256];
        one[255] = 1;
        for scheme in [
            SignatureScheme::RsaPkcs1(HashId::SHA2_256),
            SignatureScheme::RsaPss(HashId::SHA2_256),
            SignatureScheme::RsaBare,
        ] {
            for signature in [&modulus[..], &[0; 256], &one, &[], &[0; 255], &[0; 257]] {
                let verified = RsaVerify::new(scheme).verify(&key, &[b"m"], signature);
                assert_eq!(verified, Err(Error));
            }
        }
    }

    #[test]
    fn unfit_keys_are_refused() {
        for (modulus, exponent) in [
            (&[0xA4; 256][..], &[3][..]),
            (&[0xA5; 256], &[1]),
            (&[0xA5; 256], &[2]),
            (&[0xA5; 256], &[0]),
            (&[0xA5; 256], &[2, 0, 0, 0, 1]),
            (&[0xA5; 256], &[1, 0, 0, 0, 0, 0, 0, 0, 1]),
            (&[0xA5; 1025], &[3]),
            (&[], &[3]),
        ] {
            assert!(PublicKey::from_spki(&spki(modulus, exponent)).is_err());
        }
    }

    #[test]
    fn short_moduli_are_for_legacy_schemes_only() {
        let of = |scheme| RsaVerify::new(scheme).shortest();
        assert_eq!(of(SignatureScheme::RsaPkcs1(HashId::SHA2_256)), 256);
        assert_eq!(of(SignatureScheme::RsaPss(HashId::SHA2_512)), 256);
        assert_eq!(of(SignatureScheme::RsaPkcs1(HashId::SHA1)), 128);
        assert_eq!(of(SignatureScheme::RsaBare), 128);
    }
}
