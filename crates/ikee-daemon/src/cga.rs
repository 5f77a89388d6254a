//! The file of a cryptographically generated address ([MS-IKEE] §3.4.1): what the address is made of, and where its key and
//! its certificate are. `ikee cga generate` writes it.

use core::fmt::Write as _;
use core::net::Ipv6Addr;
use std::fs;
use std::path::{Path, PathBuf};

use ikee::cga::{Identity, Parameters, Sec};
use ikee::crypto::Provider;
use ikee::x509;
use serde::{Deserialize, Serialize};

/// What the file says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a file with these keys")]
pub struct CgaFile {
    /// The address.
    pub address: Ipv6Addr,
    /// Its security parameter, 0 to 2.
    pub sec: u8,
    /// The modifier, 32 hexadecimal digits.
    pub modifier: String,
    /// The prefix, `/64`.
    pub prefix: String,
    /// The collision count, 0 to 2.
    pub collisions: u8,
    /// The extension fields in hexadecimal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub extensions: String,
    /// The file of the private key, PEM; beside this one, unless absolute.
    pub key: PathBuf,
    /// The file of the self-signed certificate, PEM; beside this one, unless absolute.
    pub certificate: PathBuf,
}

/// What the file and the certificate that it names hold together.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "what was read")]
pub struct Stored {
    /// Address, parameters and certificate, checked.
    pub identity: Identity,
    /// The file of the private key.
    pub key: PathBuf,
}

impl CgaFile {
    /// The largest that is read, in octets.
    const LARGEST: u64 = 256 << 10;

    /// Reads the file at `path`, and nothing that it names.
    ///
    /// # Errors
    ///
    /// One line with the file and what is wrong.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let size = fs::metadata(path)
            .map_err(|error| format!("{shown}: {error}"))?
            .len();
        if size > Self::LARGEST {
            return Err(format!("{shown}: not a file of `ikee cga generate`"));
        }
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("{shown}: {}", error.message()))
    }

    /// The file's text.
    ///
    /// # Errors
    ///
    /// When a path in it is no Unicode.
    pub fn text(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|error| error.to_string())
    }

    /// The parameters, with a public key; they may be wrong.
    ///
    /// # Errors
    ///
    /// One line with the key and what is wrong.
    pub fn parameters(&self, public_key: &[u8]) -> Result<Parameters, String> {
        let modifier = unhex(&self.modifier).and_then(|it| it.try_into().ok());
        Ok(Parameters {
            modifier: modifier.ok_or("modifier: not 32 hexadecimal digits")?,
            prefix: prefix(&self.prefix)?,
            collisions: self.collisions,
            public_key: public_key.to_vec(),
            extensions: unhex(&self.extensions).ok_or("extensions: not hexadecimal")?,
        })
    }

    /// Reads the file at `path` and the certificate that it names, and checks that they belong together.
    ///
    /// # Errors
    ///
    /// One line with the file and what is wrong.
    pub fn load(path: &Path, provider: &Provider) -> Result<Stored, String> {
        let file = Self::read(path)?;
        let at = |what: &dyn core::fmt::Display| format!("{}: {what}", path.display());
        let place = beside(path, &file.certificate);
        let chain = x509::certificates(&place).map_err(|error| error.to_string())?;
        let [certificate] = &chain[..] else {
            return Err(format!("{}: more than one certificate", place.display()));
        };
        let public_key = x509::self_signed_key(certificate.der(), provider)
            .map_err(|refusal| format!("{}: {refusal}", place.display()))?;
        let parameters = file.parameters(&public_key).map_err(|it| at(&it))?;
        if Some(Sec::of(file.address)) != Sec::new(file.sec) {
            let right = Sec::of(file.address);
            return Err(at(&format!("sec: the address has {right}")));
        }
        let identity = Identity::new(file.address, parameters, certificate.der())
            .map_err(|refusal| at(&refusal))?;
        Ok(Stored {
            identity,
            key: beside(path, &file.key),
        })
    }
}

/// What a file names, beside it unless absolute.
#[must_use]
pub fn beside(file: &Path, named: &Path) -> PathBuf {
    file.with_file_name("").join(named)
}

/// Reads a prefix of 64 bits, as in `2001:db8::/64`.
///
/// # Errors
///
/// One line with what is wrong.
pub fn prefix(text: &str) -> Result<[u8; 8], String> {
    let wrong = || format!("prefix {text:?}: write it as 2001:db8:1:2::/64; it has 64 bits always");
    let (address, length) = text.split_once('/').ok_or_else(wrong)?;
    let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
    match address.octets() {
        [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0] if length == "64" => {
            Ok([a, b, c, d, e, f, g, h])
        }
        _ => Err(wrong()),
    }
}

/// Octets in hexadecimal.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut out, octet| {
        // writing to a string does not fail
        let _ = write!(out, "{octet:02x}");
        out
    })
}

/// Octets from hexadecimal; `None` if it is none.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| {
            let digits = text.get(at..at + 2)?;
            let plain = digits.bytes().all(|it| it.is_ascii_hexdigit());
            u8::from_str_radix(digits, 16).ok().filter(|_| plain)
        })
        .collect()
}
