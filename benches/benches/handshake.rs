//! A whole IKEv2 handshake with a pre-shared key: IKE_SA_INIT, IKE_AUTH and a child SA, without sockets; beside it the
//! sum of its primitives, which it cannot go below.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use criterion::measurement::Measurement;
use criterion::{Criterion, criterion_group, criterion_main};
use ikee::crypto::random::SeededRandom;
use ikee::crypto::{Provider, Random, prf_plus};
use ikee::doi::{
    Encryption, EspProposal, GroupId, HashId, Identity, IkeProposal, IntegrityId, PrfId,
};
use ikee::ext::{Extensions, Instant, PolicyId};
use ikee::ikev2::{
    Authentication, Child, Config, Connection, Datagram, Endpoint, Input, Outbox, Output, Remote,
};
use ikee_benches::ThreadCpu;

const POLICY: PolicyId = PolicyId::new(1);
const PSK: &[u8] = b"what both sides know";
const INITIATOR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const RESPONDER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
/// Longer than anything that an endpoint remembers after an SA is deleted.
const LONG: Duration = Duration::from_secs(3600);

/// IKE suite and ESP suite.
const SUITES: [(&str, &str); 4] = [
    ("aes128-sha256-ecp256", "aes128-sha256"),
    ("aes128gcm16-prfsha256-ecp256", "aes128gcm16"),
    ("aes128gcm16-prfsha256-x25519", "aes128gcm16"),
    ("aes128-sha256-modp2048", "aes128-sha256"),
];

fn providers() -> Vec<&'static Provider> {
    let fast = ikee::graviola::provider();
    std::iter::once(ikee::rustcrypto::provider())
        .chain(fast)
        .collect()
}

fn endpoint(
    provider: &'static Provider,
    suites: (&str, &str),
    us: (&str, u8),
    peer: (&str, IpAddr),
) -> Endpoint {
    let authentication = Authentication::psk(
        Identity::fqdn(us.0),
        Some(Identity::fqdn(peer.0)),
        PSK.to_vec().into(),
    );
    let mut connection = Connection::new(POLICY, "site", authentication);
    connection.remote = Some(Remote::new(peer.1));
    connection.proposals = vec![IkeProposal::parse(suites.0).unwrap()];
    connection.children = vec![Child::new(
        "net",
        vec![EspProposal::parse(suites.1).unwrap()],
    )];
    let config = Config::new(vec![connection]);
    Endpoint::new(config, provider, Extensions::none(), [us.1; 32]).unwrap()
}

/// A datagram on its way: from, to, octets.
type Packet = (SocketAddr, SocketAddr, Vec<u8>);

/// Two endpoints that connect and part again.
struct Pair {
    initiator: Endpoint,
    responder: Endpoint,
    out: Outbox,
    now: Instant,
}

impl Pair {
    fn new(provider: &'static Provider, suites: (&str, &str)) -> Self {
        let (a, b) = ("a.example", "b.example");
        Self {
            initiator: endpoint(provider, suites, (a, 1), (b, RESPONDER)),
            responder: endpoint(provider, suites, (b, 2), (a, INITIATOR)),
            out: Outbox::new(),
            now: Instant::EPOCH,
        }
    }

    /// Carries out what is in the outbox; the datagrams among it.
    fn carry_out(&mut self, packets: &mut Vec<Packet>) {
        for output in self.out.drain() {
            match output {
                Output::Transmit(it) => packets.push((it.local, it.remote, it.bytes)),
                other => {
                    black_box(other);
                }
            }
        }
    }

