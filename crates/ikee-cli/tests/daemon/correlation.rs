//! IKE SA correlation ([MS-IKEE] §2.2.9, §3.10) with a peer written from the specification, on both sides.

use super::by_hand::{
    AUTH, B, CREATE_CHILD_SA, DELETE, ID_I, ID_R, IKE_AUTH, INFORMATIONAL, KE, NONCE, NOTIFY,
    Payload, Peer, SA, Sa, Suite, TS_I, TS_R, Who, body, child, errors, esp, kinds, notify, prf,
    selectors,
};
use super::{Daemon, Place, SECRET, configuration, text};

const CORRELATION: u8 = 200;
const MS_STATUS: u16 = 12345;

/// A daemon that takes proofs, and makes them of `peer` when it is told to bring `proof` up; and its peer.
fn daemon(test: &str) -> (Daemon, Peer) {
    let (here, there) = (Place::free("127.0.0.1"), Place::free("127.0.0.1"));
    let secret = format!("psk = \"{SECRET}\"\n");
    let suites = format!("{secret}proposals = [\"aes256-sha256-x25519\"]\n");
    let plain = configuration(here, there, ["a.example", "b.example"], SECRET);
    let plain = plain.replace("[extensions.fragmentation-v2]", "[extensions.correlation]")
        + "proposals = [\"aes256-sha256\"]\n";
    let plain = plain.replace(&secret, &suites);
    let another = |name: &str, keys: &str| {
        let own = plain.split("[connections.peer]").nth(1).unwrap();
        let own = own
            .replace("connections.peer", &format!("connections.{name}"))
            .replace(&secret, &format!("{secret}{keys}"));
        format!("[connections.{name}]{own}")
    };
    // whoever knows the secret, whoever knows nothing, and with an AEAD
    let anybody = another("anybody", "").replace("\"b.example\"", "\"any\"");
    let nobody = another("nobody", "auth.local = \"psk\"\nauth.remote = [\"null\"]\n");
    let nobody = nobody.replace("\"b.example\"", "\"any\"");
    let aead = another("aead", "").replace("aes256-sha256-x25519", "aes256gcm16-prfsha256-x25519");
    let proof = another("proof", "correlate_with = \"peer\"\n");
    let all = [&plain, &anybody, &nobody, &aead, &proof].map(String::as_str);
    let daemon = Daemon::start(test, "a", &all.concat());
    (daemon, Peer::new(there, here))
}

/// [MS-IKEE] §2.2.9: both SPIs of the original, then the hash with this key over the current SA's and the original's.
fn claim(key: &[u8], current: &Sa, original: &Sa) -> Vec<u8> {
    let ((i, r), (oi, or)) = (current.spis, original.spis);
    let hash = prf(key, &[&i, &r, &oi, &or]);
    [&oi[..], &or, &hash].concat()
}

/// The only notify's status, if the answer is nothing but that.
fn status(answer: &[Payload]) -> u32 {
    assert_eq!(kinds(answer), [NOTIFY], "{answer:?}");
    assert_eq!(answer[0].1[..4], [0, 0, 0x30, 0x39], "{answer:?}");
    u32::from_be_bytes(answer[0].1[4..].try_into().expect("four octets"))
}

/// Tries a correlation with this body, or these: what is answered. The SA of it is gone then, and the original lives.
fn attempt(
    peer: &Peer,
    (original, who): (&mut Sa, Who),
    bodies: impl FnOnce(&Sa, &Sa) -> Vec<Vec<u8>>,
) -> Vec<Payload> {
    let (mut current, _) = peer.init(Suite::Cbc, &[]).expect("an SA");
    let bodies = bodies(&current, original);
    let payloads: Vec<_> = bodies.into_iter().map(|it| (CORRELATION, it)).collect();
    let answer = peer.auth(&mut current, who, &payloads, &[]);
    peer.assert_gone(&current, original);
    answer
}

