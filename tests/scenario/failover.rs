//! A client of a cluster with [MS-IKEE] §3.5 and §3.6, on the real core.

use std::time::Duration;

use ike_ext::{Extensions, Hint};
use ikee_dpd::Dpd;
use ikee_failover::{Failover, Side};
use ikee_tests::net::{Net, config};
use ikev1::{CloseReason, Event};
use isakmp_wire::vendor_id::{NLBS_PRESENT, VID_INITIAL_CONTACT};
use isakmp_wire::{ExchangeType, Message};

const MINUTE: Duration = Duration::from_secs(60);

fn side(side: Side) -> Extensions {
    Extensions::none().with(Failover::new(side))
}

/// Whether a message of main mode of this host has this vendor ID.
fn says(net: &Net, host: usize, id: [u8; 16]) -> Vec<bool> {
    let from = net.hosts[host].address;
    let own = net.crossed.iter().filter(|(_, it)| it.from.ip() == from);
    let first = own.filter_map(|(_, it)| {
        let message = Message::parse(&it.bytes).ok()?;
        let clear = message.encrypted_body().is_none();
        let fits = message.header.exchange == ExchangeType::MAIN_MODE && clear;
        let sa = isakmp_wire::v1::kind::SA;
        fits.then_some(())?;
        message.payloads.first(sa)?;
        let kind = isakmp_wire::v1::kind::VENDOR_ID;
        Some(
            message
                .payloads
                .iter()
                .any(|it| it.kind == kind && it.body == id),
        )
    });
    first.collect()
}

/// [MS-IKEE] §3.5.4.1, §3.5.5.1/3, §3.5.5.2, §3.6.4.1, §3.6.5.1
#[test]
fn both_sides_say_what_they_are_and_idle_limits_follow() {
    for (second, limit) in [
        (side(Side::Cluster), MINUTE),
        (Extensions::none(), 5 * MINUTE),
    ] {
        let mut net = Net::pair(side(Side::Client), second);
        net.connect();
        net.assert_joined(0, 1);
        assert_eq!(says(&net, 0, VID_INITIAL_CONTACT), [true]);
        assert_eq!(says(&net, 1, NLBS_PRESENT), [limit == MINUTE]);
        assert_eq!(net.hosts[0].child().limits.idle, Some(limit));
    }
    let mut plain = Net::pair(Extensions::none(), side(Side::Cluster));
    plain.connect();
    plain.assert_joined(0, 1);
    assert_eq!(plain.hosts[0].child().limits.idle, None);
}

/// [MS-IKEE] §3.5.4.1/1: with an SA, the client is not new
#[test]
fn a_second_main_mode_does_not_say_that_it_is_the_first() {
    let mut net = Net::pair(side(Side::Client), side(Side::Cluster));
    let sa = net.connect();
    net.call(0, |endpoint, now, out| endpoint.rekey(now, sa, out))
        .unwrap();
    net.run(Duration::from_secs(5));
    assert_eq!(says(&net, 0, VID_INITIAL_CONTACT), [true, false]);
    net.assert_joined(0, 1);
}

/// [MS-IKEE] §3.6.5.1/3
#[test]
fn the_nodes_application_is_told_that_the_client_may_be_moved() {
    let mut net = Net::pair(side(Side::Client), side(Side::Cluster));
    net.connect();
    let sa = net.hosts[1].sa();
    assert!(net.hosts[1].extension::<Failover>().may_move(sa));
    assert_eq!(net.hosts[1].count(|it| matches!(it, Event::Nudge(_))), 1);
    assert_eq!(net.hosts[0].count(|it| matches!(it, Event::Nudge(_))), 0);
}

/// [MS-IKEE] §3.5.6.1/1
#[test]
fn an_idle_quick_mode_sa_goes_at_both_ends_and_the_main_mode_sa_stays() {
    let mut net = Net::pair(side(Side::Client), side(Side::Cluster));
    net.connect();
    net.hint(0, Hint::Idle);
    net.run(Duration::from_secs(1));
    assert!(net.hosts.iter().all(|it| it.children.is_empty()));
    assert!(net.hosts.iter().all(|it| it.established().count() == 1));
}

