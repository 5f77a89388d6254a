//! Fragmenting and joining are inverse for any order, loss, duplication and damage.

use ikee_fragmentation_v2::{
    Added, Dropped, Fragment, Limits, MessageKey, OVERHEAD, Reassembler, split,
};
use isakmp_wire::{PayloadType, v2::kind};
use proptest::prelude::*;

const KEY: MessageKey = MessageKey {
    id: 7,
    response: false,
};

proptest! {
    #[test]
    fn pieces_in_any_order_with_repetitions_make_the_whole_once(
        data in prop::collection::vec(any::<u8>(), 0..5000),
        room in 100_usize..1300,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let pieces: Vec<_> = split(kind::ID_I, &data, room).unwrap().collect();
        let mut queue = Reassembler::new();
        let mut given = vec![false; pieces.len()];
        let mut result = None;
        let rest = 0..pieces.len();
        let order = picks.iter().map(|pick| pick.index(pieces.len())).chain(rest);
        for at in order {
            if result.is_some() {
                break;
            }
            let added = queue.add(&Limits::DEFAULT, KEY, pieces[at]);
            if given[at] {
                prop_assert_eq!(added, Added::Dropped(Dropped::Duplicate));
                continue;
            }
            given[at] = true;
            match added {
                Added::Whole { first, data } => result = Some((first, data)),
                other => prop_assert_eq!(other, Added::Kept),
            }
            prop_assert_eq!(result.is_some(), given.iter().all(|it| *it));
        }
        prop_assert_eq!(result, Some((kind::ID_I, data)));
        prop_assert_eq!(queue.held(), 0);
    }

    #[test]
    fn a_message_of_which_a_piece_is_lost_is_never_whole(
        data in prop::collection::vec(any::<u8>(), 600..5000),
        room in 100_usize..500,
        lost in any::<prop::sample::Index>(),
    ) {
        let pieces: Vec<_> = split(kind::ID_I, &data, room).unwrap().collect();
        let lost = lost.index(pieces.len());
        let mut queue = Reassembler::new();
        for round in 0..2 {
            for (at, piece) in pieces.iter().enumerate().filter(|(at, _)| *at != lost) {
                let added = queue.add(&Limits::DEFAULT, KEY, *piece);
                let expected = if round == 0 { Added::Kept } else { Added::Dropped(Dropped::Duplicate) };
                prop_assert_eq!(added, expected, "piece {}", at);
            }
        }
        prop_assert!(queue.is_pending(KEY));
        prop_assert!(queue.expire(KEY));
        prop_assert_eq!(queue.held(), 0);
    }

    #[test]
    fn a_finer_fragmentation_replaces_a_coarser_one_at_any_point(
        data in prop::collection::vec(any::<u8>(), 600..4000),
        seen in 1_usize..4,
    ) {
        let coarse: Vec<_> = split(kind::ID_I, &data, 400).unwrap().collect();
        let fine: Vec<_> = split(kind::ID_I, &data, 150).unwrap().collect();
        let mut queue = Reassembler::new();
        for piece in coarse.iter().take(seen.min(coarse.len() - 1)) {
            queue.add(&Limits::DEFAULT, KEY, *piece);
        }
        let mut last = Added::Kept;
        for piece in &fine {
            prop_assert_eq!(last, Added::Kept);
            last = queue.add(&Limits::DEFAULT, KEY, *piece);
            if let Some(late) = coarse.last().filter(|_| last == Added::Kept) {
                let stale = queue.add(&Limits::DEFAULT, KEY, *late);
                prop_assert_eq!(stale, Added::Dropped(Dropped::Stale));
            }
        }
        prop_assert_eq!(last, Added::Whole { first: kind::ID_I, data });
    }

    #[test]
    fn arbitrary_pieces_stay_within_the_limits_and_the_books_balance(
        input in prop::collection::vec((0_u32..6, any::<bool>(), 0_u16..70, 0_u16..70, 0_usize..3000), 0..200),
    ) {
        let data = vec![0; 3000];
        let limits = Limits { fragments: 32, size: 8000, messages: 3, held: 20_000 };
        let mut queue = Reassembler::new();
        for (id, response, number, total, len) in input {
            let piece = Fragment { first: PayloadType::NONE, number, total, data: &data[..len] };
            let added = queue.add(&limits, MessageKey { id, response }, piece);
            if let Added::Whole { data, .. } = added {
                prop_assert!(data.len() <= limits.size);
            }
            prop_assert!(queue.held() <= limits.held);
            prop_assert!(queue.queued().count() <= limits.messages);
            let sum: usize = queue
                .queued()
                .map(|it| it.octets + usize::from(it.received) * OVERHEAD)
                .sum();
            prop_assert_eq!(queue.held(), sum);
            prop_assert!(queue.queued().all(|it| it.received < it.total && it.octets <= limits.size));
        }
    }
}
