//! The files of `generate`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ikee::cga::Sec;
use ikee_daemon::cga::{hex, unhex};
use pem_rfc7468::LineEnding;
use serde::{Deserialize, Serialize};

/// How far a search is; kept beside the key that it is for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    sec: u8,
    /// The modifier of the first try.
    start: String,
    /// How many are made.
    pub(super) tries: u64,
}

impl State {
    pub(super) fn new(sec: Sec, start: [u8; 16], tries: u64) -> Self {
        Self {
            sec: sec.get(),
            start: hex(&start),
            tries,
        }
    }

    /// Reads the state at `path`; `None` if there is none.
    pub(super) fn read(path: &Path, sec: Sec) -> Result<Option<([u8; 16], u64)>, String> {
        let at = |what: &str| format!("{}: {what}", path.display());
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&error.to_string())),
        };
        let state: Self = toml::from_str(&text).map_err(|error| at(error.message()))?;
        if state.sec != sec.get() {
            let what = format!(
                "a search for sec {}; go on with --sec {0}, or remove the file",
                state.sec
            );
            return Err(at(&what));
        }
        let start = unhex(&state.start).and_then(|it| it.try_into().ok());
        let start = start.ok_or_else(|| at("start: not 32 hexadecimal digits"))?;
        Ok(Some((start, state.tries)))
    }

    /// Replaces the state at `path`, as a whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        let new = with_ending(path, ".new");
        write(&new, text.as_bytes(), 0o600)?;
        fs::rename(&new, path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// A name with something added.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Writes a file with these permissions.
pub(super) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), String> {
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// PEM of DER.
pub(super) fn pem(label: &str, der: &[u8]) -> Result<String, String> {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).map_err(|error| error.to_string())
}
