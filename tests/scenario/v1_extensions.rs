//! IKEv1's fragmentation and reliable delete over the live core: [MS-IKEE] §3.3, §3.8.

#[expect(dead_code, reason = "more than these tests need")]
#[path = "../../crates/ikev1/tests/scenario/pair.rs"]
mod pair;

use std::time::Duration;

use ike_ext::{Context, Draft, Extension, Extensions, PolicyId, SaId, Stage};
use ikee_fragmentation::{Fragmentation, TimerRule};
use ikee_reliable_delete::{Nonces, ReliableDelete, Schedule};
use ikev1::{Authentication, Credential, Event, Transmit, Trust};
use ipsec_doi::v1::IkeProposal;
use isakmp_wire::vendor_id;
use pair::{A, B, BAD, Link, PERFECT, Pair, config, identity};

const KEY: &[u8] = include_bytes!("../../crates/ikev1/tests/keys/prime256v1.der");
const SECOND: Duration = Duration::from_secs(1);
/// What the UDP payload of a 576-octet IPv4 packet holds.
const SMALL: usize = 548;

/// Says that we are Microsoft's.
#[derive(Debug)]
struct Badge;

impl Extension for Badge {
    fn name(&self) -> &'static str {
        "badge"
    }

    fn on_outgoing(&mut self, _: &mut Context<'_>, _: SaId, draft: &mut Draft<'_>) {
        if [Stage::main_mode(1), Stage::main_mode(2)].contains(&draft.stage()) {
            let id = [&vendor_id::MS_NT5_ISAKMPOAKLEY[..], &[0, 0, 0, 9]].concat();
            draft.vendor_id(&id);
        }
    }
}

fn both() -> Extensions {
    Extensions::none()
        .with(Badge)
        .with(Fragmentation::new())
        .with(ReliableDelete::new().with_schedule(Schedule::WINDOWS))
}

/// Two endpoints whose certificates fill several packets.
fn large(extensions: impl Fn() -> Extensions) -> Pair {
    let load = || ike_rustcrypto::provider().load_key(KEY).unwrap();
    let [a, b] = [A, B].map(|side| {
        let mut it = config(side);
        let chain = vec![vec![7; 1500], vec![8; 1200]];
        it.connections[0].authentication = Authentication::signature(
            identity(side),
            Some(identity(1 - side)),
            Credential::new(chain, load()),
            Trust::default(),
        );
        it
    });
    let mut pair = Pair::extended(a, b, extensions);
    for host in &mut pair.hosts {
        host.verdict = Ok(load().public_key().to_vec());
    }
    pair
}

/// A network that loses IP fragments.
fn narrow(pair: &mut Pair) {
    pair.meddler = Some(Box::new(|it: Transmit| {
        let fits = it.bytes.len() <= SMALL;
        if fits { vec![it] } else { Vec::new() }
    }));
}

fn fragments(pair: &Pair) -> usize {
    let all = pair.crossed.iter();
    all.filter(|it| it.bytes[16] == 132).count()
}

fn established(pair: &Pair) -> [usize; 2] {
    [A, B].map(|side| pair.hosts[side].established().len())
}

fn assert_nothing_left(pair: &Pair) {
    pair.assert_empty();
    for host in &pair.hosts {
        let all = host.endpoint.extensions();
        assert!(
            all.get::<Fragmentation>()
                .is_none_or(Fragmentation::is_idle)
        );
        assert!(
            all.get::<ReliableDelete>()
                .is_none_or(ReliableDelete::is_idle)
        );
        assert_eq!(all.next_timeout(), None);
    }
}

fn delete(pair: &mut Pair, side: usize) {
    for sa in pair.hosts[side].established() {
        pair.call(side, |it, now, out| it.delete(now, sa, out))
            .unwrap();
    }
}

/// [MS-IKEE] §3.3.5.3, §3.3.6.1
#[test]
fn certificates_get_through_a_network_that_loses_ip_fragments() {
    let mut without = large(Extensions::none);
    narrow(&mut without);
    without.initiate(A);
    without.run(SECOND * 120);
    assert_eq!(established(&without), [0, 0]);
    let mut pair = large(both);
    narrow(&mut pair);
    pair.initiate(A);
    pair.run(SECOND * 2);
    assert_eq!(fragments(&pair), 0, "not before the timer");
    pair.run(SECOND * 8);
    pair.assert_joined(1);
    assert_eq!(established(&pair), [1, 1]);
    // message 6 goes in pieces at once, as message 5 came in pieces
    let mut all = pair.crossed.iter();
    assert!(all.all(|it| it.local.ip() == pair::address(A) || it.bytes.len() <= SMALL));
    assert!(fragments(&pair) >= 12);
}

