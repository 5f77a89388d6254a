//! The SA table: by our own SPI, by handle, by first message, by deadline.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ike_crypto::{Error, Random};
use ike_ext::{Instant, SaId};
use isakmp_wire::Spi;

/// How far an SA has come, for the limits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a core must count each")]
pub enum Phase {
    /// We began it.
    Initiating,
    /// A stranger began it.
    HalfOpen,
    /// It is over.
    Over,
    /// Both sides are authenticated.
    Established,
}

/// An SA as the table sees it.
pub trait Tracked {
    /// Its handle, which [`Table::reserve`] has given out.
    fn id(&self) -> SaId;
    /// How far it has come.
    fn phase(&self) -> Phase;
    /// Where its peer is.
    fn remote(&self) -> IpAddr;
}

/// All SAs of an endpoint. Our own SPI carries the slot, so a message finds its SA in one step; but for the few whose SPI
/// was given out by a gate before there was an SA. Whatever is listed here has an order that is a function of what was put in.
#[derive(Debug)]
pub struct Table<S> {
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
    /// What is added to every handle.
    first_handle: u64,
    mask: u32,
    deadlines: BTreeSet<(Instant, SaId)>,
    first_messages: BTreeMap<FirstMessage, SaId>,
    addresses: BTreeMap<IpAddr, Counts>,
    given: BTreeMap<Spi, SaId>,
    half_open: usize,
}

/// How a responder knows a repeated first message: by its sender, SPI and content.
pub type FirstMessage = (Spi, SocketAddr, [u8; 8]);

#[derive(Debug)]
struct Slot<S> {
    generation: u32,
    entry: Option<Entry<S>>,
}

#[derive(Debug)]
struct Entry<S> {
    spi: Spi,
    sa: Option<Box<S>>,
    counted: Option<(Phase, IpAddr)>,
    deadline: Option<Instant>,
    first: Option<FirstMessage>,
}

#[derive(Debug, Default)]
struct Counts {
    half_open: usize,
    established: usize,
}

impl<S: Tracked> Table<S> {
    /// An empty one; `first_handle` is added to every handle.
    ///
    /// # Errors
    ///
    /// When the random source fails.
    pub fn new(random: &mut dyn Random, first_handle: u64) -> Result<Self, Error> {
        let mut mask = [0; 4];
        random.fill(&mut mask)?;
        Ok(Self {
            slots: Vec::new(),
            free: Vec::new(),
            first_handle,
            mask: u32::from_be_bytes(mask),
            deadlines: BTreeSet::new(),
            first_messages: BTreeMap::new(),
            addresses: BTreeMap::new(),
            given: BTreeMap::new(),
            half_open: 0,
        })
    }

