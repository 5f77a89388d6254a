//! Every message cut at each octet and with each octet changed, before and after the genuine one, in every state.

use std::time::Duration;

use ike_ext::SaId;
use ikee_fragmentation_v2::FragmentationV2;
use ikee_server_address::{Families, ServerAddress};
use ikee_tests::{Host, Packet, Pair, Setup, Side};
use ikev2::{Event, Failure};
use ipsec_doi::Identity;
use isakmp_wire::Message;
use isakmp_wire::v2::{IdType, NotifyType, kind};

/// All prefixes of a message, and it with each octet changed in every bit, in the lowest and in the highest.
fn altered(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    let changed = (0..bytes.len()).flat_map(|at| {
        [0xff, 0x01, 0x80].map(|bits| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= bits;
            bytes
        })
    });
    cut.chain(changed)
}

/// A whole life: what goes over the wire is shown to `watch` before and after it is delivered.
fn live(pair: &mut Pair, mut watch: impl FnMut(&mut Pair, &Packet)) {
    let script: [fn(&mut Pair); 5] = [
        |pair| assert!(pair.initiate(Side::A).is_ok()),
        |pair| pair.probe(Side::A),
        |pair| pair.probe_sa(Side::B, same_at_b(pair)),
        |pair| {
            let child = pair.a.child().id;
            pair.delete_child(Side::A, child);
        },
        |pair| pair.delete_sa(Side::B, same_at_b(pair)),
    ];
    for act in script {
        act(pair);
        loop {
            let packets = pair.link.clear();
            if packets.is_empty() {
                break;
            }
            for packet in packets {
                watch(pair, &packet);
                pair.deliver(&packet);
                watch(pair, &packet);
            }
        }
    }
}

/// B's end of A's only SA; alterations of the first message may have opened others there.
fn same_at_b(pair: &Pair) -> SaId {
    let spis = pair.a.established().next().map(|it| it.spis);
    let same = pair.b.established().find(|it| Some(it.spis) == spis);
    same.expect("the same SA").sa
}

/// All that matters of the SA that A has begun: both sides' view of it, children and timers included.
fn view(pair: &Pair) -> String {
    let ours = pair.a.endpoint.sas().next();
    let spis = ours.map(|it| it.spis);
    let theirs = pair.b.endpoint.sas().find(|it| Some(it.spis) == spis);
    let deadline = pair.a.endpoint.next_timeout();
    format!(
        "{ours:?} {theirs:?} {:?} {:?} {deadline:?}",
        pair.a.children.keys(),
        pair.b.children.keys(),
    )
}

/// Injects every alteration of `genuine`, which is protected or belongs to an exchange that is over: nothing happens.
fn assert_harmless(pair: &mut Pair, genuine: &Packet) {
    let on_its_way = pair.link.clear();
    let before = view(pair);
    for bytes in altered(&genuine.bytes) {
        let octets = bytes.len();
        pair.deliver(&Packet {
            bytes,
            ..genuine.clone()
        });
        for answer in pair.link.clear() {
            let message = Message::parse(answer.message()).expect("a message");
            // a refusal, or half an SA that nobody will finish: never anything protected, never more than came
            assert!(message.payloads.first(kind::ENCRYPTED).is_none());
            assert!(answer.bytes.len() <= octets + 80);
        }
    }
    assert_eq!(view(pair), before);
    for packet in on_its_way {
        pair.link.inject(pair.now, packet);
    }
}

/// IKE_AUTH takes two datagrams each way.
fn in_pieces() -> Setup {
    let mut setup = Setup::new();
    let id = Identity::new(IdType::KEY_ID, vec![7; 400]);
    setup.a.connection().authentication.local_id = id.clone();
    setup.b.connection().authentication.remote_id = Some(id.clone());
    setup.b.connection().authentication.local_id = id.clone();
    setup.a.connection().authentication.remote_id = Some(id);
    setup.conditions.mtu = 576;
    setup.both(|party| party.extend(FragmentationV2::new()))
}

