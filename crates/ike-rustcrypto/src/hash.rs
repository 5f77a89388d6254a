//! Hash functions.

use core::fmt;
use core::marker::PhantomData;

use hmac::digest::{Digest, Output};
use ike_crypto::Hash;
use ipsec_doi::HashId;

/// A hash function of RustCrypto.
pub struct DigestHash<D> {
    id: HashId,
    digest: PhantomData<fn() -> D>,
}

/// MD5: for IKEv1 and vendor IDs only.
pub static MD5: DigestHash<md5::Md5> = DigestHash::new(HashId::MD5);
/// SHA-1: NAT detection, old signatures.
pub static SHA1: DigestHash<sha1::Sha1> = DigestHash::new(HashId::SHA1);
/// SHA-256.
pub static SHA2_256: DigestHash<sha2::Sha256> = DigestHash::new(HashId::SHA2_256);
/// SHA-384.
pub static SHA2_384: DigestHash<sha2::Sha384> = DigestHash::new(HashId::SHA2_384);
/// SHA-512.
pub static SHA2_512: DigestHash<sha2::Sha512> = DigestHash::new(HashId::SHA2_512);

/// The hash function that signatures name by `id`; MD5 is none of them.
pub(crate) fn of_signature(id: HashId) -> Option<&'static dyn Hash> {
    match id {
        HashId::SHA1 => Some(&SHA1),
        HashId::SHA2_256 => Some(&SHA2_256),
        HashId::SHA2_384 => Some(&SHA2_384),
        HashId::SHA2_512 => Some(&SHA2_512),
        _ => None,
    }
}

impl<D> DigestHash<D> {
    const fn new(id: HashId) -> Self {
        Self {
            id,
            digest: PhantomData,
        }
    }
}

impl<D: Digest> Hash for DigestHash<D> {
    fn id(&self) -> HashId {
        self.id
    }

    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> usize {
        let mut digest = D::new();
        for part in parts {
            digest.update(part);
        }
        let output: Output<D> = digest.finalize();
        out.iter_mut()
            .zip(&output)
            .map(|(to, from)| *to = *from)
            .count()
    }
}

impl<D> fmt::Debug for DigestHash<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}
