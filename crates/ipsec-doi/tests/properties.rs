//! Suites and selectors survive being written and read; the algebra of selectors holds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipsec_doi::{EspProposal, EspSuite, IkeProposal, IkeSuite, SelectorError, TrafficSelector, v1};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const CLASSIC: &[&str] = &[
    "aes128",
    "aes192",
    "aes256",
    "aes128ctr",
    "aes192ctr",
    "aes256ctr",
    "3des",
    "des",
    "camellia256",
];
const AEAD: &[&str] = &[
    "aes128gcm8",
    "aes128gcm12",
    "aes128gcm16",
    "aes256gcm16",
    "aes192ccm8",
    "aes256ccm12",
    "aes256ccm16",
    "chacha20poly1305",
    "camellia128ccm16",
];
const HASHES: &[&str] = &["md5", "sha1", "sha256", "sha384", "sha512"];
const INTEGRITY: &[&str] = &[
    "md5", "md5_128", "sha1", "sha1_160", "sha256", "sha384", "sha512", "aesxcbc", "aescmac",
];
const PRFS: &[&str] = &[
    "prfmd5",
    "prfsha1",
    "prfsha256",
    "prfsha384",
    "prfsha512",
    "prfaesxcbc",
    "prfaescmac",
];
const GROUPS: &[&str] = &[
    "modp768",
    "modp1024",
    "modp1536",
    "modp2048",
    "modp3072",
    "modp4096",
    "modp6144",
    "modp8192",
    "modp1024s160",
    "modp2048s224",
    "modp2048s256",
    "ecp192",
    "ecp256",
    "ecp384",
    "ecp521",
    "ecp256bp",
    "x25519",
    "x448",
    "mlkem768",
];

/// Some words of a list, in its order; at least `least`.
fn some(words: &'static [&'static str], least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(words, least..=words.len())
}

fn ike() -> impl Strategy<Value = String> {
    let classic = (
        some(CLASSIC, 1),
        some(INTEGRITY, 1),
        some(PRFS, 0),
        some(GROUPS, 1),
    );
    let aead = (
        some(AEAD, 1),
        Just(Vec::new()),
        some(PRFS, 1),
        some(GROUPS, 1),
    );
    prop_oneof![classic, aead].prop_map(|(a, b, c, d)| [a, b, c, d].concat().join("-"))
}

fn esp() -> impl Strategy<Value = String> {
    let esn = || {
        select(vec![
            vec![],
            vec!["esn"],
            vec!["esn", "noesn"],
            vec!["noesn", "esn"],
        ])
    };
    let classic = (some(CLASSIC, 1), some(INTEGRITY, 1), some(GROUPS, 0), esn());
    let aead = (some(AEAD, 1), Just(Vec::new()), some(GROUPS, 0), esn());
    prop_oneof![classic, aead].prop_map(|(a, b, c, d)| [a, b, c, d].concat().join("-"))
}

fn address() -> impl Strategy<Value = IpAddr> {
    // Few addresses, so that ranges meet often; all of them, so that the ends are there.
    prop_oneof![
        (0_u32..20).prop_map(|it| Ipv4Addr::from_bits(it).into()),
        any::<u32>().prop_map(|it| Ipv4Addr::from_bits(it).into()),
        (0_u128..20).prop_map(|it| Ipv6Addr::from_bits(it).into()),
        any::<u128>().prop_map(|it| Ipv6Addr::from_bits(it).into()),
        Just(Ipv4Addr::BROADCAST.into()),
    ]
}

fn port_range() -> impl Strategy<Value = (u16, u16)> {
    let range = (0_u16..8, 0_u16..8).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![Just((0, u16::MAX)), Just((u16::MAX, 0)), range]
}

fn selector() -> impl Strategy<Value = TrafficSelector> {
    let protocol = select(vec![0, 1, 6, 17, 200]);
    let ranges = (address(), address()).prop_filter_map("one family", |(a, b)| {
        (a.is_ipv4() == b.is_ipv4()).then(|| (a.min(b), a.max(b)))
    });
    let subnets = (address(), 0_u8..=128).prop_map(|(addr, prefix)| {
        let it = TrafficSelector::subnet(addr, prefix);
        (it.start, it.end)
    });
    (prop_oneof![ranges, subnets], protocol, port_range()).prop_map(
        |((start, end), protocol, (start_port, end_port))| TrafficSelector {
            protocol,
            start_port,
            end_port,
            start,
            end,
        },
    )
}

