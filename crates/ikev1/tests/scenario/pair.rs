//! Two endpoints, one clock, and a link between them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ike_crypto::Provider;
use ike_ext::{ChildId, Extensions, Instant, PolicyId, SaId};
use ikev1::{
    Authentication, Child, ChildSa, Config, Connection, Datagram, Endpoint, Event, Failure, Input,
    Outbox, Output, Remote, Transmit,
};
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, Identity};

/// One endpoint and everything that it has said.
pub(crate) struct Host {
    pub(crate) endpoint: Endpoint,
    pub(crate) children: BTreeMap<ChildId, ChildSa>,
    pub(crate) events: Vec<Event>,
    /// What is said of the peer's certificates, whenever it is asked.
    pub(crate) verdict: Result<Vec<u8>, String>,
    out: Outbox,
}

/// What the link does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// How many of a thousand are lost, and how many arrive twice.
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    /// Datagrams are late by up to this, at random.
    pub(crate) jitter: Duration,
}

pub(crate) const PERFECT: Link = Link {
    loss: 0,
    twice: 0,
    jitter: Duration::ZERO,
};

pub(crate) const BAD: Link = Link {
    loss: 150,
    twice: 150,
    jitter: Duration::from_millis(900),
};

/// Somebody on the path.
pub(crate) type Meddler = Box<dyn FnMut(Transmit) -> Vec<Transmit>>;

pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) hosts: [Host; 2],
    pub(crate) link: Link,
    pub(crate) meddler: Option<Meddler>,
    pub(crate) crossed: Vec<Transmit>,
    flying: Vec<(Instant, u64, Transmit)>,
    rng: u64,
    count: u64,
}

pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const POLICY: PolicyId = PolicyId::new(1);

pub(crate) fn address(side: usize) -> IpAddr {
    [192, 0, 2, if side == A { 1 } else { 2 }].into()
}

pub(crate) fn identity(side: usize) -> Identity {
    Identity::fqdn(if side == A { "a.example" } else { "b.example" })
}

pub(crate) fn psk(side: usize) -> Authentication {
    let secret = b"a long and random secret".to_vec().into();
    Authentication::psk(identity(side), Some(identity(1 - side)), secret)
}

pub(crate) fn connection(side: usize, authentication: Authentication) -> Connection {
    let mut it = Connection::new(POLICY, "site", authentication);
    it.remote = Some(Remote::new(address(1 - side)));
    it.proposals = vec![IkeProposal::parse("aes128-sha256-ecp256").unwrap()];
    let esp = EspProposal::parse("aes128-sha256").unwrap();
    it.children = vec![Child::new("net", vec![esp])];
    it
}

/// A configuration of one connection.
pub(crate) fn config(side: usize) -> Config {
    Config::new(vec![connection(side, psk(side))])
}

impl Host {
    fn new(
        side: usize,
        config: Config,
        provider: &'static Provider,
        extensions: Extensions,
    ) -> Self {
        Self::seeded(side, config, provider, extensions, 0)
    }

    fn seeded(
        side: usize,
        config: Config,
        provider: &'static Provider,
        extensions: Extensions,
        life: u8,
    ) -> Self {
        let seed = [u8::try_from(side).unwrap() + 1 + life; 32];
        Self {
            endpoint: Endpoint::new(config, provider, extensions, seed).unwrap(),
            children: BTreeMap::new(),
            events: Vec::new(),
            verdict: Err("nobody is trusted".into()),
            out: Outbox::new(),
        }
    }

