//! Two IKEv1 endpoints, one clock, and a link between them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ike_crypto::Provider;
use ike_ext::{ChildId, Extension, Extensions, Instant, PolicyId, SaId};
use ikev1::{
    Authentication, Child, ChildSa, Config, Connection, Datagram, Dropped, Endpoint, Event,
    Failure, Input, Outbox, Output, Remote, SaStatus, User, Xauth,
};
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, Identity};
use isakmp_wire::marker;

use crate::link::{Conditions, Link, Packet};
use crate::pair::Side;
use crate::rng::Rng;

/// The connection that both parties have.
pub const POLICY: PolicyId = PolicyId::new(1);
/// The secret that both parties share.
pub const PSK: &[u8] = b"what both sides know";
/// What both offer in phase 1, and for the child.
pub const SUITES: (&str, &str) = ("aes128-sha256-ecp256", "aes128-sha256");

/// No negotiation takes longer, with the schedules that tests use.
const LONG: Duration = Duration::from_secs(1200);
/// More steps than this at one point in time are a loop.
const MAX_STEPS_AT_ONCE: usize = 10_000;

/// Two parties, and what is between them.
#[derive(Debug)]
pub struct Setup {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The cryptography of both.
    pub provider: &'static Provider,
    /// The link.
    pub conditions: Conditions,
    /// What the parties are told: the first, who begins as a rule, and the second.
    pub configs: [Config; 2],
    /// Their extensions.
    pub extensions: [Extensions; 2],
}

/// The address of a party.
#[must_use]
pub fn address(side: Side) -> IpAddr {
    [192, 0, 2, side as u8 + 1].into()
}

/// Who a party is.
#[must_use]
pub fn identity(side: Side) -> Identity {
    Identity::fqdn(["a.example", "b.example"][side as usize])
}

/// What a party is told: a shared secret, one suite and one child, and that the keys be reported.
#[must_use]
pub fn config(side: Side) -> Config {
    let peer = side.peer();
    let mut config = told(identity(side), Some(identity(peer)), Some(address(peer)));
    config.key_log = true;
    config
}

/// What somebody is told about itself and its peer, who it is and where, as far as that is settled.
#[must_use]
pub fn told(ours: Identity, theirs: Option<Identity>, remote: Option<IpAddr>) -> Config {
    let authentication = Authentication::psk(ours, theirs, PSK.to_vec().into());
    let mut it = Connection::new(POLICY, "site", authentication);
    it.remote = remote.map(Remote::new);
    it.proposals = vec![IkeProposal::parse(SUITES.0).expect("a suite")];
    let esp = EspProposal::parse(SUITES.1).expect("a suite");
    it.children = vec![Child::new("net", vec![esp])];
    Config::new(vec![it])
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// `a.example` at 192.0.2.1 and `b.example` at 192.0.2.2, which share a key and a suite, on a perfect link.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seed: 1,
            provider: ike_rustcrypto::provider(),
            conditions: Conditions::PERFECT,
            configs: [config(Side::A), config(Side::B)],
            extensions: [Extensions::none(), Extensions::none()],
        }
    }

    /// As [`new`](Self::new), with cryptography that protects nothing and costs nothing.
    #[must_use]
    pub fn insecure() -> Self {
        Self {
            provider: ike_crypto::null::provider(),
            ..Self::new()
        }
    }

    /// Sets the seed.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets what the link does.
    #[must_use]
    pub const fn conditions(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// Changes the connection of both in the same way.
    #[must_use]
    pub fn both(mut self, mut change: impl FnMut(&mut Connection)) -> Self {
        for it in &mut self.configs {
            change(&mut it.connections[0]);
        }
        self
    }

    /// Has a user prove itself after phase 1, and an address asked for: the first party is the client.
    #[must_use]
    pub fn road_warrior(mut self) -> Self {
        let user = || User {
            name: "carol".into(),
            password: b"a password".to_vec().into(),
        };
        let [client, server] = &mut self.configs;
        let client = &mut client.connections[0];
        client.authentication.xauth = Some(Xauth::Client(user()));
        client.addressing.request_v4 = true;
        let server = &mut server.connections[0];
        server.authentication.xauth = Some(Xauth::Server(vec![user()]));
        server.addressing.assign.addresses = vec![([10, 9, 0, 5].into(), 32)];
        self
    }

    /// Adds an extension to one party.
    #[must_use]
    pub fn extend(mut self, side: Side, extension: impl Extension) -> Self {
        let place = &mut self.extensions[side as usize];
        *place = std::mem::take(place).with(extension);
        self
    }

    /// Makes the endpoints.
    #[must_use]
    pub fn build(self) -> Pair {
        Pair::new(self)
    }
}

