//! Two live endpoints with every extension, behind cryptography that lets everything through.

use std::time::Duration;

use ike_ext::Instant;
use ikee_fragmentation_v2::FragmentationV2;
use ikee_server_address::{Addresses, Families, ServerAddress};
use ikee_tests::wire::Forged;
use ikee_tests::{Packet, Pair, Setup, Side};
use isakmp_wire::{ExchangeType, PayloadType};

use crate::input::Input;

/// More steps than this are only more of the same.
const STEPS: usize = 60;

fn pair() -> Pair {
    let mut setup = Setup::insecure();
    setup.b.config.limits.half_open = 40;
    setup.b.config.limits.protection.on = 8;
    setup.a.connection().addressing.request_v4 = true;
    setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
    setup.b.connection().remote = None;
    // idle SAs cost time that is better spent
    setup.a.connection().liveness = Some(Duration::from_secs(150));
    setup.b.connection().liveness = Some(Duration::from_secs(150));
    let server = Addresses::default().with_v4([10, 9, 0, 1].into());
    setup.a.extend(FragmentationV2::new().with_memory(64 << 10));
    setup.b.extend(FragmentationV2::new().with_memory(64 << 10));
    setup.a.extend(ServerAddress::new().asking(Families::Both));
    setup.b.extend(ServerAddress::new().answering(server));
    setup.build()
}

/// A list of things that happen: datagrams delivered, lost, doubled, damaged and made up, calls of the application,
/// time. In the end everything goes.
pub fn endpoint_v2(data: &[u8]) {
    let mut input = Input::new(data);
    let mut pair = pair();
    if input.octet().is_multiple_of(2) {
        pair.connect();
    } else {
        let _begun = pair.initiate(Side::A);
    }
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        happen(&mut pair, &mut input);
        assert_bounded(&pair);
    }
    pair.link.conditions.loss = [0; 2];
    pair.shut_down();
    pair.run(Duration::from_secs(400));
    pair.assert_empty();
}

fn side(input: &mut Input<'_>) -> Side {
    if input.octet().is_multiple_of(2) {
        Side::A
    } else {
        Side::B
    }
}

fn happen(pair: &mut Pair, input: &mut Input<'_>) {
    match input.octet() % 16 {
        0..=3 => {
            pair.step(pair.now + Duration::from_secs(1));
        }
        4 => drop(pair.link.clear()),
        5 => {
            for packet in pair.link.clear() {
                pair.deliver(&packet);
                pair.deliver(&packet);
            }
        }
        6 => {
            for mut packet in pair.link.clear() {
                if !packet.bytes.is_empty() {
                    let at = usize::from(input.short()) % packet.bytes.len();
                    packet.bytes[at] ^= input.octet();
                }
                pair.deliver(&packet);
            }
        }
        7 => {
            for mut packet in pair.link.clear() {
                packet.bytes.truncate(usize::from(input.short()));
                pair.deliver(&packet);
            }
        }
        8 => pair.run(Duration::from_secs(u64::from(input.octet() % 70))),
        9 => {
            let side = side(input);
            if pair.host(side).endpoint.sas().count() < 20 {
                let _begun = pair.initiate(side);
            }
        }
        10 => made_up(pair, input),
        11 | 12 => forged(pair, input),
        13 => about_an_sa(pair, input),
        14 => about_a_child(pair, input),
        _ => {
            // what was there comes again
            let old = usize::from(input.short());
            let crossed = &pair.link.crossed;
            if let Some(it) = crossed.get(old % crossed.len().max(1)) {
                let packet = it.packet.clone();
                pair.deliver(&packet);
            }
        }
    }
}

/// The application wants something of an SA.
fn about_an_sa(pair: &mut Pair, input: &mut Input<'_>) {
    let side = side(input);
    let sas: Vec<_> = pair.host(side).established().map(|it| it.sa).collect();
    let Some(sa) = sas.get(usize::from(input.octet()) % sas.len().max(1)) else {
        return;
    };
    match input.octet() % 8 {
        0 => pair.delete_sa(side, *sa),
        1..=3 => pair.rekey_sa(side, *sa),
        4 => pair.create_child(side, *sa, 0),
        5 => pair.reauthenticate(side, *sa),
        _ => pair.probe_sa(side, *sa),
    }
}

/// The application, or the data plane, wants something of a child.
fn about_a_child(pair: &mut Pair, input: &mut Input<'_>) {
    let side = side(input);
    let mut children = pair.host(side).established().flat_map(|it| it.children());
    let child = children.next().map(|it| it.child);
    drop(children);
    let Some(child) = child else { return };
    match input.octet() % 6 {
        0 => pair.delete_child(side, child),
        1 => pair.expire(side, child, true),
        2 => pair.expire(side, child, false),
        _ => pair.rekey_child(side, child),
    }
}

/// A datagram of nobody's, from anywhere.
fn made_up(pair: &mut Pair, input: &mut Input<'_>) {
    let to = pair.host(side(input)).address;
    let port = if input.octet().is_multiple_of(2) {
        500
    } else {
        4500
    };
    let packet = Packet {
        from: ([192, 0, 2, input.octet() % 4], 500).into(),
        to: (to, port).into(),
        bytes: input.portion().to_vec(),
    };
    pair.deliver(&packet);
}

/// Any payloads under the keys of the first SA.
fn forged(pair: &mut Pair, input: &mut Input<'_>) {
    if pair.a.keys().next().is_none() {
        return;
    }
    let side = side(input);
    let message = Forged {
        exchange: ExchangeType::new(34 + input.octet() % 6),
        response: input.octet().is_multiple_of(4),
        message_id: u32::from(input.octet() % 8),
    };
    let first = PayloadType::new(32 + input.octet() % 24);
    let bytes = pair.forge_raw(side, &message, first, input.portion());
    let (from, to) = (pair.host(side).socket(), pair.host(side.peer()).socket());
    pair.deliver(&Packet { from, to, bytes });
}

fn assert_bounded(pair: &Pair) {
    for host in [&pair.a, &pair.b] {
        let endpoint = &host.endpoint;
        assert!(endpoint.sas().count() <= 200);
        assert!(host.extension::<FragmentationV2>().held() <= 64 << 10);
        // time never stands still, nor is it forgotten
        assert!(
            endpoint
                .next_timeout()
                .is_none_or(|it| it.at > Instant::EPOCH)
        );
    }
}