    /// Carries out what the endpoint says; the datagrams.
    fn drain(&mut self, now: Instant) -> Vec<Transmit> {
        let mut packets = Vec::new();
        let mut asked = Vec::new();
        for output in self.out.drain() {
            match output {
                Output::Transmit(it) => packets.push(it),
                Output::InstallChild(it) => {
                    assert!(
                        self.children.insert(it.id, *it).is_none(),
                        "installed twice"
                    );
                }
                Output::DeleteChild(it) => {
                    assert!(self.children.remove(&it).is_some(), "removed but not there");
                }
                Output::UpdateChild(_) => {}
                Output::Event(it) => {
                    if let Event::PeerCertificates(it) = &it {
                        asked.push(it.sa);
                    }
                    self.events.push(it);
                }
            }
        }
        for sa in asked {
            let verdict = self.verdict.as_deref().map_err(Clone::clone);
            self.endpoint
                .trusted(now, sa, verdict, &mut self.out)
                .unwrap();
            packets.extend(self.drain(now));
        }
        packets
    }

    pub(crate) fn failures(&self) -> Vec<Failure> {
        let found = self.events.iter().filter_map(|it| match it {
            Event::Failed { failure, .. }
            | Event::ChildFailed { failure, .. }
            | Event::Refused { failure, .. } => Some(failure.clone()),
            _ => None,
        });
        found.collect()
    }

    pub(crate) fn established(&self) -> Vec<SaId> {
        let up = self.endpoint.sas().filter(|it| it.state == "established");
        up.map(|it| it.sa).collect()
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|it| wanted(it)).count()
    }
}

impl Pair {
    pub(crate) fn new(a: Config, b: Config) -> Self {
        Self::extended(a, b, Extensions::none)
    }

    /// A pair with extensions on both sides.
    pub(crate) fn extended(a: Config, b: Config, extensions: impl Fn() -> Extensions) -> Self {
        let provider = ike_rustcrypto::provider();
        Self {
            now: Instant::EPOCH,
            hosts: [
                Host::new(A, a, provider, extensions()),
                Host::new(B, b, provider, extensions()),
            ],
            link: PERFECT,
            meddler: None,
            crossed: Vec::new(),
            flying: Vec::new(),
            rng: 7,
            count: 0,
        }
    }

    /// A pair that differs from the usual one by `change`.
    pub(crate) fn changed(change: impl Fn(usize, &mut Connection)) -> Self {
        let mut both = [config(A), config(B)];
        for (side, config) in both.iter_mut().enumerate() {
            change(side, &mut config.connections[0]);
        }
        let [a, b] = both;
        Self::new(a, b)
    }

    /// One side loses everything, and comes back.
    pub(crate) fn restart(&mut self, side: usize) {
        let provider = ike_rustcrypto::provider();
        self.hosts[side] = Host::seeded(side, config(side), provider, Extensions::none(), 9);
    }

    pub(crate) fn seeded(mut self, seed: u64) -> Self {
        self.rng = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self
    }

    fn roll(&mut self, below: u64) -> u64 {
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 7;
        self.rng ^= self.rng << 17;
        if below == 0 { 0 } else { self.rng % below }
    }

    /// Calls an endpoint, and puts what it sends on the link.
    pub(crate) fn call<R>(
        &mut self,
        side: usize,
        call: impl FnOnce(&mut Endpoint, Instant, &mut Outbox) -> R,
    ) -> R {
        let host = &mut self.hosts[side];
        let result = call(&mut host.endpoint, self.now, &mut host.out);
        let packets = host.drain(self.now);
        for it in packets {
            self.send(it);
        }
        result
    }

    fn send(&mut self, packet: Transmit) {
        self.crossed.push(packet.clone());
        let packets = match &mut self.meddler {
            Some(meddler) => meddler(packet),
            None => vec![packet],
        };
        for it in packets {
            if self.roll(1000) < self.link.loss {
                continue;
            }
            let copies = 1 + u64::from(self.roll(1000) < self.link.twice);
            for _ in 0..copies {
                self.inject(it.clone());
            }
        }
    }

    pub(crate) fn inject(&mut self, packet: Transmit) {
        let jitter = u64::try_from(self.link.jitter.as_millis()).unwrap();
        let late = Duration::from_millis(10 + self.roll(jitter));
        self.count += 1;
        self.flying.push((self.now + late, self.count, packet));
    }

