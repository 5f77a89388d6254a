//! Two IKE SAs of one peer ([MS-IKEE] §3.10), on the real core.

use std::time::Duration;

use ike_ext::{ChildId, PolicyId, SaId};
use ikee_correlation::{Correlation, Outcome, Refusal, Report};
use ikee_tests::setup::{POLICY, PSK};
use ikee_tests::wire::Clear;
use ikee_tests::{Pair, Setup, Side};
use ikev2::{
    Authentication, AuthenticationFailure, Credential, Event, Failure, Input, KeyLog, LocalProof,
    PeerKey, RemoteProof, Trust,
};
use ipsec_doi::Identity;
use isakmp_wire::v2::{NotifyType, kind};
use isakmp_wire::{ExchangeType, Flags, Message, OwnedPayload, PayloadChain, Spi};

/// The first party's second connection, where a test gives it one.
const OTHER: PolicyId = PolicyId::new(2);
/// With an integrity key, which correlation needs.
const IKE: &str = "aes256-sha256-x25519";

fn setup() -> Setup {
    let mut setup = Setup::new().suites(IKE, "aes256gcm16");
    setup.a.extend(Correlation::new());
    setup.b.extend(Correlation::new());
    setup
}

/// Gives the first party a second connection, which proves another way who it is.
fn prove_otherwise(setup: &mut Setup, authentication: Authentication) {
    let fresh = Setup::new().suites(IKE, "aes256gcm16");
    let mut connections = fresh.a.config.connections;
    let mut second = connections.remove(0);
    second.policy = OTHER;
    second.authentication = authentication;
    setup.a.config.connections.push(second);
}

fn connected(setup: Setup) -> Pair {
    let mut pair = setup.build();
    pair.connect();
    pair
}

/// Begins a negotiation under a policy; with a correlation, it is to be about this SA.
fn begin(pair: &mut Pair, side: Side, policy: PolicyId, original: Option<SaId>) -> SaId {
    let now = pair.now;
    let host = pair.host_mut(side);
    let address = host.address;
    let (begun, packets) = host.call(now, |endpoint, out| {
        endpoint.initiate(now, policy, address, out)
    });
    let current = begun.expect("a negotiation");
    if let Some(original) = original {
        correlation(pair, side).correlate(current, original);
    }
    pair.send(side, packets);
    current
}

fn correlate(pair: &mut Pair, side: Side, policy: PolicyId) -> SaId {
    let original = original(pair, side);
    begin(pair, side, policy, Some(original))
}

fn original(pair: &Pair, side: Side) -> SaId {
    let mut established = pair.host(side).established();
    established.next().expect("an SA").sa
}

fn correlation(pair: &mut Pair, side: Side) -> &mut Correlation {
    let extensions = pair.host_mut(side).endpoint.extensions_mut();
    extensions.get_mut().expect("the extension")
}

fn outcomes(pair: &mut Pair, side: Side) -> Vec<Outcome> {
    let reports = correlation(pair, side).take_reports();
    reports.iter().map(|it: &Report| it.outcome).collect()
}

/// The SAs and children of both sides.
fn standing(pair: &Pair) -> [(Vec<SaId>, Vec<ChildId>); 2] {
    [Side::A, Side::B].map(|side| {
        let host = pair.host(side);
        let sas = host.established().map(|it| it.sa).collect();
        (sas, host.children.keys().copied().collect())
    })
}

/// Runs the correlation to its end, and asserts that the original still is what it was, and works.
fn assert_untouched(pair: &mut Pair, before: &[(Vec<SaId>, Vec<ChildId>); 2]) {
    pair.settle();
    assert_eq!(standing(pair), *before);
    for side in [Side::A, Side::B] {
        let child = pair.host(side).child().id;
        pair.rekey_child(side, child);
        pair.settle();
        pair.run(Duration::from_secs(6));
        assert!(pair.host(side).is_established());
        assert_eq!(pair.host(side).closed().count(), 0);
    }
    pair.assert_agreed();
}

fn assert_not_correlated(pair: &mut Pair) {
    for side in [Side::A, Side::B] {
        let original = original(pair, side);
        assert_eq!(correlation(pair, side).partner(original), None);
    }
}

/// The last IKE_AUTH request of one side.
fn auth_request(pair: &Pair, side: Side) -> Clear {
    let mut sent = pair.sent_by(side);
    sent.retain(|it| it.header.exchange == ExchangeType::IKE_AUTH && !it.is_response());
    sent.pop().expect("an IKE_AUTH request")
}