fn sas(daemon: &Daemon) -> usize {
    daemon.status()["sas"].as_array().map_or(0, Vec::len)
}

/// [MS-IKEE] §2.2.9, §3.10.5.1, §3.10.5.2: right before SA, and an error notify is all that comes back
#[test]
fn a_scripted_peers_proof_ends_the_new_sa_and_leaves_the_original() {
    let (daemon, peer) = daemon("proof");
    let mut original = peer.establish(Suite::Cbc, B);
    let right = |current: &Sa, original: &Sa| vec![claim(&original.keys.a[0], current, original)];
    let answer = attempt(&peer, (&mut original, B), right);
    assert_eq!(status(&answer), 0);
    daemon.logs("correlation: both SAs have the same peer");
    assert_eq!(sas(&daemon), 1);
    let told = &daemon.status()["sas"][0]["extensions"]["correlation"];
    assert_eq!(*told, "has the peer of an SA that is gone");
    // new keys for its child, as ever
    let answer = peer.request(
        &mut original,
        CREATE_CHILD_SA,
        &child(0x0b0b_0009, Some(0x0b0b_0001)),
    );
    assert_eq!(kinds(&answer)[..2], [SA, NONCE], "{answer:?}");
}

type Bodies = fn(&Sa, &Sa) -> Vec<Vec<u8>>;

fn right(current: &Sa, original: &Sa) -> Vec<u8> {
    claim(&original.keys.a[0], current, original)
}

fn flipped(current: &Sa, original: &Sa, at: usize) -> Vec<Vec<u8>> {
    let mut body = right(current, original);
    body[at] ^= 0x80;
    vec![body]
}

fn original_first(current: &Sa, original: &Sa) -> Vec<Vec<u8>> {
    let ((i, r), (oi, or)) = (current.spis, original.spis);
    let hash = prf(&original.keys.a[0], &[&oi, &or, &i, &r]);
    vec![[&oi[..], &or, &hash].concat()]
}

fn turned(current: &Sa, original: &Sa) -> Vec<Vec<u8>> {
    let mut turned = original.clone();
    turned.spis = (original.spis.1, original.spis.0);
    vec![right(current, &turned)]
}

/// Another hash than the right one.
const WRONG_HASH: [(&str, Bodies); 5] = [
    ("first octet", |c, o| flipped(c, o, 16)),
    ("last octet", |c, o| flipped(c, o, 47)),
    ("the responder's key", |c, o| {
        vec![claim(&o.keys.a[1], c, o)]
    }),
    ("the new SA's key", |c, o| vec![claim(&c.keys.a[0], c, o)]),
    ("the original's SPIs first", original_first),
];

/// SPIs of no original.
const UNKNOWN: [(&str, Bodies); 4] = [
    ("initiator's SPI", |c, o| flipped(c, o, 0)),
    ("responder's SPI", |c, o| flipped(c, o, 15)),
    ("SPIs the wrong way round", turned),
    ("the new SA itself", |c, _| vec![claim(&c.keys.a[0], c, c)]),
];

/// No payload of this PRF.
const MALFORMED: [(&str, Bodies); 5] = [
    ("an octet short", |c, o| vec![right(c, o)[..47].to_vec()]),
    ("an octet more", |c, o| {
        vec![[&right(c, o)[..], &[0]].concat()]
    }),
    ("SPIs only", |c, o| vec![right(c, o)[..16].to_vec()]),
    ("nothing", |_, _| vec![Vec::new()]),
    ("twice", |c, o| vec![right(c, o), right(c, o)]),
];

