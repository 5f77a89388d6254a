use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::Phase1Encryption;
use crate::encryption::Encryption;
use crate::group::GroupId;
use crate::hash::HashId;
use crate::suite::keyword::{self, Keyword};
use crate::suite::{Joined, SuiteError, SuiteErrorKind, list, push_once, words};
use crate::transform::{IntegrityId, PrfId};

/// What phase 1 offers: alternatives of each kind, best first (RFC 2409 §4).
///
/// The words are those of IKEv2. What is an integrity algorithm there is the hash here, and names
/// the PRF as well.
///
/// ```
/// use ipsec_doi::v1::IkeProposal;
///
/// let offer = IkeProposal::parse("aes256-sha256-modp2048")?;
/// assert_eq!(offer.suites().count(), 1);
/// assert!(IkeProposal::parse("aes256gcm16-sha256-modp2048").is_err());
/// # Ok::<_, ipsec_doi::SuiteError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "callers build it by hand")]
pub struct IkeProposal {
    /// Encryption.
    pub encryption: Vec<Encryption>,
    /// Hash functions.
    pub hash: Vec<HashId>,
    /// Key exchange groups.
    pub groups: Vec<GroupId>,
}

impl IkeProposal {
    /// Reads one proposal.
    ///
    /// # Errors
    ///
    /// A word that is unknown, or that phase 1 has no number for, or something missing: phase 1
    /// needs encryption, a hash and a group (RFC 2409 §4).
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        let mut it = Self::default();
        for word in words(text)? {
            it.add(word)?;
        }
        let missing = |what| Err(SuiteError::new(SuiteErrorKind::Missing(what), text.trim()));
        if it.encryption.is_empty() {
            return missing("an encryption algorithm, such as aes256");
        }
        if it.hash.is_empty() {
            return missing("a hash function, such as sha256");
        }
        if it.groups.is_empty() {
            return missing("a group, such as modp2048 or ecp256");
        }
        Ok(it)
    }

    /// Reads proposals with commas between, best first.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_list(text: &str) -> Result<Vec<Self>, SuiteError> {
        list(text, Self::parse)
    }

    /// Every combination, best first: each is a transform of its own, as IKEv1 has no other way
    /// to offer alternatives (RFC 2409 §5).
    pub fn suites(&self) -> impl Iterator<Item = IkeSuite> {
        self.encryption.iter().flat_map(move |encryption| {
            self.hash.iter().flat_map(move |hash| {
                self.groups.iter().map(move |group| IkeSuite {
                    encryption: *encryption,
                    hash: *hash,
                    group: *group,
                })
            })
        })
    }

    fn add(&mut self, word: &str) -> Result<(), SuiteError> {
        let misplaced = |why| Err(SuiteError::new(SuiteErrorKind::Misplaced(why), word));
        match keyword::parse(word).ok_or_else(|| SuiteError::unknown(word))? {
            Keyword::Encryption(it) if Phase1Encryption::of(it.id).is_none() => {
                return misplaced("IKEv1 has CBC ciphers only, such as aes256 or 3des");
            }
            Keyword::Encryption(it) => push_once(&mut self.encryption, it),
            Keyword::Integrity(it) => match hash(it) {
                Some(it) => push_once(&mut self.hash, it),
                None => return misplaced("IKEv1 hashes with md5, sha1, sha256, sha384 or sha512"),
            },
            Keyword::Prf(it) => match it.integrity().and_then(hash) {
                // The PRF is HMAC with the hash: to name it again does no harm.
                Some(it) if self.hash.contains(&it) => {}
                _ => return misplaced("in IKEv1 the hash is the PRF: name the hash only"),
            },
            Keyword::Group(GroupId::NONE) => return misplaced("phase 1 needs a key exchange"),
            Keyword::Group(it) => push_once(&mut self.groups, it),
            Keyword::Esn(_) => return misplaced("sequence numbers belong to ESP proposals"),
        }
        Ok(())
    }
}

impl fmt::Display for IkeProposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Joined::new(f);
        for it in &self.encryption {
            out.word(it)?;
        }
        for it in &self.hash {
            out.known(word(*it), it)?;
        }
        for it in &self.groups {
            out.known(keyword::group(*it), it)?;
        }
        Ok(())
    }
}

impl FromStr for IkeProposal {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        Self::parse(text)
    }
}

/// The algorithms that protect one IKEv1 SA.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_structs, reason = "callers build it by hand")]
pub struct IkeSuite {
    /// Encryption.
    pub encryption: Encryption,
    /// The hash function; HMAC with it is the PRF.
    pub hash: HashId,
    /// Key exchange group.
    pub group: GroupId,
}

impl IkeSuite {
    /// The pseudo-random function: HMAC with the hash (RFC 2409 §4).
    #[must_use]
    pub const fn prf(&self) -> Option<PrfId> {
        self.hash.hmac()
    }
}

impl fmt::Display for IkeSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Joined::new(f);
        out.word(&self.encryption)?;
        out.known(word(self.hash), &self.hash)?;
        out.known(keyword::group(self.group), &self.group)
    }
}

/// The hash that an integrity algorithm stands for in phase 1.
const fn hash(it: IntegrityId) -> Option<HashId> {
    Some(match it {
        IntegrityId::HMAC_MD5_96 => HashId::MD5,
        IntegrityId::HMAC_SHA1_96 => HashId::SHA1,
        IntegrityId::HMAC_SHA2_256_128 => HashId::SHA2_256,
        IntegrityId::HMAC_SHA2_384_192 => HashId::SHA2_384,
        IntegrityId::HMAC_SHA2_512_256 => HashId::SHA2_512,
        _ => return None,
    })
}

fn word(it: HashId) -> Option<&'static str> {
    it.hmac()
        .and_then(PrfId::integrity)
        .and_then(keyword::integrity)
}
