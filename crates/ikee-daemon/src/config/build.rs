//! From the file's words to settings, with the checks that need more than one value.

use core::time::Duration;
use std::path::{Path, PathBuf};

use ikee::doi::{EspProposal, Identity, IkeProposal};
use ikee::ext::{PolicyId, Protection};
use ikee::ikev1;
use ikee::ikev2::{
    self, Addressing, Limits, Ports, Profile, Remote, Retransmit, Selectors, StartAction,
};
use ikee::profile::Release;
use ikee::xbox::Negotiation;
use toml::Spanned;

use super::error::{ConfigError, Source};
use super::text::{FromText, Ordered, SelectorItem, Text};
use super::{
    Fingerprint, Outline, Settings, Special, discovery, extensions, lifetime, plane, proof,
    released, runtime, schema, v1, versions,
};
use crate::trust::Trust;

/// IKE suites when a connection names none, best first.
const IKE_PROPOSALS: [&str; 2] = [
    "aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256-ecp384-modp2048",
    "aes256-aes128-sha256-sha384-x25519-ecp256-ecp384-modp2048",
];
/// ESP suites when a child names none, best first.
pub(super) const ESP_PROPOSALS: [&str; 2] = ["aes256gcm16-aes128gcm16", "aes256-aes128-sha256"];
pub(super) type Checked<T> = Result<T, ConfigError>;

pub(super) fn build(source: Source<'_>) -> Checked<Settings> {
    let file: schema::File =
        toml::from_str(source.text).map_err(|error| source.parse_error(&error))?;
    let usual = Ports::default();
    let ports = Ports {
        ike: file.daemon.port.unwrap_or(usual.ike),
        nat_t: file.daemon.nat_t_port.unwrap_or(usual.nat_t),
    };
    let choice = runtime::provider_choice(file.daemon.provider);
    // one that this processor cannot run is refused when the daemon starts
    let provider = crate::provider::provider(choice);
    let mut proofs = proof::Builder {
        source,
        provider: provider.unwrap_or_else(|_| ikee::rustcrypto::provider()),
        trust: Trust::default(),
        warnings: Vec::new(),
        cga: Vec::new(),
    };
    let mut gathered = plane::Gathered::new(file.daemon.data_plane);
    gathered.discovers = discovery::is_on(file.extensions.discovery.as_ref());
    let (mut extensions, protection) = extensions::extensions(source, &file, gathered.is_kernel())?;
    let devices = file.extensions.discovery.clone();
    let release = extensions.release();
    let built = connections(&mut proofs, &mut gathered, file.connections, release)?;
    let ikev1 = v1::config(
        built.v1,
        ports,
        (&file.daemon, release.is_some()),
        protection,
        &file.limits,
    );
    let mut endpoint = ikev2::Config::new(built.v2);
    endpoint.ports = ports;
    endpoint.limits = limits(&file.limits, protection);
    endpoint.key_log = file.daemon.key_log_dir.is_some();
    endpoint.profile = match file.daemon.profile {
        Some(schema::Profile::Rfc) => Profile::RFC,
        Some(schema::Profile::Microsoft) | None => Profile::MICROSOFT,
    };
    let mut runtime = runtime::runtime(source, file.daemon)?;
    extensions.discovery = discovery::settings(source, devices.as_ref(), &runtime)?;
    runtime.kernel = gathered.settings;
    extensions.cga = proofs.cga;
    proofs
        .warnings
        .extend(extensions.forgotten(&built.outlines));
    Ok(Settings {
        runtime,
        endpoint,
        ikev1,
        connections: built.outlines,
        extensions,
        start: built.start,
        trust: proofs.trust,
        warnings: proofs.warnings,
        inline_psk: built.inline_psk,
        file: source.file.to_owned(),
        fingerprints: built.fingerprints,
    })
}

/// The connections of a file, in its order.
#[derive(Default)]
struct Connections {
    v1: Vec<ikev1::Connection>,
    v2: Vec<ikev2::Connection>,
    outlines: Vec<Outline>,
    fingerprints: Vec<Fingerprint>,
    start: Vec<String>,
    inline_psk: bool,
}

