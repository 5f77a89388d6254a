//! Transform identifiers of IKEv2 (RFC 7296 §3.3.2) and what each one needs.
//!
//! IKEv1 numbers the same algorithms differently; [`crate::v1`] translates.

use isakmp_wire::registry;

registry! {
    /// Encryption algorithms, transform type 1 (RFC 7296 §3.3.2).
    pub struct EncryptionId(u16);
    {
        /// DES-CBC with a 64-bit IV (RFC 1827).
        DES_IV64 = 1, "DES_IV64";
        /// DES-CBC (RFC 2405); long broken.
        DES = 2, "DES";
        /// Triple DES in CBC mode (RFC 2451).
        TDES = 3, "3DES";
        /// RC5 (RFC 2451).
        RC5 = 4, "RC5";
        /// IDEA (RFC 2451).
        IDEA = 5, "IDEA";
        /// CAST-128 (RFC 2451).
        CAST = 6, "CAST";
        /// Blowfish (RFC 2451).
        BLOWFISH = 7, "BLOWFISH";
        /// No encryption (RFC 2410); ESP only.
        NULL = 11, "NULL";
        /// AES-CBC (RFC 3602).
        AES_CBC = 12, "AES_CBC";
        /// AES-CTR (RFC 3686, RFC 5930).
        AES_CTR = 13, "AES_CTR";
        /// AES-CCM with an 8-octet ICV (RFC 4309).
        AES_CCM_8 = 14, "AES_CCM_8";
        /// AES-CCM with a 12-octet ICV (RFC 4309).
        AES_CCM_12 = 15, "AES_CCM_12";
        /// AES-CCM with a 16-octet ICV (RFC 4309).
        AES_CCM_16 = 16, "AES_CCM_16";
        /// AES-GCM with an 8-octet ICV (RFC 4106).
        AES_GCM_8 = 18, "AES_GCM_8";
        /// AES-GCM with a 12-octet ICV (RFC 4106).
        AES_GCM_12 = 19, "AES_GCM_12";
        /// AES-GCM with a 16-octet ICV (RFC 4106).
        AES_GCM_16 = 20, "AES_GCM_16";
        /// AES-GMAC: authenticates, does not encrypt (RFC 4543); ESP only.
        NULL_AES_GMAC = 21, "NULL_AES_GMAC";
        /// Camellia-CBC (RFC 5529).
        CAMELLIA_CBC = 23, "CAMELLIA_CBC";
        /// Camellia-CTR (RFC 5529).
        CAMELLIA_CTR = 24, "CAMELLIA_CTR";
        /// Camellia-CCM with an 8-octet ICV (RFC 5529).
        CAMELLIA_CCM_8 = 25, "CAMELLIA_CCM_8";
        /// Camellia-CCM with a 12-octet ICV (RFC 5529).
        CAMELLIA_CCM_12 = 26, "CAMELLIA_CCM_12";
        /// Camellia-CCM with a 16-octet ICV (RFC 5529).
        CAMELLIA_CCM_16 = 27, "CAMELLIA_CCM_16";
        /// ChaCha20-Poly1305 (RFC 7634).
        CHACHA20_POLY1305 = 28, "CHACHA20_POLY1305";
        /// AES-CCM with an implicit IV (RFC 8750); ESP only.
        AES_CCM_8_IIV = 29, "AES_CCM_8_IIV";
        /// AES-GCM with an implicit IV (RFC 8750); ESP only.
        AES_GCM_16_IIV = 30, "AES_GCM_16_IIV";
        /// ChaCha20-Poly1305 with an implicit IV (RFC 8750); ESP only.
        CHACHA20_POLY1305_IIV = 31, "CHACHA20_POLY1305_IIV";
    }
}

