//! How much an SA has carried, and how much it may (RFC 4301 §4.4.2.1).

/// What an SA may carry. Time is the key manager's; octets and packets are counted where they pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "octets and packets, soft and hard, and no third"
)]
pub struct Lifetime {
    /// Octets after which the SA wants a successor.
    pub soft_octets: u64,
    /// Packets after which the SA wants a successor.
    pub soft_packets: u64,
    /// Octets after which the SA carries nothing more.
    pub hard_octets: u64,
    /// Packets after which the SA carries nothing more.
    pub hard_packets: u64,
}

impl Lifetime {
    /// No limit but the sequence number's.
    pub const UNLIMITED: Self = Self {
        soft_octets: u64::MAX,
        soft_packets: u64::MAX,
        hard_octets: u64::MAX,
        hard_packets: u64::MAX,
    };
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::UNLIMITED
    }
}

/// What an SA has carried: packets sealed or accepted, and the octets of their payloads without ESP's own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the two things a lifetime limits"
)]
pub struct Usage {
    /// Packets.
    pub packets: u64,
    /// Octets of payload.
    pub octets: u64,
}

impl Usage {
    pub(crate) fn add(&mut self, octets: usize) {
        self.packets = self.packets.saturating_add(1);
        self.octets = self
            .octets
            .saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
    }

    pub(crate) const fn age(self, lifetime: &Lifetime) -> Age {
        if self.packets >= lifetime.hard_packets || self.octets >= lifetime.hard_octets {
            Age::Expired
        } else if self.packets >= lifetime.soft_packets || self.octets >= lifetime.soft_octets {
            Age::Old
        } else {
            Age::Fresh
        }
    }
}

/// Where in its life an SA is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "before, between and after two limits"
)]
pub enum Age {
    /// Below every limit.
    Fresh,
    /// A soft limit is reached: time for a successor.
    Old,
    /// A hard limit is reached: nothing passes any more.
    Expired,
}
