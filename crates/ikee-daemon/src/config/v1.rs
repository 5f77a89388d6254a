//! An IKEv1 connection from the file's words.

use core::time::Duration;

use ikee::doi::{EspProposal, v1};
use ikee::ext::{PolicyId, Protection};
use ikee::ikev1::{
    Addressing, AhProposal, Child, Config, Connection, Limits, Ports, Profile, Proof, Selector,
    Suites, Xauth,
};
use ikee::ikev2::Selectors;
use toml::Spanned;

use super::build::{
    self, Checked, ESP_PROPOSALS, is_set, proposals, remote, retransmit, selectors,
};
use super::error::Source;
use super::text::{SelectorItem, Text};
use super::{lifetime, plane, proof, schema};

/// Phase 1 suites when a connection names none, best first.
const IKE_PROPOSALS: [&str; 1] = ["aes256-aes128-sha256-sha384-ecp256-ecp384-modp2048"];
/// AH suites when a child names none, best first.
const AH_PROPOSALS: [&str; 1] = ["sha256-sha384"];

/// What IKEv1 is told as a whole.
pub(super) fn config(
    connections: Vec<Connection>,
    ports: Ports,
    (daemon, like_windows): (&schema::Daemon, bool),
    protection: Protection,
    given: &schema::Limits,
) -> Config {
    let mut config = Config::new(connections);
    config.ports = ports;
    config.limits = limits(given, protection);
    config.key_log = daemon.key_log_dir.is_some();
    config.profile = profile(daemon, like_windows);
    config
}

fn limits(given: &schema::Limits, protection: Protection) -> Limits {
    let mut limits = Limits::default();
    limits.half_open = given.half_open.unwrap_or(limits.half_open);
    limits.half_open_per_address = protection.per_address;
    limits.half_open_timeout = given
        .half_open_timeout
        .map_or(limits.half_open_timeout, |time| time.0);
    limits
}

const fn profile(daemon: &schema::Daemon, like_windows: bool) -> Profile {
    match daemon.profile {
        Some(schema::Profile::Microsoft) => Profile::MICROSOFT,
        None if like_windows => Profile::MICROSOFT,
        // the commit bit and what else Windows does differently breaks more than it mends
        Some(schema::Profile::Rfc) | None => Profile::RFC,
    }
}

pub(super) fn connect(
    proofs: &mut proof::Builder<'_>,
    gathered: &mut plane::Gathered,
    name: &Spanned<String>,
    given: &schema::Connection,
) -> Checked<Connection> {
    let source = proofs.source;
    let authentication = proofs.authentication_v1(name, given)?;
    let both = given.version.has_v2();
    let mut connection = Connection::new(PolicyId::new(0), name.get_ref().clone(), authentication);
    connection.local = given.local.as_ref().map(|text| text.0);
    if let Proof::Brought { .. } = &connection.authentication.proof {
        // [MS-IKEE] §3.4.4.1: the negotiation is from and to the CGA
        let own = proofs.cga.last().map(|it| it.address().into());
        connection.local = connection.local.or(own);
    }
    connection.remote = remote(source, name, given)?;
    connection.proposals =
        proposals::<v1::IkeProposal>(source, given.proposals.as_ref(), both, &IKE_PROPOSALS)?;
    connection.addressing = addressing(source, name, given, &connection)?;
    connection.children = children(source, gathered, name.get_ref(), given)?;
    connection.lifetime = lifetime::ike_v1(&given.lifetime);
    connection.options.aggressive = is_set(given.v1.aggressive.as_ref());
    connection.options.legacy = is_set(given.v1.legacy.as_ref());
    connection.options.initial_contact = given.lifetime.initial_contact.unwrap_or(true);
    if let Some(liveness) = given.peer.liveness {
        connection.options.liveness = (liveness.0 > Duration::ZERO).then_some(liveness.0);
    }
    check_aggressive(source, name, given, &connection)?;
    check_weak(source, name, given, &connection)?;
    connection.retransmit = retransmit(&given.retransmit);
    Ok(connection)
}

/// With a shared key, aggressive mode has to be asked for twice.
fn check_aggressive(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Connection,
    connection: &Connection,
) -> Checked<()> {
    let name = name.get_ref();
    let psk = matches!(connection.authentication.proof, Proof::Psk(_));
    let allowed = given.v1.aggressive_psk.as_ref();
    let wanted = allowed.is_some_and(|it| *it.get_ref());
    if let Some(aggressive) = &given.v1.aggressive
        && *aggressive.get_ref()
        && psk
        && !wanted
    {
        let what = format!(
            "connection {name:?}: aggressive mode with a psk gives everybody who asks a hash to try passwords on; use \
             main mode (leave aggressive out) or certificates, or write aggressive_psk = true too"
        );
        return Err(source.error(aggressive.span(), what));
    }
    match allowed {
        Some(allowed) if wanted && !(psk && connection.options.aggressive) => {
            let what = format!(
                "connection {name:?}: aggressive_psk = true goes with aggressive = true and a psk; leave it out"
            );
            Err(source.error(allowed.span(), what))
        }
        _ => Ok(()),
    }
}

