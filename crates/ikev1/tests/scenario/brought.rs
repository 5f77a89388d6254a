//! An authentication method that an extension brings ([MS-IKEE] §3.4): what the core does for it.

use std::time::Duration;

use ike_ext::{Context, Credential, Evidence, Extension, Extensions, Host, PolicyId, SaId, Trust};
use ikev1::{Authentication, AuthenticationFailure, Event, Failure, InitiateError, Misbehaviour};
use ipsec_doi::Identity;
use isakmp_wire::v1::{AuthMethod, CertEncoding, kind};
use isakmp_wire::{Message, OwnedPayload};

use crate::pair::{A, B, BAD, Pair, address, config};

const RSA: &[u8] = include_bytes!("../keys/rsa2048.der");

/// Says what the test wants it to say.
#[derive(Debug)]
struct Bringer {
    serves: bool,
    /// How often it serves before it does not.
    times: std::cell::Cell<usize>,
    verdict: Trust,
    certificate: Vec<u8>,
    seen: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Extension for Bringer {
    fn name(&self) -> &'static str {
        "bringer"
    }

    fn credential(&mut self) -> Option<&mut dyn Credential> {
        Some(self)
    }
}

impl Credential for Bringer {
    fn method(&self) -> AuthMethod {
        AuthMethod::CGA
    }

    fn serves(&self, host: &dyn Host, sa: SaId) -> bool {
        assert!(host.facts(sa).is_some());
        let left = self.times.get();
        self.times.set(left.saturating_sub(1));
        self.serves && left > 0
    }

    fn identity(&mut self, _: &dyn Host, _: SaId) -> Option<OwnedPayload> {
        Some(OwnedPayload::new(
            kind::ID,
            *b"\xfa\0\0\0what the address is made of",
        ))
    }

    fn certificate(&mut self, _: &dyn Host, _: SaId) -> Option<OwnedPayload> {
        let mut body = vec![CertEncoding::X509_SIGNATURE.get()];
        body.extend_from_slice(&self.certificate);
        Some(OwnedPayload::new(kind::CERT, body))
    }

    fn trust(&mut self, _: &mut Context<'_>, _: SaId, peer: &Evidence<'_>) -> Trust {
        assert_eq!(peer.method, AuthMethod::CGA);
        assert_eq!(peer.certificate, self.certificate);
        self.seen
            .push((peer.identity.to_vec(), peer.public_key.to_vec()));
        self.verdict
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &len[..], content].concat()
}

fn public() -> Vec<u8> {
    let key = ike_rustcrypto::provider().load_key(RSA).unwrap();
    key.public_key().to_vec()
}

/// As much of a certificate as it takes to find the key.
fn certificate() -> Vec<u8> {
    let empty = der(0x30, &[]);
    let fields = [&der(2, &[1]), &empty, &empty, &empty, &empty, &public()];
    let signed = der(0x30, &fields.map(Vec::as_slice).concat());
    der(0x30, &[signed, empty, der(3, &[0])].concat())
}

fn bringer() -> Bringer {
    Bringer {
        serves: true,
        times: usize::MAX.into(),
        verdict: Trust::Accept,
        certificate: certificate(),
        seen: Vec::new(),
    }
}

fn pair(extension: impl Fn() -> Bringer, expected: impl Fn(usize) -> Option<Identity>) -> Pair {
    let [a, b] = [A, B].map(|side| {
        let mut it = config(side);
        let key = ike_rustcrypto::provider().load_key(RSA).unwrap();
        it.connections[0].authentication = Authentication::brought(
            AuthMethod::CGA,
            key,
            Identity::address(address(side)),
            expected(1 - side),
        );
        it
    });
    Pair::extended(a, b, || Extensions::none().with(extension()))
}

fn anybody(_: usize) -> Option<Identity> {
    None
}

fn change(pair: &mut Pair, side: usize, change: impl FnOnce(&mut Bringer)) {
    let extensions = pair.hosts[side].endpoint.extensions_mut();
    change(extensions.get_mut().unwrap());
}

/// [MS-IKEE] §3.4.5.4, §3.4.5.5: the extension has identity, certificate and judgement, the core the signature; and
/// what is proved is the address. No XAUTH follows, although the number is one of XAUTH's.
#[test]
fn both_sides_prove_their_addresses() {
    for expected in [anybody as fn(usize) -> Option<Identity>, |side| {
        Some(Identity::address(address(side)))
    }] {
        let mut pair = pair(bringer, expected);
        pair.connect();
        pair.assert_joined(1);
        for side in [A, B] {
            let established = pair.hosts[side].events.iter().find_map(|it| match it {
                Event::Established(it) => Some(it.clone()),
                _ => None,
            });
            let established = established.unwrap();
            assert_eq!(established.method, AuthMethod::CGA);
            assert_eq!(established.remote_id, Identity::address(address(1 - side)));
            let seen = b"\xfa\0\0\0what the address is made of".to_vec();
            change(&mut pair, side, |it| {
                assert_eq!(it.seen, [(seen, public())]);
            });
        }
        let asked = |it: &Event| matches!(it, Event::PeerCertificates(_));
        assert_eq!(pair.hosts[A].count(asked) + pair.hosts[B].count(asked), 0);
    }
}

