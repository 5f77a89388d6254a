//! Any number of IKEv1 endpoints, one clock, and a network that delivers by address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use ike_ext::{Extensions, Hint, Instant, SaId};
use ikev1::{Config, Endpoint, Input, Outbox};
use ipsec_doi::Identity;
use isakmp_wire::{ExchangeType, Header};

use crate::link::Packet;
use crate::v1::Host;
use crate::v1::pair::{POLICY, told};

/// How long a datagram is on its way.
const LATENCY: Duration = Duration::from_millis(10);
/// More steps than this in one run are a loop.
const MAX_STEPS: usize = 200_000;

/// Hosts and what is under way between them.
#[derive(Debug)]
pub struct Net {
    /// The time.
    pub now: Instant,
    /// The hosts; of two with one address, the first that is not cut off gets the datagrams.
    pub hosts: Vec<Host>,
    /// Those that hear and say nothing.
    pub cut_off: BTreeSet<usize>,
    /// Everything that was sent, and when.
    pub crossed: Vec<(Instant, Packet)>,
    flying: BTreeMap<(Instant, u64), Packet>,
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
    told(identity(n), peer.map(identity), peer.map(address))
}

impl Net {
    /// Hosts with these numbers for addresses.
    #[must_use]
    pub fn new(hosts: Vec<(u8, Config, Extensions)>) -> Self {
        let provider = ike_rustcrypto::provider();
        let hosts = hosts.into_iter().zip(1..);
        let hosts = hosts.map(|((n, config, extensions), seed)| {
            let endpoint = Endpoint::new(config, provider, extensions, [seed; 32]);
            Host::new(endpoint.expect("an endpoint"), address(n))
        });
        Self {
            now: Instant::EPOCH,
            hosts: hosts.collect(),
            cut_off: BTreeSet::new(),
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
        let (result, packets) =
            self.hosts[host].call(now, |endpoint, out| call(endpoint, now, out));
        self.send_all(host, packets);
        result
    }

    fn send_all(&mut self, host: usize, packets: Vec<Packet>) {
        if !self.cut_off.contains(&host) {
            for packet in packets {
                self.send(packet);
            }
        }
    }

    /// Puts a datagram on its way.
    pub fn send(&mut self, packet: Packet) {
        self.crossed.push((self.now, packet.clone()));
        self.count += 1;
        self.flying.insert((self.now + LATENCY, self.count), packet);
    }

    /// Takes everything off its way.
    pub fn intercept(&mut self) -> Vec<Packet> {
        std::mem::take(&mut self.flying).into_values().collect()
    }

    /// Hands a datagram to whom it is for, at once.
    pub fn deliver(&mut self, packet: &Packet) {
        let to = packet.to.ip();
        let mut all = self.hosts.iter().enumerate();
        let Some(host) = all.position(|(n, it)| it.address == to && !self.cut_off.contains(&n))
        else {
            return;
        };
        let packets = self.hosts[host].receive(self.now, packet);
        self.send_all(host, packets);
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
        let own = self.crossed.iter().filter(|(_, it)| it.from.ip() == from);
        let all = own.filter_map(|(at, it)| Some((*at, Header::parse(it.message()).ok()?)));
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