    pub(crate) fn deliver(&mut self, packet: &Transmit) {
        let side = usize::from(packet.remote.ip() != address(A));
        let plain = packet.remote.port() == 500;
        let bytes = if plain {
            packet.bytes.as_slice()
        } else {
            packet.bytes.strip_prefix(&[0; 4]).unwrap_or(&[])
        };
        let datagram = Datagram {
            local: packet.remote,
            remote: packet.local,
            marker: !plain,
            bytes,
        };
        self.call(side, |endpoint, now, out| {
            endpoint.handle(now, Input::Datagram(datagram), out);
        });
    }

    /// The next thing that happens, not later than `until`.
    fn step(&mut self, until: Instant) -> bool {
        let arrival = self.flying.iter().map(|it| (it.0, it.1)).min();
        let timer = |side: usize| self.hosts[side].endpoint.next_timeout().map(|it| it.at);
        let wake = [timer(A), timer(B)].into_iter().flatten().min();
        let next = [arrival.map(|it| it.0), wake].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at <= until) else {
            return false;
        };
        self.now = next.max(self.now);
        if let Some((at, number)) = arrival.filter(|it| it.0 == next) {
            let found = self
                .flying
                .iter()
                .position(|it| (it.0, it.1) == (at, number));
            let packet = self.flying.remove(found.unwrap()).2;
            self.deliver(&packet);
            return true;
        }
        for side in [A, B] {
            self.call(side, |endpoint, now, out| {
                endpoint.handle(now, Input::Timeout, out);
            });
        }
        true
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 20_000, "an endless loop at {:?}", self.now);
        }
        self.now = until;
    }

    pub(crate) fn initiate(&mut self, side: usize) -> SaId {
        let local = address(side);
        self.call(side, |endpoint, now, out| {
            endpoint.initiate(now, POLICY, local, out).unwrap()
        })
    }

    /// Brings up what the first configuration says.
    pub(crate) fn connect(&mut self) -> SaId {
        let sa = self.initiate(A);
        self.run(Duration::from_secs(5));
        sa
    }

    /// Both sides have one pair of child SAs with each other, and the keys agree.
    pub(crate) fn assert_joined(&self, children: usize) {
        let [a, b] = &self.hosts;
        assert_eq!(a.children.len(), children, "A: {:?}", a.events);
        assert_eq!(b.children.len(), children, "B: {:?}", b.events);
        for child in a.children.values() {
            let mut all = b.children.values();
            let other = all.find(|it| it.inbound.spi == child.outbound.spi).unwrap();
            assert_eq!(other.outbound.spi, child.inbound.spi);
            let same = |x: &ikev1::ChildKeys, y: &ikev1::ChildKeys| {
                assert_eq!(x.encryption.as_slice(), y.encryption.as_slice());
                assert_eq!(x.integrity.as_slice(), y.integrity.as_slice());
            };
            same(&child.inbound, &other.outbound);
            same(&child.outbound, &other.inbound);
            assert_ne!(
                child.inbound.integrity.as_slice(),
                child.outbound.integrity.as_slice()
            );
            assert_eq!(child.suite, other.suite);
            assert_eq!(child.encapsulation, other.encapsulation);
            assert_eq!((child.selectors.1, child.selectors.0), other.selectors);
        }
    }

    pub(crate) fn assert_empty(&self) {
        for host in &self.hosts {
            assert_eq!(host.endpoint.sas().count(), 0, "{:?}", host.events);
            assert!(host.endpoint.next_timeout().is_none());
            assert!(host.children.is_empty());
        }
    }

    pub(crate) fn from(&self, side: usize) -> usize {
        let own = SocketAddr::new(address(side), 500).ip();
        self.crossed
            .iter()
            .filter(|it| it.local.ip() == own)
            .count()
    }
}