    /// Delivers everything until nothing is left on the way; the responder's share of the time.
    fn exchange(&mut self, mut packets: Vec<Packet>) -> Duration {
        let mut responder = Duration::ZERO;
        while let Some((from, to, bytes)) = packets.pop() {
            let datagram = Input::Datagram(Datagram {
                local: to,
                remote: from,
                marker: false,
                bytes: &bytes,
            });
            if to.ip() == RESPONDER {
                let start = ThreadCpu::default().start();
                self.responder.handle(self.now, datagram, &mut self.out);
                self.carry_out(&mut packets);
                responder += ThreadCpu::default().end(start);
            } else {
                self.initiator.handle(self.now, datagram, &mut self.out);
                self.carry_out(&mut packets);
            }
        }
        responder
    }

    /// A handshake; the time of both sides, and the responder's.
    fn connect(&mut self) -> (Duration, Duration) {
        let mut packets = Vec::new();
        let start = ThreadCpu::default().start();
        self.initiator
            .initiate(self.now, POLICY, INITIATOR, &mut self.out)
            .unwrap();
        self.carry_out(&mut packets);
        let responder = self.exchange(packets);
        (ThreadCpu::default().end(start), responder)
    }

    /// Makes sure that there was a handshake, and undoes it.
    fn part(&mut self) {
        for side in [&self.initiator, &self.responder] {
            let children: usize = side.sas().map(|sa| sa.children().count()).sum();
            assert_eq!((side.sas().count(), children), (1, 1));
        }
        let sa = self.initiator.sas().next().unwrap().sa;
        let mut packets = Vec::new();
        self.initiator.delete(self.now, sa, &mut self.out).unwrap();
        self.carry_out(&mut packets);
        self.exchange(packets);
        self.now = self.now + LONG;
        for side in [&mut self.initiator, &mut self.responder] {
            side.handle(self.now, Input::Timeout, &mut self.out);
            assert!(side.sas().count() == 0 && side.is_idle());
        }
        self.carry_out(&mut Vec::new());
    }
}

fn measured(c: &mut Criterion<ThreadCpu>, name: &str, pick: fn((Duration, Duration)) -> Duration) {
    for provider in providers() {
        let mut group = c.benchmark_group(format!("handshake/{name}/{provider}"));
        for suites in SUITES {
            let mut pair = Pair::new(provider, suites);
            group.bench_function(suites.0, |b| {
                b.iter_custom(|times| {
                    let mut sum = Duration::ZERO;
                    for _ in 0..times {
                        sum += pick(pair.connect());
                        pair.part();
                    }
                    sum
                });
            });
        }
    }
}

/// Both sides, from the order to connect to the last message accepted.
fn both(c: &mut Criterion<ThreadCpu>) {
    measured(c, "both", |(both, _)| both);
}

/// The responder's two calls.
fn responder(c: &mut Criterion<ThreadCpu>) {
    measured(c, "responder", |(_, responder)| responder);
}

/// The primitives of one suite.
struct Primitives {
    provider: &'static Provider,
    group: GroupId,
    prf: PrfId,
    encryption: Encryption,
    integrity: Option<IntegrityId>,
    /// Octets of keys for a child.
    child_keys: usize,
    random: SeededRandom,
}

impl Primitives {
    fn new(provider: &'static Provider, suites: (&str, &str)) -> Self {
        let ike = IkeProposal::parse(suites.0).unwrap();
        let esp = EspProposal::parse(suites.1).unwrap();
        let direction = esp.encryption[0].key_len()
            + esp.encryption[0].salt_len()
            + esp.integrity.first().map_or(0, |it| it.key_len());
        Self {
            provider,
            group: ike.groups[0],
            prf: ike.prf[0],
            encryption: ike.encryption[0],
            integrity: ike.integrity.first().copied(),
            child_keys: 2 * direction,
            random: SeededRandom::new([3; 32]),
        }
    }

    /// What both sides compute in a handshake.
    fn both(&mut self) {
        let group = self.provider.group(self.group).unwrap();
        let a = group.start(&mut self.random).unwrap();
        let b = group.start(&mut self.random).unwrap();
        let (of_a, of_b) = (a.public().to_vec(), b.public().to_vec());
        for shared in [a.complete(&of_b).unwrap(), b.complete(&of_a).unwrap()] {
            self.symmetric(shared.as_slice());
        }
    }

