//! Certificates, revocation lists and the files that hold them.

use core::time::Duration;

use ike_x509::{Certificate, Crl, Policy, Presented, Revocation, Store};
use ipsec_doi::Identity;
use isakmp_wire::v2::IdType;

use crate::input::Input;

/// A CA's certificate, one that it has issued, and its revocation list.
pub(crate) const SEEDS: [&[u8]; 3] = [
    include_bytes!("../seeds/leaf.der"),
    include_bytes!("../seeds/ca.der"),
    include_bytes!("../seeds/crl.der"),
];
/// Within their validity: 2026-12-01.
const NOW: Duration = Duration::from_secs(1_796_083_200);

/// A chain with its lists for an identity, and the same octets as files. Only the key that the CA has certified comes
/// through.
pub fn certificate(data: &[u8]) {
    let mut input = Input::new(data);
    let how = input.octet();
    let identity = Identity::new(IdType::new(how & 15), input.portion().to_vec());
    let mut chain = Vec::new();
    let mut crls = Vec::new();
    while !input.is_empty() {
        let kind = input.octet();
        let part = match kind & 7 {
            seed @ 0..3 => SEEDS[usize::from(seed)].to_vec(),
            // a seed with one octet changed
            3 | 4 => {
                let mut part = SEEDS[usize::from(kind >> 4) % 3].to_vec();
                let at = usize::from(input.short()) % part.len();
                part[at] ^= input.octet();
                part
            }
            _ => input.portion().to_vec(),
        };
        if kind & 8 == 0 {
            chain.push(part);
        } else {
            crls.push(part);
        }
    }
    let provider = ike_rustcrypto::provider();
    let root = Certificate::from_der(SEEDS[1]).expect("the CA");
    let mut store = Store::new(provider);
    store.add_authority(root).expect("the CA");
    let mut policy = Policy::default();
    policy.revocation = match how >> 6 {
        0 => Revocation::Off,
        1 => Revocation::Strict,
        _ => Revocation::Lenient,
    };
    let presented = Presented {
        chain: &chain,
        crls: &crls,
    };
    match store.verify(presented, &identity, NOW, &policy) {
        Ok(key) => {
            let leaf = Certificate::from_der(SEEDS[0]).expect("the peer's");
            assert_eq!(key.public_key, leaf.public_key());
        }
        Err(refusal) => assert!(!refusal.to_string().contains(char::is_control)),
    }
    drop(Crl::from_der(data).map(|crl| crl.issuer().len()));
    drop(ike_x509::certificates_from(data).map(|all| all.len()));
    drop(ike_x509::crls_from(data).map(|all| all.len()));
    let _ = ike_x509::private_key(data, provider).map(|key| key.public_key().len());
}