#[test]
fn loss_and_duplicates_do_no_harm() {
    for seed in 0..10 {
        let mut pair = pair(bringer, anybody).seeded(seed);
        pair.link = BAD;
        pair.initiate(A);
        pair.run(Duration::from_secs(110));
        pair.assert_joined(1);
    }
}

/// [MS-IKEE] §3.4.5.5: any error fails the negotiation.
#[test]
fn whom_the_extension_does_not_trust_stays_out() {
    for verdict in [Trust::Reject("another address"), Trust::NotMine] {
        let mut pair = pair(bringer, anybody);
        change(&mut pair, B, |it| it.verdict = verdict);
        pair.connect();
        assert_eq!(pair.hosts[B].established(), []);
        assert!(matches!(
            pair.hosts[B].failures()[0],
            Failure::Authentication(AuthenticationFailure::Certificate { .. })
        ));
        pair.run(Duration::from_secs(600));
        pair.assert_empty();
    }
}

/// [MS-IKEE] §3.4.5.5: the key is that of the certificate; without one that can be read there is no proof.
#[test]
fn a_certificate_without_a_key_proves_nothing() {
    let mut pair = pair(bringer, anybody);
    change(&mut pair, A, |it| it.certificate.truncate(100));
    pair.connect();
    assert_eq!(pair.hosts[B].established(), []);
    change(&mut pair, B, |it| assert_eq!(it.seen, []));
}

/// B8: a signature that is not by the key of the certificate is never shown to the extension.
#[test]
fn a_signature_by_another_key_proves_nothing() {
    let mut pair = pair(bringer, anybody);
    let mut other = certificate();
    let last = other.len() - 40;
    other[last] ^= 1;
    change(&mut pair, A, |it| it.certificate = other);
    pair.connect();
    assert_eq!(pair.hosts[B].established(), []);
    assert!(matches!(
        pair.hosts[B].failures()[0],
        Failure::Authentication(
            AuthenticationFailure::Signature { .. } | AuthenticationFailure::Certificate { .. }
        )
    ));
    change(&mut pair, B, |it| assert_eq!(it.seen, []));
}

#[test]
fn a_connection_for_another_address_is_not_this_peers() {
    let mut pair = pair(bringer, |_| Some(Identity::fqdn("somebody.example")));
    pair.connect();
    assert!(matches!(
        pair.hosts[B].failures()[0],
        Failure::Authentication(AuthenticationFailure::Identity { .. })
    ));
}

/// [MS-IKEE] §3.4.1: the number means this only where the extension serves: when it is offered, chosen and taken.
#[test]
fn what_does_not_serve_is_not_used() {
    let mut off = pair(bringer, anybody);
    change(&mut off, A, |it| it.serves = false);
    let local = address(A);
    let begun = off.call(A, |it, now, out| {
        it.initiate(now, PolicyId::new(1), local, out)
    });
    assert_eq!(begun, Err(InitiateError::NoMethod));
    off.assert_empty();

    let mut off = pair(bringer, anybody);
    change(&mut off, B, |it| it.serves = false);
    off.connect();
    let message = Message::parse(&off.crossed[1].bytes).unwrap();
    assert!(message.payloads.first(kind::NOTIFY).is_some());

    let mut off = pair(bringer, anybody);
    change(&mut off, A, |it| it.times = 1.into());
    off.connect();
    let unoffered = Failure::Misbehaved(Misbehaviour::ChoseUnoffered);
    assert_eq!(off.hosts[A].failures(), [unoffered]);
}

/// [MS-IKEE] §3.4: the method is one of main mode.
#[test]
fn aggressive_mode_does_not_have_it() {
    let mut pair = pair(bringer, anybody);
    let mut config = config(A);
    let key = ike_rustcrypto::provider().load_key(RSA).unwrap();
    let local = Identity::address(address(A));
    config.connections[0].authentication =
        Authentication::brought(AuthMethod::CGA, key, local, None);
    config.connections[0].options.aggressive = true;
    let local = address(A);
    let begun = pair.call(A, |it, now, out| {
        it.reconfigure(now, config, out);
        it.initiate(now, PolicyId::new(1), local, out)
    });
    assert_eq!(begun, Err(InitiateError::NoMethod));
}