/// [MS-IKEE] §3.10.5.1: what may be wrong with the payload, one thing at a time; the original is there after all of it
#[test]
fn what_a_scripted_peer_gets_wrong_never_touches_the_original() {
    let (daemon, peer) = daemon("wrong");
    let mut original = peer.establish(Suite::Cbc, B);
    for (cases, expected, why) in [
        (&WRONG_HASH[..], 13_870, "the hash does not verify"),
        (&UNKNOWN, 13_804, "there is no such original SA"),
        (&MALFORMED, 13_843, "the Correlation payload cannot be read"),
    ] {
        for (what, bodies) in cases {
            let answer = attempt(&peer, (&mut original, B), bodies);
            assert_eq!(status(&answer), expected, "{what}");
            assert_eq!(sas(&daemon), 1, "{what}");
            let told = &daemon.status()["sas"][0]["extensions"]["correlation"];
            assert!(told.is_null(), "{what}: {told}");
        }
        daemon.logs(&format!("refused: {why}"));
    }
    let answer = attempt(&peer, (&mut original, B), |c, o| vec![right(c, o)]);
    assert_eq!(status(&answer), 0, "the original has lost nothing");
}

/// [MS-IKEE] §3.10.5.1: who the peer is, and how it proves it
#[test]
fn a_scripted_peer_that_is_another_or_proves_it_otherwise_gets_nothing() {
    const OTHER: u32 = 13_801;
    const AUTHENTICATION_FAILED: u16 = 24;
    let (daemon, peer) = daemon("other");
    let mut original = peer.establish(Suite::Cbc, B);
    let right = |current: &Sa, original: &Sa| vec![claim(&original.keys.a[0], current, original)];
    let c = Who {
        name: "c.example",
        ..B
    };
    let nobody = Who { secret: None, ..B };
    let liar = Who {
        secret: Some("guessed"),
        ..B
    };
    let answer = attempt(&peer, (&mut original, c), right);
    assert_eq!(status(&answer), OTHER);
    daemon.logs("refused: the peer has another identity than in the original SA");
    let answer = attempt(&peer, (&mut original, nobody), right);
    assert_eq!(status(&answer), OTHER);
    daemon.logs("refused: the peer authenticates otherwise than in the original SA");
    // AUTH comes first
    let answer = attempt(&peer, (&mut original, liar), right);
    assert_eq!(errors(&answer), [AUTHENTICATION_FAILED], "{answer:?}");
    assert_eq!(sas(&daemon), 1);
}

/// [MS-IKEE] §2.2.9: an original under an AEAD has no SK_a
#[test]
fn a_scripted_peer_cannot_prove_anything_of_an_original_with_an_aead() {
    let (daemon, peer) = daemon("aead");
    let mut original = peer.establish(Suite::Gcm, B);
    let empty = |current: &Sa, original: &Sa| vec![claim(&[], current, original)];
    let answer = attempt(&peer, (&mut original, B), empty);
    assert_eq!(status(&answer), 13_804);
    daemon.logs("refused: the original SA has an AEAD");
    assert_eq!(sas(&daemon), 1);
}

/// [MS-IKEE] §2.2.9: it is encrypted, or it is nothing
#[test]
fn a_correlation_payload_in_clear_means_nothing() {
    let (daemon, peer) = daemon("clear");
    let mut original = peer.establish(Suite::Cbc, B);
    let payload = (CORRELATION, vec![7; 48]);
    let (mut second, _) = peer.init(Suite::Cbc, &[payload]).expect("an SA");
    let answer = peer.auth(&mut second, B, &[], &[]);
    second.assert_proven(&answer);
    assert!(body(&answer, SA).is_some(), "{answer:?}");
    assert_eq!(sas(&daemon), 2);
    peer.assert_lives(&mut second);
    peer.assert_lives(&mut original);
}

