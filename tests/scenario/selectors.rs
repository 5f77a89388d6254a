//! Traffic selectors and their narrowing (RFC 7296 §2.9).

use ikee_tests::{Pair, Setup};
use ikev2::{Child, Selectors};
use ipsec_doi::TrafficSelector;

fn list(text: &str) -> Vec<TrafficSelector> {
    let parse = |it| TrafficSelector::parse(it).expect("a selector");
    text.split_whitespace().map(parse).collect()
}

fn fixed(text: &str) -> Selectors {
    Selectors::Fixed(list(text))
}

/// What the initiator has, local and remote, and what the responder has.
fn agree(a: (&str, &str), b: (&str, &str)) -> Pair {
    let mut setup = Setup::new();
    (setup.a.child().local, setup.a.child().remote) = (fixed(a.0), fixed(a.1));
    (setup.b.child().local, setup.b.child().remote) = (fixed(b.0), fixed(b.1));
    let mut pair = setup.build();
    pair.connect();
    pair
}

#[test]
fn the_responder_narrows_to_what_both_allow() {
    let cases = [
        // the responder has less
        (
            ("10.0.0.0/8", "10.1.0.0/16"),
            ("10.1.2.0/24", "10.0.3.0/24"),
            ("10.0.3.0/24", "10.1.2.0/24"),
        ),
        // the responder has more
        (
            ("10.0.3.0/24", "10.1.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("10.0.3.0/24", "10.1.2.0/24"),
        ),
        // each has more on one side
        (
            ("10.0.0.0/8", "10.1.2.0/24"),
            ("10.1.0.0/16", "10.0.3.0/24"),
            ("10.0.3.0/24", "10.1.2.0/24"),
        ),
        // protocol and port
        (
            ("10.0.0.0/8", "10.1.0.0/16"),
            ("10.1.0.0/16[tcp/80]", "10.0.0.0/8[tcp]"),
            ("10.0.0.0/8[tcp]", "10.1.0.0/16[tcp/80]"),
        ),
        // several
        (
            ("10.0.1.0/24 10.0.2.0/24", "10.1.0.0/16"),
            ("10.1.0.0/16", "10.0.2.0/23 10.0.9.0/24"),
            ("10.0.2.0/24", "10.1.0.0/16"),
        ),
        // both families
        (
            ("10.0.0.0/8 fd00::/16", "::/0 0.0.0.0/0"),
            ("fd01::/32", "fd00:1::/32"),
            ("fd00:1::/32", "fd01::/32"),
        ),
        // ranges that are no subnets
        (
            ("10.0.0.5-10.0.0.99", "10.1.0.0/16"),
            ("10.1.0.0/16", "10.0.0.50-10.0.0.200"),
            ("10.0.0.50-10.0.0.99", "10.1.0.0/16"),
        ),
    ];
    for (a, b, common) in cases {
        let pair = agree(a, b);
        pair.assert_children_match();
        assert_eq!(
            pair.a.child().local_selectors,
            list(common.0),
            "{a:?} {b:?}"
        );
        assert_eq!(
            pair.a.child().remote_selectors,
            list(common.1),
            "{a:?} {b:?}"
        );
    }
}

#[test]
fn the_first_child_that_fits_is_taken() {
    let mut setup = Setup::new();
    setup.a.child().local = fixed("10.0.0.0/16");
    setup.a.child().remote = fixed("10.5.0.0/16");
    let esp = setup.b.child().proposals.clone();
    let child = |name: &str, local: &str| {
        let mut child = Child::new(name, esp.clone());
        child.local = fixed(local);
        child.remote = fixed("0.0.0.0/0");
        child
    };
    setup.b.connection().children = vec![
        child("other", "10.4.0.0/16"),
        child("narrow", "10.5.5.0/24"),
        child("wide", "10.0.0.0/8"),
    ];
    let mut pair = setup.build();
    pair.connect();
    pair.assert_children_match();
    assert_eq!(pair.b.child().name, "narrow");
    assert_eq!(pair.a.child().remote_selectors, list("10.5.5.0/24"));
}
