//! B2: every length in SA, proposal, transform and attribute; and of every payload, the message's own included.

use super::{Arena, Guard, State};

const LENGTHS: [u16; 9] = [0, 1, 3, 4, 7, 8, 11, 12, 0xffff];

/// Every octet of a body takes extreme values, and each two of them the lengths above.
fn wrong(body: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for at in 0..body.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut it = body.to_vec();
            it[at] = value;
            out.push(it);
        }
        let cut = body[..at].to_vec();
        out.push(cut);
    }
    for at in (0..body.len().saturating_sub(1)).step_by(2) {
        for length in LENGTHS {
            let mut it = body.to_vec();
            it[at..at + 2].copy_from_slice(&length.to_be_bytes());
            out.push(it);
        }
    }
    out
}

fn every_sa_body(state: State) {
    let mut arena = Arena::new();
    arena.next();
    arena.go(state);
    let (_, payloads) = arena.genuine(state);
    let bodies = wrong(&payloads[0].body);
    // the peer comes once: phase 2 has room for many
    arena.throw(state, |_| Vec::new());
    for (n, body) in bodies.into_iter().enumerate() {
        if state == State::Nothing || n % 40 == 0 {
            arena.throw(state, |_| Vec::new());
        }
        let (guard, mut payloads) = arena.genuine(state);
        let guard = match guard {
            Guard::Hashed(exchange, id) => {
                Guard::Hashed(exchange, id + u32::try_from(n).expect("few"))
            }
            other => other,
        };
        payloads[0].body = body;
        let bad = arena.wrap(guard, &payloads);
        arena.hand(&bad);
    }
    arena.survived();
}

#[test]
fn lengths_in_the_first_offer_do_no_harm() {
    every_sa_body(State::Nothing);
}

#[test]
fn lengths_in_an_offer_of_quick_mode_do_no_harm() {
    every_sa_body(State::Up);
}

/// Header and payload headers: the lengths of the message in clear.
#[test]
fn lengths_of_the_message_do_no_harm() {
    let mut arena = Arena::new();
    for state in [
        State::Nothing,
        State::Chosen,
        State::Keyed,
        State::Up,
        State::Quick,
    ] {
        arena.throw(state, |it| {
            let (guard, payloads) = it.genuine(state);
            let right = it.wrap(guard, &payloads);
            let mut out = Vec::new();
            for at in (16..right.bytes.len().min(60)).step_by(1) {
                for value in [0, 1, 0x80, 0xff] {
                    let mut bad = right.clone();
                    bad.bytes[at] = value;
                    // what says that it begins again is a stranger's first message, and answered
                    if state != State::Nothing {
                        out.push(bad);
                    }
                }
            }
            for len in 0..right.bytes.len() {
                let mut bad = right.clone();
                bad.bytes.truncate(len);
                out.push(bad);
            }
            out
        });
    }
    arena.survived();
}
