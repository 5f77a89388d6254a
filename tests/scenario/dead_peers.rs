//! Dead peers, noticed by the traffic of their SAs ([MS-IKEE] §3.12), on the real cores.

use std::time::Duration;

use ike_ext::{Extensions, Hint};
use ikee_dpd::Dpd;
use ikee_tests::net::{Net, config};
use ikee_tests::{Host, Pair, Setup, Side};
use ikev1::{CloseReason, Event};
use isakmp_wire::ExchangeType;

fn dpd() -> Extensions {
    Extensions::none().with(Dpd::new())
}

fn net() -> Net {
    let mut net = Net::pair(dpd(), Extensions::none());
    net.connect();
    net.assert_joined(0, 1);
    net.crossed.clear();
    net
}

fn searching(net: &Net) -> bool {
    let host = &net.hosts[0];
    let dpd: &Dpd = host.extension();
    let mut all = host.established().filter_map(|it| dpd.status(it.sa));
    all.any(|it| it.searching)
}

fn silent(event: &Event) -> bool {
    matches!(
        event,
        Event::Closed {
            reason: CloseReason::Silent,
            ..
        }
    )
}

/// [MS-IKEE] §3.12.4.1/2, §3.12.7.1/1
#[test]
fn a_peer_that_lives_gets_a_new_quick_mode_sa_and_that_is_all() {
    let mut net = net();
    let (sa, before) = (net.hosts[0].sa(), net.hosts[0].child().id);
    net.hint(0, Hint::Retransmission);
    assert!(searching(&net));
    net.run(Duration::from_secs(8));
    assert!(!searching(&net));
    net.assert_joined(0, 1);
    assert_ne!(net.hosts[0].child().id, before);
    assert_eq!(net.hosts[0].sa(), sa);
    assert_eq!(net.sent(0, ExchangeType::MAIN_MODE), []);
}

/// [MS-IKEE] §3.12.4.2, §3.12.5.1
#[test]
fn udp_into_silence_does_the_same_after_20_s() {
    let mut net = net();
    net.hint(0, Hint::Inbound);
    net.run(Duration::from_secs(19));
    net.hint(0, Hint::OneSided);
    assert!(!searching(&net));
    net.run(Duration::from_secs(2));
    net.hint(0, Hint::OneSided);
    assert!(searching(&net));
    net.run(Duration::from_secs(8));
    assert!(!searching(&net));
}

/// [MS-IKEE] §3.12.4.1/3, §3.12.4.1/4: quick mode, three times message 1, the end; and then the beginning
#[test]
fn a_peer_that_is_cut_off_is_found_dead_and_called_again() {
    let mut net = net();
    net.cut_off.insert(1);
    let from = net.now;
    net.hint(0, Hint::Retransmission);
    while net.hosts[0].count(silent) == 0 {
        net.run(Duration::from_millis(100));
        assert!(net.now.since(from) < Duration::from_secs(60), "never found");
    }
    // 10 s for quick mode; 1 + 2 + 4 s for main mode
    let took = net.now.since(from);
    assert!(
        (Duration::from_secs(16)..Duration::from_secs(18)).contains(&took),
        "{took:?}"
    );
    assert!(!net.sent(0, ExchangeType::QUICK_MODE).is_empty());
    let tries = net.sent(0, ExchangeType::MAIN_MODE);
    let same = tries
        .iter()
        .filter(|it| it.1.initiator == tries[0].1.initiator);
    assert_eq!(same.count(), 3);
    // all of it is gone, and a new negotiation begins, which has the usual time
    assert!(net.hosts[0].children.is_empty());
    assert_eq!(net.hosts[0].endpoint.sas().count(), 1);
    assert_eq!(tries.len(), 4);
    assert_eq!(net.hosts[0].count(|it| matches!(it, Event::Nudge(_))), 1);
    net.run(Duration::from_secs(20));
    net.cut_off.remove(&1);
    net.run(Duration::from_secs(40));
    assert_eq!(net.hosts[0].established().count(), 1);
    assert_eq!(net.hosts[0].children.len(), 1);
}

/// [MS-IKEE] §3.12.7.1/3: who has lost everything lives, but knows no quick mode
#[test]
fn a_peer_that_came_back_without_its_sas_gets_a_new_main_mode() {
    let mut net = net();
    let mut fresh = Net::new(vec![(2, config(2, Some(1)), Extensions::none())]);
    net.hosts[1] = fresh.hosts.remove(0);
    net.hint(0, Hint::Retransmission);
    net.run(Duration::from_secs(15));
    assert!(!searching(&net));
    assert_eq!(net.hosts[0].count(silent), 0);
    assert_eq!(net.hosts[1].established().count(), 1);
    assert_eq!(net.hosts[0].established().count(), 1);
}

fn v2() -> Pair {
    let mut setup = Setup::new();
    setup.a.extensions = dpd();
    let mut pair = setup.build();
    pair.connect();
    pair
}

fn hint(pair: &mut Pair, hint: Hint) {
    let now = pair.now;
    let child = pair.a.child().id;
    let input = ikev2::Input::Traffic(child, hint);
    let ((), packets) = pair
        .a
        .call(now, |endpoint, out| endpoint.handle(now, input, out));
    pair.send(Side::A, packets);
}

fn closed_as_silent(host: &Host) -> bool {
    host.closed().any(|it| *it == ikev2::CloseReason::Silent)
}

/// [MS-IKEE] note 33: our form, for IKEv2
#[test]
fn in_ikev2_a_peer_that_lives_answers_an_empty_request() {
    let mut pair = v2();
    pair.link.crossed.clear();
    hint(&mut pair, Hint::Retransmission);
    let sa = pair.a.sa();
    assert!(pair.a.extension::<Dpd>().status(sa).unwrap().searching);
    pair.run(Duration::from_secs(1));
    assert!(!pair.a.extension::<Dpd>().status(sa).unwrap().searching);
    assert_eq!(pair.link.crossed.len(), 2);
    pair.run(Duration::from_secs(15));
    assert!(pair.a.is_established());
}

/// [MS-IKEE] note 33: our form, for IKEv2
#[test]
fn in_ikev2_a_peer_that_is_cut_off_is_found_dead_and_called_again() {
    let mut pair = v2();
    pair.link.meddler = Some(Box::new(|_| Vec::new()));
    let from = pair.now;
    hint(&mut pair, Hint::Retransmission);
    while !closed_as_silent(&pair.a) {
        pair.run(Duration::from_millis(100));
        assert!(
            pair.now.since(from) < Duration::from_secs(60),
            "never found"
        );
    }
    let took = pair.now.since(from);
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(11)).contains(&took),
        "{took:?}"
    );
    assert!(pair.a.children.is_empty());
    pair.link.meddler = None;
    pair.run(Duration::from_secs(40));
    assert_eq!(pair.a.established().count(), 1);
    assert_eq!(pair.a.live().count(), 1);
}

/// RFC 7296 §2.4: who sends through a child lives
#[test]
fn in_ikev2_packets_of_the_peer_put_off_the_liveness_check() {
    let mut setup = Setup::new();
    setup.a.extensions = dpd();
    setup.b.connection().liveness = None;
    let mut pair = setup.build();
    pair.connect();
    pair.link.crossed.clear();
    for _ in 0..20 {
        pair.run(Duration::from_secs(10));
        hint(&mut pair, Hint::Inbound);
    }
    let asked = pair.sent_by(Side::A).len();
    assert_eq!(asked, 0);
}
