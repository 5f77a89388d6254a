//! The SA table: by our own SPI, by handle, by first message, by deadline.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ike_crypto::{Error, Random};
use ike_ext::{Instant, SaId};
use isakmp_wire::Spi;

use crate::sa::{Phase, Sa};

/// All SAs of an endpoint. Our own SPI carries the slot, so a message finds its SA in one step; but for the few whose SPI
/// was given out by a gate before there was an SA.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Slot>,
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
pub(crate) type FirstMessage = (Spi, SocketAddr, [u8; 8]);

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    entry: Option<Entry>,
}

#[derive(Debug)]
struct Entry {
    spi: Spi,
    sa: Option<Box<Sa>>,
    counted: Option<(Phase, IpAddr)>,
    deadline: Option<Instant>,
    first: Option<FirstMessage>,
}

#[derive(Debug, Default)]
struct Counts {
    half_open: usize,
    established: usize,
}

impl Table {
    pub(crate) fn new(random: &mut dyn Random, first_handle: u64) -> Result<Self, Error> {
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
    pub(crate) fn reserve(
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
                self.slots.push(Slot::default());
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
    pub(crate) fn find(&self, spi: Spi) -> Option<SaId> {
        self.find_own(spi).or_else(|| self.given.get(&spi).copied())
    }

    fn find_own(&self, spi: Spi) -> Option<SaId> {
        let number = u64::from_be_bytes(*spi.as_bytes());
        let slot = u32::try_from(number >> 32).ok()? ^ self.mask;
        let place = self.slots.get(usize::try_from(slot).ok()?)?;
        let entry = place.entry.as_ref().filter(|it| it.spi == spi)?;
        entry.sa.as_ref().map(|sa| sa.facts.id)
    }

    pub(crate) fn get(&self, id: SaId) -> Option<&Sa> {
        self.entry(id)?.sa.as_deref()
    }

    /// Lends the SA out of the table for the length of a call.
    pub(crate) fn take(&mut self, id: SaId) -> Option<Box<Sa>> {
        self.entry_mut(id)?.sa.take()
    }

    /// Puts a lent or new SA into its place, with its next deadline.
    pub(crate) fn put(&mut self, sa: Box<Sa>, deadline: Option<Instant>) {
        let id = sa.facts.id;
        let counted = Some((sa.facts.phase, sa.facts.path.remote.ip()));
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

    /// Gives a place back.
    pub(crate) fn remove(&mut self, id: SaId) {
        let Some(slot) = self.slot_of(id) else {
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
    pub(crate) fn lost(&self) -> Vec<SaId> {
        (0_u32..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.entry.as_ref().is_some_and(|it| it.sa.is_none()))
            .map(|(number, slot)| self.handle(number, slot.generation))
            .collect()
    }

    /// Remembers which first message an SA came from.
    pub(crate) fn remember_first(&mut self, id: SaId, first: FirstMessage) {
        if let Some(entry) = self.entry_mut(id) {
            entry.first = Some(first);
            self.first_messages.insert(first, id);
        }
    }

    /// The SA that came from this first message.
    pub(crate) fn find_first(&self, first: &FirstMessage) -> Option<SaId> {
        self.first_messages.get(first).copied()
    }

    /// One SA whose deadline has come.
    pub(crate) fn due(&self, now: Instant) -> Option<SaId> {
        self.deadlines
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, id)| *id)
    }

    /// The SA with the next deadline.
    pub(crate) fn next(&self) -> Option<SaId> {
        self.deadlines.first().map(|(_, id)| *id)
    }

    /// All SAs, in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sa> {
        self.slots
            .iter()
            .filter_map(|it| it.entry.as_ref()?.sa.as_deref())
    }

    /// SAs that a stranger began and nobody has authenticated, from one address or from all.
    pub(crate) fn half_open(&self, from: Option<IpAddr>) -> usize {
        from.map_or(self.half_open, |ip| {
            self.addresses.get(&ip).map_or(0, |it| it.half_open)
        })
    }

    pub(crate) fn established_with(&self, peer: IpAddr) -> usize {
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

    fn entry(&self, id: SaId) -> Option<&Entry> {
        let slot = self.slots.get(usize::try_from(self.slot_of(id)?).ok()?)?;
        slot.entry
            .as_ref()
            .filter(|_| slot.generation == self.generation_of(id))
    }

    fn entry_mut(&mut self, id: SaId) -> Option<&mut Entry> {
        let generation = self.generation_of(id);
        let slot = self.slot_mut(self.slot_of(id)?)?;
        let current = slot.generation == generation;
        slot.entry.as_mut().filter(|_| current)
    }

    fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot> {
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
