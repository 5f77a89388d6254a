//! Encryption transforms.

use core::fmt;
use core::marker::PhantomData;

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::AesGcm;
use aes_gcm::aead::consts::{U8, U11, U12, U16};
use ccm::Ccm;
use ike_crypto::Error;
use ipsec_doi::{Encryption, EncryptionId};

mod aead;
mod cbc_mode;
mod ctr_mode;
mod null;

pub use aead::Aead;
pub use cbc_mode::Cbc;
pub use ctr_mode::Ctr;
pub use null::Null;

/// AES-CBC with 128-bit keys, RFC 3602.
pub static AES_128_CBC: Cbc<Aes128> = Cbc(Id::new(EncryptionId::AES_CBC, 128));
/// AES-CBC with 192-bit keys, RFC 3602.
pub static AES_192_CBC: Cbc<Aes192> = Cbc(Id::new(EncryptionId::AES_CBC, 192));
/// AES-CBC with 256-bit keys, RFC 3602.
pub static AES_256_CBC: Cbc<Aes256> = Cbc(Id::new(EncryptionId::AES_CBC, 256));
/// 3DES-CBC, RFC 2451: legacy.
pub static TDES: Cbc<des::TdesEde3> = Cbc(Id::new(EncryptionId::TDES, 0));
/// DES-CBC, RFC 2405: legacy.
pub static DES: Cbc<des::Des> = Cbc(Id::new(EncryptionId::DES, 0));
/// No encryption, RFC 2410: for ESP that only authenticates.
pub static NULL: Null = Null::new();

/// AES-CTR with 128-bit keys, RFC 3686, RFC 5930.
pub static AES_128_CTR: Ctr<Aes128> = Ctr(Id::new(EncryptionId::AES_CTR, 128));
/// AES-CTR with 192-bit keys, RFC 3686, RFC 5930.
pub static AES_192_CTR: Ctr<Aes192> = Ctr(Id::new(EncryptionId::AES_CTR, 192));
/// AES-CTR with 256-bit keys, RFC 3686, RFC 5930.
pub static AES_256_CTR: Ctr<Aes256> = Ctr(Id::new(EncryptionId::AES_CTR, 256));

/// AES-GCM with 128-bit keys and 8 octets of ICV, RFC 4106, RFC 5282.
pub static AES_128_GCM_8: Aead<AesGcm<Aes128, U12, U8>> = aead(EncryptionId::AES_GCM_8, 128);
/// AES-GCM with 192-bit keys and 8 octets of ICV, RFC 4106, RFC 5282.
pub static AES_192_GCM_8: Aead<AesGcm<Aes192, U12, U8>> = aead(EncryptionId::AES_GCM_8, 192);
/// AES-GCM with 256-bit keys and 8 octets of ICV, RFC 4106, RFC 5282.
pub static AES_256_GCM_8: Aead<AesGcm<Aes256, U12, U8>> = aead(EncryptionId::AES_GCM_8, 256);
/// AES-GCM with 128-bit keys and 12 octets of ICV, RFC 4106, RFC 5282.
pub static AES_128_GCM_12: Aead<AesGcm<Aes128, U12, U12>> = aead(EncryptionId::AES_GCM_12, 128);
/// AES-GCM with 192-bit keys and 12 octets of ICV, RFC 4106, RFC 5282.
pub static AES_192_GCM_12: Aead<AesGcm<Aes192, U12, U12>> = aead(EncryptionId::AES_GCM_12, 192);
/// AES-GCM with 256-bit keys and 12 octets of ICV, RFC 4106, RFC 5282.
pub static AES_256_GCM_12: Aead<AesGcm<Aes256, U12, U12>> = aead(EncryptionId::AES_GCM_12, 256);
/// AES-GCM with 128-bit keys and 16 octets of ICV, RFC 4106, RFC 5282.
pub static AES_128_GCM_16: Aead<AesGcm<Aes128, U12, U16>> = aead(EncryptionId::AES_GCM_16, 128);
/// AES-GCM with 192-bit keys and 16 octets of ICV, RFC 4106, RFC 5282.
pub static AES_192_GCM_16: Aead<AesGcm<Aes192, U12, U16>> = aead(EncryptionId::AES_GCM_16, 192);
/// AES-GCM with 256-bit keys and 16 octets of ICV, RFC 4106, RFC 5282.
pub static AES_256_GCM_16: Aead<AesGcm<Aes256, U12, U16>> = aead(EncryptionId::AES_GCM_16, 256);

