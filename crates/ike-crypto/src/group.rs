use alloc::boxed::Box;
use core::fmt;

use ipsec_doi::GroupId;

use crate::{Error, Random, SecretVec};

/// A key exchange method: a MODP group, an elliptic curve.
pub trait Group: Send + Sync + fmt::Debug {
    /// Which one this is. The length of a public value follows from it.
    fn id(&self) -> GroupId;

    /// Makes a fresh private value and the public value that goes with it.
    ///
    /// The private value is read from `random` as big-endian octets in the length of the curve's scalars (X25519:
    /// little-endian, as RFC 7748 §5 has them), of the group's subgroup order, or of the group's exponents, and read
    /// anew while it is out of range. The provider suite relies on this to try private values with known results.
    ///
    /// # Errors
    ///
    /// When `random` fails, or yields nothing usable in many tries.
    fn start(&self, random: &mut dyn Random) -> Result<Box<dyn KeyExchange>, Error>;
}

/// A private value, to be used once.
pub trait KeyExchange: Send {
    /// The public value as a KE payload carries it: MODP padded with zeroes to the length of the prime (RFC 7296 §3.4);
    /// ECP as x||y without a leading 04 (RFC 5903 §7); X25519 as 32 octets (RFC 8031 §3.1).
    fn public(&self) -> &[u8];

    /// Computes the shared secret: MODP padded to the length of the prime (RFC 7296 §2.14), ECP the x coordinate
    /// (RFC 5903 §7), X25519 as is.
    ///
    /// # Errors
    ///
    /// When `peer` fails the checks of RFC 6989 §2 or, for X25519, of RFC 8031 §2: wrong length, out of range, not in
    /// the subgroup (groups 22-24), not on the curve, or a shared secret of zeroes.
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SecretVec, Error>;
}

impl fmt::Debug for dyn KeyExchange + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyExchange")
    }
}
