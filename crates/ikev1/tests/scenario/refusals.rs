//! Limits, and what is refused by name.

use std::net::SocketAddr;
use std::time::Duration;

use ikev1::{Dropped, Event, Failure, Incompatibility, InitiateError, Xauth};
use ipsec_doi::v1::{IkeProposal, Lifetimes, Phase1};
use isakmp_wire::v1::{AuthMethod, ProtocolId, SaBuilder, kind};
use isakmp_wire::{
    Attribute, ExchangeType, Flags, Header, MessageWriter, PayloadType, Spi, Version,
};

use crate::pair::{A, B, Pair, address, config};

/// A first message of main mode that offers one method.
fn offer(method: AuthMethod, cookie: u8) -> Vec<u8> {
    offer_with(method, cookie, |_| {})
}

/// The same, after whatever `before` puts into the proposal.
fn offer_with(method: AuthMethod, cookie: u8, before: fn(&mut SaBuilder<'_>)) -> Vec<u8> {
    let suite = IkeProposal::parse("aes128-sha256-ecp256")
        .unwrap()
        .suites()
        .next()
        .unwrap();
    let phase = Phase1 {
        suite,
        auth: method,
        lifetimes: Lifetimes::default(),
    };
    let mut body = Vec::new();
    let mut builder = SaBuilder::new(&mut body);
    builder.proposal(1, ProtocolId::ISAKMP, &[]);
    before(&mut builder);
    builder.transform(1, 1);
    for it in phase.attributes().unwrap() {
        builder.attribute(it.as_attribute());
    }
    builder.finish();
    let header = Header {
        initiator: Spi::new([cookie, 1, 2, 3, 4, 5, 6, 7]),
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V1,
        exchange: ExchangeType::MAIN_MODE,
        flags: Flags::NONE,
        message_id: 0,
        length: 0,
    };
    let mut bytes = Vec::new();
    let mut writer = MessageWriter::begin(&mut bytes, &header);
    writer.payload(kind::SA, false, &body);
    writer.finish();
    bytes
}

fn deliver(pair: &mut Pair, bytes: Vec<u8>) {
    let packet = ikev1::Transmit {
        local: SocketAddr::new(address(A), 500),
        remote: SocketAddr::new(address(B), 500),
        bytes,
    };
    pair.deliver(&packet);
}

/// RFC 2409 §5.2, §5.3: not for want of an implementation.
#[test]
fn public_key_encryption_is_refused_by_name() {
    for method in [
        AuthMethod::RSA_ENCRYPTION,
        AuthMethod::REVISED_RSA_ENCRYPTION,
    ] {
        let mut pair = Pair::new(config(A), config(B));
        deliver(&mut pair, offer(method, 1));
        let failure = &pair.hosts[B].failures()[0];
        let expected = Incompatibility::PublicKeyEncryption(method);
        assert_eq!(*failure, Failure::Incompatible(Box::new(expected)));
        assert!(failure.to_string().contains("not supported"));
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.hosts[B].endpoint.sas().count(), 0);
    }
}

/// [MS-IKEE] §3.1.5: an unknown attribute, or value, spoils its transform and no other.
#[test]
fn what_cannot_be_understood_is_passed_over() {
    let odd: [fn(&mut SaBuilder<'_>); 3] = [
        |it| {
            it.transform(7, 1).attribute(Attribute::short(32001, 1));
        },
        |it| {
            it.transform(7, 1).attribute(Attribute::short(1, 4711));
        },
        |it| {
            it.transform(7, 99);
        },
    ];
    for (cookie, before) in (1..).zip(odd) {
        let mut pair = Pair::new(config(A), config(B));
        deliver(
            &mut pair,
            offer_with(AuthMethod::PRE_SHARED_KEY, cookie, before),
        );
        assert_eq!(pair.hosts[B].failures(), []);
        assert_eq!(pair.hosts[B].endpoint.sas().count(), 1);
    }
}

/// B16: strangers cost a bounded amount, and are forgotten.
#[test]
fn half_open_sas_are_bounded_and_expire() {
    let mut b = config(B);
    b.limits.half_open_per_address = 9;
    let mut pair = Pair::new(config(A), b);
    for cookie in 1..=50 {
        deliver(&mut pair, offer(AuthMethod::PRE_SHARED_KEY, cookie));
    }
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 10);
    let limit = |it: &Event| {
        matches!(
            it,
            Event::Dropped {
                reason: Dropped::Limit,
                ..
            }
        )
    };
    assert_eq!(pair.hosts[B].count(limit), 40);
    pair.run(Duration::from_secs(200));
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 0);
    assert!(pair.hosts[B].endpoint.next_timeout().is_none());
    // and afterwards there is room again
    pair.connect();
    pair.assert_joined(1);
}

