//! A message from its fragments in the worst order: the last one first. In IKEv1 by [MS-IKEE] §3.3, in IKEv2 by RFC 7383;
//! from the parsed piece to the whole message, decryption not included.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ikee::wire::v2::kind;
use ikee::{fragmentation as v1, fragmentation_v2 as v2};
use ikee_benches::ThreadCpu;

/// Octets of a message, and of a piece of it: as many pieces as a message of IKEv2 may have.
const MESSAGE: usize = 32_768;
const PIECE: usize = 512;

/// What a message of two certificates comes in.
const USUAL: usize = 3_000;

fn in_v1(c: &mut Criterion<ThreadCpu>) {
    let mut group = c.benchmark_group("reassembly/ikev1");
    for octets in [USUAL, MESSAGE] {
        let message = vec![7; octets];
        let mut pieces: Vec<_> = v1::cut(1, &message, PIECE).unwrap().collect();
        pieces.reverse();
        let key = v1::MessageKey {
            fragment_id: 1,
            message_id: 0,
        };
        group.throughput(Throughput::Bytes(octets as u64));
        group.bench_function(format!("{} pieces", pieces.len()), |b| {
            let mut joining = v1::Reassembler::new();
            let limits = v1::Limits::DEFAULT;
            b.iter(|| {
                let mut whole = 0;
                for it in &pieces {
                    if let v1::Added::Whole(it) = joining.add(&limits, Duration::ZERO, key, it) {
                        whole = black_box(it).len();
                    }
                }
                assert_eq!(whole, octets);
            });
        });
    }
}

fn in_v2(c: &mut Criterion<ThreadCpu>) {
    let mut group = c.benchmark_group("reassembly/ikev2");
    for octets in [USUAL, MESSAGE] {
        let message = vec![7; octets];
        let mut pieces: Vec<_> = v2::split(kind::ID_I, &message, PIECE).unwrap().collect();
        pieces.reverse();
        let key = v2::MessageKey::new(1, false);
        group.throughput(Throughput::Bytes(octets as u64));
        group.bench_function(format!("{} pieces", pieces.len()), |b| {
            let mut joining = v2::Reassembler::new();
            let limits = v2::Limits::DEFAULT;
            b.iter(|| {
                let mut whole = 0;
                for it in &pieces {
                    if let v2::Added::Whole { data, .. } = joining.add(&limits, key, *it) {
                        whole = black_box(data).len();
                    }
                }
                assert_eq!(whole, octets);
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpu::default());
    targets = in_v1, in_v2
}
criterion_main!(benches);