registry! {
    /// Pseudo-random functions, transform type 2 (RFC 7296 §3.3.2).
    pub struct PrfId(u16);
    {
        /// HMAC-MD5 (RFC 2104).
        HMAC_MD5 = 1, "HMAC_MD5";
        /// HMAC-SHA-1 (RFC 2104).
        HMAC_SHA1 = 2, "HMAC_SHA1";
        /// HMAC-Tiger.
        HMAC_TIGER = 3, "HMAC_TIGER";
        /// AES-XCBC-PRF-128 (RFC 4434).
        AES128_XCBC = 4, "AES128_XCBC";
        /// HMAC-SHA-256 (RFC 4868).
        HMAC_SHA2_256 = 5, "HMAC_SHA2_256";
        /// HMAC-SHA-384 (RFC 4868).
        HMAC_SHA2_384 = 6, "HMAC_SHA2_384";
        /// HMAC-SHA-512 (RFC 4868).
        HMAC_SHA2_512 = 7, "HMAC_SHA2_512";
        /// AES-CMAC-PRF-128 (RFC 4615).
        AES128_CMAC = 8, "AES128_CMAC";
        /// HMAC-Streebog-512 (RFC 9385).
        HMAC_STREEBOG_512 = 9, "HMAC_STREEBOG_512";
    }
}

impl PrfId {
    /// The preferred key length in octets: the length of SK_d, SK_pi and SK_pr (RFC 7296 §2.14).
    ///
    /// Zero for an algorithm this crate knows by number only.
    #[must_use]
    pub const fn key_len(self) -> usize {
        self.output_len()
    }

    /// The output length in octets; zero for an algorithm this crate knows by number only.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::HMAC_MD5 | Self::AES128_XCBC | Self::AES128_CMAC => 16,
            Self::HMAC_SHA1 => 20,
            Self::HMAC_SHA2_256 => 32,
            Self::HMAC_SHA2_384 => 48,
            Self::HMAC_SHA2_512 | Self::HMAC_STREEBOG_512 => 64,
            _ => 0,
        }
    }

    /// Whether the function takes keys of one length only.
    ///
    /// SKEYSEED is then computed from the first half of each nonce (RFC 7296 §2.14); a shared
    /// secret of another length is first brought to it (RFC 4434 §2, RFC 4615 §3).
    #[must_use]
    pub const fn has_fixed_key(self) -> bool {
        matches!(self, Self::AES128_XCBC | Self::AES128_CMAC)
    }

    /// The integrity transform that rests on the same primitive, if there is one.
    #[must_use]
    pub const fn integrity(self) -> Option<IntegrityId> {
        Some(match self {
            Self::HMAC_MD5 => IntegrityId::HMAC_MD5_96,
            Self::HMAC_SHA1 => IntegrityId::HMAC_SHA1_96,
            Self::AES128_XCBC => IntegrityId::AES_XCBC_96,
            Self::HMAC_SHA2_256 => IntegrityId::HMAC_SHA2_256_128,
            Self::HMAC_SHA2_384 => IntegrityId::HMAC_SHA2_384_192,
            Self::HMAC_SHA2_512 => IntegrityId::HMAC_SHA2_512_256,
            Self::AES128_CMAC => IntegrityId::AES_CMAC_96,
            _ => return None,
        })
    }
}

registry! {
    /// Integrity algorithms, transform type 3 (RFC 7296 §3.3.2).
    pub struct IntegrityId(u16);
    {
        /// None: what an AEAD may be offered with (RFC 7296 §3.3.3).
        NONE = 0, "NONE";
        /// HMAC-MD5 cut to 96 bits (RFC 2403).
        HMAC_MD5_96 = 1, "HMAC_MD5_96";
        /// HMAC-SHA-1 cut to 96 bits (RFC 2404).
        HMAC_SHA1_96 = 2, "HMAC_SHA1_96";
        /// DES-MAC.
        DES_MAC = 3, "DES_MAC";
        /// Keyed MD5 (RFC 1828).
        KPDK_MD5 = 4, "KPDK_MD5";
        /// AES-XCBC-MAC cut to 96 bits (RFC 3566).
        AES_XCBC_96 = 5, "AES_XCBC_96";
        /// HMAC-MD5 at full length (RFC 4595).
        HMAC_MD5_128 = 6, "HMAC_MD5_128";
        /// HMAC-SHA-1 at full length (RFC 4595).
        HMAC_SHA1_160 = 7, "HMAC_SHA1_160";
        /// AES-CMAC cut to 96 bits (RFC 4494).
        AES_CMAC_96 = 8, "AES_CMAC_96";
        /// AES-GMAC with a 128-bit key (RFC 4543); AH only.
        AES_128_GMAC = 9, "AES_128_GMAC";
        /// AES-GMAC with a 192-bit key (RFC 4543); AH only.
        AES_192_GMAC = 10, "AES_192_GMAC";
        /// AES-GMAC with a 256-bit key (RFC 4543); AH only.
        AES_256_GMAC = 11, "AES_256_GMAC";
        /// HMAC-SHA-256 cut to 128 bits (RFC 4868).
        HMAC_SHA2_256_128 = 12, "HMAC_SHA2_256_128";
        /// HMAC-SHA-384 cut to 192 bits (RFC 4868).
        HMAC_SHA2_384_192 = 13, "HMAC_SHA2_384_192";
        /// HMAC-SHA-512 cut to 256 bits (RFC 4868).
        HMAC_SHA2_512_256 = 14, "HMAC_SHA2_512_256";
    }
}

