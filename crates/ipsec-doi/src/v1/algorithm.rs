//! IKEv1's own numbers for algorithms (RFC 2407 §4.4, §4.5; RFC 2409 App. A).

use isakmp_wire::registry;

use crate::encryption::Encryption;
use crate::hash::HashId;
use crate::transform::{EncryptionId, IntegrityId};

registry! {
    /// Encryption algorithms of phase 1, attribute class 1 (RFC 2409 App. A).
    pub struct Phase1Encryption(u16);
    {
        /// DES-CBC.
        DES = 1, "DES";
        /// IDEA-CBC.
        IDEA = 2, "IDEA";
        /// Blowfish-CBC.
        BLOWFISH = 3, "BLOWFISH";
        /// RC5-R16-B64-CBC.
        RC5 = 4, "RC5";
        /// 3DES-CBC.
        TDES = 5, "3DES";
        /// CAST-CBC.
        CAST = 6, "CAST";
        /// AES-CBC (RFC 3602).
        AES_CBC = 7, "AES_CBC";
        /// Camellia-CBC (RFC 4312).
        CAMELLIA_CBC = 8, "CAMELLIA_CBC";
    }
}

impl Phase1Encryption {
    /// The algorithm, if this crate knows more than its number.
    #[must_use]
    pub const fn id(self) -> Option<EncryptionId> {
        Some(match self {
            Self::DES => EncryptionId::DES,
            Self::TDES => EncryptionId::TDES,
            Self::AES_CBC => EncryptionId::AES_CBC,
            Self::CAMELLIA_CBC => EncryptionId::CAMELLIA_CBC,
            _ => return None,
        })
    }

    /// The number of an algorithm; `None` if phase 1 has none for it: it knows no AEAD.
    #[must_use]
    pub const fn of(id: EncryptionId) -> Option<Self> {
        Some(match id {
            EncryptionId::DES => Self::DES,
            EncryptionId::TDES => Self::TDES,
            EncryptionId::AES_CBC => Self::AES_CBC,
            EncryptionId::CAMELLIA_CBC => Self::CAMELLIA_CBC,
            _ => return None,
        })
    }
}

registry! {
    /// Hash algorithms of phase 1, attribute class 2 (RFC 2409 App. A).
    pub struct HashAlgorithm(u16);
    {
        /// MD5.
        MD5 = 1, "MD5";
        /// SHA-1.
        SHA1 = 2, "SHA1";
        /// Tiger.
        TIGER = 3, "TIGER";
        /// SHA-256 (RFC 4868).
        SHA2_256 = 4, "SHA2_256";
        /// SHA-384 (RFC 4868).
        SHA2_384 = 5, "SHA2_384";
        /// SHA-512 (RFC 4868).
        SHA2_512 = 6, "SHA2_512";
    }
}

impl HashAlgorithm {
    /// The hash function, if this crate knows more than its number.
    #[must_use]
    pub const fn id(self) -> Option<HashId> {
        Some(match self {
            Self::MD5 => HashId::MD5,
            Self::SHA1 => HashId::SHA1,
            Self::SHA2_256 => HashId::SHA2_256,
            Self::SHA2_384 => HashId::SHA2_384,
            Self::SHA2_512 => HashId::SHA2_512,
            _ => return None,
        })
    }

    /// The number of a hash function, if phase 1 has one for it.
    #[must_use]
    pub const fn of(id: HashId) -> Option<Self> {
        Some(match id {
            HashId::MD5 => Self::MD5,
            HashId::SHA1 => Self::SHA1,
            HashId::SHA2_256 => Self::SHA2_256,
            HashId::SHA2_384 => Self::SHA2_384,
            HashId::SHA2_512 => Self::SHA2_512,
            _ => return None,
        })
    }
}

registry! {
    /// ESP transforms (RFC 2407 §4.4.4). Up to 20 they are those of IKEv2.
    pub struct EspTransform(u8);
    {
        /// DES-CBC with a 64-bit IV.
        DES_IV64 = 1, "DES_IV64";
        /// DES-CBC.
        DES = 2, "DES";
        /// 3DES-CBC.
        TDES = 3, "3DES";
        /// No encryption.
        NULL = 11, "NULL";
        /// AES-CBC.
        AES_CBC = 12, "AES_CBC";
        /// AES-CTR.
        AES_CTR = 13, "AES_CTR";
        /// AES-CCM, 8-octet ICV.
        AES_CCM_8 = 14, "AES_CCM_8";
        /// AES-CCM, 12-octet ICV.
        AES_CCM_12 = 15, "AES_CCM_12";
        /// AES-CCM, 16-octet ICV.
        AES_CCM_16 = 16, "AES_CCM_16";
        /// AES-GCM, 8-octet ICV.
        AES_GCM_8 = 18, "AES_GCM_8";
        /// AES-GCM, 12-octet ICV.
        AES_GCM_12 = 19, "AES_GCM_12";
        /// AES-GCM, 16-octet ICV.
        AES_GCM_16 = 20, "AES_GCM_16";
        /// SEED-CBC (RFC 4196).
        SEED_CBC = 21, "SEED_CBC";
        /// Camellia-CBC (RFC 4312).
        CAMELLIA_CBC = 22, "CAMELLIA_CBC";
        /// AES-GMAC (RFC 4543).
        NULL_AES_GMAC = 23, "NULL_AES_GMAC";
    }
}

