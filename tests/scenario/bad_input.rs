//! Bad input against live endpoints, by its classes: what has broken IKE daemons before.
//!
//! Every module has one class. Each thing is thrown at both parties in every state of a whole life, and has to be
//! survived: nobody panics, an SA that stood beside stands with its child, what is kept is bounded and goes, and a legal
//! handshake afterwards completes.
//!
//! | class | where |
//! |---|---|
//! | B1 to B5, B7, B10 to B12, B14 to B17 | the modules below |
//! | B6 | no EAP yet |
//! | B8 | [`b08_auth_values`] what is no proof; signatures themselves with the crypto providers |
//! | B9 | `ike-x509` |
//! | B13 | `cookies`, and [`b04_versions_and_exchanges`] |
//! | B18, B20 | the daemon |

mod b01_payloads;
mod b02_lengths;
mod b03_fragments;
mod b04_versions_and_exchanges;
mod b05_state_confusion;
pub(crate) mod b07_key_exchange;
mod b08_auth_values;
mod b10_selectors_and_identities;
mod b11_notify_and_delete;
mod b12_without_an_sa;
mod b14_padding;
mod b15_configuration;
mod b16_exhaustion;
mod b17_choices;

use std::time::Duration;

use ike_ext::{ChildId, Instant, SaId};
use ikee_fragmentation_v2::FragmentationV2;
use ikee_server_address::{Addresses, Families, ServerAddress};
use ikee_tests::fault::Letter;
use ikee_tests::{Fault, Keyring, Packet, Pair, Setup, Side};
use ikev2::{Endpoint, Misuse, Outbox};
use isakmp_wire::OwnedPayload;

/// When something is thrown: beside a genuine message, or in its place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum When {
    Before,
    Instead,
    After,
}

/// Two parties with one SA that stands aside, and another that lives while things are thrown at it.
struct Arena {
    pair: Pair,
    /// The SA that stands aside, at the first party and at the second.
    standing: [SaId; 2],
    /// How many datagrams have come to the one that lives.
    count: usize,
}

/// What happens in a life; every act goes until nothing is on the wire. Whatever cannot be done any more is left out.
const ACTS: [fn(&mut Arena); 10] = [
    |it| assert!(it.pair.initiate(Side::A).is_ok()),
    |it| it.for_all(Side::A, Endpoint::probe),
    |it| it.for_all(Side::B, Endpoint::probe),
    |it| it.for_all(Side::A, |it, now, sa, out| it.create_child(now, sa, 0, out)),
    |it| it.for_children(Side::A, Endpoint::rekey_child),
    |it| it.for_children(Side::B, Endpoint::rekey_child),
    |it| it.for_all(Side::A, Endpoint::rekey),
    |it| it.for_all(Side::B, Endpoint::rekey),
    |it| it.for_children(Side::A, Endpoint::delete_child),
    |it| it.for_all(Side::B, Endpoint::delete),
];

/// So many messages negotiate, ask and answer before anything is rekeyed.
const BEFORE_REKEYING: usize = 8;

/// What an endpoint is asked to do with an SA or with a child.
type Ask<T> = fn(&mut Endpoint, Instant, T, &mut Outbox) -> Result<(), Misuse>;

/// A hostile message may lead to more, but not without end.
const MAX_ROUNDS: usize = 16;

/// All extensions and addresses, behind cryptography that costs nothing; a cheap place to throw many things.
fn cheap() -> Setup {
    let mut setup = Setup::insecure();
    furnish(&mut setup);
    setup
}

fn furnish(setup: &mut Setup) {
    setup.a.connection().addressing.request_v4 = true;
    setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
    let server = Addresses::default().with_v4([10, 9, 0, 1].into());
    setup.a.extend(ServerAddress::new().asking(Families::Both));
    setup.b.extend(ServerAddress::new().answering(server));
    for party in [&mut setup.a, &mut setup.b] {
        party.extend(FragmentationV2::new().with_memory(64 << 10));
    }
}

impl Arena {
    fn new(setup: Setup) -> Self {
        let mut pair = setup.build();
        pair.connect();
        let standing = [pair.a.sa(), pair.b.sa()];
        Self {
            pair,
            standing,
            count: 0,
        }
    }

