//! The search for a modifier: Hash2 tries per second on one core, for keys of three sizes, beside SHA-1 of the same octets
//! in one call; and the check of a peer's address.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ikee::cga::{Parameters, Search, Sec, verify};
use ikee::doi::HashId;
use ikee_benches::ThreadCpu;

/// Tries in one measurement.
const SLICE: u32 = 4096;

/// RSA keys, and the octets of their SubjectPublicKeyInfo.
const KEYS: [(&str, usize); 3] = [("rsa1024", 162), ("rsa2048", 294), ("rsa4096", 550)];

fn search(criterion: &mut Criterion<ThreadCpu>) {
    let mut group = criterion.benchmark_group("cga");
    for (name, len) in KEYS {
        let key = vec![0x5a; len];
        // a modifier turns up once in a million measurements
        let mut search = Search::new(Sec::TWO, &key, &[], [7; 16]).expect("2 is searched for");
        let mut hash = search.hash2();
        group.throughput(Throughput::Elements(SLICE.into()));
        group.bench_function(format!("hash2/{name}"), |bencher| {
            bencher.iter(|| {
                let slice = search.take(SLICE);
                let found = hash.try_all(black_box(&slice));
                search.done(slice, found);
            });
        });
        let message = vec![0x5a; 25 + len];
        let sha1 = ikee::rustcrypto::provider().hash(HashId::SHA1);
        let sha1 = sha1.expect("it has SHA-1");
        let mut out = [0; 20];
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("sha1/{name}"), |bencher| {
            bencher.iter(|| sha1.digest(black_box(&[&message]), &mut out));
        });
    }
    let parameters = Parameters {
        modifier: [7; 16],
        prefix: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0],
        collisions: 0,
        public_key: vec![0x5a; 294],
        extensions: Vec::new(),
    };
    let address = parameters.address(Sec::ZERO);
    group.bench_function("verify/rsa2048", |bencher| {
        bencher.iter(|| verify(black_box(address), black_box(&parameters)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpu::default());
    targets = search
}
criterion_main!(benches);
