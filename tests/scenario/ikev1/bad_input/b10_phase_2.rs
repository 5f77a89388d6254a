//! B10: identities of quick mode; B11: notifications and deletes; B15: attributes of mode config and XAUTH.

use ikee_tests::v1::peer::{Cover, id, notify, phase_2};
use isakmp_wire::v1::{ConfigType, Configuration, NotifyType, ProtocolId, kind};
use isakmp_wire::{Attribute, Encode, ExchangeType, OwnedPayload};

use super::{Arena, State};

#[test]
fn identities_that_are_none_do_no_harm() {
    let mut arena = Arena::new();
    arena.throw(State::Up, |_| Vec::new());
    let mut message_id = 1000;
    for kind in (0..=13).chain([201, 250, 255]) {
        for len in [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 300] {
            for octet in [0, 0xff, 0x80] {
                let theirs = id(kind, 17, 1701, &vec![octet; len]);
                for both in [
                    [theirs.clone(), theirs.clone()],
                    [theirs, arena.ids()[1].clone()],
                ] {
                    message_id += 1;
                    let (bad, _) = arena.peer.ask(message_id, phase_2(0x5000, 1), &both);
                    arena.hand(&bad);
                }
            }
        }
    }
    // backwards, with holes in the mask, IPv6 where IPv4 is said
    let ranges: [(u8, &[u8]); 4] = [
        (7, &[10, 0, 0, 9, 10, 0, 0, 1]),
        (4, &[10, 0, 0, 0, 255, 0, 255, 0]),
        (1, &[0xfd; 16]),
        (4, &[255; 8]),
    ];
    for (kind, data) in ranges {
        message_id += 1;
        let bad = id(kind, 0, 0, data);
        let (bad, _) = arena
            .peer
            .ask(message_id, phase_2(0x5000, 1), &[bad.clone(), bad]);
        arena.hand(&bad);
    }
    for count in [1, 3, 4] {
        message_id += 1;
        let many = vec![arena.ids()[0].clone(); count];
        let (bad, _) = arena.peer.ask(message_id, phase_2(0x5000, 1), &many);
        arena.hand(&bad);
    }
    assert!(arena.pair.hosts[1].children.len() <= 1);
    arena.survived();
}

/// Deletes of what is not there, is somebody else's, or goes twice in one message; counts and sizes that do not fit.
#[test]
fn deletes_and_notifications_touch_nobody_else() {
    let mut arena = Arena::new();
    let standing = arena.pair.hosts[1]
        .children
        .values()
        .next()
        .expect("a child");
    let foreign = [standing.inbound.spi, standing.outbound.spi];
    let spis = {
        let sa = arena.pair.hosts[1]
            .established()
            .next()
            .expect("an SA")
            .spis;
        [sa.0.as_bytes().to_vec(), sa.1.as_bytes().to_vec()].concat()
    };
    let delete = |protocol: u8, size: u8, count: u16, spis: &[u8]| {
        let [high, low] = count.to_be_bytes();
        let body = [&[0, 0, 0, 1, protocol, size, high, low], spis].concat();
        OwnedPayload::new(kind::DELETE, body)
    };
    arena.throw(State::Up, |it| {
        let mut all = vec![delete(1, 16, 1, &spis)];
        for spi in foreign {
            for protocol in [0, 2, 3, 4, 9, 255] {
                all.push(delete(protocol, 4, 1, &spi.to_be_bytes()));
            }
        }
        for count in [0, 2, 0xffff] {
            for size in [0, 1, 4, 16, 255] {
                all.push(delete(3, size, count, &[1, 2, 3, 4]));
                all.push(delete(1, size, count, &spis));
            }
        }
        for kind in (0..40).chain([8192, 16_384, 24_576, 24_577, 24_578, 36_136, 36_137, 40_003]) {
            for len in [0, 3, 4, 8, 300] {
                all.push(notify(NotifyType::new(kind), &vec![0xff; len]));
            }
        }
        let connected = notify(NotifyType::CONNECTED, &[]);
        let twice = [connected.clone(), connected];
        let mut out = Vec::new();
        for (n, payload) in (5000..).zip(&all) {
            out.push(it.peer.inform(n, std::slice::from_ref(payload)));
        }
        out.push(it.peer.inform(4999, &twice));
        // its own SA twice in one message, and something after that
        let own = [
            it.peer.spis.0.as_bytes().to_vec(),
            it.peer.spis.1.as_bytes().to_vec(),
        ]
        .concat();
        let gone = delete(ProtocolId::ISAKMP.get(), 16, 1, &own);
        let last = [gone.clone(), gone, notify(NotifyType::INITIAL_CONTACT, &[])];
        out.push(it.peer.inform(4998, &last));
        out.push(it.peer.inform(4997, &last));
        out
    });
    assert_eq!(arena.pair.hosts[1].established().count(), 1);
    arena.survived();
}

/// B15: every attribute at every length, asked for, set, answered and acknowledged.
#[test]
fn attributes_of_any_length_do_no_harm() {
    let mut arena = Arena::new();
    arena.throw(State::Up, |_| Vec::new());
    let kinds = (0..=24)
        .chain(16_520..=16_530)
        .chain(23_456..=23_457)
        .chain(28_672..=28_684);
    let mut message_id = 1;
    for kind in kinds {
        for len in [0, 1, 2, 3, 4, 5, 15, 16, 17, 300] {
            for config in [1, 2, 3, 4, 9] {
                let mut body = Vec::new();
                Configuration::write_head(ConfigType::new(config), 7, &mut body);
                Attribute::long(kind, &vec![0xfe; len]).encode(&mut body);
                Attribute::short(kind, 0xfffe).encode(&mut body);
                message_id += 1;
                let header = arena.peer.header(ExchangeType::TRANSACTION, message_id);
                let payload = OwnedPayload::new(kind::ATTRIBUTES, body);
                let bad = arena.peer.hashed(&header, Cover::default(), &[payload]);
                arena.hand(&bad);
            }
        }
    }
    arena.survived();
}

/// RFC 2409 §5.5: several SAs in one quick mode are refused by name, and the SA above stands.
#[test]
fn several_sas_in_one_quick_mode_are_refused() {
    let mut arena = Arena::new();
    arena.throw(State::Up, |it| {
        let (guard, mut payloads) = it.genuine(State::Up);
        payloads.insert(1, phase_2(0x4001, 1));
        vec![it.wrap(guard, &payloads)]
    });
    let host = &arena.pair.hosts[1];
    let failure = host.failures().last().expect("a refusal").to_string();
    assert!(
        failure.contains("several SAs in one quick mode"),
        "{failure}"
    );
    assert_eq!(host.children.len(), 1);
    arena.survived();
}