    /// A life in which `throw` makes something of the `n`th datagram; what it makes is delivered past the link.
    fn live(
        setup: Setup,
        n: usize,
        when: When,
        throw: &dyn Fn(&Keyring<'_>, &Packet) -> Vec<Packet>,
    ) -> Self {
        let mut arena = Self::new(setup);
        for act in ACTS {
            act(&mut arena);
            arena.play(&mut |arena, count, packet| {
                if count != n {
                    return arena.pair.deliver(packet);
                }
                let thrown = throw(&Keyring::of(&arena.pair), packet);
                if when == When::After {
                    arena.pair.deliver(packet);
                }
                for it in &thrown {
                    arena.pair.deliver(it);
                }
                if when == When::Before {
                    arena.pair.deliver(packet);
                }
            });
        }
        arena
    }

    /// A quiet life: what it says, in order.
    fn letters(setup: Setup) -> Vec<Letter> {
        let mut arena = Self::new(setup);
        let mut letters = Vec::new();
        for act in ACTS {
            act(&mut arena);
            arena.play(&mut |arena, _, packet| {
                letters.extend(Letter::open(&Keyring::of(&arena.pair), packet));
                arena.pair.deliver(packet);
            });
        }
        letters
    }

    /// Hands what is on the wire to `each`, until nothing is.
    fn play(&mut self, each: &mut dyn FnMut(&mut Self, usize, &Packet)) {
        for _ in 0..MAX_ROUNDS {
            for packet in self.pair.link.clear() {
                let count = self.count;
                self.count += 1;
                each(self, count, &packet);
            }
        }
    }

    /// The SAs of one side but the one that stands aside.
    fn others(&self, side: Side) -> Vec<SaId> {
        let standing = self.standing[side as usize];
        let all = self.pair.host(side).established().map(|it| it.sa);
        all.filter(|it| *it != standing).collect()
    }

    fn for_all(&mut self, side: Side, ask: Ask<SaId>) {
        for sa in self.others(side) {
            self.ask(side, ask, sa);
        }
    }

    fn for_children(&mut self, side: Side, ask: Ask<ChildId>) {
        let standing = self.standing[side as usize];
        let children = self.pair.host(side).children.values();
        let others = children.filter(|it| it.sa != standing).map(|it| it.id);
        for child in others.collect::<Vec<_>>() {
            self.ask(side, ask, child);
        }
    }

    fn ask<T>(&mut self, side: Side, ask: Ask<T>, what: T) {
        let now = self.pair.now;
        let host = self.pair.host_mut(side);
        let (_, packets) = host.call(now, |endpoint, out| ask(endpoint, now, what, out));
        self.pair.send(side, packets);
    }

    /// Asserts that everything stands that stood, and that a legal handshake completes; then everything goes.
    fn survived(mut self) {
        let pair = &mut self.pair;
        for side in [Side::A, Side::B] {
            let standing = self.standing[side as usize];
            let host = pair.host(side);
            assert!(host.established().any(|it| it.sa == standing));
            assert!(host.children.values().any(|it| it.sa == standing));
        }
        pair.run(Duration::from_secs(1));
        let legal = pair.initiate(Side::A).expect("a negotiation");
        let up = pair.run_until(pair.now + Duration::from_secs(20), |pair| {
            let spis = pair.a.established().find(|it| it.sa == legal);
            spis.is_some_and(|own| pair.b.established().any(|it| it.spis == own.spis))
        });
        assert!(up, "no legal handshake: {:?}", pair.a.failures().last());
        pair.shut_down();
        pair.run(Duration::from_secs(100));
        pair.assert_empty();
    }
}

/// One datagram with other octets.
fn datagram(like: &Packet, bytes: Vec<u8>) -> Packet {
    Packet {
        bytes,
        ..like.clone()
    }
}

/// Has every letter of a cheap life altered in each of the ways that `alter` knows for it, before it, instead of it and
/// after it. Of the many that rekey, each has a part of the ways, all of them together every way; `IKEE_THOROUGH` has all.
fn throw_each(alter: impl Fn(&Letter) -> Vec<Fault>) -> usize {
    let thorough = std::env::var_os("IKEE_THOROUGH").is_some();
    let mut thrown = 0;
    for (n, letter) in Arena::letters(cheap()).iter().enumerate() {
        let part = if thorough || n < BEFORE_REKEYING {
            1
        } else {
            7
        };
        let faults = alter(letter).into_iter().enumerate();
        for (_, fault) in faults.filter(|it| (it.0 + n).is_multiple_of(part)) {
            for when in [When::Before, When::Instead, When::After] {
                let throw = |keyring: &Keyring<'_>, it: &Packet| {
                    fault.apply(keyring, it).into_iter().collect()
                };
                Arena::live(cheap(), n, when, &throw).survived();
                thrown += 1;
            }
        }
    }
    thrown
}

/// Places of the payloads of a type.
fn places(letter: &Letter, kind: isakmp_wire::PayloadType) -> Vec<usize> {
    let payloads: Vec<&OwnedPayload> = letter.payloads.iter().collect();
    (0..payloads.len())
        .filter(|at| payloads[*at].kind == kind)
        .collect()
}
