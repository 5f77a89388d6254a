//! Aggressive mode.

use std::time::Duration;

use ikev1::{Failure, Incompatibility, Profile};
use ipsec_doi::Identity;
use ipsec_doi::v1::IkeProposal;

use crate::pair::{A, B, BAD, Pair, config, connection, psk};

fn pair(change: impl Fn(usize, &mut ikev1::Connection)) -> Pair {
    Pair::changed(|side, it| {
        it.options.aggressive = true;
        change(side, it);
    })
}

/// RFC 2409 §5.4: three messages, then three of quick mode.
#[test]
fn two_endpoints_agree_in_six_messages() {
    let mut pair = pair(|_, _| {});
    pair.connect();
    pair.assert_joined(1);
    assert_eq!((pair.from(A), pair.from(B)), (4, 2));
}

#[test]
fn an_unencrypted_third_message_is_taken_too() {
    let both = [A, B].map(|side| {
        let mut it = config(side);
        it.connections[0].options.aggressive = true;
        it.profile.encrypt_aggressive = false;
        it
    });
    let [a, b] = both;
    let mut pair = Pair::new(a, b);
    pair.connect();
    pair.assert_joined(1);
}

/// It must be asked for: its answer is something to try passwords on.
#[test]
fn it_is_refused_where_it_is_not_wanted() {
    let mut pair = pair(|side, it| it.options.aggressive = side == A);
    pair.connect();
    let none = Incompatibility::NoConnection;
    assert_eq!(
        pair.hosts[B].failures()[0],
        Failure::Incompatible(Box::new(none))
    );
    assert_eq!(pair.hosts[B].established(), []);
}

/// RFC 2409 §5.4: the key is found by the identity, so that many may come from anywhere.
#[test]
fn the_key_is_that_of_the_identity() {
    let mut other = connection(B, psk(B));
    other.authentication.remote_id = Some(Identity::fqdn("c.example"));
    other.authentication.proof = ikev1::Proof::Psk(b"another".to_vec().into());
    other.options.aggressive = true;
    other.remote = None;
    let (mut a, mut b) = (config(A), config(B));
    a.connections[0].options.aggressive = true;
    b.connections[0].options.aggressive = true;
    b.connections[0].remote = None;
    b.connections.insert(0, other);
    let mut pair = Pair::new(a, b);
    pair.connect();
    pair.assert_joined(1);
}

#[test]
fn all_offers_have_the_group_of_the_first() {
    let list = IkeProposal::parse_list("aes256-sha256-ecp384, aes128-sha256-ecp256").unwrap();
    let mut pair = pair(|_, it| it.proposals = list.clone());
    pair.connect();
    pair.assert_joined(1);
}

#[test]
fn loss_and_duplicates_do_no_harm() {
    for seed in 0..60 {
        for profile in [Profile::RFC, Profile::MICROSOFT] {
            let both = [A, B].map(|side| {
                let mut it = config(side);
                it.connections[0].options.aggressive = true;
                it.profile = profile;
                it
            });
            let [a, b] = both;
            let mut pair = Pair::new(a, b).seeded(seed);
            pair.link = BAD;
            pair.initiate(A);
            pair.run(Duration::from_secs(110));
            assert_eq!(pair.hosts[A].failures(), [], "{seed} {profile:?}");
            pair.assert_joined(1);
        }
    }
}
