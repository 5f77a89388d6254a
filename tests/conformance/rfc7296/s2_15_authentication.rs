//! RFC 7296 §2.15, §2.19, §2.23: proofs, and what else IKE_AUTH carries.

use ikee_tests::wire::Forged;
use ikee_tests::{Pair, Setup, Side};
use ikev2::{AuthenticationFailure, Failure};
use ipsec_doi::Identity;
use isakmp_wire::v2::{AuthMethod, IdType, NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload};

use super::{ask, connected, payload};

const AUTH: Forged = Forged::request(ExchangeType::IKE_AUTH, 1);

/// A pair whose first exchange is over, and the payloads of the request that is on its way.
fn about_to_authenticate(setup: Setup) -> (Pair, Vec<OwnedPayload>) {
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    for _ in 0..2 {
        for packet in pair.link.clear() {
            pair.deliver(&packet);
        }
    }
    pair.link.clear();
    let payloads = pair.last_sent_by(Side::A).payloads;
    (pair, payloads)
}

/// Sends IKE_AUTH changed; whether the responder took it.
fn is_taken(setup: Setup, change: impl FnOnce(&mut Vec<OwnedPayload>)) -> bool {
    let (mut pair, mut payloads) = about_to_authenticate(setup);
    change(&mut payloads);
    let answer = ask(&mut pair, AUTH, &payloads).expect("an answer");
    assert!(answer.protected);
    assert_eq!(
        answer.kinds().contains(&kind::AUTH),
        pair.b.is_established()
    );
    assert_ne!(pair.b.is_established(), pair.b.failures().count() == 1);
    pair.b.is_established()
}

fn body(payloads: &mut [OwnedPayload], kind: isakmp_wire::PayloadType) -> &mut Vec<u8> {
    let found = payloads.iter_mut().find(|it| it.kind == kind);
    &mut found.expect("the payload").body
}

#[test]
fn the_unchanged_request_is_taken() {
    assert!(is_taken(Setup::new(), |_| {}));
}

/// RFC 7296 §2.15: the whole output of the PRF, and nothing else.
#[test]
fn a_proof_that_is_cut_or_lengthened_is_none() {
    for len in 0..32 {
        let cut = |payloads: &mut Vec<OwnedPayload>| body(payloads, kind::AUTH).truncate(4 + len);
        assert!(!is_taken(Setup::new(), cut), "{len}");
    }
    for more in [1, 32] {
        let lengthen = |payloads: &mut Vec<OwnedPayload>| {
            body(payloads, kind::AUTH).extend(vec![0; more]);
        };
        assert!(!is_taken(Setup::new(), lengthen), "{more}");
    }
}

/// RFC 7296 §2.15: the proof covers the identity, whole, its reserved octets included.
#[test]
fn a_proof_is_for_its_identity_only() {
    for at in [1, 2, 3] {
        let change = |payloads: &mut Vec<OwnedPayload>| body(payloads, kind::ID_I)[at] ^= 1;
        assert!(!is_taken(Setup::new(), change), "{at}");
    }
    let mut anybody = Setup::new();
    anybody.b.connection().authentication.remote_id = None;
    assert!(!is_taken(anybody, |payloads| {
        *body(payloads, kind::ID_I).last_mut().expect("octets") ^= 1;
    }));
}

/// RFC 7296 §2.15: no way past the proof.
#[test]
fn without_a_proof_of_the_right_kind_nothing_is_established() {
    for kind in [kind::AUTH, kind::ID_I] {
        assert!(!is_taken(Setup::new(), |it| it.retain(|it| it.kind != kind)));
        assert!(!is_taken(Setup::new(), |payloads| {
            let twice = payloads.iter().find(|it| it.kind == kind).cloned();
            payloads.extend(twice);
        }));
    }
    for method in [0, 1, 3, 9, 13, 14, 200] {
        assert!(!is_taken(Setup::new(), |it| body(it, kind::AUTH)[0] = method));
    }
    let eap = payload(kind::EAP, false, &[3, 1, 0, 4]);
    assert!(!is_taken(Setup::new(), |payloads| {
        payloads.retain(|it| it.kind != kind::AUTH);
        payloads.push(eap);
    }));
}

#[test]
fn another_method_is_named_in_the_failure() {
    let (mut pair, mut payloads) = about_to_authenticate(Setup::new());
    body(&mut payloads, kind::AUTH)[0] = 14;
    let answer = ask(&mut pair, AUTH, &payloads).expect("an answer");
    assert!(answer.has_notify(NotifyType::AUTHENTICATION_FAILED));
    let expected = AuthenticationFailure::Method {
        peer: Identity::fqdn("a.example"),
        method: AuthMethod::DIGITAL_SIGNATURE,
        accepted: vec![ipsec_doi::auth_method::Proof::SharedKey],
    };
    assert_eq!(*pair.b.failure(), Failure::Authentication(expected));
}