/// [MS-IKEE] §3.3.2, note 16
#[test]
fn the_timers_of_every_release_bring_large_messages_through() {
    for rule in [
        TimerRule::Every,
        TimerRule::Initiator,
        TimerRule::SecondRoundTrip,
    ] {
        for delay in [1, 3, 5] {
            let fragmentation = move || {
                let it = Fragmentation::new().with_timer_rule(rule);
                Extensions::none().with(it.with_delay(SECOND * delay))
            };
            let mut pair = large(fragmentation);
            narrow(&mut pair);
            pair.initiate(A);
            pair.run(SECOND * 20);
            pair.assert_joined(1);
        }
    }
}

/// [MS-IKEE] §3.3.5.3, §3.8.6.1: loss, reordering, duplication, and a network that loses IP fragments.
#[test]
fn endpoints_negotiate_fragment_and_delete_reliably_over_a_bad_link() {
    let mut connected = 0;
    for seed in 0..40 {
        let mut pair = large(both).seeded(seed);
        // a message is lost with any of its pieces
        pair.link = Link { loss: 50, ..BAD };
        narrow(&mut pair);
        pair.initiate(A);
        pair.run(SECOND * 90);
        assert!(fragments(&pair) > 0);
        connected += usize::from(established(&pair) == [1, 1]);
        delete(&mut pair, A);
        pair.run(SECOND * 200);
        assert_nothing_left(&pair);
    }
    assert!(connected >= 36, "{connected} of 40");
}

/// [MS-IKEE] §3.8.4.1, §3.8.5.1, §3.8.5.2
#[test]
fn deletes_are_acknowledged_at_once_on_a_good_link() {
    let mut pair = Pair::extended(config(A), config(B), both);
    pair.connect();
    let before = [pair.from(A), pair.from(B)];
    delete(&mut pair, A);
    pair.run(SECOND / 2);
    // the child's and the SA's, each acknowledged
    assert_eq!([pair.from(A), pair.from(B)], before.map(|it| it + 2));
    let idle = |side: usize| pair.hosts[side].endpoint.sas().count();
    assert_eq!(idle(A), 0);
    pair.run(SECOND * 70);
    assert_eq!([pair.from(A), pair.from(B)], before.map(|it| it + 2));
    assert_nothing_left(&pair);
}

/// [MS-IKEE] §3.8.6.1
#[test]
fn a_delete_survives_a_link_that_loses_much() {
    let link = Link { loss: 300, ..BAD };
    for (seed, side) in (0..60).map(|seed| (seed, usize::try_from(seed & 1).unwrap())) {
        let mut pair = Pair::extended(config(A), config(B), both).seeded(seed);
        pair.connect();
        pair.assert_joined(1);
        pair.link = link;
        delete(&mut pair, side);
        pair.run(SECOND * 140);
        assert_nothing_left(&pair);
        let other = &pair.hosts[1 - side];
        assert_eq!(other.count(|it| matches!(it, Event::Closed { .. })), 1);
    }
}

/// [MS-IKEE] §3.8.5.1: the answer to a repetition, although the SA is gone.
#[test]
fn a_lost_acknowledgement_of_the_end_is_sent_again() {
    let mut pair = Pair::extended(config(A), config(B), both);
    pair.connect();
    let mut lost = 0;
    pair.meddler = Some(Box::new(move |it: Transmit| {
        let from_b = it.local.ip() == pair::address(B);
        lost += usize::from(from_b);
        if from_b && lost <= 4 {
            Vec::new()
        } else {
            vec![it]
        }
    }));
    delete(&mut pair, A);
    pair.run(SECOND / 2);
    assert_eq!(established(&pair), [0, 0]);
    pair.run(SECOND * 5);
    let left = |side: usize| {
        let it = pair.hosts[side].endpoint.extensions();
        it.get::<ReliableDelete>().map(ReliableDelete::is_idle)
    };
    assert_eq!(left(A), Some(true), "it is acknowledged in the end");
    pair.run(SECOND * 70);
    assert_nothing_left(&pair);
}

