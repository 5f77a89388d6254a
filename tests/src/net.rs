//! Any number of IKEv1 endpoints, one clock, and a network that delivers by address.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ike_ext::{ChildId, Extension, Extensions, Hint, Instant, PolicyId, SaId};
use ikev1::{
    Authentication, Child, ChildSa, Config, Connection, Datagram, Dropped, Endpoint, Event, Input,
    Outbox, Output, Remote, Transmit,
};
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, Identity};
use isakmp_wire::{ExchangeType, Header};

/// The policy of every connection.
pub const POLICY: PolicyId = PolicyId::new(1);

/// How long a datagram is on its way.
const LATENCY: Duration = Duration::from_millis(10);
/// More steps than this in one run are a loop.
const MAX_STEPS: usize = 200_000;

/// One endpoint and everything that it has said.
#[derive(Debug)]
pub struct Host {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Its address.
    pub address: IpAddr,
    /// The children that its data plane has.
    pub children: BTreeMap<ChildId, ChildSa>,
    /// What it reported, and when.
    pub events: Vec<(Instant, Event)>,
    /// It hears and says nothing.
    pub cut_off: bool,
    out: Outbox,
}

/// Hosts and what is under way between them.
#[derive(Debug)]
pub struct Net {
    /// The time.
    pub now: Instant,
    /// The hosts; of two with one address, the first that is not cut off gets the datagrams.
    pub hosts: Vec<Host>,
    /// Everything that was sent, and when.
    pub crossed: Vec<(Instant, Transmit)>,
    flying: BTreeMap<(Instant, u64), Transmit>,
    count: u64,
}

/// The address of a host by its number.
#[must_use]
pub fn address(n: u8) -> IpAddr {
    [192, 0, 2, n].into()
}

/// What a host believes of itself and of its peer: who is at address `n`, and who is at `peer`, if that is settled.
#[must_use]
pub fn config(n: u8, peer: Option<u8>) -> Config {
    let identity = |n: u8| Identity::fqdn(&format!("host{n}.example"));
    let secret = b"a long and random secret".to_vec().into();
    let authentication = Authentication::psk(identity(n), peer.map(identity), secret);
    let mut connection = Connection::new(POLICY, "site", authentication);
    connection.remote = peer.map(|it| Remote::new(address(it)));
    let ike = IkeProposal::parse("aes128-sha256-ecp256").expect("a suite");
    let esp = EspProposal::parse("aes128-sha256").expect("a suite");
    connection.proposals = vec![ike];
    connection.children = vec![Child::new("net", vec![esp])];
    Config::new(vec![connection])
}

impl Host {
    /// One of its extensions.
    #[must_use]
    pub fn extension<E: Extension>(&self) -> &E {
        self.endpoint.extensions().get().expect("the extension")
    }

    /// Its SAs that are up.
    #[must_use]
    pub fn established(&self) -> Vec<SaId> {
        let up = self.endpoint.sas().filter(|it| it.state == "established");
        up.map(|it| it.sa).collect()
    }

    /// Its only child.
    #[must_use]
    pub fn child(&self) -> &ChildSa {
        assert_eq!(self.children.len(), 1, "{:?}", self.events);
        self.children.values().next().expect("a child")
    }

    /// Its events of one kind.
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
}

impl Net {
    /// Hosts with these numbers for addresses.
    #[must_use]
    pub fn new(hosts: Vec<(u8, Config, Extensions)>) -> Self {
        let provider = ike_rustcrypto::provider();
        let hosts = hosts.into_iter().zip(1..);
        let hosts = hosts.map(|((n, config, extensions), seed)| Host {
            endpoint: Endpoint::new(config, provider, extensions, [seed; 32]).expect("an endpoint"),
            address: address(n),
            children: BTreeMap::new(),
            events: Vec::new(),
            cut_off: false,
            out: Outbox::new(),
        });
        Self {
            now: Instant::EPOCH,
            hosts: hosts.collect(),
            crossed: Vec::new(),
            flying: BTreeMap::new(),
            count: 0,
        }
    }

    /// Two hosts, numbers 1 and 2, of which the first knows where the second is.
    #[must_use]
    pub fn pair(first: Extensions, second: Extensions) -> Self {
        Self::new(vec![
            (1, config(1, Some(2)), first),
            (2, config(2, Some(1)), second),
        ])
    }

