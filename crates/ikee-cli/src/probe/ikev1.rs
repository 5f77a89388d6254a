//! What to ask over IKEv1's main mode, and in which order.
//!
//! Each transform is a whole suite (RFC 2409 §5), and each message that holds an acceptable one leaves a half-open SA; one
//! that holds none leaves nothing. So first an acceptable suite is looked for, usual ones first; then one of its
//! parts after the other is exchanged for all the others at once, until nothing of them is taken any more.

use ipsec_doi::v1::{IkeSuite, Lifetimes, Phase1};
use ipsec_doi::{Encryption, GroupId, HashId, IkeProposal, PrfId};
use isakmp_wire::v1::{AuthMethod, NotifyType};

use super::findings::{Findings, Word};
use super::ikev2::Describe as _;
use super::line::{Line, Stop};
use super::main_mode::{Answer, ask};

const CIPHERS: [Encryption; 5] = [
    Encryption::AES_CBC_256,
    Encryption::AES_CBC_128,
    Encryption::AES_CBC_192,
    Encryption::TDES,
    Encryption::DES,
];
const HASHES: [HashId; 5] = [
    HashId::SHA2_256,
    HashId::SHA1,
    HashId::SHA2_384,
    HashId::SHA2_512,
    HashId::MD5,
];
const GROUPS: [GroupId; 10] = [
    GroupId::MODP_2048,
    GroupId::ECP_256,
    GroupId::ECP_384,
    GroupId::MODP_3072,
    GroupId::MODP_4096,
    GroupId::ECP_521,
    GroupId::CURVE25519,
    GroupId::MODP_1536,
    GroupId::MODP_1024,
    GroupId::MODP_768,
];
/// Shared key, RSA, ECDSA (RFC 4754), then XAUTH with the first two, and hybrid with RSA.
const METHODS: [u16; 7] = [1, 3, 9, 10, 65_001, 65_005, 64_221];

/// What is tried first, by numbers of elements of the lists above: ciphers, hashes, groups, methods. Each makes a message of
/// at most 24 transforms, which one packet carries.
type Batch = (
    &'static [usize],
    &'static [usize],
    &'static [usize],
    &'static [usize],
);
const BATCHES: [Batch; 6] = [
    (&[0, 1, 3], &[0, 1], &[0, 8], &[0, 1]),
    (&[0, 1], &[0, 2, 3], &[1, 3], &[0, 1]),
    (&[0, 1], &[0, 2], &[0, 1, 2], &[2, 3]),
    (&[0, 1, 3], &[0, 1], &[0, 8], &[4, 5]),
    (&[0, 3], &[1, 4], &[0, 7, 8], &[0, 6]),
    (&[3, 4], &[1, 4], &[7, 8, 9], &[0, 1]),
];

/// One of the four parts of a suite.
#[derive(Clone, Copy, Debug)]
enum Part {
    Method,
    Group,
    Cipher,
    Hash,
}

/// Asks all there is to ask, as far as limits allow.
pub(super) fn survey(line: &mut Line) -> Findings {
    line.forget_answers();
    let mut findings = Findings {
        complete: true,
        ..Findings::default()
    };
    if let Err(stop) = everything(line, &mut findings) {
        findings.stopped(&stop);
    }
    findings
}

fn everything(line: &mut Line, findings: &mut Findings) -> Result<(), Stop> {
    let Some(chosen) = first(line, findings)? else {
        return Ok(());
    };
    findings.chosen = Some(format!("{} {}", chosen.suite, chosen.auth));
    note(findings, &chosen);
    let mut parts: Vec<(Part, Vec<Phase1>)> = [Part::Method, Part::Group, Part::Cipher, Part::Hash]
        .map(|part| (part, alternatives(chosen, part)))
        .into();
    // in turns, so that a limit leaves something known of each
    while !parts.is_empty() {
        let mut exhausted = Vec::new();
        for (at, (part, left)) in parts.iter_mut().enumerate() {
            match ask(line, left, findings)? {
                Answer::Took(taken) => {
                    note(findings, &taken);
                    let before = left.len();
                    left.retain(|it| !same(it, &taken, *part));
                    if left.is_empty() || left.len() == before {
                        exhausted.push(at);
                    }
                }
                Answer::Refused(_) | Answer::Odd(_) => exhausted.push(at),
            }
        }
        for at in exhausted.into_iter().rev() {
            parts.remove(at);
        }
    }
    Ok(())
}

