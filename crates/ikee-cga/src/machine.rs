//! Making and checking addresses (RFC 3972 §4, §5), and what [MS-IKEE] §3.4 says of prefixes.

use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv6Addr;
use core::time::Duration;

use sha1::{Digest, Sha1};

use crate::wire::{Claim, Parameters};

/// The security parameter of an address, 0 to 7: its three leftmost bits of the interface identifier (RFC 3972 §2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sec(u8);

impl Sec {
    /// No search.
    pub const ZERO: Self = Self(0);
    /// A search of 2^16 tries on average.
    pub const ONE: Self = Self(1);
    /// A search of 2^32 tries on average; the highest that is generated here.
    pub const TWO: Self = Self(2);

    /// From its number; `None` above 7.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 7 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// That of an address, whether it is a CGA or not.
    #[must_use]
    pub const fn of(address: Ipv6Addr) -> Self {
        let [_, _, _, _, _, _, _, _, first, ..] = address.octets();
        Self(first >> 5)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// How many bits of Hash2, from the left, are zero: 16 for each step.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0.saturating_mul(16)
    }

    /// How many modifiers are tried, on average, before one fits.
    #[must_use]
    pub fn expected_tries(self) -> u128 {
        1_u128.checked_shl(self.bits().into()).unwrap_or(u128::MAX)
    }

    /// How long that takes; no longer than a [`Duration`] can be.
    #[must_use]
    pub fn expected_time(self, tries_per_second: u64) -> Duration {
        const SECOND: u128 = 1_000_000_000;
        let nanos = self.expected_tries().saturating_mul(SECOND);
        let nanos = nanos
            .checked_div(tries_per_second.into())
            .unwrap_or(u128::MAX);
        match (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND)) {
            (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
            _ => Duration::MAX,
        }
    }
}

impl fmt::Display for Sec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bits of Hash1 that an interface identifier keeps: all but Sec, universal/local and group (RFC 3972 §5).
const KEPT: u64 = 0x1cff_ffff_ffff_ffff;

/// A block of the 6bone, which is no more; prefixes in it had 88 bits ([MS-IKEE] §3.4).
const LONG_PREFIX: [u8; 4] = [0x3f, 0xfe, 0x83, 0x1e];

/// The subnet of an address: its prefix, the rest zero, and the prefix's length, 88 bits in 3ffe:831e::/32 and 64
/// elsewhere ([MS-IKEE] §3.4).
///
/// For policy only: in the CGA parameters a prefix has 64 bits always (RFC 3972 §3).
#[must_use]
pub fn subnet(address: Ipv6Addr) -> (Ipv6Addr, u8) {
    let long = address.octets().starts_with(&LONG_PREFIX);
    let length = if long { 88 } else { 64 };
    let host = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
    (Ipv6Addr::from_bits(address.to_bits() & !host), length)
}

/// The leftmost 64 bits.
pub(crate) const fn prefix(address: Ipv6Addr) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = address.octets();
    [a, b, c, d, e, f, g, h]
}

/// The rightmost 64 bits.
const fn interface(address: Ipv6Addr) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = address.octets();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Parameters {
    /// The leftmost 64 bits of SHA-1 over the parameters (RFC 3972 §3).
    #[must_use]
    pub fn hash1(&self) -> u64 {
        u64::from_be_bytes(sha1(&self.parts()))
    }

    /// The leftmost 112 bits of SHA-1 over the parameters with prefix and collision count zero (RFC 3972 §3).
    #[must_use]
    pub fn hash2(&self) -> [u8; 14] {
        sha1(&[&self.modifier, &[0; 9], &self.public_key, &self.extensions])
    }

    /// The address that they make with a security parameter (RFC 3972 §4, steps 5 to 7). It is a CGA only if
    /// [`verify`] says so.
    #[must_use]
    pub fn address(&self, sec: Sec) -> Ipv6Addr {
        let sec = u64::from(sec.get()).checked_shl(61).unwrap_or(0);
        let interface = (self.hash1() & KEPT) | sec;
        let high = u128::from(u64::from_be_bytes(self.prefix));
        Ipv6Addr::from_bits(high.checked_shl(64).unwrap_or(0) | u128::from(interface))
    }
}

