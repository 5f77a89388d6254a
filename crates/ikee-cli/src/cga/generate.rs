//! `cga generate`: a key, a search, an address, a certificate.

use core::net::IpAddr;
use core::time::Duration;
use std::fs;
use std::io::ErrorKind;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ike_rustcrypto::SystemRandom;
use ike_rustcrypto::signature::generate_rsa;
use ikee::cga::{Parameters, Search, Sec, verify};
use ikee::crypto::{Random as _, SigningKey};
use ikee::x509::SelfSigned;
use ikee_daemon::cga::{CgaFile, hex, prefix};
use ikee_daemon::clock::since_1970;
use serde::Serialize;

use super::args::GenerateArgs;
use super::search::{self, End, grouped, lasting};
use super::state::{State, pem, with_ending, write};
use crate::client::json;
use crate::output::{FAILED, USAGE, fail, print};

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    /// 1; changes when a field changes its meaning.
    format: u32,
    address: String,
    sec: u8,
    modifier: String,
    prefix: String,
    collisions: u8,
    tries: u64,
    file: PathBuf,
    key: PathBuf,
    certificate: PathBuf,
}

/// Where everything goes.
struct Files {
    toml: PathBuf,
    key: PathBuf,
    certificate: PathBuf,
    state: PathBuf,
}

impl Files {
    fn new(out: &Path) -> Self {
        Self {
            toml: with_ending(out, ".toml"),
            key: with_ending(out, ".key"),
            certificate: with_ending(out, ".crt"),
            state: with_ending(out, ".search.toml"),
        }
    }
}

/// Exit code and one line.
type Refused = (u8, String);

fn failed(why: impl Into<String>) -> Refused {
    (FAILED, why.into())
}

pub(super) fn run(arguments: &GenerateArgs) -> ExitCode {
    match make(arguments) {
        Ok(made) if arguments.json => json(&made),
        Ok(made) => print(&format!(
            "{} with sec {}, after {} tries\n{}, {}, {}\n",
            made.address,
            made.sec,
            grouped(made.tries),
            made.file.display(),
            made.key.display(),
            made.certificate.display(),
        )),
        Err((code, why)) => fail(code, &why),
    }
}

fn make(arguments: &GenerateArgs) -> Result<Made, Refused> {
    let prefix = prefix(&arguments.prefix).map_err(|why| (USAGE, why))?;
    let sec = Sec::new(arguments.sec).ok_or_else(|| (USAGE, "sec goes from 0 to 7".to_owned()))?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = arguments.threads.map_or(cores, usize::from);
    if sec > Sec::TWO {
        return Err((USAGE, too_hard(sec, threads)));
    }
    let files = Files::new(&arguments.out);
    if files.toml.exists() {
        let what = "is there already; choose another --out, or remove it";
        return Err((USAGE, format!("{} {what}", files.toml.display())));
    }
    let state = State::read(&files.state, sec).map_err(failed)?;
    let key = key(arguments, &files, state.is_some())?;
    let (modifier, tries) = modifier(arguments, (sec, threads), &files, &*key, state)?;
    let parameters = Parameters {
        modifier,
        prefix,
        collisions: arguments.collisions,
        public_key: key.public_key().to_vec(),
        extensions: Vec::new(),
    };
    finish(arguments, (sec, tries), files, &*key, &parameters)
}

/// RFC 3972 §4 has no end for these.
fn too_hard(sec: Sec, threads: usize) -> String {
    // a key of 2048 bits
    let rate = search::rate(&[0x30; 294], threads);
    format!(
        "sec {sec} takes 2^{} tries, {} on average with {threads} threads that make {} a second; 2 is the highest that is searched for",
        sec.bits(),
        lasting(sec.expected_time(rate)),
        grouped(rate),
    )
}

