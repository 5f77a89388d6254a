//! [MS-IKEE]: what it asks of the IKEv2 core, and of the core and an extension together.

use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::{Setup, Side};
use ikev2::Profile;
use ipsec_doi::Identity;
use isakmp_wire::v2::{EncryptedFragment, IdType, NotifyType, Proposal, SecurityAssociation, kind};
use isakmp_wire::{ExchangeType, Message, RawPayload};

fn setup(a: &str, b: &str) -> Setup {
    let mut setup = Setup::new();
    setup.a.ike(a);
    setup.b.ike(b);
    setup
}

/// [MS-IKEE] §2.1/1: one ISAKMP message in a UDP datagram, port 500 on both ends unless configured otherwise.
#[test]
fn ike_travels_between_ports_500() {
    let mut pair = Setup::new().build();
    pair.connect();
    for crossed in &pair.link.crossed {
        assert_eq!(
            (crossed.packet.from.port(), crossed.packet.to.port()),
            (500, 500)
        );
        assert!(Message::parse(&crossed.packet.bytes).is_ok());
    }
}

/// [MS-IKEE] §3.1.5/15: otherwise a plain IKEv2, with plain peers.
#[test]
fn a_peer_that_follows_the_rfc_and_one_that_follows_microsoft_get_along() {
    for (a, b) in [
        (Profile::RFC, Profile::MICROSOFT),
        (Profile::MICROSOFT, Profile::RFC),
        (Profile::RFC, Profile::RFC),
    ] {
        let mut setup = Setup::new();
        setup.a.config.profile = a;
        setup.b.config.profile = b;
        let mut pair = setup.build();
        pair.connect();
        pair.assert_children_match();
        pair.delete(Side::B);
        pair.settle();
        pair.shut_down();
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.1.5/16: own entries in their own order, each against all proposals of the peer.
#[test]
fn the_responder_walks_its_own_entries() {
    let (a, b) = ("aes128-sha256-x25519", "aes256gcm16-prfsha256-x25519");
    let mut pair = setup(&format!("{b},{a}"), &format!("{a},{b}")).build();
    pair.connect();
    let suite = pair.a.established().next().expect("an SA").suite;
    assert!(
        suite
            .expect("a suite")
            .to_string()
            .starts_with("aes128-sha256")
    );
}

/// [MS-IKEE] §3.1.5/17: the first own entry that some proposal meets decides; it is answered under the peer's number.
#[test]
fn the_first_match_is_taken_under_the_number_of_the_peer() {
    let offered = "aes128-sha384-x25519,aes256-sha512-x25519,aes128-sha256-x25519";
    let mut pair = setup(
        offered,
        "aes192-sha1-x25519,aes128-sha256-x25519,aes256-sha512-x25519",
    )
    .build();
    pair.connect();
    let answer = &pair.sent_by(Side::B)[0];
    let raw = RawPayload::new(kind::SA, answer.body(kind::SA));
    let sa = SecurityAssociation::parse(raw).expect("an SA payload");
    let numbers: Vec<u8> = sa.proposals().map(|it: Proposal<'_>| it.number).collect();
    assert_eq!(numbers, [3]);
}

/// [MS-IKEE] §3.1.5/18: the walk goes to the end of the list; there the negotiation fails.
#[test]
fn at_the_end_of_the_list_the_negotiation_fails() {
    let mut pair = setup(
        "aes128-sha256-x25519",
        "aes256-sha512-x25519,aes256gcm16-prfsha256-x25519,aes256-sha384-x25519",
    )
    .build();
    pair.connect();
    let answer = &pair.sent_by(Side::B)[0];
    assert_eq!(answer.header.exchange, ExchangeType::IKE_SA_INIT);
    assert_eq!(
        answer.notifies(),
        [(NotifyType::NO_PROPOSAL_CHOSEN, vec![])]
    );
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    // with the only match last, it is found
    let own = "aes256-sha512-x25519,aes256gcm16-prfsha256-x25519,aes128-sha256-x25519";
    let mut pair = setup("aes128-sha256-x25519", own).build();
    pair.connect();
    assert!(pair.a.is_established() && pair.b.is_established());
}

/// [MS-IKEE] note 2/3: no proposal combines ESP with anything else.
#[test]
fn each_proposal_has_one_protocol() {
    let mut setup = Setup::new();
    setup.a.esp("aes256gcm16,aes128-sha256");
    let mut pair = setup.build();
    pair.connect();
    let request = &pair.sent_by(Side::A)[1];
    let raw = RawPayload::new(kind::SA, request.body(kind::SA));
    let sa = SecurityAssociation::parse(raw).expect("an SA payload");
    let numbers: Vec<u8> = sa.proposals().map(|it: Proposal<'_>| it.number).collect();
    assert_eq!(numbers, [1, 2]);
}

/// [MS-IKEE] §2.2.11/3: IV, padding and ICV are where SK has them; number and total are authenticated with the rest.
#[test]
fn a_fragment_is_protected_as_a_whole_message_is() {
    for (suite, iv, block, icv) in [
        ("aes128-sha256-x25519", 16, 16, 16),
        ("aes256-sha512-x25519", 16, 16, 32),
        ("aes256gcm16-prfsha256-x25519", 8, 1, 16),
    ] {
        let mut setup = setup(suite, suite).both(|party| party.extend(FragmentationV2::new()));
        let id = Identity::new(IdType::KEY_ID, vec![7; 1500]);
        setup.a.connection().authentication.local_id = id.clone();
        setup.b.connection().authentication.remote_id = Some(id);
        let mut pair = setup.build();
        pair.initiate(Side::A).expect("a negotiation");
        for _ in 0..2 {
            for packet in pair.link.clear() {
                pair.deliver(&packet);
            }
        }
        let pieces = pair.link.clear();
        assert!(pieces.len() > 2, "{suite}");
        for piece in &pieces {
            let message = Message::parse(&piece.bytes).expect("a message");
            let raw = message.payloads.first(kind::ENCRYPTED_FRAGMENT);
            let fragment = EncryptedFragment::parse(raw.expect("a piece")).expect("a piece");
            let ciphertext = fragment.body.len() - iv - icv;
            assert!(
                ciphertext > 0 && ciphertext.is_multiple_of(block),
                "{suite}"
            );
            // the number and the total stand behind the two headers of 28 and 4 octets
            for at in [33, 35] {
                let mut altered = piece.clone();
                altered.bytes[at] = if altered.bytes[at] == 3 { 2 } else { 3 };
                pair.deliver(&altered);
            }
        }
        assert_eq!(pair.b.extension::<FragmentationV2>().held(), 0, "{suite}");
        for piece in &pieces {
            pair.deliver(piece);
        }
        pair.settle();
        assert!(pair.a.is_established() && pair.b.is_established());
    }
}
