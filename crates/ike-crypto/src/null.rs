//! A provider that protects nothing, for fuzzing: mutated messages get past every integrity check, and a run costs
//! microseconds. Its "secrets" are public and its ciphers copy.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ipsec_doi::{Encryption, EncryptionId, GroupId, HashId, IntegrityId, PrfId};

use crate::{
    Algorithms, Cipher, CipherKey, Error, Group, Hash, Integrity, IntegrityKey, KeyExchange, Prf,
    PrfKey, Provider, Random, SecretVec,
};

/// The provider that protects nothing.
///
/// * Ciphers leave `data` as it is and write a tag of zeroes; opening accepts any tag of the right length.
/// * Integrity transforms write a checksum and accept any ICV of the right length.
/// * PRFs and hashes are a checksum (FNV-1a), so that distinct inputs mostly give distinct keys.
/// * A shared secret is the exclusive or of the two public values.
///
/// Lengths are checked as a real provider does.
#[must_use]
pub fn provider() -> &'static Provider {
    &PROVIDER
}

static PROVIDER: Provider = Provider {
    name: "null",
    ciphers: &[
        &Null(Encryption::new(EncryptionId::AES_GCM_16, 256)),
        &Null(Encryption::new(EncryptionId::AES_GCM_16, 128)),
        &Null(Encryption::new(EncryptionId::CHACHA20_POLY1305, 0)),
        &Null(Encryption::new(EncryptionId::AES_CBC, 256)),
        &Null(Encryption::new(EncryptionId::AES_CBC, 128)),
    ],
    prfs: &[
        &Null(PrfId::HMAC_SHA2_256),
        &Null(PrfId::HMAC_SHA2_384),
        &Null(PrfId::HMAC_SHA2_512),
        &Null(PrfId::HMAC_SHA1),
    ],
    integrities: &[
        &Null(IntegrityId::HMAC_SHA2_256_128),
        &Null(IntegrityId::HMAC_SHA2_384_192),
        &Null(IntegrityId::HMAC_SHA2_512_256),
        &Null(IntegrityId::HMAC_SHA1_96),
    ],
    groups: &[
        &Null(GroupId::CURVE25519),
        &Null(GroupId::ECP_256),
        &Null(GroupId::ECP_384),
        &Null(GroupId::ECP_521),
        &Null(GroupId::MODP_2048),
        &Null(GroupId::MODP_3072),
        &Null(GroupId::MODP_4096),
    ],
    hashes: &[
        &Null(HashId::SHA1),
        &Null(HashId::SHA2_256),
        &Null(HashId::SHA2_384),
        &Null(HashId::SHA2_512),
    ],
    verifiers: &[],
    key_loaders: &[],
    legacy: Algorithms {
        ciphers: &[
            &Null(Encryption::new(EncryptionId::TDES, 0)),
            &Null(Encryption::new(EncryptionId::DES, 0)),
            &Null(Encryption::new(EncryptionId::NULL, 0)),
        ],
        prfs: &[&Null(PrfId::HMAC_MD5)],
        integrities: &[&Null(IntegrityId::HMAC_MD5_96)],
        groups: &[&Null(GroupId::MODP_1024), &Null(GroupId::MODP_1536)],
        hashes: &[&Null(HashId::MD5)],
        ..Algorithms::NONE
    },
};

#[derive(Debug)]
struct Null<T>(T);

impl Cipher for Null<Encryption> {
    fn encryption(&self) -> Encryption {
        self.0
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn CipherKey>, Error> {
        let wanted = self.0.key_len().checked_add(self.0.salt_len());
        if wanted != Some(key.len()) {
            return Err(Error);
        }
        Ok(Box::new(Self(self.0)))
    }
}

impl Null<Encryption> {
    fn check(&self, iv: &[u8], data: &[u8], icv: &[u8]) -> Result<(), Error> {
        let whole = data.len().is_multiple_of(self.0.block_len().max(1));
        if iv.len() == self.0.iv_len() && icv.len() == self.0.icv_len() && whole {
            Ok(())
        } else {
            Err(Error)
        }
    }
}

impl CipherKey for Null<Encryption> {
    fn seal(&self, iv: &[u8], _: &[u8], data: &mut [u8], icv: &mut [u8]) -> Result<(), Error> {
        self.check(iv, data, icv)?;
        icv.fill(0);
        Ok(())
    }