/// Brings the proof up, while the peer looks at it and gives this answer; what `up` says, and whether it is content.
fn prove(
    daemon: &Daemon,
    peer: &Peer,
    original: &mut Sa,
    answer: impl FnOnce(&Sa) -> Vec<Payload>,
) -> (bool, String) {
    std::thread::scope(|scope| {
        let up = scope.spawn(|| daemon.control(&["up", "proof"]));
        let (mut current, asked) = peer.accept();
        assert!(!kinds(&asked).contains(&CORRELATION), "not in clear");
        let asked = peer.asked(&mut current, IKE_AUTH);
        current.assert_proven(&asked.payloads);
        let shown = kinds(&asked.payloads);
        let at = shown.iter().position(|it| *it == CORRELATION);
        let at = at.expect("a Correlation payload");
        assert_eq!(shown[at + 1], SA, "right before SA: {shown:?}");
        assert!(shown[..at].contains(&AUTH), "{shown:?}");
        let expected = claim(&original.keys.a[0], &current, original);
        assert_eq!(expected.len(), 48);
        assert_eq!(body(&asked.payloads, CORRELATION), Some(&expected[..]));
        let answer = answer(&current);
        peer.answer(&current, &asked, &answer);
        if kinds(&answer).contains(&SA) {
            // what is no proof is no use, either
            let delete = peer.asked(&mut current, INFORMATIONAL);
            assert_eq!(kinds(&delete.payloads), [DELETE]);
            peer.answer(&current, &delete, &[]);
        }
        let up = up.join().expect("ikee up");
        peer.assert_lives(original);
        assert_eq!(sas(daemon), 1);
        let said = text(&up.stdout) + &text(&up.stderr);
        (up.status.success(), said)
    })
}

/// [MS-IKEE] §2.2.9, §3.10, §3.10.5.3: what the daemon sends, and what it makes of each answer
#[test]
fn a_scripted_responder_finds_every_octet_of_the_daemons_proof() {
    let (daemon, peer) = daemon("octets");
    let mut original = std::thread::scope(|scope| {
        let up = scope.spawn(|| daemon.control(&["up", "peer"]));
        let (mut sa, asked) = peer.accept();
        assert_eq!(kinds(&asked)[..3], [SA, KE, NONCE]);
        let asked = peer.asked(&mut sa, IKE_AUTH);
        let shown = kinds(&asked.payloads);
        assert!(!shown.contains(&CORRELATION), "an SA as any: {shown:?}");
        for kind in [ID_I, AUTH, SA, TS_I, TS_R] {
            assert!(shown.contains(&kind), "{kind} in {shown:?}");
        }
        peer.agree(&sa, &asked);
        let up = up.join().expect("ikee up");
        assert!(up.status.success(), "{}", text(&up.stderr));
        peer.assert_lives(&mut sa);
        sa
    });
    let refused = |status: u32| move |_: &Sa| vec![notify(MS_STATUS, &status.to_be_bytes())];
    let (content, said) = prove(&daemon, &peer, &mut original, refused(13_870));
    assert!(!content && said.contains("13870"), "{said}");
    let (content, said) = prove(&daemon, &peer, &mut original, |_| vec![notify(24, &[])]);
    assert!(!content, "{said}");
    // a peer that takes it for an ordinary SA
    let (content, said) = prove(&daemon, &peer, &mut original, |current| {
        let [identity, proof] = current.own(B);
        assert_eq!(identity.0, ID_R);
        let [i, r] = selectors();
        vec![identity, proof, esp(0x0b0b_0003), i, r]
    });
    assert!(!content, "{said}");
    let (content, said) = prove(&daemon, &peer, &mut original, refused(0));
    assert!(content, "{said}");
    assert!(
        said.starts_with("proof has proved that both SAs have the same peer"),
        "{said}"
    );
    let told = &daemon.status()["sas"][0]["extensions"]["correlation"];
    assert_eq!(*told, "has the peer of an SA that is gone");
}

/// [MS-IKEE] §2.2.9: the key is the original's SK_ai, although the daemon was the responder there
#[test]
fn the_key_is_of_the_originals_initiator_whoever_proves() {
    let (daemon, peer) = daemon("roles");
    let mut original = peer.establish(Suite::Cbc, B);
    let (content, said) = prove(&daemon, &peer, &mut original, |_| {
        vec![notify(MS_STATUS, &[0; 4])]
    });
    assert!(content, "{said}");
}