/// One endpoint and everything that it has said.
#[derive(Debug)]
pub struct Host {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its address.
    pub address: IpAddr,
    /// The children that are installed.
    pub children: BTreeMap<ChildId, ChildSa>,
    /// What it reported, and when.
    pub events: Vec<(Instant, Event)>,
    /// What it says of a peer's certificates.
    pub verdict: Result<Vec<u8>, String>,
    out: Outbox,
}

impl Host {
    /// An endpoint and nothing around it.
    #[must_use]
    pub fn new(endpoint: Endpoint, address: IpAddr) -> Self {
        Self {
            endpoint,
            address,
            children: BTreeMap::new(),
            events: Vec::new(),
            verdict: Err("nobody is trusted".into()),
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
        loop {
            let asked = self.carry_out(now, &mut packets);
            if asked.is_empty() {
                return (result, packets);
            }
            for sa in asked {
                let verdict = self.verdict.as_deref().map_err(Clone::clone);
                let told = self.endpoint.trusted(now, sa, verdict, &mut self.out);
                told.expect("an SA that waits");
            }
        }
    }

    /// Does what the endpoint says; the SAs that wait for a verdict on certificates.
    fn carry_out(&mut self, now: Instant, packets: &mut Vec<Packet>) -> Vec<SaId> {
        let mut asked = Vec::new();
        for output in self.out.drain() {
            match output {
                Output::Transmit(it) => packets.push(Packet {
                    from: it.local,
                    to: it.remote,
                    bytes: it.bytes,
                }),
                Output::InstallChild(it) => {
                    let twice = self.children.insert(it.id, *it);
                    assert!(twice.is_none(), "a child was installed twice");
                }
                Output::DeleteChild(it) => {
                    let known = self.children.remove(&it);
                    assert!(known.is_some(), "a child was removed that was not there");
                }
                Output::UpdateChild(_) => {}
                Output::Event(it) => {
                    if let Event::PeerCertificates(it) = &it {
                        asked.push(it.sa);
                    }
                    self.events.push((now, it));
                }
            }
        }
        asked
    }

    /// Hands it a datagram as sockets would; what it sends in return.
    pub fn receive(&mut self, now: Instant, packet: &Packet) -> Vec<Packet> {
        let ports = self.endpoint.config().ports;
        let (marker, bytes) = if packet.to.port() == ports.ike {
            (false, packet.bytes.as_slice())
        } else {
            match marker::classify(&packet.bytes) {
                marker::Datagram::Ike(bytes) => (true, bytes),
                _ => return Vec::new(),
            }
        };
        let datagram = Datagram {
            local: packet.to,
            remote: packet.from,
            marker,
            bytes,
        };
        let (_, packets) = self.call(now, |endpoint, out| {
            endpoint.handle(now, Input::Datagram(datagram), out);
        });
        packets
    }

    /// Tells it the time; what it sends.
    pub fn wake(&mut self, now: Instant) -> Vec<Packet> {
        let (_, packets) = self.call(now, |endpoint, out| {
            endpoint.handle(now, Input::Timeout, out);
        });
        packets
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.endpoint.next_timeout().map(|it| it.at)
    }

    /// One of its extensions.
    #[must_use]
    pub fn extension<E: Extension>(&self) -> &E {
        self.endpoint.extensions().get().expect("the extension")
    }

    /// Its SAs that are up.
    pub fn established(&self) -> impl Iterator<Item = SaStatus<'_>> {
        self.endpoint.sas().filter(|it| it.state == "established")
    }

