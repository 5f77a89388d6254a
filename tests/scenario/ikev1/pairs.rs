//! Every IKEv1 extension with every other: against itself, against a plain peer, each side in turn.

use std::time::Duration;

use ike_ext::Extensions;
use ikee_cga::Cga;
use ikee_coexistence::Coexistence;
use ikee_discovery::Discovery;
use ikee_dos::Dos;
use ikee_dpd::Dpd;
use ikee_failover::Failover;
use ikee_fragmentation::Fragmentation;
use ikee_nat_t::NatT;
use ikee_reliable_delete::{Nonces, ReliableDelete};
use ikee_status::Status;
use ikee_tests::Side;
use ikee_tests::v1::Setup;

/// An extension, and how each side has it.
type Entry = (&'static str, fn(Extensions, Side) -> Extensions);

/// All extensions that an IKEv1 endpoint can have. CGA has no identity here: it says what it could check.
const EXTENSIONS: [Entry; 10] = [
    ("status", |all, _| all.with(Status::new().with_release(9))),
    ("nat-t", |all, _| all.with(NatT::new())),
    ("fragmentation", |all, _| all.with(Fragmentation::new())),
    ("cga", |all, _| all.with(Cga::new())),
    ("failover", |all, side| {
        all.with(Failover::new(match side {
            Side::A => ikee_failover::Side::Client,
            Side::B => ikee_failover::Side::Cluster,
        }))
    }),
    ("discovery", |all, _| all.with(Discovery::new())),
    ("reliable-delete", |all, _| {
        all.with(ReliableDelete::new().with_nonces(Nonces::Always))
    }),
    ("dos", |all, _| all.with(Dos::new())),
    ("coexistence", |all, _| all.with(Coexistence::new())),
    ("dpd", |all, _| all.with(Dpd::new())),
];

fn build(list: &[Entry], side: Side) -> Extensions {
    list.iter()
        .fold(Extensions::none(), |all, (_, add)| add(all, side))
}

fn live(on_a: &[Entry], on_b: &[Entry]) {
    let mut setup = Setup::insecure();
    setup.extensions = [build(on_a, Side::A), build(on_b, Side::B)];
    let names = |list: &[Entry]| list.iter().map(|it| it.0).collect::<Vec<_>>();
    let context = (names(on_a), names(on_b));
    let mut pair = setup.build();
    pair.connect();
    assert!(pair.is_up(), "{context:?}");
    pair.assert_joined(1);
    let sa = pair
        .host(Side::B)
        .established()
        .next()
        .map(|it| it.sa)
        .expect("one");
    let alive = pair.call(Side::B, |it, now, out| it.probe(now, sa, out));
    assert_eq!(alive, Ok(true), "{context:?}");
    pair.run(Duration::from_secs(2));
    let child = *pair.host(Side::A).children.keys().next().expect("a child");
    let rekeyed = pair.call(Side::A, |it, now, out| it.rekey_child(now, child, out));
    assert_eq!(rekeyed, Ok(()), "{context:?}");
    pair.run(Duration::from_secs(60));
    pair.assert_joined(1);
    assert_eq!(
        pair.hosts.each_ref().map(|it| it.failures().count()),
        [0; 2]
    );
    let deleted = pair.call(Side::B, |it, now, out| it.delete(now, sa, out));
    assert_eq!(deleted, Ok(()), "{context:?}");
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn every_pair_of_extensions_works_against_itself_and_against_a_plain_peer() {
    for (i, first) in EXTENSIONS.into_iter().enumerate() {
        for second in EXTENSIONS.into_iter().skip(i + 1) {
            let both = [first, second];
            live(&both, &both);
            live(&both, &[]);
            live(&[], &both);
            live(&[first], &[second]);
            live(&[second], &[first]);
        }
    }
}

#[test]
fn all_extensions_together_work_against_all_and_against_none() {
    live(&EXTENSIONS, &EXTENSIONS);
    live(&EXTENSIONS, &[]);
    live(&[], &EXTENSIONS);
}
