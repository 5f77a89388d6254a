//! XAUTH, mode config, hybrid authentication.

use std::net::IpAddr;
use std::time::Duration;

use ikev1::{
    Assign, AuthenticationFailure, Connection, Event, Failure, Profile, Proof, Selector, Trust,
    User, Xauth,
};
use ipsec_doi::TrafficSelector;
use isakmp_wire::v1::{AuthMethod, NotifyType};

use crate::pair::{A, B, BAD, Pair};
use crate::signatures::credential;

const RSA: &[u8] = include_bytes!("../keys/rsa2048.der");

fn user(name: &str, password: &str) -> User {
    User {
        name: name.into(),
        password: password.as_bytes().to_vec().into(),
    }
}

fn xauth(side: usize, it: &mut Connection, password: &str) {
    it.authentication.xauth = Some(if side == A {
        Xauth::Client(user("carol", password))
    } else {
        Xauth::Server(vec![user("dave", "other"), user("carol", "secret")])
    });
}

fn address() -> IpAddr {
    [10, 9, 0, 5].into()
}

fn addressing(side: usize, it: &mut Connection, push: bool) {
    if side == A {
        it.addressing.request_v4 = !push;
        it.addressing.await_push = push;
        it.children[0].remote = Selector::Fixed(TrafficSelector::any_v4());
    } else {
        let mut assign = Assign::default();
        assign.addresses = vec![(address(), 24)];
        assign.dns = vec![[10, 9, 0, 1].into()];
        assign.split = vec![TrafficSelector::subnet([10, 8, 0, 0].into(), 16)];
        assign.banner = "welcome".into();
        it.addressing.assign = assign;
        it.addressing.push = push;
        it.children[0].local = Selector::Fixed(TrafficSelector::any_v4());
    }
}

fn established(pair: &Pair, side: usize) -> (AuthMethod, Option<String>) {
    let mut all = pair.hosts[side].events.iter();
    all.find_map(|it| match it {
        Event::Established(it) => Some((it.method, it.user.clone())),
        _ => None,
    })
    .unwrap()
}

/// draft-beaulieu-ike-xauth-02: the server asks, the client answers, the server says how it went.
#[test]
fn a_user_proves_itself_after_phase_1() {
    for aggressive in [false, true] {
        let mut pair = Pair::changed(|side, it| {
            xauth(side, it, "secret");
            it.options.aggressive = aggressive;
        });
        pair.connect();
        pair.assert_joined(1);
        let method = AuthMethod::XAUTH_INIT_PRE_SHARED;
        assert_eq!(established(&pair, B), (method, Some("carol".into())));
        assert_eq!(established(&pair, A), (method, None));
    }
}

#[test]
fn a_wrong_password_ends_it_on_both_sides() {
    for (name, password) in [("carol", "other"), ("carol", ""), ("mallory", "secret")] {
        let mut pair = Pair::changed(|side, it| {
            xauth(side, it, password);
            if let (A, Some(Xauth::Client(user))) = (side, &mut it.authentication.xauth) {
                user.name = name.into();
            }
        });
        pair.connect();
        for side in [A, B] {
            let expected = AuthenticationFailure::Xauth { user: name.into() };
            assert_eq!(
                pair.hosts[side].failures()[0],
                Failure::Authentication(expected)
            );
            assert_eq!(pair.hosts[side].established(), []);
        }
        pair.run(Duration::from_secs(200));
        pair.assert_empty();
    }
}

/// B5: whoever skips XAUTH gets nothing, whatever else it sends.
#[test]
fn nothing_is_negotiated_before_the_user_has_proved_itself() {
    let mut pair = Pair::changed(|side, it| xauth(side, it, "secret"));
    // the client's answers are lost
    pair.meddler = Some(Box::new(move |packet| {
        let lost = packet.bytes[18] == 6 && packet.local.ip() == crate::pair::address(A);
        if lost { Vec::new() } else { vec![packet] }
    }));
    pair.initiate(A);
    pair.run(Duration::from_secs(200));
    for host in &pair.hosts {
        assert_eq!(host.count(|it| matches!(it, Event::Established(_))), 0);
        assert!(host.children.is_empty());
    }
    pair.assert_empty();
}

/// draft-ietf-ipsec-isakmp-hybrid-auth-05: the server signs, the user has a password.
#[test]
fn hybrid_authentication_proves_the_server_by_its_key_and_the_user_by_its_password() {
    let hybrid = |side: usize, it: &mut Connection| {
        xauth(side, it, "secret");
        it.authentication.proof = if side == A {
            Proof::HybridClient(Trust::default())
        } else {
            Proof::HybridServer(credential(RSA, B))
        };
    };
    let mut pair = Pair::changed(hybrid);
    let key = ike_rustcrypto::provider().load_key(RSA).unwrap();
    pair.hosts[A].verdict = Ok(key.public_key().to_vec());
    pair.connect();
    pair.assert_joined(1);
    let method = AuthMethod::HYBRID_INIT_RSA;
    assert_eq!(established(&pair, B), (method, Some("carol".into())));
    let mut pair = Pair::changed(hybrid);
    pair.connect();
    assert!(pair.hosts[A].established().is_empty());
    let told = Failure::PeerError(NotifyType::INVALID_CERTIFICATE);
    assert!(pair.hosts[B].failures().contains(&told));
}

/// draft-dukes-ike-mode-cfg-02 §3: pulled by the client, or pushed by the server.
#[test]
fn addresses_are_pulled_or_pushed() {
    for push in [false, true] {
        let mut pair = Pair::changed(|side, it| addressing(side, it, push));
        pair.connect();
        pair.assert_joined(1);
        let given = pair.hosts[A].events.iter().find_map(|it| match it {
            Event::Configured { assigned, .. } => Some(assigned.clone()),
            _ => None,
        });
        let given = given.unwrap();
        assert_eq!(given.addresses, [(address(), 24)]);
        assert_eq!(given.dns, [IpAddr::from([10, 9, 0, 1])]);
        assert_eq!(given.split[0].to_string(), "10.8.0.0/16");
        assert_eq!(given.banner, "welcome");
        let child = pair.hosts[A].children.values().next().unwrap();
        assert_eq!(child.selectors.0, TrafficSelector::host(address()));
    }
}

#[test]
fn a_server_without_addresses_leaves_the_client_with_a_reason() {
    let mut pair = Pair::changed(|side, it| {
        if side == A {
            it.addressing.request_v4 = true;
        }
    });
    pair.connect();
    pair.assert_joined(0);
    let closed = pair.hosts[A].count(|it| matches!(it, Event::Closed { .. }));
    assert_eq!(closed, 1);
}

#[test]
fn loss_and_duplicates_do_no_harm() {
    for seed in 0..40 {
        let mut pair = Pair::changed(|side, it| {
            xauth(side, it, "secret");
            addressing(side, it, seed % 2 == 0);
        })
        .seeded(seed);
        for host in &mut pair.hosts {
            assert_eq!(host.endpoint.config().profile, Profile::RFC);
        }
        pair.link = BAD;
        pair.initiate(A);
        pair.run(Duration::from_secs(170));
        assert_eq!(pair.hosts[A].failures(), [], "{seed}");
        pair.assert_joined(1);
    }
}
