//! The report for people.

use super::Report;
use super::findings::{Findings, Vendor};
use crate::output::Style;

/// Everything, a version of the protocol after the other.
pub(super) fn text(report: &Report, style: Style) -> String {
    let mut out = format!(
        "{}  {}, from {}\n",
        style.bold(&report.host),
        report.remote,
        report.local
    );
    for (name, findings) in [("IKEv2", &report.ikev2), ("IKEv1", &report.ikev1)] {
        if let Some(findings) = findings {
            out.push('\n');
            version(&mut out, name, findings, style);
        }
    }
    out.push_str(&format!(
        "\n{} datagrams in {} s; {} half-open SAs left at the peer, which end by themselves\n",
        report.datagrams, report.seconds, report.half_open
    ));
    out
}

fn version(out: &mut String, name: &str, findings: &Findings, style: Style) {
    let answers = match findings.round_trip_ms {
        Some(time) => style.green(&format!("answers in {time} ms")),
        None => "no answer".to_owned(),
    };
    out.push_str(&format!("{}  {answers}\n", style.bold(name)));
    let mut row = |label: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("  {label:<15} {value}\n"));
        }
    };
    for note in &findings.notes {
        row("note", note);
    }
    row(
        "first choice",
        findings.chosen.as_deref().unwrap_or_default(),
    );
    let accepts = &findings.accepts;
    let hash = if name == "IKEv1" { "hash" } else { "integrity" };
    for (label, words) in [
        ("encryption", &accepts.encryption),
        (hash, &accepts.integrity),
        ("PRF", &accepts.prf),
        ("groups", &accepts.groups),
        ("authentication", &accepts.authentication),
        ("weak", &findings.weak),
    ] {
        row(label, &words.join(", "));
    }
    let hints = &findings.hints;
    let yes_or_no = |it: Option<bool>, yes, no| match it {
        Some(true) => yes,
        Some(false) => no,
        None => "",
    };
    row(
        "cookies",
        yes_or_no(hints.cookies, "demanded", "not demanded now"),
    );
    row(
        "fragments",
        yes_or_no(hints.fragmentation, "supported", "not supported"),
    );
    row(
        "NAT",
        match hints.nat {
            None => "",
            Some((false, false)) => "none",
            Some((true, false)) => "before us",
            Some((false, true)) => "before the peer",
            Some((true, true)) => "before both",
        },
    );
    row("signatures", &hints.signature_hashes.join(", "));
    row("asks for", &hints.certificate_requests.join(", "));
    row("notifies", &hints.notifies.join(", "));
    row("Windows", &windows(findings));
    for vendor in &findings.vendor_ids {
        row("vendor ID", &vendor_id(vendor));
    }
}

/// The release, and by what it is known.
fn windows(findings: &Findings) -> String {
    match &findings.windows {
        Some(windows) => format!("{windows}: {}", findings.windows_reasons.join(", ")),
        None => String::new(),
    }
}

fn vendor_id(vendor: &Vendor) -> String {
    let name = vendor.name.as_deref().unwrap_or(&vendor.octets);
    match &vendor.value {
        Some(value) => format!("{name}: {value}"),
        None => name.to_owned(),
    }
}
