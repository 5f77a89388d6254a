//! Two live IKEv1 endpoints with XAUTH and mode config, behind cryptography that hides nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ike_ext::{Extensions, Instant, PolicyId};
use ikev1::{
    Authentication, Child, Config, Connection, Datagram, Endpoint, Outbox, Output, Remote,
    Transmit, User, Xauth,
};
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, Identity};

use crate::input::Input;

/// More steps than this are only more of the same.
const STEPS: usize = 60;
/// No more datagrams than this wait on the link.
const LINK: usize = 200;

const POLICY: PolicyId = PolicyId::new(1);

struct World {
    now: Instant,
    endpoints: [Endpoint; 2],
    link: Vec<Transmit>,
    out: Outbox,
}

fn address(side: usize) -> IpAddr {
    [192, 0, 2, if side == 0 { 1 } else { 2 }].into()
}

fn endpoint(side: usize, aggressive: bool) -> Endpoint {
    let names = ["a", "b"].map(Identity::fqdn);
    let secret = b"secret".to_vec().into();
    let (own, other) = (names[side].clone(), names[1 - side].clone());
    let mut authentication = Authentication::psk(own, Some(other), secret);
    let user = User {
        name: "carol".into(),
        password: b"secret".to_vec().into(),
    };
    authentication.xauth = Some(if side == 0 {
        Xauth::Client(user)
    } else {
        Xauth::Server(vec![user])
    });
    let mut it = Connection::new(POLICY, "fuzz", authentication);
    it.remote = Some(Remote::new(address(1 - side)));
    it.proposals = vec![IkeProposal::parse("aes128-sha256-ecp256").expect("a suite")];
    let esp = EspProposal::parse("aes128-sha256-ecp256").expect("a suite");
    it.children = vec![Child::new("net", vec![esp])];
    it.options.aggressive = aggressive;
    it.options.liveness = Some(Duration::from_secs(150));
    if side == 0 {
        it.addressing.request_v4 = true;
    } else {
        it.addressing.assign.addresses = vec![([10, 9, 0, 5].into(), 32)];
    }
    let mut config = Config::new(vec![it]);
    config.limits.half_open = 40;
    let seed = [u8::from(side == 0) + 1; 32];
    let provider = ike_crypto::null::provider();
    Endpoint::new(config, provider, Extensions::none(), seed).expect("an endpoint")
}

impl World {
    fn call(&mut self, side: usize, call: impl FnOnce(&mut Endpoint, Instant, &mut Outbox)) {
        call(&mut self.endpoints[side], self.now, &mut self.out);
        for output in self.out.drain() {
            if let Output::Transmit(it) = output
                && self.link.len() < LINK
            {
                self.link.push(it);
            }
        }
    }

    fn deliver(&mut self, packet: &Transmit) {
        let side = usize::from(packet.remote.ip() != address(0));
        let datagram = Datagram {
            local: packet.remote,
            remote: packet.local,
            marker: false,
            bytes: &packet.bytes,
        };
        self.call(side, |it, now, out| {
            it.handle(now, ikev1::Input::Datagram(datagram), out);
        });
    }

    fn take(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.link)
    }

    /// Time passes, with a timer now and then and all that is on the link delivered.
    fn run(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        for _ in 0..5000 {
            for packet in self.take() {
                self.deliver(&packet);
            }
            let timer = |it: &Endpoint| it.next_timeout().map(|it| it.at);
            let next = self.endpoints.iter().filter_map(timer).min();
            if self.link.is_empty() {
                let Some(next) = next.filter(|it| *it <= until) else {
                    break;
                };
                self.now = next.max(self.now);
                for side in [0, 1] {
                    self.call(side, |it, now, out| {
                        it.handle(now, ikev1::Input::Timeout, out);
                    });
                }
            }
        }
        self.now = until.max(self.now);
    }

    fn initiate(&mut self, side: usize) {
        self.call(side, |it, now, out| {
            if it.sas().count() < 20 {
                let _begun = it.initiate(now, POLICY, address(side), out);
            }
        });
    }

    fn delete_all(&mut self) {
        for side in [0, 1] {
            let all: Vec<_> = self.endpoints[side].sas().map(|it| it.sa).collect();
            for sa in all {
                self.call(side, |it, now, out| {
                    let _gone = it.delete(now, sa, out);
                });
            }
        }
    }
}

