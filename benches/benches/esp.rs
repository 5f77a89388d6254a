//! ESP, sealed and opened: 1400 octets of payload per suite and provider, and the whole way of a packet through the
//! userspace data plane, selectors and SPI table included.

use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ikee::crypto::Provider;
use ikee::crypto::random::SeededRandom;
use ikee::doi::encapsulation::Mode;
use ikee::doi::{Encryption, EncryptionId, EspSuite, IntegrityId, TrafficSelector};
use ikee::esp::{InboundSa, OutboundSa, Parameters, ip};
use ikee::ext::ChildId;
use ikee_benches::ThreadCpu;
use ikee_daemon::dataplane::{ChildSpec, Dataplane, HEADROOM, Options, Outbound, TAILROOM};

const PAYLOAD: usize = 1400;
const SPI: u32 = 4096;
/// Packets sealed beforehand for each measurement of opening, as a packet opens only once.
const BATCH: usize = 64;

fn providers() -> Vec<&'static Provider> {
    let fast = ikee::graviola::provider();
    std::iter::once(ikee::rustcrypto::provider())
        .chain(fast)
        .collect()
}

fn suite(id: EncryptionId, bits: u16, integrity: Option<IntegrityId>) -> EspSuite {
    EspSuite {
        encryption: Encryption::new(id, bits),
        integrity,
        group: None,
        esn: false,
    }
}

fn suites() -> [EspSuite; 7] {
    let sha256 = Some(IntegrityId::HMAC_SHA2_256_128);
    [
        suite(EncryptionId::AES_GCM_16, 128, None),
        suite(EncryptionId::AES_GCM_16, 256, None),
        suite(EncryptionId::CHACHA20_POLY1305, 0, None),
        suite(EncryptionId::AES_CCM_16, 128, None),
        suite(EncryptionId::AES_CBC, 128, sha256),
        suite(EncryptionId::AES_CBC, 256, sha256),
        suite(EncryptionId::AES_CBC, 128, Some(IntegrityId::HMAC_SHA1_96)),
    ]
}

/// Keys of the right lengths; their values do not matter.
struct Keys {
    encryption: Vec<u8>,
    integrity: Vec<u8>,
}

impl Keys {
    fn new(suite: EspSuite) -> Self {
        let encryption = suite.encryption.key_len() + suite.encryption.salt_len();
        Self {
            encryption: vec![7; encryption],
            integrity: vec![8; suite.integrity.map_or(0, IntegrityId::key_len)],
        }
    }

    fn parameters(&self, suite: EspSuite) -> Parameters<'_> {
        Parameters {
            suite,
            spi: SPI,
            mode: Mode::Tunnel,
            encryption: &self.encryption,
            integrity: &self.integrity,
        }
    }
}

fn seal(c: &mut Criterion<ThreadCpu>) {
    for provider in providers() {
        let mut group = c.benchmark_group(format!("esp/seal/{provider}"));
        group.throughput(Throughput::Elements(1));
        for suite in suites() {
            let keys = Keys::new(suite);
            let mut random = SeededRandom::new([1; 32]);
            let parameters = keys.parameters(suite);
            let mut outbound = OutboundSa::new(provider, &parameters, &mut random).unwrap();
            let mut buffer = vec![0x45; HEADROOM + PAYLOAD + TAILROOM];
            let payload = HEADROOM..HEADROOM + PAYLOAD;
            group.bench_function(suite.to_string(), |b| {
                b.iter(|| outbound.seal(black_box(&mut buffer), payload.clone(), ip::V4));
            });
        }
    }
}

/// The primitives alone over the same octets: what [`seal`] cannot go below.
fn floor(c: &mut Criterion<ThreadCpu>) {
    for provider in providers() {
        let mut group = c.benchmark_group(format!("esp/floor/{provider}"));
        group.throughput(Throughput::Elements(1));
        for suite in suites() {
            let keys = Keys::new(suite);
            let cipher = provider.cipher(suite.encryption).unwrap();
            let cipher = cipher.keyed(&keys.encryption).unwrap();
            let mac = suite.integrity.map(|id| {
                let mac = provider.integrity(id).unwrap();
                mac.keyed(&keys.integrity).unwrap()
            });
            let iv = vec![1; suite.encryption.iv_len()];
            let unit = if suite.encryption.is_aead() { 4 } else { 16 };
            let mut data = vec![0x45; (PAYLOAD + 2).next_multiple_of(unit)];
            let mut tag = vec![0; suite.encryption.icv_len()];
            let mut icv = [0; 16];
            group.bench_function(suite.to_string(), |b| {
                b.iter(|| {
                    cipher
                        .seal(&iv, &[0; 8], black_box(&mut data), &mut tag)
                        .unwrap();
                    if let Some(mac) = &mac {
                        mac.sign(&[&[0; 8], &iv, &data], &mut icv);
                    }
                });
            });
        }
    }
}

