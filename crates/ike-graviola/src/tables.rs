//! Each algorithm from whichever back end is faster. The entries are those of `ike-rustcrypto`, in its order.

use ike_crypto::{Algorithms, Provider, SignatureScheme};
use ike_rustcrypto::{cipher, group, hash, integrity, prf, signature};
use ipsec_doi::{Encryption, GroupId, HashId};

use crate::aead::{Gcm, Poly};
use crate::ecdh::{P256, P384};
use crate::ecdsa::{EcdsaLoader, EcdsaVerify};
use crate::ed25519::Ed25519Loader;
use crate::rsa::{RsaLoader, RsaVerify};
use crate::x25519::Curve25519;

pub(crate) static PROVIDER: Provider = Provider {
    name: "graviola",
    ciphers: &[
        &Gcm(Encryption::AES_GCM_16_256),
        &cipher::AES_192_GCM_16,
        &Gcm(Encryption::AES_GCM_16_128),
        &Poly,
        &cipher::AES_256_CBC,
        &cipher::AES_192_CBC,
        &cipher::AES_128_CBC,
        &cipher::AES_256_CTR,
        &cipher::AES_192_CTR,
        &cipher::AES_128_CTR,
        &cipher::AES_256_GCM_12,
        &cipher::AES_192_GCM_12,
        &cipher::AES_128_GCM_12,
        &cipher::AES_256_GCM_8,
        &cipher::AES_192_GCM_8,
        &cipher::AES_128_GCM_8,
        &cipher::AES_256_CCM_16,
        &cipher::AES_192_CCM_16,
        &cipher::AES_128_CCM_16,
        &cipher::AES_256_CCM_12,
        &cipher::AES_192_CCM_12,
        &cipher::AES_128_CCM_12,
        &cipher::AES_256_CCM_8,
        &cipher::AES_192_CCM_8,
        &cipher::AES_128_CCM_8,
    ],
    prfs: &[
        &prf::HMAC_SHA2_256,
        &prf::HMAC_SHA2_384,
        &prf::HMAC_SHA2_512,
        &prf::HMAC_SHA1,
        &prf::AES128_CMAC,
        &prf::AES128_XCBC,
    ],
    integrities: &[
        &integrity::HMAC_SHA2_256_128,
        &integrity::HMAC_SHA2_384_192,
        &integrity::HMAC_SHA2_512_256,
        &integrity::HMAC_SHA1_96,
        &integrity::HMAC_SHA1_160,
        &integrity::AES_CMAC_96,
        &integrity::AES_XCBC_96,
    ],
    groups: &[
        &Curve25519,
        &P256(GroupId::ECP_256),
        &P384(GroupId::ECP_384),
        &group::ECP_521,
        &group::MODP_2048,
        &group::MODP_3072,
        &group::MODP_4096,
        &group::MODP_6144,
        &group::MODP_8192,
    ],
    hashes: &[
        &hash::SHA2_256,
        &hash::SHA2_384,
        &hash::SHA2_512,
        &hash::SHA1,
    ],
    verifiers: &[
        &signature::ED25519,
        &EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA2_256)),
        &EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA2_384)),
        &EcdsaVerify(SignatureScheme::EcdsaDer(HashId::SHA2_512)),
        &EcdsaVerify(SignatureScheme::EcdsaFixed(HashId::SHA2_256)),
        &EcdsaVerify(SignatureScheme::EcdsaFixed(HashId::SHA2_384)),
        &signature::ECDSA_P521,
        &RsaVerify(SignatureScheme::RsaPss(HashId::SHA2_256)),
        &RsaVerify(SignatureScheme::RsaPss(HashId::SHA2_384)),
        &RsaVerify(SignatureScheme::RsaPss(HashId::SHA2_512)),
        &RsaVerify(SignatureScheme::RsaPkcs1(HashId::SHA2_256)),
        &RsaVerify(SignatureScheme::RsaPkcs1(HashId::SHA2_384)),
        &RsaVerify(SignatureScheme::RsaPkcs1(HashId::SHA2_512)),
    ],
    key_loaders: &[
        &EcdsaLoader,
        &signature::ECDSA_KEYS,
        &Ed25519Loader,
        &RsaLoader,
        #[cfg(feature = "rsa-sign")]
        &signature::RSA_KEYS,
    ],
    legacy: Algorithms {
        ciphers: &[&cipher::TDES, &cipher::DES, &cipher::NULL],
        prfs: &[&prf::HMAC_MD5],
        integrities: &[&integrity::HMAC_MD5_96, &integrity::HMAC_MD5_128],
        groups: &[
            &group::MODP_1536,
            &group::MODP_1024,
            &group::MODP_768,
            &group::MODP_2048_256,
            &group::MODP_2048_224,
            &group::MODP_1024_160,
        ],
        hashes: &[&hash::MD5],
        verifiers: &[
            &signature::ECDSA_SHA1,
            &signature::ECDSA_BARE_P256,
            &signature::ECDSA_BARE_P384,
            &signature::ECDSA_BARE_P521,
            &signature::RSA_PSS_SHA1,
            &signature::RSA_SHA1,
            &signature::RSA_BARE,
        ],
    },
};
