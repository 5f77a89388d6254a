//! RFC 3972: its example, addresses of all security parameters, the search, and whatever octets may come.

use core::net::Ipv6Addr;
use core::time::Duration;

use hex_literal::hex;
use ikee_cga::{Claim, Malformed, Parameters, Refusal, Search, Sec, TooHard, verify};
use proptest::prelude::*;

/// The example of RFC 3972 Appendix A: a key of 512 bits.
const KEY: [u8; 94] = hex!(
    "305c300d06092a864886f70d0101010500034b003048024100c2c2f137305454f10bd9cea36844b530e9211a4b262b16467cb7dfba1f595c01"
    "94f275be5a4d386f2c3c2382508773c7867f9b3b9e63a09c7bc48f7a54ebefaf0203010001"
);

fn example() -> Parameters {
    Parameters {
        modifier: hex!("89a8a8b2e858d8b8f2633f44d2d4ce9b"),
        prefix: hex!("fe80000000000000"),
        collisions: 0,
        public_key: KEY.to_vec(),
        extensions: Vec::new(),
    }
}

const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x3c4a, 0x5bf6, 0xffb4, 0xca6c);

/// Runs a search to its end.
fn search(mut search: Search, slice: u32) -> ([u8; 16], u64) {
    let mut hash = search.hash2();
    loop {
        let part = search.take(slice);
        let found = hash.try_all(&part);
        search.done(part, found);
        if let Some(modifier) = search.found() {
            return (modifier, search.tries());
        }
    }
}

#[test]
fn the_example_of_the_appendix_has_its_hashes_and_its_address() {
    let parameters = example();
    assert_eq!(parameters.hash1(), 0xfd4a_5bf6_ffb4_ca6c);
    assert_eq!(parameters.hash2(), hex!("000001ca680b83888d0912dffcce"));
    assert_eq!(parameters.address(Sec::ONE), ADDRESS);
    assert_eq!(verify(ADDRESS, &parameters), Ok(Sec::ONE));
    let octets = [
        &hex!("89a8a8b2e858d8b8f2633f44d2d4ce9bfe8000000000000000")[..],
        &KEY,
    ]
    .concat();
    assert_eq!(parameters.to_octets(), octets);
    assert_eq!(Parameters::parse(&octets), Ok(parameters));
}

#[test]
fn the_search_finds_the_modifier_of_the_example_at_the_second_try() {
    let start = hex!("89a8a8b2e858d8b8f2633f44d2d4ce9a");
    let mut first = example();
    first.modifier = start;
    assert_eq!(first.hash2(), hex!("436b9a70dbfddbf1926e6e6629c0"));
    let (modifier, tries) = search(Search::new(Sec::ONE, &KEY, &[], start).unwrap(), 1);
    assert_eq!(modifier, example().modifier);
    assert_eq!(tries, 2);
}

#[test]
fn an_address_is_refused_when_anything_that_it_is_made_of_differs() {
    let changed = |change: fn(&mut Parameters)| {
        let mut parameters = example();
        change(&mut parameters);
        verify(ADDRESS, &parameters)
    };
    assert_eq!(changed(|it| it.modifier[15] ^= 1), Err(Refusal::Hash1));
    assert_eq!(changed(|it| it.prefix[7] ^= 1), Err(Refusal::Prefix));
    assert_eq!(changed(|it| it.collisions = 1), Err(Refusal::Hash1));
    assert_eq!(changed(|it| it.collisions = 3), Err(Refusal::Collisions));
    assert_eq!(changed(|it| it.public_key[93] ^= 1), Err(Refusal::Hash1));
    assert_eq!(changed(|it| it.extensions.push(0)), Err(Refusal::Hash1));
}

#[test]
fn universal_and_group_bits_do_not_count() {
    let flipped = Ipv6Addr::from_bits(ADDRESS.to_bits() ^ (3 << 56));
    assert_eq!(verify(flipped, &example()), Ok(Sec::ONE));
}

#[test]
fn each_security_parameter_asks_for_16_more_zero_bits() {
    // Hash2 of the example begins with 23 zero bits
    for number in 0..=7 {
        let sec = Sec::new(number).unwrap();
        let address = example().address(sec);
        assert_eq!(Sec::of(address), sec);
        let expected = if number < 2 {
            Ok(sec)
        } else {
            Err(Refusal::Hash2)
        };
        assert_eq!(verify(address, &example()), expected);
    }
    assert_eq!(Sec::new(8), None);
}

#[test]
fn security_parameters_0_and_1_are_found_and_verified() {
    for sec in [Sec::ZERO, Sec::ONE] {
        let start = Search::new(sec, &KEY, &[1, 2], [0xff; 16]).unwrap();
        let (modifier, _) = search(start, 1000);
        let mut parameters = example();
        parameters.modifier = modifier;
        parameters.extensions = vec![1, 2];
        for collisions in 0..3 {
            parameters.collisions = collisions;
            assert_eq!(verify(parameters.address(sec), &parameters), Ok(sec));
        }
    }
}

