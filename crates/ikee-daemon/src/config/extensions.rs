//! The section `[extensions]`: one table for each extension, under the name of its crate.

pub(crate) mod tables;

use core::ops::Range;

use ikee::ext::{Protect, Protection};
use ikee::pcscf::MAX_ADDRESSES;
use ikee::profile::{self, Release};
use ikee::realm::RealmId;
use ikee::xbox::Negotiation;
use toml::Spanned;

use super::build::Checked;
use super::error::Source;
use super::schema::{self, Cookies, Limits, Version};
use super::{DiscoverySettings, Outline, Versions};
use tables::{Table, Tables, on};

/// Which extensions are on, and what they are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExtensionSettings {
    pub(crate) tables: Tables,
    /// The release that we are like, which decides what its table says.
    pub(crate) release: Option<Release>,
    /// Whether ESP goes without UDP where nothing speaks against it.
    pub(crate) bare_esp: bool,
    /// When a flood is one, if cookies of IKEv1 are on.
    pub(crate) dos: Option<Protection>,
    /// Whether a connection is for a realm.
    pub(crate) realms: bool,
    /// Whether a connection is an Xbox's.
    pub(crate) xbox: bool,
    /// What judges packets in clear.
    pub(crate) discovery: Option<DiscoverySettings>,
    /// Our generated addresses, from connections that prove them.
    pub(crate) cga: Vec<ikee::cga::Identity>,
}

impl ExtensionSettings {
    /// The release of Windows that the daemon is like.
    #[must_use]
    pub const fn release(&self) -> Option<Release> {
        self.release
    }

    /// Whether the data plane is to look at TCP segments (\[MS-IKEE\] §3.5.4.1, §3.12.4.1).
    pub(crate) fn looks_at_tcp(&self) -> bool {
        match on(&self.tables.dpd, false) {
            Some(it) => it.tcp.unwrap_or(true),
            None => self.fails_over(),
        }
    }

    /// Whether we are a client of clusters (\[MS-IKEE\] §3.5); all releases of Windows are.
    fn fails_over(&self) -> bool {
        let failover = on(&self.tables.failover, false);
        let client = failover.is_some_and(|it| it.side != tables::Side::Cluster);
        client || self.release.is_some()
    }

    /// A line for each child that fast failover ends when it is idle, and that no packet brings back
    /// (\[MS-IKEE\] §3.5.6.1).
    pub(super) fn forgotten(&self, connections: &[Outline]) -> Vec<String> {
        if !self.fails_over() {
            return Vec::new();
        }
        let ours = connections
            .iter()
            .filter(|it| it.versions == Versions::V1 && it.remote.is_some());
        let children = ours.flat_map(|it| it.children.iter().map(|child| (&it.name, child)));
        let lost = children.filter(|(_, child)| !child.trap);
        lost.map(|(name, child)| {
            format!(
                "connection {name:?}: fast failover ends child {:?} when it is idle, and nothing brings it back; \
                 add start = \"trap\" to it",
                child.name
            )
        })
        .collect()
    }

    /// Whether dead peers are searched for.
    pub(crate) fn searches(&self) -> bool {
        on(&self.tables.dpd, false).is_some()
    }
}

/// What a connection tells extensions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Special {
    /// It is for the members of this realm (\[MS-IKEE\] §3.14).
    pub realm: Option<RealmId>,
    /// Its negotiations are an Xbox's, of this type (\[MS-IKEE\] §3.13).
    pub xbox: Option<Negotiation>,
    /// Its negotiations prove that we are the peer of this connection's SA, and nothing else (\[MS-IKEE\] §3.10).
    pub correlate_with: Option<String>,
}

