//! Userspace ESP: inner packets to datagrams and back, by selector and SPI. No sockets, no clock, no device.
//!
//! The daemon's TUN device and the demo's memory both sit on top of this: a packet goes in with room around
//! it, is sealed or opened where it lies, and what to do with it comes out. Nothing is allocated for a packet,
//! but for the rare message that one was too big.

mod child;
mod counters;
mod flow;
mod hints;
mod icmp;
mod options;
mod outcome;
mod packets;
mod routes;

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use ike_crypto::{Provider, Random};
use ike_ext::{ChildId, Hint};
use ipsec_doi::{EspSuite, TrafficSelector};
use ipsec_esp::{Age, Lifetime};

use crate::child::{ChildSa, ChildUpdate, Suite, TrafficLimits};
use child::Child;
pub use child::ChildSpec;
pub use counters::{Counters, DropReason, Drops};
pub(crate) use flow::Flow;
use hints::Segments;
pub use options::{InstallError, Options};
pub use outcome::{Delivered, Dropped, Expiry, Outbound, Sealed};
use routes::Routes;

/// Octets to leave before a packet: enough for ESP's header and the longest IV, and, inbound in transport
/// mode, for an IPv6 header.
pub const HEADROOM: usize = 64;
/// Octets to leave behind a packet: enough for padding, trailer and the longest ICV.
pub const TAILROOM: usize = 64;
/// An MTU for the TUN device with which every suite fits a path of 1500 octets over IPv6 and UDP, so that TCP
/// needs no clamping.
pub const TUN_MTU: usize = 1380;

/// What there is to know about an installed child.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ChildStatus {
    /// Its handle.
    pub id: ChildId,
    /// Ciphers.
    pub suite: EspSuite,
    /// Our outer address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// What it has carried.
    pub counters: Counters,
    /// Whether it wants a successor.
    pub age: Age,
}

/// The installed children, and the way from packets to them.
pub struct Dataplane {
    provider: &'static Provider,
    random: Box<dyn Random + Send>,
    options: Options,
    slots: Vec<Option<Box<Child>>>,
    free: Vec<usize>,
    by_id: HashMap<ChildId, usize>,
    by_spi: HashMap<u32, usize>,
    routes: Routes,
    drops: Drops,
    expiries: Vec<Expiry>,
    hints: Vec<(ChildId, Hint)>,
}

