//! A thousand handshakes over a link that loses, repeats and reorders.

use std::time::Duration;

use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::{Conditions, Pair, Setup};
use ikev2::{CloseReason, Failure};

/// As many as a release is held to.
const SEEDS: u64 = 1000;

/// Every third pair has cookies, every second one a wrong guess of the group, every fifth pieces.
fn setup(seed: u64) -> Setup {
    let mut setup = Setup::new().seed(seed).conditions(Conditions::AWFUL);
    if seed.is_multiple_of(3) {
        setup.b.config.limits.protection.mode = ike_ext::Protect::Always;
    }
    if seed.is_multiple_of(2) {
        setup.a.ike("aes256gcm16-prfsha256-ecp256-x25519");
    }
    if seed.is_multiple_of(5) {
        setup = setup.both(|party| {
            party.extend(FragmentationV2::new());
            let long = |id: &mut ipsec_doi::Identity| {
                let name = id.data.repeat(60);
                *id = ipsec_doi::Identity::new(isakmp_wire::v2::IdType::KEY_ID, name);
            };
            let authentication = &mut party.connection().authentication;
            long(&mut authentication.local_id);
            authentication.remote_id.as_mut().map(long);
        });
    }
    setup
}

/// No SA, row or timer; whatever is said last is said over the same link.
fn end(pair: &mut Pair) {
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn with_twenty_tries_every_seed_completes() {
    for seed in 0..SEEDS {
        let mut setup = setup(seed).both(|party| {
            party.connection().retransmit.tries = 20;
            // a responder that waits as long as its initiator tries
            party.config.limits.half_open_timeout = Duration::from_secs(300);
        });
        setup.seed = seed;
        let mut pair = setup.build();
        pair.connect();
        assert!(pair.a.is_established(), "seed {seed}: {:?}", pair.a.events);
        assert!(pair.b.is_established(), "seed {seed}: {:?}", pair.b.events);
        pair.assert_children_match();
        end(&mut pair);
    }
}

#[test]
fn with_the_default_schedule_every_seed_ends_up_or_timed_out_on_each_side_that_knew() {
    let mut timed_out = 0;
    for seed in 0..SEEDS {
        let mut pair = setup(seed + 10_000).build();
        pair.connect();
        let up = pair.a.is_established();
        assert_eq!(pair.a.failures().count(), usize::from(!up), "seed {seed}");
        if up {
            assert!(pair.b.is_established(), "seed {seed}: {:?}", pair.b.events);
            pair.assert_children_match();
        } else {
            timed_out += 1;
            assert!(
                matches!(pair.a.failure(), Failure::Timeout(_)),
                "{:?}",
                pair.a.failure()
            );
            // a responder that believed in the SA notices by itself
            pair.run(Duration::from_secs(200));
            let failed = pair.b.timed_out();
            let silent = pair
                .b
                .closed()
                .filter(|it| **it == CloseReason::Silent)
                .count();
            assert_eq!(pair.b.closed().count(), silent);
            assert!(failed + silent <= 1, "seed {seed}: {:?}", pair.b.events);
        }
        end(&mut pair);
    }
    // the schedule is good for most, and the test for both outcomes
    assert!((1..SEEDS / 10).contains(&timed_out), "{timed_out}");
}