    /// What one side computes besides the key exchange.
    fn symmetric(&mut self, shared: &[u8]) {
        let (mut nonces, mut spis) = ([5; 64], [6; 16]);
        self.random.fill(&mut nonces[..32]).unwrap();
        self.random.fill(&mut spis[..8]).unwrap();
        let sha1 = self.provider.hash(HashId::SHA1).unwrap();
        for port in 0..4 {
            let mut digest = [0; 20];
            sha1.digest(&[&spis, &[192, 0, 2, 1], &[port, 0]], &mut digest);
            black_box(digest);
        }
        let (prf, len) = (self.provider.prf(self.prf).unwrap(), self.prf.output_len());
        let mut seed = [0; 64];
        prf.keyed(&nonces).mac(&[shared], &mut seed[..len]);
        let key_len = self.encryption.key_len() + self.encryption.salt_len();
        let mac_len = self.integrity.map_or(0, IntegrityId::key_len);
        let mut keys = vec![0; 3 * len + 2 * (key_len + mac_len)];
        let seed = prf.keyed(&seed[..len]);
        prf_plus(&*seed, len, &[&nonces, &spis], &mut keys).unwrap();
        // AUTH of both sides: one to make, one to check
        let (mut pad, mut id) = ([0; 64], [0; 64]);
        prf.keyed(PSK).mac(&[b"Key Pad for IKEv2"], &mut pad[..len]);
        let pad = prf.keyed(&pad[..len]);
        for side in keys[len..].chunks(len).take(2) {
            prf.keyed(side)
                .mac(&[b"\x02\0\0\0a.example"], &mut id[..len]);
            let mut auth = [0; 64];
            pad.mac(&[&[7; 300], &nonces[..32], &id[..len]], &mut auth[..len]);
            black_box(auth);
        }
        self.protect(&keys[..key_len], &keys[..mac_len]);
        let mut child = vec![0; self.child_keys];
        prf_plus(&*prf.keyed(&keys[..len]), len, &[&nonces], &mut child).unwrap();
        black_box(child);
    }

    /// The two messages of IKE_AUTH: one sealed, one opened.
    fn protect(&mut self, key: &[u8], mac_key: &[u8]) {
        let cipher = self.provider.cipher(self.encryption).unwrap();
        let (ours, theirs) = (cipher.keyed(key).unwrap(), cipher.keyed(key).unwrap());
        let mut iv = vec![0; self.encryption.iv_len()];
        self.random.fill(&mut iv).unwrap();
        let (mut data, mut icv) = ([8; 208], vec![0; self.encryption.icv_len()]);
        ours.seal(&iv, &[9; 32], &mut data, &mut icv).unwrap();
        if let Some(id) = self.integrity {
            let integrity = self.provider.integrity(id).unwrap();
            let mut mac = vec![0; id.icv_len()];
            let parts: [&[u8]; 3] = [&[9; 32], &iv, &data];
            integrity
                .keyed(mac_key)
                .unwrap()
                .sign(&parts, black_box(&mut mac));
            integrity
                .keyed(mac_key)
                .unwrap()
                .verify(&parts, &mac)
                .unwrap();
        }
        theirs.open(&iv, &[9; 32], &mut data, &icv).unwrap();
        black_box(data);
    }
}

/// The primitives of both sides.
fn floor(c: &mut Criterion<ThreadCpu>) {
    for provider in providers() {
        let mut group = c.benchmark_group(format!("handshake/floor/{provider}"));
        for suites in SUITES {
            let mut primitives = Primitives::new(provider, suites);
            group.bench_function(suites.0, |b| b.iter(|| primitives.both()));
        }
    }
}

criterion_group! {
    name = handshake;
    config = Criterion::default()
        .with_measurement(ThreadCpu::default())
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = both, responder, floor
}
criterion_main!(handshake);
