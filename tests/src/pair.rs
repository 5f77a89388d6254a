//! Two endpoints, one clock, and a link between them.

use std::fmt;
use std::time::Duration;

use ike_crypto::{Provider, SecretVec};
use ike_ext::{ChildId, Instant, SaId};
use ikee_fragmentation_v2::FragmentationV2;
use ikee_server_address::ServerAddress;
use ikev2::{Endpoint, InitiateError, Input, KeyLog};

use crate::host::Host;
use crate::keyring::Keyring;
use crate::link::{Link, Packet};
use crate::plane::Marker;
use crate::rng::Rng;
use crate::setup::{POLICY, Party, Setup};
use crate::wire::Clear;

/// One of the two parties.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The first; the initiator, unless a test has it otherwise.
    A,
    /// The second.
    B,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Decides what goes on instead of a datagram of one side, knowing all keys.
pub type Intruder = Box<dyn FnMut(&Keyring<'_>, Side, Packet) -> Vec<Packet>>;

/// Two endpoints, one clock, and a link between them.
pub struct Pair {
    /// The time.
    pub now: Instant,
    /// The first party.
    pub a: Host,
    /// The second party.
    pub b: Host,
    /// What is between them.
    pub link: Link,
    /// Somebody on the path who knows the keys; takes the place of the link's meddler.
    pub intruder: Option<Intruder>,
    /// The cryptography of both.
    pub provider: &'static Provider,
    /// Of whoever wants to do something at random.
    pub rng: Rng,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("now", &self.now)
            .field("a", &self.a)
            .field("b", &self.b)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// No negotiation takes longer, with the schedules that tests use.
const LONG: Duration = Duration::from_secs(1200);

/// More steps than this at one point in time are a loop.
const MAX_STEPS_AT_ONCE: usize = 10_000;

impl Pair {
    pub(crate) fn new(setup: Setup) -> Self {
        let mut rng = Rng::new(setup.seed);
        let provider = setup.provider;
        let mut host = |party: Party| {
            let endpoint = Endpoint::new(party.config, provider, party.extensions, rng.seed());
            Host::new(endpoint.expect("an endpoint"), party.address)
        };
        let (a, b) = (host(setup.a), host(setup.b));
        let mut link = Link::new(setup.conditions, Rng::new(rng.next()));
        link.nat = setup.nat;
        Self {
            now: Instant::EPOCH,
            a,
            b,
            link,
            intruder: None,
            provider,
            rng,
        }
    }

    /// One of the two.
    #[must_use]
    pub const fn host(&self, side: Side) -> &Host {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// One of the two.
    pub const fn host_mut(&mut self, side: Side) -> &mut Host {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    /// Lets one side begin a negotiation under [`POLICY`].
    ///
    /// # Errors
    ///
    /// As [`Endpoint::initiate`].
    pub fn initiate(&mut self, side: Side) -> Result<SaId, InitiateError> {
        let now = self.now;
        let host = self.host_mut(side);
        let address = host.address;
        let (result, packets) = host.call(now, |endpoint, out| {
            endpoint.initiate(now, POLICY, address, out)
        });
        self.send(side, packets);
        result
    }

    /// Lets the first party begin, and waits for the end of it, good or bad.
    pub fn connect(&mut self) {
        self.initiate(Side::A).expect("a negotiation");
        self.settle();
    }

    /// Deletes the only SA of one side.
    pub fn delete(&mut self, side: Side) {
        let sa = self.host(side).sa();
        self.delete_sa(side, sa);
    }

    /// Deletes an SA of one side.
    pub fn delete_sa(&mut self, side: Side, sa: SaId) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) = host.call(now, |endpoint, out| endpoint.delete(now, sa, out));
        result.expect("an SA");
        self.send(side, packets);
    }

    /// Deletes a child of one side.
    pub fn delete_child(&mut self, side: Side, child: ChildId) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) =
            host.call(now, |endpoint, out| endpoint.delete_child(now, child, out));
        result.expect("a child");
        self.send(side, packets);
    }

    /// Has one side replace a child.
    pub fn rekey_child(&mut self, side: Side, child: ChildId) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) =
            host.call(now, |endpoint, out| endpoint.rekey_child(now, child, out));
        result.expect("a child");
        self.send(side, packets);
    }

    /// Has one side replace an IKE SA.
    pub fn rekey_sa(&mut self, side: Side, sa: SaId) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) = host.call(now, |endpoint, out| endpoint.rekey(now, sa, out));
        result.expect("an SA");
        self.send(side, packets);
    }

    /// Has one side open an SA with fresh proofs in an SA's place, if its connection has an address to go to.
    pub fn reauthenticate(&mut self, side: Side, sa: SaId) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) =
            host.call(now, |endpoint, out| endpoint.reauthenticate(now, sa, out));
        let unable = result == Err(ikev2::Misuse::CannotInitiate);
        assert!(result.is_ok() || unable, "{result:?}");
        self.send(side, packets);
    }

    /// Has one side open another child, the connection's `index`th.
    pub fn create_child(&mut self, side: Side, sa: SaId, index: usize) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) = host.call(now, |endpoint, out| {
            endpoint.create_child(now, sa, index, out)
        });
        result.expect("an SA");
        self.send(side, packets);
    }

    /// Has one side's data plane report that a child has carried enough.
    pub fn expire(&mut self, side: Side, child: ChildId, hard: bool) {
        let now = self.now;
        let host = self.host_mut(side);
        let (_, packets) = host.call(now, |endpoint, out| {
            endpoint.handle(now, Input::ChildExpired { child, hard }, out);
        });
        self.send(side, packets);
    }

    /// Has one side ask whether the other lives.
    pub fn probe(&mut self, side: Side) {
        let sa = self.host(side).sa();
        self.probe_sa(side, sa);
    }

    /// Has one side ask whether the other end of an SA lives.
    pub fn probe_sa(&mut self, side: Side, sa: SaId) {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) = host.call(now, |endpoint, out| endpoint.probe(now, sa, out));
        result.expect("an SA");
        self.send(side, packets);
    }

    /// Puts datagrams of one side on the link.
    pub fn send(&mut self, side: Side, packets: Vec<Packet>) {
        for packet in packets {
            let Some(mut intruder) = self.intruder.take() else {
                self.link.send(self.now, side as usize, packet);
                continue;
            };
            if let Some(packet) = self.link.enter(self.now, side as usize, packet) {
                let packets = intruder(&Keyring::of(self), side, packet);
                self.link.carry(self.now, packets);
            }
            self.intruder = Some(intruder);
        }
    }

    /// How many messages of one side are on their way.
    #[must_use]
    pub fn waiting(&self, side: Side) -> usize {
        self.link.waiting(self.host(side).address)
    }

    /// Takes the oldest message of one side off the wire: to deliver it later, or never.
    pub fn take(&mut self, side: Side) -> Packet {
        let taken = self.link.take(self.host(side).address);
        taken.unwrap_or_else(|| panic!("{side:?} has sent nothing"))
    }

    /// Delivers the oldest message of one side, and says what it was.
    pub fn pass(&mut self, side: Side) -> Clear {
        let packet = self.take(side);
        let clear = self.read(&packet);
        self.deliver(&packet);
        clear
    }

    /// Hands a datagram to whoever has its address, past the link.
    pub fn deliver(&mut self, packet: &Packet) {
        let side = if packet.to.ip() == self.a.address {
            Side::A
        } else if packet.to.ip() == self.b.address {
            Side::B
        } else {
            return;
        };
        let now = self.now;
        let packets = self.host_mut(side).receive(now, packet);
        self.send(side, packets);
    }

    /// Goes to the next thing that happens, no later than `until`; `false` if nothing does.
    pub fn step(&mut self, until: Instant) -> bool {
        let times = [self.link.next(), self.a.deadline(), self.b.deadline()];
        let Some(at) = times.into_iter().flatten().min().filter(|it| *it <= until) else {
            return false;
        };
        self.now = self.now.max(at);
        let now = self.now;
        if let Some(packet) = self.link.arrive(now) {
            self.deliver(&packet);
            return true;
        }
        for side in [Side::A, Side::B] {
            if self.host(side).deadline().is_some_and(|it| it <= now) {
                let packets = self.host_mut(side).wake(now);
                self.send(side, packets);
            }
        }
        true
    }

    /// Steps until `done`, or until nothing happens before `until`; whether it is done.
    pub fn run_until(&mut self, until: Instant, mut done: impl FnMut(&Self) -> bool) -> bool {
        let (mut at, mut steps) = (self.now, 0);
        loop {
            if done(self) {
                return true;
            }
            if !self.step(until) {
                return false;
            }
            steps = if at == self.now { steps + 1 } else { 0 };
            at = self.now;
            assert!(steps < MAX_STEPS_AT_ONCE, "time stands still at {at:?}");
        }
    }

    /// Lets so much time pass.
    pub fn run(&mut self, time: Duration) {
        let until = self.now + time;
        self.run_until(until, |_| false);
        self.now = self.now.max(until);
    }

    /// Waits until nothing is on the link and no negotiation is under way.
    pub fn settle(&mut self) {
        let settled = self.run_until(self.now + LONG, |it| {
            it.link.next().is_none() && !it.a.is_negotiating() && !it.b.is_negotiating()
        });
        assert!(settled, "it never ends: {:?} {:?}", self.a, self.b);
    }

    /// Has both sides delete everything, and waits until neither wants to be woken again.
    pub fn shut_down(&mut self) {
        let now = self.now;
        for side in [Side::A, Side::B] {
            let host = self.host_mut(side);
            let (_, packets) = host.call(now, |endpoint, out| endpoint.shutdown(now, out));
            self.send(side, packets);
        }
        self.run_until(now + LONG, |_| false);
    }

    /// Asserts that no SA, no child, no row, no timer and no datagram is left.
    pub fn assert_empty(&self) {
        assert_eq!(self.link.next(), None);
        for host in [&self.a, &self.b] {
            let endpoint = &host.endpoint;
            assert_eq!(endpoint.sas().count(), 0);
            assert!(endpoint.is_idle());
            assert_eq!(endpoint.next_timeout(), None);
            assert!(host.children.is_empty(), "{:?}", host.children);
            assert!(host.plane.is_empty());
            let extensions = endpoint.extensions();
            let fragmentation = extensions.get::<FragmentationV2>();
            assert!(fragmentation.is_none_or(FragmentationV2::is_idle));
            let server = extensions.get::<ServerAddress>();
            assert!(server.is_none_or(ServerAddress::is_idle));
        }
    }

    /// Where a packet would be lost now: the side that would send it, and its child's name.
    #[must_use]
    pub fn gaps(&self) -> Vec<(Side, String)> {
        let mut gaps = Vec::new();
        for side in [Side::A, Side::B] {
            let receiver = &self.host(side.peer()).plane;
            let lost = |it: &(&str, Marker)| receiver.takes(&it.1).is_none();
            let lost = self.host(side).plane.markers().filter(lost);
            gaps.extend(lost.map(|it| (side, it.0.to_owned())));
        }
        gaps
    }

    /// Whether nothing is on its way, and both sides have the same IKE SAs and children by their SPIs.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        let spis = |host: &Host, mirrored: bool| {
            let sas = host.endpoint.sas().map(|sa| {
                let children = sa.children().map(|it| match it.spis {
                    (inbound, outbound) if mirrored => (outbound, inbound),
                    spis => spis,
                });
                let mut children: Vec<_> = children.collect();
                children.sort_unstable();
                (sa.spis, children)
            });
            let mut sas: Vec<_> = sas.collect();
            sas.sort_unstable();
            sas
        };
        let quiet = self.link.next().is_none();
        let settled = !self.a.is_negotiating() && !self.b.is_negotiating();
        quiet && settled && spis(&self.a, false) == spis(&self.b, true) && self.gaps().is_empty()
    }

    /// Asserts that both sides have the same IKE SAs, under the same keys, with the same children.
    pub fn assert_agreed(&self) {
        let spis = |host: &Host| {
            let mut spis: Vec<_> = host.endpoint.sas().map(|it| it.spis).collect();
            spis.sort_unstable();
            spis
        };
        assert_eq!(spis(&self.a), spis(&self.b), "other SAs");
        for host in [&self.a, &self.b] {
            for child in host.endpoint.sas().flat_map(|it| it.children()) {
                let installed = host.children.get(&child.child).expect("an installed child");
                let spis = (installed.inbound.spi, installed.outbound.spi);
                assert_eq!(spis, child.spis);
            }
        }
        let above = |host: &Host, spi: u32| {
            let mut sas = host.endpoint.sas();
            let found = sas.find(|it| it.children().any(|it| it.spis.0 == spi));
            found.map(|it| it.spis)
        };
        for child in self.a.live() {
            let ours = above(&self.a, child.inbound.spi);
            assert_eq!(ours, above(&self.b, child.outbound.spi), "under another SA");
        }
        for wanted in spis(&self.a) {
            let mut keys = self
                .a
                .keys()
                .chain(self.b.keys())
                .filter_map(|it| match it {
                    KeyLog::Ike {
                        spis, encryption, ..
                    } if *spis == wanted => Some(encryption),
                    _ => None,
                });
            let (first, second) = (keys.next(), keys.next());
            let octets = |it: Option<&(SecretVec, SecretVec)>| {
                it.map(|it| [it.0.as_slice(), it.1.as_slice()].concat())
            };
            assert_eq!(octets(first), octets(second), "other keys");
        }
        if self.a.live().count() + self.b.live().count() > 0 {
            self.assert_children_match();
        }
    }

    /// Asserts that each child of one side is the mirror image of one of the other.
    pub fn assert_children_match(&self) {
        assert_eq!(self.a.live().count(), self.b.live().count());
        assert_ne!(self.a.live().count(), 0, "no children");
        for ours in self.a.live() {
            let theirs = self
                .b
                .live()
                .find(|it| it.outbound.spi == ours.inbound.spi)
                .expect("the peer's end of a child");
            assert_eq!(ours.outbound.spi, theirs.inbound.spi);
            let directions = [
                (&ours.inbound, &theirs.outbound),
                (&ours.outbound, &theirs.inbound),
            ];
            for (here, there) in directions {
                assert_eq!(here.encryption.as_slice(), there.encryption.as_slice());
                assert_eq!(here.integrity.as_slice(), there.integrity.as_slice());
            }
            let sending = |it: &ikev2::ChildSa| {
                let keys = &it.outbound;
                [keys.encryption.as_slice(), keys.integrity.as_slice()].concat()
            };
            assert_ne!(sending(ours), sending(theirs));
            assert_eq!(ours.suite, theirs.suite);
            assert_eq!(ours.local_selectors, theirs.remote_selectors);
            assert_eq!(ours.remote_selectors, theirs.local_selectors);
            assert_eq!(ours.udp_encapsulation, theirs.udp_encapsulation);
        }
    }
}
