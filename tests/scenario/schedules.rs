//! Both endpoints do anything at any time, over any link; whenever they are left in peace, they agree.

use std::fmt;
use std::time::Duration;

use ike_ext::{ChildId, SaId};
use ikee_fragmentation_v2::FragmentationV2;
use ikee_tests::setup::{POLICY, esp};
use ikee_tests::{Conditions, Host, Pair, Setup, Side};
use ikev2::{Child, Endpoint, Event, Input, KeyLog, Outbox, Selectors};
use ipsec_doi::TrafficSelector;

use crate::chance::{Chance, ROUND, WORLD, in_each_world, is_one_world};

/// What CI runs.
const STEPS: u64 = 200_000;
/// Nothing that is still to be tried again takes longer.
const PEACE: Duration = Duration::from_secs(600);

/// What goes wrong in a world, and what happens by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Weather {
    /// Messages are lost, but every request is answered in the end; nothing happens by itself.
    Rough,
    /// The same, with lifetimes of minutes and liveness checks.
    Aging,
    /// The link fails for minutes; peers are given up and come back.
    Storm,
}

struct World {
    pair: Pair,
    chance: Chance,
    weather: Weather,
}

fn setup(seed: u64, weather: Weather) -> Setup {
    let mut setup = Setup::insecure().seed(seed).both(|party| {
        party.extend(FragmentationV2::new());
        let connection = party.connection();
        let mut other = Child::new("other", esp("aes256gcm16"));
        let everything = Selectors::Fixed(vec![TrafficSelector::any_v4()]);
        (other.local, other.remote) = (everything.clone(), everything);
        connection.children.push(other);
        connection.lifetime.rekey = None;
        connection.liveness = None;
        for child in &mut connection.children {
            child.lifetime.time = None;
        }
        if weather != Weather::Storm {
            connection.retransmit.longest = Duration::from_secs(2);
            connection.retransmit.tries = 80;
            party.config.limits.half_open_timeout = Duration::from_secs(200);
        }
        let connection = party.connection();
        if weather != Weather::Rough {
            connection.liveness = Some(Duration::from_secs(20));
        }
        if weather == Weather::Aging {
            connection.lifetime.rekey = Some(Duration::from_secs(400));
            connection.lifetime.jitter = Duration::from_secs(100);
            connection.lifetime.hard = Duration::from_secs(200);
            for child in &mut connection.children {
                child.lifetime.time = Some(Duration::from_secs(150));
            }
        }
    });
    // one of the two guesses groups that the other does not prefer
    if seed.is_multiple_of(3) {
        setup.a.esp("aes256gcm16-ecp256-x25519");
        setup.b.esp("aes256gcm16-x25519-ecp256");
    }
    setup
}

