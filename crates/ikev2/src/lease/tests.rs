use alloc::format;
use core::net::IpAddr;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn gives(pools: &[&str]) -> Addressing {
    let pools = pools.iter().map(|it| it.parse().unwrap()).collect();
    Addressing {
        pools,
        ..Addressing::default()
    }
}

/// Asks for an IPv4 address for the named peer under the SA of that number.
fn ask(leases: &mut Leases, gives: &Addressing, (sa, name): (u64, &str)) -> Option<IpAddr> {
    wish(leases, gives, (sa, name), None)
}

fn wish(
    leases: &mut Leases,
    gives: &Addressing,
    (sa, name): (u64, &str),
    wish: Option<&str>,
) -> Option<IpAddr> {
    let wish = wish.map(ip);
    leases.take(&Request {
        sa: SaId::new(sa),
        identity: &Identity::fqdn(name),
        gives,
        family: wish.map_or(Family::V4, Family::of),
        wish,
    })
}

/// RFC 7296 §3.15.4: when there is none left, there is none.
#[test]
fn a_pool_is_handed_out_to_the_last_address_and_no_further() {
    let (mut leases, gives) = (Leases::default(), gives(&["10.9.0.1-10.9.0.2", "10.9.1.9"]));
    let mut next = |n| ask(&mut leases, &gives, (n, &format!("{n}.example")));
    assert_eq!(
        [next(1), next(2), next(3)],
        [ip("10.9.0.1"), ip("10.9.0.2"), ip("10.9.1.9")].map(Some)
    );
    assert_eq!(next(4), None);
    leases.release(SaId::new(2));
    assert_eq!(
        ask(&mut leases, &gives, (4, "4.example")),
        Some(ip("10.9.0.2"))
    );
}

#[test]
fn a_peer_gets_its_former_address_while_others_get_fresh_ones() {
    let (mut leases, gives) = (Leases::default(), gives(&["10.9.0.1-10.9.0.3"]));
    let first = ask(&mut leases, &gives, (1, "a"));
    leases.release(SaId::new(1));
    assert_ne!(ask(&mut leases, &gives, (2, "b")), first);
    assert_eq!(ask(&mut leases, &gives, (3, "a")), first);
    // unless it has it still, on another device perhaps
    let other = ask(&mut leases, &gives, (4, "a"));
    assert!(other.is_some() && other != first);
}

#[test]
fn a_former_address_goes_to_somebody_else_when_nothing_else_is_left() {
    let (mut leases, gives) = (Leases::default(), gives(&["10.9.0.1"]));
    let only = Some(ip("10.9.0.1"));
    assert_eq!(ask(&mut leases, &gives, (1, "a")), only);
    leases.release(SaId::new(1));
    assert_eq!(ask(&mut leases, &gives, (2, "b")), only);
    assert_eq!(ask(&mut leases, &gives, (3, "a")), None);
}

/// A wish counts if it is in a pool, and nobody else has it.
#[test]
fn a_wish_is_granted_where_it_may_be() {
    let (mut leases, gives) = (Leases::default(), gives(&["fd00::1-fd00::ffff:ffff"]));
    let far = Some("fd00::ffff:0");
    assert_eq!(
        wish(&mut leases, &gives, (1, "a"), far),
        Some(ip("fd00::ffff:0"))
    );
    assert_eq!(
        wish(&mut leases, &gives, (2, "b"), far),
        Some(ip("fd00::1"))
    );
    assert_eq!(
        wish(&mut leases, &gives, (3, "c"), Some("fd01::1")),
        Some(ip("fd00::2"))
    );
    // the successor of its own SA shares it
    assert_eq!(
        wish(&mut leases, &gives, (4, "a"), far),
        Some(ip("fd00::ffff:0"))
    );
    leases.release(SaId::new(1));
    assert_eq!(
        wish(&mut leases, &gives, (5, "b"), far),
        Some(ip("fd00::3"))
    );
    leases.release(SaId::new(4));
    assert_eq!(
        wish(&mut leases, &gives, (6, "b"), far),
        Some(ip("fd00::ffff:0"))
    );
}

