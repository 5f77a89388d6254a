//! Pre-shared keys: inline, or in a file that nobody else can read.

use core::ops::Range;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ikee::crypto::SecretVec;
use zeroize::Zeroizing;

use super::error::{ConfigError, Source};

/// Longest pre-shared key that a file may hold, in octets.
const LONGEST: u64 = 4096;

/// Reads a secret file; the line end after the secret does not belong to it.
pub(super) fn read(
    source: Source<'_>,
    span: Range<usize>,
    path: &Path,
) -> Result<SecretVec, ConfigError> {
    let fail = |what: String| source.error(span.clone(), what);
    let io =
        |error: std::io::Error| fail(format!("cannot read psk_file {}: {error}", path.display()));
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(fail(format!(
            "psk_file {} can be read by others (mode {mode:04o}); run: chmod 600 {}",
            path.display(),
            path.display(),
        )));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    (&mut file)
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > LONGEST {
        return Err(fail(format!(
            "psk_file {} holds more than {LONGEST} octets",
            path.display()
        )));
    }
    let mut secret = bytes.as_slice();
    while let [rest @ .., b'\n' | b'\r'] = secret {
        secret = rest;
    }
    if secret.is_empty() {
        return Err(fail(format!(
            "psk_file {} is empty; put the pre-shared key into it",
            path.display()
        )));
    }
    Ok(SecretVec::from(secret.to_vec()))
}
