//! Chains: RFC 5280 §6, RFC 4945 §5.1.

use ike_x509::{Certificate, Policy, Purpose, Reason, Store};
use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, date_time_ymd,
};

use crate::pki::{
    Authority, Key, Public, ca, judge, judge_by, peer, plain, refused, root, trusting,
};

#[test]
fn a_certificate_of_a_trusted_authority_is_taken_with_its_key() {
    let root = root();
    for key in [Key::p256(9), Key::ed25519(9), Key::rsa()] {
        let leaf = root.issue(&peer("a.lab", 2), &key);
        let verified = judge(&trusting(&[&root]), &[leaf]).unwrap();
        assert_eq!(verified.public_key, key.inner.public_key());
        assert_eq!(verified.subject, "CN=a.lab");
        assert_eq!(verified.authority, "CN=Root");
        assert_eq!(verified.not_after.as_secs(), 1_861_920_000);
    }
}

#[test]
fn authorities_of_every_kind_of_key_are_verified() {
    for key in [Key::p256(1), Key::ed25519(1), Key::rsa()] {
        let root = Authority::root(ca("Root", 1), key);
        let leaf = root.issue(&peer("a.lab", 2), &Key::p256(9));
        judge(&trusting(&[&root]), &[leaf]).unwrap();
    }
}

#[test]
fn certificates_between_come_from_the_peer_or_from_the_store_in_any_order() {
    let root = root();
    let upper = root.below(ca("Upper", 2), Key::p256(2));
    let lower = upper.below(ca("Lower", 3), Key::p256(3));
    let leaf = lower.issue(&peer("a.lab", 4), &Key::p256(9));
    let mut store = trusting(&[&root]);
    let all = [&lower.der, &upper.der, &root.der, &leaf].map(Clone::clone);
    let [lower, upper, root, _] = &all;
    judge(&store, &[leaf.clone(), lower.clone(), upper.clone()]).unwrap();
    judge(
        &store,
        &[leaf.clone(), root.clone(), upper.clone(), lower.clone()],
    )
    .unwrap();
    let refusal = refused(
        &store,
        &[leaf.clone(), lower.clone()],
        Reason::UnknownAuthority,
    );
    assert_eq!(refusal.subject, "CN=Lower");
    assert!(refusal.text.contains("'CN=Upper'"), "{refusal}");
    store.add_intermediate(Certificate::from_der(upper.as_slice()).unwrap());
    judge(&store, &[leaf, lower.clone()]).unwrap();
}

#[test]
fn nothing_and_too_much_are_refused() {
    let root = root();
    let leaf = root.issue(&peer("a.lab", 2), &Key::p256(9));
    let store = trusting(&[&root]);
    refused(&store, &[], Reason::Missing);
    refused(&store, &vec![leaf.clone(); 13], Reason::TooMany);
    judge(&store, &vec![leaf; 12]).unwrap();
}

#[test]
fn who_is_not_within_its_validity_is_named() {
    let root = root();
    let store = trusting(&[&root]);
    let mut expired = peer("a.lab", 2);
    expired.not_after = date_time_ymd(2026, 11, 1);
    let leaf = root.issue(&expired, &Key::p256(9));
    let refusal = refused(&store, &[leaf], Reason::Expired);
    assert_eq!(refusal.subject, "CN=a.lab");
    assert!(refusal.text.contains("2026-11-01 00:00 UTC"), "{refusal}");

    let mut future = peer("a.lab", 2);
    future.not_before = date_time_ymd(2027, 2, 1);
    let leaf = root.issue(&future, &Key::p256(9));
    refused(&store, &[leaf], Reason::NotYetValid);

    let mut between = ca("Between", 3);
    between.not_after = date_time_ymd(2026, 10, 1);
    let between = root.below(between, Key::p256(3));
    let leaf = between.issue(&peer("a.lab", 4), &Key::p256(9));
    let refusal = refused(&store, &[leaf, between.der], Reason::Expired);
    assert_eq!(refusal.subject, "CN=Between");

    let mut old = ca("Old Root", 1);
    old.not_after = date_time_ymd(2026, 9, 1);
    let old = Authority::root(old, Key::p256(4));
    let leaf = old.issue(&peer("a.lab", 5), &Key::p256(9));
    let refusal = refused(&trusting(&[&old]), &[leaf], Reason::Expired);
    assert_eq!(refusal.subject, "CN=Old Root");
}

#[test]
fn strangers_and_the_self_signed_are_refused() {
    let (root, other) = (root(), Authority::root(ca("Other", 1), Key::p256(5)));
    let leaf = other.issue(&peer("a.lab", 2), &Key::p256(9));
    let refusal = refused(
        &trusting(&[&root]),
        core::slice::from_ref(&leaf),
        Reason::UnknownAuthority,
    );
    assert!(refusal.text.contains("'CN=Other'"), "{refusal}");
    refused(
        &trusting(&[&root]),
        &[leaf, other.der],
        Reason::UnknownAuthority,
    );
    let own = Authority::root(peer("a.lab", 3), Key::p256(9));
    let refusal = refused(&trusting(&[&root]), &[own.der], Reason::UnknownAuthority);
    assert!(refusal.text.contains("self-signed"), "{refusal}");
    let nobody = Store::new(ike_rustcrypto::provider());
    let leaf = root.issue(&peer("a.lab", 2), &Key::p256(9));
    refused(&nobody, &[leaf], Reason::UnknownAuthority);
}