/// RFC 7296 §2.21, §2.23: what is not authentic touches nothing.
#[test]
fn no_alteration_of_a_protected_message_touches_anything_in_any_state() {
    let suites = ["aes256gcm16-prfsha256-x25519", "aes128-sha256-x25519"];
    let plain = suites.map(|ike| Setup::new().suites(ike, "aes256gcm16"));
    for setup in plain.into_iter().chain([Setup::behind_nat(), in_pieces()]) {
        let datagrams = if setup.conditions.mtu == 576 { 14 } else { 12 };
        let mut pair = setup.build();
        let mut seen: Vec<Packet> = Vec::new();
        live(&mut pair, |pair, packet| {
            if !seen.contains(packet) {
                seen.push(packet.clone());
            }
            let init_is_over = seen.len() > 2;
            let harmless = seen.iter().skip(if init_is_over { 0 } else { 2 });
            for genuine in harmless.cloned().collect::<Vec<_>>() {
                assert_harmless(pair, &genuine);
            }
        });
        assert_eq!(seen.len(), datagrams);
        assert_eq!((pair.a.closed().count(), pair.b.closed().count()), (1, 1));
        assert_eq!(pair.a.failures().count(), 0);
        pair.shut_down();
        pair.assert_empty();
    }
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Request,
    Response,
}

/// What an alteration did to the negotiation that it was aimed at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Unharmed,
    Failed,
}

/// A pair with one SA that stands, for others to be attacked beside it.
struct Arena {
    pair: Pair,
    standing: SaId,
}

impl Arena {
    fn new() -> Self {
        let mut setup = Setup::new();
        setup.a.extend(FragmentationV2::new());
        setup.b.extend(FragmentationV2::new());
        let mut pair = setup.both(ikee_tests::Party::ageless).build();
        pair.connect();
        let standing = pair.a.sa();
        Self { pair, standing }
    }

    fn deliver_all(&mut self) -> Vec<Packet> {
        for packet in self.pair.link.clear() {
            self.pair.deliver(&packet);
        }
        self.pair.link.clear()
    }

    /// Negotiates twice at once, and delivers `bytes` beside one message of the first negotiation.
    fn attack(
        &mut self,
        target: Target,
        before: bool,
        alter: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Outcome {
        let pair = &mut self.pair;
        let attacked = pair.initiate(Side::A).expect("a negotiation");
        let other = pair.initiate(Side::A).expect("a negotiation");
        let packets = match target {
            Target::Request => pair.link.clear(),
            Target::Response => self.deliver_all(),
        };
        let forged = Packet {
            bytes: alter(&packets[0].bytes),
            ..packets[0].clone()
        };
        let pair = &mut self.pair;
        if before {
            pair.deliver(&forged);
        }
        for packet in &packets {
            pair.deliver(packet);
        }
        if !before {
            pair.deliver(&forged);
        }
        pair.settle();
        let up = |host: &Host, sa| host.established().any(|it| it.sa == sa);
        assert!(up(&pair.a, self.standing) && up(&pair.a, other));
        let outcome = if up(&pair.a, attacked) {
            Outcome::Unharmed
        } else {
            Outcome::Failed
        };
        let sas = if outcome == Outcome::Unharmed { 3 } else { 2 };
        assert_eq!(pair.a.endpoint.sas().count(), sas);
        assert_eq!(pair.b.established().count(), sas);
        assert_eq!(pair.a.children.len(), sas);
        pair.assert_children_match();
        for event in &pair.a.events {
            if let Event::Failed { sa, failure, .. } = &event.1 {
                assert_eq!(*sa, attacked);
                assert!(is_clean(failure), "{failure}");
            }
        }
        for sa in [attacked, other] {
            if up(&pair.a, sa) {
                pair.delete_sa(Side::A, sa);
            }
        }
        pair.settle();
        pair.run(Duration::from_secs(31));
        assert_eq!(pair.b.endpoint.sas().count(), 1);
        for host in [&mut pair.a, &mut pair.b] {
            host.events.clear();
        }
        pair.link.crossed.clear();
        outcome
    }
}

/// By time-out, at AUTH, or at a public value that is none.
fn is_clean(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Timeout(_)
            | Failure::Crypto
            | Failure::PeerError(_)
            | Failure::Malformed(_)
            | Failure::Misbehaved(_)
            | Failure::Incompatible(_)
            | Failure::Authentication(_)
    )
}

