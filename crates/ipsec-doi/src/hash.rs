use isakmp_wire::registry;

use crate::transform::PrfId;

registry! {
    /// Hash functions, by the numbers of SIGNATURE_HASH_ALGORITHMS (RFC 7427 §4).
    pub struct HashId(u16);
    {
        /// MD5; a number of our own (reserved in the registry), for IKEv1 and never on the wire of IKEv2.
        MD5 = 0, "MD5";
        /// SHA-1.
        SHA1 = 1, "SHA1";
        /// SHA-256.
        SHA2_256 = 2, "SHA2_256";
        /// SHA-384.
        SHA2_384 = 3, "SHA2_384";
        /// SHA-512.
        SHA2_512 = 4, "SHA2_512";
        /// No hash before signing, as Ed25519 wants it (RFC 8420).
        IDENTITY = 5, "IDENTITY";
        /// Streebog-256 (RFC 9385).
        STREEBOG_256 = 6, "STREEBOG_256";
        /// Streebog-512 (RFC 9385).
        STREEBOG_512 = 7, "STREEBOG_512";
    }
}

impl HashId {
    /// The digest length in octets; zero for [`IDENTITY`](Self::IDENTITY) and unknown functions.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::MD5 => 16,
            Self::SHA1 => 20,
            Self::SHA2_256 | Self::STREEBOG_256 => 32,
            Self::SHA2_384 => 48,
            Self::SHA2_512 | Self::STREEBOG_512 => 64,
            _ => 0,
        }
    }

    /// HMAC with this hash as a pseudo-random function: what IKEv1 uses when no PRF was
    /// negotiated (RFC 2409 §4).
    #[must_use]
    pub const fn hmac(self) -> Option<PrfId> {
        Some(match self {
            Self::MD5 => PrfId::HMAC_MD5,
            Self::SHA1 => PrfId::HMAC_SHA1,
            Self::SHA2_256 => PrfId::HMAC_SHA2_256,
            Self::SHA2_384 => PrfId::HMAC_SHA2_384,
            Self::SHA2_512 => PrfId::HMAC_SHA2_512,
            _ => return None,
        })
    }
}
