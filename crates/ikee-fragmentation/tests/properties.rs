//! Cutting and joining are inverse for any order, loss, duplication and damage.

use core::time::Duration;

use ikee_fragmentation::{Added, Dropped, Limits, MessageKey, OVERHEAD, Reassembler, cut};
use isakmp_wire::v1::Fragment;
use proptest::prelude::*;

const KEY: MessageKey = MessageKey {
    fragment_id: 7,
    message_id: 0,
};

proptest! {
    #[test]
    fn fragments_in_any_order_with_repetitions_make_the_message_once(
        data in prop::collection::vec(any::<u8>(), 0..5000),
        room in 100_usize..1300,
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let all: Vec<_> = cut(7, &data, room).unwrap().collect();
        let mut queue = Reassembler::new();
        let mut given = vec![false; all.len()];
        let mut result = None;
        let order = picks.iter().map(|pick| pick.index(all.len())).chain(0..all.len());
        for at in order {
            if result.is_some() {
                break;
            }
            let added = queue.add(&Limits::DEFAULT, Duration::ZERO, KEY, &all[at]);
            if given[at] {
                prop_assert_eq!(added, Added::Dropped(Dropped::Duplicate));
                continue;
            }
            given[at] = true;
            match added {
                Added::Whole(message) => result = Some(message),
                other => prop_assert_eq!(other, Added::Kept),
            }
            prop_assert_eq!(result.is_some(), given.iter().all(|it| *it));
        }
        prop_assert_eq!(result, Some(data));
        prop_assert_eq!(queue.held(), 0);
        prop_assert_eq!(queue.deadline(), None);
    }

    #[test]
    fn a_message_of_which_a_fragment_is_lost_is_never_whole_until_it_comes(
        data in prop::collection::vec(any::<u8>(), 600..5000),
        room in 100_usize..500,
        lost in any::<prop::sample::Index>(),
    ) {
        let all: Vec<_> = cut(7, &data, room).unwrap().collect();
        let lost = lost.index(all.len());
        let mut queue = Reassembler::new();
        for round in 0..2 {
            for (at, it) in all.iter().enumerate().filter(|(at, _)| *at != lost) {
                let added = queue.add(&Limits::DEFAULT, Duration::ZERO, KEY, it);
                let expected = if round == 0 { Added::Kept } else { Added::Dropped(Dropped::Duplicate) };
                prop_assert_eq!(added, expected, "fragment {}", at);
            }
        }
        let mut late = queue.clone();
        let whole = queue.add(&Limits::DEFAULT, Duration::ZERO, KEY, &all[lost]);
        prop_assert_eq!(whole, Added::Whole(data));
        prop_assert_eq!(late.expire(Limits::LONGEST), 1);
        prop_assert_eq!(late.held(), 0);
    }

    #[test]
    fn a_repetition_under_another_id_completes_whatever_the_first_one_lost(
        data in prop::collection::vec(any::<u8>(), 600..4000),
        kept in prop::collection::vec(any::<bool>(), 64),
    ) {
        let mut queue = Reassembler::new();
        let early: Vec<_> = cut(1, &data, 100).unwrap().skip(1).collect();
        for (it, _) in early.iter().zip(kept).filter(|it| it.1) {
            queue.add(&Limits::DEFAULT, Duration::ZERO, MessageKey { fragment_id: 1, message_id: 0 }, it);
        }
        let mut last = Added::Kept;
        for it in cut(2, &data, 100).unwrap() {
            prop_assert_eq!(&last, &Added::Kept);
            last = queue.add(&Limits::DEFAULT, Duration::ZERO, MessageKey { fragment_id: 2, message_id: 0 }, &it);
        }
        prop_assert_eq!(last, Added::Whole(data));
    }

    #[test]
    fn arbitrary_fragments_stay_within_the_limits_and_the_books_balance(
        input in prop::collection::vec((0_u16..6, 0_u32..3, 0_u8..40, any::<bool>(), 0_usize..3000), 0..200),
    ) {
        let data = vec![0; 3000];
        let limits = Limits { size: 8000, messages: 3, held: 20_000, time: Duration::from_secs(70) };
        let mut queue = Reassembler::new();
        for (fragment_id, message_id, number, last, len) in input {
            let it = Fragment { id: fragment_id, number, last, data: &data[..len] };
            let key = MessageKey { fragment_id, message_id };
            if let Added::Whole(message) = queue.add(&limits, Duration::ZERO, key, &it) {
                prop_assert!(message.len() <= limits.size);
            }
            prop_assert!(queue.held() <= limits.held);
            prop_assert!(queue.queued().count() <= limits.messages);
            let sum: usize = queue.queued().map(|it| it.octets + it.received * OVERHEAD).sum();
            prop_assert_eq!(queue.held(), sum);
            prop_assert!(queue.queued().all(|it| it.last.is_none_or(|last| it.received < usize::from(last))));
        }
    }
}
