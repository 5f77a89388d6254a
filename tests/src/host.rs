//! One endpoint with the driver that a program would put around it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ike_ext::{ChildId, Extension, Instant, Role, SaId};
use ikev2::{
    ChildSa, ChildUpdate, CloseReason, Datagram, Dropped, Endpoint, Event, Failure, Input, KeyLog,
    Outbox, Output, SaStatus,
};
use isakmp_wire::marker;
use isakmp_wire::v2::NotifyType;

use crate::link::Packet;
use crate::plane::Plane;

/// One endpoint and everything that it has said.
#[derive(Debug)]
pub struct Host {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its address.
    pub address: IpAddr,
    /// Its data plane: the children that are installed.
    pub children: BTreeMap<ChildId, ChildSa>,
    /// Which of them send and which receive.
    pub plane: Plane,
    /// Where children's packets are to go since the peer moved.
    pub updates: Vec<ChildUpdate>,
    /// What it reported, and when.
    pub events: Vec<(Instant, Event)>,
    /// NAT keep-alives that it received.
    pub keepalives: usize,
    out: Outbox,
}

impl Host {
    pub(crate) fn new(endpoint: Endpoint, address: IpAddr) -> Self {
        Self {
            endpoint,
            address,
            children: BTreeMap::new(),
            plane: Plane::default(),
            updates: Vec::new(),
            events: Vec::new(),
            keepalives: 0,
            out: Outbox::new(),
        }
    }

    /// Calls the endpoint, carries out what it says, and returns the datagrams that it sends.
    pub fn call<R>(
        &mut self,
        now: Instant,
        call: impl FnOnce(&mut Endpoint, &mut Outbox) -> R,
    ) -> (R, Vec<Packet>) {
        let result = call(&mut self.endpoint, &mut self.out);
        let mut packets = Vec::new();
        for output in self.out.drain() {
            match output {
                Output::Transmit(it) => packets.push(Packet {
                    from: it.local,
                    to: it.remote,
                    bytes: it.bytes,
                }),
                Output::InstallChild(it) => {
                    let in_time = it.life.role == Role::Initiator || packets.is_empty();
                    assert!(in_time, "the peer may send before the child receives");
                    self.plane.install(&it);
                    let twice = self.children.insert(it.id, *it);
                    assert!(twice.is_none(), "a child was installed twice");
                }
                Output::UseChild(it) => {
                    let child = self.children.get_mut(&it).expect("an installed child");
                    child.life.sends = true;
                    self.plane.turn_to(it);
                }
                Output::UpdateChild(it) => self.updates.push(it),
                Output::DeleteChild(it) => {
                    self.plane.remove(it);
                    let known = self.children.remove(&it);
                    assert!(known.is_some(), "a child was removed that was not there");
                }
                Output::Event(it) => self.events.push((now, it)),
            }
        }
        (result, packets)
    }

    /// Hands it a datagram as sockets would; what it sends in return.
    pub fn receive(&mut self, now: Instant, packet: &Packet) -> Vec<Packet> {
        let ports = self.endpoint.config().ports;
        let plain = (packet.to.port() == ports.ike).then_some(packet.bytes.as_slice());
        let (marker, bytes) = match (plain, marker::classify(&packet.bytes)) {
            (Some(bytes), _) => (false, bytes),
            (None, marker::Datagram::Ike(bytes)) => (true, bytes),
            (None, marker::Datagram::Keepalive) => {
                self.keepalives += 1;
                return Vec::new();
            }
            (None, _) => return Vec::new(),
        };
        let datagram = Datagram {
            local: packet.to,
            remote: packet.from,
            marker,
            bytes,
        };
        self.call(now, |endpoint, out| {
            endpoint.handle(now, Input::Datagram(datagram), out);
        })
        .1
    }

    /// Tells it the time; what it sends.
    pub fn wake(&mut self, now: Instant) -> Vec<Packet> {
        self.call(now, |endpoint, out| {
            endpoint.handle(now, Input::Timeout, out);
        })
        .1
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.endpoint.next_timeout().map(|it| it.at)
    }

    /// Its SAs that are up.
    pub fn established(&self) -> impl Iterator<Item = SaStatus<'_>> {
        self.endpoint.sas().filter(|it| it.state == "established")
    }

    /// Whether it has exactly one SA, and that one is up.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.established().count() == 1 && self.endpoint.sas().count() == 1
    }

    /// Whether a negotiation is under way.
    #[must_use]
    pub fn is_negotiating(&self) -> bool {
        self.endpoint.sas().any(|it| it.state != "established")
    }

    /// Its only SA.
    #[must_use]
    pub fn sa(&self) -> SaId {
        let mut sas = self.endpoint.sas();
        match (sas.next(), sas.next()) {
            (Some(sa), None) => sa.sa,
            _ => panic!("{} SAs", self.endpoint.sas().count()),
        }
    }

    /// The children that its SAs have; those that were replaced may still receive for a while.
    pub fn live(&self) -> impl Iterator<Item = &ChildSa> {
        let all = self.endpoint.sas().flat_map(|it| it.children());
        all.map(|it| self.children.get(&it.child).expect("an installed child"))
    }

    /// Its only child.
    #[must_use]
    pub fn child(&self) -> &ChildSa {
        let mut live = self.live();
        match (live.next(), live.next()) {
            (Some(child), None) => child,
            _ => panic!("{} children", self.live().count()),
        }
    }

    /// Its address and IKE port.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.endpoint.config().ports.ike)
    }

    /// One of its extensions.
    #[must_use]
    pub fn extension<E: Extension>(&self) -> &E {
        self.endpoint.extensions().get().expect("the extension")
    }

    /// Everything that came to nothing: negotiations, children, first messages.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Failed { failure, .. }
            | Event::ChildFailed { failure, .. }
            | Event::Refused { failure, .. } => Some(failure),
            _ => None,
        })
    }

    /// The only failure.
    #[must_use]
    pub fn failure(&self) -> &Failure {
        let all: Vec<_> = self.failures().collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0]
    }

    /// How many negotiations ended by time-out.
    #[must_use]
    pub fn timed_out(&self) -> usize {
        let is_timeout = |it: &&Failure| matches!(it, Failure::Timeout(_));
        self.failures().filter(is_timeout).count()
    }

    /// Why datagrams led to nothing.
    pub fn dropped(&self) -> impl Iterator<Item = Dropped> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Dropped { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    /// Unauthenticated refusals that were only noted.
    pub fn hints(&self) -> impl Iterator<Item = NotifyType> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Hint { notify, .. } => Some(*notify),
            _ => None,
        })
    }

    /// Why established SAs ended.
    pub fn closed(&self) -> impl Iterator<Item = &CloseReason> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Closed { reason, .. } => Some(reason),
            _ => None,
        })
    }

    /// The keys that it reported.
    pub fn keys(&self) -> impl Iterator<Item = &KeyLog> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::KeyLog(keys) => Some(&**keys),
            _ => None,
        })
    }
}
