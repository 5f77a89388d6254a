//! Revocation: RFC 5280 §5 and §6.3.

use ike_x509::{Crl, Policy, Presented, Reason, Revocation, Store};
use ipsec_doi::Identity;
use rcgen::KeyUsagePurpose;

use crate::pki::{Authority, Key, NOW, ca, fair, judge, judge_by, peer, root, trusting, with_crls};

/// Made in November, to be replaced in December: current.
const CURRENT: (u8, u8) = (11, 12);
/// Out of date.
const STALE: (u8, u8) = (9, 10);
/// Of the future.
const FUTURE: (u8, u8) = (12, 12);

fn by(revocation: Revocation) -> Policy {
    let mut policy = Policy::default();
    policy.revocation = revocation;
    policy
}

#[track_caller]
fn refused(store: &Store, chain: &[Vec<u8>], revocation: Revocation, reason: Reason) -> String {
    let refusal = judge_by(store, chain, &by(revocation)).unwrap_err();
    fair(&refusal, reason);
    refusal.subject
}

#[test]
fn what_its_issuer_has_revoked_is_refused_unless_lists_are_off() {
    let root = root();
    let chain = [root.issue(&peer("a.lab", 2), &Key::p256(9))];
    let store = with_crls(trusting(&[&root]), &[root.crl(&[7, 2], CURRENT)]);
    for revocation in [Revocation::Lenient, Revocation::Strict] {
        assert_eq!(
            refused(&store, &chain, revocation, Reason::Revoked),
            "CN=a.lab"
        );
    }
    judge_by(&store, &chain, &by(Revocation::Off)).unwrap();
    let other = [root.issue(&peer("a.lab", 3), &Key::p256(9))];
    judge_by(&store, &other, &by(Revocation::Strict)).unwrap();
}

#[test]
fn a_revoked_authority_between_is_named() {
    let root = root();
    let between = root.below(ca("Between", 3), Key::p256(3));
    let chain = [
        between.issue(&peer("a.lab", 4), &Key::p256(9)),
        between.der.clone(),
    ];
    let lists = [root.crl(&[3], CURRENT), between.crl(&[], CURRENT)];
    let store = with_crls(trusting(&[&root]), &lists);
    let subject = refused(&store, &chain, Revocation::Strict, Reason::Revoked);
    assert_eq!(subject, "CN=Between");
}

#[test]
fn a_missing_list_matters_only_to_the_strict() {
    let root = root();
    let between = root.below(ca("Between", 3), Key::p256(3));
    let chain = [
        between.issue(&peer("a.lab", 4), &Key::p256(9)),
        between.der.clone(),
    ];
    let none = trusting(&[&root]);
    judge(&none, &chain).unwrap();
    refused(&none, &chain, Revocation::Strict, Reason::NoCrl);
    let half = with_crls(trusting(&[&root]), &[root.crl(&[], CURRENT)]);
    judge(&half, &chain).unwrap();
    let subject = refused(&half, &chain, Revocation::Strict, Reason::NoCrl);
    assert_eq!(subject, "CN=a.lab");
    let whole = with_crls(half, &[between.crl(&[], CURRENT)]);
    judge_by(&whole, &chain, &by(Revocation::Strict)).unwrap();
}

#[test]
fn a_stale_list_still_revokes_and_the_strict_want_a_new_one() {
    let root = root();
    let chain = [root.issue(&peer("a.lab", 2), &Key::p256(9))];
    let clean = with_crls(trusting(&[&root]), &[root.crl(&[], STALE)]);
    judge(&clean, &chain).unwrap();
    refused(&clean, &chain, Revocation::Strict, Reason::CrlExpired);
    let revoking = with_crls(trusting(&[&root]), &[root.crl(&[2], STALE)]);
    refused(&revoking, &chain, Revocation::Lenient, Reason::Revoked);
}

#[test]
fn the_newest_list_counts_and_none_of_the_future() {
    let root = root();
    let chain = [root.issue(&peer("a.lab", 2), &Key::p256(9))];
    let lists = [root.crl(&[2], STALE), root.crl(&[], CURRENT)];
    judge_by(
        &with_crls(trusting(&[&root]), &lists),
        &chain,
        &by(Revocation::Strict),
    )
    .unwrap();
    let future = with_crls(trusting(&[&root]), &[root.crl(&[], FUTURE)]);
    refused(&future, &chain, Revocation::Strict, Reason::NoCrl);
}

#[test]
fn a_list_that_another_key_has_signed_is_refused() {
    let root = root();
    let chain = [root.issue(&peer("a.lab", 2), &Key::p256(9))];
    let false_root = Authority::root(ca("Root", 1), Key::p256(66));
    let store = with_crls(trusting(&[&root]), &[false_root.crl(&[], CURRENT)]);
    for revocation in [Revocation::Lenient, Revocation::Strict] {
        refused(&store, &chain, revocation, Reason::CrlSignature);
    }
}

#[test]
fn an_authority_that_may_not_sign_lists_signs_none() {
    let root = root();
    let mut mute = ca("Between", 3);
    mute.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let mute = root.below(mute, Key::p256(3));
    let signing = root.below(ca("Between", 3), Key::p256(3));
    let chain = [
        mute.issue(&peer("a.lab", 4), &Key::p256(9)),
        mute.der.clone(),
    ];
    let lists = [root.crl(&[], CURRENT), signing.crl(&[], CURRENT)];
    let store = with_crls(trusting(&[&root]), &lists);
    refused(&store, &chain, Revocation::Strict, Reason::CrlSignature);
}

#[test]
fn lists_from_the_peer_help_but_cannot_forge() {
    let root = root();
    let chain = [root.issue(&peer("a.lab", 2), &Key::p256(9))];
    let store = trusting(&[&root]);
    let verify = |crls: &[Vec<u8>]| {
        let presented = Presented {
            chain: &chain,
            crls,
        };
        let identity = Identity::fqdn("a.lab");
        store.verify(presented, &identity, NOW, &by(Revocation::Strict))
    };
    verify(&[root.crl(&[], CURRENT)]).unwrap();
    fair(
        &verify(&[root.crl(&[2], CURRENT)]).unwrap_err(),
        Reason::Revoked,
    );
    let false_root = Authority::root(ca("Root", 1), Key::p256(66));
    let forged = false_root.crl(&[], CURRENT);
    fair(&verify(&[forged]).unwrap_err(), Reason::CrlSignature);
    fair(&verify(&[vec![0x30, 0]]).unwrap_err(), Reason::NoCrl);
    let many = vec![root.crl(&[], CURRENT); 5];
    fair(&verify(&many).unwrap_err(), Reason::TooMany);
}

#[test]
fn broken_lists_are_refused_and_never_panic() {
    let crl = root().crl(&[2, 3], CURRENT);
    let whole = Crl::from_der(&crl).unwrap();
    assert_eq!(whole.issuer(), "CN=Root");
    assert!(whole.this_update() < NOW && NOW < whole.next_update());
    for end in 0..crl.len() {
        Crl::from_der(&crl[..end]).unwrap_err();
    }
    for at in 0..crl.len() {
        for octet in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = crl.clone();
            damaged[at] = octet;
            // whether it can be read is the readers' affair; that they come back is ours
            if let Ok(read) = Crl::from_der(&damaged) {
                assert!(!read.issuer().contains(char::is_control));
            }
        }
    }
}
