//! Integrity transforms.

use hmac::Hmac;
use ipsec_doi::IntegrityId;

pub use crate::block_mac::BlockIntegrity;
pub use crate::keyed_hash::HmacIntegrity;

/// HMAC-MD5-96, RFC 2403: legacy.
pub static HMAC_MD5_96: HmacIntegrity<Hmac<md5::Md5>> =
    HmacIntegrity::new(IntegrityId::HMAC_MD5_96);
/// HMAC-MD5-128, RFC 4595: legacy.
pub static HMAC_MD5_128: HmacIntegrity<Hmac<md5::Md5>> =
    HmacIntegrity::new(IntegrityId::HMAC_MD5_128);
/// HMAC-SHA-1-96, RFC 2404.
pub static HMAC_SHA1_96: HmacIntegrity<Hmac<sha1::Sha1>> =
    HmacIntegrity::new(IntegrityId::HMAC_SHA1_96);
/// HMAC-SHA-1-160, RFC 4595.
pub static HMAC_SHA1_160: HmacIntegrity<Hmac<sha1::Sha1>> =
    HmacIntegrity::new(IntegrityId::HMAC_SHA1_160);
/// HMAC-SHA-256-128, RFC 4868.
pub static HMAC_SHA2_256_128: HmacIntegrity<Hmac<sha2::Sha256>> =
    HmacIntegrity::new(IntegrityId::HMAC_SHA2_256_128);
/// HMAC-SHA-384-192, RFC 4868.
pub static HMAC_SHA2_384_192: HmacIntegrity<Hmac<sha2::Sha384>> =
    HmacIntegrity::new(IntegrityId::HMAC_SHA2_384_192);
/// HMAC-SHA-512-256, RFC 4868.
pub static HMAC_SHA2_512_256: HmacIntegrity<Hmac<sha2::Sha512>> =
    HmacIntegrity::new(IntegrityId::HMAC_SHA2_512_256);
/// AES-XCBC-MAC-96, RFC 3566.
pub static AES_XCBC_96: BlockIntegrity = BlockIntegrity::xcbc();
/// AES-CMAC-96, RFC 4494.
pub static AES_CMAC_96: BlockIntegrity = BlockIntegrity::cmac();