/// Checks the tables; the thresholds hold for both IKEs.
pub(super) fn extensions(
    source: Source<'_>,
    file: &schema::File,
    bare_esp: bool,
) -> Checked<(ExtensionSettings, Protection)> {
    let tables = &file.extensions;
    let release = file.release.as_ref();
    if let Some(release) = release {
        released(source, release.get_ref().0, file, bare_esp)?;
    }
    alone(source, tables)?;
    if let Some(dpd) = tables
        .dpd
        .as_ref()
        .filter(|_| on(&tables.dpd, false).is_some())
        && bare_esp
        && dpd.get_ref().tcp.unwrap_or(true)
    {
        let what = "[extensions.dpd] looks at TCP segments, which the kernel's data plane does not show; \
                    add tcp = false to it, or data_plane = \"userspace\" under [daemon]";
        return Err(source.error(dpd.span(), what));
    }
    let connections = || file.connections.0.iter().map(|(_, it)| it);
    let realms = connections().any(|it| it.special.realm.is_some());
    let xbox = connections().any(|it| it.special.xbox.is_some());
    special(source, file)?;
    let release = release.map(|it| it.get_ref().0);
    let dos = on(&tables.dos, false);
    let protection = protection(&file.limits, dos.as_ref().and(release));
    let settings = ExtensionSettings {
        tables: tables.clone(),
        release,
        bare_esp,
        dos: dos.map(|_| protection),
        realms,
        xbox,
        // its devices are those of the data plane, which is not known yet
        discovery: None,
        cga: Vec::new(),
    };
    Ok((settings, protection))
}

/// What a release cannot do, or decides by itself.
fn released(
    source: Source<'_>,
    release: Release,
    file: &schema::File,
    bare_esp: bool,
) -> Checked<()> {
    let tables = &file.extensions;
    let word = release.word();
    for (name, span) in [
        ("nat-t", span(&tables.nat_t)),
        ("fragmentation", span(&tables.fragmentation)),
        ("fragmentation-v2", span(&tables.fragmentation_v2)),
        ("reliable-delete", span(&tables.reliable_delete)),
        ("status", span(&tables.status)),
    ] {
        if let Some(span) = span {
            let what = format!(
                "as = \"{word}\" decides what [extensions.{name}] says; leave out one of them"
            );
            return Err(source.error(span, what));
        }
    }
    let own = profile::windows(release);
    for (name, connection) in &file.connections.0 {
        let version = connection.version;
        let name_text = name.get_ref();
        if version.has_v2() && own.ikev2.is_none() {
            let what = format!(
                "connection {name_text:?}: {release} has no IKEv2; write version = \"ikev1\", or name another release"
            );
            return Err(source.error(name.span(), what));
        }
        if version.has_v1() && own.nat_t.is_none() && !bare_esp {
            let what = format!(
                "connection {name_text:?}: {release} has no NAT traversal, and data_plane = \"userspace\" sends ESP in UDP only; \
                 write data_plane = \"kernel\", or name another release"
            );
            return Err(source.error(name.span(), what));
        }
    }
    Ok(())
}

fn span<T>(table: &Table<T>) -> Option<Range<usize>> {
    table.as_ref().map(Spanned::span)
}

/// What is wrong with a table whatever else stands in the file.
fn alone(source: Source<'_>, tables: &Tables) -> Checked<()> {
    let get = |table: &Table<tables::Status>| table.clone().and_then(|it| it.into_inner().release);
    if let Some(release) = get(&tables.status)
        && !(2..=9).contains(release.get_ref())
    {
        let what = "release is the number in Microsoft's vendor ID; write 2 (Windows 2000) to 9 (Windows 8 and later)";
        return Err(source.error(release.span(), what));
    }
    if let Some(coexistence) = tables.coexistence.as_ref().map(Spanned::get_ref)
        && let Some(prefer) = &coexistence.prefer_authip
        && !coexistence.module
    {
        let what = "prefer_authip needs somebody who speaks AuthIP here; add module = true, or leave it out";
        return Err(source.error(prefer.span(), what));
    }
    if let Some(dpd) = &tables.dpd
        && (dpd.get_ref().ikev1, dpd.get_ref().ikev2) == (Some(false), Some(false))
    {
        let what = "[extensions.dpd] has nothing left to do; leave out ikev1 = false or ikev2 = false, or write enabled = false";
        return Err(source.error(dpd.span(), what));
    }
    let limits = tables.xbox.iter().flat_map(|it| &it.get_ref().limits.0);
    for (kind, _) in limits {
        if kind.get_ref().parse::<u32>().is_err() {
            let what = format!(
                "{:?} is no type of an Xbox negotiation; write a number, as in limits = {{ 0 = 16, 1 = 4 }}",
                kind.get_ref()
            );
            return Err(source.error(kind.span(), what));
        }
    }
    if let Some(list) = tables
        .pcscf
        .as_ref()
        .and_then(|it| it.get_ref().addresses.as_ref())
        && list.get_ref().len() > MAX_ADDRESSES
    {
        let count = list.get_ref().len();
        let what =
            format!("{count} addresses of P-CSCFs are too many; write {MAX_ADDRESSES} at most");
        return Err(source.error(list.span(), what));
    }
    Ok(())
}

