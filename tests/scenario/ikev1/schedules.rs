//! Both endpoints do anything at any time, over any link; whenever they are left in peace, they agree.

use std::fmt;
use std::time::Duration;

use ike_ext::{ChildId, Instant, SaId};
use ikee_reliable_delete::ReliableDelete;
use ikee_tests::v1::pair::{POLICY, address};
use ikee_tests::v1::{Host, Pair, Setup};
use ikee_tests::{Conditions, Side};
use ikev1::{Child, Endpoint, Event, Input, Outbox, Selector, Suites};
use ipsec_doi::{EspProposal, TrafficSelector};

use crate::chance::{Chance, ROUND, WORLD, in_each_world, is_one_world};

/// What CI runs.
const STEPS: u64 = 100_000;
/// Whatever one side does not know of is over by then, in the worst case by the lifetime of the SA.
const PEACE: Duration = Duration::from_secs(1500);

struct World {
    pair: Pair,
    chance: Chance,
}

/// Nothing of a delete is repeated, so one side may know less than the other until a lifetime or a liveness check tells
/// ([MS-IKEE] §3.1.5); every second world has reliable deletes, every third aggressive mode.
fn setup(seed: u64) -> Setup {
    let mut setup = Setup::insecure().seed(seed).both(|it| {
        let esp = EspProposal::parse("aes128-sha256").expect("a suite");
        let mut other = Child::new("other", vec![esp]);
        let everything = Selector::Fixed(TrafficSelector::any_v4());
        (other.local, other.remote) = (everything, everything);
        other.start = false;
        it.children.push(other);
        let pfs = EspProposal::parse("aes128-sha256-ecp256").expect("a suite");
        it.children[0].suites = Suites::Esp(vec![pfs]);
        it.options.aggressive = seed.is_multiple_of(3);
        it.options.liveness = Some(Duration::from_secs(20));
        it.lifetime.time = Duration::from_secs(900);
        it.lifetime.margin = Duration::from_secs(200);
        for child in &mut it.children {
            child.lifetime.time = Duration::from_secs(400);
            child.lifetime.margin = Duration::from_secs(100);
        }
    });
    if seed.is_multiple_of(2) {
        for side in [Side::A, Side::B] {
            setup = setup.extend(side, ReliableDelete::new());
        }
    }
    setup
}

impl World {
    fn new(seed: u64) -> Self {
        let mut pair = setup(seed).build();
        pair.link.recording = false;
        pair.connect();
        Self {
            pair,
            chance: Chance::new(seed),
        }
    }

    fn any_sa(&mut self, side: Side) -> Option<SaId> {
        let sas: Vec<_> = self.pair.host(side).established().map(|it| it.sa).collect();
        self.chance.any(&sas)
    }

    fn any_child(&mut self, side: Side) -> Option<ChildId> {
        let children: Vec<_> = self.pair.host(side).children.keys().copied().collect();
        self.chance.any(&children)
    }

    /// Whatever may be asked of an endpoint is asked, whether it can be done now or not.
    fn call<R: fmt::Debug>(
        &mut self,
        side: Side,
        what: &str,
        call: impl FnOnce(&mut Endpoint, Instant, &mut Outbox) -> R,
    ) {
        let now = self.pair.now;
        let host = self.pair.host_mut(side);
        let (result, packets) = host.call(now, |endpoint, out| call(endpoint, now, out));
        self.chance.note(now, (side, what), &result, &packets);
        self.pair.send(side, packets);
    }

    fn step(&mut self) {
        let side = self.chance.side();
        match self.chance.rng.below(100) {
            0..45 => {
                let pause = self.chance.pause();
                self.pair.run(pause);
            }
            45..68 => self.step_of_child(side),
            68..88 => self.step_of_sa(side),
            88..94 => self.repeat(),
            _ => self.turn_weather(),
        }
        for host in &self.pair.hosts {
            assert!(host.endpoint.sas().count() <= 24, "SAs pile up");
            assert!(host.children.len() <= 60, "children pile up");
        }
    }