#[test]
fn a_fixed_address_is_for_its_identity_and_for_nobody_else() {
    let mut gives = gives(&["10.9.0.1-10.9.0.3"]);
    gives.fixed = alloc::vec![(Identity::fqdn("boss"), ip("10.9.0.1"))];
    let mut leases = Leases::default();
    assert_eq!(
        wish(&mut leases, &gives, (1, "a"), Some("10.9.0.1")),
        Some(ip("10.9.0.2"))
    );
    assert_eq!(ask(&mut leases, &gives, (2, "b")), Some(ip("10.9.0.3")));
    assert_eq!(ask(&mut leases, &gives, (3, "c")), None);
    for sa in [4, 5] {
        assert_eq!(
            wish(&mut leases, &gives, (sa, "boss"), Some("10.9.0.2")),
            Some(ip("10.9.0.1"))
        );
    }
}

/// RFC 7619 §2.2: those who are nobody are not one another.
#[test]
fn those_who_prove_nothing_share_nothing() {
    let (mut leases, gives) = (Leases::default(), gives(&["10.9.0.1-10.9.0.9"]));
    let mut take = |sa, wish| {
        leases.take(&Request {
            sa: SaId::new(sa),
            identity: &Identity::nobody(),
            gives: &gives,
            family: Family::V4,
            wish,
        })
    };
    assert_eq!(take(1, None), Some(ip("10.9.0.1")));
    assert_eq!(take(2, Some(ip("10.9.0.1"))), Some(ip("10.9.0.2")));
}

/// RFC 7296 §2.8: a rekeyed SA has what the old one had, which gives nothing back any more.
#[test]
fn a_successor_inherits_the_addresses() {
    let (mut leases, gives) = (Leases::default(), gives(&["10.9.0.1"]));
    assert!(ask(&mut leases, &gives, (1, "a")).is_some());
    leases.inherit(SaId::new(1), SaId::new(2));
    leases.release(SaId::new(1));
    assert_eq!(ask(&mut leases, &gives, (3, "b")), None);
    assert_eq!(ask(&mut leases, &gives, (2, "a")), Some(ip("10.9.0.1")));
    leases.release(SaId::new(2));
    assert_eq!(ask(&mut leases, &gives, (3, "b")), Some(ip("10.9.0.1")));
    assert_eq!((leases.held.len(), leases.by_sa.len()), (1, 1));
}

/// What is kept is what is in use, and a bounded memory of former addresses.
#[test]
fn a_large_pool_costs_nothing_but_what_is_in_use() {
    let (mut leases, gives) = (Leases::default(), gives(&["10.0.0.0/8", "fd00::/8"]));
    for n in 0..40_000 {
        let name = format!("{n}.example");
        assert!(ask(&mut leases, &gives, (n, &name)).is_some());
        assert!(wish(&mut leases, &gives, (n, &name), Some("fdff::1")).is_some());
        leases.release(SaId::new(n));
    }
    assert!(leases.held.is_empty() && leases.by_sa.is_empty());
    assert_eq!(leases.former.addresses.len(), MAX_FORMER);
    assert_eq!(leases.former.order.len(), MAX_FORMER);
}

/// Pools that overlap hand an address out once, at a bounded price.
#[test]
fn overlapping_pools_give_each_address_once() {
    let all = gives(&["10.9.0.0/22"]);
    let both = gives(&["10.9.0.0/21"]);
    let mut leases = Leases::default();
    let mut seen = BTreeSet::new();
    for n in 0..2046 {
        let gives = if n < 1022 { &all } else { &both };
        let given = (0..2).find_map(|_| ask(&mut leases, gives, (n, &format!("{n}"))));
        assert!(seen.insert(given.unwrap()), "{n}");
    }
    assert_eq!(ask(&mut leases, &both, (9999, "late")), None);
}
