//! Bad input against a live IKEv1 endpoint, by its classes: what has broken IKE daemons before.
//!
//! An SA with a child stands aside. A peer that is written from the documents goes as far as a state, throws something, and
//! goes on; then everything stands that stood, a legal handshake completes, and in the end nothing is left.
//!
//! | class | where |
//! |---|---|
//! | B1 to B5, B7, B10, B11, B14 to B17 | the modules below |
//! | B8 | [`b07_values`] for HASH, [`b08_signatures`] |
//! | B9 | `ike-x509`; self-signed certificates in `ikev1` |
//! | B12 | [`b01_payloads`]: the first message |
//! | B13 | [`b16_exhaustion`], and `gate` in `ikev1` |

mod b01_payloads;
mod b02_lengths;
mod b03_fragments;
mod b04_exchanges;
mod b07_values;
mod b08_signatures;
mod b10_phase_2;
mod b16_exhaustion;
mod b17_choices;

use std::net::SocketAddr;
use std::time::Duration;

use ike_ext::{Role, SaId};
use ikee_fragmentation::Fragmentation;
use ikee_tests::v1::pair::address;
use ikee_tests::v1::peer::{Cover, id, notify, only, phase_2};
use ikee_tests::v1::{Pair, Peer, Setup};
use ikee_tests::{Packet, Side};
use isakmp_wire::v1::{NotifyType, kind};
use isakmp_wire::{ExchangeType, OwnedPayload, PayloadType, Spi};

/// How far the peer has come when it throws something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// It has sent nothing.
    Nothing,
    /// Its offer is accepted.
    Chosen,
    /// Both halves have crossed.
    Keyed,
    /// Both are authenticated.
    Up,
    /// A quick mode is under way: message 2 has come.
    Quick,
}

const STATES: [State; 5] = [
    State::Nothing,
    State::Chosen,
    State::Keyed,
    State::Up,
    State::Quick,
];

/// Message ID of the quick mode of [`State::Quick`].
const QUICK: u32 = 0x0a0b_0c0d;

/// Two endpoints with an SA that stands, and a stranger before the second.
struct Arena {
    pair: Pair,
    standing: [SaId; 2],
    peer: Peer,
    /// Both nonces of the quick mode.
    nonces: (Vec<u8>, Vec<u8>),
    strangers: u8,
}

impl Arena {
    fn new() -> Self {
        let mut setup = Setup::new().extend(Side::B, Fragmentation::new());
        // anybody who knows the secret
        let server = &mut setup.configs[1].connections[0];
        server.remote = None;
        server.authentication.remote_id = None;
        server.addressing.assign.addresses = vec![([10, 9, 0, 5].into(), 32)];
        let everything = ipsec_doi::TrafficSelector::any_v4();
        server.children[0].remote = ikev1::Selector::Fixed(everything);
        server.options.liveness = None;
        let mut pair = setup.build();
        pair.link.recording = false;
        pair.connect();
        let sa = |side: Side| pair.host(side).established().next().expect("an SA").sa;
        let standing = [sa(Side::A), sa(Side::B)];
        let mut arena = Self {
            peer: stranger(0),
            pair,
            standing,
            nonces: (Vec::new(), Vec::new()),
            strangers: 0,
        };
        arena.next();
        arena
    }

    /// The next stranger, from another address.
    fn next(&mut self) {
        self.strangers += 1;
        self.peer = stranger(self.strangers);
    }

    /// Hands a datagram to the second party; what comes back.
    fn hand(&mut self, packet: &Packet) -> Vec<Packet> {
        let now = self.pair.now;
        self.pair.hosts[1].receive(now, packet)
    }

    /// Takes the stranger to a state.
    fn go(&mut self, state: State) {
        let (now, ids) = (self.pair.now, self.ids());
        let host = &mut self.pair.hosts[1];
        match state {
            State::Nothing => {}
            State::Chosen => {
                let first = self.peer.first();
                let second = only(host.receive(now, &first));
                let header = isakmp_wire::Header::parse(&second.bytes).expect("a header");
                self.peer.spis.1 = header.responder;
            }
            State::Keyed => {
                self.peer.begin(host, now);
            }
            State::Up => {
                self.peer.connect(host, now, "stranger.example");
            }
            State::Quick => {
                self.peer.connect(host, now, "stranger.example");
                let (first, own) = self.peer.ask(QUICK, phase_2(0x4000, 1), &ids);
                let second = only(host.receive(now, &first));
                let (_, payloads) = self.peer.open(&second);
                let theirs = ikee_tests::v1::peer::body(&payloads, kind::NONCE);
                self.nonces = (own, theirs);
            }
        }
    }

