//! Wycheproof's signatures and key-exchange values, as AUTH and KE payloads between live endpoints.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ike_crypto::{Error, Provider, Random, SignatureScheme, SigningKey, Verify};
use ikee_tests::{Packet, Pair, Setup, Side};
use ikev2::{
    Authentication, Credential, Event, Failure, Input, LocalProof, PeerKey, RemoteProof, Trust,
};
use ipsec_doi::HashId;
use isakmp_wire::v2::kind;
use isakmp_wire::{Message, MessageWriter};
use serde_json::Value;

/// Every test of a vector file with its group, or a line that it is missing.
fn vectors(file: &str) -> Vec<(Value, Value)> {
    let root = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("vectors/wycheproof").join(file);
    let Ok(text) = std::fs::read(&path) else {
        say(&format!("skipped: {file} of Wycheproof (IKEE_TEST_DATA)"));
        return Vec::new();
    };
    let file: Value = serde_json::from_slice(&text).expect("JSON");
    let groups = file["testGroups"].as_array().expect("groups").clone();
    groups
        .iter()
        .flat_map(|group| {
            let tests = group["tests"].as_array().expect("tests").clone();
            tests.into_iter().map(|test| (group.clone(), test))
        })
        .collect()
}

#[expect(clippy::print_stdout, reason = "the reader of the tests wants to know")]
fn say(line: &str) {
    println!("{line}");
}

fn octets(value: &Value) -> Vec<u8> {
    let digits = value.as_str().expect("hexadecimal").as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = core::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    });
    pairs.collect()
}

thread_local! {
    /// What the next signature is over, in the place of the octets that IKE would sign.
    static MESSAGE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The real verification, of [`MESSAGE`]: a vector's message is not for us to choose.
#[derive(Debug)]
struct OfVectors(SignatureScheme);

impl Verify for OfVectors {
    fn scheme(&self) -> SignatureScheme {
        self.0
    }

    fn verify(&self, spki: &[u8], parts: &[&[u8]], signature: &[u8]) -> Result<(), Error> {
        assert!(!parts.is_empty());
        let real = ike_rustcrypto::provider().verifier(self.0).ok_or(Error)?;
        MESSAGE.with_borrow(|message| real.verify(spki, &[message], signature))
    }
}

static SCHEMES: [OfVectors; 5] = [
    OfVectors(SignatureScheme::EcdsaDer(HashId::SHA2_256)),
    OfVectors(SignatureScheme::EcdsaFixed(HashId::SHA2_256)),
    OfVectors(SignatureScheme::EcdsaFixed(HashId::SHA2_512)),
    OfVectors(SignatureScheme::RsaPkcs1(HashId::SHA2_256)),
    OfVectors(SignatureScheme::RsaPkcs1(HashId::SHA2_512)),
];

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| Provider {
    verifiers: {
        static TABLE: [&dyn Verify; 5] = [
            &SCHEMES[0],
            &SCHEMES[1],
            &SCHEMES[2],
            &SCHEMES[3],
            &SCHEMES[4],
        ];
        &TABLE
    },
    ..ike_rustcrypto::provider().clone()
});

/// Signs whatever it is with the vector's signature.
#[derive(Debug)]
struct Scripted {
    scheme: [SignatureScheme; 1],
    signature: Vec<u8>,
}

impl SigningKey for Scripted {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.scheme
    }

    fn public_key(&self) -> &[u8] {
        &[]
    }

    fn sign(&self, _: SignatureScheme, _: &[&[u8]], _: &mut dyn Random) -> Result<Vec<u8>, Error> {
        Ok(self.signature.clone())
    }
}

/// Delivers what one side has sent.
fn deliver(pair: &mut Pair, side: Side) {
    let packet = pair.take(side);
    pair.deliver(&packet);
}

