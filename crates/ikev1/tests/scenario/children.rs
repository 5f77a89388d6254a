//! Quick mode.

use std::net::IpAddr;

use ikev1::{AhProposal, Child, Event, Failure, Incompatibility, Profile, Selector, Suites};
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::v1::IkeProposal;
use ipsec_doi::{EspProposal, GroupId, IntegrityId, TrafficSelector};
use isakmp_wire::v1::{NotifyType, ProtocolId};

use crate::pair::{A, B, Pair, config};

fn net(text: &str) -> Selector {
    Selector::Fixed(TrafficSelector::parse(text).unwrap())
}

fn child(suite: &str) -> Child {
    Child::new("net", vec![EspProposal::parse(suite).unwrap()])
}

/// RFC 2407 §4.4.4; RFC 2409 §5.5: PFS makes keys that phase 1 does not tell.
#[test]
fn every_esp_suite_that_users_type_works() {
    for text in [
        "aes256gcm16",
        "aes128gcm16-ecp256",
        "aes256-sha512-modp2048",
        "3des-sha1",
        "aes128ctr-sha384",
        "aes256-sha256-ecp521-esn",
    ] {
        let mut pair = Pair::changed(|_, it| it.children = vec![child(text)]);
        pair.connect();
        assert_eq!(pair.hosts[A].failures(), [], "{text}");
        assert_eq!(pair.hosts[A].children.len(), 1, "{text}");
        assert_eq!(pair.hosts[B].children.len(), 1, "{text}");
    }
}

/// RFC 2407 §4.4.3: the transform and the attribute agree.
#[test]
fn authentication_header_works() {
    let mut pair = Pair::changed(|_, it| {
        it.children[0].suites = Suites::Ah(vec![AhProposal {
            integrity: vec![IntegrityId::HMAC_SHA2_256_128],
            groups: vec![GroupId::ECP_256],
        }]);
    });
    pair.connect();
    pair.assert_joined(1);
    let child = pair.hosts[A].children.values().next().unwrap();
    assert_eq!(child.suite.protocol, ProtocolId::AH);
    assert!(child.inbound.encryption.is_empty());
}

/// RFC 2407 §4.6.2: subnets, ranges, protocols and ports.
#[test]
fn identities_select_the_traffic() {
    for (left, right) in [
        ("10.1.0.0/16", "10.2.0.0/16"),
        ("10.1.0.5-10.1.0.9", "10.2.0.1"),
        ("0.0.0.0/0", "10.2.0.0/24"),
        ("fd00:1::/64", "fd00:2::/64"),
        ("10.1.0.1[udp/1701]", "10.2.0.1[udp]"),
    ] {
        let mut pair = Pair::changed(|side, it| {
            let (own, other) = if side == A {
                (left, right)
            } else {
                (right, left)
            };
            (it.children[0].local, it.children[0].remote) = (net(own), net(other));
        });
        pair.connect();
        pair.assert_joined(1);
        let child = pair.hosts[B].children.values().next().unwrap();
        assert_eq!(
            child.selectors.0.to_string(),
            TrafficSelector::parse(right).unwrap().to_string()
        );
    }
}

#[test]
fn a_part_of_what_the_responder_has_is_taken_and_more_is_refused() {
    let with = |wide: &'static str| {
        Pair::changed(move |side, it| {
            if side == A {
                (it.children[0].local, it.children[0].remote) = (net("10.1.0.0/24"), net(wide));
            } else {
                (it.children[0].local, it.children[0].remote) =
                    (net("10.2.0.0/16"), net("10.1.0.0/16"));
            }
        })
    };
    let mut pair = with("10.2.3.0/24");
    pair.connect();
    pair.assert_joined(1);
    let mut pair = with("10.0.0.0/8");
    pair.connect();
    pair.assert_joined(0);
    let theirs = pair.hosts[B].failures();
    assert!(
        matches!(&theirs[0], Failure::Incompatible(it) if matches!(**it, Incompatibility::Selectors { .. }))
    );
    // told in an informational exchange; phase 1 stands
    let ours = pair.hosts[A].failures();
    assert_eq!(
        ours,
        [Failure::PeerError(NotifyType::INVALID_ID_INFORMATION)]
    );
    assert_eq!(pair.hosts[A].established().len(), 1);
}

