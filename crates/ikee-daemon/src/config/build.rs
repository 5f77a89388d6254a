//! From the file's words to settings, with the checks that need more than one value.

use core::time::Duration;
use std::path::{Path, PathBuf};

use ikee::doi::{EspProposal, Identity, IkeProposal};
use ikee::ext::{PolicyId, Protect};
use ikee::ikev2::{self, Addressing, Limits, Ports, Profile, Remote, Retransmit, Selectors};
use toml::Spanned;

use super::error::{ConfigError, Source};
use super::text::{FromText, SelectorItem, Text};
use super::{
    ExtensionSettings, Fingerprint, FragmentationSettings, ServerAddressSettings, Settings,
    lifetime, plane, proof, runtime, schema,
};
use crate::trust::Trust;

/// IKE suites when a connection names none, best first.
const IKE_PROPOSALS: [&str; 2] = [
    "aes256gcm16-aes128gcm16-prfsha384-prfsha256-x25519-ecp256-ecp384-modp2048",
    "aes256-aes128-sha256-sha384-x25519-ecp256-ecp384-modp2048",
];
/// ESP suites when a child names none, best first.
const ESP_PROPOSALS: [&str; 2] = ["aes256gcm16-aes128gcm16", "aes256-aes128-sha256"];
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
    };
    let mut gathered = plane::Gathered::new(file.daemon.data_plane);
    let mut start = Vec::new();
    let mut inline_psk = false;
    let (mut connections, mut fingerprints) = (Vec::new(), Vec::new());
    for (number, (name, connection)) in (1_u64..).zip(file.connections.0) {
        if connection.start {
            initiates(source, &name, &connection)?;
            start.push(name.get_ref().clone());
        }
        inline_psk |= connection.psk.is_some();
        let mut built = connect(
            &mut proofs,
            &mut gathered,
            PolicyId::new(0),
            &name,
            connection,
        )?;
        fingerprints.push(Fingerprint::of(&built, &gathered.of(name.get_ref())));
        built.policy = PolicyId::new(number);
        connections.push(built);
    }
    let mut endpoint = ikev2::Config::new(connections);
    endpoint.ports = ports;
    endpoint.limits = limits(&file.limits);
    endpoint.key_log = file.daemon.key_log_dir.is_some();
    endpoint.profile = match file.daemon.profile {
        Some(schema::Profile::Rfc) => Profile::RFC,
        Some(schema::Profile::Microsoft) | None => Profile::MICROSOFT,
    };
    let mut runtime = runtime::runtime(source, file.daemon)?;
    runtime.kernel = gathered.settings;
    Ok(Settings {
        runtime,
        endpoint,
        extensions: extensions(&file.extensions),
        start,
        trust: proofs.trust,
        warnings: proofs.warnings,
        inline_psk,
        file: source.file.to_owned(),
        fingerprints,
    })
}

/// A path of the configuration, relative to the configuration's folder.
pub(super) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent()
        .map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

fn limits(given: &schema::Limits) -> Limits {
    let mut limits = Limits::default();
    let protection = &mut limits.protection;
    protection.mode = match given.cookies {
        Some(schema::Cookies::Always) => Protect::Always,
        Some(schema::Cookies::Never) => Protect::Never,
        Some(schema::Cookies::Auto) | None => Protect::Automatic,
    };
    protection.on = given.cookie_threshold.unwrap_or(protection.on);
    protection.off = given.cookie_threshold_off.unwrap_or(protection.off);
    protection.per_address = given
        .half_open_per_address
        .unwrap_or(protection.per_address);
    limits.half_open = given.half_open.unwrap_or(limits.half_open);
    limits.half_open_timeout = given
        .half_open_timeout
        .map_or(limits.half_open_timeout, |time| time.0);
    limits
}

