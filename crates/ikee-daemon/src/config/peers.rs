//! What the extensions against floods, for clusters and for dead peers are told: their sections, and what is checked.

use core::time::Duration;

use ikee::ext::Protection;
use ikee::failover::{IdleLimits, Side};
use serde::Deserialize;
use toml::Spanned;

use super::build::Checked;
use super::error::Source;
use super::text::Time;

/// `[extensions.dos]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dos {
    cookie: Option<Cookie>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cookie {
    Sha256,
    Windows,
}

/// `[extensions.dpd]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Dpd {
    ikev1: Option<bool>,
    ikev2: Option<bool>,
    tcp: Option<bool>,
    clusters_only: bool,
    patience: Option<Time>,
    restart: Option<bool>,
}

/// `[extensions.failover]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Failover {
    side: Option<Which>,
    idle: Option<Time>,
    idle_cluster: Option<Time>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Client,
    Cluster,
    Both,
}

/// What the protection against floods is told (\[MS-IKEE\] §3.9).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DosSettings {
    /// The thresholds, which are IKEv2's, too.
    pub protection: Protection,
    /// Whether cookies are made as Windows makes them.
    pub windows: bool,
}

/// What the search for dead peers is told (\[MS-IKEE\] §3.12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DpdSettings {
    /// Whether peers of IKEv1 are searched for.
    pub ikev1: bool,
    /// Whether peers of IKEv2 are.
    pub ikev2: bool,
    /// Whether the data plane looks at TCP segments.
    pub tcp: bool,
    /// Whether UDP counts with nodes of a cluster only.
    pub clusters_only: bool,
    /// How long each step may take.
    pub patience: Option<Duration>,
    /// Whether a dead peer is called again.
    pub restart: bool,
}

/// What fast failover is told (\[MS-IKEE\] §3.5, §3.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FailoverSettings {
    /// Which half is spoken.
    pub side: Side,
    /// How long a quick mode SA may carry nothing.
    pub limits: IdleLimits,
}

pub(super) fn dos(given: Option<&Dos>, protection: Protection) -> Option<DosSettings> {
    given.map(|it| DosSettings {
        protection,
        windows: matches!(it.cookie, Some(Cookie::Windows)),
    })
}

/// The kernel shows no TCP segments: who wants them is told so.
pub(super) fn dpd(
    source: Source<'_>,
    given: Option<&Spanned<Dpd>>,
    kernel: bool,
) -> Checked<Option<DpdSettings>> {
    let Some(section) = given else {
        return Ok(None);
    };
    let it = section.get_ref();
    let tcp = it.tcp.unwrap_or(true);
    if tcp && kernel {
        let what = "[extensions.dpd] looks at TCP segments, which the kernel's data plane does not show; \
                    add tcp = false to it, or data_plane = \"userspace\" under [daemon]";
        return Err(source.error(section.span(), what));
    }
    Ok(Some(DpdSettings {
        ikev1: it.ikev1.unwrap_or(true),
        ikev2: it.ikev2.unwrap_or(true),
        tcp,
        clusters_only: it.clusters_only,
        patience: it.patience.map(|time| time.0),
        restart: it.restart.unwrap_or(true),
    }))
}

pub(super) fn failover(given: Option<&Failover>) -> Option<FailoverSettings> {
    let defaults = IdleLimits::default();
    let time = |given: Option<Time>, other| given.map_or(other, |time| time.0);
    given.map(|it| FailoverSettings {
        side: match it.side {
            Some(Which::Cluster) => Side::Cluster,
            Some(Which::Both) => Side::Both,
            Some(Which::Client) | None => Side::Client,
        },
        limits: IdleLimits {
            cluster: time(it.idle_cluster, defaults.cluster),
            other: time(it.idle, defaults.other),
        },
    })
}
