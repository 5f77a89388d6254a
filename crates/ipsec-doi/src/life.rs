use core::fmt;
use core::time::Duration;

/// The lifetime of an SA, as IKEv1 negotiates it (RFC 2407 §4.5, RFC 2409 App. A).
///
/// IKEv2 negotiates none: each side rekeys when its own policy says so (RFC 7296 §2.8).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the two life types of RFC 2407")]
pub enum Life {
    /// Kilobytes of 1024 octets that it may protect.
    Kilobytes(u32),
    /// Seconds from its establishment.
    Seconds(u32),
}

impl Life {
    /// What a phase 2 SA lives when nothing is said: 8 hours (RFC 2407 §4.5).
    pub const DEFAULT: Self = Self::Seconds(28_800);

    /// Life type and duration of a pair of attributes; `None` for an unknown type or a duration
    /// that is empty, zero, or longer than 8 octets.
    ///
    /// A duration beyond 32 bits is read as the longest there is.
    #[must_use]
    pub fn from_v1(kind: u16, duration: &[u8]) -> Option<Self> {
        let count = be_number(duration).filter(|it| *it != 0)?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        match kind {
            1 => Some(Self::Seconds(count)),
            2 => Some(Self::Kilobytes(count)),
            _ => None,
        }
    }

    /// Life type and duration, as attributes carry them.
    #[must_use]
    pub const fn to_v1(self) -> (u16, u32) {
        match self {
            Self::Seconds(count) => (1, count),
            Self::Kilobytes(count) => (2, count),
        }
    }

    /// The time, if it is one.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Seconds(count) => Some(Duration::from_secs(count.into())),
            Self::Kilobytes(_) => None,
        }
    }

    /// The octets, if it is a volume.
    #[must_use]
    pub fn octets(self) -> Option<u64> {
        match self {
            Self::Kilobytes(count) => Some(u64::from(count).saturating_mul(1024)),
            Self::Seconds(_) => None,
        }
    }
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(count) => write!(f, "{count} s"),
            Self::Kilobytes(count) => write!(f, "{count} KiB"),
        }
    }
}

/// A number in network order; `None` if there are no octets or more than 8.
pub(crate) fn be_number(octets: &[u8]) -> Option<u64> {
    if octets.is_empty() || octets.len() > 8 {
        return None;
    }
    Some(
        octets
            .iter()
            .fold(0, |number, octet| (number << 8) | u64::from(*octet)),
    )
}
