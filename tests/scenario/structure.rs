//! Messages whose payloads are missing, doubled or elsewhere, and exchanges at the wrong time: authentic ones, so that
//! nothing but the core itself stands in their way.

use std::time::Duration;

use ikee_tests::wire::{Clear, Forged};
use ikee_tests::{Packet, Pair, Setup, Side};
use isakmp_wire::v2::kind;
use isakmp_wire::{ExchangeType, MessageWriter, OwnedPayload};

/// Every way to leave out, double or move one payload, and to leave out or turn round all.
fn rearranged(payloads: &[OwnedPayload]) -> Vec<Vec<OwnedPayload>> {
    let mut all = vec![Vec::new(), payloads.iter().rev().cloned().collect()];
    for at in 0..payloads.len() {
        let mut without = payloads.to_vec();
        let taken = without.remove(at);
        for elsewhere in 0..=without.len() {
            let mut moved = without.clone();
            moved.insert(elsewhere, taken.clone());
            all.push(moved);
        }
        let mut empty = payloads.to_vec();
        empty[at].body.clear();
        let mut critical = payloads.to_vec();
        critical[at].critical = true;
        let mut doubled = payloads.to_vec();
        doubled.push(taken);
        all.extend([without, empty, critical, doubled]);
    }
    all
}

/// The message again, with other payloads, protected if it was.
fn compose(pair: &Pair, side: Side, original: &Clear, payloads: &[OwnedPayload]) -> Vec<u8> {
    if original.protected {
        let message = Forged {
            exchange: original.header.exchange,
            response: original.is_response(),
            message_id: original.header.message_id,
        };
        return pair.forge(side, &message, payloads);
    }
    let mut bytes = Vec::new();
    let mut writer = MessageWriter::begin(&mut bytes, &original.header);
    for it in payloads {
        writer.owned(it);
    }
    writer.finish();
    bytes
}

fn begun() -> Pair {
    let mut setup = Setup::new();
    setup.a.connection().addressing.request_v4 = true;
    setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    pair
}

/// Lets `n` datagrams through, and takes the next off the wire.
fn at_message(n: usize) -> (Pair, Packet) {
    let mut pair = begun();
    for _ in 0..n {
        for packet in pair.link.clear() {
            pair.deliver(&packet);
        }
    }
    let packet = pair.link.clear().remove(0);
    (pair, packet)
}

/// Without AUTH, identity or any part of the first exchange, there is no SA; whatever comes of the rest, nothing is left.
#[test]
fn payloads_that_are_missing_doubled_or_moved_never_lead_around_authentication() {
    for n in 0..4 {
        let side = [Side::A, Side::B][n % 2];
        let original = at_message(n).0.last_sent_by(side);
        for payloads in rearranged(&original.payloads) {
            let (mut pair, genuine) = at_message(n);
            let bytes = compose(&pair, side, &original, &payloads);
            pair.deliver(&Packet { bytes, ..genuine });
            pair.settle();
            let kinds: Vec<_> = payloads.iter().map(|it| it.kind).collect();
            let needed = [kind::ID_I, kind::AUTH, kind::ID_R, kind::NONCE, kind::KE];
            let lacks = |kind| {
                original.kinds().contains(&kind)
                    && !payloads
                        .iter()
                        .any(|it| it.kind == kind && !it.body.is_empty())
            };
            let asks_for_nobody =
                n == 2 && kinds.contains(&kind::ID_I) && kinds.contains(&kind::AUTH);
            let needed = needed
                .into_iter()
                .filter(|it| !asks_for_nobody || *it != kind::ID_R);
            let receiver = pair.host(side.peer());
            // what is not protected ends nothing: the genuine message comes again
            if n >= 2 && needed.clone().any(lacks) {
                assert_eq!(receiver.established().count(), 0, "{n}: {kinds:?}");
                assert!(receiver.children.is_empty());
            }
            pair.shut_down();
            pair.run(Duration::from_secs(100));
            pair.assert_empty();
        }
    }
}

/// Every exchange, in either direction, at every stage, under whatever keys there are.
#[test]
fn exchanges_at_the_wrong_time_establish_nothing_and_break_nothing() {
    let exchanges = [0, 2, 4, 5, 32, 34, 35, 36, 37, 38, 43, 44, 200, 255];
    for n in 2..6 {
        for exchange in exchanges.map(ExchangeType::new) {
            for (response, side) in [
                (false, Side::A),
                (true, Side::A),
                (false, Side::B),
                (true, Side::B),
            ] {
                for message_id in 0..4 {
                    let mut pair = begun();
                    let mut next = Vec::new();
                    for _ in 0..n {
                        next = pair.link.clear();
                        for packet in &next {
                            pair.deliver(packet);
                        }
                    }
                    let pending = pair.link.clear();
                    drop(next);
                    let message = Forged {
                        exchange,
                        response,
                        message_id,
                    };
                    let before = established(&pair);
                    let bytes = pair.forge(side, &message, &[]);
                    let (from, to) = (pair.host(side).socket(), pair.host(side.peer()).socket());
                    pair.deliver(&Packet { from, to, bytes });
                    assert!(established(&pair).iter().sum::<usize>() <= before.iter().sum());
                    for packet in pending {
                        pair.link.inject(pair.now, packet);
                    }
                    pair.settle();
                    pair.shut_down();
                    pair.run(Duration::from_secs(100));
                    pair.assert_empty();
                }
            }
        }
    }
}

fn established(pair: &Pair) -> [usize; 2] {
    [&pair.a, &pair.b].map(|it| it.established().count())
}
