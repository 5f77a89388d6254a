//! `probe`: what a peer reveals to somebody without credentials.
//!
//! Only first messages are sent. A proposal that the peer would take leaves a half-open SA there until that times out; so
//! most questions of IKEv2 are asked in a way that is answered with INVALID_KE_PAYLOAD, which keeps nothing, and the number of
//! the others is limited. Datagrams are spaced, and their number and the time they take together have an end.

mod findings;
mod ikev1;
mod ikev2;
mod init;
mod line;
mod main_mode;
mod text;

use core::time::Duration;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;

use serde::Serialize;

use crate::args::ProbeArgs;
use crate::client::json;
use crate::output::{FAILED, Style, fail, print};
use findings::Findings;
use line::{Limits, Line};

/// The marker is in front of each message there (RFC 3948 §2.2).
const NAT_T_PORT: u16 = 4500;

/// What was learnt, and what it cost the peer.
#[derive(Debug, Serialize)]
struct Report {
    /// 1; changes when a field changes its meaning.
    format: u32,
    host: String,
    remote: String,
    local: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ikev2: Option<Findings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ikev1: Option<Findings>,
    /// Datagrams that we sent.
    datagrams: u32,
    /// Half-open SAs that the peer was left with.
    half_open: u32,
    seconds: f64,
}

pub(crate) fn run(arguments: &ProbeArgs) -> ExitCode {
    let target = match resolve(arguments) {
        Ok(target) => target,
        Err(why) => return fail(FAILED, &why),
    };
    let limits = Limits {
        interval: Duration::from_millis(arguments.interval),
        datagrams: arguments.datagrams,
        half_open: arguments.half_open,
        time: Duration::from_secs(arguments.time),
    };
    let mut line = match Line::open(target, target.port() == NAT_T_PORT, limits) {
        Ok(line) => line,
        Err(error) => return fail(FAILED, &format!("probe: {target}: {error}")),
    };
    let report = survey(arguments, &mut line);
    let answered = [&report.ikev2, &report.ikev1]
        .into_iter()
        .flatten()
        .any(|it| it.answers);
    let printed = if arguments.json {
        json(&report)
    } else {
        print(&text::text(&report, Style::of_stdout()))
    };
    if answered {
        printed
    } else {
        ExitCode::from(FAILED)
    }
}

fn survey(arguments: &ProbeArgs, line: &mut Line) -> Report {
    let both = !arguments.ikev1 && !arguments.ikev2;
    let mut ikev2 = (both || arguments.ikev2).then(|| ikev2::survey(line));
    let mut ikev1 = (both || arguments.ikev1).then(|| ikev1::survey(line));
    for (findings, is_ikev2) in [(&mut ikev2, true), (&mut ikev1, false)] {
        if let Some(findings) = findings {
            findings.recognise(is_ikev2);
        }
    }
    Report {
        format: 1,
        host: arguments.host.clone(),
        remote: line.remote().to_string(),
        local: line.local().to_string(),
        ikev2,
        ikev1,
        datagrams: line.sent(),
        half_open: line.half_open(),
        seconds: (line.elapsed().as_secs_f64() * 10.0).round() / 10.0,
    }
}

fn resolve(arguments: &ProbeArgs) -> Result<SocketAddr, String> {
    let host = arguments.host.trim_matches(['[', ']']);
    let found = (host, arguments.port).to_socket_addrs();
    let mut found = found.map_err(|error| format!("probe: {host}: {error}"))?;
    found
        .next()
        .ok_or_else(|| format!("probe: {host} has no address"))
}
