//! Key exchange methods.

use crypto_bigint::{U768, U1024, U1536, U2048, U3072, U4096, U6144, U8192};
use ipsec_doi::GroupId;

#[cfg(feature = "std")]
mod comb;
mod ecp;
mod modp;
mod parameters;
mod primes;
mod x25519;

pub use ecp::Ecp;
pub use modp::Modp;
pub use x25519::Curve25519;

/// X25519, RFC 8031.
pub static CURVE25519: Curve25519 = Curve25519::new();
/// P-256, RFC 5903.
pub static ECP_256: Ecp<p256::NistP256> = Ecp::new(GroupId::ECP_256);
/// P-384, RFC 5903.
pub static ECP_384: Ecp<p384::NistP384> = Ecp::new(GroupId::ECP_384);
/// P-521, RFC 5903.
pub static ECP_521: Ecp<p521::NistP521> = Ecp::new(GroupId::ECP_521);

/// The first Oakley group, 768 bits, RFC 2409 §6.1: legacy.
pub static MODP_768: Modp<{ U768::LIMBS }> = Modp {
    group: &parameters::MODP_768,
};
/// The second Oakley group, 1024 bits, RFC 2409 §6.2: legacy.
pub static MODP_1024: Modp<{ U1024::LIMBS }> = Modp {
    group: &parameters::MODP_1024,
};
/// 1536 bits, RFC 3526 §2: legacy.
pub static MODP_1536: Modp<{ U1536::LIMBS }> = Modp {
    group: &parameters::MODP_1536,
};
/// 2048 bits, RFC 3526 §3.
pub static MODP_2048: Modp<{ U2048::LIMBS }> = Modp {
    group: &parameters::MODP_2048,
};
/// 3072 bits, RFC 3526 §4.
pub static MODP_3072: Modp<{ U3072::LIMBS }> = Modp {
    group: &parameters::MODP_3072,
};
/// 4096 bits, RFC 3526 §5.
pub static MODP_4096: Modp<{ U4096::LIMBS }> = Modp {
    group: &parameters::MODP_4096,
};
/// 6144 bits, RFC 3526 §6.
pub static MODP_6144: Modp<{ U6144::LIMBS }> = Modp {
    group: &parameters::MODP_6144,
};
/// 8192 bits, RFC 3526 §7.
pub static MODP_8192: Modp<{ U8192::LIMBS }> = Modp {
    group: &parameters::MODP_8192,
};

/// 1024 bits with a subgroup of 160, RFC 5114 §2.1: legacy.
pub static MODP_1024_160: Modp<{ U1024::LIMBS }> = Modp {
    group: &parameters::MODP_1024_160,
};
/// 2048 bits with a subgroup of 224, RFC 5114 §2.2: legacy.
pub static MODP_2048_224: Modp<{ U2048::LIMBS }> = Modp {
    group: &parameters::MODP_2048_224,
};
/// 2048 bits with a subgroup of 256, RFC 5114 §2.3: legacy.
pub static MODP_2048_256: Modp<{ U2048::LIMBS }> = Modp {
    group: &parameters::MODP_2048_256,
};