proptest! {
    #[test]
    fn an_ike_proposal_is_written_as_it_is_read(text in ike()) {
        let it = IkeProposal::parse(&text).unwrap();
        prop_assert_eq!(IkeProposal::parse(&it.to_string()), Ok(it));
    }

    #[test]
    fn an_esp_proposal_is_written_as_it_is_read(text in esp()) {
        let it = EspProposal::parse(&text).unwrap();
        prop_assert_eq!(EspProposal::parse(&it.to_string()), Ok(it));
    }

    #[test]
    fn an_ike_suite_is_written_as_it_is_read_and_in_its_proposal(
        classic in (select(CLASSIC), select(INTEGRITY), select(PRFS), select(GROUPS)),
        aead in (select(AEAD), select(PRFS), select(GROUPS)),
    ) {
        let (a, b, c, d) = classic;
        for text in [format!("{a}-{b}-{d}"), format!("{a}-{b}-{c}-{d}"), format!("{}-{}-{}", aead.0, aead.1, aead.2)] {
            let suite = IkeSuite::parse(&text).unwrap();
            prop_assert_eq!(IkeSuite::parse(&suite.to_string()), Ok(suite));
            prop_assert!(IkeProposal::parse(&text).unwrap().contains(&suite));
        }
    }

    #[test]
    fn an_esp_suite_is_written_as_it_is_read_and_in_its_proposal(
        classic in (select(CLASSIC), select(INTEGRITY), select(GROUPS)),
        aead in select(AEAD),
    ) {
        let (a, b, c) = classic;
        for text in [format!("{a}-{b}"), format!("{a}-{b}-{c}-esn"), format!("{aead}-{c}")] {
            let suite = EspSuite::parse(&text).unwrap();
            prop_assert_eq!(EspSuite::parse(&suite.to_string()), Ok(suite));
            prop_assert!(EspProposal::parse(&text).unwrap().contains(&suite));
        }
    }

    #[test]
    fn a_phase_1_proposal_is_written_as_it_is_read(
        parts in (subsequence(&["3des", "des", "aes128", "aes256", "camellia256"][..], 1..=5), some(HASHES, 1), some(GROUPS, 1)),
    ) {
        let text = [parts.0, parts.1, parts.2].concat().join("-");
        let it = v1::IkeProposal::parse(&text).unwrap();
        prop_assert_eq!(it.to_string(), text.as_str());
        prop_assert_eq!(it.suites().count(), it.encryption.len() * it.hash.len() * it.groups.len());
        for suite in it.suites().take(8) {
            let offer = v1::Phase1 {
                suite,
                auth: isakmp_wire::v1::AuthMethod::PRE_SHARED_KEY,
                lifetimes: v1::Lifetimes { seconds: Some(3600), kilobytes: Some(9) },
            };
            let attributes = offer.attributes().unwrap();
            let read = v1::Phase1::read(attributes.iter().map(|it| it.as_attribute()));
            prop_assert_eq!(read, Ok(offer));
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,60}") {
        drop(IkeProposal::parse_list(&text).map_err(|error| error.to_string()));
        drop(EspProposal::parse_list(&text).map_err(|error| error.to_string()));
        drop(v1::IkeProposal::parse_list(&text).map_err(|error| error.to_string()));
        drop(TrafficSelector::parse(&text).map_err(|error| error.to_string()));
    }

    #[test]
    fn a_selector_is_written_as_it_is_read(it in selector()) {
        prop_assert_eq!(TrafficSelector::parse(&it.to_string()), Ok(it));
        prop_assert_eq!(TrafficSelector::from_wire(&it.to_wire()), Some(it));
    }

    #[test]
    fn intersection_is_commutative_and_in_both(a in selector(), b in selector()) {
        let both = a.intersect(&b);
        prop_assert_eq!(both, b.intersect(&a));
        if let Some(both) = both {
            prop_assert!(both.is_valid());
            prop_assert!(a.contains(&both) && b.contains(&both));
        }
    }

    #[test]
    fn intersection_is_associative(a in selector(), b in selector(), c in selector()) {
        let left = a.intersect(&b).and_then(|it| it.intersect(&c));
        let right = b.intersect(&c).and_then(|it| a.intersect(&it));
        prop_assert_eq!(left, right);
    }

    #[test]
    fn a_selector_contains_itself_and_containment_is_an_order(a in selector(), b in selector()) {
        prop_assert!(a.contains(&a));
        prop_assert_eq!(a.intersect(&a), Some(a));
        if a.contains(&b) && b.contains(&a) {
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn a_packet_is_in_the_intersection_if_it_is_in_both(
        a in selector(),
        b in selector(),
        protocol in select(vec![0_u8, 1, 6, 17]),
        port in 0_u16..8,
        addr in address(),
    ) {
        let packet = |it: &TrafficSelector| it.matches(protocol, port, addr);
        let both = a.intersect(&b).is_some_and(|it| packet(&it));
        prop_assert_eq!(both, packet(&a) && packet(&b));
    }

    #[test]
    fn a_subnet_is_found_again(addr in address(), prefix in 0_u8..=128) {
        let it = TrafficSelector::subnet(addr, prefix);
        let longest = if addr.is_ipv4() { 32 } else { 128 };
        prop_assert_eq!(it.to_subnet(), Some((it.start, prefix.min(longest))));
        prop_assert!(it.contains(&TrafficSelector::host(addr)));
    }
}

#[test]
fn every_selector_is_within_all_traffic_of_its_family() {
    let tcp = TrafficSelector::parse("192.0.2.0/24[tcp/opaque]").unwrap();
    assert!(tcp.is_opaque() && TrafficSelector::any_v4().contains(&tcp));
    assert!(!TrafficSelector::any_v6().contains(&tcp));
    assert!(
        !tcp.matches(6, 80, [192, 0, 2, 1].into()),
        "its ports are not seen"
    );
    assert_eq!(TrafficSelector::any_v4().to_string(), "0.0.0.0/0");
    assert_eq!(TrafficSelector::any_v6().to_string(), "::/0");
}

#[test]
fn what_is_wrong_with_a_selector_is_said() {
    for (text, error) in [
        ("", SelectorError::Address),
        ("10.0.0.256", SelectorError::Address),
        ("10.0.0.0/33", SelectorError::Prefix),
        ("::/129", SelectorError::Prefix),
        ("10.0.0.9-10.0.0.1", SelectorError::Order),
        ("10.0.0.1-::1", SelectorError::Order),
        ("10.0.0.1[tcp/80", SelectorError::Bracket),
        ("10.0.0.1[carrier-pigeon]", SelectorError::Protocol),
        ("10.0.0.1[tcp/http]", SelectorError::Port),
        ("10.0.0.1[tcp/9-1]", SelectorError::Port),
    ] {
        assert_eq!(TrafficSelector::parse(text), Err(error), "{text}");
    }
}