fn weather(seed: u64) -> Weather {
    match seed % 4 {
        0 | 1 => Weather::Rough,
        2 => Weather::Aging,
        _ => Weather::Storm,
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let weather = weather(seed);
        let mut pair = setup(seed, weather).build();
        pair.link.recording = false;
        pair.connect();
        Self {
            pair,
            chance: Chance::new(seed),
            weather,
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
        call: impl FnOnce(&mut Endpoint, &mut Outbox) -> R,
    ) {
        let now = self.pair.now;
        let (result, packets) = self.pair.host_mut(side).call(now, call);
        self.chance.note(now, (side, what), &result, &packets);
        self.pair.send(side, packets);
    }

    fn step(&mut self) {
        let side = self.chance.side();
        match self.chance.rng.below(100) {
            0..40 => {
                let pause = self.chance.pause();
                self.pair.run(pause);
            }
            40..66 => self.step_of_child(side),
            66..88 => self.step_of_sa(side),
            88..94 => self.repeat(),
            _ => self.turn_weather(),
        }
        for host in [&self.pair.a, &self.pair.b] {
            assert!(host.endpoint.sas().count() <= 12, "SAs pile up");
            assert!(host.children.len() <= 40, "children pile up");
        }
    }

    fn step_of_child(&mut self, side: Side) {
        let Some(child) = self.any_child(side) else {
            return;
        };
        let now = self.pair.now;
        match self.chance.rng.below(26) {
            0..13 => self.call(side, &format!("rekey {child:?}"), |it, out| {
                it.rekey_child(now, child, out)
            }),
            13..21 => self.call(side, &format!("delete {child:?}"), |it, out| {
                it.delete_child(now, child, out)
            }),
            it => self.call(side, &format!("expire {child:?}"), |endpoint, out| {
                let hard = it > 24;
                endpoint.handle(now, Input::ChildExpired { child, hard }, out);
            }),
        }
    }

    fn step_of_sa(&mut self, side: Side) {
        let now = self.pair.now;
        let room = self.pair.host(side).children.len() < 6;
        let index = usize::try_from(self.chance.rng.below(2)).expect("small");
        match (self.any_sa(side), self.chance.rng.below(24)) {
            (Some(sa), 0..8) => self.call(side, &format!("rekey {sa:?}"), |it, out| {
                it.rekey(now, sa, out)
            }),
            (Some(sa), 8..16) if room => {
                self.call(side, &format!("create {index} on {sa:?}"), |it, out| {
                    it.create_child(now, sa, index, out)
                });
            }
            (Some(sa), 16..20) => self.call(side, "probe", |it, out| it.probe(now, sa, out)),
            (Some(sa), 20) => self.call(side, &format!("delete {sa:?}"), |it, out| {
                it.delete(now, sa, out)
            }),
            (Some(sa), 21) => self.call(side, &format!("reauthenticate {sa:?}"), |it, out| {
                it.reauthenticate(now, sa, out)
            }),
            (None, _) | (_, 22..) if self.pair.host(side).endpoint.sas().count() < 2 => {
                let address = self.pair.host(side).address;
                self.call(side, "initiate", |it, out| {
                    it.initiate(now, POLICY, address, out)
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
        if self.weather == Weather::Storm && self.chance.rng.chance(300) {
            conditions.loss = [1000; 2];
        }
        self.pair.link.conditions = conditions;
        if self.weather == Weather::Storm && self.chance.rng.chance(300) {
            let pause = Duration::from_secs(self.chance.rng.below(150));
            self.pair.run(pause);
        }
    }

    /// The link is good, nobody asks for anything: both come to agree.
    fn rest(&mut self) {
        self.pair.link.conditions = Conditions::PERFECT;
        let until = self.pair.now + PEACE;
        while !self.pair.is_agreed() {
            assert!(self.pair.now < until, "no peace: {}", self.state());
            self.pair.run(Duration::from_millis(250));
        }
        // not by accident between two messages
        if self.weather == Weather::Rough {
            self.pair.run(PEACE);
            assert!(self.pair.is_agreed(), "no lasting peace: {}", self.state());
            for host in [&self.pair.a, &self.pair.b] {
                assert_eq!(host.endpoint.next_timeout(), None, "{}", self.state());
            }
        }
        self.pair.assert_agreed();
        for side in [Side::A, Side::B] {
            forget(self.pair.host_mut(side));
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
        let hosts = [("a", &self.pair.a), ("b", &self.pair.b)];
        let events = hosts.into_iter().flat_map(|(name, host)| {
            let events = host.events.iter();
            let events = events.filter(|it| !matches!(it.1, Event::KeyLog(_)));
            events.map(move |it| (it.0, format!("{name} {:?}", it.1)))
        });
        let story = self.chance.story(events);
        format!(
            "{story}\n{:?}\n a {}\n b {}\n {:?}",
            self.pair.now,
            host(&self.pair.a),
            host(&self.pair.b),
            self.pair.gaps(),
        )
    }

    fn end(mut self) {
        self.pair.link.conditions = Conditions::PERFECT;
        self.pair.shut_down();
        self.pair.assert_empty();
    }
}

/// Forgets what was reported, but the keys of SAs that are still there.
fn forget(host: &mut Host) {
    let live: Vec<_> = host.endpoint.sas().map(|it| it.spis).collect();
    host.events.retain(|(_, event)| match event {
        Event::KeyLog(keys) => {
            matches!(&**keys, KeyLog::Ike { spis, .. } if live.contains(spis))
        }
        _ => false,
    });
}

fn run_world(seed: u64, steps: u64) {
    let mut world = World::new(seed);
    if is_one_world() {
        for side in [Side::A, Side::B] {
            world.pair.host_mut(side).endpoint.set_trace(true);
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

/// RFC 7296 §2.8, §2.25: whatever crosses, both sides end with the same SAs.
#[test]
fn whatever_both_do_they_agree_when_left_in_peace_and_leave_nothing() {
    in_each_world(
        STEPS,
        |seed| run_world(seed, WORLD),
        |seed| format!(", {:?}", weather(seed)),
    );
}