/// One answer for one question, however often it comes.
#[test]
fn a_repeated_first_message_gets_the_same_answer_and_no_second_sa() {
    let mut pair = Pair::new(config(A), config(B));
    let bytes = offer(AuthMethod::PRE_SHARED_KEY, 1);
    for _ in 0..3 {
        deliver(&mut pair, bytes.clone());
    }
    assert_eq!(pair.hosts[B].endpoint.sas().count(), 1);
    let answers: Vec<_> = pair.crossed.iter().map(|it| it.bytes.clone()).collect();
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|it| *it == answers[0]));
}

#[test]
fn a_connection_that_cannot_work_says_so_at_once() {
    let initiate = |change: fn(&mut ikev1::Connection)| {
        let mut pair = Pair::changed(|side, it| {
            if side == A {
                change(it);
            }
        });
        let local = address(A);
        pair.call(A, |it, now, out| {
            it.initiate(now, crate::pair::POLICY, local, out)
        })
    };
    assert_eq!(
        initiate(|it| it.remote = None),
        Err(InitiateError::NoRemote)
    );
    assert_eq!(
        initiate(|it| it.proposals.clear()),
        Err(InitiateError::NoProposals)
    );
    let weak = |it: &mut ikev1::Connection| {
        it.proposals = vec![IkeProposal::parse("des-sha1-modp1024").unwrap()];
    };
    assert_eq!(initiate(weak), Err(InitiateError::NoProposals));
    let hybrid = |it: &mut ikev1::Connection| {
        it.authentication.proof = ikev1::Proof::HybridClient(ikev1::Trust::default());
    };
    assert_eq!(initiate(hybrid), Err(InitiateError::NoMethod));
    let fine = |it: &mut ikev1::Connection| {
        it.authentication.xauth = Some(Xauth::client("carol", b"secret".to_vec().into()));
    };
    assert!(initiate(fine).is_ok());
}

/// [MS-IKEE] §1.3.8: AuthIP has our header and our port. It is known by its exchange types, and what follows is never
/// called damaged.
#[test]
fn a_message_of_authip_is_dropped_under_its_own_name() {
    let types = [
        ExchangeType::AUTHIP_MAIN_MODE,
        ExchangeType::AUTHIP_QUICK_MODE,
        ExchangeType::AUTHIP_EXTENDED_MODE,
        ExchangeType::AUTHIP_NOTIFY,
    ];
    for exchange in types {
        let header = Header {
            initiator: Spi::new([9; 8]),
            responder: Spi::ZERO,
            next: PayloadType::NONE,
            version: Version::V1,
            exchange,
            flags: Flags::NONE,
            message_id: 0,
            length: 0,
        };
        let mut whole = Vec::new();
        let mut writer = MessageWriter::begin(&mut whole, &header);
        writer.payload(PayloadType::AUTHIP_CRYPTO, false, &[1; 40]);
        writer.payload(PayloadType::AUTHIP_AUTH, false, &[2; 60]);
        writer.finish();
        let mut broken = whole.clone();
        broken[30..32].copy_from_slice(&[0xff, 0xff]);
        for bytes in [whole, broken] {
            let mut pair = Pair::new(config(A), config(B));
            deliver(&mut pair, bytes);
            let reasons: Vec<_> = pair.hosts[B].events.iter().collect();
            let named = |it: &&Event| {
                matches!(
                    it,
                    Event::Dropped {
                        reason: Dropped::AuthIp,
                        ..
                    }
                )
            };
            assert!(
                reasons.len() == 1 && reasons.iter().all(named),
                "{reasons:?}"
            );
            assert_eq!(pair.hosts[B].endpoint.sas().count(), 0);
        }
    }
}