/// [MS-IKEE] §3.8.4.1/3: the SA outlives its delete until those of its children are through.
#[test]
fn the_sa_stays_until_the_deletes_under_it_are_given_up() {
    let text = || Extensions::none().with(Badge).with(ReliableDelete::new());
    let mut pair = Pair::extended(config(A), config(B), text);
    pair.connect();
    pair.meddler = Some(Box::new(|_| Vec::new()));
    let before = pair.from(A);
    delete(&mut pair, A);
    pair.run(SECOND * 30);
    assert_eq!(
        pair.from(A),
        before + 2 * 5,
        "two deletes, each repeated four times"
    );
    let closing = |pair: &Pair| {
        let it = pair.hosts[A].endpoint.extensions();
        it.get::<ReliableDelete>().map(ReliableDelete::is_idle) == Some(false)
    };
    assert!(closing(&pair));
    pair.run(SECOND * 2);
    assert!(!closing(&pair));
    assert_eq!(pair.from(A), before + 2 * 5);
    assert_eq!(pair.hosts[A].endpoint.sas().count(), 0);
}

/// [MS-IKEE] §3.8.7.1
#[test]
fn at_shutdown_every_sa_is_deleted_and_each_delete_repeated_once() {
    let mut pair = Pair::extended(config(A), config(B), both);
    for _ in 0..3 {
        pair.connect();
    }
    let count = pair.hosts[A].established().len() + pair.hosts[A].children.len();
    assert!(count >= 4, "{count}");
    pair.meddler = Some(Box::new(|_| Vec::new()));
    let before = pair.from(A);
    pair.call(A, |it, _, _| {
        let all = it.extensions_mut();
        all.get_mut::<ReliableDelete>().unwrap().shut_down();
    });
    delete(&mut pair, A);
    assert_eq!(pair.from(A), before + count);
    pair.run(SECOND * 10);
    assert_eq!(pair.from(A), before + 2 * count);
    assert_eq!(pair.hosts[A].endpoint.next_timeout().map(|it| it.at), None);
}

/// [MS-IKEE] §3.8.4.1/7, note 23: whoever does not know the nonce checks the hash over it, and deletes.
#[test]
fn a_plain_peer_takes_a_delete_with_a_nonce() {
    for nonces in [Nonces::Always, Nonces::Microsoft] {
        for side in [A, B] {
            let mut pair = Pair::extended(config(A), config(B), Extensions::none);
            let eager = ReliableDelete::new().with_nonces(nonces);
            pair.call(side, |it, _, _| {
                let all = it.extensions_mut();
                *all = core::mem::take(all).with(eager).with(Fragmentation::new());
            });
            pair.link = PERFECT;
            pair.connect();
            pair.assert_joined(1);
            let before = pair.from(side);
            delete(&mut pair, side);
            pair.run(SECOND * 130);
            assert_eq!(pair.from(side), before + 2);
            assert_nothing_left(&pair);
        }
    }
}

/// [MS-IKEE] §3.3.6.1: a message keeps its fragment ID when it is repeated, so that a quarter of its pieces may be lost in
/// every round.
#[test]
fn what_comes_of_several_rounds_of_a_message_is_put_together() {
    let mut connected = 0;
    for seed in 0..40 {
        let mut pair = large(both).seeded(seed);
        narrow(&mut pair);
        pair.link.loss = 250;
        pair.initiate(A);
        pair.run(SECOND * 90);
        assert!(fragments(&pair) > 0);
        connected += usize::from(established(&pair) == [1, 1]);
    }
    assert!(connected >= 30, "{connected} of 40");
}

fn waits(pair: &Pair, side: usize) -> bool {
    let it = pair.hosts[side].endpoint.extensions();
    it.get::<ReliableDelete>().map(ReliableDelete::is_idle) == Some(false)
}

/// Loses those of the next datagrams of a side whose bit is set.
fn lose(pair: &mut Pair, side: usize, mut mask: u8) {
    pair.meddler = Some(Box::new(move |it: Transmit| {
        if it.local.ip() != pair::address(side) {
            return vec![it];
        }
        let lost = mask & 1 == 1;
        mask >>= 1;
        if lost { Vec::new() } else { vec![it] }
    }));
}