    fn step_of_child(&mut self, side: Side) {
        let Some(child) = self.any_child(side) else {
            return;
        };
        match self.chance.rng.below(26) {
            0..13 => self.call(side, &format!("rekey {child:?}"), |it, now, out| {
                it.rekey_child(now, child, out)
            }),
            13..21 => self.call(side, &format!("delete {child:?}"), |it, now, out| {
                it.delete_child(now, child, out)
            }),
            it => self.call(side, &format!("expire {child:?}"), |endpoint, now, out| {
                let hard = it > 24;
                endpoint.handle(now, Input::ChildExpired { child, hard }, out);
            }),
        }
    }

    fn step_of_sa(&mut self, side: Side) {
        let room = self.pair.host(side).children.len() < 6;
        let index = usize::try_from(self.chance.rng.below(2)).expect("small");
        match (self.any_sa(side), self.chance.rng.below(24)) {
            (Some(sa), 0..8) => self.call(side, &format!("rekey {sa:?}"), |it, now, out| {
                it.rekey(now, sa, out)
            }),
            (Some(sa), 8..14) if room => {
                self.call(side, &format!("open {index} on {sa:?}"), |it, now, out| {
                    it.request_child(now, sa, index, out)
                });
            }
            (Some(sa), 14..19) => self.call(side, "probe", |it, now, out| it.probe(now, sa, out)),
            (Some(sa), 19..21) => self.call(side, &format!("delete {sa:?}"), |it, now, out| {
                it.delete(now, sa, out)
            }),
            (None, _) | (_, 21..) if self.pair.host(side).endpoint.sas().count() < 2 => {
                self.call(side, "initiate", |it, now, out| {
                    it.initiate(now, POLICY, address(side), out)
                });
            }
            _ => {}
        }
    }

    /// Something that was sent before comes again.
    fn repeat(&mut self) {
        if let Some(packet) = self.chance.old_packet() {
            self.pair.link.inject(self.pair.now, packet);
        }
    }

    fn turn_weather(&mut self) {
        let mut conditions = self.chance.weather();
        if self.chance.rng.chance(100) {
            conditions.loss = [1000; 2];
            self.pair.link.conditions = conditions;
            let pause = Duration::from_secs(self.chance.rng.below(150));
            self.pair.run(pause);
        }
        self.pair.link.conditions = conditions;
    }

    /// The link is good, nobody asks for anything: both come to agree.
    fn rest(&mut self) {
        self.pair.link.conditions = Conditions::PERFECT;
        let until = self.pair.now + PEACE;
        while !self.pair.is_agreed() {
            assert!(self.pair.now < until, "no peace: {}", self.state());
            self.pair.run(Duration::from_millis(250));
        }
        for host in &mut self.pair.hosts {
            host.events.clear();
        }
        self.chance.forget();
    }

    fn state(&self) -> String {
        let host = |host: &Host| {
            let sas = host.endpoint.sas().map(|it| {
                let children: Vec<_> = it.children().collect();
                format!("{:?} {} {:?} {children:?}", it.sa, it.state, it.spis)
            });
            sas.collect::<Vec<_>>().join("\n  ")
        };
        let [a, b] = &self.pair.hosts;
        let events = [("a", a), ("b", b)].into_iter().flat_map(|(name, host)| {
            let events = host.events.iter();
            let events = events.filter(|it| !matches!(it.1, Event::KeyLog(_)));
            events.map(move |it| (it.0, format!("{name} {:?}", it.1)))
        });
        let story = self.chance.story(events);
        format!(
            "{story}\n{:?}\n a {}\n b {}",
            self.pair.now,
            host(a),
            host(b)
        )
    }

    fn end(mut self) {
        self.pair.link.conditions = Conditions::PERFECT;
        self.pair.shut_down();
        self.pair.assert_empty();
    }
}

fn run_world(seed: u64, steps: u64) {
    let mut world = World::new(seed);
    if is_one_world() {
        for host in &mut world.pair.hosts {
            host.endpoint.set_trace(true);
        }
    }
    for step in 0..steps {
        world.step();
        if step % ROUND == ROUND - 1 {
            world.rest();
        }
    }
    world.end();
}

/// RFC 2409 §5.5, RFC 2408 §2.1: whatever crosses, both sides end with the same SAs.
#[test]
fn whatever_both_do_they_agree_when_left_in_peace_and_leave_nothing() {
    in_each_world(STEPS, |seed| run_world(seed, WORLD), |_| String::new());
}