/// The key that a search was begun for, or a new one.
fn key(
    arguments: &GenerateArgs,
    files: &Files,
    resume: bool,
) -> Result<Box<dyn SigningKey>, Refused> {
    let provider = ikee::rustcrypto::provider();
    let at = |what: &dyn core::fmt::Display| failed(format!("{}: {what}", files.key.display()));
    let bytes = match fs::read(&files.key) {
        Ok(bytes) if resume => bytes,
        Ok(_) => {
            let what = "is there already, without a search that goes with it; choose another --out, or remove it";
            return Err((USAGE, format!("{} {what}", files.key.display())));
        }
        Err(error) if error.kind() == ErrorKind::NotFound && !resume => {
            let made = generate_rsa(arguments.bits.into(), &mut SystemRandom::new());
            let der = made.map_err(|_| failed("no RSA key: the system has no randomness"))?;
            let text = pem("PRIVATE KEY", der.as_slice()).map_err(failed)?;
            write(&files.key, text.as_bytes(), 0o600).map_err(failed)?;
            der.as_slice().to_vec()
        }
        Err(error) => return Err(at(&error)),
    };
    ikee::x509::private_key(&bytes, provider).map_err(|error| at(&error))
}

/// The search, from its beginning or from where it was.
fn modifier(
    arguments: &GenerateArgs,
    (sec, threads): (Sec, usize),
    files: &Files,
    key: &dyn SigningKey,
    state: Option<([u8; 16], u64)>,
) -> Result<([u8; 16], u64), Refused> {
    let (start, tries) = match state {
        Some(state) => state,
        None => {
            let mut start = [0; 16];
            let drawn = SystemRandom::new().fill(&mut start);
            drawn.map_err(|_| failed("the system has no randomness"))?;
            (start, 0)
        }
    };
    let search = Search::new(sec, key.public_key(), &[], start);
    let mut search = search.map_err(|it| failed(it.to_string()))?.resumed(tries);
    let save = |tries| State::new(sec, start, tries).write(&files.state);
    save(tries).map_err(failed)?;
    let limits = (threads, arguments.tries);
    match search::run(&mut search, sec, limits, save).map_err(failed)? {
        End::Found(modifier) => Ok((modifier, search.tries())),
        End::Interrupted => Err(failed(format!(
            "interrupted after {} tries; the same command goes on from there ({})",
            grouped(search.tries()),
            files.state.display()
        ))),
    }
}

/// Certificate and file, and the state goes.
fn finish(
    arguments: &GenerateArgs,
    (sec, tries): (Sec, u64),
    files: Files,
    key: &dyn SigningKey,
    parameters: &Parameters,
) -> Result<Made, Refused> {
    let address = parameters.address(sec);
    verify(address, parameters).map_err(|refusal| failed(refusal.to_string()))?;
    let now = since_1970();
    // a peer's clock may be a little behind
    let since = now.saturating_sub(Duration::from_secs(3600));
    let day = Duration::from_secs(86_400);
    let name = address.to_string();
    let template = SelfSigned {
        name: &name,
        address: IpAddr::V6(address),
        validity: since..=now + day * arguments.days,
    };
    let made = template.certificate(key, &mut SystemRandom::new());
    let certificate = made.map_err(|error| failed(error.to_string()))?;
    let text = pem("CERTIFICATE", certificate.der()).map_err(failed)?;
    write(&files.certificate, text.as_bytes(), 0o644).map_err(failed)?;
    let beside = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let file = CgaFile {
        address,
        sec: sec.get(),
        modifier: hex(&parameters.modifier),
        prefix: arguments.prefix.clone(),
        collisions: parameters.collisions,
        extensions: String::new(),
        key: beside(&files.key),
        certificate: beside(&files.certificate),
    };
    let text = file.text().map_err(failed)?;
    write(&files.toml, text.as_bytes(), 0o644).map_err(failed)?;
    // nothing is lost if it stays
    drop(fs::remove_file(&files.state));
    Ok(Made {
        format: 1,
        address: name,
        sec: sec.get(),
        modifier: file.modifier,
        prefix: file.prefix,
        collisions: file.collisions,
        tries,
        file: files.toml,
        key: files.key,
        certificate: files.certificate,
    })
}