/// The first party signs with the vector's signature, the second is told the vector's key: whether it lets the first in.
fn authenticates(scheme: SignatureScheme, key: Vec<u8>, signature: Vec<u8>) -> bool {
    let mut setup = Setup::new();
    setup.provider = &PROVIDER;
    let credential = Credential::new(
        Vec::new(),
        Box::new(Scripted {
            scheme: [scheme],
            signature,
        }),
    );
    let secret = || ikee_tests::setup::PSK.to_vec().into();
    let change = |authentication: &mut Authentication, local, remote| {
        authentication.local = local;
        authentication.remote = vec![remote];
    };
    change(
        &mut setup.a.connection().authentication,
        LocalProof::Certificate(vec![credential]),
        RemoteProof::Psk(secret()),
    );
    change(
        &mut setup.b.connection().authentication,
        LocalProof::Psk(secret()),
        RemoteProof::Signature(Trust::new(Vec::new())),
    );
    let mut pair = setup.build();
    pair.initiate(Side::A).expect("a negotiation");
    for side in [Side::A, Side::B, Side::A] {
        deliver(&mut pair, side);
    }
    let asked = pair.b.events.iter().find_map(|(_, event)| match event {
        Event::PeerCertificates(shown) => Some(shown.sa),
        _ => None,
    });
    // what is no AUTH payload at all is not worth the question
    if let Some(sa) = asked {
        let verdict = Ok(PeerKey::new(key));
        let now = pair.now;
        let input = Input::Trusted { sa, verdict };
        let ((), packets) = pair
            .b
            .call(now, |endpoint, out| endpoint.handle(now, input, out));
        pair.send(Side::B, packets);
    }
    let taken = pair.b.is_established();
    if !taken {
        assert!(
            matches!(
                pair.b.failure(),
                Failure::Authentication(_) | Failure::Malformed(_)
            ),
            "{:?}",
            pair.b.failure()
        );
        assert_eq!(pair.b.established().count(), 0);
    }
    deliver(&mut pair, Side::B);
    assert_eq!(pair.a.is_established(), taken);
    taken
}

/// Each signature of a file through the whole of IKE_AUTH. What Wycheproof calls acceptable, a DigestInfo without NULL, is
/// refused: there is one encoding.
fn signatures(file: &str, scheme: SignatureScheme) {
    let (mut good, mut bad) = (0, 0);
    for (group, test) in vectors(file) {
        MESSAGE.set(octets(&test["msg"]));
        let key = octets(&group["publicKeyDer"]);
        let taken = authenticates(scheme, key, octets(&test["sig"]));
        let valid = test["result"] == "valid";
        assert_eq!(taken, valid, "{file}: {test}");
        *if valid { &mut good } else { &mut bad } += 1;
    }
    say(&format!("{file}: {good} let in, {bad} refused"));
}

/// B8: RFC 7427, method 14 with ecdsa-with-SHA256.
#[test]
fn signatures_of_ecdsa_in_der_pass_through_auth() {
    signatures(
        "ecdsa_secp256r1_sha256_test.json",
        SignatureScheme::EcdsaDer(HashId::SHA2_256),
    );
}

/// B8: RFC 4754, methods 9 and 11.
#[test]
fn signatures_of_ecdsa_in_fixed_length_pass_through_auth() {
    signatures(
        "ecdsa_secp256r1_sha256_p1363_test.json",
        SignatureScheme::EcdsaFixed(HashId::SHA2_256),
    );
    signatures(
        "ecdsa_secp521r1_sha512_p1363_test.json",
        SignatureScheme::EcdsaFixed(HashId::SHA2_512),
    );
}

/// B8: RFC 7427, method 14 with sha256WithRSAEncryption and sha512WithRSAEncryption.
#[test]
fn signatures_of_rsa_pass_through_auth() {
    signatures(
        "rsa_signature_2048_sha256_test.json",
        SignatureScheme::RsaPkcs1(HashId::SHA2_256),
    );
    signatures(
        "rsa_signature_4096_sha512_test.json",
        SignatureScheme::RsaPkcs1(HashId::SHA2_512),
    );
}

