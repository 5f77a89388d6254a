//! A network address translator in front of one host.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::link::Packet;

/// Translates one private address into one public one, ports included.
///
/// It lets in what comes from anywhere to a port that is in use, as many home routers do.
#[derive(Clone, Debug)]
pub struct Nat {
    private: IpAddr,
    public: IpAddr,
    ports: BTreeMap<u16, u16>,
    next: u16,
}

impl Nat {
    /// A translator without mappings.
    #[must_use]
    pub const fn new(private: IpAddr, public: IpAddr) -> Self {
        Self {
            private,
            public,
            ports: BTreeMap::new(),
            next: 40_000,
        }
    }

    /// Forgets every mapping and uses another public address: what a reboot of the router does.
    pub fn rebind(&mut self, public: IpAddr) {
        self.public = public;
        self.ports.clear();
        self.next += 1000;
    }

    /// Lets in what comes to a public port, for the same private one.
    pub fn forward(&mut self, port: u16) {
        self.ports.insert(port, port);
    }

    /// Rewrites the source of what leaves the private side.
    pub fn outbound(&mut self, packet: &mut Packet) {
        if packet.from.ip() == self.private {
            let next = &mut self.next;
            let port = *self.ports.entry(packet.from.port()).or_insert_with(|| {
                *next += 1;
                *next
            });
            packet.from = SocketAddr::new(self.public, port);
        }
    }

    /// Rewrites the destination of what comes to the public side; `false` if nobody is behind it.
    pub fn inbound(&self, packet: &mut Packet) -> bool {
        if packet.to.ip() != self.public {
            return true;
        }
        let inside = self.ports.iter().find(|it| *it.1 == packet.to.port());
        if let Some((port, _)) = inside {
            packet.to = SocketAddr::new(self.private, *port);
        }
        inside.is_some()
    }
}