#[test]
fn an_authority_of_the_same_name_with_another_key_certifies_nothing() {
    let false_root = Authority::root(ca("Root", 1), Key::p256(66));
    let leaf = false_root.issue(&peer("a.lab", 2), &Key::p256(9));
    refused(&trusting(&[&root()]), &[leaf], Reason::BadSignature);
}

/// RFC 5280 §4.1.1.2: over SHA-1 only where that is allowed.
#[test]
fn sha_1_is_refused_unless_allowed() {
    let root = Authority::root(ca("Root", 1), Key::rsa());
    let leaf = root.issue(&peer("a.lab", 2), &Key::p256(9));
    let with_sha1 = replace(
        &leaf,
        b"\x86\xf7\x0d\x01\x01\x0b",
        b"\x86\xf7\x0d\x01\x01\x05",
    );
    let store = trusting(&[&root]);
    refused(
        &store,
        core::slice::from_ref(&with_sha1),
        Reason::SignatureAlgorithm,
    );
    let mut policy = Policy::default();
    policy.sha1 = true;
    // looked at now, and found wrong: it was signed over SHA-256
    let refusal = judge_by(&store, &[with_sha1], &policy).unwrap_err();
    assert_eq!(refusal.reason, Reason::BadSignature);
}

pub(crate) fn replace(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = der.to_vec();
    for at in 0..out.len() - from.len() {
        if out[at..].starts_with(from) {
            out[at..at + to.len()].copy_from_slice(to);
        }
    }
    assert_ne!(out, der);
    out
}

#[test]
fn authorities_are_no_peers_and_peers_no_authorities() {
    let root = root();
    let store = trusting(&[&root]);
    let mut params = ca("a.lab", 2);
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    let authority = root.issue(&params, &Key::p256(9));
    refused(&store, &[authority], Reason::AuthorityAsPeer);

    let deputy = root.below(peer("Deputy", 3), Key::p256(3));
    let leaf = deputy.issue(&peer("a.lab", 4), &Key::p256(9));
    let refusal = refused(&store, &[leaf, deputy.der], Reason::IssuerIsNoAuthority);
    assert_eq!(refusal.subject, "CN=Deputy");

    // RFC 5280 §6.1.4 (n)
    let mut mute = ca("Mute", 5);
    mute.key_usages = vec![KeyUsagePurpose::CrlSign];
    let mute = root.below(mute, Key::p256(4));
    let leaf = mute.issue(&peer("a.lab", 6), &Key::p256(9));
    let refusal = refused(&store, &[leaf, mute.der], Reason::IssuerIsNoAuthority);
    assert_eq!(refusal.subject, "CN=Mute");
}

#[test]
fn what_is_no_authority_cannot_be_trusted_as_one() {
    let mut store = Store::new(ike_rustcrypto::provider());
    let own = Authority::root(peer("a.lab", 3), Key::p256(9));
    let certificate = Certificate::from_der(own.der).unwrap();
    let refusal = store.add_authority(certificate).unwrap_err();
    assert_eq!(refusal.reason, Reason::IssuerIsNoAuthority);
    assert!(store.authority_hashes().is_empty());
}

#[test]
fn chains_may_be_as_long_as_their_authorities_allow() {
    let root = root();
    let store = trusting(&[&root]);
    let mut short = ca("Short", 2);
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = root.below(short, Key::p256(2));
    let leaf = short.issue(&peer("a.lab", 3), &Key::p256(9));
    judge(&store, &[leaf, short.der.clone()]).unwrap();
    let below = short.below(ca("Below", 4), Key::p256(3));
    let leaf = below.issue(&peer("a.lab", 5), &Key::p256(9));
    refused(&store, &[leaf, below.der, short.der], Reason::ChainTooLong);

    let mut chain = vec![];
    let mut current = root;
    for number in 10..20 {
        current = current.below(ca(&format!("CA {number}"), 7), Key::p256(number));
        chain.insert(0, current.der.clone());
    }
    chain.insert(0, current.issue(&peer("a.lab", 5), &Key::p256(9)));
    refused(&store, &chain, Reason::ChainTooLong);
}

/// RFC 5280 §4.2.1.10.
#[test]
fn name_constraints_bind() {
    let root = root();
    let mut narrow = ca("Narrow", 2);
    narrow.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("elsewhere".into())],
        excluded_subtrees: vec![],
    });
    let narrow = root.below(narrow, Key::p256(2));
    let leaf = narrow.issue(&peer("a.lab", 3), &Key::p256(9));
    refused(
        &trusting(&[&root]),
        &[leaf, narrow.der],
        Reason::NameConstraint,
    );
}