impl EspTransform {
    /// The algorithm, if this crate knows more than its number.
    #[must_use]
    pub const fn id(self) -> Option<EncryptionId> {
        Some(match self {
            Self::DES => EncryptionId::DES,
            Self::TDES => EncryptionId::TDES,
            Self::NULL => EncryptionId::NULL,
            Self::AES_CBC => EncryptionId::AES_CBC,
            Self::AES_CTR => EncryptionId::AES_CTR,
            Self::AES_CCM_8 => EncryptionId::AES_CCM_8,
            Self::AES_CCM_12 => EncryptionId::AES_CCM_12,
            Self::AES_CCM_16 => EncryptionId::AES_CCM_16,
            Self::AES_GCM_8 => EncryptionId::AES_GCM_8,
            Self::AES_GCM_12 => EncryptionId::AES_GCM_12,
            Self::AES_GCM_16 => EncryptionId::AES_GCM_16,
            Self::CAMELLIA_CBC => EncryptionId::CAMELLIA_CBC,
            Self::NULL_AES_GMAC => EncryptionId::NULL_AES_GMAC,
            _ => return None,
        })
    }

    /// The number of an algorithm, if quick mode has one for it.
    #[must_use]
    pub const fn of(id: EncryptionId) -> Option<Self> {
        Some(match id {
            EncryptionId::DES => Self::DES,
            EncryptionId::TDES => Self::TDES,
            EncryptionId::NULL => Self::NULL,
            EncryptionId::AES_CBC => Self::AES_CBC,
            EncryptionId::AES_CTR => Self::AES_CTR,
            EncryptionId::AES_CCM_8 => Self::AES_CCM_8,
            EncryptionId::AES_CCM_12 => Self::AES_CCM_12,
            EncryptionId::AES_CCM_16 => Self::AES_CCM_16,
            EncryptionId::AES_GCM_8 => Self::AES_GCM_8,
            EncryptionId::AES_GCM_12 => Self::AES_GCM_12,
            EncryptionId::AES_GCM_16 => Self::AES_GCM_16,
            EncryptionId::CAMELLIA_CBC => Self::CAMELLIA_CBC,
            EncryptionId::NULL_AES_GMAC => Self::NULL_AES_GMAC,
            _ => return None,
        })
    }

    /// The algorithm with the key length of its attribute, in bits; `None` as for
    /// [`Encryption::from_transform`].
    #[must_use]
    pub const fn encryption(self, key_length: Option<u16>) -> Option<Encryption> {
        match self.id() {
            Some(id) => Encryption::from_transform(id, key_length),
            None => None,
        }
    }
}

registry! {
    /// Authentication algorithms of phase 2, attribute class 5 (RFC 2407 §4.5).
    pub struct IntegrityAlgorithm(u16);
    {
        /// HMAC-MD5, 96 bits.
        HMAC_MD5 = 1, "HMAC_MD5";
        /// HMAC-SHA-1, 96 bits.
        HMAC_SHA1 = 2, "HMAC_SHA1";
        /// DES-MAC.
        DES_MAC = 3, "DES_MAC";
        /// Keyed MD5.
        KPDK = 4, "KPDK";
        /// HMAC-SHA-256, 128 bits.
        HMAC_SHA2_256 = 5, "HMAC_SHA2_256";
        /// HMAC-SHA-384, 192 bits.
        HMAC_SHA2_384 = 6, "HMAC_SHA2_384";
        /// HMAC-SHA-512, 256 bits.
        HMAC_SHA2_512 = 7, "HMAC_SHA2_512";
        /// HMAC-RIPEMD, 96 bits.
        HMAC_RIPEMD = 8, "HMAC_RIPEMD";
        /// AES-XCBC-MAC, 96 bits.
        AES_XCBC = 9, "AES_XCBC";
        /// RSA signatures (RFC 4359).
        SIG_RSA = 10, "SIG_RSA";
        /// AES-GMAC, 128-bit key (RFC 4543).
        AES_128_GMAC = 11, "AES_128_GMAC";
        /// AES-GMAC, 192-bit key (RFC 4543).
        AES_192_GMAC = 12, "AES_192_GMAC";
        /// AES-GMAC, 256-bit key (RFC 4543).
        AES_256_GMAC = 13, "AES_256_GMAC";
    }
}

