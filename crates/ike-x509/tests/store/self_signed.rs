//! Certificates that only their own key vouches for ([MS-IKEE] §3.4.3).

use core::net::IpAddr;
use core::time::Duration;

use ike_crypto::{Error, Random};
use ike_rustcrypto::SystemRandom;
use ike_x509::{IssueError, Reason, SelfSigned, self_signed_key};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::pki::{Key, NOW, peer, plain, root};

fn template() -> SelfSigned<'static> {
    SelfSigned {
        name: "2001:db8::1",
        address: IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
        validity: NOW..=NOW + Duration::from_secs(86_400 * 365),
    }
}

/// [MS-IKEE] §3.4.3/2: it verifies with its own key, and any parser reads it.
#[test]
fn a_self_signed_certificate_verifies_with_its_own_key() {
    let key = Key::rsa().inner;
    let made = template()
        .certificate(&*key, &mut SystemRandom::new())
        .unwrap();
    assert_eq!(made.public_key(), key.public_key());
    assert!(made.is_self_issued() && !made.is_authority());
    let read = self_signed_key(made.der(), ike_rustcrypto::provider());
    assert_eq!(read.unwrap(), key.public_key());

    let (rest, parsed) = X509Certificate::from_der(made.der()).unwrap();
    assert!(rest.is_empty());
    assert_eq!(parsed.validity().not_before.timestamp(), 1_795_437_000);
    assert!(
        parsed
            .key_usage()
            .unwrap()
            .unwrap()
            .value
            .digital_signature()
    );
    let names = parsed.subject_alternative_name().unwrap().unwrap();
    let octets = hex_literal::hex!("20010db8000000000000000000000001");
    assert_eq!(names.value.general_names, [GeneralName::IPAddress(&octets)]);
}

#[test]
fn two_certificates_of_one_key_differ_in_their_serial_numbers() {
    let key = Key::rsa().inner;
    let serial = || {
        let made = template().certificate(&*key, &mut SystemRandom::new());
        made.unwrap().serial().to_vec()
    };
    assert_ne!(serial(), serial());
}

/// [MS-IKEE] §3.4.3/1: an RSA key pair is made.
#[test]
fn a_key_that_is_made_signs_its_certificate() {
    let mut random = SystemRandom::new();
    let der = ike_rustcrypto::signature::generate_rsa(2048, &mut random).unwrap();
    let provider = ike_rustcrypto::provider();
    let key = ike_x509::private_key(der.as_slice(), provider).unwrap();
    let made = template().certificate(&*key, &mut random).unwrap();
    let read = self_signed_key(made.der(), provider);
    assert_eq!(read.unwrap(), key.public_key());
    assert!(ike_rustcrypto::signature::generate_rsa(1024, &mut random).is_err());
}

struct Broken;

impl Random for Broken {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error)
    }
}

#[test]
fn every_reason_for_no_certificate_has_a_name() {
    let key = Key::rsa().inner;
    let mut random = SystemRandom::new();
    let other = Key::p256(1).inner;
    let refused = template().certificate(&*other, &mut random);
    assert_eq!(refused.unwrap_err(), IssueError::Key);
    let refused = template().certificate(&*key, &mut Broken);
    assert_eq!(refused.unwrap_err(), IssueError::Random);
    assert!(ike_rustcrypto::signature::generate_rsa(2048, &mut Broken).is_err());
    let mut late = template();
    late.validity = NOW..=Duration::MAX;
    let refused = late.certificate(&*key, &mut random);
    assert_eq!(refused.unwrap_err(), IssueError::Validity);
}

#[test]
fn a_certificate_of_somebody_else_or_with_a_broken_signature_is_refused() {
    let provider = ike_rustcrypto::provider();
    let refused = |der: &[u8]| self_signed_key(der, provider).unwrap_err().reason;
    let key = Key::rsa().inner;
    let made = template()
        .certificate(&*key, &mut SystemRandom::new())
        .unwrap();
    let mut broken = made.der().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&broken), Reason::BadSignature);
    assert_eq!(refused(&made.der()[1..]), Reason::Malformed);
    assert_eq!(refused(&[]), Reason::Malformed);
    let issued = root().issue(&peer("a.lab", 2), &Key::rsa());
    assert_eq!(refused(&issued), Reason::BadSignature);
    // the name of the issuer is easily forged
    let namesake = root().issue(&plain("Root", 2), &Key::rsa());
    assert_eq!(refused(&namesake), Reason::BadSignature);
}