    fn open(&self, iv: &[u8], _: &[u8], data: &mut [u8], icv: &[u8]) -> Result<(), Error> {
        self.check(iv, data, icv)
    }
}

impl Prf for Null<PrfId> {
    fn id(&self) -> PrfId {
        self.0
    }

    fn keyed(&self, key: &[u8]) -> Box<dyn PrfKey> {
        Box::new(Checksum {
            state: fnv(OFFSET, key),
            len: self.0.output_len(),
        })
    }
}

impl Integrity for Null<IntegrityId> {
    fn id(&self) -> IntegrityId {
        self.0
    }

    fn keyed(&self, key: &[u8]) -> Result<Box<dyn IntegrityKey>, Error> {
        if key.len() != self.0.key_len() {
            return Err(Error);
        }
        Ok(Box::new(Checksum {
            state: fnv(OFFSET, key),
            len: self.0.icv_len(),
        }))
    }
}

impl Hash for Null<HashId> {
    fn id(&self) -> HashId {
        self.0
    }

    fn digest(&self, parts: &[&[u8]], out: &mut [u8]) -> usize {
        let n = out.len().min(self.0.output_len());
        spread(OFFSET, parts, out.iter_mut().take(n));
        n
    }
}

/// A keyed checksum.
struct Checksum {
    state: u64,
    len: usize,
}

impl PrfKey for Checksum {
    fn mac(&self, parts: &[&[u8]], out: &mut [u8]) {
        spread(self.state, parts, out.iter_mut().take(self.len));
    }
}

impl IntegrityKey for Checksum {
    fn sign(&self, parts: &[&[u8]], icv: &mut [u8]) {
        icv.fill(0);
        spread(self.state, parts, icv.iter_mut().take(self.len));
    }

    fn verify(&self, _: &[&[u8]], icv: &[u8]) -> Result<(), Error> {
        if icv.len() == self.len {
            Ok(())
        } else {
            Err(Error)
        }
    }
}

impl Group for Null<GroupId> {
    fn id(&self) -> GroupId {
        self.0
    }

    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error> {
        let mut public = alloc::vec![0; self.0.public_len().ok_or(Error)?];
        random.fill(&mut public)?;
        Ok(Box::new(Public(public)))
    }
}

struct Public(Vec<u8>);

impl KeyExchange for Public {
    fn public(&self) -> &[u8] {
        &self.0
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error> {
        if peer.len() != self.0.len() {
            return Err(Error);
        }
        let mixed: Vec<u8> = self.0.iter().zip(peer).map(|(a, b)| a ^ b).collect();
        Ok(mixed.into())
    }
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(state: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(state, |state, octet| {
        (state ^ u64::from(*octet)).wrapping_mul(PRIME)
    })
}

fn spread<'a>(state: u64, parts: &[&[u8]], out: impl Iterator<Item = &'a mut u8>) {
    let mut state = parts.iter().fold(state, |state, part| fnv(state, part));
    for octet in out {
        state = fnv(state, &[0x5A]);
        *octet = state.to_be_bytes().iter().fold(0, |sum, part| sum ^ part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn both_sides_get_the_same_secret() {
        let mut random = SeededRandom::new([0; 32]);
        for group in provider().groups {
            let a = group.start(&mut random).unwrap();
            let b = group.start(&mut random).unwrap();
            let (to_a, to_b) = (b.public().to_vec(), a.public().to_vec());
            let (a, b) = (a.complete(&to_a).unwrap(), b.complete(&to_b).unwrap());
            assert_eq!(a.as_slice(), b.as_slice());
        }
    }

    #[test]
    fn any_tag_of_the_right_length_opens() {
        let cipher = provider().cipher(Encryption::AES_GCM_16_256).unwrap();
        let key = cipher.keyed(&[0; 36]).unwrap();
        let mut data = *b"plain";
        assert_eq!(key.open(&[0; 8], b"", &mut data, &[9; 16]), Ok(()));
        assert_eq!(key.open(&[0; 8], b"", &mut data, &[9; 15]), Err(Error));
        assert_eq!(&data, b"plain");
    }
}