/// Has somebody who knows the keys change the next IKE_AUTH requests of the first party.
fn tamper(pair: &mut Pair, change: impl Fn(&mut Vec<OwnedPayload>) + 'static) {
    pair.intruder = Some(Box::new(move |keys, side, mut packet| {
        let message = Message::parse(packet.message()).expect("a message");
        let header = message.header;
        let request = !header.flags.contains(Flags::RESPONSE);
        if side == Side::A && request && header.exchange == ExchangeType::IKE_AUTH {
            let opened = keys.open(&message).expect("keys");
            let chain = PayloadChain::parse(opened.first, &opened.plain, 0).expect("payloads");
            let mut payloads: Vec<_> = chain.iter().map(|it| it.to_owned()).collect();
            change(&mut payloads);
            packet.bytes = keys.seal_payloads(header, &payloads).expect("keys");
        }
        vec![packet]
    }));
}

fn body(payloads: &mut [OwnedPayload]) -> &mut Vec<u8> {
    let mut all = payloads.iter_mut();
    let found = all.find(|it| it.kind == kind::CORRELATION);
    &mut found.expect("a Correlation payload").body
}

/// [MS-IKEE] §3.10/1, [MS-IKEE] §3.10.1/1, [MS-IKEE] §3.10.5.2/2, [MS-IKEE] §3.10.5.3
#[test]
fn either_side_of_an_sa_proves_by_shared_keys_that_it_is_the_same() {
    for side in [Side::A, Side::B] {
        let mut pair = connected(setup().both(|it| it.connection().unique = true));
        let before = standing(&pair);
        let current = correlate(&mut pair, side, POLICY);
        pair.settle();
        for it in [Side::A, Side::B] {
            assert_eq!(outcomes(&mut pair, it), [Outcome::Correlated]);
            let original = original(&pair, it);
            assert!(correlation(&mut pair, it).partner(original).is_some());
        }
        let ours = original(&pair, side);
        assert_eq!(correlation(&mut pair, side).partner(ours), Some(current));
        let kinds = auth_request(&pair, side).kinds();
        let at = kinds.iter().position(|it| *it == kind::CORRELATION);
        assert_eq!(kinds[at.expect("the payload") + 1], kind::SA);
        let answer = pair.last_sent_by(side.peer());
        assert_eq!(answer.notifies(), [(NotifyType::MS_STATUS, vec![0; 4])]);
        assert_eq!(answer.payloads.len(), 1);
        let failure = pair.host(side).failure();
        assert_eq!(*failure, Failure::PeerError(NotifyType::MS_STATUS));
        let served = pair.host(side.peer()).failure();
        assert!(matches!(served, Failure::Refused(_)), "{served:?}");
        assert_untouched(&mut pair, &before);
        pair.shut_down();
        pair.assert_empty();
        for it in [Side::A, Side::B] {
            assert!(correlation(&mut pair, it).is_idle());
        }
    }
}

/// [MS-IKEE] §2.2.9/5: by a MAC of our own, under the key that the endpoint reported
#[test]
fn the_hash_is_over_four_spis_under_the_key_of_the_originals_initiator() {
    for side in [Side::A, Side::B] {
        let mut pair = connected(setup());
        let original = pair.host(side).established().next().unwrap().spis;
        correlate(&mut pair, side, POLICY);
        pair.settle();
        let request = auth_request(&pair, side);
        let current = (request.header.initiator, request.header.responder);
        let keys = pair.a.keys().find_map(|it| match it {
            KeyLog::Ike {
                spis,
                suite,
                integrity,
                ..
            } if *spis == original => Some((suite.prf, integrity)),
            _ => None,
        });
        let (prf, keys) = keys.expect("the original's keys");
        let prf = pair.provider.prf(prf).expect("a PRF");
        let spis: Vec<&[u8]> = [&current.0, &current.1, &original.0, &original.1]
            .map(Spi::as_bytes)
            .map(|it| &it[..])
            .to_vec();
        let mut hash = [0; 32];
        prf.keyed(keys.0.as_slice()).mac(&spis, &mut hash);
        let mut expected = spis[2..].concat();
        expected.extend(hash);
        assert_eq!(request.body(kind::CORRELATION), expected);
    }
}

/// [MS-IKEE] §3.10.5.1/2, /3, /4, /5
#[test]
fn a_payload_that_does_not_hold_leaves_the_original_untouched() {
    type Change = fn(&mut Vec<OwnedPayload>);
    let cases: [(Change, Refusal); 5] = [
        (|it| body(it)[30] ^= 1, Refusal::WrongHash),
        (|it| body(it)[3] ^= 1, Refusal::Unknown),
        (|it| body(it)[12] ^= 1, Refusal::Unknown),
        (|it| body(it).truncate(40), Refusal::Malformed),
        (|it| body(it).truncate(7), Refusal::Malformed),
    ];
    for (change, why) in cases {
        let mut pair = connected(setup());
        let before = standing(&pair);
        tamper(&mut pair, change);
        correlate(&mut pair, Side::A, POLICY);
        pair.settle();
        assert_eq!(outcomes(&mut pair, Side::B), [Outcome::Refused(why)]);
        let told = Outcome::Denied(Some(why.status()));
        assert_eq!(outcomes(&mut pair, Side::A), [told]);
        assert_not_correlated(&mut pair);
        assert_untouched(&mut pair, &before);
    }
}

