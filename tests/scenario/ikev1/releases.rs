//! Every release of Windows with every other, as [MS-IKEE] appendix A describes them.

use std::time::Duration;

use ike_ext::Role;
use ikee::profile::{Announcement, Release, windows, windows_ikev1};
use ikee::reliable_delete::ReliableDelete;
use ikee_tests::v1::{Pair, Setup};
use ikee_tests::{Conditions, Side};
use ikev1::{Authentication, Credential, Trust};
use isakmp_wire::Message;
use isakmp_wire::v1::kind;
use isakmp_wire::vendor_id::VID_INITIAL_CONTACT;

/// One datagram in twenty is lost each way, one in ten comes twice, and later ones overtake.
const BAD: Conditions = Conditions {
    jitter: Duration::from_millis(100),
    loss: [50; 2],
    duplicates: 100,
    ..Conditions::PERFECT
};
const KEY: &[u8] = include_bytes!("../../../crates/ikev1/tests/keys/prime256v1.der");

fn pair(a: Release, b: Release, seed: u64, conditions: Conditions) -> Pair {
    let load = || ike_rustcrypto::provider().load_key(KEY).expect("a key");
    let mut setup = Setup::new().seed(seed).conditions(conditions);
    setup.extensions = [windows_ikev1(a), windows_ikev1(b)];
    setup = setup.both(|it| it.options.liveness = None);
    // certificates that fill several packets, so that there is something to cut
    for (side, config) in [Side::A, Side::B].into_iter().zip(&mut setup.configs) {
        let identity = ikee_tests::v1::pair::identity;
        let chain = vec![vec![7; 1500], vec![8; 1200]];
        config.connections[0].authentication = Authentication::signature(
            identity(side),
            Some(identity(side.peer())),
            Credential::new(chain, load()),
            Trust::default(),
        );
    }
    let mut pair = setup.build();
    for host in &mut pair.hosts {
        host.verdict = Ok(load().public_key().to_vec());
    }
    pair
}

/// Whether what a side's deletes wait for has come.
fn acknowledged(pair: &Pair) -> bool {
    pair.hosts.iter().all(|it| {
        let own = it.endpoint.extensions().get::<ReliableDelete>();
        own.is_none_or(ReliableDelete::is_idle)
    })
}

/// Connects, rekeys nothing, deletes, and leaves nothing; whether it connected.
fn live(a: Release, b: Release, seed: u64, conditions: Conditions) -> bool {
    let mut pair = pair(a, b, seed, conditions);
    pair.connect();
    let up = pair.is_up();
    pair.run(Duration::from_secs(5));
    if up && conditions == Conditions::PERFECT {
        pair.assert_joined(1);
    }
    pair.shut_down();
    assert!(acknowledged(&pair), "{a:?} {b:?}");
    pair.assert_empty();
    up
}

/// [MS-IKEE] note 6.
#[test]
fn the_first_messages_of_a_release_have_its_vendor_ids_in_its_order() {
    for release in Release::ALL {
        let mut pair = pair(*release, *release, 1, Conditions::PERFECT);
        pair.connect();
        let messages = [(Role::Initiator, 0), (Role::Responder, 1)];
        for (role, at) in messages {
            let bytes = &pair.link.crossed[at].packet.bytes;
            let message = Message::parse(bytes).expect("a message");
            let sent = message.payloads.all(kind::VENDOR_ID);
            // [MS-IKEE] §3.5.5.1: a responder's first contact is told, too; it depends on what was before
            let first = |id: &[u8]| role == Role::Responder && id == VID_INITIAL_CONTACT;
            let sent = sent.filter(|it| !first(it.body));
            let sent: Vec<_> = sent.map(|it| it.body.to_vec()).collect();
            let usual = windows(*release).usual_vendor_ids(role, false);
            let usual: Vec<_> = usual.map(Announcement::octets).collect();
            assert_eq!(sent, usual, "{release:?} {role:?}");
        }
    }
}

#[test]
fn every_pair_of_releases_negotiates_and_leaves_nothing() {
    for a in Release::ALL {
        for b in Release::ALL {
            assert!(live(*a, *b, 1, Conditions::PERFECT), "{a:?} {b:?}");
        }
    }
}

#[test]
fn every_pair_of_releases_survives_loss_reordering_and_duplication() {
    let (mut all, mut up) = (0, 0);
    for (i, a) in Release::ALL.iter().enumerate() {
        for (j, b) in Release::ALL.iter().enumerate() {
            let seed = (i * 100 + j) as u64;
            all += 1;
            up += u32::from(live(*a, *b, seed, BAD));
        }
    }
    // who gives up has nothing left either; most get through
    assert!(up * 10 >= all * 9, "{up} of {all}");
}