/// What connections tell extensions must fit them and one another.
fn special(source: Source<'_>, file: &schema::File) -> Checked<()> {
    let tables = &file.extensions;
    for (name, connection) in &file.connections.0 {
        let own = &connection.special;
        for (key, span, off) in [
            (
                "realm",
                own.realm.as_ref().map(Spanned::span),
                on(&tables.realm, true).is_none(),
            ),
            (
                "xbox",
                own.xbox.as_ref().map(Spanned::span),
                on(&tables.xbox, true).is_none(),
            ),
            (
                "correlate_with",
                own.correlate_with.as_ref().map(Spanned::span),
                on(&tables.correlation, false).is_none(),
            ),
        ] {
            let Some(span) = span.filter(|_| off) else {
                continue;
            };
            let table = match key {
                "correlate_with" => "correlation",
                other => other,
            };
            let what = format!(
                "connection {:?} has {key}, and [extensions.{table}] is off; switch it on, or leave {key} out",
                name.get_ref()
            );
            return Err(source.error(span, what));
        }
        if let Some(kind) = own.xbox.as_ref().filter(|it| *it.get_ref() > 1) {
            let what = format!(
                "xbox = {} is no type of a negotiation; write 0 or 1",
                kind.get_ref()
            );
            return Err(source.error(kind.span(), what));
        }
        if let Some(other) = own.correlate_with.as_ref().filter(|_| connection.start) {
            let what = format!(
                "connection {:?} cannot start by itself, as {:?} has to be up before; leave out start = true",
                name.get_ref(),
                other.get_ref()
            );
            return Err(source.error(other.span(), what));
        }
        if let Some(other) = &own.correlate_with {
            original(source, file, (name.get_ref(), connection), other)?;
        }
    }
    Ok(())
}

/// The connection that another one is to be correlated with.
fn original(
    source: Source<'_>,
    file: &schema::File,
    (name, connection): (&str, &schema::Connection),
    other: &Spanned<String>,
) -> Checked<()> {
    let all = &file.connections.0;
    let found = all.iter().find(|(it, _)| it.get_ref() == other.get_ref());
    let what = match found.map(|(_, it)| it) {
        None => format!(
            "there is no connection {:?} to correlate {name:?} with",
            other.get_ref()
        ),
        Some(_) if name == other.get_ref() => {
            format!("connection {name:?} cannot be correlated with itself; name another one")
        }
        Some(it) if it.version == Version::Ikev1 => {
            format!(
                "connection {:?} is of IKEv1; only SAs of IKEv2 are correlated",
                other.get_ref()
            )
        }
        Some(it) => {
            let address = |it: &schema::Connection| it.peer.remote.as_ref().map(|it| it.0);
            if address(it).is_some() && address(it) == address(connection) {
                return Ok(());
            }
            format!(
                "connections {name:?} and {:?} have to have the same remote = \"ADDRESS\"",
                other.get_ref()
            )
        }
    };
    Err(source.error(other.span(), what))
}

/// When a flood is one, for both IKEs; a release whose cookies of IKEv1 are on says so where the file does not.
fn protection(limits: &Limits, release: Option<Release>) -> Protection {
    let mut it = release.map_or_else(Protection::default, like);
    it.mode = match limits.cookies {
        Some(Cookies::Always) => Protect::Always,
        Some(Cookies::Never) => Protect::Never,
        Some(Cookies::Auto) => Protect::Automatic,
        None => it.mode,
    };
    it.on = limits.cookie_threshold.unwrap_or(it.on);
    it.off = limits.cookie_threshold_off.unwrap_or(it.off);
    it.per_address = limits.half_open_per_address.unwrap_or(it.per_address);
    it
}

/// What a release does about floods ([MS-IKEE] note 29).
fn like(release: Release) -> Protection {
    let mut it = Protection::default();
    match profile::windows(release).dos {
        profile::Dos::Never => it.mode = Protect::Never,
        profile::Dos::Always => it.mode = Protect::Always,
        profile::Dos::Thresholds {
            on,
            off,
            per_address,
        } => {
            (it.on, it.off, it.per_address) = (on.into(), off.into(), per_address.into());
        }
        _ => {}
    }
    it
}

#[cfg(test)]
mod tests;
