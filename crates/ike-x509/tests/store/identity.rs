//! Identities: RFC 4945 §3.1 and §5.1.

use core::net::IpAddr;

use hex_literal::hex;
use ike_x509::{Certificate, Policy, Presented, Reason, Refusal};
use ipsec_doi::Identity;
use isakmp_wire::v2::IdType;
use rcgen::{DnType, DnValue, SanType};

use crate::pki::{Key, NOW, fair, peer, plain, root, trusting};

fn rich() -> Vec<u8> {
    let mut params = plain("Alice Example", 2);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Lab");
    params.subject_alt_names = vec![
        SanType::DnsName("A.Lab".try_into().unwrap()),
        SanType::DnsName("*.wild.lab".try_into().unwrap()),
        SanType::Rfc822Name("Alice@Example.ORG".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse::<IpAddr>().unwrap()),
        SanType::IpAddress("2001:db8::7".parse::<IpAddr>().unwrap()),
    ];
    root().issue(&params, &Key::p256(9))
}

fn is_for(identity: &Identity, wildcards: bool) -> Result<(), Refusal> {
    let chain = [rich()];
    let mut policy = Policy::default();
    policy.wildcards = wildcards;
    let presented = Presented {
        chain: &chain,
        crls: &[],
    };
    let verdict = trusting(&[&root()]).verify(presented, identity, NOW, &policy);
    verdict.map(drop)
}

#[test]
fn names_and_addresses_are_those_of_the_subject_alt_name() {
    for fine in [
        "a.lab",
        "A.LAB",
        "Alice@example.org",
        "192.0.2.7",
        "2001:db8::7",
    ] {
        is_for(&Identity::parse(fine).unwrap(), false).unwrap();
    }
    for other in [
        "b.lab",
        "a.lab.evil",
        "lab",
        "alice@example.org",
        "Alice@example.com",
        "192.0.2.8",
        "2001:db8::8",
        "x.wild.lab",
        // RFC 4945 §3.1.2: the common name does not count
        "Alice Example",
        "*.wild.lab",
    ] {
        let refusal = is_for(&Identity::parse(other).unwrap(), false).unwrap_err();
        fair(&refusal, Reason::Identity);
        assert!(refusal.text.contains("'A.Lab'"), "{refusal}");
    }
}

#[test]
fn a_wildcard_stands_for_one_label_and_only_where_allowed() {
    is_for(&Identity::fqdn("x.wild.lab"), true).unwrap();
    for other in ["wild.lab", "x.y.wild.lab", ".wild.lab", "*.wild.lab"] {
        let refusal = is_for(&Identity::fqdn(other), true).unwrap_err();
        assert_eq!(refusal.reason, Reason::Identity, "{other}");
    }
}

fn name(parts: &[(u8, u8, &[u8])]) -> Identity {
    let mut content = Vec::new();
    for (attribute, tag, text) in parts {
        let value = crate::chain::tlv(*tag, text);
        let pair = [&[6, 3, 0x55, 4, *attribute][..], &value].concat();
        content.extend(crate::chain::tlv(0x31, &crate::chain::tlv(0x30, &pair)));
    }
    Identity::new(IdType::DER_ASN1_DN, crate::chain::tlv(0x30, &content))
}

const CN: u8 = 3;
const O: u8 = 10;
const UTF8: u8 = 12;
const PRINTABLE: u8 = 19;

/// RFC 4945 §3.1.5, RFC 5280 §7.1.
#[test]
fn distinguished_names_are_compared_by_structure() {
    for parts in [
        [(CN, UTF8, &b"Alice Example"[..]), (O, UTF8, b"Lab")],
        [(CN, PRINTABLE, b"Alice Example"), (O, PRINTABLE, b"Lab")],
        [(CN, UTF8, b"alice   EXAMPLE "), (O, UTF8, b"LAB")],
    ] {
        is_for(&name(&parts), false).unwrap();
    }
    for parts in [
        &[(O, UTF8, &b"Lab"[..]), (CN, UTF8, b"Alice Example")][..],
        &[(CN, UTF8, b"Alice Example")],
        &[
            (CN, UTF8, b"Alice Example"),
            (O, UTF8, b"Lab"),
            (O, UTF8, b"Lab"),
        ],
        &[(CN, UTF8, b"AliceExample"), (O, UTF8, b"Lab")],
        &[(CN, 30, b"Alice Example"), (O, UTF8, b"Lab")],
    ] {
        let refusal = is_for(&name(parts), false).unwrap_err();
        assert_eq!(refusal.reason, Reason::Identity);
    }
}

