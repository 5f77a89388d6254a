//! `ikee inspect`: what is in a capture file.
//!
//! Frames go through [`capture`] (the file), [`link`], [`ip`] with [`reassembly`], and [`traffic`] (what a datagram is)
//! to [`decode`], which uses [`walk`], [`v1`], [`v2`] and [`open`]. What comes out is [`report`]'s types, written by
//! [`output`] as JSON or text.

mod capture;
mod decode;
mod esp;
mod fragments;
mod inspector;
mod ip;
pub(crate) mod keys;
mod link;
pub(crate) mod names;
pub(crate) mod nat;
mod open;
mod open_v1;
mod output;
mod phase1;
mod pieces;
mod reassembly;
mod recognise;
pub(crate) mod report;
mod sa;
mod sa_v1;
mod suites;
#[cfg(test)]
mod tests;
mod text;
mod traffic;
mod v1;
mod v2;
mod walk;

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use self::inspector::Inspector;
use self::keys::Keys;
use self::output::Output;

/// Arguments of `ikee inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A capture (pcap or pcapng, gzipped or not), or a file that holds one UDP payload
    file: PathBuf,
    /// A directory with Wireshark's key tables (ikev1_decryption_table, ikev2_decryption_table, esp_sa), one of those, tcpdump's
    /// secrets file, or a file of lines `ikev1 COOKIE psk:TEXT dh:0xSECRET` (`signature` for `psk:TEXT`), in a directory
    /// named ikev1_secrets
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// Decodes the file and prints what is in it. Damage in the file is output, not failure.
pub(crate) fn run(arguments: &InspectArgs) -> ExitCode {
    match inspect(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        // whoever reads has seen enough: `ikee inspect … | head`
        Err(failure) if failure.error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let text = format!("ikee inspect: {}: {}\n", failure.about, failure.error);
            match io::stderr().write_all(text.as_bytes()) {
                Ok(()) | Err(_) => ExitCode::FAILURE,
            }
        }
    }
}

/// What failed, and about what.
struct Failure {
    about: String,
    error: io::Error,
}

fn inspect(arguments: &InspectArgs) -> Result<(), Failure> {
    let about = |path: &PathBuf| {
        let about = path.display().to_string();
        move |error| Failure { about, error }
    };
    let keys = match &arguments.keys {
        Some(path) => Keys::read(path).map_err(about(path))?,
        None => Keys::default(),
    };
    let stdout = BufWriter::new(io::stdout().lock());
    let mut output = Output::new(stdout, arguments.json);
    let mut inspector = Inspector::new(&keys, &mut output);
    inspector
        .file(&arguments.file)
        .map_err(about(&arguments.file))
}