/// [MS-IKEE] §3.8.4.1, §3.8.6.1: a child's delete and that of its SA, whichever of them and of their repetitions get
/// lost: both are acknowledged in the end, and nobody has to give up.
#[test]
fn deletes_that_are_lost_together_are_both_acknowledged() {
    for side in [A, B] {
        let mut pair = Pair::extended(config(A), config(B), both);
        for mask in 0..32 {
            pair.connect();
            pair.assert_joined(1);
            lose(&mut pair, side, mask);
            delete(&mut pair, side);
            pair.run(SECOND * 20);
            assert!(!waits(&pair, side), "{side} {mask:05b}");
            pair.assert_joined(0);
            pair.meddler = None;
            pair.run(SECOND * 130);
            assert_nothing_left(&pair);
        }
    }
}

/// [MS-IKEE] §3.8.4.1, note 26: children live on, until each has been deleted by itself; then the SA is gone at once.
#[test]
fn a_delete_of_the_sa_alone_leaves_its_children_to_deletes_of_their_own() {
    let mut pair = Pair::extended(config(A), config(B), both);
    pair.connect();
    let closed = |pair: &Pair| pair.hosts[B].count(|it| matches!(it, Event::Closed { .. }));
    // the child's is lost for as long as it is repeated six times
    let mut first = None;
    pair.meddler = Some(Box::new(move |it: Transmit| {
        if it.local.ip() != pair::address(A) {
            return vec![it];
        }
        let child = first.get_or_insert_with(|| it.bytes[20..24].to_vec());
        let lost = it.bytes[20..24] == child[..];
        if lost { Vec::new() } else { vec![it] }
    }));
    delete(&mut pair, A);
    pair.run(SECOND * 40);
    assert_eq!((pair.hosts[B].children.len(), closed(&pair)), (1, 0));
    assert!(waits(&pair, A));
    pair.meddler = None;
    pair.run(SECOND * 10);
    assert!(!waits(&pair, A));
    assert_eq!((pair.hosts[B].children.len(), closed(&pair)), (0, 1));
    pair.run(SECOND * 130);
    assert_nothing_left(&pair);
}

/// [MS-IKEE] §3.8.7: an operator's new policy drops one of two connections. Its SAs are deleted, those of the other stay,
/// and what is negotiated afterwards is by the new one.
#[test]
fn a_new_policy_deletes_what_it_no_longer_has() {
    const OTHER: PolicyId = PolicyId::new(2);
    let two = |side: usize| {
        let mut it = config(side);
        let mut other = pair::connection(side, pair::psk(side));
        other.policy = OTHER;
        other.proposals = vec![IkeProposal::parse("aes256-sha384-ecp384").unwrap()];
        it.connections.push(other);
        it
    };
    let mut pair = Pair::extended(two(A), two(B), both);
    let first = pair.connect();
    let begin = |pair: &mut Pair, policy| {
        let begun = pair.call(A, |it, now, out| {
            it.initiate(now, policy, pair::address(A), out)
        });
        pair.run(SECOND * 5);
        begun
    };
    let second = begin(&mut pair, OTHER).unwrap();
    assert_eq!(pair.hosts[A].established(), [first, second]);
    pair.assert_joined(2);
    let before = [pair.from(A), pair.from(B)];
    pair.call(A, |it, now, out| it.reconfigure(now, config(A), out));
    pair.run(SECOND / 2);
    // its child's delete and its own, each acknowledged
    assert_eq!([pair.from(A), pair.from(B)], before.map(|it| it + 2));
    assert_eq!(pair.hosts[A].established(), [first]);
    assert_eq!(established(&pair), [1, 1]);
    pair.assert_joined(1);
    assert!(begin(&mut pair, OTHER).is_err());
    pair.call(A, |it, now, out| it.reconfigure(now, two(A), out));
    let third = begin(&mut pair, OTHER).unwrap();
    assert_eq!(pair.hosts[A].established(), [first, third]);
    // and all of them at once
    pair.call(A, ikev1::Endpoint::shutdown);
    pair.run(SECOND * 130);
    assert_nothing_left(&pair);
}

/// RFC 2408 §3.15: both hang up at once.
#[test]
fn deletes_that_cross_are_both_acknowledged() {
    for seed in 0..20 {
        let mut pair = Pair::extended(config(A), config(B), both).seeded(seed);
        pair.connect();
        pair.link = BAD;
        delete(&mut pair, A);
        delete(&mut pair, B);
        pair.run(SECOND * 200);
        assert_nothing_left(&pair);
        for host in &pair.hosts {
            assert_eq!(host.count(|it| matches!(it, Event::Failed { .. })), 0);
        }
    }
}