/// B9: a truncated name; and the empty one, which every certificate without a subject would have.
#[test]
fn broken_distinguished_names_are_refused() {
    let whole = name(&[(CN, UTF8, b"Alice Example"), (O, UTF8, b"Lab")]);
    for end in 0..whole.data.len() {
        let cut = Identity::new(IdType::DER_ASN1_DN, whole.data[..end].to_vec());
        fair(&is_for(&cut, false).unwrap_err(), Reason::IdentityType);
    }
    let trailing = Identity::new(IdType::DER_ASN1_DN, [&whole.data[..], &[0]].concat());
    let empty = Identity::new(IdType::DER_ASN1_DN, hex!("3000").to_vec());
    for broken in [trailing, empty] {
        fair(&is_for(&broken, false).unwrap_err(), Reason::IdentityType);
    }
}

#[test]
fn identities_that_no_certificate_confirms_are_refused() {
    for identity in [
        Identity::parse("keyid:group").unwrap(),
        Identity::new(IdType::new(0), vec![]),
        Identity::new(IdType::new(200), vec![1, 2, 3]),
    ] {
        fair(&is_for(&identity, false).unwrap_err(), Reason::IdentityType);
    }
    for identity in [
        Identity::new(IdType::FQDN, vec![]),
        Identity::new(IdType::FQDN, b"a.lab\0".to_vec()),
        Identity::new(IdType::FQDN, vec![0xff, 0xfe]),
        Identity::new(IdType::IPV4_ADDR, vec![192, 0, 2]),
        Identity::new(IdType::IPV4_ADDR, vec![]),
        Identity::new(IdType::IPV6_ADDR, vec![192, 0, 2, 7]),
        Identity::new(IdType::RFC822_ADDR, b"no-at-sign".to_vec()),
    ] {
        fair(&is_for(&identity, false).unwrap_err(), Reason::Identity);
    }
}

/// B9: `a.lab NUL .evil` would be `a.lab` to whoever stops reading at the NUL.
#[test]
fn names_with_nul_are_refused() {
    let root = root();
    let store = trusting(&[&root]);
    let mut dns = peer("a.lab", 2);
    let name = SanType::DnsName("a.lab\0.evil".try_into().unwrap());
    dns.subject_alt_names.push(name);
    let mut mail = peer("a.lab", 2);
    let name = SanType::Rfc822Name("a@lab\0.evil".try_into().unwrap());
    mail.subject_alt_names.push(name);
    let mut subject = peer("a.lab", 2);
    subject
        .distinguished_name
        .push(DnType::OrganizationName, DnValue::Utf8String("a\0b".into()));
    for params in [dns, mail, subject] {
        let chain = [root.issue(&params, &Key::p256(9))];
        let refusal = crate::pki::refused(&store, &chain, Reason::BadName);
        assert!(!refusal.to_string().contains('\0'));
    }
}

#[test]
fn our_own_certificate_says_whom_it_is_for() {
    let certificate = Certificate::from_der(rich()).unwrap();
    certificate
        .check_identity(&Identity::fqdn("a.lab"))
        .unwrap();
    let refusal = certificate
        .check_identity(&Identity::fqdn("b.lab"))
        .unwrap_err();
    fair(&refusal, Reason::Identity);
    let subject = Identity::new(IdType::DER_ASN1_DN, certificate.subject_der().to_vec());
    certificate.check_identity(&subject).unwrap();
}