/// The message with another value in its KE payload.
fn with_key(packet: &Packet, value: &[u8]) -> Packet {
    let message = Message::parse(packet.message()).expect("a message");
    let mut bytes = Vec::new();
    let mut writer = MessageWriter::begin(&mut bytes, &message.header);
    for payload in message.payloads.iter() {
        if payload.kind == kind::KE {
            let body = [&payload.body[..4], value].concat();
            writer.payload(payload.kind, false, &body);
        } else {
            writer.payload(payload.kind, false, payload.body);
        }
    }
    writer.finish();
    Packet {
        bytes,
        ..packet.clone()
    }
}

fn has_key(packet: &Packet) -> bool {
    let message = Message::parse(packet.message()).expect("a message");
    message.payloads.first(kind::KE).is_some()
}

/// Whether each party goes on with a value: the responder answers with its own, the initiator sends IKE_AUTH.
fn goes_on(suite: &str, value: &[u8]) -> [bool; 2] {
    let start = || {
        let mut pair = Setup::new().suites(suite, "aes256gcm16").build();
        pair.initiate(Side::A).expect("a negotiation");
        pair
    };
    let mut pair = start();
    let first = pair.take(Side::A);
    pair.deliver(&with_key(&first, value));
    let responder = pair.waiting(Side::B) > 0 && has_key(&pair.take(Side::B));
    assert_eq!(responder, pair.b.failures().count() == 0);

    let mut pair = start();
    deliver(&mut pair, Side::A);
    let answer = pair.take(Side::B);
    pair.deliver(&with_key(&answer, value));
    let initiator = pair.waiting(Side::A) > 0;
    [responder, initiator]
}

/// Each public value of a file as a KE payload, to a responder and to an initiator; that the shared secrets are right is
/// the provider's own suite, which has the private halves.
fn values(
    file: &str,
    suite: &str,
    value: impl Fn(&[u8]) -> Vec<u8>,
    valid: impl Fn(&Value) -> bool,
) {
    let (mut good, mut bad) = (0, 0);
    for (_, test) in vectors(file) {
        let public = value(&octets(&test["public"]));
        let valid = valid(&test);
        assert_eq!(goes_on(suite, &public), [valid; 2], "{file}: {test}");
        *if valid { &mut good } else { &mut bad } += 1;
    }
    say(&format!("{file}: {good} taken, {bad} refused"));
}

/// RFC 5903 §7: x and y without the octet that says so; what else SEC 1 knows is not for KE.
fn without_form(point: &[u8]) -> Vec<u8> {
    point.strip_prefix(&[4]).unwrap_or(point).to_vec()
}

fn is_valid(test: &Value) -> bool {
    test["result"] == "valid"
}

/// B7: RFC 5903, RFC 6989 §2.3.
#[test]
fn points_of_p_256_pass_through_ke() {
    values(
        "ecdh_secp256r1_ecpoint_test.json",
        "aes256gcm16-prfsha256-ecp256",
        without_form,
        is_valid,
    );
}

/// B7: RFC 5903, RFC 6989 §2.3.
#[test]
fn points_of_p_521_pass_through_ke() {
    values(
        "ecdh_secp521r1_ecpoint_test.json",
        "aes256gcm16-prfsha256-ecp521",
        without_form,
        is_valid,
    );
}

/// B7: RFC 8031 §3.2, RFC 7748 §6.1: all but the points of low order, whose secret would be zero.
#[test]
fn values_of_x25519_pass_through_ke() {
    values(
        "x25519_test.json",
        "aes256gcm16-prfsha256-x25519",
        <[u8]>::to_vec,
        |test| {
            let flags = test["flags"].as_array().expect("flags");
            !flags.iter().any(|flag| flag == "ZeroSharedSecret")
        },
    );
}