    /// What lies behind the stranger, and behind the endpoint.
    fn ids(&self) -> [OwnedPayload; 2] {
        [
            id(1, 0, 0, &[203, 0, 113, self.strangers]),
            id(1, 0, 0, &[192, 0, 2, 2]),
        ]
    }

    /// What the stranger would say next: payloads, and how they are protected.
    fn genuine(&mut self, state: State) -> (Guard, Vec<OwnedPayload>) {
        match state {
            State::Nothing => {
                let first = self.peer.first();
                (Guard::Clear, self.peer.open(&first).1)
            }
            State::Chosen => {
                let half = self.peer.half();
                (Guard::Clear, self.peer.open(&half).1)
            }
            State::Keyed => {
                let payloads = self.peer.proof_of("stranger.example");
                (Guard::Sealed, payloads)
            }
            State::Up => {
                let mut payloads = vec![
                    phase_2(0x4000, 1),
                    OwnedPayload::new(kind::NONCE, [0x5a; 20]),
                ];
                payloads.extend(self.ids());
                (Guard::Hashed(ExchangeType::QUICK_MODE, QUICK), payloads)
            }
            State::Quick => {
                let payloads = vec![notify(NotifyType::INITIAL_CONTACT, &[])];
                (Guard::Hashed(ExchangeType::V1_INFORMATIONAL, 99), payloads)
            }
        }
    }

    /// These payloads, protected so.
    fn wrap(&mut self, guard: Guard, payloads: &[OwnedPayload]) -> Packet {
        match guard {
            Guard::Clear => {
                let header = self.peer.header(ExchangeType::MAIN_MODE, 0);
                self.peer.clear(&header, payloads)
            }
            Guard::Sealed => self.peer.sealed(payloads),
            Guard::Hashed(exchange, id) => {
                let header = self.peer.header(exchange, id);
                self.peer.hashed(&header, Cover::default(), payloads)
            }
        }
    }

    /// Throws what `make` makes in this state. Whatever the endpoint says is no more than was thrown at it, twice over,
    /// while nobody is authenticated.
    fn throw(&mut self, state: State, make: impl FnOnce(&mut Self) -> Vec<Packet>) {
        self.next();
        self.go(state);
        let packets = make(self);
        for it in packets {
            let answers = self.hand(&it);
            let octets: usize = answers.iter().map(|it| it.bytes.len()).sum();
            let open = !matches!(state, State::Up | State::Quick);
            assert!(!open || octets <= 2 * it.bytes.len() + 400, "amplified");
        }
        if self.strangers >= 200 {
            self.rest();
        }
    }

    /// Asserts that everything stands that stood, and that a legal handshake completes.
    fn rest(&mut self) {
        for side in [Side::A, Side::B] {
            let standing = self.standing[side as usize];
            let host = self.pair.host(side);
            assert!(host.established().any(|it| it.sa == standing));
            assert!(host.children.values().any(|it| it.sa == standing));
        }
        let now = self.pair.now;
        self.next();
        let answer = self
            .peer
            .connect(&mut self.pair.hosts[1], now, "legal.example");
        assert_eq!(answer, []);
        // strangers go, one by one or by time
        let all: Vec<_> = self.pair.hosts[1].endpoint.sas().map(|it| it.sa).collect();
        for sa in all.into_iter().filter(|it| *it != self.standing[1]) {
            let deleted = self.pair.hosts[1].call(now, |it, out| it.delete(now, sa, out));
            deleted.0.expect("an SA");
        }
        self.pair.hosts[1].events.clear();
        self.strangers = 0;
        self.pair.run(Duration::from_secs(1));
        assert_eq!(self.pair.hosts[1].endpoint.sas().count(), 1);
    }

    fn survived(mut self) {
        self.rest();
        self.pair.shut_down();
        self.pair.assert_empty();
    }
}

/// How a message is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Guard {
    Clear,
    Sealed,
    Hashed(ExchangeType, u32),
}

fn stranger(n: u8) -> Peer {
    let own = SocketAddr::from(([203, 0, 113, n], 500));
    let endpoint = SocketAddr::from((address(Side::B), 500));
    let mut peer = Peer::new(Role::Initiator, own, endpoint, ike_rustcrypto::provider());
    peer.spis.0 = Spi::new([n, 2, 3, 4, 5, 6, 7, 8]);
    peer.vendor_ids = vec![isakmp_wire::vendor_id::FRAGMENTATION.to_vec()];
    peer
}

/// A payload of a type that nobody knows.
const UNKNOWN: PayloadType = PayloadType::new(199);
