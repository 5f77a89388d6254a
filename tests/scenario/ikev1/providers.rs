//! ECDSA signs a bare HASH in IKEv1 (RFC 4754 §3), with the keys of every provider, on both sides.

use ikee_tests::Side;
use ikee_tests::v1::Setup;
use ikev1::{Authentication, Credential, Event, Trust};
use isakmp_wire::v1::AuthMethod;

const P256: &[u8] = include_bytes!("../../../crates/ikev1/tests/keys/prime256v1.der");
const P384: &[u8] = include_bytes!("../../../crates/ikev1/tests/keys/secp384r1.der");
const P521: &[u8] = include_bytes!("../../../crates/ikev1/tests/keys/secp521r1.der");

#[test]
fn ecdsa_proves_identities_whichever_provider_signs() {
    let ours = ike_rustcrypto::provider();
    for provider in [ours, ike_graviola::provider().unwrap_or(ours)] {
        for (key, method) in [
            (P256, AuthMethod::ECDSA_256),
            (P384, AuthMethod::ECDSA_384),
            (P521, AuthMethod::ECDSA_521),
        ] {
            let mut setup = Setup::new();
            setup.provider = provider;
            let setup = setup.both(|it| {
                let key = provider.load_key(key).expect("a key");
                let it = &mut it.authentication;
                *it = Authentication::signature(
                    it.local_id.clone(),
                    it.remote_id.clone(),
                    Credential::new(vec![b"a certificate".to_vec()], key),
                    Trust::default(),
                );
            });
            let mut pair = setup.build();
            let public = ours.load_key(key).expect("a key").public_key().to_vec();
            for host in &mut pair.hosts {
                host.verdict = Ok(public.clone());
            }
            pair.connect();
            pair.assert_joined(1);
            let up = pair.host(Side::A).events.iter();
            let mut up = up.filter_map(|(_, it)| match it {
                Event::Established(it) => Some(it.method),
                _ => None,
            });
            assert_eq!(up.next(), Some(method), "{}", provider.name);
        }
    }
}
