use core::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::certificate::Certificate;
use crate::crl::Crl;
use crate::key::is_pem;

/// Largest file of certificates that is read, in octets.
pub const LARGEST_CERTIFICATE_FILE: u64 = 4 << 20;
/// Largest file of CRLs that is read, in octets.
pub const LARGEST_CRL_FILE: u64 = 64 << 20;
/// Most files of a folder.
const MOST_FILES: usize = 10_000;

/// A file that could not be read as what it should be.
#[derive(Debug)]
#[non_exhaustive]
pub struct LoadError {
    /// Which.
    pub path: PathBuf,
    /// What is wrong with it.
    pub text: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.text)
    }
}

impl core::error::Error for LoadError {}

/// Reads the certificates of a file, PEM (one or many) or DER (one), or of all files of a folder that end in `.pem`,
/// `.crt`, `.cer` or `.der`.
///
/// # Errors
///
/// When it cannot be read, holds no certificate, or a broken one.
pub fn certificates(path: &Path) -> Result<Vec<Certificate>, LoadError> {
    const ENDINGS: [&str; 4] = ["pem", "crt", "cer", "der"];
    let all = load(path, &ENDINGS, LARGEST_CERTIFICATE_FILE, certificates_from)?;
    if all.is_empty() {
        return Err(LoadError {
            path: path.to_owned(),
            text: format!("no file in this folder ends in .{}", ENDINGS.join(", .")),
        });
    }
    Ok(all)
}

/// Reads the CRLs of a file, PEM (one or many) or DER (one), or of all files of a folder that end in `.crl`, `.pem` or
/// `.der`; a folder may have none yet.
///
/// # Errors
///
/// When it cannot be read, or a file holds no CRL, or a broken one.
pub fn crls(path: &Path) -> Result<Vec<Crl>, LoadError> {
    load(path, &["crl", "pem", "der"], LARGEST_CRL_FILE, crls_from)
}

/// Reads certificates from the content of a file, PEM or DER.
///
/// # Errors
///
/// What is wrong with it.
pub fn certificates_from(bytes: &[u8]) -> Result<Vec<Certificate>, String> {
    let read = |der: &[u8]| Certificate::from_der(der).map_err(|error| error.to_string());
    if !is_pem(bytes) {
        return read(bytes).map(|certificate| vec![certificate]);
    }
    let all: Vec<Certificate> = CertificateDer::pem_slice_iter(bytes)
        .map(|der| read(&der.map_err(|error| format!("broken PEM: {error}"))?))
        .collect::<Result<_, String>>()?;
    if all.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    Ok(all)
}

/// Reads CRLs from the content of a file, PEM or DER.
///
/// # Errors
///
/// What is wrong with it.
pub fn crls_from(bytes: &[u8]) -> Result<Vec<Crl>, String> {
    if !is_pem(bytes) {
        return Crl::from_der(bytes).map(|crl| vec![crl]);
    }
    let all: Vec<Crl> = CertificateRevocationListDer::pem_slice_iter(bytes)
        .map(|der| Crl::from_der(&der.map_err(|error| format!("broken PEM: {error}"))?))
        .collect::<Result<_, String>>()?;
    if all.is_empty() {
        return Err("no CRL in it".to_owned());
    }
    Ok(all)
}

fn load<T>(
    path: &Path,
    endings: &[&str],
    largest: u64,
    parse: impl Fn(&[u8]) -> Result<Vec<T>, String>,
) -> Result<Vec<T>, LoadError> {
    let at = |path: &Path, text: String| LoadError {
        path: path.to_owned(),
        text,
    };
    let io = |error: io::Error| at(path, format!("cannot read it: {error}"));
    let folder = fs::metadata(path).map_err(io)?.is_dir();
    let files = if folder {
        list(path, endings).map_err(io)?
    } else {
        vec![path.to_owned()]
    };
    let mut all = Vec::new();
    for file in files {
        let bytes = read(&file, largest).map_err(|text| at(&file, text))?;
        all.extend(parse(&bytes).map_err(|text| at(&file, text))?);
    }
    Ok(all)
}

/// The files of a folder that have one of the endings, in the order of their names.
fn list(folder: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)?.take(MOST_FILES) {
        let path = entry?.path();
        let ending = path.extension().and_then(|it| it.to_str());
        if ending.is_some_and(|it| endings.contains(&it)) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| format!("cannot read it: {error}");
    let mut bytes = Vec::new();
    let length = File::open(path)
        .map_err(cannot)?
        .take(largest.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if u64::try_from(length).is_ok_and(|length| length > largest) {
        return Err(format!("larger than {largest} octets"));
    }
    Ok(bytes)
}
