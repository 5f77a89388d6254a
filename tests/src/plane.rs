//! A data plane without packets: which SA would send, which SAs would receive, and markers that show when none does.

use std::collections::{BTreeMap, BTreeSet};

use ike_ext::{ChildId, Role};
use ikev2::ChildSa;

/// The SAs that are installed on one side, by what the endpoint has said in order.
#[derive(Debug, Default)]
pub struct Plane {
    inbound: BTreeMap<u32, Inbound>,
    outbound: BTreeMap<ChildId, Outbound>,
    /// The SA of each child by name that sends.
    sending: BTreeMap<String, ChildId>,
    /// Every SPI that was ever ours.
    spis: BTreeSet<u32>,
    count: u64,
}

#[derive(Debug)]
struct Inbound {
    child: ChildId,
    key: Vec<u8>,
}

#[derive(Debug)]
struct Outbound {
    name: String,
    spi: u32,
    key: Vec<u8>,
    order: u64,
}

/// A packet that shows the way: which SPI it is for, and under which key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Marker {
    /// The SPI on the wire.
    pub spi: u32,
    /// The keys of that direction.
    pub key: Vec<u8>,
}

impl Plane {
    /// Installs both directions, and sends with the new SA if it says so.
    ///
    /// # Panics
    ///
    /// When an SPI of ours is given out again, or its predecessor is not there.
    pub fn install(&mut self, child: &ChildSa) {
        let key =
            |it: &ikev2::ChildKeys| [it.encryption.as_slice(), it.integrity.as_slice()].concat();
        assert!(self.spis.insert(child.inbound.spi), "an SPI was used twice");
        self.count += 1;
        let inbound = Inbound {
            child: child.id,
            key: key(&child.inbound),
        };
        self.inbound.insert(child.inbound.spi, inbound);
        let outbound = Outbound {
            name: child.name.clone(),
            spi: child.outbound.spi,
            key: key(&child.outbound),
            order: self.count,
        };
        self.outbound.insert(child.id, outbound);
        if let Some(old) = child.life.replaces {
            assert!(
                self.outbound.contains_key(&old),
                "the child that is replaced is not there"
            );
        }
        // what comes beside another is not taken into use before both sides know it
        let beside = child.life.role == Role::Responder && child.life.replaces.is_none();
        if child.life.sends && !(beside && self.sending.contains_key(&child.name)) {
            self.sending.insert(child.name.clone(), child.id);
        }
    }

    /// Sends with this child from now on.
    ///
    /// # Panics
    ///
    /// When it is not installed.
    pub fn turn_to(&mut self, child: ChildId) {
        let outbound = self.outbound.get(&child).expect("an installed child");
        self.sending.insert(outbound.name.clone(), child);
    }

    /// Removes both directions; another of that name takes over if there is one.
    pub fn remove(&mut self, child: ChildId) {
        self.inbound.retain(|_, it| it.child != child);
        let Some(gone) = self.outbound.remove(&child) else {
            return;
        };
        if self.sending.get(&gone.name) == Some(&child) {
            self.sending.remove(&gone.name);
            let others = self.outbound.iter().filter(|it| it.1.name == gone.name);
            if let Some((other, _)) = others.max_by_key(|it| it.1.order) {
                self.sending.insert(gone.name, *other);
            }
        }
    }

    /// The children by name that could send now, and with what.
    pub fn markers(&self) -> impl Iterator<Item = (&str, Marker)> {
        self.sending.iter().map(|(name, child)| {
            let outbound = &self.outbound[child];
            let marker = Marker {
                spi: outbound.spi,
                key: outbound.key.clone(),
            };
            (name.as_str(), marker)
        })
    }

    /// The child that would take this packet.
    #[must_use]
    pub fn takes(&self, marker: &Marker) -> Option<ChildId> {
        let inbound = self.inbound.get(&marker.spi)?;
        (inbound.key == marker.key).then_some(inbound.child)
    }

    /// Which child sends for a name.
    #[must_use]
    pub fn sending(&self, name: &str) -> Option<ChildId> {
        self.sending.get(name).copied()
    }

    /// Whether nothing is installed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inbound.is_empty() && self.outbound.is_empty() && self.sending.is_empty()
    }
}