/// [MS-IKEE] §3.5.4.1/2, note 20: a node dies, and the client is with the other one within the time of the search
#[test]
fn a_client_whose_node_dies_is_soon_with_another_one() {
    let client = side(Side::Client).with(Dpd::new());
    let mut net = Net::new(vec![
        (1, config(1, Some(2)), client),
        (2, config(2, None), side(Side::Cluster)),
        (2, config(2, None), side(Side::Cluster)),
    ]);
    net.connect();
    net.assert_joined(0, 1);
    net.cut_off.insert(1);
    let from = net.now;
    // what a data plane says when the application connects anew and gets no answer
    net.hint(0, Hint::Unconnected);
    while net.hosts[2].established().count() == 0 {
        net.run(Duration::from_secs(1));
        assert!(
            net.now.since(from) < Duration::from_secs(30),
            "no other node"
        );
    }
    net.run(Duration::from_secs(1));
    assert_eq!(says(&net, 0, VID_INITIAL_CONTACT), [true, true]);
    let sa = net.hosts[2].sa();
    assert!(net.hosts[2].extension::<Failover>().may_move(sa));
    assert_eq!(net.hosts[0].established().count(), 1);
    assert!(net.now.since(from) < Duration::from_secs(14));
}

/// [MS-IKEE] §1.3.4: without dead-peer detection the data plane's idle limit is what tells
#[test]
fn a_node_that_lets_packets_go_unanswered_is_tried_and_left() {
    let mut net = Net::new(vec![
        (1, config(1, Some(2)), side(Side::Client)),
        (2, config(2, None), side(Side::Cluster)),
        (2, config(2, None), side(Side::Cluster)),
    ]);
    net.connect();
    // a node that lives gives the child new keys, and that is all
    net.hint(0, Hint::Unanswered);
    net.run(Duration::from_secs(20));
    net.assert_joined(0, 1);
    assert_eq!(net.hosts[0].established().count(), 1);
    net.crossed.clear();
    net.cut_off.insert(1);
    let from = net.now;
    net.hint(0, Hint::Unanswered);
    // three times a quick mode: 1 + 2 + 4 s
    net.run(Duration::from_millis(7500));
    // those, and both of the new one
    assert_eq!(net.sent(0, ExchangeType::QUICK_MODE).len(), 3 + 2);
    net.assert_joined(0, 2);
    assert_eq!(says(&net, 0, VID_INITIAL_CONTACT), [true]);
    assert_eq!(net.hosts[0].established().count(), 1);
    assert!(net.now.since(from) < Duration::from_secs(8));
}

/// [MS-IKEE] §1.3.4: the node goes while nobody has anything to say
#[test]
fn a_node_that_is_gone_after_a_pause_is_left_for_another_one() {
    let mut net = Net::new(vec![
        (1, config(1, Some(2)), side(Side::Client)),
        (2, config(2, None), side(Side::Cluster)),
        (2, config(2, None), side(Side::Cluster)),
    ]);
    let sa = net.connect();
    net.hint(0, Hint::Idle);
    net.run(Duration::from_secs(1));
    net.cut_off.insert(1);
    // a packet wants the child again
    let opened = net.call(0, |endpoint, now, out| {
        endpoint.request_child(now, sa, 0, out)
    });
    opened.unwrap();
    net.run(Duration::from_millis(7500));
    net.assert_joined(0, 2);
}

/// The same without the extensions, for comparison: the liveness check of RFC 3706 has to find it out.
#[test]
fn without_the_extensions_it_takes_longer() {
    let mut net = Net::new(vec![
        (1, config(1, Some(2)), Extensions::none()),
        (2, config(2, None), Extensions::none()),
        (2, config(2, None), Extensions::none()),
    ]);
    net.connect();
    net.cut_off.insert(1);
    let from = net.now;
    let silent = |it: &Event| {
        matches!(
            it,
            Event::Closed {
                reason: CloseReason::Silent,
                ..
            }
        )
    };
    while net.hosts[0].count(silent) == 0 {
        net.run(Duration::from_secs(1));
        assert!(net.now.since(from) < 10 * MINUTE, "never noticed");
    }
    assert!(net.now.since(from) > Duration::from_secs(30));
}
