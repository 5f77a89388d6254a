use core::fmt;

use super::nearest::nearest;

/// Why a suite cannot be used: which word, and what would be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SuiteError {
    kind: SuiteErrorKind,
    token: Token,
}

impl SuiteError {
    pub(crate) fn new(kind: SuiteErrorKind, token: &str) -> Self {
        Self {
            kind,
            token: Token::new(token),
        }
    }

    pub(crate) fn unknown(token: &str) -> Self {
        Self::new(SuiteErrorKind::Unknown(nearest(token)), token)
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> SuiteErrorKind {
        self.kind
    }

    /// The word that is at fault, or the whole proposal when something is missing from it; cut to
    /// its first 32 octets.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_str()
    }
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token();
        match self.kind {
            SuiteErrorKind::Empty => {
                f.write_str("an empty proposal; write it like aes256gcm16-prfsha384-ecp384")
            }
            SuiteErrorKind::Unknown(Some(near)) => {
                write!(f, "unknown algorithm '{token}'; did you mean '{near}'?")
            }
            SuiteErrorKind::Unknown(None) => write!(
                f,
                "unknown algorithm '{token}'; encryption is like aes256 or aes256gcm16, integrity \
                 like sha256, a PRF like prfsha256, a group like modp2048, ecp256 or x25519"
            ),
            SuiteErrorKind::Misplaced(why) => write!(f, "'{token}' cannot stand here: {why}"),
            SuiteErrorKind::Missing(what) => write!(f, "'{token}' lacks {what}"),
            SuiteErrorKind::MixedAead => write!(
                f,
                "'{token}' mixes AEAD and other encryption in one proposal; put them into two, \
                 with a comma between (RFC 7296 §3.3)"
            ),
        }
    }
}

impl core::error::Error for SuiteError {}

/// The ways in which a suite can be wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SuiteErrorKind {
    /// There is no word at all.
    Empty,
    /// The word is legal elsewhere, but not here, for this reason.
    Misplaced(&'static str),
    /// Something that the proposal needs was not named.
    Missing(&'static str),
    /// AEAD and other ciphers in one proposal: the integrity algorithm would be needed and
    /// forbidden at once.
    MixedAead,
    /// No such algorithm; perhaps this one was meant.
    Unknown(Option<&'static str>),
}

/// A word from the user, kept inline so that the error stays `Copy`.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Token {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl Token {
    const MAX: usize = 32;

    fn new(text: &str) -> Self {
        let mut end = text.len().min(Self::MAX);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let mut bytes = [0; Self::MAX];
        for (to, from) in bytes.iter_mut().zip(text.bytes().take(end)) {
            *to = from;
        }
        Self { bytes, len: end }
    }

    fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.len).unwrap_or_default();
        core::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
