//! What goes wrong by configuration: the right failure on both sides, the right notify on the wire, and one line that
//! says what each side had.

use std::time::Duration;

use ikee_tests::{Host, Packet, Setup, Side};
use ikev2::{AuthenticationFailure, CloseReason, Failure, Incompatibility, Selectors};
use ipsec_doi::{Identity, TrafficSelector};
use isakmp_wire::v2::NotifyType;

/// The line of the only failure, which must be one line and hold all these words.
fn assert_says(host: &Host, words: &[&str]) {
    let line = host.failures().next().expect("a failure").to_string();
    assert!(!line.contains('\n') && line.len() < 400, "{line}");
    for word in words {
        assert!(line.contains(word), "`{word}` in: {line}");
    }
}

/// RFC 7296 §2.21.2.
#[test]
fn a_wrong_secret_is_told_apart_by_the_responder_and_reported_to_the_initiator() {
    let mut setup = Setup::new();
    setup.a.connection().authentication = ikev2::Authentication::psk(
        Identity::fqdn("a.example"),
        Some(Identity::fqdn("b.example")),
        b"something else".to_vec().into(),
    );
    let mut pair = setup.build();
    pair.connect();
    let peer = Identity::fqdn("a.example");
    let wrong = Failure::Authentication(AuthenticationFailure::WrongSecret { peer });
    assert_eq!(*pair.b.failure(), wrong);
    assert_says(&pair.b, &["a.example", "pre-shared key"]);
    assert_says(
        &pair.a,
        &["AUTHENTICATION_FAILED", "a.example", "b.example"],
    );
    assert_eq!(pair.errors_of(Side::B), [NotifyType::AUTHENTICATION_FAILED]);
    let refusal = pair.last_sent_by(Side::B);
    assert!(refusal.protected && refusal.payloads.len() == 1);
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn a_stranger_is_refused_with_what_was_expected() {
    let mut setup = Setup::new();
    setup.a.connection().authentication.local_id = Identity::fqdn("c.example");
    let mut pair = setup.build();
    pair.connect();
    assert_says(&pair.b, &["c.example", "a.example"]);
    assert_says(
        &pair.a,
        &["AUTHENTICATION_FAILED", "c.example", "b.example"],
    );
    assert_eq!(pair.errors_of(Side::B), [NotifyType::AUTHENTICATION_FAILED]);
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn whom_nobody_here_is_cannot_be_reached() {
    let mut setup = Setup::new();
    setup.a.connection().authentication.remote_id = Some(Identity::fqdn("d.example"));
    let mut pair = setup.build();
    pair.connect();
    assert_says(&pair.b, &["a.example", "d.example"]);
    assert_eq!(pair.errors_of(Side::B), [NotifyType::AUTHENTICATION_FAILED]);
    pair.shut_down();
    pair.assert_empty();
}

/// RFC 7296 §2.21.2: the initiator's complaint goes into an exchange of its own.
#[test]
fn an_initiator_that_meets_somebody_else_says_so() {
    let mut setup = Setup::new();
    setup.b.connection().authentication.local_id = Identity::fqdn("e.example");
    setup.a.connection().authentication.remote_id = None;
    let mut pair = setup.build();
    // accept anybody first, to show that it would come up
    pair.connect();
    assert!(pair.a.is_established());

    let mut setup = Setup::new();
    setup.b.connection().authentication.local_id = Identity::fqdn("e.example");
    let mut pair = setup.build();
    // the responder must not see whom we want, or it would refuse first
    pair.connect();
    assert_says(&pair.b, &["b.example"]);
}

/// RFC 7296 §2.21.1: the refusal is not authentic, so it is only noted.
#[test]
fn without_a_common_ike_suite_the_responder_says_so_and_the_initiator_notes_it() {
    let mut setup = Setup::new();
    setup.a.ike("aes256-sha384-x25519,aes128-sha256-x25519");
    setup.b.ike("aes256gcm16-prfsha512-x25519");
    let mut pair = setup.build();
    pair.connect();
    let (ours, theirs) = ("aes256-sha384", "aes256gcm16-prfsha512-x25519");
    assert_says(&pair.b, &[ours, "aes128-sha256", theirs]);
    assert_says(&pair.a, &[ours, "aes128-sha256", "NO_PROPOSAL_CHOSEN"]);
    assert_eq!(pair.a.failures().count(), 1);
    assert_eq!(pair.errors_of(Side::B), [NotifyType::NO_PROPOSAL_CHOSEN]);
    assert!(
        pair.a
            .hints()
            .all(|it| it == NotifyType::NO_PROPOSAL_CHOSEN)
    );
    assert_eq!(pair.now.as_duration(), Duration::from_secs(63));
    let expected = Incompatibility::Ike {
        ours: pair.b.endpoint.config().connections[0].proposals.clone(),
        theirs: pair.a.endpoint.config().connections[0].proposals.clone(),
    };
    assert!(pair.b.failures().all(|it| *it == expected.clone().into()));
    pair.shut_down();
    pair.assert_empty();
}

/// RFC 7296 §1.2, §2.21.2: the IKE SA stands, without the child.
#[test]
fn without_a_common_esp_suite_the_ike_sa_stands_alone() {
    let mut setup = Setup::new();
    setup.a.esp("aes128-sha256");
    setup.b.esp("aes256gcm16,chacha20poly1305");
    let mut pair = setup.build();
    pair.connect();
    let proposals = |host: &Host| {
        host.endpoint.config().connections[0].children[0]
            .proposals
            .clone()
    };
    let (a, b) = (proposals(&pair.a), proposals(&pair.b));
    let at_b = Incompatibility::Esp {
        ours: b,
        theirs: a.clone(),
    };
    let at_a = Incompatibility::Esp {
        ours: a,
        theirs: Vec::new(),
    };
    assert_eq!(*pair.b.failure(), at_b.into());
    assert_eq!(*pair.a.failure(), at_a.into());
    assert_says(
        &pair.b,
        &["aes128-sha256", "aes256gcm16", "chacha20poly1305"],
    );
    assert_says(&pair.a, &["aes128-sha256"]);
    assert_eq!(pair.errors_of(Side::B), [NotifyType::NO_PROPOSAL_CHOSEN]);
    assert!(pair.a.is_established() && pair.b.is_established());
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
    pair.shut_down();
    pair.assert_empty();
}

/// RFC 7296 §2.9.
#[test]
fn without_common_selectors_the_ike_sa_stands_alone() {
    let selectors =
        |text| Selectors::Fixed(vec![TrafficSelector::parse(text).expect("a selector")]);
    let mut setup = Setup::new();
    setup.a.child().remote = selectors("10.1.0.0/16");
    setup.b.child().local = selectors("10.2.0.0/16");
    let mut pair = setup.build();
    pair.connect();
    assert_says(&pair.b, &["10.1.0.0/16", "10.2.0.0/16", "192.0.2.1/32"]);
    assert_says(&pair.a, &["10.1.0.0/16"]);
    assert_eq!(pair.errors_of(Side::B), [NotifyType::TS_UNACCEPTABLE]);
    assert!(pair.a.is_established() && pair.b.is_established());
    assert!(pair.a.children.is_empty() && pair.b.children.is_empty());
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn a_stranger_at_an_address_that_we_do_not_serve_is_refused() {
    let mut setup = Setup::new();
    let elsewhere = ikee_tests::setup::ip("192.0.2.77");
    setup.b.connection().remote = Some(ikev2::Remote::new(elsewhere));
    let mut pair = setup.build();
    pair.connect();
    assert_eq!(pair.errors_of(Side::B), [NotifyType::NO_PROPOSAL_CHOSEN]);
    let none = Failure::from(Incompatibility::NoConnection);
    assert!(pair.b.failures().all(|it| *it == none));
    pair.shut_down();
    pair.assert_empty();
}

/// RFC 7296 §2.21.1.
#[test]
fn a_forged_refusal_is_a_hint_and_the_negotiation_goes_on() {
    let mut pair = Setup::new().build();
    let mut other = {
        let mut setup = Setup::new();
        setup.b.ike("aes128-sha256-modp2048");
        setup.build()
    };
    // what a responder with another configuration would have said
    other.connect();
    let refusal = other.link.crossed[1].packet.clone();
    pair.initiate(Side::A).expect("a negotiation");
    let forged = with_spi_of(&refusal, &pair.link.crossed[0].packet);
    pair.deliver(&forged);
    assert_eq!(
        pair.a.hints().collect::<Vec<_>>(),
        [NotifyType::NO_PROPOSAL_CHOSEN]
    );
    pair.settle();
    assert!(pair.a.is_established() && pair.b.is_established());
    assert_eq!(pair.a.failures().count(), 0);
}

/// RFC 7296 §2.21.1: after the negotiation, the same hint is worth nothing.
#[test]
fn a_forged_refusal_does_not_touch_what_is_established() {
    let mut pair = Setup::new().build();
    pair.connect();
    let mut other = Setup::new();
    other.b.ike("aes128-sha256-modp2048");
    let mut other = other.build();
    other.connect();
    let refusal = other.link.crossed[1].packet.clone();
    let forged = with_spi_of(&refusal, &pair.link.crossed[0].packet);
    pair.deliver(&forged);
    assert_eq!(pair.a.hints().count(), 0);
    assert!(pair.a.is_established());
}

fn with_spi_of(packet: &Packet, of: &Packet) -> Packet {
    let mut forged = packet.clone();
    forged.bytes[..8].copy_from_slice(&of.bytes[..8]);
    forged
}

#[test]
fn an_error_inside_the_protected_answer_is_final() {
    let mut setup = Setup::new();
    setup.a.connection().authentication.local_id = Identity::fqdn("c.example");
    let mut pair = setup.build();
    pair.connect();
    assert!(pair.now.as_duration() < Duration::from_secs(1));
    assert_eq!(pair.a.endpoint.sas().count(), 0);
    assert_eq!(pair.a.closed().count(), 0);
    // the peer repeats its answer for a while, should it have been lost
    assert_eq!(pair.sent_by(Side::A).len(), 2);
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn an_established_sa_that_fails_names_the_reason() {
    let mut pair = Setup::new().build();
    pair.connect();
    let failed = isakmp_wire::OwnedPayload::new(isakmp_wire::v2::kind::NOTIFY, vec![0, 0, 0, 24]);
    let request = ikee_tests::wire::Forged::request(isakmp_wire::ExchangeType::INFORMATIONAL, 2);
    let bytes = pair.forge(Side::A, &request, &[failed]);
    let packet = Packet {
        from: pair.a.socket(),
        to: pair.b.socket(),
        bytes,
    };
    pair.deliver(&packet);
    let reason = CloseReason::PeerError(NotifyType::AUTHENTICATION_FAILED);
    assert_eq!(pair.b.closed().collect::<Vec<_>>(), [&reason]);
}
