//! Every notification that the wire crate names has a meaning, and every error a cause.

use ipsec_doi::{notify, v1};
use isakmp_wire::{v1 as wire1, v2 as wire2};

/// Extensions that no part of this project speaks: their names say enough.
const NAME_ONLY: [u16; 10] = [
    16414, 16415, 16416, 16420, 16421, 16422, 16423, 16424, 16425, 16426,
];

#[test]
fn each_named_error_of_ikev2_has_a_meaning_and_a_cause() {
    for number in 0..=16_383 {
        let kind = wire2::NotifyType::new(number);
        let explained = notify::explain(kind);
        assert_eq!(kind.name().is_some(), explained.is_some(), "{kind}");
        assert!(explained.is_none_or(|it| !it.cause.is_empty()), "{kind}");
        assert!(notify::is_error(kind));
    }
}

#[test]
fn each_status_of_ikev2_that_we_may_meet_has_a_meaning() {
    for number in 16_384..=16_446 {
        let kind = wire2::NotifyType::new(number);
        let expected = kind.name().is_some()
            && !NAME_ONLY.contains(&number)
            && !(16_427..=16_429).contains(&number);
        assert_eq!(notify::explain(kind).is_some(), expected, "{kind}");
        assert!(!notify::is_error(kind));
    }
}

#[test]
fn each_named_notification_of_ikev1_has_a_meaning() {
    for number in 0..=u16::MAX {
        let kind = wire1::NotifyType::new(number);
        let explained = v1::notify::explain(kind);
        assert_eq!(kind.name().is_some(), explained.is_some(), "{kind}");
    }
}

#[test]
fn no_meaning_ends_in_a_full_stop() {
    for number in 0..=u16::MAX {
        assert!(!notify::meaning(wire2::NotifyType::new(number)).ends_with('.'));
        assert!(!v1::notify::meaning(wire1::NotifyType::new(number)).ends_with('.'));
    }
}