/// RFC 4945 §5.1.3.2: digitalSignature or nonRepudiation, or no such extension.
#[test]
fn the_key_usage_must_allow_signatures() {
    let root = root();
    let store = trusting(&[&root]);
    for (usage, fine) in [
        (KeyUsagePurpose::DigitalSignature, true),
        (KeyUsagePurpose::ContentCommitment, true),
        (KeyUsagePurpose::KeyEncipherment, false),
        (KeyUsagePurpose::KeyAgreement, false),
    ] {
        let mut params = peer("a.lab", 2);
        params.key_usages = vec![usage];
        let chain = [root.issue(&params, &Key::p256(9))];
        if fine {
            judge(&store, &chain).unwrap();
        } else {
            refused(&store, &chain, Reason::KeyUsage);
        }
    }
}

/// RFC 4945 §5.1.3.12.
#[test]
fn the_extended_key_usage_must_have_one_of_the_purposes() {
    let root = root();
    let store = trusting(&[&root]);
    let ipsec = ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 17]);
    let old = ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 5, 5, 8, 2, 2]);
    let mut strict = Policy::default();
    strict.purposes = vec![Purpose::IpsecIke];
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, ServerAuth};
    for (usages, usual, under_strict) in [
        (vec![ipsec.clone()], true, true),
        (vec![Any], true, true),
        (vec![CodeSigning, ipsec], true, true),
        (vec![ServerAuth], true, false),
        (vec![ClientAuth], true, false),
        (vec![old], true, false),
        (vec![CodeSigning], false, false),
    ] {
        let mut params = peer("a.lab", 2);
        params.extended_key_usages = usages;
        let chain = [root.issue(&params, &Key::p256(9))];
        for (policy, fine) in [(&Policy::default(), usual), (&strict, under_strict)] {
            match judge_by(&store, &chain, policy) {
                Ok(_) => assert!(fine, "{:?}", params.extended_key_usages),
                Err(refusal) => {
                    assert_eq!(refusal.reason, Reason::ExtendedKeyUsage);
                    assert!(!fine, "{refusal}");
                }
            }
        }
    }
}

#[test]
fn an_extended_key_usage_above_binds_too() {
    let root = root();
    let mut narrow = ca("Code", 2);
    narrow.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let narrow = root.below(narrow, Key::p256(2));
    let leaf = narrow.issue(&peer("a.lab", 3), &Key::p256(9));
    refused(
        &trusting(&[&root]),
        &[leaf, narrow.der],
        Reason::ExtendedKeyUsage,
    );
}

/// B9: an unknown critical extension; uncritical it is nobody's business.
#[test]
fn an_unknown_critical_extension_is_refused() {
    let root = root();
    let store = trusting(&[&root]);
    for critical in [false, true] {
        let mut params = peer("a.lab", 2);
        let mut extension =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 9, 9], vec![5, 0]);
        extension.set_criticality(critical);
        params.custom_extensions = vec![extension];
        let chain = [root.issue(&params, &Key::p256(9))];
        if critical {
            refused(&store, &chain, Reason::CriticalExtension);
        } else {
            judge(&store, &chain).unwrap();
        }
    }
}

#[test]
fn keys_that_cannot_sign_for_ike_are_refused() {
    let root = root();
    let store = trusting(&[&root]);
    let modulus = |octets: usize| {
        let mut number = vec![0x00, 0x80];
        number.resize(octets, 0x11);
        number.push(0x01);
        number
    };
    for (modulus, exponent) in [
        (modulus(256), vec![0]),
        (modulus(256), vec![1]),
        (modulus(256), vec![4]),
        (modulus(128), vec![3]),
        (modulus(2048), vec![3]),
    ] {
        let rsa = sequence(&[integer(&modulus), integer(&exponent)].concat());
        let chain = [root.issue(&plain("a.lab", 2), &Public(rsa, &rcgen::PKCS_RSA_SHA256))];
        refused(&store, &chain, Reason::Key);
    }
    let garbage = Public(vec![7; 20], &rcgen::PKCS_RSA_SHA256);
    refused(
        &store,
        &[root.issue(&plain("a.lab", 2), &garbage)],
        Reason::Key,
    );
}

fn integer(content: &[u8]) -> Vec<u8> {
    tlv(2, content)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tlv(0x30, content)
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u16::try_from(content.len()).unwrap().to_be_bytes() {
        [0, short @ 0..=0x7f] => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(content);
    out
}

/// RFC 7296 §3.7.
#[test]
fn authority_hashes_are_sha_1_of_the_public_keys() {
    use ike_crypto::Hash as _;
    let root = root();
    let mut expected = [0; 20];
    let key = Key::p256(1);
    ike_rustcrypto::hash::SHA1.digest(&[key.inner.public_key()], &mut expected);
    assert_eq!(trusting(&[&root]).authority_hashes(), [expected]);
}
