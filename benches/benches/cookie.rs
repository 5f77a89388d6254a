//! What a stranger's first message costs a responder that protects itself: a cookie, and nothing kept. In IKEv1 by
//! [MS-IKEE] §3.9, in IKEv2 by RFC 7296 §2.6; the whole call, from the datagram to the answer, without sockets.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ikee::crypto::Provider;
use ikee::doi::{EspProposal, Identity, IkeProposal, v1};
use ikee::dos::{Construction, Dos};
use ikee::ext::{Extensions, Instant, PolicyId, Protect, Protection};
use ikee::{ikev1, ikev2};
use ikee_benches::ThreadCpu;

const POLICY: PolicyId = PolicyId::new(1);
const INITIATOR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const RESPONDER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const PROTECTION: Protection = Protection {
    mode: Protect::Always,
    ..Protection::WINDOWS
};

fn providers() -> Vec<&'static Provider> {
    let fast = ikee::graviola::provider();
    std::iter::once(ikee::rustcrypto::provider())
        .chain(fast)
        .collect()
}

fn secret() -> ikee::crypto::SecretVec {
    b"what both sides know".to_vec().into()
}

/// Another source and another initiator's cookie each time.
fn forge(bytes: &mut [u8], n: u32) -> (IpAddr, u16) {
    let number = n.to_be_bytes();
    bytes[..4].copy_from_slice(&number);
    (IpAddr::from([198, 18, number[2], number[3]]), 500)
}

fn endpoint_v1(
    provider: &'static Provider,
    extensions: Extensions,
    remote: IpAddr,
) -> ikev1::Endpoint {
    let authentication = ikev1::Authentication::psk(Identity::fqdn("a.example"), None, secret());
    let mut connection = ikev1::Connection::new(POLICY, "site", authentication);
    connection.remote = Some(ikev1::Remote::new(remote)).filter(|_| remote == RESPONDER);
    connection.proposals = vec![v1::IkeProposal::parse("aes128-sha256-ecp256").unwrap()];
    let esp = EspProposal::parse("aes128-sha256").unwrap();
    connection.children = vec![ikev1::Child::new("net", vec![esp])];
    let config = ikev1::Config::new(vec![connection]);
    ikev1::Endpoint::new(config, provider, extensions, [1; 32]).unwrap()
}

fn in_v1(c: &mut Criterion<ThreadCpu>) {
    let mut group = c.benchmark_group("cookie/ikev1");
    group.throughput(Throughput::Elements(1));
    for provider in providers() {
        for construction in [Construction::Sha256, Construction::Windows] {
            let mut out = ikev1::Outbox::new();
            let mut initiator = endpoint_v1(provider, Extensions::none(), RESPONDER);
            initiator
                .initiate(Instant::EPOCH, POLICY, INITIATOR, &mut out)
                .unwrap();
            let sent = out.drain().find_map(|it| match it {
                ikev1::Output::Transmit(it) => Some(it.bytes),
                _ => None,
            });
            let mut first = sent.unwrap();
            let dos = Dos::new()
                .with_protection(PROTECTION)
                .with_construction(construction);
            let mut responder = endpoint_v1(provider, Extensions::none().with(dos), INITIATOR);
            let mut n = 0_u32;
            group.bench_function(format!("{provider}/{construction:?}"), |b| {
                b.iter(|| {
                    n = n.wrapping_add(1);
                    let datagram = ikev1::Datagram {
                        remote: forge(&mut first, n).into(),
                        local: (RESPONDER, 500).into(),
                        marker: false,
                        bytes: &first,
                    };
                    let input = ikev1::Input::Datagram(datagram);
                    responder.handle(Instant::EPOCH, input, &mut out);
                    assert_eq!(out.drain().count(), 1);
                });
            });
            assert_eq!(responder.sas().count(), 0);
        }
    }
}

fn endpoint_v2(provider: &'static Provider, remote: IpAddr) -> ikev2::Endpoint {
    let authentication = ikev2::Authentication::psk(Identity::fqdn("a.example"), None, secret());
    let mut connection = ikev2::Connection::new(POLICY, "site", authentication);
    connection.remote = Some(ikev2::Remote::new(remote)).filter(|_| remote == RESPONDER);
    connection.proposals = vec![IkeProposal::parse("aes128-sha256-ecp256").unwrap()];
    let esp = EspProposal::parse("aes128-sha256").unwrap();
    connection.children = vec![ikev2::Child::new("net", vec![esp])];
    let mut config = ikev2::Config::new(vec![connection]);
    config.limits.protection = PROTECTION;
    ikev2::Endpoint::new(config, provider, Extensions::none(), [1; 32]).unwrap()
}

fn in_v2(c: &mut Criterion<ThreadCpu>) {
    let mut group = c.benchmark_group("cookie/ikev2");
    group.throughput(Throughput::Elements(1));
    for provider in providers() {
        let mut out = ikev2::Outbox::new();
        let mut initiator = endpoint_v2(provider, RESPONDER);
        initiator
            .initiate(Instant::EPOCH, POLICY, INITIATOR, &mut out)
            .unwrap();
        let sent = out.drain().find_map(|it| match it {
            ikev2::Output::Transmit(it) => Some(it.bytes),
            _ => None,
        });
        let mut first = sent.unwrap();
        let mut responder = endpoint_v2(provider, INITIATOR);
        let mut n = 0_u32;
        group.bench_function(provider.to_string(), |b| {
            b.iter(|| {
                n = n.wrapping_add(1);
                let datagram = ikev2::Datagram {
                    remote: forge(&mut first, n).into(),
                    local: (RESPONDER, 500).into(),
                    marker: false,
                    bytes: &first,
                };
                let input = ikev2::Input::Datagram(datagram);
                responder.handle(Instant::EPOCH, input, &mut out);
                assert_eq!(out.drain().count(), 1);
            });
        });
        assert_eq!(responder.sas().count(), 0);
    }
}

criterion_group! {
    name = cookie;
    config = Criterion::default()
        .with_measurement(ThreadCpu::default())
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = in_v1, in_v2
}
criterion_main!(cookie);
