//! What becomes of a packet: policies, flows and SAs, with no idea of IKE ([MS-IKEE] §3.7.1, §3.7.4).

mod key;
mod store;

use core::time::Duration;

pub use key::{Direction, FlowKey, Packet};
pub use store::Limits;
use store::{Row, Store};

/// A policy rule, as far as discovery goes ([MS-IKEE] §3.7.1). Without any flag it is an ordinary rule: protect.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Rule {
    /// Discovery applies to inbound traffic.
    pub inbound: bool,
    /// Discovery applies to outbound traffic: it begins in clear.
    pub outbound: bool,
    /// Inbound traffic may begin in clear. Means something only with `inbound`.
    pub boundary: bool,
    /// Its traffic must be encrypted.
    pub guaranteed: bool,
}

impl Rule {
    /// Discovery in both directions; a peer that begins in clear is not let in.
    pub const DISCOVER: Self = Self {
        inbound: true,
        outbound: true,
        boundary: false,
        guaranteed: false,
    };

    /// The same, and a peer that begins in clear is let in.
    #[must_use]
    pub const fn with_boundary(mut self, boundary: bool) -> Self {
        self.boundary = boundary;
        self
    }

    /// With traffic that must be encrypted.
    #[must_use]
    pub const fn with_guaranteed(mut self, guaranteed: bool) -> Self {
        self.guaranteed = guaranteed;
        self
    }

    /// Only for traffic to this host.
    #[must_use]
    pub const fn inbound_only(mut self) -> Self {
        self.outbound = false;
        self
    }

    /// Only for traffic from this host.
    #[must_use]
    pub const fn outbound_only(mut self) -> Self {
        self.inbound = false;
        self
    }

    /// Whether packets in clear are let in.
    #[must_use]
    pub const fn takes_clear(&self) -> bool {
        self.inbound && self.boundary
    }
}

/// An SA that a packet matches, as far as discovery goes ([MS-IKEE] §3.7.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what [MS-IKEE] §3.7.4 asks of an SA"
)]
pub struct Found {
    /// Its peer takes packets in clear.
    pub boundary: bool,
    /// A NAT lies on its way, so its packets travel in UDP.
    pub udp: bool,
}

/// The SAs that a packet matches: at most one of each kind.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "the flag is on or off")]
pub struct Matching {
    /// One without the guaranteed-encryption flag.
    pub plain: Option<Found>,
    /// One with it.
    pub guaranteed: Option<Found>,
}

/// What becomes of an outbound packet.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a data plane must carry out every kind"
)]
pub enum Way {
    /// It goes in clear.
    Clear,
    /// It waits, or is dropped: whoever sent it sends again.
    Hold,
    /// It goes over the SA: that with the guaranteed-encryption flag, or that without.
    Protect,
}

/// The verdict about an outbound packet.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a data plane reads all of it")]
pub struct Verdict {
    /// What becomes of it.
    pub way: Way,
    /// The SA that it takes, or that is to be negotiated, is one with guaranteed encryption.
    pub guaranteed: bool,
    /// An SA is to be negotiated, for the flow of this number: see [`FlowTable::answered`].
    pub negotiate: Option<u64>,
}

/// Where [MS-IKEE] contradicts itself or what it is for, and this crate does not follow its letter.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Letter {
    /// Every inbound discovery rule lets the first packet of a flow in, not only one with boundary
    /// ([MS-IKEE] §3.7.4.2 against §3.7.1 and §4.1).
    pub boundary: bool,
    /// A flow that must be encrypted begins in clear like any other ([MS-IKEE] §3.7.4.1).
    pub guaranteed: bool,
}

/// What a table has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counters {
    /// Packets that went in clear.
    pub clear: u64,
    /// Packets that waited.
    pub held: u64,
    /// Packets in clear that were let in.
    pub accepted: u64,
    /// Packets in clear that were not.
    pub refused: u64,
    /// Packets whose flow found no place.
    pub full: u64,
    /// Negotiations asked for.
    pub negotiations: u64,
}

/// The flows of a data plane: which are in clear, and which must never be again ([MS-IKEE] §3.7.1, §3.7.4).
///
/// Asked for every packet: constant time, no allocation. Times are since whatever origin the caller likes.
#[derive(Debug)]
pub struct FlowTable {
    store: Store,
    letter: Letter,
    counters: Counters,
}

impl FlowTable {
    /// An empty table, with room for all its flows. `seed` is random, so that nobody can foresee where a flow lies.
    #[must_use]
    pub fn new(limits: Limits, letter: Letter, seed: [u8; 16]) -> Self {
        Self {
            store: Store::new(limits, seed),
            letter,
            counters: Counters::default(),
        }
    }