/// AES-CCM with 128-bit keys and 8 octets of ICV, RFC 4309, RFC 5282.
pub static AES_128_CCM_8: Aead<Ccm<Aes128, U8, U11>> = aead(EncryptionId::AES_CCM_8, 128);
/// AES-CCM with 192-bit keys and 8 octets of ICV, RFC 4309, RFC 5282.
pub static AES_192_CCM_8: Aead<Ccm<Aes192, U8, U11>> = aead(EncryptionId::AES_CCM_8, 192);
/// AES-CCM with 256-bit keys and 8 octets of ICV, RFC 4309, RFC 5282.
pub static AES_256_CCM_8: Aead<Ccm<Aes256, U8, U11>> = aead(EncryptionId::AES_CCM_8, 256);
/// AES-CCM with 128-bit keys and 12 octets of ICV, RFC 4309, RFC 5282.
pub static AES_128_CCM_12: Aead<Ccm<Aes128, U12, U11>> = aead(EncryptionId::AES_CCM_12, 128);
/// AES-CCM with 192-bit keys and 12 octets of ICV, RFC 4309, RFC 5282.
pub static AES_192_CCM_12: Aead<Ccm<Aes192, U12, U11>> = aead(EncryptionId::AES_CCM_12, 192);
/// AES-CCM with 256-bit keys and 12 octets of ICV, RFC 4309, RFC 5282.
pub static AES_256_CCM_12: Aead<Ccm<Aes256, U12, U11>> = aead(EncryptionId::AES_CCM_12, 256);
/// AES-CCM with 128-bit keys and 16 octets of ICV, RFC 4309, RFC 5282.
pub static AES_128_CCM_16: Aead<Ccm<Aes128, U16, U11>> = aead(EncryptionId::AES_CCM_16, 128);
/// AES-CCM with 192-bit keys and 16 octets of ICV, RFC 4309, RFC 5282.
pub static AES_192_CCM_16: Aead<Ccm<Aes192, U16, U11>> = aead(EncryptionId::AES_CCM_16, 192);
/// AES-CCM with 256-bit keys and 16 octets of ICV, RFC 4309, RFC 5282.
pub static AES_256_CCM_16: Aead<Ccm<Aes256, U16, U11>> = aead(EncryptionId::AES_CCM_16, 256);

/// ChaCha20-Poly1305, RFC 7634.
pub static CHACHA20_POLY1305: Aead<chacha20poly1305::ChaCha20Poly1305> =
    aead(EncryptionId::CHACHA20_POLY1305, 0);

const fn aead<A>(id: EncryptionId, key_bits: u16) -> Aead<A> {
    Aead(Id::new(id, key_bits))
}

/// Which transform it is, and the algorithm of RustCrypto that computes it.
struct Id<A> {
    encryption: Encryption,
    algorithm: PhantomData<fn() -> A>,
}

impl<A> Id<A> {
    const fn new(id: EncryptionId, key_bits: u16) -> Self {
        Self {
            encryption: Encryption::new(id, key_bits),
            algorithm: PhantomData,
        }
    }

    /// Splits what was cut from the key material into key and salt.
    fn split<'a>(&self, key: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Error> {
        let (key, salt) = key
            .split_at_checked(self.encryption.key_len())
            .ok_or(Error)?;
        if salt.len() == self.encryption.salt_len() {
            Ok((key, salt))
        } else {
            Err(Error)
        }
    }
}

impl<A> fmt::Debug for Id<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.encryption)
    }
}