/// RFC 7296 §2.15: a proof covers the first message of its side as it was sent and received.
#[test]
fn a_first_message_that_was_changed_on_the_way_is_noticed() {
    let mut pair = Setup::new().build();
    let mut request = super::first_request(&mut pair);
    // a reserved bit, which changes nothing else
    request.bytes[29] ^= 1;
    pair.deliver(&request);
    pair.settle();
    assert!(!pair.a.is_established() && !pair.b.is_established());
    assert!(
        pair.errors_of(Side::B)
            .contains(&NotifyType::AUTHENTICATION_FAILED)
    );
}

/// RFC 7296 §3.5: every kind of identity, compared octet by octet.
#[test]
fn every_kind_of_identity_works() {
    for text in [
        "host.example",
        "someone@host.example",
        "192.0.2.1",
        "2001:db8::1",
        "keyid:a key",
        "asn1dn:#300c310a300806035504030c0161",
    ] {
        let mut setup = Setup::new();
        let id = Identity::parse(text).expect("an identity");
        setup.a.connection().authentication.local_id = id.clone();
        setup.b.connection().authentication.remote_id = Some(id.clone());
        let mut pair = setup.build();
        pair.connect();
        let seen = pair.b.established().next().expect("an SA").remote_id;
        assert_eq!(seen, Some(&id));
    }
}

/// RFC 7296 §3.5: the same octets under another type are another identity.
#[test]
fn an_identity_of_another_type_is_another_identity() {
    let mut setup = Setup::new();
    let id = Identity::new(IdType::KEY_ID, b"a.example".to_vec());
    setup.a.connection().authentication.local_id = id;
    let mut pair = setup.build();
    pair.connect();
    assert!(!pair.b.is_established());
}

/// RFC 7296 §2.15: without IDr the responder says who it is by its own policy.
#[test]
fn an_initiator_need_not_say_whom_it_wants() {
    let mut setup = Setup::new();
    setup.a.connection().authentication.remote_id = None;
    let mut pair = setup.build();
    pair.connect();
    assert!(!pair.sent_by(Side::A)[1].kinds().contains(&kind::ID_R));
    let seen = pair.a.established().next().expect("an SA").remote_id;
    assert_eq!(seen, Some(&Identity::fqdn("b.example")));
}

/// RFC 7296 §2.15: a responder that is somebody else is not accepted, and told so in an exchange of its own.
#[test]
fn a_responder_that_is_somebody_else_is_told_so() {
    let mut setup = Setup::new();
    setup.b.connection().authentication.local_id = Identity::fqdn("e.example");
    let (mut pair, mut payloads) = about_to_authenticate(setup);
    // the responder does not see whom the initiator wants, or it would refuse by itself
    payloads.retain(|it| it.kind != kind::ID_R);
    let bytes = pair.forge(Side::A, &AUTH, &payloads);
    let request = ikee_tests::Packet {
        from: pair.a.socket(),
        to: pair.b.socket(),
        bytes,
    };
    pair.deliver(&request);
    assert!(pair.b.is_established());
    pair.settle();
    assert_eq!(pair.a.endpoint.sas().count(), 0);
    assert!(pair.a.failure().to_string().contains("e.example"));
    assert_eq!(pair.errors_of(Side::A), [NotifyType::AUTHENTICATION_FAILED]);
    assert_eq!(pair.b.closed().count(), 1);
    assert!(pair.b.children.is_empty());
}

/// RFC 7296 §2.19, §3.15, §3.15.1: attributes of a wrong length, and those that are unknown, do no harm.
#[test]
fn odd_configuration_attributes_do_no_harm() {
    for attributes in [
        &[0, 1, 0, 3, 1, 2, 3][..],
        &[0x7f, 0xff, 0, 0],
        &[0, 1, 0, 200],
        &[0, 1],
        &[0x5b, 0xa0, 0, 1, 9],
        &[],
    ] {
        let mut request = vec![1, 0, 0, 0];
        request.extend_from_slice(attributes);
        let cp = payload(kind::CONFIGURATION, false, &request);
        let (mut pair, mut payloads) = about_to_authenticate(Setup::new());
        payloads.insert(3, cp);
        let answer = ask(&mut pair, AUTH, &payloads).expect("an answer");
        assert!(answer.kinds().contains(&kind::AUTH), "{attributes:?}");
        assert!(pair.b.is_established());
    }
}

/// RFC 7296 §2.23: hashes over the SPIs, addresses and ports that each side sees.
#[test]
fn nat_detection_hashes_are_what_they_should_be() {
    let pair = connected();
    let first = &pair.sent_by(Side::A)[0];
    let hash = |what| {
        let found = first.notifies().into_iter().find(|it| it.0 == what);
        found.expect("the hash").1
    };
    let sha1 = |host: u8| {
        let mut octets = first.header.initiator.as_bytes().to_vec();
        octets.extend([0; 8]);
        octets.extend([192, 0, 2, host, 1, 0xf4]);
        let mut out = vec![0; 20];
        let provider = ike_rustcrypto::provider();
        let hash = provider.hash(ipsec_doi::HashId::SHA1).expect("SHA-1");
        hash.digest(&[&octets], &mut out);
        out
    };
    assert_eq!(hash(NotifyType::NAT_DETECTION_SOURCE_IP), sha1(1));
    assert_eq!(hash(NotifyType::NAT_DETECTION_DESTINATION_IP), sha1(2));
}