    /// Its only SA that is up.
    #[must_use]
    pub fn sa(&self) -> SaId {
        let mut up = self.established();
        match (up.next(), up.next()) {
            (Some(sa), None) => sa.sa,
            _ => panic!("{} SAs are up", self.established().count()),
        }
    }

    /// Its only child.
    #[must_use]
    pub fn child(&self) -> &ChildSa {
        assert_eq!(self.children.len(), 1, "{:?}", self.events);
        self.children.values().next().expect("a child")
    }

    /// How many of its events are like this.
    pub fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|(_, it)| wanted(it)).count()
    }

    /// Why datagrams led to nothing.
    pub fn dropped(&self) -> impl Iterator<Item = Dropped> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Dropped { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    /// Its children, by their SPIs, inbound and outbound; those of SAs that are gone with them.
    #[must_use]
    pub fn spis(&self) -> Vec<(u32, u32)> {
        let children = self.children.values();
        let mut all: Vec<_> = children
            .map(|it| (it.inbound.spi, it.outbound.spi))
            .collect();
        all.sort_unstable();
        all
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
}

/// Two endpoints, one clock, and a link between them.
pub struct Pair {
    /// The time.
    pub now: Instant,
    /// The parties.
    pub hosts: [Host; 2],
    /// What is between them.
    pub link: Link,
    /// Of whoever wants to do something at random.
    pub rng: Rng,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("now", &self.now)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

impl Pair {
    fn new(setup: Setup) -> Self {
        let mut rng = Rng::new(setup.seed);
        let [a, b] = setup.configs;
        let [of_a, of_b] = setup.extensions;
        let mut host = |side, config, extensions| {
            let endpoint = Endpoint::new(config, setup.provider, extensions, rng.seed());
            Host::new(endpoint.expect("an endpoint"), address(side))
        };
        let hosts = [host(Side::A, a, of_a), host(Side::B, b, of_b)];
        let link = Link::new(setup.conditions, Rng::new(rng.next()));
        Self {
            now: Instant::EPOCH,
            hosts,
            link,
            rng,
        }
    }

    /// One of the two.
    #[must_use]
    pub const fn host(&self, side: Side) -> &Host {
        let [a, b] = &self.hosts;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// One of the two.
    pub const fn host_mut(&mut self, side: Side) -> &mut Host {
        let [a, b] = &mut self.hosts;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// Calls an endpoint, and puts what it sends on the link.
    pub fn call<R>(
        &mut self,
        side: Side,
        call: impl FnOnce(&mut Endpoint, Instant, &mut Outbox) -> R,
    ) -> R {
        let now = self.now;
        let host = self.host_mut(side);
        let (result, packets) = host.call(now, |endpoint, out| call(endpoint, now, out));
        self.send(side, packets);
        result
    }

    /// Puts datagrams of one side on the link.
    pub fn send(&mut self, side: Side, packets: Vec<Packet>) {
        for packet in packets {
            self.link.send(self.now, side as usize, packet);
        }
    }

    /// Lets one side begin a negotiation under [`POLICY`].
    pub fn initiate(&mut self, side: Side) -> SaId {
        let begun = self.call(side, |endpoint, now, out| {
            endpoint.initiate(now, POLICY, address(side), out)
        });
        begun.expect("a negotiation")
    }

    /// Lets the first party begin, and waits for the end of it, good or bad.
    pub fn connect(&mut self) {
        self.initiate(Side::A);
        self.settle();
    }

    /// Hands a datagram to whoever has its address, past the link.
    pub fn deliver(&mut self, packet: &Packet) {
        let side = [Side::A, Side::B]
            .into_iter()
            .find(|it| self.host(*it).address == packet.to.ip());
        let Some(side) = side else { return };
        let now = self.now;
        let packets = self.host_mut(side).receive(now, packet);
        self.send(side, packets);
    }

    /// Goes to the next thing that happens, no later than `until`; `false` if nothing does.
    pub fn step(&mut self, until: Instant) -> bool {
        let [a, b] = &self.hosts;
        let times = [self.link.next(), a.deadline(), b.deadline()];
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

    /// Waits until nothing is on the link and every SA has a child, or is gone.
    pub fn settle(&mut self) {
        let ready = |it: &Host| it.endpoint.sas().all(|sa| sa.state == "established");
        let quiet = |it: &Self| it.link.next().is_none() && it.hosts.iter().all(ready);
        let settled = self.run_until(self.now + LONG, |it| {
            let open = it.hosts.iter().any(|host| host.children.is_empty());
            quiet(it) && !(open && it.is_up())
        });
        assert!(settled || quiet(self), "it never ends: {self:?}");
    }

    /// Whether both have an SA that is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let mut hosts = self.hosts.iter();
        hosts.all(|it| it.established().count() > 0)
    }

    /// Whether nothing is on its way, and both sides have the same IKE SAs and children by their SPIs.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        let sas = |host: &Host| {
            let mut all: Vec<_> = host.endpoint.sas().map(|it| it.spis).collect();
            all.sort_unstable();
            all
        };
        let [a, b] = &self.hosts;
        let up = |it: &Host| it.endpoint.sas().all(|sa| sa.state == "established");
        let mut mirrored: Vec<_> = b.spis().iter().map(|it| (it.1, it.0)).collect();
        mirrored.sort_unstable();
        let quiet = self.link.next().is_none() && up(a) && up(b);
        quiet && sas(a) == sas(b) && a.spis() == mirrored
    }

    /// Asserts that both have so many children, and that each is the mirror image of the peer's.
    pub fn assert_joined(&self, children: usize) {
        let [a, b] = &self.hosts;
        assert_eq!(a.children.len(), children, "{:?}", a.events);
        assert_eq!(b.children.len(), children, "{:?}", b.events);
        for ours in a.children.values() {
            let mut all = b.children.values();
            let theirs = all.find(|it| it.inbound.spi == ours.outbound.spi);
            let theirs = theirs.expect("the peer's end of a child");
            let directions = [
                (&ours.inbound, &theirs.outbound),
                (&ours.outbound, &theirs.inbound),
            ];
            for (here, there) in directions {
                assert_eq!(here.spi, there.spi);
                assert_eq!(here.encryption.as_slice(), there.encryption.as_slice());
                assert_eq!(here.integrity.as_slice(), there.integrity.as_slice());
            }
            assert_eq!(ours.suite, theirs.suite);
            assert_eq!(ours.encapsulation, theirs.encapsulation);
            let (local, remote) = ours.selectors;
            assert_eq!((remote, local), theirs.selectors);
        }
    }

    /// Deletes everything on both sides, and waits until nothing is left to be done.
    pub fn shut_down(&mut self) {
        for side in [Side::A, Side::B] {
            self.call(side, Endpoint::shutdown);
        }
        self.run(LONG);
    }

    /// Asserts that no SA, no child, no timer and no datagram is left.
    pub fn assert_empty(&self) {
        assert_eq!(self.link.next(), None);
        for host in &self.hosts {
            assert_eq!(host.endpoint.sas().count(), 0);
            assert!(host.endpoint.is_idle());
            assert_eq!(host.endpoint.next_timeout(), None);
            assert!(host.children.is_empty(), "{:?}", host.children);
        }
    }
}
