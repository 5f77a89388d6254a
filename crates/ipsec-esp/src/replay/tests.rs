use alloc::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// RFC 4303 §3.4.3 as a set of numbers: slow and obvious.
struct Model {
    seen: BTreeSet<u64>,
    top: u64,
    size: u64,
}

impl Model {
    fn check(&self, number: u64) -> Verdict {
        if number == 0 || number + self.size <= self.top {
            Verdict::TooOld
        } else if self.seen.contains(&number) {
            Verdict::Seen
        } else {
            Verdict::New(number)
        }
    }

    fn accept(&mut self, number: u64) {
        self.seen.insert(number);
        self.top = self.top.max(number);
    }
}

fn same_as_model(size: usize, start: u64, extended: bool, steps: &[i64]) {
    let mut window = ReplayWindow::new(size, extended).unwrap();
    let mut model = Model {
        seen: BTreeSet::new(),
        top: 0,
        size: size as u64,
    };
    if start > 0 {
        window.accept(start);
        model.accept(start);
    }
    for step in steps {
        let number = model.top.saturating_add_signed(*step);
        if !extended && number > u64::from(u32::MAX) {
            continue;
        }
        let verdict = window.check(number as u32);
        let expected = model.check(number);
        if expected == Verdict::TooOld && extended && number != 0 {
            // an old number's low half means a later one, which is new
            assert_eq!(verdict, Verdict::New(number + (1 << 32)));
            continue;
        }
        assert_eq!(verdict, expected, "{number} after {}", model.top);
        if let Verdict::New(number) = verdict {
            window.accept(number);
            model.accept(number);
        }
    }
}

proptest! {
    #[test]
    fn the_window_agrees_with_a_set_of_numbers(
        words in 1_usize..=8,
        start in prop_oneof![Just(0_u64), 0..5000_u64, Just(u64::from(u32::MAX) - 40)],
        steps in prop::collection::vec(-600_i64..200, 1..400),
    ) {
        same_as_model(words * 64, start, false, &steps);
    }

    #[test]
    fn the_extended_window_agrees_with_a_set_of_numbers(
        words in 1_usize..=8,
        start in prop_oneof![(1_u64 << 32) - 300..(1_u64 << 32) + 300, (1_u64 << 40) - 300..(1_u64 << 40) + 300],
        steps in prop::collection::vec(-600_i64..200, 1..400),
    ) {
        same_as_model(words * 64, start, true, &steps);
    }

    #[test]
    fn far_jumps_forget_everything_before_them(jump in 1_u64..1 << 40, back in 0_u64..1024) {
        let mut window = ReplayWindow::new(1024, true).unwrap();
        for number in 1..=2000 {
            window.accept(number);
        }
        let top = 2000 + jump;
        window.accept(top);
        let number = top - back;
        let expected = if back == 0 || number <= 2000 { Verdict::Seen } else { Verdict::New(number) };
        prop_assert_eq!(window.check(number as u32), expected);
    }
}

#[test]
fn sizes_that_are_not_whole_words_or_out_of_range_are_refused() {
    for size in [0, 1, 32, 63, 65, 100, 4097, 4160, usize::MAX] {
        assert_eq!(
            ReplayWindow::new(size, false).unwrap_err(),
            SetupError::Window(size)
        );
    }
    for size in (64..=4096).step_by(64) {
        assert!(ReplayWindow::new(size, true).is_ok());
    }
}

#[test]
fn checking_changes_nothing() {
    let mut window = ReplayWindow::new(64, false).unwrap();
    window.accept(5);
    for _ in 0..2 {
        assert_eq!(window.check(9), Verdict::New(9));
        assert_eq!(window.check(3), Verdict::New(3));
        assert_eq!(window.check(5), Verdict::Seen);
        assert_eq!(window.check(0), Verdict::TooOld);
    }
    assert_eq!(window.top(), 5);
}

#[test]
fn the_window_reaches_back_exactly_its_size() {
    for size in [64, 128, 1024, 4096] {
        let mut window = ReplayWindow::new(size, false).unwrap();
        window.accept(10_000);
        let oldest = 10_001 - size as u32;
        assert_eq!(window.check(oldest), Verdict::New(u64::from(oldest)));
        assert_eq!(window.check(oldest - 1), Verdict::TooOld);
    }
}

#[test]
fn without_extension_the_number_never_wraps() {
    let mut window = ReplayWindow::new(64, false).unwrap();
    window.accept(u64::from(u32::MAX));
    assert_eq!(window.check(1), Verdict::TooOld);
    assert_eq!(window.check(0), Verdict::TooOld);
    assert_eq!(window.check(u32::MAX), Verdict::Seen);
}

/// RFC 4303 Appendix A2.2, both cases and both sides of the edge.
#[test]
fn the_high_half_is_inferred() {
    let mut window = ReplayWindow::new(64, true).unwrap();
    assert_eq!(
        window.check(u32::MAX),
        Verdict::TooOld,
        "before the first, nothing lies below"
    );
    // case A: the window lies within one high half
    window.accept((5 << 32) | 1000);
    assert_eq!(window.check(937), Verdict::New((5 << 32) | 937));
    assert_eq!(window.check(936), Verdict::New((6 << 32) | 936));
    assert_eq!(
        window.check(u32::MAX),
        Verdict::New((5 << 32) | 0xFFFF_FFFF)
    );
    // case B: it spans two
    window.accept((6 << 32) | 10);
    assert_eq!(window.check(11), Verdict::New((6 << 32) | 11));
    assert_eq!(
        window.check(0xFFFF_FFFF),
        Verdict::New((5 << 32) | 0xFFFF_FFFF)
    );
    let edge = 10_u32.wrapping_sub(63);
    assert_eq!(
        window.check(edge),
        Verdict::New((5 << 32) | u64::from(edge))
    );
    assert_eq!(
        window.check(edge - 1),
        Verdict::New((6 << 32) | u64::from(edge - 1))
    );
    assert_eq!(window.check(0), Verdict::New(6 << 32));
}

#[test]
fn the_end_of_extended_numbers_is_an_end() {
    let mut window = ReplayWindow::new(64, true).unwrap();
    window.accept(u64::MAX - 3);
    assert_eq!(window.check(u32::MAX), Verdict::New(u64::MAX));
    assert_eq!(window.check(7), Verdict::TooOld);
}