    /// Judges a packet that leaves and matches `rule` and these SAs ([MS-IKEE] §3.7.4.1).
    pub fn outbound(&mut self, now: Duration, key: &FlowKey, rule: Rule, sas: Matching) -> Verdict {
        let (letter, hold_off) = (self.letter, self.store.limits().hold_off);
        let (now, hash) = (seconds(now), self.store.hash(key));
        let Some((at, row)) = self.enter(now, hash, key) else {
            return Verdict {
                way: Way::Hold,
                guaranteed: rule.guaranteed,
                negotiate: None,
            };
        };
        row.guaranteed |= rule.guaranteed;
        let guaranteed = row.guaranteed;
        let agrees = if guaranteed {
            sas.guaranteed
        } else {
            sas.plain
        };
        // a flow that was secured once is never in clear, whatever the peer takes
        let begins = rule.outbound && !row.secure && (letter.guaranteed || !guaranteed);
        let way = match agrees {
            Some(sa) if begins && sa.udp && sa.boundary => Way::Clear,
            Some(_) => Way::Protect,
            None if begins => Way::Clear,
            None => Way::Hold,
        };
        let negotiate = agrees.is_none() && acquire(row, now, hold_off);
        if way == Way::Protect {
            row.acquire = false;
            self.store.secure(at);
        }
        self.count(way, negotiate);
        Verdict {
            way,
            guaranteed,
            negotiate: negotiate.then_some(hash),
        }
    }

    /// Whether a packet that came in clear, and matches `rule`, is let in; `guaranteed` if an SA that it matches has
    /// guaranteed encryption ([MS-IKEE] §3.7.4.2).
    ///
    /// What is refused leaves no trace: the next packet is again the first of its flow.
    pub fn inbound_clear(
        &mut self,
        now: Duration,
        key: &FlowKey,
        rule: Rule,
        guaranteed: bool,
    ) -> bool {
        let (now, hash) = (seconds(now), self.store.hash(key));
        let known = self.store.find(now, hash, key);
        let begins = rule.takes_clear() || (self.letter.boundary && rule.inbound);
        let row = match known.and_then(|at| self.store.row(at)) {
            Some(row) => Some(row).filter(|row| !row.secure && (rule.inbound || rule.outbound)),
            None if begins => self.enter(now, hash, key).map(|(_, row)| row),
            None => None,
        };
        let accepted = row.is_some();
        if let Some(row) = row {
            row.guaranteed |= guaranteed;
        }
        let count = if accepted {
            &mut self.counters.accepted
        } else {
            &mut self.counters.refused
        };
        *count = count.saturating_add(1);
        accepted
    }

    /// Notes a packet that came over an SA and passed all its checks ([MS-IKEE] §3.7.4.2): not before, or anybody could
    /// cut off a flow that is in clear. `guaranteed` if that SA has guaranteed encryption.
    pub fn inbound_protected(&mut self, now: Duration, key: &FlowKey, guaranteed: bool) {
        let (now, hash) = (seconds(now), self.store.hash(key));
        if let Some((at, row)) = self.enter(now, hash, key) {
            row.guaranteed |= guaranteed;
            self.store.secure(at);
        }
    }

    /// The negotiation for a flow has ended with an SA: the flow may ask again, should that go.
    pub fn answered(&mut self, flow: u64) {
        let row = self.store.by_hash(flow);
        if let Some(row) = row.and_then(|at| self.store.row(at)) {
            row.acquire = false;
        }
    }

    /// The flags of a flow, for a display; `None` for one that is not known. It counts as used.
    pub fn flags(&mut self, now: Duration, key: &FlowKey) -> Option<FlowFlags> {
        let hash = self.store.hash(key);
        let at = self.store.find(seconds(now), hash, key)?;
        self.store.row(at).map(|row| FlowFlags {
            secure: row.secure,
            guaranteed: row.guaranteed,
            acquire: row.acquire,
        })
    }

    /// The row of a flow, made if it has none; `None` if there is no place for it, which is counted.
    fn enter(&mut self, now: u32, hash: u64, key: &FlowKey) -> Option<(u32, &mut Row)> {
        let known = self.store.find(now, hash, key);
        let at = known.or_else(|| self.store.insert(now, hash, *key));
        if at.is_none() {
            self.counters.full = self.counters.full.saturating_add(1);
        }
        Some((at?, self.store.row(at?)?))
    }

    const fn count(&mut self, way: Way, negotiate: bool) {
        let counters = &mut self.counters;
        match way {
            Way::Clear => counters.clear = counters.clear.saturating_add(1),
            Way::Hold => counters.held = counters.held.saturating_add(1),
            Way::Protect => {}
        }
        if negotiate {
            counters.negotiations = counters.negotiations.saturating_add(1);
        }
    }

    /// What it has done.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// How many flows are known, silent ones included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether no flow is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.store.len() == 0
    }

    /// Octets that the table takes up; it never grows.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.store.octets()
    }
}

/// The flags of a flow ([MS-IKEE] §3.7.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what [MS-IKEE] §3.7.1 lists")]
pub struct FlowFlags {
    /// At least one of its packets went over an SA.
    pub secure: bool,
    /// It must be encrypted.
    pub guaranteed: bool,
    /// A negotiation was triggered for it.
    pub acquire: bool,
}

/// Sets the acquire flag; whether it was not set, or so long ago that nothing can have come of it.
fn acquire(row: &mut Row, now: u32, hold_off: Duration) -> bool {
    let waits = row.acquire && u64::from(now.saturating_sub(row.acquired)) < hold_off.as_secs();
    if !waits {
        (row.acquire, row.acquired) = (true, now);
    }
    !waits
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