/// [MS-IKEE] §2.2.9/5, [MS-IKEE] §3.10.5.1/5: an AEAD leaves no key to prove with
#[test]
fn an_original_with_an_aead_is_not_correlated_with() {
    let aead = || setup().suites("aes256gcm16-prfsha256-x25519", "aes256gcm16");
    let mut ours = connected(aead());
    let before = standing(&ours);
    ours.link.crossed.clear();
    correlate(&mut ours, Side::A, POLICY);
    ours.settle();
    let unable = [Outcome::Unable(Refusal::Keyless)];
    assert_eq!(outcomes(&mut ours, Side::A), unable);
    // nothing that a peer could take for an ordinary negotiation
    let sent = ours.sent_by(Side::A);
    let mut sent = sent.iter().map(|it| it.header.exchange);
    assert!(!sent.any(|it| it == ExchangeType::IKE_AUTH));
    assert_untouched(&mut ours, &before);
    // and a peer that claims it all the same
    let mut theirs = connected(aead());
    let before = standing(&theirs);
    let spis = theirs.a.established().next().unwrap().spis;
    tamper(&mut theirs, move |it| {
        let at = it.iter().position(|it| it.kind == kind::SA).expect("SA");
        let body = [&spis.0.as_bytes()[..], spis.1.as_bytes(), &[7; 32]].concat();
        it.insert(at, OwnedPayload::new(kind::CORRELATION, body));
    });
    begin(&mut theirs, Side::A, POLICY, None);
    theirs.settle();
    let refused = [Outcome::Refused(Refusal::Keyless)];
    assert_eq!(outcomes(&mut theirs, Side::B), refused);
    assert_untouched(&mut theirs, &before);
}

/// [MS-IKEE] §3.10.5.1/5: the same secret is not enough
#[test]
fn another_identity_under_the_same_secret_leaves_the_original_untouched() {
    let mut setup = setup();
    setup.b.connection().authentication.remote_id = None;
    let stranger = Authentication::psk(
        Identity::fqdn("c.example"),
        Some(Identity::fqdn("b.example")),
        PSK.to_vec().into(),
    );
    prove_otherwise(&mut setup, stranger);
    let mut pair = connected(setup);
    let before = standing(&pair);
    correlate(&mut pair, Side::A, OTHER);
    pair.settle();
    let refused = [Outcome::Refused(Refusal::OtherPeer)];
    assert_eq!(outcomes(&mut pair, Side::B), refused);
    assert_eq!(
        outcomes(&mut pair, Side::A),
        [Outcome::Denied(Some(13_801))]
    );
    assert_not_correlated(&mut pair);
    assert_untouched(&mut pair, &before);
}

/// [MS-IKEE] §3.10.5.1/1, /5: AUTH is checked as always, and first
#[test]
fn a_correlation_without_the_secret_fails_as_any_negotiation_does() {
    let mut setup = setup();
    let ids = ["a.example", "b.example"].map(Identity::fqdn);
    let [ours, theirs] = ids;
    let wrong = Authentication::psk(ours, Some(theirs), b"something else".to_vec().into());
    prove_otherwise(&mut setup, wrong);
    let mut pair = connected(setup);
    let before = standing(&pair);
    correlate(&mut pair, Side::A, OTHER);
    pair.settle();
    assert_eq!(outcomes(&mut pair, Side::B), []);
    assert_eq!(outcomes(&mut pair, Side::A), [Outcome::Denied(None)]);
    let failure = pair.b.failure();
    let wrong = AuthenticationFailure::WrongSecret {
        peer: Identity::fqdn("a.example"),
    };
    assert_eq!(*failure, Failure::Authentication(wrong));
    assert_not_correlated(&mut pair);
    assert_untouched(&mut pair, &before);
}

/// The first party's key, and a certificate that is none.
fn certificate() -> (LocalProof, PeerKey) {
    let mut all = ike_crypto::suite::private_keys();
    let (_, der) = all.find(|it| it.0 == "P-256").expect("a key");
    let key = ike_rustcrypto::provider().load_key(&der).expect("a key");
    let public = PeerKey::new(key.public_key().to_vec());
    let credential = Credential::new(vec![b"certificate".to_vec()], key);
    (LocalProof::Certificate(vec![credential]), public)
}

/// The first party's way to prove who it is, and the second's, which is a shared key.
fn signing(local: LocalProof) -> Authentication {
    let remote = vec![RemoteProof::Psk(PSK.to_vec().into())];
    let ids = ["a.example", "b.example"].map(Identity::fqdn);
    let [ours, theirs] = ids;
    Authentication::new(ours, Some(theirs), local, remote)
}