fn open(c: &mut Criterion<ThreadCpu>) {
    for provider in providers() {
        let mut group = c.benchmark_group(format!("esp/open {BATCH}/{provider}"));
        group.throughput(Throughput::Elements(BATCH as u64));
        for suite in suites() {
            let keys = Keys::new(suite);
            let mut random = SeededRandom::new([1; 32]);
            let parameters = keys.parameters(suite);
            let mut outbound = OutboundSa::new(provider, &parameters, &mut random).unwrap();
            let mut inbound = InboundSa::new(provider, &parameters).unwrap();
            group.bench_function(suite.to_string(), |b| {
                b.iter_batched_ref(
                    || {
                        (0..BATCH)
                            .map(|_| sealed(&mut outbound))
                            .collect::<Vec<_>>()
                    },
                    |packets| {
                        for packet in packets {
                            inbound.open(black_box(packet)).unwrap();
                        }
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
}

fn sealed(outbound: &mut OutboundSa) -> Vec<u8> {
    let start = outbound.headroom();
    let mut packet = vec![0x45; start + PAYLOAD];
    outbound.seal_vec(&mut packet, start, ip::V4).unwrap();
    packet
}

/// A gateway with this many clients of one address each.
fn gateway(provider: &'static Provider, clients: u32, options: Options) -> Dataplane {
    let suite = suite(EncryptionId::AES_GCM_16, 128, None);
    let keys = Keys::new(suite);
    let random = Box::new(SeededRandom::new([1; 32]));
    let mut dataplane = Dataplane::new(provider, random, options);
    for client in 0..clients {
        let parameters = Parameters {
            spi: SPI + client,
            ..keys.parameters(suite)
        };
        let host = TrafficSelector::host(address(client).into());
        dataplane
            .install_spec(&ChildSpec {
                id: ChildId::new(client.into()),
                inbound: parameters,
                outbound: parameters,
                local_selectors: &[TrafficSelector::any_v4()],
                remote_selectors: &[host],
                local: ([192, 0, 2, 1], 4500).into(),
                remote: ([198, 51, 100, 7], 4500).into(),
                udp_encapsulation: true,
            })
            .unwrap();
    }
    dataplane
}

fn address(client: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0A00_0001 + client)
}

fn dataplane(c: &mut Criterion<ThreadCpu>) {
    let mut group = c.benchmark_group("dataplane/encapsulate");
    group.throughput(Throughput::Elements(1));
    for provider in providers() {
        for clients in [1, 10_000] {
            let mut dataplane = gateway(provider, clients, Options::default());
            let mut buffer = vec![0; HEADROOM + PAYLOAD + TAILROOM];
            let (source, destination) = ([172, 16, 0, 1].into(), address(clients - 1).into());
            group.bench_function(format!("{provider}/{clients} children"), |b| {
                b.iter(|| {
                    let inner = &mut buffer[HEADROOM..];
                    ip::write_header(inner, source, destination, 99, PAYLOAD - ip::V4_LEN).unwrap();
                    let packet = HEADROOM..HEADROOM + PAYLOAD;
                    let outcome = dataplane.encapsulate(black_box(&mut buffer), packet);
                    assert!(matches!(outcome, Outbound::Send(_)));
                });
            });
        }
    }
    group.finish();
}

/// What it costs to look at TCP segments for [MS-IKEE] §3.12: 64 connections in turn, none of which is answered.
fn hints(c: &mut Criterion<ThreadCpu>) {
    let mut group = c.benchmark_group("dataplane/TCP");
    group.throughput(Throughput::Elements(1));
    for provider in providers() {
        for hints in [false, true] {
            let options = Options {
                hints,
                ..Options::default()
            };
            let mut dataplane = gateway(provider, 1, options);
            let mut buffer = vec![0; HEADROOM + PAYLOAD + TAILROOM];
            let (source, destination) = ([172, 16, 0, 1].into(), address(0).into());
            let mut sequence = 0_u32;
            let name = if hints { "with hints" } else { "without" };
            group.bench_function(format!("{provider}/{name}"), |b| {
                b.iter(|| {
                    sequence = sequence.wrapping_add(1);
                    let inner = &mut buffer[HEADROOM..];
                    ip::write_header(inner, source, destination, 6, PAYLOAD - ip::V4_LEN).unwrap();
                    let tcp = &mut inner[ip::V4_LEN..][..14];
                    tcp[1] = sequence.to_be_bytes()[3] % 64;
                    tcp[4..8].copy_from_slice(&sequence.to_be_bytes());
                    tcp[12..].copy_from_slice(&[0x50, 0x10]);
                    let packet = HEADROOM..HEADROOM + PAYLOAD;
                    let outcome = dataplane.encapsulate(black_box(&mut buffer), packet);
                    assert!(matches!(outcome, Outbound::Send(_)));
                });
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpu::default());
    targets = seal, floor, open, dataplane, hints
}
criterion_main!(benches);