/// The beginning of SHA-1 over the concatenated parts.
fn sha1<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    out
}

/// Checks that an address is made of these parameters (RFC 3972 §5), for every security parameter from 0 to 7.
///
/// # Errors
///
/// The first step that fails.
///
/// ```
/// use ikee_cga::{Parameters, Refusal, Sec, verify};
///
/// let parameters = Parameters {
///     modifier: [7; 16],
///     prefix: [0xfe, 0x80, 0, 0, 0, 0, 0, 0],
///     collisions: 0,
///     public_key: vec![0x30, 2, 5, 0], // not a real one
///     extensions: Vec::new(),
/// };
/// let address = parameters.address(Sec::ZERO);
/// assert_eq!(verify(address, &parameters), Ok(Sec::ZERO));
/// assert_eq!(verify("fe80::1".parse().unwrap(), &parameters), Err(Refusal::Hash1));
/// ```
pub fn verify(address: Ipv6Addr, parameters: &Parameters) -> Result<Sec, Refusal> {
    if parameters.collisions > 2 {
        return Err(Refusal::Collisions);
    }
    if parameters.prefix != prefix(address) {
        return Err(Refusal::Prefix);
    }
    if (parameters.hash1() ^ interface(address)) & KEPT != 0 {
        return Err(Refusal::Hash1);
    }
    let sec = Sec::of(address);
    if leading_zeros(&parameters.hash2()) < u32::from(sec.bits()) {
        return Err(Refusal::Hash2);
    }
    Ok(sec)
}

/// How many bits, from the left, are zero.
pub(crate) fn leading_zeros(octets: &[u8]) -> u32 {
    let mut count = 0_u32;
    for octet in octets {
        count = count.saturating_add(octet.leading_zeros());
        if *octet != 0 {
            break;
        }
    }
    count
}

/// Why an address is not made of its parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The collision count is above 2.
    Collisions,
    /// The extension fields do not fit into an ID payload.
    Extensions,
    /// The prefix is another one.
    Prefix,
    /// Modifier, prefix, collision count, key and extension fields make another address.
    Hash1,
    /// The modifier does not fit the security parameter of the address.
    Hash2,
}

impl Refusal {
    /// In words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Collisions => "the collision count of the CGA is above 2",
            Self::Extensions => "the extension fields of the CGA do not fit into an ID payload",
            Self::Prefix => "the subnet prefix of the CGA parameters is not that of the address",
            Self::Hash1 => {
                "the address is not made of this modifier, prefix, collision count and public key (Hash1)"
            }
            Self::Hash2 => {
                "the modifier does not fit the security parameter in the address (Hash2)"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl core::error::Error for Refusal {}

/// What a host keeps for its address ([MS-IKEE] §3.4.1): modifier, prefix, collision count, public key, and the
/// certificate around that key. The private key is the core's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    address: Ipv6Addr,
    parameters: Parameters,
    certificate: Vec<u8>,
}

impl Identity {
    /// An address, what it is made of, and a self-signed certificate, DER, of the key.
    ///
    /// # Errors
    ///
    /// When the parameters do not make the address, or cannot be sent.
    pub fn new(
        address: Ipv6Addr,
        parameters: Parameters,
        certificate: impl Into<Vec<u8>>,
    ) -> Result<Self, Refusal> {
        verify(address, &parameters)?;
        if parameters.extensions.len() > Claim::LONGEST_EXTENSIONS {
            return Err(Refusal::Extensions);
        }
        Ok(Self {
            address,
            parameters,
            certificate: certificate.into(),
        })
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> Ipv6Addr {
        self.address
    }

    /// What it is made of.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }
}
