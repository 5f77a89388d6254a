use isakmp_wire::registry;

registry! {
    /// Key exchange methods, transform type 4: one registry for IKEv1 and IKEv2
    /// (RFC 2409 App. A, RFC 7296 §3.3.2, RFC 9370).
    pub struct GroupId(u16);
    {
        /// None: a child SA without its own key exchange.
        NONE = 0, "NONE";
        /// 768-bit MODP (RFC 2409 §6.1).
        MODP_768 = 1, "MODP_768";
        /// 1024-bit MODP (RFC 2409 §6.2).
        MODP_1024 = 2, "MODP_1024";
        /// 1536-bit MODP (RFC 3526 §2).
        MODP_1536 = 5, "MODP_1536";
        /// 2048-bit MODP (RFC 3526 §3).
        MODP_2048 = 14, "MODP_2048";
        /// 3072-bit MODP (RFC 3526 §4).
        MODP_3072 = 15, "MODP_3072";
        /// 4096-bit MODP (RFC 3526 §5).
        MODP_4096 = 16, "MODP_4096";
        /// 6144-bit MODP (RFC 3526 §6).
        MODP_6144 = 17, "MODP_6144";
        /// 8192-bit MODP (RFC 3526 §7).
        MODP_8192 = 18, "MODP_8192";
        /// NIST P-256 (RFC 5903 §3.1).
        ECP_256 = 19, "ECP_256";
        /// NIST P-384 (RFC 5903 §3.2).
        ECP_384 = 20, "ECP_384";
        /// NIST P-521 (RFC 5903 §3.3).
        ECP_521 = 21, "ECP_521";
        /// 1024-bit MODP with a 160-bit subgroup (RFC 5114 §2.1).
        MODP_1024_160 = 22, "MODP_1024_160";
        /// 2048-bit MODP with a 224-bit subgroup (RFC 5114 §2.2).
        MODP_2048_224 = 23, "MODP_2048_224";
        /// 2048-bit MODP with a 256-bit subgroup (RFC 5114 §2.3).
        MODP_2048_256 = 24, "MODP_2048_256";
        /// NIST P-192 (RFC 5114 §2.4).
        ECP_192 = 25, "ECP_192";
        /// NIST P-224 (RFC 5114 §2.5).
        ECP_224 = 26, "ECP_224";
        /// Brainpool P-224 (RFC 6954).
        BRAINPOOL_224 = 27, "BRAINPOOL_224";
        /// Brainpool P-256 (RFC 6954).
        BRAINPOOL_256 = 28, "BRAINPOOL_256";
        /// Brainpool P-384 (RFC 6954).
        BRAINPOOL_384 = 29, "BRAINPOOL_384";
        /// Brainpool P-512 (RFC 6954).
        BRAINPOOL_512 = 30, "BRAINPOOL_512";
        /// X25519 (RFC 8031).
        CURVE25519 = 31, "CURVE25519";
        /// X448 (RFC 8031).
        CURVE448 = 32, "CURVE448";
        /// GOST R 34.10-2012, 256 bits (RFC 9385).
        GOST3410_256 = 33, "GOST3410_256";
        /// GOST R 34.10-2012, 512 bits (RFC 9385).
        GOST3410_512 = 34, "GOST3410_512";
        /// ML-KEM-512 (FIPS 203).
        ML_KEM_512 = 35, "ML_KEM_512";
        /// ML-KEM-768 (FIPS 203).
        ML_KEM_768 = 36, "ML_KEM_768";
        /// ML-KEM-1024 (FIPS 203).
        ML_KEM_1024 = 37, "ML_KEM_1024";
    }
}

impl GroupId {
    /// The length in octets of the initiator's public value in a KE payload, if known.
    ///
    /// Elliptic curve points are x followed by y, without a format octet (RFC 5903 §7).
    #[must_use]
    pub const fn public_len(self) -> Option<usize> {
        Some(match self {
            Self::MODP_768 => 96,
            Self::MODP_1024 | Self::MODP_1024_160 => 128,
            Self::MODP_1536 => 192,
            Self::MODP_2048 | Self::MODP_2048_224 | Self::MODP_2048_256 => 256,
            Self::MODP_3072 => 384,
            Self::MODP_4096 => 512,
            Self::MODP_6144 => 768,
            Self::MODP_8192 => 1024,
            Self::ECP_192 => 48,
            Self::ECP_224 | Self::BRAINPOOL_224 | Self::CURVE448 => 56,
            Self::ECP_256 | Self::BRAINPOOL_256 | Self::GOST3410_256 => 64,
            Self::ECP_384 | Self::BRAINPOOL_384 => 96,
            Self::ECP_521 => 132,
            Self::BRAINPOOL_512 | Self::GOST3410_512 => 128,
            Self::CURVE25519 => 32,
            Self::ML_KEM_512 => 800,
            Self::ML_KEM_768 => 1184,
            Self::ML_KEM_1024 => 1568,
            _ => return None,
        })
    }

    /// The length in octets of the responder's value; it differs from
    /// [`public_len`](Self::public_len) for key encapsulation only.
    #[must_use]
    pub const fn reply_len(self) -> Option<usize> {
        match self {
            Self::ML_KEM_512 => Some(768),
            Self::ML_KEM_768 => Some(1088),
            Self::ML_KEM_1024 => Some(1568),
            other => other.public_len(),
        }
    }

    /// Whether it is a prime-field Diffie-Hellman group.
    #[must_use]
    pub const fn is_modp(self) -> bool {
        matches!(self.get(), 1 | 2 | 5 | 14..=18 | 22..=24)
    }

    /// Whether it should not be used any more: under 112 bits of strength, or a prime-field group
    /// whose small subgroups an attacker can use (RFC 8247 §2.4).
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self.get(), 1 | 2 | 5 | 22..=25)
    }
}
