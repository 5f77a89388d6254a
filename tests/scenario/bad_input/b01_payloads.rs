//! B1: payloads that are missing, doubled, moved, empty, marked critical, or nobody's, in every message of a life.

use ikee_tests::fault::{rearranged, strangers};

use super::throw_each;

/// RFC 7296 §2.5, §3.2.
#[test]
fn payloads_missing_doubled_moved_empty_or_strange_in_any_message_are_survived() {
    let thrown = throw_each(|letter| {
        rearranged(letter.payloads.len())
            .chain(strangers())
            .collect()
    });
    assert!(thrown > 1000, "{thrown}");
}
