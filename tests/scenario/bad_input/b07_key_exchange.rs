//! B7: public values that are none, in every message with a key exchange (RFC 6989, RFC 8031 §5).

use ikee_tests::{Fault, Keyring, Packet, Setup};
use isakmp_wire::v2::kind;

use super::{Arena, When, places};

/// The prime of the 2048-bit MODP group (RFC 3526 §3), in hexadecimal.
const MODP_2048: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
15728E5A8AACAA68FFFFFFFFFFFFFFFF";

/// Points of small order on Curve25519, u-coordinates (RFC 7748 §6.1 asks to reject what they lead to).
const SMALL_ORDER: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
];

fn octets(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let octet = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).expect("text"), 16);
    digits.map(|it| octet(it).expect("digits")).collect()
}

/// `p` more or less a small number.
fn near(prime: &[u8], difference: i16) -> Vec<u8> {
    let mut value = prime.to_vec();
    let last = value.last_mut().expect("octets");
    let moved = i16::from(*last) + difference;
    if let Ok(moved) = u8::try_from(moved) {
        *last = moved;
    } else {
        // the octets before are all 0xff: the carry runs to the group's first odd place
        let carry = value
            .iter()
            .rposition(|it| *it != 0xff)
            .expect("not all ones");
        value[carry] += 1;
        value[carry + 1..].fill(0);
    }
    value
}

/// Bodies with values that are not of the group; the genuine one is `body`.
fn wrong_bodies(body: &[u8]) -> Vec<Vec<u8>> {
    let (head, own) = body.split_at(4);
    let values = values(u16::from_be_bytes([head[0], head[1]]), own);
    values.into_iter().map(|it| [head, &it].concat()).collect()
}

/// Values that are not of a group; the genuine one is `own`.
pub(crate) fn values(group: u16, own: &[u8]) -> Vec<Vec<u8>> {
    let len = own.len();
    let mut all = vec![
        Vec::new(),
        vec![0],
        vec![0; len],
        vec![0; len - 1],
        vec![0; len + 1],
        own[..len - 1].to_vec(),
        [own, &[0]].concat(),
        [&[4], own].concat(),
    ];
    if group == 31 {
        all.extend(SMALL_ORDER.map(octets));
    } else if group == 14 {
        let prime = octets(MODP_2048);
        let mut one = vec![0; len];
        one[len - 1] = 1;
        all.extend([one, vec![0xff; len], prime.clone()]);
        all.extend([-1, 1].map(|it| near(&prime, it)));
    } else {
        let mut off = own.to_vec();
        off[len - 1] ^= 1;
        let compressed = [&[2], &own[..len / 2]].concat();
        all.extend([off, vec![0xff; len], own[..len / 2].to_vec(), compressed]);
    }
    all
}

const SUITES: [&str; 5] = [
    "aes256gcm16-prfsha256-x25519",
    "aes256gcm16-prfsha256-ecp256",
    "aes256gcm16-prfsha384-ecp384",
    "aes256gcm16-prfsha512-ecp521",
    "aes256gcm16-prfsha256-modp2048",
];

fn setup(suite: &'static str) -> Setup {
    // children are rekeyed with a key exchange where that costs little
    let esp = match suite.rsplit('-').next() {
        Some("x25519") => "aes256gcm16-x25519",
        Some("ecp256") => "aes256gcm16-ecp256",
        _ => "aes256gcm16",
    };
    Setup::new().suites(suite, esp)
}

#[test]
fn public_values_that_are_none_are_refused_before_anything_is_kept() {
    for suite in SUITES {
        let letters = Arena::letters(setup(suite));
        for (n, letter) in letters.iter().enumerate() {
            for at in places(letter, kind::KE) {
                for body in wrong_bodies(&letter.payloads[at].body) {
                    let fault = Fault::Body(at, body.clone());
                    let throw = |keyring: &Keyring<'_>, it: &Packet| {
                        fault.apply(keyring, it).into_iter().collect()
                    };
                    let arena = Arena::live(setup(suite), n, When::Instead, &throw);
                    if n < 2 {
                        // what stands aside, and at the responder an SA for the genuine request
                        let sas = arena.pair.b.endpoint.sas().count();
                        assert!(sas <= 1 + n, "{suite} {n}: {body:02x?}");
                        assert_eq!(arena.pair.a.established().count(), 1, "{suite} {n}");
                    }
                    arena.survived();
                }
            }
        }
    }
}

/// RFC 7296 §2.21.1: a bad answer to the first message is not the end, as the genuine one may follow.
#[test]
fn a_bad_public_value_before_the_genuine_answer_keeps_nobody_from_connecting_elsewhere() {
    for suite in SUITES {
        let letters = Arena::letters(setup(suite));
        for at in places(&letters[1], kind::KE) {
            let body = &letters[1].payloads[at].body;
            let fault = Fault::Body(at, [&body[..4], &vec![0; body.len() - 4]].concat());
            let throw =
                |keyring: &Keyring<'_>, it: &Packet| fault.apply(keyring, it).into_iter().collect();
            Arena::live(setup(suite), 1, When::Before, &throw).survived();
        }
    }
}

/// Private and unassigned groups, and the number of another group before the value of this.
#[test]
fn groups_that_were_not_offered_are_survived_in_every_message() {
    let suite = SUITES[0];
    for (n, letter) in Arena::letters(setup(suite)).iter().enumerate() {
        for at in places(letter, kind::KE) {
            for group in [0_u16, 1, 2, 14, 19, 32, 36, 1023, 1024, 0x8000, 0xffff] {
                let body = &letter.payloads[at].body;
                let fault = Fault::Body(at, [&group.to_be_bytes(), &body[2..]].concat());
                let throw = |keyring: &Keyring<'_>, it: &Packet| {
                    fault.apply(keyring, it).into_iter().collect()
                };
                for when in [When::Before, When::Instead] {
                    Arena::live(setup(suite), n, when, &throw).survived();
                }
            }
        }
    }
}