fn side(input: &mut Input<'_>) -> usize {
    usize::from(input.octet() % 2)
}

fn happen(world: &mut World, input: &mut Input<'_>) {
    match input.octet() % 12 {
        0..=2 => {
            for packet in world.take() {
                world.deliver(&packet);
            }
        }
        3 => drop(world.take()),
        4 => {
            for packet in world.take() {
                world.deliver(&packet);
                world.deliver(&packet);
            }
        }
        5 | 6 => {
            for mut packet in world.take() {
                if !packet.bytes.is_empty() {
                    let at = usize::from(input.short()) % packet.bytes.len();
                    packet.bytes[at] ^= input.octet();
                }
                world.deliver(&packet);
            }
        }
        7 => {
            for mut packet in world.take() {
                packet.bytes.truncate(usize::from(input.short()));
                world.deliver(&packet);
            }
        }
        8 => world.run(u64::from(input.octet() % 70)),
        9 => {
            let side = side(input);
            world.initiate(side);
        }
        10 => made_up(world, input),
        _ => {
            let side = side(input);
            let sa = world.endpoints[side].sas().map(|it| it.sa).next();
            if let Some(sa) = sa {
                world.call(side, |it, now, out| {
                    let _begun = it.rekey(now, sa, out);
                });
            }
        }
    }
}

/// A message of the input's own, under the cookies of an SA.
fn made_up(world: &mut World, input: &mut Input<'_>) {
    let side = side(input);
    let spis = world.endpoints[side].sas().map(|it| it.spis).next();
    let mut bytes = Vec::new();
    if let Some((i, r)) = spis {
        bytes.extend_from_slice(i.as_bytes());
        bytes.extend_from_slice(r.as_bytes());
    } else {
        bytes.extend_from_slice(&[7; 8]);
        bytes.extend_from_slice(&[0; 8]);
    }
    bytes.extend_from_slice(&[input.octet(), 0x10, input.octet(), input.octet() & 3]);
    bytes.extend_from_slice(&u32::from(input.octet() % 3).to_be_bytes());
    let body = input.portion();
    let len = u32::try_from(28 + body.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(body);
    let packet = Transmit {
        local: SocketAddr::new(address(1 - side), 500),
        remote: SocketAddr::new(address(side), 500),
        bytes,
    };
    world.deliver(&packet);
}

/// A list of things that happen: datagrams delivered, lost, doubled, damaged and made up, calls of the application,
/// time. In the end everything goes.
pub fn endpoint_v1(data: &[u8]) {
    let mut input = Input::new(data);
    let aggressive = input.octet() % 4 == 1;
    let mut world = World {
        now: Instant::EPOCH,
        endpoints: [0, 1].map(|side| endpoint(side, aggressive)),
        link: Vec::new(),
        out: Outbox::new(),
    };
    world.initiate(0);
    if input.octet().is_multiple_of(2) {
        world.run(5);
        let up = |it: &Endpoint| it.sas().any(|it| it.state == "established");
        assert!(world.endpoints.iter().all(up), "a handshake in peace fails");
    }
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        happen(&mut world, &mut input);
        for it in &world.endpoints {
            assert!(it.sas().count() <= 100, "SAs without end");
        }
    }
    world.delete_all();
    world.run(10);
    world.delete_all();
    drop(world.take());
    world.run(400);
    world.delete_all();
    drop(world.take());
    world.run(400);
    for it in &world.endpoints {
        assert_eq!(it.sas().count(), 0, "an SA is left");
        assert!(it.next_timeout().is_none(), "a timer is left");
    }
}
