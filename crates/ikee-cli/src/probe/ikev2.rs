//! What to ask over IKE_SA_INIT, and in which order.
//!
//! A responder chooses a proposal first and looks at the public value then: with one of the wrong group it answers
//! INVALID_KE_PAYLOAD and keeps nothing (RFC 7296 §1.2). So what is asked comes with a proposal that nobody should take, of
//! DES, MD5 and a group of 768 bits, and a public value of that group: the answer tells whether the rest would have been
//! taken. Where a peer does not answer so, proposals are really taken, up to the limit of half-open SAs.

use ipsec_doi::{Encryption, EncryptionId, GroupId, IkeProposal, IntegrityId, PrfId};
use isakmp_wire::v2::NotifyType;

use super::findings::{Accepts, Findings, Word};
use super::init::{Answer, Question, ask};
use super::line::{Line, Stop};

/// Everything that is asked for; strong ones first.
const CIPHERS: [Encryption; 10] = [
    Encryption::AES_GCM_16_256,
    Encryption::AES_GCM_16_128,
    Encryption::CHACHA20_POLY1305,
    Encryption::AES_CBC_256,
    Encryption::AES_CBC_192,
    Encryption::AES_CBC_128,
    Encryption::AES_CCM_16_256,
    Encryption::AES_CCM_16_128,
    Encryption::new(EncryptionId::CAMELLIA_CBC, 256),
    Encryption::TDES,
];
const PRFS: [PrfId; 6] = [
    PrfId::HMAC_SHA2_256,
    PrfId::HMAC_SHA2_384,
    PrfId::HMAC_SHA2_512,
    PrfId::AES128_XCBC,
    PrfId::HMAC_SHA1,
    PrfId::HMAC_MD5,
];
const INTEGRITIES: [IntegrityId; 6] = [
    IntegrityId::HMAC_SHA2_256_128,
    IntegrityId::HMAC_SHA2_384_192,
    IntegrityId::HMAC_SHA2_512_256,
    IntegrityId::AES_XCBC_96,
    IntegrityId::HMAC_SHA1_96,
    IntegrityId::HMAC_MD5_96,
];
const GROUPS: [GroupId; 13] = [
    GroupId::ECP_256,
    GroupId::ECP_384,
    GroupId::ECP_521,
    GroupId::CURVE25519,
    GroupId::CURVE448,
    GroupId::MODP_2048,
    GroupId::MODP_3072,
    GroupId::MODP_4096,
    GroupId::MODP_2048_256,
    GroupId::BRAINPOOL_256,
    GroupId::MODP_1536,
    GroupId::MODP_1024,
    GroupId::MODP_1024_160,
];

/// The group whose public value comes first: most peers take it.
const FIRST_GUESS: GroupId = GroupId::MODP_2048;

/// The survey's state.
struct Survey<'a> {
    line: &'a mut Line,
    findings: Findings,
    /// Whether wrong groups are answered as they should be.
    unbinding: bool,
    /// A group that the peer takes.
    group: GroupId,
}

/// Alternatives to be tried together.
#[derive(Clone, Debug)]
struct Offer {
    ciphers: Vec<Encryption>,
    prfs: Vec<PrfId>,
    integrities: Vec<IntegrityId>,
    groups: Vec<GroupId>,
}

/// Asks all there is to ask, as far as limits allow.
pub(super) fn survey(line: &mut Line) -> Findings {
    line.forget_answers();
    let mut survey = Survey {
        line,
        findings: Findings {
            complete: true,
            ..Findings::default()
        },
        unbinding: true,
        group: FIRST_GUESS,
    };
    if let Err(stop) = survey.everything() {
        survey.findings.stopped(&stop);
    }
    survey.findings
}

impl Offer {
    fn all() -> Self {
        Self {
            ciphers: CIPHERS.to_vec(),
            prfs: PRFS.to_vec(),
            integrities: INTEGRITIES.to_vec(),
            groups: GROUPS.to_vec(),
        }
    }

