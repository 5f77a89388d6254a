//! Pre-shared keys: inline, or in a file that nobody else can read.

use core::ops::Range;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use ikee::crypto::SecretVec;
use ikee::ikev1::User;
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

/// Reads a secret file, which `key` names in errors; the line end after the secret does not belong to it.
pub(super) fn read(
    source: Source<'_>,
    span: Range<usize>,
    (key, path): (&str, &Path),
) -> Result<SecretVec, ConfigError> {
    let bytes = owners_file(source, span.clone(), (key, path), LONGEST)?;
    let mut secret = bytes.as_slice();
    while let [rest @ .., b'\n' | b'\r'] = secret {
        secret = rest;
    }
    if secret.is_empty() {
        return Err(source.error(
            span,
            format!("{key} {} is empty; put the secret into it", path.display()),
        ));
    }
    Ok(SecretVec::from(secret.to_vec()))
}

/// Largest file of users, in octets.
const LARGEST_USERS: u64 = 16 << 20;

/// Reads the users of XAUTH: a name, a colon and a password on each line; `#` begins a line that says nothing.
pub(super) fn users(
    source: Source<'_>,
    span: Range<usize>,
    path: &Path,
) -> Result<Vec<User>, ConfigError> {
    let bytes = owners_file(
        source,
        span.clone(),
        ("xauth.users_file", path),
        LARGEST_USERS,
    )?;
    let (mut users, mut names) = (Vec::new(), BTreeSet::new());
    for (number, line) in (1..).zip(bytes.split(|it| *it == b'\n')) {
        let fail = |what: &str| {
            let place = format!("{}:{number}", path.display());
            Err(source.error(span.clone(), format!("{place}: {what}")))
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let colon = line.iter().position(|it| *it == b':');
        let Some((name, [_, password @ ..])) = colon.map(|at| line.split_at(at)) else {
            return fail("a line without a colon; write NAME:PASSWORD");
        };
        let Ok(name) = core::str::from_utf8(name) else {
            return fail("the name is not UTF-8");
        };
        if name.is_empty() || password.is_empty() {
            return fail("the name or the password is empty; write NAME:PASSWORD");
        }
        if !names.insert(name.to_owned()) {
            return fail("this name is there already");
        }
        users.push(User {
            name: name.to_owned(),
            password: SecretVec::from(password.to_vec()),
        });
    }
    if users.is_empty() {
        let what = format!(
            "xauth.users_file {} is empty; write NAME:PASSWORD into it, a line for each user",
            path.display()
        );
        return Err(source.error(span, what));
    }
    Ok(users)
}
