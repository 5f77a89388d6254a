//! Main mode with a pre-shared key, and the quick mode after it.

use std::time::Duration;

use ikev1::{AuthenticationFailure, Event, Failure, Profile};
use ipsec_doi::v1::IkeProposal;

use crate::pair::{A, B, BAD, Pair, config};

/// RFC 2409 §5, §5.4, §5.5: six messages and three.
#[test]
fn two_endpoints_agree_in_nine_messages() {
    let mut pair = Pair::new(config(A), config(B));
    pair.connect();
    pair.assert_joined(1);
    assert_eq!((pair.from(A), pair.from(B)), (5, 4));
    for host in &pair.hosts {
        assert_eq!(host.established().len(), 1);
        assert_eq!(host.count(|it| matches!(it, Event::Established(_))), 1);
    }
}

#[test]
fn every_suite_that_users_type_works() {
    for text in [
        "aes256-sha1-modp2048",
        "aes192-sha384-ecp384",
        "3des-sha1-modp1536",
        "aes256-sha512-ecp521",
    ] {
        let mut pair =
            Pair::changed(|_, it| it.proposals = vec![IkeProposal::parse(text).unwrap()]);
        pair.connect();
        pair.assert_joined(1);
    }
}

/// RFC 2409 App. B: SKEYID_e of a short hash is expanded for a long key.
#[test]
fn legacy_suites_work_where_they_are_allowed_and_only_there() {
    for text in ["des-md5-modp768", "aes256-md5-modp1024"] {
        let proposals = vec![IkeProposal::parse(text).unwrap()];
        let mut pair = Pair::changed(|_, it| {
            it.proposals = proposals.clone();
            it.options.legacy = true;
        });
        pair.connect();
        pair.assert_joined(1);
        let mut pair = Pair::changed(|side, it| {
            it.proposals = proposals.clone();
            it.options.legacy = side == A;
        });
        pair.connect();
        pair.assert_joined(0);
        assert!(matches!(
            pair.hosts[B].failures()[0],
            Failure::Incompatible(_)
        ));
    }
}

/// RFC 2408 §5.1: what is lost is sent again, what comes twice is answered twice and done once.
#[test]
fn loss_and_duplicates_do_no_harm() {
    for seed in 0..60 {
        for profile in [Profile::RFC, Profile::MICROSOFT] {
            let (mut a, mut b) = (config(A), config(B));
            (a.profile, b.profile) = (profile, profile);
            let mut pair = Pair::new(a, b).seeded(seed);
            pair.link = BAD;
            pair.initiate(A);
            pair.run(Duration::from_secs(110));
            assert_eq!(pair.hosts[A].failures(), [], "{seed}");
            pair.assert_joined(1);
        }
    }
}

#[test]
fn another_key_is_named_as_the_reason() {
    let mut pair = Pair::changed(|side, it| {
        if side == B {
            it.authentication.proof = ikev1::Proof::Psk(b"another".to_vec().into());
        }
    });
    pair.initiate(A);
    pair.run(Duration::from_secs(120));
    let wrong = |it: &Failure| {
        let Failure::Authentication(what) = it else {
            return false;
        };
        matches!(what, AuthenticationFailure::WrongSecret { .. })
    };
    assert!(pair.hosts[B].failures().iter().any(wrong));
    assert!(!pair.hosts[A].failures().is_empty());
    pair.assert_empty();
}

/// RFC 2409 §5.7: told in an informational exchange of its own.
#[test]
fn an_identity_that_is_not_expected_is_refused() {
    let mut pair = Pair::changed(|side, it| {
        if side == A {
            it.authentication.local_id = ipsec_doi::Identity::fqdn("c.example");
        }
    });
    pair.connect();
    let failures = pair.hosts[B].failures();
    assert!(matches!(
        failures[0],
        Failure::Authentication(AuthenticationFailure::Identity { .. })
    ));
    // [MS-IKEE] §3.1.5: told under the SA's keys, and believed
    let told = pair.hosts[A].failures();
    let what = isakmp_wire::v1::NotifyType::INVALID_ID_INFORMATION;
    assert_eq!(told, [Failure::PeerError(what)]);
    pair.assert_empty();
}

/// RFC 2409 §5.7, RFC 2408 §5.14: whoever can forge a notification in clear ends nothing.
#[test]
fn a_forged_notification_changes_nothing() {
    let mut pair = Pair::new(config(A), config(B));
    let mut forged = 0;
    pair.meddler = Some(Box::new(move |packet| {
        let mut lie = packet.clone();
        if packet.bytes.len() < 28 || packet.bytes[18] != 2 {
            return vec![packet];
        }
        forged += 1;
        let mut bytes = packet.bytes[..16].to_vec();
        bytes.extend([11, 0x10, 5, 0, 0, 0, 0, forged]);
        bytes.extend([0, 0, 0, 40]);
        bytes.extend([0, 0, 0, 12, 0, 0, 0, 1, 1, 0, 0, 14]);
        lie.bytes = bytes;
        vec![lie, packet]
    }));
    pair.connect();
    pair.assert_joined(1);
    let hints = pair.hosts[A].count(|it| matches!(it, Event::Hint { .. }));
    assert!(hints > 0);
}