#[test]
fn no_common_suite_leaves_phase_1_standing() {
    let mut pair = Pair::changed(|side, it| {
        it.children = vec![child(if side == A {
            "aes128-sha1"
        } else {
            "aes256-sha1"
        })];
    });
    pair.connect();
    pair.assert_joined(0);
    let ours = pair.hosts[A].failures();
    assert_eq!(ours, [Failure::PeerError(NotifyType::NO_PROPOSAL_CHOSEN)]);
    assert_eq!(pair.hosts[B].established().len(), 1);
}

#[test]
fn transport_mode_is_for_hosts() {
    let mut pair = Pair::changed(|_, it| it.children[0].mode = Mode::Transport);
    pair.connect();
    pair.assert_joined(1);
    let child = pair.hosts[A].children.values().next().unwrap();
    assert_eq!(child.encapsulation.mode, Mode::Transport);
    let own: IpAddr = [192, 0, 2, 1].into();
    assert_eq!(child.selectors.0, TrafficSelector::host(own));
    // the mode is part of the offer (RFC 2407 §4.5)
    let mut pair = Pair::changed(|side, it| {
        if side == A {
            it.children[0].mode = Mode::Transport;
        }
    });
    pair.connect();
    pair.assert_joined(0);
}

/// RFC 2408 §3.1: the initiator uses nothing before the responder says so.
#[test]
fn with_the_commit_bit_a_fourth_message_ends_quick_mode() {
    let (mut a, mut b) = (config(A), config(B));
    (a.profile, b.profile) = (Profile::MICROSOFT, Profile::MICROSOFT);
    let mut pair = Pair::new(a, b);
    pair.connect();
    pair.assert_joined(1);
    assert_eq!((pair.from(A), pair.from(B)), (5, 5));
}

#[test]
fn several_children_of_one_sa_are_told_apart() {
    let mut pair = Pair::changed(|side, it| {
        it.children = (0..4)
            .map(|n| {
                let mut child = child("aes128-sha256");
                child.name = format!("net{n}");
                let (own, other) = if side == A { (1, 2) } else { (2, 1) };
                child.local = net(&format!("10.{own}.{n}.0/24"));
                child.remote = net(&format!("10.{other}.{n}.0/24"));
                child
            })
            .collect();
    });
    pair.connect();
    pair.assert_joined(4);
    let id = *pair.hosts[A].children.keys().next().unwrap();
    pair.call(A, |it, now, out| it.delete_child(now, id, out))
        .unwrap();
    pair.run(std::time::Duration::from_secs(1));
    pair.assert_joined(3);
    let sa = pair.hosts[A].established()[0];
    pair.call(A, |it, now, out| it.request_child(now, sa, 0, out))
        .unwrap();
    pair.run(std::time::Duration::from_secs(1));
    pair.assert_joined(4);
}

/// RFC 2409 §5.5: one public value, hence one group in all offers.
#[test]
fn an_initiator_offers_the_group_of_its_first_suite_only() {
    let list = EspProposal::parse_list("aes256-sha256-ecp256, aes128-sha1-modp2048").unwrap();
    let second = vec![EspProposal::parse("aes128-sha1-modp2048").unwrap()];
    let mut pair = Pair::changed(|side, it| {
        it.children[0].suites = Suites::Esp(if side == A {
            list.clone()
        } else {
            second.clone()
        });
    });
    pair.connect();
    pair.assert_joined(0);
    assert_eq!(pair.hosts[A].established().len(), 1);
}

#[test]
fn without_children_phase_1_stands_alone() {
    let mut pair = Pair::changed(|_, it| {
        it.children.clear();
        it.proposals = vec![IkeProposal::parse("aes256-sha256-ecp384").unwrap()];
    });
    pair.connect();
    for host in &pair.hosts {
        assert_eq!(host.count(|it| matches!(it, Event::Established(_))), 1);
    }
}
