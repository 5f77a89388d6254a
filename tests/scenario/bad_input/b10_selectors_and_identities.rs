//! B10: traffic selectors and identities that are none.

use ikee_tests::Fault;
use isakmp_wire::v2::kind;

use super::{places, throw_each};

fn selector(kind: u8, protocol: u8, len: u16, ports: [u16; 2], addresses: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, protocol];
    out.extend(len.to_be_bytes());
    out.extend(ports.iter().flat_map(|it| it.to_be_bytes()));
    out.extend_from_slice(addresses);
    out
}

fn payload(count: u8, selectors: &[Vec<u8>]) -> Vec<u8> {
    [vec![count, 0, 0, 0], selectors.concat()].concat()
}

/// Bodies of TSi and TSr.
fn bodies() -> Vec<Vec<u8>> {
    let v4 = [[10, 0, 0, 1], [10, 0, 0, 9]].concat();
    let back = [[10, 0, 0, 9], [10, 0, 0, 1]].concat();
    let v6 = [0x20; 32];
    let good = selector(7, 0, 16, [0, 65_535], &v4);
    let mut all = vec![
        Vec::new(),
        vec![0; 3],
        payload(0, &[]),
        payload(1, &[]),
        payload(0, std::slice::from_ref(&good)),
        payload(2, std::slice::from_ref(&good)),
        payload(255, std::slice::from_ref(&good)),
        payload(1, &[good.clone(), good.clone()]),
        payload(255, &vec![good.clone(); 255]),
        payload(1, &[selector(7, 0, 16, [0, 65_535], &back)]),
        payload(1, &[selector(7, 6, 16, [9, 8], &v4)]),
        payload(1, &[selector(7, 0, 16, [65_535, 0], &v4)]),
        payload(1, &[selector(7, 255, 16, [1, 0], &back)]),
        // the other family's addresses
        payload(1, &[selector(7, 0, 40, [0, 65_535], &v6)]),
        payload(1, &[selector(8, 0, 16, [0, 65_535], &v4)]),
        payload(1, &[selector(8, 0, 40, [0, 65_535], &v6)]),
        payload(2, &[good.clone(), selector(8, 0, 40, [0, 65_535], &v6)]),
    ];
    for kind in [0, 1, 6, 9, 10, 200, 255] {
        let unknown = selector(kind, 0, 16, [0, 65_535], &v4);
        all.push(payload(1, std::slice::from_ref(&unknown)));
        all.push(payload(2, &[unknown, good.clone()]));
    }
    for len in [0, 1, 4, 7, 8, 15, 17, 24, 40, 0xffff] {
        all.push(payload(1, &[selector(7, 0, len, [0, 65_535], &v4)]));
        all.push(payload(
            2,
            &[good.clone(), selector(8, 0, len, [0, 1], &v6)],
        ));
    }
    all
}

#[test]
fn selectors_that_are_none_are_survived_in_every_message() {
    let bodies = bodies();
    let thrown = throw_each(|letter| {
        let at = [kind::TS_I, kind::TS_R]
            .map(|it| places(letter, it))
            .concat();
        let faults = |at: usize| bodies.iter().map(move |it| Fault::Body(at, it.clone()));
        at.into_iter().flat_map(faults).collect()
    });
    assert!(thrown > 300, "{thrown}");
}

#[test]
fn identities_of_any_type_with_any_octets_are_survived_in_every_message() {
    let values: [&[u8]; 9] = [
        &[],
        &[0],
        &[0; 4],
        &[192, 0, 2, 1],
        &[0xff; 16],
        b"a.example\0.evil",
        b"%n%s%x\r\n\x1b[2J",
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &[b'x'; 5000],
    ];
    let thrown = throw_each(|letter| {
        let at = [kind::ID_I, kind::ID_R]
            .map(|it| places(letter, it))
            .concat();
        let types = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 255];
        let bodies = types.into_iter().flat_map(|it| {
            values
                .iter()
                .map(move |value| [&[it, 0, 0, 0], *value].concat())
        });
        let bodies: Vec<_> = bodies.chain([Vec::new(), vec![2], vec![2, 0, 0]]).collect();
        let faults = |at: usize| {
            bodies
                .clone()
                .into_iter()
                .map(move |it| Fault::Body(at, it))
        };
        at.into_iter().flat_map(faults).collect()
    });
    assert!(thrown > 500, "{thrown}");
}
