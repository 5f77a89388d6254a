//! What passed, and why the rest did not.

use std::fmt;

use ipsec_esp::{OpenError, SealError};

/// Why a packet goes no further.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum DropReason {
    /// The ciphertext is not whole blocks.
    Alignment,
    /// The provider refused to encrypt.
    Crypto,
    /// A dummy packet (RFC 4303 §2.6): no fault.
    Dummy,
    /// The SA's hard lifetime is over.
    Expired,
    /// A fragment, in transport mode.
    Fragment,
    /// Wrong integrity check value: damage or forgery.
    Integrity,
    /// The inner packet is no IP packet.
    Malformed,
    /// What was decrypted is not what the SA's mode carries.
    NextHeader,
    /// No SA's selectors want the packet: for a host that only speaks IPsec, RFC 4301's DISCARD.
    NoRoute,
    /// Wrong padding.
    Padding,
    /// A sequence number that was accepted before.
    Replay,
    /// The buffer has too little room around the packet.
    Room,
    /// The inner packet is not what the SA was negotiated for (RFC 4301 §5.2): damage, misconfiguration or spoofing.
    Selectors,
    /// The sequence numbers are used up.
    Sequence,
    /// Too big for the path and not to be fragmented; the sender has been told.
    TooBig,
    /// A sequence number before the replay window.
    TooOld,
    /// In transport mode, whose packets this plane does not carry.
    Transport,
    /// Too short.
    Truncated,
    /// No SA has this SPI.
    UnknownSpi,
}

impl DropReason {
    /// Every reason, in order.
    pub const ALL: [Self; 19] = [
        Self::Alignment,
        Self::Crypto,
        Self::Dummy,
        Self::Expired,
        Self::Fragment,
        Self::Integrity,
        Self::Malformed,
        Self::NextHeader,
        Self::NoRoute,
        Self::Padding,
        Self::Replay,
        Self::Room,
        Self::Selectors,
        Self::Sequence,
        Self::TooBig,
        Self::TooOld,
        Self::Transport,
        Self::Truncated,
        Self::UnknownSpi,
    ];

    /// A short name, fit for a metric's label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alignment => "alignment",
            Self::Crypto => "crypto",
            Self::Dummy => "dummy",
            Self::Expired => "expired",
            Self::Fragment => "fragment",
            Self::Integrity => "integrity",
            Self::Malformed => "malformed",
            Self::NextHeader => "next-header",
            Self::NoRoute => "no-route",
            Self::Padding => "padding",
            Self::Replay => "replay",
            Self::Room => "room",
            Self::Selectors => "selectors",
            Self::Sequence => "sequence",
            Self::TooBig => "too-big",
            Self::TooOld => "too-old",
            Self::Transport => "transport",
            Self::Truncated => "truncated",
            Self::UnknownSpi => "unknown-spi",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<OpenError> for DropReason {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Alignment => Self::Alignment,
            OpenError::Dummy => Self::Dummy,
            OpenError::Expired => Self::Expired,
            OpenError::Integrity => Self::Integrity,
            OpenError::NextHeader(_) => Self::NextHeader,
            OpenError::Padding => Self::Padding,
            OpenError::Replay => Self::Replay,
            OpenError::Spi(_) => Self::UnknownSpi,
            OpenError::TooOld => Self::TooOld,
            OpenError::Truncated => Self::Truncated,
            _ => Self::Malformed,
        }
    }
}

impl From<SealError> for DropReason {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Crypto => Self::Crypto,
            SealError::Expired => Self::Expired,
            SealError::Room => Self::Room,
            SealError::Sequence => Self::Sequence,
            SealError::TooLong => Self::TooBig,
            _ => Self::Malformed,
        }
    }
}

/// How many packets were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drops([u64; DropReason::ALL.len()]);

impl Drops {
    /// How many for this reason.
    #[must_use]
    pub fn get(&self, reason: DropReason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// Every reason that occurred, with its number.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        DropReason::ALL
            .into_iter()
            .zip(self.0)
            .filter(|(_, count)| *count > 0)
    }

    /// How many for any reason.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, reason: DropReason, count: u64) {
        if let Some(sum) = self.0.get_mut(reason as usize) {
            *sum = sum.saturating_add(count);
        }
    }

    pub(super) fn count(&mut self, reason: DropReason) {
        if let Some(count) = self.0.get_mut(reason as usize) {
            *count += 1;
        }
    }
}

/// What one child has carried. Octets are those of inner packets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counters {
    /// Packets delivered from the peer.
    pub packets_in: u64,
    /// Their octets.
    pub octets_in: u64,
    /// Packets sent to the peer.
    pub packets_out: u64,
    /// Their octets.
    pub octets_out: u64,
    /// Packets dropped, both ways.
    pub drops: Drops,
}
