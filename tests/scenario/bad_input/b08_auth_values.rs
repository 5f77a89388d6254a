//! B8: AUTH payloads that are no proof: empty, zero, short, long, by any method. Signatures have their vectors elsewhere.

use ikee_tests::{Fault, Keyring, Packet, Setup};
use isakmp_wire::v2::kind;

use super::{Arena, When, places};

#[test]
fn no_empty_zero_short_or_long_value_by_any_method_is_a_proof() {
    let letters = Arena::letters(Setup::new());
    for (n, letter) in letters.iter().enumerate() {
        for at in places(letter, kind::AUTH) {
            let genuine = &letter.payloads[at].body[4..];
            let values = [
                Vec::new(),
                vec![0],
                vec![0; genuine.len()],
                vec![0xff; genuine.len()],
                genuine[..1].to_vec(),
                genuine[..genuine.len() - 1].to_vec(),
                [genuine, &[0]].concat(),
                [genuine, genuine].concat(),
                vec![0; 4000],
            ];
            let right = values.iter().map(|it| (2, it.clone()));
            let others = (0..=15).chain([200, 201, 255]).filter(|it| *it != 2);
            let others = others.map(|it| (it, genuine.to_vec()));
            for (method, value) in right.chain(others) {
                let fault = Fault::Body(at, [&[method, 0, 0, 0], value.as_slice()].concat());
                let throw = |keyring: &Keyring<'_>, it: &Packet| {
                    fault.apply(keyring, it).into_iter().collect()
                };
                let mut arena = Arena::live(Setup::new(), n, When::Instead, &throw);
                let receiver = if n == 2 { &arena.pair.b } else { &arena.pair.a };
                assert_eq!(receiver.children.len(), 1, "{method} {value:02x?}");
                assert_eq!(receiver.failures().count(), 1, "{method} {value:02x?}");
                arena.pair.settle();
                arena.survived();
            }
        }
    }
}
