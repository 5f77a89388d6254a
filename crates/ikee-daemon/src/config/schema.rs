//! The configuration file as serde reads it; `build.rs` gives it meaning.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ikee::doi::Identity;
use ikee::ikev2::Pool;
use ikee::profile::Release;
use ikee::realm::RealmId;
use ikee::x509::Purpose;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::DnsChoice;
use super::discovery;
use super::extensions::tables::Tables;
use super::plane::Mark;
use super::text::{Anyone, Ordered, Prefixed6, Secret, SelectorItem, Text, Time};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// The release of Windows to be like.
    #[serde(rename = "as")]
    pub(super) release: Option<Spanned<Text<Release>>>,
    pub(super) daemon: Daemon,
    pub(super) limits: Limits,
    pub(super) extensions: Tables,
    pub(super) connections: Ordered<Connection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Daemon {
    pub(super) listen: Option<Vec<Text<IpAddr>>>,
    pub(super) port: Option<u16>,
    pub(super) nat_t_port: Option<u16>,
    pub(super) control: Option<PathBuf>,
    pub(super) data_plane: Option<DataPlane>,
    pub(super) tun: Option<Spanned<String>>,
    pub(super) mtu: Option<Spanned<u16>>,
    pub(super) route_table: Option<Spanned<u32>>,
    pub(super) dns: DnsChoice,
    pub(super) provider: Option<Provider>,
    pub(super) profile: Option<Profile>,
    pub(super) key_log_dir: Option<PathBuf>,
    pub(super) user: Option<String>,
    pub(super) control_group: Option<String>,
    pub(super) metrics: Option<Spanned<Text<SocketAddr>>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum DataPlane {
    Userspace,
    Kernel,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provider {
    Auto,
    Rustcrypto,
    Graviola,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Profile {
    Microsoft,
    Rfc,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) cookies: Option<Cookies>,
    pub(super) cookie_threshold: Option<usize>,
    pub(super) cookie_threshold_off: Option<usize>,
    pub(super) half_open: Option<usize>,
    pub(super) half_open_per_address: Option<usize>,
    pub(super) half_open_timeout: Option<Time>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Cookies {
    Auto,
    Always,
    Never,
}

/// A connection; the keys of IKEv1 stand among the others.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) version: Version,
    pub(super) start: bool,
    pub(super) local: Option<Text<IpAddr>>,
    pub(super) peer: Peer,
    pub(super) local_id: Option<Text<Identity>>,
    pub(super) psk: Option<Spanned<Text<Secret>>>,
    pub(super) psk_file: Option<Spanned<PathBuf>>,
    pub(super) auth: Auth,
    pub(super) v1: V1,
    pub(super) proposals: Option<Suites>,
    pub(super) addresses: Addresses,
    pub(super) special: Special,
    pub(super) retransmit: Retransmit,
    pub(super) lifetime: Lifetime,
    pub(super) children: Ordered<Child>,
}

/// What is known of a connection's peer.
#[derive(Debug, Default)]
pub(super) struct Peer {
    pub(super) remote: Option<Text<IpAddr>>,
    pub(super) ports: RemotePorts,
    pub(super) id: Option<Text<Anyone>>,
    /// Silence after which it is asked whether it lives.
    pub(super) liveness: Option<Time>,
}

/// A connection's keys of extensions of IKEv2.
#[derive(Debug, Default)]
pub(super) struct Special {
    pub(super) realm: Option<Spanned<Text<RealmId>>>,
    pub(super) xbox: Option<Spanned<u32>>,
    pub(super) correlate_with: Option<Spanned<String>>,
    /// A key of the whole file, which has no place here.
    pub(super) release: Option<Spanned<String>>,
}

/// A connection's keys of IKEv1.
#[derive(Debug, Default)]
pub(super) struct V1 {
    pub(super) xauth: Option<Spanned<Xauth>>,
    pub(super) aggressive: Option<Spanned<bool>>,
    pub(super) aggressive_psk: Option<Spanned<bool>>,
    pub(super) legacy: Option<Spanned<bool>>,
    pub(super) mode_config: Option<Spanned<ModeConfig>>,
}

/// The keys of a connection.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Version,
    Start,
    Local,
    Remote,
    RemotePorts,
    LocalId,
    RemoteId,
    Psk,
    PskFile,
    Auth,
    Xauth,
    Aggressive,
    AggressivePsk,
    Legacy,
    ModeConfig,
    Proposals,
    Addresses,
    Liveness,
    Realm,
    Xbox,
    CorrelateWith,
    As,
    Retransmit,
    Lifetime,
    Children,
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConnectionVisitor)
    }
}

struct ConnectionVisitor;

