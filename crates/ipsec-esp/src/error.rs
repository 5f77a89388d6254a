//! Why an SA cannot be made, a packet cannot be sealed, or a packet is not accepted.

use core::fmt;

use ipsec_doi::{Encryption, IntegrityId};

/// Why an SA cannot be made: a mistake of the caller's or of the configuration's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SetupError {
    /// The provider has no such cipher.
    Encryption(Encryption),
    /// The encryption key, salt included, has another length than the cipher's.
    EncryptionKey {
        /// Octets that the cipher takes.
        expected: usize,
        /// Octets given.
        actual: usize,
    },
    /// The provider has no such integrity algorithm.
    Integrity(IntegrityId),
    /// The integrity key has another length than the algorithm's.
    IntegrityKey {
        /// Octets that the algorithm takes.
        expected: usize,
        /// Octets given.
        actual: usize,
    },
    /// The random source failed.
    Random,
    /// SPIs 0 to 255 are reserved (RFC 4303 §2.1).
    Spi(u32),
    /// Neither an AEAD nor an integrity algorithm: whoever can change packets could read them (RFC 8221 §4).
    Unauthenticated,
    /// An AEAD beside an integrity algorithm (RFC 4303 §3.2.3).
    TwiceAuthenticated,
    /// The replay window is not a multiple of 64 from 64 to 4096.
    Window(usize),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encryption(which) => write!(f, "the provider has no cipher {which:?}"),
            Self::EncryptionKey { expected, actual } => {
                write!(f, "the encryption key has {actual} octets, not {expected}")
            }
            Self::Integrity(which) => write!(f, "the provider has no integrity algorithm {which}"),
            Self::IntegrityKey { expected, actual } => {
                write!(f, "the integrity key has {actual} octets, not {expected}")
            }
            Self::Random => f.write_str("the random source failed"),
            Self::Spi(spi) => write!(f, "SPI {spi} is reserved"),
            Self::Unauthenticated => f.write_str("the suite authenticates nothing"),
            Self::TwiceAuthenticated => f.write_str("the suite authenticates twice"),
            Self::Window(size) => {
                write!(
                    f,
                    "a replay window of {size} is not a multiple of 64 from 64 to 4096"
                )
            }
        }
    }
}

impl core::error::Error for SetupError {}

/// Why a packet cannot be sealed. Nothing has been sent and no sequence number used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SealError {
    /// The provider refused.
    Crypto,
    /// The hard lifetime is over.
    Expired,
    /// The header of the IP packet cannot be protected.
    Header(crate::ip::Defect),
    /// The buffer lacks room before or after the payload, or the payload lies outside.
    Room,
    /// The sequence number would repeat (RFC 4303 §3.3.3).
    Sequence,
    /// The packet would exceed 65535 octets.
    TooLong,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crypto => f.write_str("the provider refused"),
            Self::Expired => f.write_str("the hard lifetime is over"),
            Self::Header(defect) => write!(f, "the IP header cannot be protected: {defect}"),
            Self::Room => f.write_str("the buffer lacks room around the payload"),
            Self::Sequence => f.write_str("the sequence numbers are used up"),
            Self::TooLong => f.write_str("the packet would exceed 65535 octets"),
        }
    }
}

impl core::error::Error for SealError {}

/// Why a packet is not accepted. None of these but [`Dummy`](OpenError::Dummy),
/// [`Padding`](OpenError::Padding) and [`NextHeader`](OpenError::NextHeader) moves the replay window.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum OpenError {
    /// The ciphertext is not a whole number of the cipher's blocks, or not of 32-bit words.
    Alignment,
    /// A dummy packet, next header 59: authentic, and to be ignored (RFC 4303 §2.6).
    Dummy,
    /// The hard lifetime is over.
    Expired,
    /// The header of the IP packet cannot be read.
    Header(crate::ip::Defect),
    /// The integrity check value is wrong.
    Integrity,
    /// Authentic, but in tunnel mode neither IPv4 nor IPv6 follows.
    NextHeader(u8),
    /// Authentic, but the padding does not fit or is not 1, 2, 3, … (RFC 4303 §2.4).
    Padding,
    /// This sequence number has been accepted before.
    Replay,
    /// The packet is of another SA.
    Spi(u32),
    /// The sequence number lies before the replay window, or is 0.
    TooOld,
    /// Too short to be a packet of this SA.
    Truncated,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alignment => f.write_str("the ciphertext is not whole blocks"),
            Self::Dummy => f.write_str("a dummy packet"),
            Self::Expired => f.write_str("the hard lifetime is over"),
            Self::Header(defect) => write!(f, "the IP header cannot be read: {defect}"),
            Self::Integrity => f.write_str("wrong integrity check value"),
            Self::NextHeader(number) => write!(f, "next header {number} in a tunnel"),
            Self::Padding => f.write_str("wrong padding"),
            Self::Replay => f.write_str("a replay"),
            Self::Spi(spi) => write!(f, "SPI {spi:08x} is another SA's"),
            Self::TooOld => f.write_str("a sequence number before the replay window"),
            Self::Truncated => f.write_str("a truncated packet"),
        }
    }
}

impl core::error::Error for OpenError {}