impl IntegrityAlgorithm {
    /// The algorithm, if this crate knows more than its number.
    #[must_use]
    pub const fn id(self) -> Option<IntegrityId> {
        Some(match self {
            Self::HMAC_MD5 => IntegrityId::HMAC_MD5_96,
            Self::HMAC_SHA1 => IntegrityId::HMAC_SHA1_96,
            Self::HMAC_SHA2_256 => IntegrityId::HMAC_SHA2_256_128,
            Self::HMAC_SHA2_384 => IntegrityId::HMAC_SHA2_384_192,
            Self::HMAC_SHA2_512 => IntegrityId::HMAC_SHA2_512_256,
            Self::AES_XCBC => IntegrityId::AES_XCBC_96,
            Self::AES_128_GMAC => IntegrityId::AES_128_GMAC,
            Self::AES_192_GMAC => IntegrityId::AES_192_GMAC,
            Self::AES_256_GMAC => IntegrityId::AES_256_GMAC,
            _ => return None,
        })
    }

    /// The number of an algorithm, if quick mode has one for it.
    #[must_use]
    pub const fn of(id: IntegrityId) -> Option<Self> {
        Some(match id {
            IntegrityId::HMAC_MD5_96 => Self::HMAC_MD5,
            IntegrityId::HMAC_SHA1_96 => Self::HMAC_SHA1,
            IntegrityId::HMAC_SHA2_256_128 => Self::HMAC_SHA2_256,
            IntegrityId::HMAC_SHA2_384_192 => Self::HMAC_SHA2_384,
            IntegrityId::HMAC_SHA2_512_256 => Self::HMAC_SHA2_512,
            IntegrityId::AES_XCBC_96 => Self::AES_XCBC,
            IntegrityId::AES_128_GMAC => Self::AES_128_GMAC,
            IntegrityId::AES_192_GMAC => Self::AES_192_GMAC,
            IntegrityId::AES_256_GMAC => Self::AES_256_GMAC,
            _ => return None,
        })
    }
}

registry! {
    /// AH transforms (RFC 2407 §4.4.3); the authentication attribute must agree.
    pub struct AhTransform(u8);
    {
        /// MD5.
        MD5 = 2, "MD5";
        /// SHA-1.
        SHA1 = 3, "SHA1";
        /// DES.
        DES = 4, "DES";
        /// SHA-256.
        SHA2_256 = 5, "SHA2_256";
        /// SHA-384.
        SHA2_384 = 6, "SHA2_384";
        /// SHA-512.
        SHA2_512 = 7, "SHA2_512";
        /// RIPEMD.
        RIPEMD = 8, "RIPEMD";
        /// AES-XCBC-MAC.
        AES_XCBC = 9, "AES_XCBC";
        /// RSA signatures (RFC 4359).
        RSA = 10, "RSA";
        /// AES-GMAC, 128-bit key (RFC 4543).
        AES_128_GMAC = 11, "AES_128_GMAC";
        /// AES-GMAC, 192-bit key (RFC 4543).
        AES_192_GMAC = 12, "AES_192_GMAC";
        /// AES-GMAC, 256-bit key (RFC 4543).
        AES_256_GMAC = 13, "AES_256_GMAC";
    }
}

impl AhTransform {
    /// The transform that goes with an authentication algorithm, if there is one.
    #[must_use]
    pub const fn of(algorithm: IntegrityAlgorithm) -> Option<Self> {
        Some(match algorithm {
            IntegrityAlgorithm::HMAC_MD5 => Self::MD5,
            IntegrityAlgorithm::HMAC_SHA1 => Self::SHA1,
            IntegrityAlgorithm::HMAC_SHA2_256 => Self::SHA2_256,
            IntegrityAlgorithm::HMAC_SHA2_384 => Self::SHA2_384,
            IntegrityAlgorithm::HMAC_SHA2_512 => Self::SHA2_512,
            IntegrityAlgorithm::AES_XCBC => Self::AES_XCBC,
            IntegrityAlgorithm::AES_128_GMAC => Self::AES_128_GMAC,
            IntegrityAlgorithm::AES_192_GMAC => Self::AES_192_GMAC,
            IntegrityAlgorithm::AES_256_GMAC => Self::AES_256_GMAC,
            _ => return None,
        })
    }

    /// The authentication algorithm that goes with the transform.
    #[must_use]
    pub const fn algorithm(self) -> Option<IntegrityAlgorithm> {
        Some(match self {
            Self::MD5 => IntegrityAlgorithm::HMAC_MD5,
            Self::SHA1 => IntegrityAlgorithm::HMAC_SHA1,
            Self::SHA2_256 => IntegrityAlgorithm::HMAC_SHA2_256,
            Self::SHA2_384 => IntegrityAlgorithm::HMAC_SHA2_384,
            Self::SHA2_512 => IntegrityAlgorithm::HMAC_SHA2_512,
            Self::AES_XCBC => IntegrityAlgorithm::AES_XCBC,
            Self::AES_128_GMAC => IntegrityAlgorithm::AES_128_GMAC,
            Self::AES_192_GMAC => IntegrityAlgorithm::AES_192_GMAC,
            Self::AES_256_GMAC => IntegrityAlgorithm::AES_256_GMAC,
            _ => return None,
        })
    }
}