    /// Calls an endpoint, and carries out what it says.
    pub fn call<R>(
        &mut self,
        host: usize,
        call: impl FnOnce(&mut Endpoint, Instant, &mut Outbox) -> R,
    ) -> R {
        let now = self.now;
        let it = &mut self.hosts[host];
        let result = call(&mut it.endpoint, now, &mut it.out);
        let mut packets = Vec::new();
        for output in it.out.drain() {
            match output {
                Output::Transmit(packet) => packets.push(packet),
                Output::InstallChild(child) => {
                    let twice = it.children.insert(child.id, *child);
                    assert!(twice.is_none(), "a child was installed twice");
                }
                Output::DeleteChild(child) => {
                    let known = it.children.remove(&child);
                    assert!(known.is_some(), "a child was removed that was not there");
                }
                Output::UpdateChild(_) => {}
                Output::Event(event) => it.events.push((now, event)),
            }
        }
        if !it.cut_off {
            for packet in packets {
                self.send(packet);
            }
        }
        result
    }

    /// Puts a datagram on its way.
    pub fn send(&mut self, packet: Transmit) {
        self.crossed.push((self.now, packet.clone()));
        self.count += 1;
        self.flying.insert((self.now + LATENCY, self.count), packet);
    }

    /// Takes everything off its way.
    pub fn intercept(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.flying).into_values().collect()
    }

    /// Hands a datagram to whom it is for, at once.
    pub fn deliver(&mut self, packet: &Transmit) {
        let to = packet.remote.ip();
        let mut all = self.hosts.iter();
        let Some(host) = all.position(|it| it.address == to && !it.cut_off) else {
            return;
        };
        let plain = packet.remote.port() == 500;
        let stripped = packet.bytes.strip_prefix(&[0; 4]).unwrap_or(&[]);
        let datagram = Datagram {
            local: packet.remote,
            remote: packet.local,
            marker: !plain,
            bytes: if plain { &packet.bytes } else { stripped },
        };
        self.call(host, |endpoint, now, out| {
            endpoint.handle(now, Input::Datagram(datagram), out);
        });
    }

    /// Lets one host begin.
    pub fn initiate(&mut self, host: usize) -> SaId {
        let local = self.hosts[host].address;
        self.call(host, |endpoint, now, out| {
            endpoint
                .initiate(now, POLICY, local, out)
                .expect("a negotiation")
        })
    }

    /// Lets the first host begin, and waits a while.
    pub fn connect(&mut self) -> SaId {
        let sa = self.initiate(0);
        self.run(Duration::from_secs(5));
        sa
    }

    /// What the data plane of a host says about its only child.
    pub fn hint(&mut self, host: usize, hint: Hint) {
        let child = self.hosts[host].child().id;
        self.call(host, |endpoint, now, out| {
            endpoint.handle(now, Input::Traffic(child, hint), out);
        });
    }

    /// The next thing that happens, not later than `until`.
    fn step(&mut self, until: Instant) -> bool {
        let arrival = self.flying.keys().next().copied();
        let timers = self
            .hosts
            .iter()
            .filter_map(|it| it.endpoint.next_timeout());
        let next = timers.map(|it| it.at).chain(arrival.map(|it| it.0)).min();
        let Some(next) = next.filter(|at| *at <= until) else {
            return false;
        };
        self.now = next.max(self.now);
        if let Some(packet) = arrival
            .filter(|it| it.0 == next)
            .and_then(|it| self.flying.remove(&it))
        {
            self.deliver(&packet);
            return true;
        }
        for host in 0..self.hosts.len() {
            self.call(host, |endpoint, now, out| {
                endpoint.handle(now, Input::Timeout, out);
            });
        }
        true
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let until = self.now + time;
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < MAX_STEPS, "an endless loop at {:?}", self.now);
        }
        self.now = until;
    }

    /// When a host sent messages of an exchange, with their headers.
    #[must_use]
    pub fn sent(&self, host: usize, exchange: ExchangeType) -> Vec<(Instant, Header)> {
        let from = self.hosts[host].address;
        let own = self.crossed.iter().filter(|(_, it)| it.local.ip() == from);
        let all = own.filter_map(|(at, it)| {
            let plain = it.bytes.strip_prefix(&[0; 4]).unwrap_or(&it.bytes);
            Some((*at, Header::parse(plain).ok()?))
        });
        all.filter(|(_, it)| it.exchange == exchange).collect()
    }

    /// Two hosts have one pair of children with each other.
    pub fn assert_joined(&self, a: usize, b: usize) {
        let [a, b] = [a, b].map(|it| self.hosts[it].child());
        assert_eq!(
            (a.inbound.spi, a.outbound.spi),
            (b.outbound.spi, b.inbound.spi)
        );
    }
}

/// A datagram.
#[must_use]
pub fn datagram(from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) -> Transmit {
    Transmit {
        local: from,
        remote: to,
        bytes,
    }
}
