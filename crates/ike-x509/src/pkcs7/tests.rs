use super::*;
use crate::Certificate;

const CHAIN: &[u8] = include_bytes!("../../tests/pkcs7/chain.p7b");
const REVOKED: &[u8] = include_bytes!("../../tests/pkcs7/revoked.p7b");
const SIGNED: &[u8] = include_bytes!("../../tests/pkcs7/signed.p7b");

fn subjects(found: &Unwrapped) -> Vec<String> {
    let read = |der: &Vec<u8>| Certificate::from_der(der.as_slice()).unwrap();
    let all = found.certificates.iter().map(read);
    all.map(|it| it.subject().to_owned()).collect()
}

/// What one element is, with its header.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let head: &[u8] = match body.len() {
        0..=127 => &[tag, low],
        128..=255 => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [head, &body].concat()
}

/// A wrapper with these certificates and lists, in this order.
fn wrap(certificates: &[&[u8]], crls: &[&[u8]]) -> Vec<u8> {
    let inner = element(0x30, &[&element(6, &[DATA])]);
    let signed = element(
        0x30,
        &[
            &[2, 1, 1],
            &element(0x31, &[]),
            &inner,
            &element(0xa0, certificates),
            &element(0xa1, crls),
            &element(0x31, &[]),
        ],
    );
    element(
        0x30,
        &[&element(6, &[SIGNED_DATA]), &element(0xa0, &[&signed])],
    )
}

/// RFC 2408 §3.9, encoding 1
#[test]
fn a_chain_comes_out_with_the_peers_own_certificate_first() {
    let found = unwrap_pkcs7(CHAIN).unwrap();
    assert_eq!(subjects(&found), ["O=Lab, CN=gw.example", "O=Lab, CN=Root"]);
    assert!(found.crls.is_empty());
    // whatever the order inside
    let [own, ca] = [0, 1].map(|at| found.certificates[at].as_slice());
    for order in [[own, ca], [ca, own]] {
        assert_eq!(unwrap_pkcs7(&wrap(&order, &[])), Ok(found.clone()));
    }
}

#[test]
fn lists_come_out_too() {
    let found = unwrap_pkcs7(REVOKED).unwrap();
    assert_eq!(subjects(&found), ["O=Lab, CN=gw.example"]);
    assert_eq!(found.crls.len(), 1);
    assert!(crate::Crl::from_der(&found.crls[0]).is_ok());
}

#[test]
fn what_signs_something_is_refused() {
    assert_eq!(unwrap_pkcs7(SIGNED), Err(WrapperError::Signs));
}

#[test]
fn what_is_in_it_has_a_limit() {
    let one: &[u8] = &[0x30, 0];
    let most = unwrap_pkcs7(&wrap(&[one; MAX_CERTIFICATES], &[one; MAX_CRLS])).unwrap();
    assert_eq!(most.certificates.len(), MAX_CERTIFICATES);
    for (certificates, crls) in [(MAX_CERTIFICATES + 1, 0), (0, MAX_CRLS + 1)] {
        let der = wrap(&vec![one; certificates], &vec![one; crls]);
        assert_eq!(unwrap_pkcs7(&der), Err(WrapperError::TooMany));
    }
    assert_eq!(unwrap_pkcs7(&[0x30; LARGEST + 1]), Err(WrapperError::Size));
    assert_eq!(unwrap_pkcs7(&wrap(&[], &[])), Ok(Unwrapped::default()));
}

#[test]
fn what_is_cut_or_changed_or_longer_is_refused_and_nothing_panics() {
    for length in 0..CHAIN.len() {
        assert_eq!(unwrap_pkcs7(&CHAIN[..length]), Err(WrapperError::Encoding));
    }
    let longer = [CHAIN, &[0]].concat();
    assert_eq!(unwrap_pkcs7(&longer), Err(WrapperError::Encoding));
    // each octet of the frame with each bit changed, and those of the certificates are nobody's concern here
    let mut der = CHAIN.to_vec();
    for at in 0..der.len() {
        for bit in 0..8 {
            der[at] ^= 1 << bit;
            if let Ok(found) = unwrap_pkcs7(&der) {
                assert!(found.certificates.len() <= MAX_CERTIFICATES);
            }
            der[at] ^= 1 << bit;
        }
    }
    // lengths that lie, and sets in sets
    for der in [
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..],
        &[0x30, 0x80, 0, 0],
        &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x30; 60_000],
    ] {
        assert_eq!(unwrap_pkcs7(der), Err(WrapperError::Encoding));
    }
    let wrapped = wrap(&[&[0x31, 0]], &[]);
    assert_eq!(unwrap_pkcs7(&wrapped), Err(WrapperError::Encoding));
}
