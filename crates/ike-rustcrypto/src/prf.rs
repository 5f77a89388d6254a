//! Pseudo-random functions.

use hmac::Hmac;
use ipsec_doi::PrfId;

pub use crate::block_mac::BlockPrf;
pub use crate::keyed_hash::{AnyKeyMac, HmacPrf};

/// HMAC-MD5: legacy.
pub static HMAC_MD5: HmacPrf<Hmac<md5::Md5>> = HmacPrf::new(PrfId::HMAC_MD5);
/// HMAC-SHA-1.
pub static HMAC_SHA1: HmacPrf<Hmac<sha1::Sha1>> = HmacPrf::new(PrfId::HMAC_SHA1);
/// HMAC-SHA-256, RFC 4868.
pub static HMAC_SHA2_256: HmacPrf<Hmac<sha2::Sha256>> = HmacPrf::new(PrfId::HMAC_SHA2_256);
/// HMAC-SHA-384, RFC 4868.
pub static HMAC_SHA2_384: HmacPrf<Hmac<sha2::Sha384>> = HmacPrf::new(PrfId::HMAC_SHA2_384);
/// HMAC-SHA-512, RFC 4868.
pub static HMAC_SHA2_512: HmacPrf<Hmac<sha2::Sha512>> = HmacPrf::new(PrfId::HMAC_SHA2_512);
/// AES-XCBC-PRF-128, RFC 4434.
pub static AES128_XCBC: BlockPrf = BlockPrf::xcbc();
/// AES-CMAC-PRF-128, RFC 4615.
pub static AES128_CMAC: BlockPrf = BlockPrf::cmac();
