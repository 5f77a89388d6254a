//! Bad input in every state: nothing panics, nothing stays, and the legal handshake beside it completes.

use std::time::Duration;

use ikev1::{Connection, Transmit, Xauth};
use isakmp_wire::Header;

use crate::pair::{A, B, Pair, address};

/// A handshake with everything in it that phase 1 and 2 have.
fn full(side: usize, it: &mut Connection) {
    let user = ikev1::User {
        name: "carol".into(),
        password: b"secret".to_vec().into(),
    };
    it.authentication.xauth = Some(if side == A {
        Xauth::Client(user)
    } else {
        Xauth::Server(vec![user])
    });
    if side == A {
        it.addressing.request_v4 = true;
    } else {
        it.addressing.assign.addresses = vec![([10, 9, 0, 5].into(), 32)];
    }
}

fn fake(mut packet: Transmit, change: impl Fn(&mut Vec<u8>)) -> Transmit {
    change(&mut packet.bytes);
    packet
}

/// B1, B2, B4, B14: each octet of each message changed, beside the message itself.
#[test]
fn a_changed_octet_anywhere_stops_nothing() {
    for bit in [0x01, 0x80] {
        let mut at = 0;
        loop {
            let mut longest = 0;
            let mut pair = Pair::changed(full);
            pair.meddler = Some(Box::new(move |packet| {
                let changed = fake(packet.clone(), |bytes| {
                    if let Some(octet) = bytes.get_mut(at) {
                        *octet ^= bit;
                    }
                });
                vec![changed, packet]
            }));
            pair.initiate(A);
            // whoever is on the path can make phase 1 fail, but not half succeed
            pair.run(Duration::from_secs(120));
            for it in &pair.crossed {
                longest = longest.max(it.bytes.len());
            }
            let spoiled = pair.hosts.iter().any(|it| !it.failures().is_empty());
            if !spoiled {
                pair.assert_joined(1);
            }
            for side in [A, B] {
                for sa in pair.hosts[side].established() {
                    pair.call(side, |it, now, out| it.delete(now, sa, out))
                        .unwrap();
                }
            }
            pair.run(Duration::from_secs(400));
            pair.assert_empty();
            at += 7;
            if at >= longest {
                break;
            }
        }
    }
}

/// B2: every length cut.
#[test]
fn a_message_cut_anywhere_stops_nothing() {
    for at in (0..600).step_by(7) {
        let mut pair = Pair::changed(full);
        pair.meddler = Some(Box::new(move |packet| {
            let cut = fake(packet.clone(), |bytes| {
                bytes.truncate(at);
                if bytes.len() >= Header::LEN {
                    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
                    bytes[24..28].copy_from_slice(&len);
                }
            });
            vec![cut, packet]
        }));
        pair.initiate(A);
        pair.run(Duration::from_secs(30));
        if pair.hosts.iter().all(|it| it.failures().is_empty()) {
            pair.assert_joined(1);
        }
    }
}

/// B4: every exchange type in every state.
#[test]
fn another_exchange_or_version_than_awaited_stops_nothing() {
    for exchange in (0..=40).chain([0xf3, 0xf4, 0xff]) {
        for version in [0x10, 0x11, 0x20] {
            let mut pair = Pair::changed(full);
            pair.meddler = Some(Box::new(move |packet| {
                let other = fake(packet.clone(), |bytes| {
                    (bytes[17], bytes[18]) = (version, exchange);
                });
                if other == packet {
                    return vec![packet];
                }
                vec![other, packet]
            }));
            pair.initiate(A);
            pair.run(Duration::from_secs(30));
            assert_eq!(pair.hosts[A].failures(), [], "{exchange} {version}");
            pair.assert_joined(1);
        }
    }
}

/// B13: a recorded life, played again to the same endpoints, forward and backward.
#[test]
fn a_replay_changes_nothing() {
    let mut pair = Pair::changed(full);
    pair.connect();
    let recorded = pair.crossed.clone();
    let (sas, children) = (pair.hosts[B].established(), pair.hosts[B].children.len());
    for packet in recorded.iter().chain(recorded.iter().rev()) {
        pair.deliver(packet);
    }
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.hosts[B].established(), sas);
    assert_eq!(pair.hosts[B].children.len(), children);
    pair.assert_joined(1);
    pair.run(Duration::from_secs(100));
    assert_eq!(pair.hosts[A].established().len(), 1);
    let half_open = pair.hosts[B]
        .endpoint
        .sas()
        .filter(|it| it.state != "established");
    assert_eq!(half_open.count(), 0);
}

/// B7: public values that are none.
#[test]
fn a_public_value_that_is_none_is_refused() {
    for filler in [0, 0xff] {
        let mut pair = Pair::changed(|_, _| {});
        pair.meddler = Some(Box::new(move |packet| {
            // the third message: header, KE of 64 octets, nonce
            let third = packet.local.ip() == address(A) && packet.bytes[16] == 4;
            vec![fake(packet, |bytes| {
                if third {
                    bytes[32..96].fill(filler);
                }
            })]
        }));
        pair.initiate(A);
        pair.run(Duration::from_secs(120));
        assert_eq!(pair.hosts[B].failures()[0], ikev1::Failure::Crypto);
        pair.assert_empty();
        assert!(pair.hosts[B].children.is_empty());
    }
}
