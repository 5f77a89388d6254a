//! What a peer proves its address with: CGA parameters, ID payloads, extension fields.

use std::net::Ipv6Addr;

use ike_ext::kit::Rig;
use ike_ext::{Evidence, Role, SaFacts, Trust};
use ikee_cga::{Cga, Claim, Identity, METHOD, Parameters, Sec, verify};
use isakmp_wire::vendor_id::IKE_CGA;
use isakmp_wire::{Spi, Version};

use crate::input::Input;

/// Parameters with a key of two octets, an ID payload, and the parameters again with a key of 128 octets.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let short = own().parameters().to_octets();
    let mut long = own().parameters().clone();
    long.public_key = [&[0x30, 0x81, 0x80][..], &[7; 128]].concat();
    long.extensions = vec![0xff, 0xff, 0, 1, 9];
    let body = Claim::from(&long).payload().body;
    vec![short, body, long.to_octets()]
}

fn own() -> Identity {
    let parameters = Parameters {
        modifier: [3; 16],
        prefix: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0],
        collisions: 0,
        public_key: vec![0x30, 2, 5, 0],
        extensions: Vec::new(),
    };
    let address = parameters.address(Sec::ZERO);
    Identity::new(address, parameters, *b"certificate").expect("its own address")
}

/// Octets as parameters and as an identity, judged for the address that they make and for any other.
pub fn cga(data: &[u8]) {
    if let Ok(parameters) = Parameters::parse(data) {
        assert_eq!(parameters.to_octets(), data);
        let address = parameters.address(Sec::ZERO);
        let verdict = verify(address, &parameters);
        assert_eq!(verdict.is_ok(), parameters.collisions < 3);
        for number in 0..8 {
            let Some(sec) = Sec::new(number) else {
                continue;
            };
            let fits = verify(parameters.address(sec), &parameters) == Ok(sec);
            let zeros = parameters.hash2().iter().take_while(|it| **it == 0).count();
            let expected = parameters.collisions < 3 && zeros >= 2 * usize::from(number);
            assert_eq!(fits, expected);
        }
    }
    judged(data);
}

/// The same octets as what a peer has sent; it is accepted only from the address that it makes.
fn judged(data: &[u8]) {
    let mut input = Input::new(data);
    let prefix = u64::from(input.short()) << 48;
    let key = input.portion().to_vec();
    let body = input.rest().to_vec();
    let claim = Claim::parse(&body);
    let made = claim.map(|it| it.complete(prefix.to_be_bytes(), &key));
    let address = made
        .as_ref()
        .map_or(Ipv6Addr::LOCALHOST, |it| it.address(Sec::ZERO));
    let good = made.is_ok_and(|it| it.collisions < 3);
    assert_eq!(trust(address, &body, &key) == Trust::Accept, good);
    let other = Ipv6Addr::from_bits(address.to_bits() ^ 1);
    assert!(matches!(trust(other, &body, &key), Trust::Reject(_)));
}

fn trust(peer: Ipv6Addr, identity: &[u8], public_key: &[u8]) -> Trust {
    let own = own();
    let local = (own.address(), 500).into();
    let facts = SaFacts::new(Role::Responder, Version::V1, local, (peer, 500).into())
        .with_spis((Spi::new([1; 8]), Spi::new([2; 8])));
    let mut rig = Rig::of(Version::V1, Cga::new().with(own), Role::Responder);
    rig.host
        .sas
        .insert(Rig::SA, (facts, vec![IKE_CGA.to_vec()]));
    let evidence = Evidence {
        method: METHOD,
        peer: peer.into(),
        identity,
        certificate: b"certificate",
        public_key,
    };
    rig.call(|set, cx| set.trust(cx, Rig::SA, &evidence))
}