fn connections(
    proofs: &mut proof::Builder<'_>,
    gathered: &mut plane::Gathered,
    given: Ordered<schema::Connection>,
    release: Option<Release>,
) -> Checked<Connections> {
    let source = proofs.source;
    let mut built = Connections::default();
    for (number, (name, mut connection)) in (1_u64..).zip(given.0) {
        if connection.start {
            initiates(source, &name, &connection)?;
            built.start.push(name.get_ref().clone());
        }
        built.inline_psk |= connection.holds_a_secret();
        versions::check(source, &name, &connection)?;
        let version = connection.version;
        let told = (
            discovery::rules(source, gathered.discovers, &name, &connection)?,
            special(&connection.special),
        );
        let gives = version
            .has_v1()
            .then(|| addressing(source, &name, &connection.addresses))
            .transpose()?;
        let gaps = released::Gaps::of(release, &connection);
        gaps.fill(true, &name, &mut connection);
        let mut v1 = version
            .has_v1()
            .then(|| v1::connect(proofs, gathered, &name, &connection))
            .transpose()?;
        gaps.fill(false, &name, &mut connection);
        let mut v2 = version
            .has_v2()
            .then(|| connect(proofs, gathered, &name, connection))
            .transpose()?;
        let kernel = gathered.of(name.get_ref());
        let beside = (kernel.as_slice(), &told.1, &gives);
        let print = Fingerprint::of(v1.as_ref(), v2.as_ref(), beside);
        built.fingerprints.push(print);
        let policy = PolicyId::new(number);
        v1.iter_mut().for_each(|it| it.policy = policy);
        v2.iter_mut().for_each(|it| it.policy = policy);
        let traps = &gathered.traps;
        let of_v1 = v1
            .iter()
            .map(|it| Outline::of_v1(it, version.into(), traps));
        let of_v2 = v2.iter().map(|it| Outline::of_v2(it, version.into()));
        let outline = of_v2.chain(of_v1).next();
        let outline = outline.map(|it| it.telling(told).giving(gives));
        built.outlines.extend(outline);
        built.v2.extend(v2);
        built.v1.extend(v1);
    }
    Ok(built)
}

/// What a connection tells extensions, once it is checked.
fn special(given: &schema::Special) -> Special {
    Special {
        realm: given.realm.as_ref().map(|it| it.get_ref().0),
        xbox: given.xbox.as_ref().map(|it| match it.get_ref() {
            0 => Negotiation::Zero,
            _ => Negotiation::One,
        }),
        correlate_with: given.correlate_with.as_ref().map(|it| it.get_ref().clone()),
    }
}

/// A path of the configuration, relative to the configuration's folder.
pub(super) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent()
        .map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

fn limits(given: &schema::Limits, protection: Protection) -> Limits {
    let mut limits = Limits::default();
    limits.protection = protection;
    limits.half_open = given.half_open.unwrap_or(limits.half_open);
    limits.half_open_timeout = given
        .half_open_timeout
        .map_or(limits.half_open_timeout, |time| time.0);
    limits
}

/// Refuses to start a connection that does not know its peer.
fn initiates(
    source: Source<'_>,
    name: &Spanned<String>,
    connection: &schema::Connection,
) -> Checked<()> {
    if connection.peer.remote.is_some() {
        return Ok(());
    }
    let name_text = name.get_ref();
    let what = format!(
        "connection {name_text:?} has start = true but no remote; add remote = \"ADDRESS\""
    );
    Err(source.error(name.span(), what))
}

fn connect(
    proofs: &mut proof::Builder<'_>,
    gathered: &mut plane::Gathered,
    name: &Spanned<String>,
    mut given: schema::Connection,
) -> Checked<ikev2::Connection> {
    let source = proofs.source;
    let both = given.version.has_v1();
    let authentication = proofs.authentication(name, &given)?;
    let mut connection =
        ikev2::Connection::new(PolicyId::new(0), name.get_ref().clone(), authentication);
    connection.local = given.local.as_ref().map(|text| text.0);
    connection.remote = remote(source, name, &given)?;
    connection.proposals =
        proposals::<IkeProposal>(source, given.proposals.as_ref(), both, &IKE_PROPOSALS)?;
    connection.addressing = addressing(source, name, &given.addresses)?;
    connection.children = children(gathered, name.get_ref(), &mut given, source)?;
    // the userspace data plane carries ESP in UDP only
    connection.force_encapsulation =
        !gathered.is_kernel() || is_set(given.peer.ports.nat_t_always.as_ref());
    connection.start_on_nat_t = is_set(given.peer.ports.nat_t_first.as_ref());
    if let Some(liveness) = given.peer.liveness {
        connection.liveness = (liveness.0 > Duration::ZERO).then_some(liveness.0);
    }
    connection.lifetime = lifetime::ike(&given.lifetime);
    connection.initial_contact = given.lifetime.initial_contact.unwrap_or(true);
    connection.unique = is_set(given.lifetime.unique.as_ref());
    connection.retransmit = retransmit(&given.retransmit);
    Ok(connection)
}

/// The usual schedule, but for what the file says.
pub(super) fn retransmit(given: &schema::Retransmit) -> Retransmit {
    let usual = Retransmit::default();
    Retransmit {
        first: given.first.map_or(usual.first, |time| time.0),
        longest: given.longest.map_or(usual.longest, |time| time.0),
        tries: given.tries.unwrap_or(usual.tries),
    }
}

/// Whether a switch is there and on.
pub(super) fn is_set(given: Option<&Spanned<bool>>) -> bool {
    given.is_some_and(|it| *it.get_ref())
}

