//! `cga`: cryptographically generated addresses, made, checked and shown (RFC 3972, [MS-IKEE] §3.4).

mod args;
mod generate;
mod search;
mod state;

use std::process::ExitCode;

use ikee::cga::{Sec, subnet, verify};
use ikee_daemon::cga::{CgaFile, beside, hex};
use ikee_daemon::config::ProviderChoice;
use serde::Serialize;

use crate::client::json;
use crate::output::{FAILED, Style, fail, print};
pub(crate) use args::CgaArgs;
use args::{CgaCommand, FileArgs};

pub(crate) fn run(arguments: &CgaArgs) -> ExitCode {
    match &arguments.command {
        CgaCommand::Generate(arguments) => generate::run(arguments),
        CgaCommand::Verify(arguments) => report(arguments, true),
        CgaCommand::Show(arguments) => report(arguments, false),
    }
}

/// What `show` and `verify` tell.
#[derive(Debug, Serialize)]
struct Report {
    /// 1; changes when a field changes its meaning.
    format: u32,
    address: String,
    sec: u8,
    modifier: String,
    prefix: String,
    subnet: String,
    collisions: u8,
    #[serde(skip_serializing_if = "String::is_empty")]
    extensions: String,
    subject: String,
    key_bits: usize,
    hash1: String,
    hash2: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

fn report(arguments: &FileArgs, verify: bool) -> ExitCode {
    let report = match examine(arguments) {
        Ok(report) => report,
        Err(why) => return fail(FAILED, &why),
    };
    let refused = report.refused.clone().filter(|_| verify);
    let shown = if arguments.json {
        json(&report)
    } else if verify {
        match &refused {
            Some(_) => ExitCode::SUCCESS,
            None => print(&format!(
                "{}: fine, {} with sec {}\n",
                arguments.file.display(),
                report.address,
                report.sec
            )),
        }
    } else {
        print(&text(&report, Style::of_stdout()))
    };
    match refused {
        Some(why) => fail(FAILED, &format!("{}: {why}", arguments.file.display())),
        None => shown,
    }
}

/// Reads the files and judges them.
fn examine(arguments: &FileArgs) -> Result<Report, String> {
    let path = &arguments.file;
    let file = CgaFile::read(path)?;
    let provider =
        ikee_daemon::provider::provider(ProviderChoice::Auto).map_err(|it| it.to_string())?;
    let place = beside(path, &file.certificate);
    let chain = ikee::x509::certificates(&place).map_err(|it| it.to_string())?;
    let certificate = chain
        .first()
        .ok_or_else(|| format!("{}: no certificate", place.display()))?;
    let parameters = file
        .parameters(certificate.public_key())
        .map_err(|it| format!("{}: {it}", path.display()))?;
    let address = arguments.address.unwrap_or(file.address);
    let key = || {
        let place = beside(path, &file.key);
        let bytes = std::fs::read(&place).map_err(|it| format!("{}: {it}", place.display()))?;
        let key = ikee::x509::private_key(&bytes, provider)
            .map_err(|it| format!("{}: {it}", place.display()))?;
        if key.public_key() == certificate.public_key() {
            Ok(())
        } else {
            Err(format!(
                "{}: not the key of the certificate",
                place.display()
            ))
        }
    };
    let refused = verify(address, &parameters)
        .map_err(|it| it.to_string())
        .and_then(|sec| match sec.get() {
            it if it == file.sec => Ok(()),
            it => Err(format!("sec is {}, and {it} in the address", file.sec)),
        })
        .and_then(|()| {
            ikee::x509::self_signed_key(certificate.der(), provider).map_err(|it| it.to_string())
        })
        .and_then(|_| key())
        .err();
    let (net, length) = subnet(address);
    Ok(Report {
        format: 1,
        address: address.to_string(),
        sec: Sec::of(address).get(),
        modifier: file.modifier.clone(),
        prefix: file.prefix.clone(),
        subnet: format!("{net}/{length}"),
        collisions: file.collisions,
        extensions: file.extensions.clone(),
        subject: certificate.subject().to_owned(),
        key_bits: bits(certificate.public_key()),
        hash1: format!("{:016x}", parameters.hash1()),
        hash2: hex(&parameters.hash2()),
        refused,
    })
}

/// About how long an RSA key is: what its DER holds beside the modulus is 38 octets.
fn bits(public_key: &[u8]) -> usize {
    public_key.len().saturating_sub(38) / 16 * 128
}

fn text(report: &Report, style: Style) -> String {
    let verdict = report.refused.as_deref().unwrap_or("fine");
    let rows = [
        ("address", report.address.clone()),
        ("sec", report.sec.to_string()),
        ("modifier", report.modifier.clone()),
        ("prefix", report.prefix.clone()),
        ("subnet", report.subnet.clone()),
        ("collisions", report.collisions.to_string()),
        ("extensions", report.extensions.clone()),
        (
            "certificate",
            format!("{}, RSA {}", report.subject, report.key_bits),
        ),
        ("Hash1", report.hash1.clone()),
        ("Hash2", report.hash2.clone()),
        ("verdict", verdict.to_owned()),
    ];
    let mut out = String::new();
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        out += &format!("{} {value}\n", style.bold(&format!("{name:<12}")));
    }
    out
}
