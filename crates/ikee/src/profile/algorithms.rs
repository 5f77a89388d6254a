//! The algorithms of IKEv1, generation by generation.

use ipsec_doi::{Encryption, EncryptionId, GroupId, HashId, IntegrityId};
use isakmp_wire::v1::AuthMethod;

use super::Algorithms;

/// [MS-IKEE] note 4, [MS-IKEE] note 5: what there always was.
pub(super) const FIRST_ALGORITHMS: Algorithms = Algorithms {
    authentication: &[AuthMethod::PRE_SHARED_KEY, AuthMethod::RSA_SIGNATURE],
    encryption: &[Encryption::TDES, Encryption::DES],
    hash: &[HashId::SHA1, HashId::MD5],
    groups: &[GroupId::MODP_1024, GroupId::MODP_768],
    esp_encryption: &[Encryption::TDES, Encryption::DES, Encryption::NULL],
    integrity: &[IntegrityId::HMAC_SHA1_96, IntegrityId::HMAC_MD5_96],
};

/// [MS-IKEE] note 4, [MS-IKEE] note 5: elliptic curves, AES and CGA.
pub(super) const VISTA_ALGORITHMS: Algorithms = Algorithms {
    authentication: &[
        AuthMethod::PRE_SHARED_KEY,
        AuthMethod::RSA_SIGNATURE,
        AuthMethod::CGA,
    ],
    encryption: &[
        Encryption::AES_CBC_256,
        Encryption::AES_CBC_192,
        Encryption::AES_CBC_128,
        Encryption::TDES,
        Encryption::DES,
    ],
    groups: &[
        GroupId::ECP_384,
        GroupId::ECP_256,
        GroupId::MODP_2048,
        GroupId::MODP_1024,
        GroupId::MODP_768,
    ],
    esp_encryption: &[
        Encryption::AES_CBC_256,
        Encryption::AES_CBC_192,
        Encryption::AES_CBC_128,
        Encryption::TDES,
        Encryption::DES,
        Encryption::NULL,
    ],
    ..FIRST_ALGORITHMS
};

/// [MS-IKEE] note 5: SHA-256, GCM and GMAC.
pub(super) const SEVEN_ALGORITHMS: Algorithms = Algorithms {
    hash: &[HashId::SHA2_256, HashId::SHA1, HashId::MD5],
    esp_encryption: &[
        Encryption::AES_GCM_16_256,
        Encryption::AES_GCM_16_192,
        Encryption::AES_GCM_16_128,
        Encryption::new(EncryptionId::NULL_AES_GMAC, 256),
        Encryption::new(EncryptionId::NULL_AES_GMAC, 192),
        Encryption::new(EncryptionId::NULL_AES_GMAC, 128),
        Encryption::AES_CBC_256,
        Encryption::AES_CBC_192,
        Encryption::AES_CBC_128,
        Encryption::TDES,
        Encryption::DES,
        Encryption::NULL,
    ],
    integrity: &[
        IntegrityId::HMAC_SHA2_256_128,
        IntegrityId::AES_256_GMAC,
        IntegrityId::AES_192_GMAC,
        IntegrityId::AES_128_GMAC,
        IntegrityId::HMAC_SHA1_96,
        IntegrityId::HMAC_MD5_96,
    ],
    ..VISTA_ALGORITHMS
};
