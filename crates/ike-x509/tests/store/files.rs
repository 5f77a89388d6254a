//! What operators have in files.

use std::fs;
use std::path::PathBuf;

use ike_x509::{
    Certificate, KeyError, certificates, certificates_from, crls, own_chain, private_key,
};

use crate::pki::{Key, ca, peer, root};

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ike-x509-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// PEM, RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let octets = [0, 1, 2].map(|at| u32::from(chunk.get(at).copied().unwrap_or(0)));
        let word = (octets[0] << 16) | (octets[1] << 8) | octets[2];
        for at in 0..4 {
            if at <= chunk.len() {
                let digit = (word >> (18 - 6 * at)) & 63;
                text.push(char::from(DIGITS[digit as usize]));
            } else {
                text.push('=');
            }
        }
    }
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| core::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn certificates_come_in_pem_and_der_alone_and_in_folders() {
    let folder = folder("certificates");
    let root = root();
    let leaf = root.issue(&peer("a.lab", 2), &Key::p256(9));
    let both = pem("CERTIFICATE", &leaf) + "a comment\n" + &pem("CERTIFICATE", &root.der);
    fs::write(folder.join("chain.pem"), &both).unwrap();
    fs::write(folder.join("leaf.der"), &leaf).unwrap();
    fs::write(folder.join("README"), "not looked at").unwrap();
    let subjects = |path: &str| -> Vec<String> {
        let read = certificates(&folder.join(path)).unwrap();
        read.iter().map(|it| it.subject().to_owned()).collect()
    };
    assert_eq!(subjects("chain.pem"), ["CN=a.lab", "CN=Root"]);
    assert_eq!(subjects("leaf.der"), ["CN=a.lab"]);
    assert_eq!(subjects("."), ["CN=a.lab", "CN=Root", "CN=a.lab"]);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    let folder = folder("broken");
    for (file, content, says) in [
        ("empty.pem", "", "not the DER"),
        ("text.pem", "hello", "not the DER"),
        (
            "key.pem",
            include_str!("../keys/ec.sec1.pem"),
            "no certificate",
        ),
        (
            "cut.pem",
            "-----BEGIN CERTIFICATE-----\nMII\n",
            "broken PEM",
        ),
        (
            "garbage.pem",
            "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n",
            "not the DER",
        ),
    ] {
        let path = folder.join(file);
        fs::write(&path, content).unwrap();
        let error = certificates(&path).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(says), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let error = certificates(&folder.join("absent.pem")).unwrap_err();
    assert!(error.to_string().contains("cannot read it"), "{error}");
    let empty = folder.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let error = certificates(&empty).unwrap_err();
    assert!(error.to_string().contains("ends in .pem"), "{error}");
    assert_eq!(crls(&empty).unwrap().len(), 0);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn revocation_lists_come_in_pem_and_der() {
    let folder = folder("crls");
    let root = root();
    let crl = root.crl(&[2], (11, 12));
    fs::write(folder.join("a.crl"), &crl).unwrap();
    fs::write(folder.join("b.pem"), pem("X509 CRL", &crl)).unwrap();
    let read = crls(&folder).unwrap();
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|crl| crl.issuer() == "CN=Root"));
    fs::write(folder.join("c.crl"), &root.der).unwrap();
    assert!(crls(&folder).unwrap_err().to_string().contains("c.crl"));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn private_keys_come_in_pkcs_8_sec_1_and_pkcs_1() {
    let provider = ike_rustcrypto::provider();
    let pkcs8 = private_key(include_bytes!("../keys/rsa.pkcs8.pem"), provider).unwrap();
    let pkcs1 = private_key(include_bytes!("../keys/rsa.pkcs1.pem"), provider).unwrap();
    assert_eq!(pkcs8.public_key(), pkcs1.public_key());
    private_key(include_bytes!("../keys/ec.sec1.pem"), provider).unwrap();
    let error = |bytes: &[u8]| private_key(bytes, provider).unwrap_err();
    assert_eq!(
        error(include_bytes!("../keys/ec.encrypted.pem")),
        KeyError::Encrypted
    );
    assert_eq!(error(b""), KeyError::Kind);
    assert_eq!(error(b"-----BEGIN CERTIFICATE-----\n"), KeyError::Pem);
    assert_eq!(
        error(pem("CERTIFICATE", &root().der).as_bytes()),
        KeyError::Pem
    );
    let garbage = pem("PRIVATE KEY", &[0x30, 0]);
    assert_eq!(error(garbage.as_bytes()), KeyError::Kind);
}

#[test]
fn our_chain_begins_with_the_certificate_of_the_key_and_has_no_root() {
    let root = root();
    let between = root.below(ca("Between", 3), Key::p256(3));
    let key = Key::p256(9);
    let leaf = between.issue(&peer("a.lab", 4), &key);
    let jumbled: Vec<Certificate> = [&root.der, &between.der, &leaf]
        .iter()
        .flat_map(|der| certificates_from(der).unwrap())
        .collect();
    let chain = own_chain(&jumbled, key.inner.as_ref()).unwrap();
    let subjects: Vec<&str> = chain.iter().map(Certificate::subject).collect();
    assert_eq!(subjects, ["CN=a.lab", "CN=Between"]);
    let other = Key::p256(10);
    assert_eq!(
        own_chain(&jumbled, other.inner.as_ref()).unwrap_err(),
        KeyError::NotInChain
    );
}
