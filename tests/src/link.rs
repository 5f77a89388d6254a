//! A link without IO: datagrams wait in it for their time, or meet their fate.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ike_ext::Instant;
use isakmp_wire::Header;

use crate::nat::Nat;
use crate::rng::Rng;

/// What a link does to datagrams.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Conditions {
    /// How long every datagram takes.
    pub delay: Duration,
    /// At most this much more, at random: later ones overtake.
    pub jitter: Duration,
    /// How many of a thousand are lost: from the first party, from the second.
    pub loss: [u16; 2],
    /// How many of a thousand arrive twice.
    pub duplicates: u16,
    /// The largest IP packet that fits, octets; there are no IP fragments.
    pub mtu: usize,
}

impl Conditions {
    /// Nothing goes wrong.
    pub const PERFECT: Self = Self {
        delay: Duration::from_millis(10),
        jitter: Duration::ZERO,
        loss: [0; 2],
        duplicates: 0,
        mtu: 65_535,
    };

    /// 30 % loss each way, 15 % duplicates, and an order that is anybody's guess.
    pub const AWFUL: Self = Self {
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(1500),
        loss: [300; 2],
        duplicates: 150,
        mtu: 65_535,
    };
}

/// A UDP datagram on its way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packet {
    /// Where it comes from, as the receiver sees it.
    pub from: SocketAddr,
    /// Where it goes.
    pub to: SocketAddr,
    /// The UDP payload.
    pub bytes: Vec<u8>,
}

impl Packet {
    /// Octets of the IP packet around it.
    #[must_use]
    pub const fn ip_len(&self) -> usize {
        let header = if self.from.is_ipv4() { 20 } else { 40 };
        header + 8 + self.bytes.len()
    }

    /// Whether it is an IKE message, not ESP nor a keep-alive.
    #[must_use]
    pub fn is_ike(&self) -> bool {
        self.message().len() >= Header::LEN
    }

    /// The IKE message in it, without a non-ESP marker.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.bytes.strip_prefix(&[0; 4]).unwrap_or(&self.bytes)
    }
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It will arrive.
    Sent,
    /// It was dropped on the way.
    Lost,
    /// It was larger than the link carries.
    TooLarge,
}

/// A datagram that was given to the link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Crossed {
    /// When.
    pub at: Instant,
    /// What, as its sender sent it.
    pub packet: Packet,
    /// What became of it.
    pub fate: Fate,
}

/// Decides what goes on instead of a datagram: itself, nothing, others.
pub type Meddler = Box<dyn FnMut(Packet) -> Vec<Packet>>;

/// A link between two parties.
pub struct Link {
    /// What it does to datagrams from now on.
    pub conditions: Conditions,
    /// A translator before the first party.
    pub nat: Option<Nat>,
    /// Somebody on the path.
    pub meddler: Option<Meddler>,
    /// Everything that was ever sent.
    pub crossed: Vec<Crossed>,
    /// Whether it remembers that; runs without end should not.
    pub recording: bool,
    rng: Rng,
    in_flight: BTreeMap<(Instant, u64), Packet>,
    count: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("conditions", &self.conditions)
            .field("in_flight", &self.in_flight.len())
            .finish_non_exhaustive()
    }
}

impl Link {
    /// An empty link.
    #[must_use]
    pub const fn new(conditions: Conditions, rng: Rng) -> Self {
        Self {
            conditions,
            nat: None,
            meddler: None,
            crossed: Vec::new(),
            recording: true,
            rng,
            in_flight: BTreeMap::new(),
            count: 0,
        }
    }

    /// Takes a datagram from the first party (`from` 0) or the second.
    pub fn send(&mut self, now: Instant, from: usize, packet: Packet) {
        let Some(packet) = self.enter(now, from, packet) else {
            return;
        };
        let packets = match &mut self.meddler {
            Some(meddler) => meddler(packet),
            None => vec![packet],
        };
        self.carry(now, packets);
    }

    /// Decides a datagram's fate and translates it; `None` if that was its end.
    pub(crate) fn enter(&mut self, now: Instant, from: usize, packet: Packet) -> Option<Packet> {
        let fate = if packet.ip_len() > self.conditions.mtu {
            Fate::TooLarge
        } else if self.rng.chance(self.conditions.loss[from]) {
            Fate::Lost
        } else {
            Fate::Sent
        };
        if self.recording {
            self.crossed.push(Crossed {
                at: now,
                packet: packet.clone(),
                fate,
            });
        }
        if fate != Fate::Sent {
            return None;
        }
        let mut packet = packet;
        if let Some(nat) = &mut self.nat {
            nat.outbound(&mut packet);
        }
        Some(packet)
    }

    /// Puts datagrams on the wire, some of them twice.
    pub(crate) fn carry(&mut self, now: Instant, packets: Vec<Packet>) {
        for packet in packets {
            let copies = 1 + usize::from(self.rng.chance(self.conditions.duplicates));
            for _ in 0..copies {
                self.inject(now, packet.clone());
            }
        }
    }

    /// Puts a datagram on the wire, past loss and meddler.
    pub fn inject(&mut self, now: Instant, packet: Packet) {
        let jitter = u64::try_from(self.conditions.jitter.as_millis()).unwrap_or(u64::MAX);
        let extra = Duration::from_millis(self.rng.below(jitter));
        self.count += 1;
        let at = now + self.conditions.delay + extra;
        self.in_flight.insert((at, self.count), packet);
    }

    /// When the next datagram arrives.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.in_flight.first_key_value().map(|(key, _)| key.0)
    }

    /// Takes out the next datagram, if it has arrived by now and there is somebody to take it.
    pub fn arrive(&mut self, now: Instant) -> Option<Packet> {
        while let Some(entry) = self.in_flight.first_entry() {
            if entry.key().0 > now {
                return None;
            }
            let mut packet = entry.remove();
            if self.nat.as_ref().is_none_or(|it| it.inbound(&mut packet)) {
                return Some(packet);
            }
        }
        None
    }

    /// How many IKE messages from an address are on the wire.
    #[must_use]
    pub fn waiting(&self, from: IpAddr) -> usize {
        let packets = self.in_flight.values();
        packets
            .filter(|it| it.is_ike() && it.from.ip() == from)
            .count()
    }

    /// Takes the oldest IKE message from an address off the wire.
    pub fn take(&mut self, from: IpAddr) -> Option<Packet> {
        let mut packets = self.in_flight.iter();
        let found = packets.find(|(_, it)| it.is_ike() && it.from.ip() == from);
        let key = *found?.0;
        self.in_flight.remove(&key)
    }

    /// Takes everything off the wire, as it would arrive.
    pub fn clear(&mut self) -> Vec<Packet> {
        let packets = std::mem::take(&mut self.in_flight).into_values();
        let nat = self.nat.as_ref();
        packets
            .filter_map(|mut it| nat.is_none_or(|nat| nat.inbound(&mut it)).then_some(it))
            .collect()
    }
}
