//! Hundreds of lives over a link that loses, repeats and reorders.

use std::time::Duration;

use ike_ext::{Protect, Protection};
use ikee_dos::Dos;
use ikee_fragmentation::Fragmentation;
use ikee_nat_t::NatT;
use ikee_reliable_delete::ReliableDelete;
use ikee_tests::v1::Setup;
use ikee_tests::{Conditions, Side};
use ikev1::{Authentication, Credential, Endpoint, Profile, Trust};

/// As many as a release is held to.
const SEEDS: u64 = 300;

const P256: &[u8] = include_bytes!("../../../crates/ikev1/tests/keys/prime256v1.der");

const fn aggressive(seed: u64) -> bool {
    !seed.is_multiple_of(8) && seed.is_multiple_of(2)
}

/// Nearly every second pair is in aggressive mode, every third has a user and an address, every fifth signs, every seventh has
/// Windows' rules, every fourth all extensions.
fn setup(seed: u64) -> Setup {
    let mut setup = Setup::new().seed(seed).conditions(Conditions::AWFUL);
    if seed.is_multiple_of(5) {
        for (side, config) in [Side::A, Side::B].into_iter().zip(&mut setup.configs) {
            let key = setup.provider.load_key(P256).expect("a key");
            let certificate = vec![side as u8; 900];
            let it = &mut config.connections[0].authentication;
            *it = Authentication::signature(
                it.local_id.clone(),
                it.remote_id.clone(),
                Credential::new(vec![certificate], key),
                Trust::default(),
            );
        }
    } else if seed.is_multiple_of(3) {
        setup = setup.road_warrior();
    }
    // to Windows a certificate without an identity beside it is none
    if seed.is_multiple_of(7) && !(seed.is_multiple_of(5) && aggressive(seed)) {
        for it in &mut setup.configs {
            it.profile = Profile::MICROSOFT;
        }
    }
    if seed.is_multiple_of(4) {
        for side in [Side::A, Side::B] {
            let always = Protection {
                mode: Protect::Always,
                ..Protection::default()
            };
            // a peer that protects itself has no aggressive mode
            if !aggressive(seed) {
                setup = setup.extend(side, Dos::new().with_protection(always));
            }
            setup = setup
                .extend(side, Fragmentation::new())
                .extend(side, NatT::new())
                .extend(side, ReliableDelete::new());
        }
    }
    setup.both(|it| {
        it.options.aggressive = aggressive(seed);
        it.retransmit.tries = 20;
        it.retransmit.longest = Duration::from_secs(8);
    })
}

/// RFC 2408 §5.1: with twenty tries every seed completes, and in the end nothing is left on either side.
#[test]
fn every_seed_completes_and_leaves_nothing() {
    for seed in 0..SEEDS {
        let mut setup = setup(seed);
        for it in &mut setup.configs {
            it.limits.half_open_timeout = Duration::from_secs(300);
        }
        let provider = setup.provider;
        let mut pair = setup.build();
        let key = provider
            .load_key(P256)
            .expect("a key")
            .public_key()
            .to_vec();
        for host in &mut pair.hosts {
            host.verdict = Ok(key.clone());
        }
        pair.initiate(Side::A);
        let up = pair.run_until(pair.now + Duration::from_secs(300), |it| {
            let [a, b] = &it.hosts;
            a.children.len() == 1 && b.children.len() == 1 && it.is_up()
        });
        let [a, b] = &pair.hosts;
        let failures: Vec<_> = a.failures().chain(b.failures()).collect();
        assert!(up, "seed {seed}: {failures:?}");
        pair.assert_joined(1);
        // what is said last may be lost, and then a liveness check finds out
        pair.call(Side::A, Endpoint::shutdown);
        pair.run(Duration::from_secs(300));
        pair.link.conditions = Conditions::PERFECT;
        pair.shut_down();
        pair.assert_empty();
    }
}

/// With the usual schedule each is up, or everybody who knew of it has given up.
#[test]
fn what_does_not_complete_is_given_up() {
    let (mut complete, mut given_up) = (0, 0);
    for seed in 0..SEEDS {
        let mut setup = Setup::new().seed(seed).conditions(Conditions::AWFUL);
        setup.conditions.loss = [400; 2];
        let mut pair = setup.build();
        pair.initiate(Side::A);
        pair.run(Duration::from_secs(400));
        if pair.is_up() {
            complete += 1;
        } else {
            given_up += 1;
        }
        pair.link.conditions = Conditions::PERFECT;
        pair.shut_down();
        pair.assert_empty();
    }
    assert!(complete > 20 && given_up > 20, "{complete} {given_up}");
}