/// Settles, while the second party's application vouches for every certificate.
fn settle_trusting(pair: &mut Pair, key: &PeerKey) {
    let mut answered = asked(pair).len();
    loop {
        let until = pair.now + Duration::from_secs(20);
        let more = pair.run_until(until, |it| asked(it).len() > answered);
        if !more {
            return pair.settle();
        }
        let sa = asked(pair)[answered];
        answered += 1;
        let (now, verdict) = (pair.now, Ok(key.clone()));
        let ((), packets) = pair.b.call(now, |endpoint, out| {
            endpoint.handle(now, Input::Trusted { sa, verdict }, out);
        });
        pair.send(Side::B, packets);
    }
}

/// The SAs about whose certificates the second party's application was asked.
fn asked(pair: &Pair) -> Vec<SaId> {
    let events = pair.b.events.iter();
    let asked = events.filter_map(|it| match &it.1 {
        Event::PeerCertificates(it) => Some(it.sa),
        _ => None,
    });
    asked.collect()
}

/// A first party that proves itself in this way by its first connection, and in that by its second.
fn two_ways(first: LocalProof, second: LocalProof, key: &PeerKey) -> Pair {
    let mut setup = setup();
    setup.a.connection().authentication = signing(first);
    prove_otherwise(&mut setup, signing(second));
    let remote = &mut setup.b.connection().authentication.remote;
    remote.push(RemoteProof::Signature(Trust::new(Vec::new())));
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    settle_trusting(&mut pair, key);
    assert!(pair.a.is_established() && pair.b.is_established());
    pair
}

/// [MS-IKEE] §3.10/4
#[test]
fn certificates_prove_it_where_certificates_made_the_original() {
    let ((first, key), (second, _)) = (certificate(), certificate());
    let mut pair = two_ways(first, second, &key);
    let before = standing(&pair);
    correlate(&mut pair, Side::A, OTHER);
    settle_trusting(&mut pair, &key);
    for side in [Side::A, Side::B] {
        assert_eq!(outcomes(&mut pair, side), [Outcome::Correlated]);
    }
    assert_untouched(&mut pair, &before);
}

/// [MS-IKEE] §3.10/2, [MS-IKEE] §3.10.5.1/5
#[test]
fn another_method_than_the_originals_leaves_it_untouched() {
    for certificate_first in [true, false] {
        let (signed, key) = certificate();
        let shared = LocalProof::Psk(PSK.to_vec().into());
        let (first, second) = if certificate_first {
            (signed, shared)
        } else {
            (shared, signed)
        };
        let mut pair = two_ways(first, second, &key);
        let before = standing(&pair);
        correlate(&mut pair, Side::A, OTHER);
        settle_trusting(&mut pair, &key);
        let refused = [Outcome::Refused(Refusal::OtherMethod)];
        assert_eq!(outcomes(&mut pair, Side::B), refused);
        assert_not_correlated(&mut pair);
        assert_untouched(&mut pair, &before);
    }
}

/// What the text leaves open: a peer that takes the exchange for an ordinary one
#[test]
fn a_peer_without_correlation_is_told_to_delete_what_it_made() {
    let mut setup = setup();
    setup.b.extensions = ike_ext::Extensions::none();
    let mut pair = connected(setup);
    let before = standing(&pair);
    correlate(&mut pair, Side::A, POLICY);
    pair.settle();
    assert_eq!(outcomes(&mut pair, Side::A), [Outcome::Ignored]);
    assert_eq!(standing(&pair), before);
    // the first party never had it, the second had it for a moment
    let stood = |events: &[(ike_ext::Instant, Event)]| {
        let all = events.iter();
        all.filter(|it| matches!(it.1, Event::Established(_)))
            .count()
    };
    assert_eq!((stood(&pair.a.events), stood(&pair.b.events)), (1, 2));
}

/// [MS-IKEE] §3.10.1/1: the keys of the SA that took the original's place count
#[test]
fn an_original_that_was_rekeyed_is_correlated_with_under_its_new_keys() {
    let mut pair = connected(setup());
    let old = original(&pair, Side::B);
    pair.rekey_sa(Side::B, old);
    pair.settle();
    pair.run(Duration::from_secs(6));
    let before = standing(&pair);
    correlate(&mut pair, Side::A, POLICY);
    pair.settle();
    for side in [Side::A, Side::B] {
        assert_eq!(outcomes(&mut pair, side), [Outcome::Correlated]);
    }
    assert_untouched(&mut pair, &before);
    let named = original(&pair, Side::A);
    pair.rekey_sa(Side::A, named);
    pair.settle();
    let successor = original(&pair, Side::A);
    assert_ne!(successor, named);
    assert!(correlation(&mut pair, Side::A).partner(successor).is_some());
}