fn extensions(given: &schema::Extensions) -> ExtensionSettings {
    ExtensionSettings {
        fragmentation: given
            .fragmentation
            .as_ref()
            .map(|sizes| FragmentationSettings {
                packet_size_ipv4: sizes.packet_size_ipv4,
                packet_size_ipv6: sizes.packet_size_ipv6,
            }),
        server_address: given
            .server_address
            .as_ref()
            .map(|server| ServerAddressSettings {
                ipv4: server.ipv4.as_ref().map(|text| text.0),
                ipv6: server.ipv6.as_ref().map(|text| text.0),
            }),
    }
}

/// Refuses to start a connection that does not know its peer.
fn initiates(
    source: Source<'_>,
    name: &Spanned<String>,
    connection: &schema::Connection,
) -> Checked<()> {
    if connection.remote.is_some() {
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
    policy: PolicyId,
    name: &Spanned<String>,
    mut given: schema::Connection,
) -> Checked<ikev2::Connection> {
    let source = proofs.source;
    let authentication = proofs.authentication(name, &given)?;
    let mut connection = ikev2::Connection::new(policy, name.get_ref().clone(), authentication);
    connection.local = given.local.as_ref().map(|text| text.0);
    connection.remote = remote(source, name, &given)?;
    connection.proposals =
        proposals::<IkeProposal>(source, given.proposals.take(), &IKE_PROPOSALS)?;
    connection.addressing = addressing(source, name, &given.addresses)?;
    connection.children = children(gathered, name.get_ref(), &mut given, source)?;
    // the userspace data plane carries ESP in UDP only
    connection.force_encapsulation = !gathered.is_kernel() || given.remote_ports.nat_t_always;
    connection.start_on_nat_t = given.remote_ports.nat_t_first;
    if let Some(liveness) = given.liveness {
        connection.liveness = (liveness.0 > Duration::ZERO).then_some(liveness.0);
    }
    connection.lifetime = lifetime::ike(&given.lifetime);
    connection.initial_contact = given.lifetime.initial_contact.unwrap_or(true);
    connection.unique = given.lifetime.unique;
    let Retransmit {
        first,
        longest,
        tries,
    } = connection.retransmit;
    connection.retransmit = Retransmit {
        first: given.retransmit.first.map_or(first, |time| time.0),
        longest: given.retransmit.longest.map_or(longest, |time| time.0),
        tries: given.retransmit.tries.unwrap_or(tries),
    };
    Ok(connection)
}

fn remote(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Connection,
) -> Checked<Option<Remote>> {
    let Some(Text(address)) = given.remote else {
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
        ike: given.remote_ports.ike.unwrap_or(usual.ike),
        nat_t: given.remote_ports.nat_t.unwrap_or(usual.nat_t),
    };
    Ok(Some(Remote { address, ports }))
}

fn addressing(
    source: Source<'_>,
    name: &Spanned<String>,
    given: &schema::Addresses,
) -> Checked<Addressing> {
    let assigns = given.assign_ipv4.is_some()
        || given.assign_ipv6.is_some()
        || !given.pools.is_empty()
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
    addressing.pools = given.pools.iter().map(|text| text.0).collect();
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
    let initiates = given.remote.is_some();
    let mut children = Vec::new();
    for (name, mut child) in core::mem::take(&mut given.children.0) {
        let proposals = proposals::<EspProposal>(source, child.proposals.take(), &ESP_PROPOSALS)?;
        let mut built = ikev2::Child::new(name.into_inner(), proposals);
        built.lifetime = lifetime::child(source, &child.lifetime)?;
        gathered.child(source, connection, &mut built, &child, initiates)?;
        built.local = selectors(source, child.local)?;
        built.remote = selectors(source, child.remote)?;
        children.push(built);
    }
    Ok(children)
}

fn selectors(
    source: Source<'_>,
    given: Option<Spanned<Vec<Text<SelectorItem>>>>,
) -> Checked<Selectors> {
    let Some(list) = given else {
        return Ok(Selectors::Dynamic);
    };
    let span = list.span();
    let items = list.into_inner();
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

/// The list as given, or the default one.
fn proposals<T: FromText>(
    source: Source<'_>,
    given: Option<Spanned<Vec<Text<T>>>>,
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
    Ok(list.into_inner().into_iter().map(|text| text.0).collect())
}