/// Weak algorithms that were typed are said to be unusable, not passed over.
fn check_weak(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Connection,
    connection: &Connection,
) -> Checked<()> {
    let Some(list) = given
        .proposals
        .as_ref()
        .filter(|_| !connection.options.legacy)
    else {
        return Ok(());
    };
    let provider = ikee::rustcrypto::provider();
    let strong = |it: &v1::IkeProposal| {
        it.suites().any(|suite| {
            let prf = suite.prf().is_some_and(|it| !provider.is_legacy_prf(it));
            prf && !provider.is_legacy_cipher(suite.encryption)
                && !provider.is_legacy_group(suite.group)
        })
    };
    if connection.proposals.iter().any(strong) {
        return Ok(());
    }
    let what = format!(
        "connection {:?} has weak proposals only (DES, MD5, or a MODP group below 1536 bits); write better ones, or legacy \
         = true if the peer has no others",
        name.get_ref()
    );
    Err(source.error(list.span(), what))
}

fn addressing(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Connection,
    connection: &Connection,
) -> Checked<Addressing> {
    let gives = build::addressing(source, name, &given.addresses)?;
    let mut addressing = Addressing::default();
    let server = gives.assign_v4.is_some()
        || gives.assign_v6.is_some()
        || !gives.pools.is_empty()
        || !gives.fixed.is_empty();
    let (v4, v6) = (gives.request_v4, gives.request_v6);
    let client = v4 || v6;
    // each peer has its own, of one stock for both versions of IKE
    addressing.leased = server;
    addressing.assign.dns = gives.dns;
    let push = match &given.v1.mode_config {
        Some(mode) if !client && !server => {
            let what = format!(
                "connection {:?}: mode_config is about addresses; add addresses.request, or addresses.pools, or leave it \
                 out",
                name.get_ref()
            );
            return Err(source.error(mode.span(), what));
        }
        Some(mode) => *mode.get_ref() == schema::ModeConfig::Push,
        None => false,
    };
    addressing.await_push = client && push;
    addressing.push = server && push;
    (addressing.request_v4, addressing.request_v6) = (v4 && !push, v6 && !push);
    let asks = matches!(connection.authentication.xauth, Some(Xauth::Server(_)));
    if asks && client {
        let what = format!(
            "connection {:?} asks for users and requests addresses; the side that asks for users is the one that assigns",
            name.get_ref()
        );
        return Err(source.error(name.span(), what));
    }
    Ok(addressing)
}

fn children(
    source: Source<'_>,
    gathered: &mut plane::Gathered,
    connection: &str,
    given: &schema::Connection,
) -> Checked<Vec<Child>> {
    let initiates = given.peer.remote.is_some();
    let mut children = Vec::new();
    for (name, child) in &given.children.0 {
        let mut built = Child::new(name.get_ref().clone(), Vec::new());
        let names = (connection, name.get_ref().as_str());
        (built.mode, _) = gathered.child(source, names, child, initiates)?;
        built.suites = suites(source, child)?;
        built.lifetime = lifetime::child_v1(&child.lifetime);
        built.local = selector(source, child.local.as_ref())?;
        built.remote = selector(source, child.remote.as_ref())?;
        children.push(built);
    }
    Ok(children)
}

fn suites(source: Source<'_>, child: &schema::Child) -> Checked<Suites> {
    let given = child.proposals.as_ref();
    let Some(protocol) = child
        .protocol
        .as_ref()
        .filter(|it| *it.get_ref() == schema::Protocol::Ah)
    else {
        return proposals::<EspProposal>(source, given, false, &ESP_PROPOSALS).map(Suites::Esp);
    };
    if matches!(
        child.start.as_ref().map(Spanned::get_ref),
        Some(schema::Start::Trap)
    ) {
        let what =
            "a child of protocol = \"ah\" cannot have start = \"trap\"; leave one of them out";
        return Err(source.error(protocol.span(), what));
    }
    proposals::<AhProposal>(source, given, false, &AH_PROPOSALS).map(Suites::Ah)
}

/// Quick mode has one selector for each side (RFC 2407 §4.6.2).
fn selector(
    source: Source<'_>,
    given: Option<&Spanned<Vec<Text<SelectorItem>>>>,
) -> Checked<Selector> {
    match (selectors(source, given)?, given) {
        (Selectors::Dynamic, _) => Ok(Selector::Dynamic),
        (Selectors::Fixed(list), given) => match (list.as_slice(), given) {
            ([one], _) => Ok(Selector::Fixed(*one)),
            (_, Some(given)) => Err(source.error(
                given.span(),
                "IKEv1 has one selector for each side of a child; write one, and a child of its own for each further pair",
            )),
            (_, None) => Ok(Selector::Dynamic),
        },
    }
}

#[cfg(test)]
mod tests;
