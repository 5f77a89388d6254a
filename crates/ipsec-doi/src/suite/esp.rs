use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::keyword::{self, Keyword};
use super::{Joined, SuiteError, SuiteErrorKind, all_aead, list, push_once, words};
use crate::encryption::Encryption;
use crate::group::GroupId;
use crate::transform::IntegrityId;

/// What one proposal for an ESP child SA offers: alternatives of each kind, best first
/// (RFC 7296 §3.3). IKEv1's quick mode is configured with the same words.
///
/// ```
/// use ipsec_doi::{Encryption, EspProposal};
///
/// let offer = EspProposal::parse("aes128gcm16-chacha20poly1305-ecp256-esn")?;
/// assert_eq!(offer.encryption.len(), 2);
/// assert_eq!(offer.esn, [true]);
/// # Ok::<_, ipsec_doi::SuiteError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the transform types of a child SA; callers build it by hand"
)]
pub struct EspProposal {
    /// Encryption: all AEAD, or none.
    pub encryption: Vec<Encryption>,
    /// Integrity: empty exactly when encryption is AEAD.
    pub integrity: Vec<IntegrityId>,
    /// Groups for a key exchange of its own; empty for none, [`GroupId::NONE`] among them to
    /// make it optional.
    pub groups: Vec<GroupId>,
    /// Extended sequence numbers: which of the two are acceptable, best first.
    pub esn: Vec<bool>,
}

impl EspProposal {
    /// Reads one proposal.
    ///
    /// Without `esn` or `noesn`, the latter is meant. Integrity algorithms beside AEAD ciphers
    /// are dropped.
    ///
    /// # Errors
    ///
    /// A word that is unknown or belongs elsewhere, AEAD mixed with other ciphers, or missing
    /// encryption or integrity (RFC 8221 §4: encryption never without authentication).
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
    /// (RFC 8221 §5, §6), AEAD and classic.
    #[must_use]
    pub fn recommended() -> Vec<Self> {
        let aead = Self {
            encryption: vec![
                Encryption::AES_GCM_16_256,
                Encryption::AES_GCM_16_128,
                Encryption::CHACHA20_POLY1305,
            ],
            esn: vec![false],
            ..Self::default()
        };
        let classic = Self {
            encryption: vec![Encryption::AES_CBC_256, Encryption::AES_CBC_128],
            integrity: vec![
                IntegrityId::HMAC_SHA2_256_128,
                IntegrityId::HMAC_SHA2_384_192,
                IntegrityId::HMAC_SHA2_512_256,
            ],
            esn: vec![false],
            ..Self::default()
        };
        vec![aead, classic]
    }

    /// Whether `suite` is one of the combinations offered.
    #[must_use]
    pub fn contains(&self, suite: &EspSuite) -> bool {
        self.encryption.contains(&suite.encryption)
            && suite
                .integrity
                .map_or(self.integrity.is_empty(), |it| self.integrity.contains(&it))
            && match suite.group {
                Some(group) => self.groups.contains(&group),
                None => self.groups.is_empty() || self.groups.contains(&GroupId::NONE),
            }
            && self.esn.contains(&suite.esn)
    }

    fn add(&mut self, word: &str) -> Result<(), SuiteError> {
        match keyword::parse(word).ok_or_else(|| SuiteError::unknown(word))? {
            Keyword::Encryption(it) => push_once(&mut self.encryption, it),
            Keyword::Integrity(it) => push_once(&mut self.integrity, it),
            Keyword::Group(it) => push_once(&mut self.groups, it),
            Keyword::Esn(it) => push_once(&mut self.esn, it),
            Keyword::Prf(_) => {
                let why = "a PRF belongs to IKE proposals";
                return Err(SuiteError::new(SuiteErrorKind::Misplaced(why), word));
            }
        }
        Ok(())
    }

    fn complete(&mut self, text: &str) -> Result<(), SuiteError> {
        if all_aead(&self.encryption, text)? {
            self.integrity.clear();
        } else if self.integrity.is_empty() {
            let what = "an integrity algorithm, such as sha256";
            return Err(SuiteError::new(SuiteErrorKind::Missing(what), text));
        }
        if self.groups == [GroupId::NONE] {
            self.groups.clear();
        }
        if self.esn.is_empty() {
            self.esn.push(false);
        }
        Ok(())
    }
}

impl fmt::Display for EspProposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Joined::new(f);
        for it in &self.encryption {
            out.word(it)?;
        }
        for it in &self.integrity {
            out.known(keyword::integrity(*it), it)?;
        }
        for it in &self.groups {
            out.known(keyword::group(*it), it)?;
        }
        if self.esn != [false] {
            for it in &self.esn {
                out.word(&if *it { "esn" } else { "noesn" })?;
            }
        }
        Ok(())
    }
}

impl FromStr for EspProposal {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        Self::parse(text)
    }
}

/// The algorithms that protect one pair of ESP SAs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the transform types of a child SA; callers build it by hand"
)]
pub struct EspSuite {
    /// Encryption.
    pub encryption: Encryption,
    /// Integrity; `None` exactly when encryption is AEAD.
    pub integrity: Option<IntegrityId>,
    /// The group of the key exchange of its own, if there was one.
    pub group: Option<GroupId>,
    /// Whether sequence numbers have 64 bits.
    pub esn: bool,
}

impl EspSuite {
    /// Reads a suite: a proposal with one algorithm of each kind.
    ///
    /// # Errors
    ///
    /// As [`EspProposal::parse`], and if there is more than one of a kind.
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        let it = EspProposal::parse(text)?;
        let ([encryption], [esn], true) = (
            it.encryption.as_slice(),
            it.esn.as_slice(),
            it.integrity.len() <= 1 && it.groups.len() <= 1,
        ) else {
            let why = "a suite has one algorithm of each kind";
            return Err(SuiteError::new(SuiteErrorKind::Misplaced(why), text.trim()));
        };
        Ok(Self {
            encryption: *encryption,
            integrity: it.integrity.first().copied(),
            group: it.groups.first().copied(),
            esn: *esn,
        })
    }
}

impl fmt::Display for EspSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Joined::new(f);
        out.word(&self.encryption)?;
        if let Some(it) = self.integrity {
            out.known(keyword::integrity(it), &it)?;
        }
        if let Some(it) = self.group {
            out.known(keyword::group(it), &it)?;
        }
        if self.esn {
            out.word(&"esn")?;
        }
        Ok(())
    }
}

impl FromStr for EspSuite {
    type Err = SuiteError;

    fn from_str(text: &str) -> Result<Self, SuiteError> {
        Self::parse(text)
    }
}
