//! Cipher suites by name, as strongSwan's users type them: `aes256gcm16-prfsha384-ecp384`.
//!
//! A *proposal* names alternatives of each kind; a *suite* is what was agreed, one of each.

mod error;
mod esp;
mod ike;
pub(crate) mod keyword;
mod nearest;

use alloc::vec::Vec;
use core::fmt;

use crate::encryption::Encryption;

pub use error::{SuiteError, SuiteErrorKind};
pub use esp::{EspProposal, EspSuite};
pub use ike::{IkeProposal, IkeSuite};

/// The words of a proposal.
pub(crate) fn words(text: &str) -> Result<impl Iterator<Item = &str>, SuiteError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SuiteError::new(SuiteErrorKind::Empty, text));
    }
    Ok(text.split('-'))
}

/// Proposals in order of preference, with commas between.
pub(crate) fn list<T>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, SuiteError>,
) -> Result<Vec<T>, SuiteError> {
    text.split(',').map(parse).collect()
}

pub(crate) fn push_once<T: PartialEq>(to: &mut Vec<T>, it: T) {
    if !to.contains(&it) {
        to.push(it);
    }
}

/// Whether all ciphers are AEAD (`true`) or none is (`false`).
pub(crate) fn all_aead(ciphers: &[Encryption], text: &str) -> Result<bool, SuiteError> {
    let Some(first) = ciphers.first() else {
        return Err(SuiteError::new(
            SuiteErrorKind::Missing("an encryption algorithm, such as aes256 or aes256gcm16"),
            text,
        ));
    };
    // RFC 7296 §3.3: an AEAD goes without an integrity transform, any other cipher with one.
    if ciphers.iter().any(|it| it.is_aead() != first.is_aead()) {
        return Err(SuiteError::new(SuiteErrorKind::MixedAead, text));
    }
    Ok(first.is_aead())
}

/// Writes words with dashes between.
pub(crate) struct Joined<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    started: bool,
}

impl<'a, 'b> Joined<'a, 'b> {
    pub(crate) const fn new(f: &'a mut fmt::Formatter<'b>) -> Self {
        Self { f, started: false }
    }

    pub(crate) fn word(&mut self, it: &dyn fmt::Display) -> fmt::Result {
        if self.started {
            self.f.write_str("-")?;
        }
        self.started = true;
        it.fmt(self.f)
    }

    /// The user's word, or the registry's name where users have none.
    pub(crate) fn known(
        &mut self,
        word: Option<&'static str>,
        name: &dyn fmt::Display,
    ) -> fmt::Result {
        match word {
            Some(word) => self.word(&word),
            None => self.word(name),
        }
    }
}
