//! B3: pieces of messages ([MS-IKEE] §2.2.3), before and after authentication.

use ike_ext::Instant;
use ikee_fragmentation::Fragmentation;
use ikee_tests::Packet;
use ikee_tests::v1::peer::payload;
use isakmp_wire::v1::{Fragment, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, v2};

use super::{Arena, State};

fn piece(arena: &Arena, (id, number, last): (u16, u8, bool), data: &[u8]) -> Packet {
    let body = Fragment {
        id,
        number,
        last,
        data,
    };
    let header = arena.peer.header(ExchangeType::MAIN_MODE, 0);
    arena.peer.clear(&header, &[payload(kind::FRAGMENT, &body)])
}

#[test]
fn pieces_that_are_none_do_no_harm() {
    let mut arena = Arena::new();
    for state in [State::Chosen, State::Keyed, State::Up] {
        arena.throw(state, |it| {
            let mut out = vec![
                piece(it, (1, 0, false), b"number zero"),
                piece(it, (2, 2, true), b"the last first"),
                piece(it, (2, 3, false), b"beyond the last"),
                piece(it, (3, 1, false), b"twice"),
                piece(it, (3, 1, false), b"with other octets"),
                piece(it, (4, 1, true), b"no message at all"),
                piece(it, (5, 255, true), b"many to come"),
                piece(it, (6, 1, true), &[]),
            ];
            // a fragment inside a fragment
            let inner = piece(it, (8, 1, true), b"again and again");
            out.push(piece(it, (7, 1, true), &inner.bytes));
            // beside others, broken, and of the other IKE
            let header = it.peer.header(ExchangeType::MAIN_MODE, 0);
            let body = [0, 9, 1, 1, 7, 7];
            let fragment = OwnedPayload::new(kind::FRAGMENT, body);
            let nonce = OwnedPayload::new(kind::NONCE, [1; 20]);
            out.push(it.peer.clear(&header, &[fragment.clone(), nonce.clone()]));
            out.push(it.peer.clear(&header, &[nonce, fragment]));
            for len in 0..4 {
                let short = OwnedPayload::new(kind::FRAGMENT, &body[..len]);
                out.push(it.peer.clear(&header, &[short]));
            }
            let other = OwnedPayload::new(v2::kind::ENCRYPTED_FRAGMENT, [0; 60]);
            out.push(it.peer.clear(&header, &[other]));
            out
        });
    }
    arena.survived();
}

/// Sets that never complete, over many SAs: what is held is bounded, and goes.
#[test]
fn pieces_without_end_are_bounded() {
    let mut arena = Arena::new();
    for _ in 0..30 {
        arena.throw(State::Keyed, |it| {
            let ids = 0..300_u16;
            ids.map(|id| piece(it, (id, 1, false), &[7; 1000]))
                .collect()
        });
    }
    let held = |arena: &Arena| {
        let extensions = arena.pair.hosts[1].endpoint.extensions();
        extensions.get::<Fragmentation>().expect("it").held()
    };
    assert!(held(&arena) <= 30 * (128 << 10), "{}", held(&arena));
    arena.pair.run(std::time::Duration::from_secs(100));
    assert!(arena.pair.now > Instant::EPOCH);
    assert_eq!(held(&arena), 0);
    arena.survived();
}
