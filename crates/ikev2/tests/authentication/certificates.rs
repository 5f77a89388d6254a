//! CERT and CERTREQ: what is shown, to whom, and how much of it is taken.

use ike_crypto::SignatureScheme;
use ike_ext::{Context, Draft, Extension, Extensions, Place, PolicyId, SaId};
use ikev2::{AuthenticationFailure, Failure, LocalProof, Misbehaviour, RemoteProof, Trust};
use isakmp_wire::ExchangeType;
use isakmp_wire::OwnedPayload;
use isakmp_wire::v2::{CertEncoding, kind};

use crate::pair::{
    Pair, Side, believe, connection, credential, name, psk, signs, takes, takes_psk,
};

const SCHEME: SignatureScheme = SignatureScheme::Ed25519;

/// RFC 7296 §3.6: the chain arrives as it was given, leaf first.
#[test]
fn a_chain_arrives_in_order() {
    let mut credential = credential("Ed25519");
    credential.chain.extend([vec![1; 3000], vec![2; 3000]]);
    let chain = credential.chain.clone();
    let a = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
    let mut pair = Pair::of(a, (psk(), vec![takes(&[SCHEME])]));
    assert!(pair.connect().both_established());
    assert_eq!(pair.sides[1].shown().next().unwrap().chain, chain);
}

/// RFC 7296 §3.6: a peer may know the key; then it needs no certificate.
#[test]
fn without_certificates_the_application_may_know_the_key() {
    let mut credential = credential("Ed25519");
    let known = std::mem::take(&mut credential.chain);
    let a = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
    let mut pair = Pair::of(a, (psk(), vec![takes(&[SCHEME])]));
    pair.sides[1].judge = Box::new(move |shown| {
        assert!(shown.chain.is_empty());
        let mut with = shown.clone();
        with.chain.clone_from(&known);
        believe(&with)
    });
    assert!(pair.connect().both_established());
}

/// B16: certificates have a number and a size.
#[test]
fn more_or_longer_certificates_than_the_limits_allow_are_refused() {
    for (more, expected) in [
        (vec![vec![1; 10]; 16], Misbehaviour::TooManyCertificates),
        (vec![vec![1; 16_385]], Misbehaviour::LongCertificate),
    ] {
        for side in 0..2 {
            let mut credential = credential("Ed25519");
            credential.chain.extend(more.clone());
            let signer = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
            let verifier = (psk(), vec![takes(&[SCHEME])]);
            let (a, b) = if side == 1 {
                (signer, verifier)
            } else {
                (verifier, signer)
            };
            let mut pair = Pair::of(a, b);
            pair.connect().assert_refused();
            assert_eq!(
                pair.sides[side].failure(),
                Some(&Failure::Misbehaved(expected))
            );
            assert_eq!(pair.sides[side].shown().count(), 0);
        }
    }
}

/// Puts a certificate payload of its own before the others.
#[derive(Debug)]
struct Insert(CertEncoding);

impl Extension for Insert {
    fn name(&self) -> &'static str {
        "insert"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if draft.stage().exchange == ExchangeType::IKE_AUTH {
            let body = [&[self.0.get()], &b"http://192.0.2.66/leaf.der"[..]].concat();
            draft.insert(
                Place::Before(kind::AUTH),
                OwnedPayload::new(kind::CERT, body),
            );
        }
    }
}

/// RFC 7296 §3.6, B16: the address of a certificate makes us connect to nobody, and is no certificate.
#[test]
fn the_address_of_a_certificate_is_not_followed() {
    for encoding in [
        CertEncoding::HASH_URL,
        CertEncoding::HASH_URL_BUNDLE,
        CertEncoding::PKCS7,
    ] {
        let mut credential = credential("Ed25519");
        credential.chain.clear();
        let a = connection(
            0,
            LocalProof::Certificate(vec![credential]),
            vec![takes_psk()],
        );
        let mut pair = Pair::of((psk(), vec![]), (psk(), vec![takes(&[SCHEME])]));
        pair.sides[0] = Side::new(vec![a], Extensions::none().with(Insert(encoding)), 1);
        pair.connect().assert_refused();
        let peer = name(0);
        let expected = AuthenticationFailure::Encoding { peer, encoding };
        assert_eq!(
            pair.sides[1].failure(),
            Some(&Failure::Authentication(expected))
        );
    }
}

