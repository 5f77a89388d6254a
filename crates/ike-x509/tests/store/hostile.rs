//! B9: certificates made to break their readers.

use hex_literal::hex;
use ike_x509::{Certificate, Malformed, Reason};
use rcgen::CustomExtension;

use crate::chain::tlv;
use crate::pki::{Key, ca, judge, peer, refused, root, trusting};

#[test]
fn every_truncation_and_every_damaged_octet_is_refused_without_a_panic() {
    let root = root();
    let store = trusting(&[&root]);
    let leaf = root.issue(&peer("a.lab", 2), &Key::p256(9));
    for end in 0..leaf.len() {
        refused(&store, &[leaf[..end].to_vec()], Reason::Malformed);
    }
    refused(&store, &[[&leaf[..], &[0]].concat()], Reason::Malformed);
    for at in 0..leaf.len() {
        for octet in [0, 0x7f, 0x80, 0xff, leaf[at] ^ 1] {
            let mut damaged = leaf.clone();
            damaged[at] = octet;
            if damaged != leaf {
                judge(&store, &[damaged]).unwrap_err();
            }
        }
    }
}

#[test]
fn deep_nesting_does_not_end_the_stack() {
    // what a CERT payload can hold, every four octets one level deeper
    let mut nest = Vec::new();
    while nest.len() < 65_000 {
        let inside = u16::try_from(65_000 - nest.len()).unwrap();
        let [high, low] = inside.to_be_bytes();
        nest.extend([0x30, 0x82, high, low]);
    }
    let root = root();
    let store = trusting(&[&root]);
    refused(&store, &[nest], Reason::Malformed);

    let mut deep = vec![5, 0];
    while deep.len() < 15_000 {
        deep = tlv(0x30, &deep);
    }
    // in an extension that nobody reads, in one that is read, and in the subject
    for oid in [
        &[1, 3, 6, 1, 4, 1, 9, 9][..],
        &[2, 5, 29, 17],
        &[2, 5, 29, 15],
    ] {
        let mut params = peer("a.lab", 2);
        params.subject_alt_names.clear();
        params.custom_extensions = vec![CustomExtension::from_oid_content(oid, deep.clone())];
        judge(&store, &[root.issue(&params, &Key::p256(9))]).unwrap_err();
    }
}

#[test]
fn more_than_64_kib_is_not_even_read() {
    let error = Certificate::from_der(vec![0x30; 65_536]).unwrap_err();
    assert_eq!(error, Malformed::Size);
}

/// An issuer's issuer that it has issued itself (RFC 4158 §5.2).
#[test]
fn loops_in_chains_end() {
    let one = root().below(ca("One", 2), Key::p256(2));
    let two = one.below(ca("Two", 3), Key::p256(3));
    let one_again = two.below(ca("One", 4), Key::p256(2));
    let leaf = one_again.issue(&peer("a.lab", 5), &Key::p256(9));
    let stranger = crate::pki::Authority::root(ca("Stranger", 1), Key::p256(7));
    let store = trusting(&[&stranger]);
    refused(
        &store,
        &[leaf, one_again.der, two.der],
        Reason::UnknownAuthority,
    );
}

#[test]
fn many_authorities_of_one_name_do_not_take_for_ever() {
    let root = root();
    let chain: Vec<Vec<u8>> = (10..21)
        .map(|number| root.below(ca("Same", 3), Key::p256(number)).der)
        .collect();
    let false_one = crate::pki::Authority::root(ca("Same", 1), Key::p256(66));
    let leaf = false_one.issue(&peer("a.lab", 5), &Key::p256(9));
    let all = [vec![leaf], chain].concat();
    refused(&trusting(&[&root]), &all, Reason::BadSignature);
}

/// The parts of a certificate, to put others in.
fn with_algorithm(leaf: &[u8], algorithm: &[u8]) -> Vec<u8> {
    let ecdsa = hex!("300a06082a8648ce3d040302");
    let tbs = match &leaf[4..] {
        [0x30, 0x81, length, rest @ ..] => &rest[..usize::from(*length)],
        [0x30, 0x82, high, low, rest @ ..] => {
            &rest[..usize::from(u16::from_be_bytes([*high, *low]))]
        }
        other => panic!("{other:02x?}"),
    };
    let at = tbs.windows(12).position(|it| it == ecdsa).unwrap();
    let tbs = [&tbs[..at], algorithm, &tbs[at + 12..]].concat();
    let signature = tlv(3, &[0, 1, 2, 3]);
    tlv(
        0x30,
        &[tlv(0x30, &tbs), algorithm.to_vec(), signature].concat(),
    )
}

#[test]
fn surprising_pss_parameters_are_refused() {
    let root = crate::pki::Authority::root(ca("Root", 1), Key::rsa());
    let issued_by_ecdsa = crate::pki::Authority::root(ca("Root", 1), Key::p256(1));
    let leaf = issued_by_ecdsa.issue(&peer("a.lab", 2), &Key::p256(9));
    let store = trusting(&[&root]);
    let absent = hex!("300b 06092a864886f70d01010a");
    let huge_salt = hex!(
        "3042 06092a864886f70d01010a 3035 a00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500 a2040202ffff"
    );
    let negative_salt = hex!(
        "3041 06092a864886f70d01010a 3034 a00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500 a2030201ff"
    );
    for algorithm in [&absent[..], &huge_salt, &negative_salt] {
        let chain = [with_algorithm(&leaf, algorithm)];
        refused(&store, &chain, Reason::SignatureAlgorithm);
    }
    let usual = hex!(
        "3041 06092a864886f70d01010a 3034 a00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500 a203020120"
    );
    // understood, and three octets are no signature
    let chain = [with_algorithm(&leaf, &usual)];
    refused(&store, &chain, Reason::BadSignature);
}

#[test]
fn an_extension_that_is_there_twice_is_refused() {
    let root = root();
    let mut params = peer("a.lab", 2);
    let again = tlv(0x30, &tlv(0x82, b"b.lab"));
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], again)];
    let chain = [root.issue(&params, &Key::p256(9))];
    refused(&trusting(&[&root]), &chain, Reason::Malformed);
}