/// RFC 7296 §2.21.1: the first exchange is not protected, so its negotiation may fail; nothing else does.
#[test]
fn an_altered_first_message_harms_at_most_its_own_negotiation() {
    let mut arena = Arena::new();
    let mut lengths = Vec::new();
    for target in [Target::Request, Target::Response] {
        let probe = arena.attack(target, true, <[u8]>::to_vec);
        assert_eq!(probe, Outcome::Unharmed);
        let mut setup = Arena::new();
        assert!(setup.pair.initiate(Side::A).is_ok());
        let packets = match target {
            Target::Request => setup.pair.link.clear(),
            Target::Response => setup.deliver_all(),
        };
        lengths.push((target, packets[0].bytes.len()));
    }
    for (target, len) in lengths {
        let mut failed = 0;
        for at in 0..len {
            let cut = |bytes: &[u8]| bytes[..at].to_vec();
            let change = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                bytes[at] ^= if at % 2 == 0 { 0xff } else { 0x01 };
                bytes
            };
            for before in [true, false] {
                let outcome = arena.attack(target, before, cut);
                assert_eq!(outcome, Outcome::Unharmed, "{target:?} cut at {at}");
            }
            let late = arena.attack(target, false, change);
            assert_eq!(late, Outcome::Unharmed, "{target:?} changed at {at}, late");
            let early = arena.attack(target, true, change);
            failed += usize::from(early == Outcome::Failed);
        }
        assert!(failed > 0 && failed < len, "{target:?}: {failed} of {len}");
    }
    arena.pair.shut_down();
    arena.pair.assert_empty();
}

/// With ciphers that let everything through, every octet of every message reaches what is behind them.
#[test]
fn no_alteration_behind_the_cipher_panics_or_leaves_anything() {
    let setup = || {
        let mut setup = Setup::insecure();
        setup.a.connection().addressing.request_v4 = true;
        setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
        for party in [&mut setup.a, &mut setup.b] {
            party.extend(FragmentationV2::new());
            party.extend(ServerAddress::new().asking(Families::Both));
        }
        setup.build()
    };
    let mut seen: Vec<Packet> = Vec::new();
    let mut pair = setup();
    live(&mut pair, |_, packet| {
        if !seen.contains(packet) {
            seen.push(packet.clone());
        }
    });
    for (n, genuine) in seen.iter().enumerate() {
        for bytes in altered(&genuine.bytes) {
            for instead in [true, false] {
                let mut pair = setup();
                let forged = Packet {
                    bytes: bytes.clone(),
                    ..genuine.clone()
                };
                meet(&mut pair, n, &forged, instead);
                pair.shut_down();
                pair.run(Duration::from_secs(100));
                pair.assert_empty();
            }
        }
    }
}

/// Lives until the `n`th datagram, and has `forged` come instead of it or before it; then lives on as far as it goes.
fn meet(pair: &mut Pair, n: usize, forged: &Packet, instead: bool) {
    let mut count = 0;
    let script: [fn(&mut Pair); 5] = [
        |pair| assert!(pair.initiate(Side::A).is_ok()),
        |pair| for_all(pair, Side::A, Pair::probe_sa),
        |pair| for_all(pair, Side::B, Pair::probe_sa),
        |pair| {
            for child in pair.a.children.keys().copied().collect::<Vec<_>>() {
                pair.delete_child(Side::A, child);
            }
        },
        |pair| for_all(pair, Side::B, Pair::delete_sa),
    ];
    for act in script {
        act(pair);
        // what is forged may lead to more, but not without end
        for _ in 0..8 {
            for packet in pair.link.clear() {
                if count == n {
                    pair.deliver(forged);
                }
                if count != n || !instead {
                    pair.deliver(&packet);
                }
                count += 1;
            }
        }
    }
}

fn for_all(pair: &mut Pair, side: Side, act: fn(&mut Pair, Side, SaId)) {
    let sas: Vec<_> = pair.host(side).established().map(|it| it.sa).collect();
    for sa in sas {
        act(pair, side, sa);
    }
}

/// RFC 7296 §2.5.
#[test]
fn another_major_version_is_refused_without_keeping_anything() {
    let mut pair = Setup::new().build();
    pair.initiate(Side::A).expect("a negotiation");
    let mut request = pair.link.clear().remove(0);
    request.bytes[17] = 0x30;
    pair.deliver(&request);
    assert_eq!(pair.b.endpoint.sas().count(), 0);
    assert_eq!(pair.errors_of(Side::B), [NotifyType::INVALID_MAJOR_VERSION]);
}
