//! Pieces of messages, in any order, of any kind.

use ikee_fragmentation_v2::{Added, Fragment, Limits, MessageKey, Reassembler, split};
use isakmp_wire::PayloadType;

use crate::input::Input;

/// A list of pieces with their numbers; then a message that is cut, shuffled and put together.
pub fn reassembly(data: &[u8]) {
    let mut input = Input::new(data);
    let limits = Limits {
        fragments: 8,
        size: 512,
        messages: 2,
        held: 1500,
    };
    let mut queue = Reassembler::new();
    let mut received = 0;
    for _ in 0..input.octet() {
        let key = MessageKey {
            id: u32::from(input.octet() % 4),
            response: input.octet() % 2 == 1,
        };
        if input.octet() == 0 {
            queue.expire(key);
        }
        let piece = Fragment {
            first: PayloadType::new(input.octet()),
            number: input.short() % 300,
            total: input.short() % 300,
            data: input.portion(),
        };
        received += piece.data.len();
        if let Added::Whole { data, .. } = queue.add(&limits, key, piece) {
            assert!(data.len() <= limits.size.min(received));
            assert!(!queue.is_pending(key));
        }
        assert!(queue.held() <= limits.held);
        assert!(queue.queued().count() <= limits.messages);
    }
    whole(&mut input);
}

fn whole(input: &mut Input<'_>) {
    let room = usize::from(input.octet());
    let order = input.portion();
    let data = input.rest();
    let Some(pieces) = split(PayloadType::new(33), data, room) else {
        return;
    };
    let mut pieces: Vec<_> = pieces.collect();
    if pieces.len() > usize::from(Limits::DEFAULT.fragments) {
        return;
    }
    for (n, other) in order.iter().enumerate() {
        let len = pieces.len();
        pieces.swap(n % len, usize::from(*other) % len);
    }
    let key = MessageKey {
        id: 1,
        response: false,
    };
    let mut queue = Reassembler::new();
    let mut done = None;
    for piece in &pieces {
        assert!(done.is_none());
        if let Added::Whole { first, data } = queue.add(&Limits::DEFAULT, key, *piece) {
            done = Some((first, data));
        }
    }
    let (first, joined) = done.expect("a whole message");
    assert_eq!(first, PayloadType::new(33));
    assert_eq!(joined, data);
    assert_eq!(queue.held(), 0);
}