/// RFC 7296 §3.6: revocation lists come in CERT payloads, too.
#[test]
fn a_revocation_list_is_shown_to_the_application() {
    let a = connection(0, signs("Ed25519", SCHEME), vec![takes_psk()]);
    let mut pair = Pair::of((psk(), vec![]), (psk(), vec![takes(&[SCHEME])]));
    pair.sides[0] = Side::new(
        vec![a],
        Extensions::none().with(Insert(CertEncoding::CRL)),
        1,
    );
    assert!(
        pair.connect().both_established(),
        "{}",
        pair.sides[1].told()
    );
    let shown = pair.sides[1].shown().next().unwrap();
    assert_eq!((shown.chain.len(), shown.crls.len()), (1, 1));
}

/// RFC 7296 §3.7: of our credentials, the one whose authority the peer names, in both directions.
#[test]
fn a_request_for_certificates_chooses_the_credential() {
    for asked in 0..2 {
        let credentials = || {
            let [mut first, mut second] = ["P-256", "Ed25519"].map(credential);
            first.authorities = vec![[1; 20]];
            second.authorities = vec![[2; 20]];
            LocalProof::Certificate(vec![first, second])
        };
        let authority = [[1; 20], [2; 20]][asked];
        let trust = || RemoteProof::Signature(Trust::new(vec![[9; 20], authority]));
        let side = || (credentials(), vec![trust()]);
        let mut pair = Pair::of(side(), side());
        assert!(
            pair.connect().both_established(),
            "{}",
            pair.sides[1].told()
        );
        let expected = &credential(["P-256", "Ed25519"][asked]).chain;
        for side in &pair.sides {
            let shown = side.shown().next().unwrap();
            assert_eq!(&shown.chain, expected);
            assert_eq!(shown.authorities, [[9; 20], authority]);
        }
    }
}

/// RFC 7296 §3.7: a request is a wish; where it cannot be met, the peer may like what we have.
#[test]
fn a_request_that_cannot_be_met_is_answered_with_what_there_is() {
    let mut credential = credential("Ed25519");
    credential.authorities = vec![[1; 20]];
    let a = (LocalProof::Certificate(vec![credential]), vec![takes_psk()]);
    let trust = RemoteProof::Signature(Trust::new(vec![[2; 20]]));
    assert!(
        Pair::of(a, (psk(), vec![trust]))
            .connect()
            .both_established()
    );
}

/// RFC 7296 §2.15: what one connection's trust refuses, the next may take.
#[test]
fn a_responder_asks_for_each_connection_that_it_may_be() {
    let side = |policy| {
        let mut it = connection(1, psk(), vec![takes(&[SCHEME])]);
        it.policy = PolicyId::new(policy);
        it
    };
    let a = connection(0, signs("Ed25519", SCHEME), vec![takes_psk()]);
    let mut pair = Pair::between(vec![a], vec![side(5), side(6), side(7)]);
    pair.sides[1].judge = Box::new(|shown| {
        let takes = shown.policy == PolicyId::new(6);
        if takes {
            believe(shown)
        } else {
            Some(Err("not one of ours".into()))
        }
    });
    assert!(pair.connect().both_established());
    let asked: Vec<_> = pair.sides[1].shown().map(|it| it.policy.get()).collect();
    assert_eq!(asked, [5, 6]);

    let a = connection(0, signs("Ed25519", SCHEME), vec![takes_psk()]);
    let mut pair = Pair::between(vec![a], vec![side(5), side(6)]);
    pair.sides[1].judge = Box::new(|it| Some(Err(format!("no to {}", it.policy.get()))));
    pair.connect().assert_refused();
    assert_eq!(pair.sides[1].shown().count(), 2);
    assert!(pair.sides[1].told().contains("no to 5"));
}

/// B16: an answer to a stranger is not made longer by all that we trust.
#[test]
fn a_stranger_is_told_of_a_few_authorities_only() {
    let authorities = (0..200).map(|it| [it; 20]).collect();
    let trust = RemoteProof::Signature(Trust::new(authorities));
    let a = (signs("Ed25519", SCHEME), vec![takes_psk()]);
    let mut pair = Pair::of(a, (psk(), vec![trust]));
    pair.begin();
    pair.deliver();
    assert!((400..800).contains(&pair.wire[0].1.bytes.len()));
    while pair.deliver() {}
    assert!(pair.both_established());
}
