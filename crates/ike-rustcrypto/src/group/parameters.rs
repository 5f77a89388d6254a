//! What defines each MODP group. The exponents of the safe primes are about twice the strength that RFC 3526 §8
//! estimates for the prime.

use crypto_bigint::{U768, U1024, U1536, U2048, U3072, U4096, U6144, U8192};
use ipsec_doi::GroupId;

use super::modp::Parameters;
use super::primes;

pub(super) static MODP_768: Parameters<{ U768::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_768, primes::MODP_768, 192);
pub(super) static MODP_1024: Parameters<{ U1024::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_1024, primes::MODP_1024, 192);
pub(super) static MODP_1536: Parameters<{ U1536::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_1536, primes::MODP_1536, 256);
pub(super) static MODP_2048: Parameters<{ U2048::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_2048, primes::MODP_2048, 256);
pub(super) static MODP_3072: Parameters<{ U3072::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_3072, primes::MODP_3072, 320);
pub(super) static MODP_4096: Parameters<{ U4096::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_4096, primes::MODP_4096, 384);
pub(super) static MODP_6144: Parameters<{ U6144::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_6144, primes::MODP_6144, 448);
pub(super) static MODP_8192: Parameters<{ U8192::LIMBS }> =
    Parameters::safe_prime(GroupId::MODP_8192, primes::MODP_8192, 512);
pub(super) static MODP_1024_160: Parameters<{ U1024::LIMBS }> =
    Parameters::subgroup(GroupId::MODP_1024_160, primes::MODP_1024_160, 160);
pub(super) static MODP_2048_224: Parameters<{ U2048::LIMBS }> =
    Parameters::subgroup(GroupId::MODP_2048_224, primes::MODP_2048_224, 224);
pub(super) static MODP_2048_256: Parameters<{ U2048::LIMBS }> =
    Parameters::subgroup(GroupId::MODP_2048_256, primes::MODP_2048_256, 256);
