//! Tables, timers, budgets and time.

use std::time::Duration;

use ike_ext::{Blame, Budget, Instant, Lifecycle, SaId, SaTable, Stage, Timers};
use isakmp_wire::ExchangeType;

fn at(seconds: u64) -> Instant {
    Instant::from_duration(Duration::from_secs(seconds))
}

#[test]
fn a_row_is_made_on_first_use_and_gone_when_removed() {
    let mut table = SaTable::<u32>::new();
    let sa = SaId::new(7);
    assert_eq!(table.get(sa), None);
    assert_eq!(table.get_mut(sa), None);
    *table.row(sa) += 5;
    *table.get_mut(sa).unwrap() += 1;
    assert_eq!(table.get(sa), Some(&6));
    assert_eq!(table.insert(sa, 9), Some(6));
    assert_eq!(table.remove(sa), Some(9));
    assert!(table.is_empty());
}

#[test]
fn a_row_that_follows_its_sa_is_inherited_and_gone_with_it() {
    let mut table = SaTable::<u32>::new();
    let (old, new, other) = (SaId::new(7), SaId::new(8), SaId::new(9));
    table.insert(old, 5);
    table.follow(old, Lifecycle::Failing(Blame::Timeout));
    table.follow(other, Lifecycle::Succeeded(new));
    assert_eq!((table.get(old), table.get(new)), (Some(&5), None));
    table.follow(old, Lifecycle::Succeeded(new));
    table.follow(old, Lifecycle::Closed);
    assert_eq!((table.get(old), table.get(new)), (None, Some(&5)));
}

#[test]
fn timers_fire_in_order_once() {
    let mut timers = Timers::new();
    timers.set("b", at(2));
    timers.set("a", at(3));
    timers.set("c", at(9));
    assert_eq!(timers.next(), Some(at(2)));
    assert_eq!(timers.pop_due(at(1)), None);
    assert_eq!(timers.pop_due(at(5)), Some("b"));
    assert_eq!(timers.pop_due(at(5)), Some("a"));
    assert_eq!(timers.pop_due(at(5)), None);
    assert_eq!(timers.next(), Some(at(9)));
}

#[test]
fn setting_replaces_a_deadline_and_starting_does_not() {
    let mut timers = Timers::new();
    timers.set(1, at(5));
    timers.start(1, at(2));
    assert_eq!(timers.next(), Some(at(5)));
    timers.set(1, at(8));
    assert_eq!(timers.next(), Some(at(8)));
    assert_eq!(timers.stop(1), Some(at(8)));
    assert_eq!(timers.stop(1), None);
    assert!(timers.is_empty());
}

#[test]
fn all_timers_of_an_sa_stop_together() {
    let mut timers = Timers::new();
    for sa in 1..=3 {
        for id in [0, 5, u32::MAX] {
            timers.set((SaId::new(sa), id), at(sa));
        }
    }
    let sa = SaId::new(2);
    timers.stop_range((sa, 0)..=(sa, u32::MAX));
    let mut left = Vec::new();
    while let Some((sa, _)) = timers.pop_due(at(9)) {
        left.push(sa.get());
    }
    assert_eq!(left, [1, 1, 1, 3, 3, 3]);
}

#[test]
fn a_budget_gives_what_it_has_and_no_more() {
    let mut budget = Budget::new(10);
    assert!(budget.take(10));
    assert!(!budget.take(1));
    assert!(budget.take(0));
    budget.give(4);
    assert!(!budget.take(5));
    assert_eq!(budget.used(), 6);
    budget.give(usize::MAX);
    assert_eq!(budget.used(), 0);
    assert!(!budget.take(usize::MAX));
}

#[test]
fn time_saturates_at_both_ends() {
    assert_eq!(at(3).since(at(5)), Duration::ZERO);
    assert_eq!(at(5).since(at(3)), Duration::from_secs(2));
    let end = Instant::EPOCH + Duration::MAX;
    assert_eq!(end + Duration::MAX, end);
    assert_eq!(at(5).as_duration(), Duration::from_secs(5));
}

#[test]
fn odd_messages_travel_from_the_initiator_of_the_exchange() {
    assert!(Stage::request(ExchangeType::IKE_AUTH).is_request());
    assert!(!Stage::response(ExchangeType::IKE_AUTH).is_request());
    assert!(Stage::main_mode(5).is_request());
    assert!(!Stage::main_mode(6).is_request());
}