    /// Takes a place: a handle that is never given out again, and an SPI of our own, unless one was `given` out before.
    ///
    /// # Errors
    ///
    /// When the random source fails, the table is full, or an SA has the given SPI already.
    pub fn reserve(
        &mut self,
        random: &mut dyn Random,
        given: Option<Spi>,
    ) -> Result<(SaId, Spi), Error> {
        if given.is_some_and(|it| self.find(it).is_some()) {
            return Err(Error);
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Slot {
                    generation: 0,
                    entry: None,
                });
                u32::try_from(self.slots.len().saturating_sub(1)).map_err(|_| Error)?
            }
        };
        let mut low = [0; 4];
        random.fill(&mut low)?;
        let high = slot ^ self.mask;
        let number = (u64::from(high) << 32) | u64::from(u32::from_be_bytes(low) | 1);
        let spi = given.unwrap_or_else(|| Spi::new(number.to_be_bytes()));
        let place = self.slot_mut(slot).ok_or(Error)?;
        place.generation = place.generation.wrapping_add(1);
        place.entry = Some(Entry {
            spi,
            sa: None,
            counted: None,
            deadline: None,
            first: None,
        });
        let generation = place.generation;
        let id = self.handle(slot, generation);
        if given.is_some() {
            self.given.insert(spi, id);
        }
        Ok((id, spi))
    }

    /// The SA that has this SPI of ours. The peer's is compared with it ([MS-IKEE] §3.1.1); addresses are not, as they may
    /// change behind a NAT (RFC 3947 §4).
    #[must_use]
    pub fn find(&self, spi: Spi) -> Option<SaId> {
        self.find_own(spi).or_else(|| self.given.get(&spi).copied())
    }

    fn find_own(&self, spi: Spi) -> Option<SaId> {
        let number = u64::from_be_bytes(*spi.as_bytes());
        let slot = u32::try_from(number >> 32).ok()? ^ self.mask;
        let place = self.slots.get(usize::try_from(slot).ok()?)?;
        let entry = place.entry.as_ref().filter(|it| it.spi == spi)?;
        entry.sa.as_ref().map(|sa| sa.id())
    }

    /// The SA of this handle, unless it is lent out.
    #[must_use]
    pub fn get(&self, id: SaId) -> Option<&S> {
        self.entry(id)?.sa.as_deref()
    }

    /// Lends the SA out of the table for the length of a call.
    pub fn take(&mut self, id: SaId) -> Option<Box<S>> {
        self.entry_mut(id)?.sa.take()
    }

    /// Puts a lent or new SA into its place, with its next deadline.
    pub fn put(&mut self, sa: Box<S>, deadline: Option<Instant>) {
        let id = sa.id();
        let counted = Some((sa.phase(), sa.remote()));
        let Some(entry) = self.entry_mut(id) else {
            return;
        };
        entry.sa = Some(sa);
        let before = core::mem::replace(&mut entry.counted, counted);
        let old = core::mem::replace(&mut entry.deadline, deadline);
        if before != counted {
            self.count(before, false);
            self.count(counted, true);
        }
        if old != deadline {
            if let Some(at) = old {
                self.deadlines.remove(&(at, id));
            }
            if let Some(at) = deadline {
                self.deadlines.insert((at, id));
            }
        }
    }

    /// Gives a place back, whether or not its SA is there.
    pub fn remove(&mut self, id: SaId) {
        let current = self.entry(id).is_some();
        let Some(slot) = self.slot_of(id).filter(|_| current) else {
            return;
        };
        let Some(entry) = self.slot_mut(slot).and_then(|it| it.entry.take()) else {
            return;
        };
        self.free.push(slot);
        self.count(entry.counted, false);
        if let Some(at) = entry.deadline {
            self.deadlines.remove(&(at, id));
        }
        if let Some(first) = entry.first {
            self.first_messages.remove(&first);
        }
        if self.given.get(&entry.spi) == Some(&id) {
            self.given.remove(&entry.spi);
        }
    }

    /// Places whose SA was lent out and never came back: a panic has taken it.
    #[must_use]
    pub fn lost(&self) -> Vec<SaId> {
        (0_u32..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.entry.as_ref().is_some_and(|it| it.sa.is_none()))
            .map(|(number, slot)| self.handle(number, slot.generation))
            .collect()
    }

    /// Remembers which first message an SA came from.
    pub fn remember_first(&mut self, id: SaId, first: FirstMessage) {
        if let Some(entry) = self.entry_mut(id) {
            entry.first = Some(first);
            self.first_messages.insert(first, id);
        }
    }

    /// The SA that came from this first message.
    #[must_use]
    pub fn find_first(&self, first: &FirstMessage) -> Option<SaId> {
        self.first_messages.get(first).copied()
    }

    /// One SA whose deadline has come.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<SaId> {
        self.deadlines
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, id)| *id)
    }

    /// The SA with the next deadline.
    #[must_use]
    pub fn next(&self) -> Option<SaId> {
        self.deadlines.first().map(|(_, id)| *id)
    }

    /// All SAs, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &S> {
        self.slots
            .iter()
            .filter_map(|it| it.entry.as_ref()?.sa.as_deref())
    }

    /// SAs that a stranger began and nobody has authenticated, from one address or from all.
    #[must_use]
    pub fn half_open(&self, from: Option<IpAddr>) -> usize {
        from.map_or(self.half_open, |ip| {
            self.addresses.get(&ip).map_or(0, |it| it.half_open)
        })
    }

    /// How many SAs stand with a peer at this address.
    #[must_use]
    pub fn established_with(&self, peer: IpAddr) -> usize {
        self.addresses.get(&peer).map_or(0, |it| it.established)
    }

    fn count(&mut self, what: Option<(Phase, IpAddr)>, up: bool) {
        let Some((phase, ip)) = what else { return };
        let step = |n: &mut usize| {
            *n = if up {
                n.saturating_add(1)
            } else {
                n.saturating_sub(1)
            };
        };
        let counts = self.addresses.entry(ip).or_default();
        match phase {
            Phase::Initiating | Phase::Over => {}
            Phase::HalfOpen => {
                step(&mut counts.half_open);
                step(&mut self.half_open);
            }
            Phase::Established => step(&mut counts.established),
        }
        if counts.half_open == 0 && counts.established == 0 {
            self.addresses.remove(&ip);
        }
    }

    fn entry(&self, id: SaId) -> Option<&Entry<S>> {
        let slot = self.slots.get(usize::try_from(self.slot_of(id)?).ok()?)?;
        slot.entry
            .as_ref()
            .filter(|_| slot.generation == self.generation_of(id))
    }

    fn entry_mut(&mut self, id: SaId) -> Option<&mut Entry<S>> {
        let generation = self.generation_of(id);
        let slot = self.slot_mut(self.slot_of(id)?)?;
        let current = slot.generation == generation;
        slot.entry.as_mut().filter(|_| current)
    }

    fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot<S>> {
        self.slots.get_mut(usize::try_from(slot).ok()?)
    }

    fn handle(&self, slot: u32, generation: u32) -> SaId {
        let number = (u64::from(generation) << 32) | u64::from(slot);
        SaId::new(self.first_handle.wrapping_add(number))
    }

    fn slot_of(&self, id: SaId) -> Option<u32> {
        u32::try_from(self.number(id) & 0xffff_ffff).ok()
    }

    fn generation_of(&self, id: SaId) -> u32 {
        u32::try_from(self.number(id) >> 32).unwrap_or(0)
    }

    const fn number(&self, id: SaId) -> u64 {
        id.get().wrapping_sub(self.first_handle)
    }
}