impl Dataplane {
    /// One without children. `random` is asked at each installation, never for a packet.
    #[must_use]
    pub fn new(
        provider: &'static Provider,
        random: Box<dyn Random + Send>,
        options: Options,
    ) -> Self {
        Self {
            provider,
            random,
            options,
            slots: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            by_spi: HashMap::new(),
            routes: Routes::default(),
            drops: Drops::default(),
            expiries: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Installs both directions of a child.
    ///
    /// # Errors
    /// [`InstallError`]; nothing is installed then.
    pub fn install(&mut self, child: &ChildSa) -> Result<(), InstallError> {
        let Suite::Esp(suite) = child.suite else {
            return Err(InstallError::Ah);
        };
        self.insert(&ChildSpec::of(child, suite), lifetime(child.life.limits))?;
        if let Some(installed) = self.child_mut(child.id) {
            installed.replaces = child.life.replaces;
        }
        if child.life.sends {
            self.use_child(child.id);
        } else if let Some(installed) = self.child_mut(child.id) {
            installed.sends = false;
        }
        Ok(())
    }

    /// Sends with a child from now on, and no more with the one that it replaces; false if it is not installed.
    pub fn use_child(&mut self, id: ChildId) -> bool {
        let Some(child) = self.child_mut(id) else {
            return false;
        };
        child.sends = true;
        let old = child.replaces.take();
        if let Some(old) = old.and_then(|old| self.child_mut(old)) {
            old.sends = false;
        }
        true
    }

    /// Sends with a child that was replaced, too: its successor is for other packets.
    pub(crate) fn keep_sending(&mut self, id: ChildId) {
        if let Some(child) = self.child_mut(id) {
            child.sends = true;
        }
    }

    /// As [`install`](Self::install), from parts.
    ///
    /// # Errors
    /// [`InstallError`]; nothing is installed then.
    pub fn install_spec(&mut self, spec: &ChildSpec<'_>) -> Result<(), InstallError> {
        self.insert(spec, self.options.lifetime)
    }

    fn insert(&mut self, spec: &ChildSpec<'_>, lifetime: Lifetime) -> Result<(), InstallError> {
        let sound = |selectors: &[TrafficSelector]| {
            !selectors.is_empty() && selectors.iter().all(TrafficSelector::is_valid)
        };
        if !sound(spec.local_selectors) || !sound(spec.remote_selectors) {
            return Err(InstallError::Selectors);
        }
        if self.by_id.contains_key(&spec.id) {
            return Err(InstallError::Exists);
        }
        if self.by_id.len() >= self.options.children {
            return Err(InstallError::Full);
        }
        if self.by_spi.contains_key(&spec.inbound.spi) {
            return Err(InstallError::Spi(spec.inbound.spi));
        }
        let window = self.options.window;
        let mut child = Child::new(self.provider, &mut *self.random, window, lifetime, spec)?;
        child.segments = self.options.hints.then(Segments::new);
        let slot = self.free.pop().unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        self.by_id.insert(child.id, slot);
        self.by_spi.insert(child.spi(), slot);
        self.routes.insert(slot, &child.remote_selectors);
        self.slots[slot] = Some(Box::new(child));
        Ok(())
    }

    /// Sends a child's packets elsewhere from now on; false if it is not installed.
    pub fn update(&mut self, update: ChildUpdate) -> bool {
        let Some(child) = self.child_mut(update.child) else {
            return false;
        };
        (child.local, child.remote) = (update.local, update.remote);
        true
    }

    /// Removes both directions of a child and forgets its keys; its last counters, if it was installed.
    pub fn remove(&mut self, id: ChildId) -> Option<Counters> {
        let slot = self.by_id.remove(&id)?;
        let child = self.slots.get_mut(slot)?.take()?;
        self.by_spi.remove(&child.spi());
        self.routes.remove(slot, &child.remote_selectors);
        self.free.push(slot);
        Some(child.counters)
    }

    /// The children that have come of age since this was last asked, each limit once.
    pub fn expiries(&mut self) -> impl Iterator<Item = Expiry> + '_ {
        self.expiries.drain(..)
    }

    /// What the TCP segments of children tell about their peers since this was last asked, where
    /// [`Options::hints`] wants to know; each child has one to say at most.
    pub fn hints(&mut self) -> impl Iterator<Item = (ChildId, Hint)> + '_ {
        for (id, _) in &self.hints {
            let slot = self
                .by_id
                .get(id)
                .and_then(|&slot| self.slots.get_mut(slot));
            let child = slot.and_then(Option::as_mut);
            if let Some(segments) = child.and_then(|child| child.segments.as_mut()) {
                segments.heard();
            }
        }
        self.hints.drain(..)
    }

    /// What a child has carried.
    #[must_use]
    pub fn counters(&self, id: ChildId) -> Option<Counters> {
        self.child(id).map(|child| child.counters)
    }

    /// Packets that were dropped before a child could be found.
    #[must_use]
    pub const fn drops(&self) -> &Drops {
        &self.drops
    }

    /// The longest inner packet that a child carries without its datagram being fragmented.
    #[must_use]
    pub fn inner_mtu(&self, id: ChildId) -> Option<usize> {
        self.child(id)
            .map(|child| child.inner_mtu(self.options.path_mtu))
    }

    /// Every installed child, in no order.
    pub fn children(&self) -> impl Iterator<Item = ChildStatus> + '_ {
        self.slots.iter().flatten().map(|child| ChildStatus {
            id: child.id,
            suite: child.suite,
            local: child.local,
            remote: child.remote,
            counters: child.counters,
            age: child.age(),
        })
    }

    /// How many children are installed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no child is installed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn child(&self, id: ChildId) -> Option<&Child> {
        self.slots.get(*self.by_id.get(&id)?)?.as_deref()
    }

    fn child_mut(&mut self, id: ChildId) -> Option<&mut Child> {
        self.slots.get_mut(*self.by_id.get(&id)?)?.as_deref_mut()
    }
}

fn lifetime(limits: TrafficLimits) -> Lifetime {
    Lifetime {
        soft_octets: limits.soft_bytes.unwrap_or(u64::MAX),
        soft_packets: limits.soft_packets.unwrap_or(u64::MAX),
        hard_octets: limits.hard_bytes.unwrap_or(u64::MAX),
        hard_packets: limits.hard_packets.unwrap_or(u64::MAX),
    }
}

impl fmt::Debug for Dataplane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataplane")
            .field("options", &self.options)
            .field("children", &self.by_id.len())
            .field("drops", &self.drops)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
