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

/// Reads a file of a secret, which `key` names in errors, if nobody but its owner can.
pub(super) fn owners_file(
    source: Source<'_>,
    span: Range<usize>,
    (key, path): (&str, &Path),
    longest: u64,
) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let shown = path.display();
    let fail = |what: String| source.error(span.clone(), what);
    let io = |error: std::io::Error| fail(format!("cannot read {key} {shown}: {error}"));
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(fail(format!(
            "{key} {shown} can be read by others (mode {mode:04o}); run: chmod 600 {shown}"
        )));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    (&mut file)
        .take(longest + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > longest {
        return Err(fail(format!(
            "{key} {shown} holds more than {longest} octets"
        )));
    }
    Ok(bytes)
}

/// Reads a secret file; the line end after the secret does not belong to it.
pub(super) fn read(
    source: Source<'_>,
    span: Range<usize>,
    path: &Path,
) -> Result<SecretVec, ConfigError> {
    let bytes = owners_file(source, span.clone(), ("psk_file", path), LONGEST)?;
    let mut secret = bytes.as_slice();
    while let [rest @ .., b'\n' | b'\r'] = secret {
        secret = rest;
    }
    if secret.is_empty() {
        return Err(source.error(
            span,
            format!(
                "psk_file {} is empty; put the pre-shared key into it",
                path.display()
            ),
        ));
    }
    Ok(SecretVec::from(secret.to_vec()))
}
