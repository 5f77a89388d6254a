//! B16: floods, negotiations that nobody finishes, repetition without end; B13: cookies in the wrong place.

use std::time::Duration;

use isakmp_wire::Spi;

use super::{Arena, State, stranger};

/// A flood from one address and from many: what is kept is bounded, goes, and nothing is amplified.
#[test]
fn first_messages_without_end_are_bounded() {
    let mut arena = Arena::new();
    let (mut sent, mut came) = (0, 0);
    for n in 0..2000_u32 {
        let mut peer = stranger(7);
        let [a, b, c, d] = n.to_be_bytes();
        peer.spis.0 = Spi::new([1, a, b, c, d, 1, 1, 1]);
        let first = peer.first();
        sent += first.bytes.len();
        came += arena
            .hand(&first)
            .iter()
            .map(|it| it.bytes.len())
            .sum::<usize>();
    }
    let limit = arena.pair.hosts[1]
        .endpoint
        .config()
        .limits
        .half_open_per_address;
    // more than that from one address, and nothing new is begun with it ([MS-IKEE] note 29); and the one that stands
    assert!(arena.pair.hosts[1].endpoint.sas().count() <= limit + 2);
    assert!(came <= sent / 10, "{came} for {sent}");
    arena.pair.run(Duration::from_secs(200));
    assert_eq!(arena.pair.hosts[1].endpoint.sas().count(), 1);
    arena.survived();
}

/// RFC 2408 §5.1: one answer each, to the last message only.
#[test]
fn repetition_is_not_amplified() {
    let mut arena = Arena::new();
    for state in [State::Nothing, State::Chosen, State::Keyed, State::Up] {
        arena.throw(state, |it| {
            let (guard, payloads) = it.genuine(state);
            let right = it.wrap(guard, &payloads);
            let first = it.hand(&right);
            for _ in 0..50 {
                let again = it.hand(&right);
                assert!(again.len() <= 1 && again.iter().all(|it| first.contains(it)));
            }
            Vec::new()
        });
    }
    arena.survived();
}

/// Negotiations given up at each state leave nothing but until their time is over.
#[test]
fn what_nobody_finishes_goes() {
    let mut arena = Arena::new();
    for state in [State::Chosen, State::Keyed, State::Chosen, State::Keyed] {
        for _ in 0..20 {
            arena.throw(state, |_| Vec::new());
        }
    }
    arena.pair.run(Duration::from_secs(200));
    assert_eq!(arena.pair.hosts[1].endpoint.sas().count(), 1);
    arena.survived();
}

/// Exchanges of phase 2 without end: bounded for each SA.
#[test]
fn exchanges_without_end_are_bounded() {
    let mut arena = Arena::new();
    arena.throw(State::Up, |_| Vec::new());
    for id in 1..5000 {
        let ids = arena.ids();
        let (first, _) = arena
            .peer
            .ask(id, ikee_tests::v1::peer::phase_2(0x6000 + id, 1), &ids);
        arena.hand(&first);
    }
    arena.pair.run(Duration::from_secs(300));
    assert_eq!(arena.pair.hosts[1].children.len(), 1);
    arena.survived();
}

/// B13: cookies of another SA, swapped, or of nobody, on messages of every kind; and an SA's messages from elsewhere.
#[test]
fn cookies_in_the_wrong_place_do_no_harm() {
    let mut arena = Arena::new();
    let (i, r) = arena.pair.hosts[1]
        .established()
        .next()
        .expect("an SA")
        .spis;
    for state in [
        State::Nothing,
        State::Chosen,
        State::Keyed,
        State::Up,
        State::Quick,
    ] {
        arena.throw(state, |it| {
            let own = it.peer.spis;
            let (guard, payloads) = it.genuine(state);
            let right = it.wrap(guard, &payloads);
            let nobody = Spi::new([9; 8]);
            let pairs = [
                (i, r),
                (r, i),
                (own.0, r),
                (i, own.1),
                (own.1, own.0),
                (nobody, nobody),
                (own.0, nobody),
                (Spi::ZERO, Spi::ZERO),
                (Spi::ZERO, r),
                (r, r),
            ];
            let mut out = Vec::new();
            for (first, second) in pairs {
                let mut bad = right.clone();
                bad.bytes[..8].copy_from_slice(first.as_bytes());
                bad.bytes[8..16].copy_from_slice(second.as_bytes());
                if bad != right {
                    out.push(bad);
                }
            }
            out
        });
    }
    arena.survived();
}

/// [MS-IKEE] §3.1.1: an SA is found by addresses and both cookies; two peers may have chosen the same cookie.
#[test]
fn peers_that_chose_the_same_cookie_have_an_sa_each() {
    let mut arena = Arena::new();
    arena.throw(State::Up, |_| Vec::new());
    let cookie = arena.peer.spis.0;
    arena.next();
    arena.peer.spis.0 = cookie;
    arena.go(State::Up);
    let host = &arena.pair.hosts[1];
    let same = host.established().filter(|it| it.spis.0 == cookie);
    let remotes: Vec<_> = same.map(|it| it.remote.ip()).collect();
    assert_eq!(remotes.len(), 2);
    assert_ne!(remotes[0], remotes[1]);
    arena.survived();
}