impl<'de> Visitor<'de> for ConnectionVisitor {
    type Value = Connection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a connection, which is a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Connection, A::Error> {
        let mut it = Connection::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Version => it.version = map.next_value()?,
                Key::Start => it.start = map.next_value()?,
                Key::Local => it.local = Some(map.next_value()?),
                Key::Remote => it.peer.remote = Some(map.next_value()?),
                Key::RemotePorts => it.peer.ports = map.next_value()?,
                Key::LocalId => it.local_id = Some(map.next_value()?),
                Key::RemoteId => it.peer.id = Some(map.next_value()?),
                Key::Psk => it.psk = Some(map.next_value()?),
                Key::PskFile => it.psk_file = Some(map.next_value()?),
                Key::Auth => it.auth = map.next_value()?,
                Key::Xauth => it.v1.xauth = Some(map.next_value()?),
                Key::Aggressive => it.v1.aggressive = Some(map.next_value()?),
                Key::AggressivePsk => it.v1.aggressive_psk = Some(map.next_value()?),
                Key::Legacy => it.v1.legacy = Some(map.next_value()?),
                Key::ModeConfig => it.v1.mode_config = Some(map.next_value()?),
                Key::Proposals => it.proposals = Some(map.next_value()?),
                Key::Addresses => it.addresses = map.next_value()?,
                Key::Liveness => it.peer.liveness = Some(map.next_value()?),
                Key::Realm => it.special.realm = Some(map.next_value()?),
                Key::Xbox => it.special.xbox = Some(map.next_value()?),
                Key::CorrelateWith => it.special.correlate_with = Some(map.next_value()?),
                Key::As => it.special.release = Some(map.next_value()?),
                Key::Retransmit => it.retransmit = map.next_value()?,
                Key::Lifetime => it.lifetime = map.next_value()?,
                Key::Children => it.children = map.next_value()?,
            }
        }
        Ok(it)
    }
}

/// Suites as typed; which version reads them says how.
pub(super) type Suites = Spanned<Vec<Spanned<String>>>;

/// Which IKE a connection speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Version {
    Ikev1,
    #[default]
    Ikev2,
    Both,
}

impl Version {
    pub(super) fn has_v1(self) -> bool {
        self != Self::Ikev2
    }

    pub(super) fn has_v2(self) -> bool {
        self != Self::Ikev1
    }
}

/// A user's name and password, or the file of all users.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Xauth {
    pub(super) user: Option<String>,
    pub(super) password: Option<Spanned<Text<Secret>>>,
    pub(super) password_file: Option<Spanned<PathBuf>>,
    pub(super) users_file: Option<Spanned<PathBuf>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum ModeConfig {
    Pull,
    Push,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Protocol {
    Ah,
    Esp,
}

impl Connection {
    /// Whether a secret stands in the file itself.
    pub(super) fn holds_a_secret(&self) -> bool {
        let xauth = self.v1.xauth.as_ref().map(Spanned::get_ref);
        self.psk.is_some() || xauth.is_some_and(|it| it.password.is_some())
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RemotePorts {
    pub(super) ike: Option<u16>,
    pub(super) nat_t: Option<u16>,
    pub(super) nat_t_first: Option<Spanned<bool>>,
    pub(super) nat_t_always: Option<Spanned<bool>>,
}

/// How both sides prove who they are, beside `psk`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Auth {
    pub(super) local: Option<Spanned<Method>>,
    pub(super) remote: Option<Spanned<Vec<Method>>>,
    pub(super) cga: Option<Spanned<PathBuf>>,
    pub(super) certificate: Option<Spanned<PathBuf>>,
    pub(super) key: Option<Spanned<PathBuf>>,
    pub(super) authorities: Option<Spanned<Vec<Spanned<PathBuf>>>>,
    pub(super) crls: Vec<Spanned<PathBuf>>,
    pub(super) revocation: Option<Revocation>,
    pub(super) purposes: Option<Vec<Text<Purpose>>>,
    pub(super) wildcards: bool,
    pub(super) sha1: bool,
    pub(super) weak_certificates: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Method {
    Cga,
    Psk,
    Cert,
    Null,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Revocation {
    Off,
    Lenient,
    Strict,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Addresses {
    pub(super) request: Vec<Family>,
    pub(super) assign_ipv4: Option<Text<Ipv4Addr>>,
    pub(super) assign_ipv6: Option<Text<Prefixed6>>,
    pub(super) pools: Option<Spanned<Vec<Text<Pool>>>>,
    pub(super) fixed: Ordered<Text<IpAddr>>,
    pub(super) dns: Vec<Text<IpAddr>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Family {
    Ipv4,
    Ipv6,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retransmit {
    pub(super) first: Option<Time>,
    pub(super) longest: Option<Time>,
    pub(super) tries: Option<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lifetime {
    pub(super) rekey: Option<Spanned<Time>>,
    pub(super) reauthenticate: Option<Spanned<Time>>,
    pub(super) jitter: Option<Spanned<Time>>,
    pub(super) hard: Option<Spanned<Time>>,
    pub(super) time: Option<Spanned<Time>>,
    pub(super) margin: Option<Spanned<Time>>,
    pub(super) quick_modes: Option<Spanned<u32>>,
    pub(super) initial_contact: Option<bool>,
    pub(super) unique: Option<Spanned<bool>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ChildLifetime {
    pub(super) time: Option<Time>,
    pub(super) bytes: Option<Spanned<u64>>,
    pub(super) packets: Option<Spanned<u64>>,
    pub(super) jitter: Option<Spanned<u8>>,
    pub(super) kilobytes: Option<Spanned<u32>>,
    pub(super) margin: Option<Spanned<Time>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Child {
    pub(super) proposals: Option<Suites>,
    pub(super) protocol: Option<Spanned<Protocol>>,
    pub(super) local: Option<Spanned<Vec<Text<SelectorItem>>>>,
    pub(super) remote: Option<Spanned<Vec<Text<SelectorItem>>>>,
    pub(super) lifetime: ChildLifetime,
    pub(super) mode: Option<Mode>,
    pub(super) start: Option<Spanned<Start>>,
    pub(super) discovery: Option<Spanned<Vec<discovery::Word>>>,
    pub(super) mark: Option<Spanned<Text<Mark>>>,
    pub(super) if_id: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Tunnel,
    Transport,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Start {
    None,
    Trap,
}
