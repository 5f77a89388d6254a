//! The flow table of negotiation discovery with a million flows: one packet of each kind, and octets per flow.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ikee::discovery::{
    Direction, FlowKey, FlowTable, Found, Letter, Limits, Matching, Packet, Rule,
};
use ikee_benches::ThreadCpu;

/// Flows in the table.
const FLOWS: u32 = 1 << 20;

/// The flow with this number.
fn key(number: u32) -> FlowKey {
    let [a, b, c, d] = number.to_be_bytes();
    let packet = Packet {
        source: [10, 0, a, b].into(),
        destination: [10, 1, 0, 1].into(),
        protocol: 6,
        detail: (u16::from_be_bytes([c, d]), 443),
    };
    FlowKey::of(Direction::Outbound, &packet)
}

/// Numbers in an order that no cache foresees.
struct Order(u32);

impl Order {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 12
    }
}

fn full() -> FlowTable {
    let limits = Limits {
        flows: FLOWS,
        ..Limits::DEFAULT
    };
    let mut table = FlowTable::new(limits, Letter::default(), [7; 16]);
    for number in 0..FLOWS {
        table.outbound(
            Duration::ZERO,
            &key(number),
            Rule::DISCOVER,
            Matching::default(),
        );
    }
    assert_eq!(table.len(), 1 << 20, "every flow has found its place");
    table
}

#[expect(
    clippy::print_stdout,
    reason = "a size is no time, so criterion cannot print it"
)]
fn flows(c: &mut Criterion<ThreadCpu>) {
    let mut table = full();
    println!(
        "discovery: {} flows, {} octets, {:.1} octets a flow",
        table.len(),
        table.octets(),
        table.octets() as f64 / table.len() as f64
    );
    let sa = Matching {
        plain: Some(Found::default()),
        guaranteed: None,
    };
    let mut group = c.benchmark_group("discovery");
    let mut order = Order(1);
    let mut now = Duration::ZERO;
    group.bench_function("known, in clear, 1 M flows", |b| {
        b.iter(|| {
            // a new second for each packet: each one moves its flow to the new end of the list
            now += Duration::from_millis(1);
            let key = key(order.next());
            black_box(table.outbound(now, &key, Rule::DISCOVER, Matching::default()))
        });
    });
    let mut number = FLOWS;
    group.bench_function("new, the oldest gives way, 1 M flows", |b| {
        b.iter(|| {
            number = number.wrapping_add(1);
            black_box(table.outbound(now, &key(number), Rule::DISCOVER, Matching::default()))
        });
    });
    group.bench_function("protected, one flow", |b| {
        let key = key(1);
        b.iter(|| black_box(table.outbound(now, &key, Rule::DISCOVER, sa)));
    });
    let mut small = FlowTable::new(Limits::DEFAULT, Letter::default(), [7; 16]);
    group.bench_function("protected, 1000 flows", |b| {
        b.iter(|| {
            let key = key(order.next() % 1000);
            black_box(small.outbound(now, &key, Rule::DISCOVER, sa))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpu::default());
    targets = flows
}
criterion_main!(benches);
