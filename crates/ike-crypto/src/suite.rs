//! One suite for every provider: published vectors, read from a folder, and properties that need none.
//!
//! ```no_run
//! # fn provider() -> &'static ike_crypto::Provider { ike_crypto::null::provider() }
//! use ike_crypto::suite;
//!
//! suite::run(provider(), &suite::data_dir()).assert();
//! ```
//!
//! It takes private values through [`Group::start`](crate::Group::start), which says how those are read from the
//! generator. What a provider lacks is passed over; what the folder lacks is listed in the report.

#![cfg_attr(
    not(test),
    expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "a test kit, on inputs of its own"
    )
)]

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Error, Provider, Random};

mod agreement;
mod ciphers;
mod groups;
mod keys;
mod known;
mod macs;
mod schedules;
mod signatures;
mod vectors;

pub use agreement::agree;
pub use signatures::private_keys;

/// Runs everything over `provider`: the properties, and the vectors in `data`.
#[must_use]
pub fn run(provider: &Provider, data: &Path) -> Report {
    let mut report = properties(provider);
    let vectors = vectors::Folder::new(data);
    if vectors.is_there() {
        ciphers::vectors(provider, &vectors, &mut report);
        macs::vectors(provider, &vectors, &mut report);
        schedules::vectors(provider, &vectors, &mut report);
        groups::vectors(provider, &vectors, &mut report);
        signatures::vectors(provider, &vectors, &mut report);
    } else {
        report.skip(format!("published vectors: no folder {}", data.display()));
    }
    report
}

/// Runs what needs no data: every algorithm works back and forth, whatever is changed is noticed, and a wrong length is
/// an error.
#[must_use]
pub fn properties(provider: &Provider) -> Report {
    let mut report = Report::default();
    ciphers::properties(provider, &mut report);
    macs::properties(provider, &mut report);
    groups::properties(provider, &mut report);
    signatures::properties(provider, &mut report);
    report
}

/// The folder with the vectors: `IKEE_TEST_DATA`, or beside the repository where its README says, and there `vectors`.
#[must_use]
pub fn data_dir() -> PathBuf {
    let data = std::env::var_os("IKEE_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    data.join("vectors")
}

/// What came out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Number of checks made.
    pub checks: usize,
    /// What was not checked, and why.
    pub skipped: Vec<String>,
    /// Checks that failed.
    pub failures: Vec<String>,
}

impl Report {
    /// Ends the test if anything failed.
    #[expect(clippy::panic, reason = "that is how a test ends")]
    pub fn assert(&self) {
        if !self.failures.is_empty() {
            panic!("{self}");
        }
    }

    pub(crate) fn check(&mut self, right: bool, what: impl fmt::Display) {
        self.checks += 1;
        if !right {
            self.failures.push(what.to_string());
        }
    }

    pub(crate) fn skip(&mut self, what: String) {
        self.skipped.push(what);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} checks", self.checks)?;
        for skipped in &self.skipped {
            write!(f, "\nskipped: {skipped}")?;
        }
        for failure in self.failures.iter().take(50) {
            write!(f, "\nfailed: {failure}")?;
        }
        if self.failures.len() > 50 {
            write!(f, "\nand {} more", self.failures.len() - 50)?;
        }
        Ok(())
    }
}

/// A generator that yields given octets, once.
pub(crate) struct Given<'a>(pub(crate) &'a [u8]);

impl Random for Given<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let (now, later) = self.0.split_at_checked(out.len()).ok_or(Error)?;
        out.copy_from_slice(now);
        self.0 = later;
        Ok(())
    }
}

/// `n` octets that are not all the same.
pub(crate) fn some(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 7 + 3).to_le_bytes()[0]).collect()
}

/// Octets of hexadecimal digits.
pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// A case of a vector file.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) file: &'a str,
    pub(crate) value: &'a Value,
}

impl<'a> Case<'a> {
    pub(crate) fn hex(&self, name: &str) -> Vec<u8> {
        unhex(self.text(name))
    }

    pub(crate) fn text(&self, name: &str) -> &'a str {
        self.value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn number(&self, name: &str) -> usize {
        let number = self.value.get(name).and_then(Value::as_u64);
        number.and_then(|n| n.try_into().ok()).unwrap_or_default()
    }

    pub(crate) fn part(&self, name: &str) -> Self {
        Self {
            file: self.file,
            value: self.value.get(name).unwrap_or(&Value::Null),
        }
    }

    pub(crate) fn list(&self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        let file = self.file;
        let list = self.value.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .map(move |value| Self { file, value })
    }

    /// Whether Wycheproof's `result` is this.
    pub(crate) fn is(&self, result: &str) -> bool {
        self.text("result") == result
    }

    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        let flags = self.value.get("flags").and_then(Value::as_array);
        flags.is_some_and(|flags| flags.iter().any(|found| found.as_str() == Some(flag)))
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        for name in ["tcId", "case", "COUNT", "group", "comment"] {
            if let Some(value) = self.value.get(name).filter(|value| !value.is_object()) {
                write!(f, " {name} {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::null;

    #[test]
    fn a_provider_that_protects_nothing_fails() {
        let report = properties(null::provider());
        assert!(report.failures.len() > 100, "{report}");
        let unnoticed = |failure: &String| failure.contains("changed unnoticed");
        assert!(report.failures.iter().any(unnoticed));
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let report = run(null::provider(), Path::new("/nowhere"));
        assert!(report.to_string().contains("\nskipped: published vectors"));
    }
}
