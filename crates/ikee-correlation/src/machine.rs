//! When two SAs have the same peer, with no idea of handles or the core ([MS-IKEE] §3.10).

use core::fmt;

use ipsec_doi::Identity;
use ipsec_doi::auth_method::Proof;
use isakmp_wire::Spi;
use subtle::ConstantTimeEq;

/// Why a correlation is refused; the original SA is untouched by all of them
/// ([MS-IKEE] §3.10.5.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The payload is too short, too long, or there more than once.
    Malformed,
    /// There is no such SA, or it is not one whose peer has proved who it is.
    Unknown,
    /// The original SA has no integrity key: it protects its messages with an AEAD.
    Keyless,
    /// The peer has proved another identity than in the original SA.
    OtherPeer,
    /// The peer has proved its identity by another method than in the original SA.
    OtherMethod,
    /// The hash is not that of the original SA's key.
    WrongHash,
}

impl Refusal {
    /// What the peer is told: a status code of Windows ([MS-IKEE] §2.2.7).
    #[must_use]
    pub const fn status(self) -> u32 {
        match self {
            // a payload cannot be processed
            Self::Malformed => 13_843,
            // a general processing error
            Self::Unknown | Self::Keyless => 13_804,
            // the credentials are not acceptable
            Self::OtherPeer | Self::OtherMethod => 13_801,
            // a hash does not verify
            Self::WrongHash => 13_870,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the Correlation payload cannot be read",
            Self::Unknown => "there is no such original SA",
            Self::Keyless => {
                "the original SA has an AEAD and so no integrity key; negotiate AES-CBC with HMAC"
            }
            Self::OtherPeer => "the peer has another identity than in the original SA",
            Self::OtherMethod => "the peer authenticates otherwise than in the original SA",
            Self::WrongHash => "the hash does not verify",
        })
    }
}

/// What the hash covers: the SPIs of the current SA, then those of the original
/// ([MS-IKEE] §2.2.9).
pub(crate) const fn covered<'a>(
    current: &'a (Spi, Spi),
    original: &'a (Spi, Spi),
) -> [&'a [u8]; 4] {
    [
        current.0.as_bytes(),
        current.1.as_bytes(),
        original.0.as_bytes(),
        original.1.as_bytes(),
    ]
}

/// Whether the peer is the same in both SAs, and proved it in the same way ([MS-IKEE] §3.10).
///
/// The same identity is a rule of ours: without it, whoever shares a key with many could speak for
/// another. An anonymous peer (RFC 7619) has none.
pub(crate) fn same_peer(
    original: (&Identity, Proof),
    current: (&Identity, Proof),
) -> Result<(), Refusal> {
    if original.1 != current.1 {
        return Err(Refusal::OtherMethod);
    }
    if current.1 == Proof::Null || original.0 != current.0 {
        return Err(Refusal::OtherPeer);
    }
    Ok(())
}

/// Compares in constant time; a payload of another length is none of this PRF's
/// ([MS-IKEE] §3.10.5.1).
pub(crate) fn verify(expected: &[u8], shown: &[u8]) -> Result<(), Refusal> {
    if expected.len() != shown.len() {
        return Err(Refusal::Malformed);
    }
    let equal: bool = expected.ct_eq(shown).into();
    equal.then_some(()).ok_or(Refusal::WrongHash)
}