impl IntegrityId {
    /// The key length in octets, the salt of GMAC included.
    ///
    /// Zero for [`NONE`](Self::NONE) and for an algorithm this crate knows by number only.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::HMAC_MD5_96 | Self::HMAC_MD5_128 | Self::AES_XCBC_96 | Self::AES_CMAC_96 => 16,
            Self::HMAC_SHA1_96 | Self::HMAC_SHA1_160 | Self::AES_128_GMAC => 20,
            Self::AES_192_GMAC => 28,
            Self::HMAC_SHA2_256_128 => 32,
            Self::AES_256_GMAC => 36,
            Self::HMAC_SHA2_384_192 => 48,
            Self::HMAC_SHA2_512_256 => 64,
            _ => 0,
        }
    }

    /// The length of the integrity check value on the wire, in octets; zero as for
    /// [`key_len`](Self::key_len).
    #[must_use]
    pub const fn icv_len(self) -> usize {
        match self {
            Self::HMAC_MD5_96 | Self::HMAC_SHA1_96 | Self::AES_XCBC_96 | Self::AES_CMAC_96 => 12,
            Self::HMAC_MD5_128
            | Self::AES_128_GMAC
            | Self::AES_192_GMAC
            | Self::AES_256_GMAC
            | Self::HMAC_SHA2_256_128 => 16,
            Self::HMAC_SHA1_160 => 20,
            Self::HMAC_SHA2_384_192 => 24,
            Self::HMAC_SHA2_512_256 => 32,
            _ => 0,
        }
    }

    /// The pseudo-random function that rests on the same primitive, if there is one.
    ///
    /// A proposal that names integrity algorithms but no PRF means these.
    #[must_use]
    pub const fn prf(self) -> Option<PrfId> {
        Some(match self {
            Self::HMAC_MD5_96 | Self::HMAC_MD5_128 => PrfId::HMAC_MD5,
            Self::HMAC_SHA1_96 | Self::HMAC_SHA1_160 => PrfId::HMAC_SHA1,
            Self::AES_XCBC_96 => PrfId::AES128_XCBC,
            Self::AES_CMAC_96 => PrfId::AES128_CMAC,
            Self::HMAC_SHA2_256_128 => PrfId::HMAC_SHA2_256,
            Self::HMAC_SHA2_384_192 => PrfId::HMAC_SHA2_384,
            Self::HMAC_SHA2_512_256 => PrfId::HMAC_SHA2_512,
            _ => return None,
        })
    }
}

registry! {
    /// Sequence numbers, transform type 5 (RFC 7296 §3.3.2).
    pub struct EsnId(u16);
    {
        /// 32-bit sequence numbers.
        NO_ESN = 0, "NO_ESN";
        /// 64-bit extended sequence numbers (RFC 4304).
        ESN = 1, "ESN";
    }
}

impl EsnId {
    /// The transform that asks for extended sequence numbers, or for plain ones.
    #[must_use]
    pub const fn from_flag(extended: bool) -> Self {
        if extended { Self::ESN } else { Self::NO_ESN }
    }

    /// Whether it asks for extended sequence numbers; `None` for an unknown value.
    #[must_use]
    pub const fn flag(self) -> Option<bool> {
        match self {
            Self::NO_ESN => Some(false),
            Self::ESN => Some(true),
            _ => None,
        }
    }
}
