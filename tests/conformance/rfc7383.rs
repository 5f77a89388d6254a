//! IKEv2 message fragmentation: what the core does with keys and framing. Limits and queue are in `ikee-fragmentation-v2`
//! and its tests.

use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::{Pair, Setup, Side};
use ipsec_doi::Identity;
use isakmp_wire::v2::{EncryptedFragment, IdType, NotifyType, kind};
use isakmp_wire::{Message, PayloadType};

fn long() -> Setup {
    let mut setup = Setup::new().both(|party| party.extend(FragmentationV2::new()));
    let id = Identity::new(IdType::KEY_ID, vec![7; 1500]);
    setup.a.connection().authentication.local_id = id.clone();
    setup.b.connection().authentication.remote_id = Some(id);
    setup
}

fn connected() -> Pair {
    let mut pair = long().build();
    pair.connect();
    pair.assert_children_match();
    pair
}

/// RFC 7383 §2.3: both announce it in IKE_SA_INIT, without data.
#[test]
fn both_sides_announce_it_without_data() {
    let pair = connected();
    for side in [Side::A, Side::B] {
        let said = pair.sent_by(side)[0].notifies();
        assert!(said.contains(&(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, vec![])));
    }
}

/// RFC 7383 §2.5: numbers from 1, one total, the first payload's type in the first piece only, one message ID.
#[test]
fn pieces_are_numbered_and_only_the_first_names_a_payload() {
    let pair = connected();
    let mut count = 0;
    let by_a = pair
        .link
        .crossed
        .iter()
        .filter(|it| it.packet.from.ip() == pair.a.address);
    for crossed in by_a.skip(1) {
        let message = Message::parse(&crossed.packet.bytes).expect("a message");
        let raw = message
            .payloads
            .first(kind::ENCRYPTED_FRAGMENT)
            .expect("a piece");
        let piece = EncryptedFragment::parse(raw).expect("a piece");
        count += 1;
        assert_eq!((piece.number, piece.total), (count, 4));
        let first = if count == 1 {
            kind::ID_I
        } else {
            PayloadType::NONE
        };
        assert_eq!(raw.next, first);
        assert_eq!(message.header.message_id, 1);
        assert_eq!(message.payloads.len(), 1);
    }
    assert_eq!(count, 4);
}

/// RFC 7383 §2.5: IKE_SA_INIT is never in pieces.
#[test]
fn the_first_exchange_is_never_in_pieces() {
    let pair = connected();
    for crossed in &pair.link.crossed {
        let message = Message::parse(&crossed.packet.bytes).expect("a message");
        let init = message.header.exchange == isakmp_wire::ExchangeType::IKE_SA_INIT;
        assert!(!init || message.payloads.first(kind::ENCRYPTED_FRAGMENT).is_none());
    }
}

/// RFC 7383 §2.6: each piece is authenticated before it is kept.
#[test]
fn a_piece_that_is_not_authentic_is_not_kept() {
    let mut pair = long().build();
    pair.initiate(Side::A).expect("a negotiation");
    for _ in 0..2 {
        for packet in pair.link.clear() {
            pair.deliver(&packet);
        }
    }
    let pieces = pair.link.clear();
    for piece in &pieces {
        let mut forged = piece.clone();
        *forged.bytes.last_mut().expect("octets") ^= 1;
        pair.deliver(&forged);
    }
    assert_eq!(pair.b.extension::<FragmentationV2>().held(), 0);
    for piece in pieces.iter().rev() {
        pair.deliver(piece);
    }
    pair.settle();
    assert!(pair.a.is_established() && pair.b.is_established());
}

/// RFC 7383 §2.6: an SA that did not agree to it takes no pieces.
#[test]
fn pieces_on_an_sa_that_did_not_agree_are_dropped() {
    let agreed = connected();
    let mut setup = long();
    setup.b.extensions = ike_ext::Extensions::none();
    let mut pair = setup.build();
    pair.connect();
    assert!(pair.a.is_established() && pair.b.is_established());
    let mut piece = agreed.link.crossed[2].packet.clone();
    let header = pair.sent_by(Side::B)[0].header;
    piece.bytes[..8].copy_from_slice(header.initiator.as_bytes());
    piece.bytes[8..16].copy_from_slice(header.responder.as_bytes());
    piece.bytes[23] = 2;
    pair.deliver(&piece);
    assert!(pair.b.is_established());
}

/// RFC 7383 §2.5.1: a repetition sends all pieces again, the same octets.
#[test]
fn a_repetition_is_all_pieces_again() {
    let mut pair = long().build();
    pair.initiate(Side::A).expect("a negotiation");
    for _ in 0..2 {
        for packet in pair.link.clear() {
            pair.deliver(&packet);
        }
    }
    let first = pair.link.clear();
    pair.link.conditions.loss = [1000; 2];
    let sent = pair.link.crossed.len();
    pair.run(std::time::Duration::from_millis(1500));
    let again: Vec<_> = pair.link.crossed[sent..]
        .iter()
        .map(|it| it.packet.clone())
        .collect();
    assert_eq!(again, first);
}
