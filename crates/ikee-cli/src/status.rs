//! The table of `status`.

use core::fmt::Write as _;

use ikee_daemon::control::{ChildReport, SaReport, Status, Times, Traffic};

use crate::output::Style;

/// A status as text.
pub(crate) fn table(status: &Status, style: Style) -> String {
    let mut text = String::new();
    line(
        &mut text,
        format_args!(
            "{} {}, up {}, provider {}, extensions: {}",
            style.bold("ikee"),
            status.program,
            duration(status.uptime),
            status.provider,
            if status.extensions.is_empty() {
                "none".to_owned()
            } else {
                status.extensions.join(", ")
            },
        ),
    );
    line(
        &mut text,
        format_args!(
            "listens on {}{}",
            status.listen.join(", "),
            status
                .tun
                .as_ref()
                .map(|tun| format!("; packets through {tun}"))
                .unwrap_or_default(),
        ),
    );
    peculiar(&mut text, status, style);
    if status.sas.is_empty() {
        text.push_str("\nno SAs\n");
    }
    for sa in &status.sas {
        text.push('\n');
        sa_lines(&mut text, sa, style);
    }
    text
}

/// What is not so of every daemon.
fn peculiar(text: &mut String, status: &Status, style: Style) {
    if let Some(it) = &status.discovery {
        line(
            text,
            format_args!(
                "discovery: {} flows; in clear {} out, {} in, {} refused; {} held; {} negotiations",
                it.flows, it.clear, it.accepted, it.refused, it.held, it.negotiations
            ),
        );
    }
    if let Some(release) = &status.release {
        line(text, format_args!("like {release}"));
    }
    if status.protecting {
        line(
            text,
            format_args!(
                "{}",
                style.bold("a flood: peers of IKEv1 have to return a cookie")
            ),
        );
    }
    if status.bugs > 0 {
        let count = status.bugs;
        let what = format!(
            "{count} internal error(s) contained; each has cost an SA: see the log, and report them"
        );
        line(text, format_args!("{}", style.bold(&what)));
    }
}

fn sa_lines(text: &mut String, sa: &SaReport, style: Style) {
    let age = sa
        .times
        .age
        .map(|age| format!(" for {}", duration(age)))
        .unwrap_or_default();
    let state = if sa.state == "established" {
        style.green(&sa.state)
    } else {
        sa.state.clone()
    };
    let name = sa.connection.as_deref().unwrap_or("(no connection yet)");
    line(
        text,
        format_args!(
            "{}  {state}{age}, {}{}",
            style.bold(name),
            sa.role,
            version(sa)
        ),
    );
    row(
        text,
        "local",
        &who(&sa.local, sa.local_id.as_deref(), sa.nat.0),
    );
    row(
        text,
        "remote",
        &who(&sa.remote, sa.remote_id.as_deref(), sa.nat.1),
    );
    if let Some(user) = &sa.negotiated.user {
        row(text, "user", user);
    }
    row(
        text,
        "suite",
        &format!(
            "{}{}",
            sa.negotiated.suite.as_deref().unwrap_or("not agreed yet"),
            rekey(sa.times)
        ),
    );
    row(
        text,
        "SPIs",
        &format!("{} (initiator)  {} (responder)", sa.spis.0, sa.spis.1),
    );
    learned_lines(text, sa);
    for child in &sa.children {
        child_lines(text, child, style);
    }
}

/// What the peer and the extensions have told.
fn learned_lines(text: &mut String, sa: &SaReport) {
    for (label, items) in [
        ("assigned", &sa.assigned),
        ("DNS", &sa.dns),
        ("servers", &sa.learned.servers),
        ("P-CSCF", &sa.learned.proxies),
    ] {
        if !items.is_empty() {
            row(text, label, &items.join(", "));
        }
    }
    let told = sa.learned.extensions.iter();
    // these have lines of their own
    let shown = ["server-address", "pcscf"];
    for (name, what) in told.filter(|(name, _)| !shown.contains(&name.as_str())) {
        line(text, format_args!("  {name}: {what}"));
    }
}

/// The version of IKE, and the mode of one that has two.
fn version(sa: &SaReport) -> String {
    match (sa.negotiated.version, &sa.negotiated.mode) {
        // from a daemon that does not tell
        (0, _) => String::new(),
        (version, Some(mode)) => format!(", IKEv{version} {mode} mode"),
        (version, None) => format!(", IKEv{version}"),
    }
}

fn who(address: &str, identity: Option<&str>, nat: bool) -> String {
    let identity = identity
        .map(|identity| format!("  '{identity}'"))
        .unwrap_or_default();
    format!(
        "{address}{identity}{}",
        if nat { "  behind NAT" } else { "" }
    )
}

fn child_lines(text: &mut String, child: &ChildReport, style: Style) {
    line(
        text,
        format_args!(
            "  {}  {} === {}",
            style.bold(&child.name),
            child.local.join(", "),
            child.remote.join(", "),
        ),
    );
    let age = child
        .times
        .age
        .map(|age| format!(", {} old", duration(age)));
    let suite = format!(
        "{}{}{}",
        child.suite,
        age.unwrap_or_default(),
        rekey(child.times)
    );
    row(text, "  suite", &suite);
    row(
        text,
        "  in",
        &format!("{}  {}", child.spis.0, traffic(child.inbound)),
    );
    row(
        text,
        "  out",
        &format!("{}  {}", child.spis.1, traffic(child.outbound)),
    );
}

/// When the keys are replaced.
fn rekey(times: Times) -> String {
    let told = times.rekey_in.map(duration);
    told.map_or_else(String::new, |left| format!(", new keys in {left}"))
}

fn traffic(traffic: Traffic) -> String {
    format!(
        "{:>10} packets  {:>10}",
        traffic.packets,
        octets(traffic.octets)
    )
}

fn row(text: &mut String, label: &str, value: &str) {
    line(text, format_args!("  {label:<9} {value}"));
}

fn line(text: &mut String, what: core::fmt::Arguments<'_>) {
    // a String takes everything
    writeln!(text, "{what}").unwrap_or_default();
}

/// Seconds as people say them.
pub(crate) fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} min", minutes % 60),
        () if minutes > 0 => format!("{minutes} min {} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

/// Octets as people say them.
pub(crate) fn octets(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut tenths = count.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!(
        "{}.{} {}",
        tenths / 10,
        tenths % 10,
        units.get(unit).copied().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests;