#[test]
fn the_search_agrees_with_hash2_wherever_the_padding_begins() {
    // SHA-1 has blocks of 64 octets, and nine of padding at least
    for extra in 0..64_usize {
        let key = vec![0x30; 62 + extra];
        let (modifier, _) = search(Search::new(Sec::ONE, &key, &[], [5; 16]).unwrap(), 1 << 16);
        let mut parameters = example();
        parameters.modifier = modifier;
        parameters.public_key = key;
        assert!(parameters.hash2().starts_with(&[0, 0]), "{extra}");
    }
}

#[test]
fn a_search_for_2_goes_on_where_it_was_interrupted() {
    const SLICE: u32 = 20_000;
    let new = || Search::new(Sec::TWO, &KEY, &[], [3; 16]).unwrap();
    let mut first = new();
    let (a, b) = (first.take(SLICE), first.take(SLICE));
    let mut hash = first.hash2();
    let found = hash.try_all(&b);
    first.done(b, found);
    assert_eq!(first.tries(), 0, "the first slice is still out");
    let found = hash.try_all(&a);
    first.done(a, found);
    let tries = first.tries();
    assert_eq!(tries, u64::from(2 * SLICE));

    let (mut whole, mut second) = (new(), new().resumed(tries));
    let skipped = whole.take(2 * SLICE);
    whole.done(skipped, None);
    assert_eq!(second.take(SLICE), whole.take(SLICE));
    assert_eq!(second.start(), [3; 16]);
}

#[test]
fn security_parameters_above_2_are_not_searched_for() {
    for number in 3..=7 {
        let sec = Sec::new(number).unwrap();
        let refused = Search::new(sec, &KEY, &[], [0; 16]);
        assert_eq!(refused.map(|it| it.tries()), Err(TooHard(sec)));
        assert!(TooHard(sec).to_string().contains("2^"));
    }
}

#[test]
fn expected_times_are_those_of_a_geometric_distribution() {
    let at = |number| Sec::new(number).unwrap().expected_time(1 << 20);
    assert_eq!(Sec::ZERO.expected_tries(), 1);
    assert_eq!(
        at(1),
        Duration::from_millis(62) + Duration::from_micros(500)
    );
    assert_eq!(at(2), Duration::from_secs(4096));
    assert_eq!(at(3), Duration::from_secs(1 << 28));
    assert_eq!(at(7), Duration::MAX);
    assert_eq!(Sec::TWO.expected_time(0), Duration::MAX);
}

#[test]
fn parameters_that_break_off_are_refused_by_name() {
    let octets = example().to_octets();
    for cut in 0..octets.len() {
        assert_eq!(Parameters::parse(&octets[..cut]), Err(Malformed::Truncated));
    }
    let mut other = octets.clone();
    other[25] = 0x31;
    assert_eq!(Parameters::parse(&other), Err(Malformed::Key));
    // lengths that are not in their shortest form, or indefinite
    for length in [
        &[0x81, 0x7f][..],
        &[0x82, 0, 0x80],
        &[0x80],
        &[0x84, 0, 0, 1, 0],
    ] {
        let mut odd = octets[..26].to_vec();
        odd.extend(length);
        odd.extend([0; 400]);
        assert_eq!(Parameters::parse(&odd), Err(Malformed::Key));
    }
}

/// The DER of a SEQUENCE of any length, as RFC 5280 has keys.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![0..0x80_usize, 0x80..0x100_usize, 0x100..700_usize]
        .prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))
        .prop_map(|content| {
            let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
            let head: &[u8] = match (high, low) {
                (0, 0..0x80) => &[0x30, low],
                (0, _) => &[0x30, 0x81, low],
                _ => &[0x30, 0x82, high, low],
            };
            [head, &content].concat()
        })
}

prop_compose! {
    fn any_parameters()(
        modifier: [u8; 16],
        prefix: [u8; 8],
        collisions in 0..3_u8,
        public_key in key(),
        extensions in prop::collection::vec(any::<u8>(), 0..100),
    ) -> Parameters {
        Parameters { modifier, prefix, collisions, public_key, extensions }
    }
}

proptest! {
    #[test]
    fn parameters_survive_the_round_trip(it in any_parameters()) {
        prop_assert_eq!(Parameters::parse(&it.to_octets()), Ok(it.clone()));
        let claim = Claim::parse(&Claim::from(&it).payload().body).unwrap();
        prop_assert_eq!(claim.complete(it.prefix, &it.public_key), it);
    }

    #[test]
    fn an_address_made_without_a_search_verifies(it in any_parameters()) {
        let address = it.address(Sec::ZERO);
        prop_assert_eq!(verify(address, &it), Ok(Sec::ZERO));
        prop_assert!(address.octets().starts_with(&it.prefix));
        // universal/local and group are zero (RFC 3972 §4)
        prop_assert_eq!(address.octets()[8] & 3, 0);
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(parameters) = Parameters::parse(&octets) {
            prop_assert_eq!(parameters.to_octets(), &octets[..]);
        }
        if let Ok(claim) = Claim::parse(&octets) {
            prop_assert_eq!(claim.payload().body[4..].to_vec(), octets[4..].to_vec());
        }
    }
}