/// An acceptable suite.
fn first(line: &mut Line, findings: &mut Findings) -> Result<Option<Phase1>, Stop> {
    for batch in &BATCHES {
        match ask(line, &suites(batch), findings)? {
            Answer::Took(taken) => return Ok(Some(taken)),
            Answer::Refused(NotifyType::NO_PROPOSAL_CHOSEN) => {}
            Answer::Refused(other) => {
                findings.notes.push(format!("it answers {other}"));
                return Ok(None);
            }
            Answer::Odd(what) => {
                findings.notes.push(what);
                return Ok(None);
            }
        }
    }
    let what = "it takes nothing of what was offered, or nothing from this address";
    findings.notes.push(what.to_owned());
    Ok(None)
}

fn suites((ciphers, hashes, groups, methods): &Batch) -> Vec<Phase1> {
    let mut suites = Vec::new();
    for &encryption in pick(&CIPHERS, ciphers) {
        for &hash in pick(&HASHES, hashes) {
            for &group in pick(&GROUPS, groups) {
                for &method in pick(&METHODS, methods) {
                    suites.push(Phase1 {
                        suite: IkeSuite {
                            encryption,
                            hash,
                            group,
                        },
                        auth: AuthMethod::new(method),
                        lifetimes: Lifetimes {
                            seconds: Some(28_800),
                            kilobytes: None,
                        },
                    });
                }
            }
        }
    }
    suites
}

fn pick<'a, T>(from: &'a [T], these: &'a [usize]) -> impl Iterator<Item = &'a T> {
    these.iter().filter_map(|&at| from.get(at))
}

/// The suite with one part exchanged for each other value it may have.
fn alternatives(chosen: Phase1, part: Part) -> Vec<Phase1> {
    let with = |change: &dyn Fn(&mut Phase1)| {
        let mut changed = chosen;
        change(&mut changed);
        changed
    };
    let all: Vec<Phase1> = match part {
        Part::Method => METHODS
            .iter()
            .map(|&it| with(&|to| to.auth = AuthMethod::new(it)))
            .collect(),
        Part::Group => GROUPS
            .iter()
            .map(|&it| with(&|to| to.suite.group = it))
            .collect(),
        Part::Cipher => CIPHERS
            .iter()
            .map(|&it| with(&|to| to.suite.encryption = it))
            .collect(),
        Part::Hash => HASHES
            .iter()
            .map(|&it| with(&|to| to.suite.hash = it))
            .collect(),
    };
    all.into_iter()
        .filter(|it| !same(it, &chosen, part))
        .collect()
}

fn same(a: &Phase1, b: &Phase1, part: Part) -> bool {
    match part {
        Part::Method => a.auth == b.auth,
        Part::Group => a.suite.group == b.suite.group,
        Part::Cipher => a.suite.encryption == b.suite.encryption,
        Part::Hash => a.suite.hash == b.suite.hash,
    }
}

fn note(findings: &mut Findings, taken: &Phase1) {
    let IkeSuite {
        encryption,
        hash,
        group,
    } = taken.suite;
    findings.accept(|it| &mut it.encryption, &Word::of(&encryption.alone()));
    findings.accept(|it| &mut it.groups, &Word::of(&group.alone()));
    let integrity = hash.hmac().and_then(PrfId::integrity);
    let hash = IkeProposal {
        integrity: integrity.into_iter().collect(),
        ..IkeProposal::default()
    };
    findings.accept(|it| &mut it.integrity, &Word::of(&hash));
    let method = Word {
        text: taken.auth.to_string(),
        weak: false,
    };
    findings.accept(|it| &mut it.authentication, &method);
}
