use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::keyword::{self, Keyword};
use super::{Joined, SuiteError, SuiteErrorKind, all_aead, list, push_once, words};
use crate::encryption::Encryption;
use crate::group::GroupId;
use crate::transform::{EncryptionId, IntegrityId, PrfId};

/// What one proposal for an IKEv2 SA offers: alternatives of each transform type, best first
/// (RFC 7296 §3.3).
///
/// ```
/// use ipsec_doi::{IkeProposal, PrfId};
///
/// let offer = IkeProposal::parse("aes256-aes128-sha256-modp2048-ecp256")?;
/// assert_eq!(offer.prf, [PrfId::HMAC_SHA2_256]); // not named: that of the integrity algorithm
/// assert_eq!(offer.to_string(), "aes256-aes128-sha256-modp2048-ecp256");
/// # Ok::<_, ipsec_doi::SuiteError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the transform types of an IKE SA; callers build it by hand"
)]
pub struct IkeProposal {
    /// Encryption: all AEAD, or none.
    pub encryption: Vec<Encryption>,
    /// Integrity: empty exactly when encryption is AEAD.
    pub integrity: Vec<IntegrityId>,
    /// Pseudo-random functions.
    pub prf: Vec<PrfId>,
    /// Key exchange groups.
    pub groups: Vec<GroupId>,
}

impl IkeProposal {
    /// Reads one proposal.
    ///
    /// Without a PRF, those of the integrity algorithms are meant. Integrity algorithms beside
    /// AEAD ciphers serve to name the PRF only, as in `aes256gcm16-sha384-ecp384`.
    ///
    /// # Errors
    ///
    /// A word that is unknown or belongs elsewhere, AEAD mixed with other ciphers, or something
    /// missing: an IKE SA needs encryption, a PRF, a group, and integrity unless by AEAD
    /// (RFC 7296 §3.3.3).
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        let mut it = Self::default();
        for word in words(text)? {
            it.add(word)?;
        }
        it.complete(text.trim())?;
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

    /// What to offer when the user names nothing: strong, widely spoken algorithms
    /// (RFC 8247 §2), AEAD and classic.
    #[must_use]
    pub fn recommended() -> Vec<Self> {
        let prf = vec![
            PrfId::HMAC_SHA2_256,
            PrfId::HMAC_SHA2_384,
            PrfId::HMAC_SHA2_512,
        ];
        let groups = vec![
            GroupId::CURVE25519,
            GroupId::ECP_256,
            GroupId::ECP_384,
            GroupId::MODP_3072,
            GroupId::MODP_2048,
        ];
        let aead = Self {
            encryption: vec![
                Encryption::AES_GCM_16_256,
                Encryption::AES_GCM_16_128,
                Encryption::CHACHA20_POLY1305,
            ],
            integrity: Vec::new(),
            prf: prf.clone(),
            groups: groups.clone(),
        };
        let classic = Self {
            encryption: vec![Encryption::AES_CBC_256, Encryption::AES_CBC_128],
            integrity: vec![
                IntegrityId::HMAC_SHA2_256_128,
                IntegrityId::HMAC_SHA2_384_192,
                IntegrityId::HMAC_SHA2_512_256,
            ],
            prf,
            groups,
        };
        vec![aead, classic]
    }

    /// Whether `suite` is one of the combinations offered.
    #[must_use]
    pub fn contains(&self, suite: &IkeSuite) -> bool {
        self.encryption.contains(&suite.encryption)
            && suite
                .integrity
                .map_or(self.integrity.is_empty(), |it| self.integrity.contains(&it))
            && self.prf.contains(&suite.prf)
            && self.groups.contains(&suite.group)
    }

    fn add(&mut self, word: &str) -> Result<(), SuiteError> {
        let misplaced = |why| Err(SuiteError::new(SuiteErrorKind::Misplaced(why), word));
        match keyword::parse(word).ok_or_else(|| SuiteError::unknown(word))? {
            Keyword::Encryption(it)
                if matches!(it.id, EncryptionId::NULL | EncryptionId::NULL_AES_GMAC) =>
            {
                return misplaced("an IKE SA must encrypt");
            }
            Keyword::Encryption(it) => push_once(&mut self.encryption, it),
            Keyword::Integrity(it) => push_once(&mut self.integrity, it),
            Keyword::Prf(it) => push_once(&mut self.prf, it),
            Keyword::Group(GroupId::NONE) => {
                return misplaced("an IKE SA needs a key exchange");
            }
            Keyword::Group(it) => push_once(&mut self.groups, it),
            Keyword::Esn(_) => return misplaced("sequence numbers belong to ESP proposals"),
        }
        Ok(())
    }

    fn complete(&mut self, text: &str) -> Result<(), SuiteError> {
        let missing = |what| Err(SuiteError::new(SuiteErrorKind::Missing(what), text));
        let aead = all_aead(&self.encryption, text)?;
        if self.prf.is_empty() {
            self.prf = derived(&self.integrity);
        }
        if self.prf.is_empty() && aead {
            return missing("a PRF, such as prfsha256");
        }
        if aead {
            self.integrity.clear();
        } else if self.integrity.is_empty() {
            return missing("an integrity algorithm, such as sha256");
        }
        if self.groups.is_empty() {
            return missing("a group, such as ecp256, x25519 or modp2048");
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
        for it in &self.integrity {
            out.known(keyword::integrity(*it), it)?;
        }
        if self.prf != derived(&self.integrity) {
            for it in &self.prf {
                out.known(keyword::prf(*it), it)?;
            }
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

/// The algorithms that protect one IKEv2 SA.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the transform types of an IKE SA; callers build it by hand"
)]
pub struct IkeSuite {
    /// Encryption.
    pub encryption: Encryption,
    /// Integrity; `None` exactly when encryption is AEAD.
    pub integrity: Option<IntegrityId>,
    /// Pseudo-random function.
    pub prf: PrfId,
    /// Key exchange group.
    pub group: GroupId,
}

impl IkeSuite {
    /// Reads a suite: a proposal with one algorithm of each kind.
    ///
    /// # Errors
    ///
    /// As [`IkeProposal::parse`], and if there is more than one of a kind.
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        let it = IkeProposal::parse(text)?;
        let ([encryption], [prf], [group], integrity, true) = (
            it.encryption.as_slice(),
            it.prf.as_slice(),
            it.groups.as_slice(),
            it.integrity.first().copied(),
            it.integrity.len() <= 1,
        ) else {
            let why = "a suite has one algorithm of each kind";
            return Err(SuiteError::new(SuiteErrorKind::Misplaced(why), text.trim()));
        };
        Ok(Self {
            encryption: *encryption,
            integrity,
            prf: *prf,
            group: *group,
        })
    }
}

impl fmt::Display for IkeSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Joined::new(f);
        out.word(&self.encryption)?;
        if let Some(it) = self.integrity {
            out.known(keyword::integrity(it), &it)?;
        }
        if self.integrity.and_then(IntegrityId::prf) != Some(self.prf) {
            out.known(keyword::prf(self.prf), &self.prf)?;
        }
        out.known(keyword::group(self.group), &self.group)
    }
}

impl FromStr for IkeSuite {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        Self::parse(text)
    }
}

fn derived(integrity: &[IntegrityId]) -> Vec<PrfId> {
    let mut prf = Vec::new();
    for it in integrity.iter().filter_map(|it| it.prf()) {
        push_once(&mut prf, it);
    }
    prf
}
