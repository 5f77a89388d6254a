//! A run is a function of its seed.

use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::{Conditions, Crossed, Setup};

fn run(seed: u64) -> (Vec<Crossed>, String) {
    let setup = Setup::new().seed(seed).conditions(Conditions::AWFUL);
    let mut setup = setup.both(|party| party.extend(FragmentationV2::new()));
    setup.b.config.limits.protection.mode = ike_ext::Protect::Always;
    let mut pair = setup.build();
    pair.connect();
    pair.shut_down();
    let said = format!("{:?} {:?}", pair.a.events, pair.b.events);
    (pair.link.crossed, said)
}

#[test]
fn the_same_seed_gives_the_same_octets_at_the_same_times() {
    for seed in 0..10 {
        assert_eq!(run(seed), run(seed));
    }
}

#[test]
fn another_seed_gives_another_run() {
    assert_ne!(run(1).0, run(2).0);
}
