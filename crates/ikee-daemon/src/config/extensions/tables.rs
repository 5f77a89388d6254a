//! The tables of `[extensions]` as serde reads them: one for each crate, named as it is.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;
use toml::Spanned;

use super::super::discovery::Given;
use super::super::text::{Ordered, Text, Time};

/// A table that may stand in the file.
pub(crate) type Table<T> = Option<Spanned<T>>;

/// All of them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Tables {
    pub(crate) nat_t: Table<NatT>,
    pub(crate) fragmentation: Table<Fragmentation>,
    pub(crate) reliable_delete: Table<ReliableDelete>,
    pub(crate) status: Table<Status>,
    pub(crate) coexistence: Table<Coexistence>,
    pub(crate) failover: Table<Failover>,
    pub(crate) discovery: Table<Given>,
    pub(crate) dos: Table<Dos>,
    pub(crate) dpd: Table<Dpd>,
    pub(crate) correlation: Table<Correlation>,
    pub(crate) server_address: Table<ServerAddress>,
    pub(crate) realm: Table<Switch>,
    pub(crate) xbox: Table<Xbox>,
    pub(crate) fragmentation_v2: Table<FragmentationV2>,
    pub(crate) pcscf: Table<Pcscf>,
}

/// A table that can be there and say no.
pub(crate) trait Switched {
    /// What it says.
    fn enabled(&self) -> Option<bool>;
}

/// What a table tells if its extension is on; one that is on by default needs no table.
pub(crate) fn on<T: Switched + Clone + Default>(table: &Table<T>, by_default: bool) -> Option<T> {
    match table.as_ref().map(Spanned::get_ref) {
        Some(told) => told.enabled().unwrap_or(true).then(|| told.clone()),
        None => by_default.then(T::default),
    }
}

/// An extension that is told nothing else.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Switch {
    enabled: Option<bool>,
}

/// NAT traversal of IKEv1.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NatT {
    enabled: Option<bool>,
    pub(crate) forced: bool,
    pub(crate) keepalive: Option<Time>,
    pub(crate) ipv6: Option<bool>,
    pub(crate) revisions: Revisions,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Revisions {
    #[default]
    Both,
    Draft,
    Rfc3947,
}

/// Fragmentation of IKEv1.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fragmentation {
    enabled: Option<bool>,
    pub(crate) delay: Option<Time>,
    pub(crate) timer: Timer,
    pub(crate) eager: bool,
    pub(crate) identity_only: bool,
    pub(crate) memory: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Timer {
    Every,
    #[default]
    Initiator,
    SecondRoundTrip,
}

/// Deletes of IKEv1 that are acknowledged.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReliableDelete {
    enabled: Option<bool>,
    pub(crate) schedule: Schedule,
    pub(crate) everybody: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Schedule {
    #[default]
    Text,
    Windows,
}

/// Windows' reasons for failures.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Status {
    enabled: Option<bool>,
    pub(crate) everybody: bool,
    pub(crate) release: Option<Spanned<u32>>,
}

/// IKEv1 beside AuthIP.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Coexistence {
    enabled: Option<bool>,
    pub(crate) module: bool,
    pub(crate) announce: bool,
    pub(crate) keying_modules: Vec<KeyingModule>,
    pub(crate) prefer_authip: Option<Spanned<Time>>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyingModule {
    Ikev1,
    Authip,
    Ikev2,
}

/// Fast failover of IKEv1.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Failover {
    enabled: Option<bool>,
    pub(crate) side: Side,
    pub(crate) idle: Option<Time>,
    pub(crate) idle_cluster: Option<Time>,
    pub(crate) moves: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    #[default]
    Client,
    Cluster,
    Both,
}

/// Cookies of IKEv1 under a flood; the thresholds stand under `[limits]`, for both IKEs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dos {
    enabled: Option<bool>,
    pub(crate) cookie: Cookie,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cookie {
    #[default]
    Sha256,
    Windows,
}

/// Dead peers, noticed by traffic.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dpd {
    enabled: Option<bool>,
    pub(crate) ikev1: Option<bool>,
    pub(crate) ikev2: Option<bool>,
    pub(crate) tcp: Option<bool>,
    pub(crate) patience: Option<Time>,
    pub(crate) clusters_only: bool,
    pub(crate) restart: Option<bool>,
}

/// Proof that two IKEv2 SAs have the same peer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Correlation {
    enabled: Option<bool>,
    pub(crate) success: u32,
}

/// Addresses of the server inside the tunnel.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerAddress {
    enabled: Option<bool>,
    pub(crate) ask: Ask,
    pub(crate) ipv4: Option<Text<Ipv4Addr>>,
    pub(crate) ipv6: Option<Text<Ipv6Addr>>,
}

/// Which families a client asks for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ask {
    #[default]
    Both,
    Ipv4,
    Ipv6,
    None,
}

/// Xbox negotiations; the types are numbers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Xbox {
    enabled: Option<bool>,
    pub(crate) limits: Ordered<usize>,
}

/// Fragmentation of IKEv2.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FragmentationV2 {
    enabled: Option<bool>,
    pub(crate) packet_size_ipv4: Option<u16>,
    pub(crate) packet_size_ipv6: Option<u16>,
    pub(crate) timeout: Option<Time>,
    pub(crate) memory: Option<usize>,
}

/// Addresses of P-CSCFs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pcscf {
    enabled: Option<bool>,
    pub(crate) ask: Ask,
    pub(crate) addresses: Option<Spanned<Vec<Text<IpAddr>>>>,
}

impl Switched for Switch {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for NatT {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Fragmentation {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for ReliableDelete {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Status {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Coexistence {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Failover {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Dos {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Dpd {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Correlation {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for ServerAddress {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Xbox {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for FragmentationV2 {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}

impl Switched for Pcscf {
    fn enabled(&self) -> Option<bool> {
        self.enabled
    }
}