    /// AEAD ciphers and the others cannot stand in one proposal (RFC 7296 §3.3).
    fn proposals(&self) -> Vec<IkeProposal> {
        let (aead, classic): (Vec<_>, Vec<_>) = self.ciphers.iter().partition(|it| it.is_aead());
        let proposal = |encryption, integrity| IkeProposal {
            encryption,
            integrity,
            prf: self.prfs.clone(),
            groups: self.groups.clone(),
        };
        [
            proposal(aead, Vec::new()),
            proposal(classic, self.integrities.clone()),
        ]
        .into_iter()
        .filter(|it| {
            !it.encryption.is_empty() && (it.encryption[0].is_aead() || !it.integrity.is_empty())
        })
        .collect()
    }
}

/// What nobody should take.
fn scarecrow() -> IkeProposal {
    IkeProposal {
        encryption: vec![Encryption::DES],
        integrity: vec![IntegrityId::HMAC_MD5_96],
        prf: vec![PrfId::HMAC_MD5],
        groups: vec![GroupId::MODP_768],
    }
}

impl Survey<'_> {
    fn everything(&mut self) -> Result<(), Stop> {
        let mut offer = Offer::all();
        let Some(chosen) = self.first(&offer)? else {
            return Ok(());
        };
        self.findings.chosen = Some(chosen.to_string());
        self.group = chosen.groups.first().copied().unwrap_or(FIRST_GUESS);
        self.note(&chosen);
        offer.groups = self.groups(&offer)?;
        let ciphers = offer.ciphers.clone();
        offer.ciphers = self.each(&offer, &ciphers, &chosen.encryption, |offer, these| {
            offer.ciphers = these.to_vec();
        })?;
        let prfs = offer.prfs.clone();
        offer.prfs = self.each(&offer, &prfs, &chosen.prf, |offer, these| {
            offer.prfs = these.to_vec();
        })?;
        offer.ciphers.retain(|it| !it.is_aead());
        if !offer.ciphers.is_empty() {
            let integrities = offer.integrities.clone();
            self.each(&offer, &integrities, &chosen.integrity, |offer, these| {
                offer.integrities = these.to_vec();
            })?;
        }
        Ok(())
    }

    /// Everything at once: does it take anything, and what does it choose?
    fn first(&mut self, offer: &Offer) -> Result<Option<IkeProposal>, Stop> {
        let proposals = offer.proposals();
        let mut group = FIRST_GUESS;
        for _ in 0..2 {
            match self.ask(&proposals, group)? {
                Answer::Took(chosen) => return Ok(Some(chosen)),
                Answer::WantsGroup(wanted) => group = wanted,
                Answer::Refused(NotifyType::NO_PROPOSAL_CHOSEN) => {
                    self.remark(
                        "it takes nothing of what was offered, or nothing from this address",
                    );
                    return Ok(None);
                }
                Answer::Refused(other) => {
                    self.remark(&format!("it answers {other}"));
                    return Ok(None);
                }
                Answer::Odd(what) => {
                    self.remark(&what);
                    return Ok(None);
                }
            }
        }
        self.remark("it asks for one group after the other");
        Ok(None)
    }

    fn ask(&mut self, proposals: &[IkeProposal], group: GroupId) -> Result<Answer, Stop> {
        let question = Question { proposals, group };
        ask(self.line, &question, &mut self.findings)
    }

    /// Whether the peer takes something of this, and with which group.
    fn takes(&mut self, offer: &Offer) -> Result<Option<GroupId>, Stop> {
        let mut proposals = offer.proposals();
        if proposals.is_empty() {
            return Ok(None);
        }
        if self.unbinding {
            proposals.push(scarecrow());
            let answer = self.ask(&proposals, GroupId::MODP_768)?;
            proposals.pop();
            match answer {
                Answer::WantsGroup(group) if offer.groups.contains(&group) => {
                    return Ok(Some(group));
                }
                Answer::Refused(NotifyType::NO_PROPOSAL_CHOSEN) => return Ok(None),
                Answer::Took(taken) if taken == scarecrow() => {
                    self.note(&taken);
                    self.remark("it takes DES, MD5 and a group of 768 bits");
                }
                Answer::Took(taken) => return Ok(taken.groups.first().copied()),
                Answer::WantsGroup(_) | Answer::Refused(_) | Answer::Odd(_) => {}
            }
            self.unbinding = false;
        }
        self.line.may_be_taken()?;
        let known = offer.groups.contains(&self.group).then_some(self.group);
        let group = known.or_else(|| offer.groups.first().copied());
        match self.ask(&proposals, group.unwrap_or(FIRST_GUESS))? {
            Answer::Took(taken) => Ok(taken.groups.first().copied()),
            Answer::WantsGroup(group) => Ok(Some(group)),
            Answer::Refused(_) | Answer::Odd(_) => Ok(None),
        }
    }

    /// The groups that it takes: the one that it wants now, then the next without that one.
    fn groups(&mut self, offer: &Offer) -> Result<Vec<GroupId>, Stop> {
        let mut taken = vec![self.group];
        let mut rest = offer.clone();
        rest.groups.retain(|it| *it != self.group);
        while !rest.groups.is_empty() {
            let Some(group) = self.takes(&rest)? else {
                break;
            };
            if !rest.groups.contains(&group) {
                break;
            }
            rest.groups.retain(|it| *it != group);
            taken.push(group);
            self.note(&IkeProposal {
                groups: vec![group],
                ..IkeProposal::default()
            });
        }
        Ok(taken)
    }

    /// Which of these it takes, one at a time; the weak ones first all together.
    fn each<T: Copy + PartialEq + Describe>(
        &mut self,
        offer: &Offer,
        all: &[T],
        known: &[T],
        put: impl Fn(&mut Offer, &[T]),
    ) -> Result<Vec<T>, Stop> {
        let mut taken = known.to_vec();
        let left = all.iter().copied().filter(|it| !known.contains(it));
        let (weak, strong): (Vec<T>, Vec<T>) = left.partition(|it| Word::of(&it.alone()).weak);
        let mut asked = strong;
        if !weak.is_empty() {
            let mut these = offer.clone();
            put(&mut these, &weak);
            if self.takes(&these)?.is_some() {
                asked.extend(weak);
            }
        }
        for one in asked {
            let mut these = offer.clone();
            put(&mut these, &[one]);
            if self.takes(&these)?.is_some() {
                self.note(&one.alone());
                taken.push(one);
            }
        }
        Ok(taken)
    }

    /// Each algorithm of a proposal is one that the peer takes.
    fn note(&mut self, proposal: &IkeProposal) {
        let findings = &mut self.findings;
        for it in &proposal.encryption {
            findings.accept(
                |it: &mut Accepts| &mut it.encryption,
                &Word::of(&it.alone()),
            );
        }
        for it in &proposal.integrity {
            findings.accept(|it: &mut Accepts| &mut it.integrity, &Word::of(&it.alone()));
        }
        for it in &proposal.prf {
            findings.accept(|it: &mut Accepts| &mut it.prf, &Word::of(&it.alone()));
        }
        for it in &proposal.groups {
            findings.accept(|it: &mut Accepts| &mut it.groups, &Word::of(&it.alone()));
        }
    }

    fn remark(&mut self, what: &str) {
        self.findings.notes.push(what.to_owned());
    }
}

/// An algorithm as a proposal that holds nothing else.
pub(super) trait Describe {
    fn alone(self) -> IkeProposal;
}

impl Describe for Encryption {
    fn alone(self) -> IkeProposal {
        IkeProposal {
            encryption: vec![self],
            ..IkeProposal::default()
        }
    }
}

impl Describe for PrfId {
    fn alone(self) -> IkeProposal {
        IkeProposal {
            prf: vec![self],
            ..IkeProposal::default()
        }
    }
}

impl Describe for IntegrityId {
    fn alone(self) -> IkeProposal {
        IkeProposal {
            integrity: vec![self],
            ..IkeProposal::default()
        }
    }
}

impl Describe for GroupId {
    fn alone(self) -> IkeProposal {
        IkeProposal {
            groups: vec![self],
            ..IkeProposal::default()
        }
    }
}