pub(super) fn remote(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Connection,
) -> Checked<Option<Remote>> {
    let Some(Text(address)) = given.peer.remote else {
        return Ok(None);
    };
    if let Some(Text(local)) = given.local
        && local.is_ipv4() != address.is_ipv4()
    {
        let name_text = name.get_ref();
        let what = format!(
            "connection {name_text:?}: local {local} and remote {address} are of different families"
        );
        return Err(source.error(name.span(), what));
    }
    let usual = Ports::default();
    let ports = Ports {
        ike: given.peer.ports.ike.unwrap_or(usual.ike),
        nat_t: given.peer.ports.nat_t.unwrap_or(usual.nat_t),
    };
    Ok(Some(Remote { address, ports }))
}

pub(super) fn addressing(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Addresses,
) -> Checked<Addressing> {
    let assigns = given.assign_ipv4.is_some()
        || given.assign_ipv6.is_some()
        || given
            .pools
            .as_ref()
            .is_some_and(|it| !it.get_ref().is_empty())
        || !given.fixed.0.is_empty();
    if assigns && !given.request.is_empty() {
        let name_text = name.get_ref();
        let what = format!(
            "connection {name_text:?} both requests and assigns addresses; keep addresses.request, or addresses.assign_…, pools and fixed"
        );
        return Err(source.error(name.span(), what));
    }
    let mut addressing = Addressing::default();
    addressing.request_v4 = given.request.contains(&schema::Family::Ipv4);
    addressing.request_v6 = given.request.contains(&schema::Family::Ipv6);
    addressing.assign_v4 = given.assign_ipv4.as_ref().map(|text| text.0);
    addressing.assign_v6 = given.assign_ipv6.as_ref().map(|text| (text.0.0, text.0.1));
    let pools = given.pools.iter().flat_map(Spanned::get_ref);
    addressing.pools = pools.map(|text| text.0).collect();
    for (id, address) in &given.fixed.0 {
        let identity = Identity::from_text(id.get_ref());
        let identity = identity.map_err(|what| source.error(id.span(), what))?;
        addressing.fixed.push((identity, address.0));
    }
    addressing.dns = given.dns.iter().map(|text| text.0).collect();
    Ok(addressing)
}

fn children(
    gathered: &mut plane::Gathered,
    connection: &str,
    given: &mut schema::Connection,
    source: Source<'_>,
) -> Checked<Vec<ikev2::Child>> {
    let initiates = given.peer.remote.is_some();
    let mut children = Vec::new();
    for (name, child) in core::mem::take(&mut given.children.0) {
        let proposals =
            proposals::<EspProposal>(source, child.proposals.as_ref(), false, &ESP_PROPOSALS)?;
        let mut built = ikev2::Child::new(name.into_inner(), proposals);
        built.lifetime = lifetime::child(source, &child.lifetime)?;
        let names = (connection, built.name.as_str());
        let (mode, trap) = gathered.child(source, names, &child, initiates)?;
        built.mode = mode;
        if trap {
            built.start = StartAction::Trap;
        }
        built.local = selectors(source, child.local.as_ref())?;
        built.remote = selectors(source, child.remote.as_ref())?;
        children.push(built);
    }
    Ok(children)
}

pub(super) fn selectors(
    source: Source<'_>,
    given: Option<&Spanned<Vec<Text<SelectorItem>>>>,
) -> Checked<Selectors> {
    let Some(list) = given else {
        return Ok(Selectors::Dynamic);
    };
    let span = list.span();
    let items = list.get_ref();
    if items.is_empty() {
        return Err(source.error(
            span,
            "the selector list is empty; write [\"dynamic\"] or subnets",
        ));
    }
    let fixed: Vec<_> = items
        .iter()
        .filter_map(|item| match &item.0 {
            SelectorItem::Fixed(selector) => Some(*selector),
            SelectorItem::Dynamic => None,
        })
        .collect();
    if fixed.is_empty() {
        return Ok(Selectors::Dynamic);
    }
    if fixed.len() < items.len() {
        return Err(source.error(
            span,
            "\"dynamic\" cannot stand beside subnets; write either",
        ));
    }
    Ok(Selectors::Fixed(fixed))
}

/// The list as given, or the default one. For a connection that speaks both versions each takes what it can read.
pub(super) fn proposals<T: FromText>(
    source: Source<'_>,
    given: Option<&schema::Suites>,
    both: bool,
    otherwise: &[&str],
) -> Checked<Vec<T>> {
    let Some(list) = given else {
        let parsed = otherwise.iter().map(|text| T::from_text(text));
        return parsed
            .collect::<Result<_, _>>()
            .map_err(|what| source.error(0..0, what));
    };
    if list.get_ref().is_empty() {
        return Err(source.error(
            list.span(),
            format!("the proposal list is empty; write {}", T::WHAT),
        ));
    }
    let (mut read, mut first) = (Vec::new(), None);
    for item in list.get_ref() {
        match T::from_text(item.get_ref()) {
            Ok(proposal) => read.push(proposal),
            Err(what) => {
                first.get_or_insert_with(|| source.error(item.span(), what));
            }
        }
    }
    match first {
        Some(error) if !both || read.is_empty() => Err(error),
        _ => Ok(read),
    }
}
