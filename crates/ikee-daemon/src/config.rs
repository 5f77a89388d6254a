//! The configuration file: TOML, every error with its line.
//!
//! [`load`] reads a file, [`parse`] a text. Every key is explained in [`EXAMPLE`], which is itself
//! a valid configuration.

mod build;
mod discovery;
mod error;
mod extensions;
mod fingerprint;
mod lifetime;
mod outline;
mod plane;
mod proof;
mod released;
mod runtime;
mod schema;
mod secret;
mod text;
mod v1;
mod versions;

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ikee::{ikev1, ikev2};
use zeroize::Zeroizing;

use crate::clock;
use crate::trust::Trust;

pub use discovery::DiscoverySettings;
pub use error::ConfigError;
pub(crate) use extensions::tables;
pub use extensions::{ExtensionSettings, Special};
pub(crate) use fingerprint::Fingerprint;
pub use outline::{ChildOutline, Outline, Versions};
pub use plane::KernelSettings;

/// An annotated configuration with every key.
pub const EXAMPLE: &str = include_str!("../example.toml");

/// Where the control socket is unless the configuration or the command line says otherwise.
pub const CONTROL_SOCKET: &str = "/run/ikee.sock";

/// Largest configuration file, in octets.
const LARGEST: u64 = 16 << 20;

/// A whole configuration, checked.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What the runtime needs.
    pub runtime: Runtime,
    /// What IKEv2 needs.
    pub endpoint: ikev2::Config,
    /// What IKEv1 needs; it is off when no connection is in here.
    pub ikev1: ikev1::Config,
    /// All connections, in the order of the file.
    pub connections: Vec<Outline>,
    /// Which extensions are on.
    pub extensions: ExtensionSettings,
    /// Names of the connections to bring up at once.
    pub start: Vec<String>,
    /// Whose certificates each connection takes.
    pub trust: Trust,
    /// What is allowed but unwise, one line each.
    pub warnings: Vec<String>,
    /// Whether a secret stands in the file itself.
    inline_psk: bool,
    /// Where it was read from.
    pub(crate) file: PathBuf,
    /// What each connection is, in the order of the connections.
    pub(crate) fingerprints: Vec<Fingerprint>,
}

impl Settings {
    /// Writes Wireshark's key tables to a folder, whatever the file says.
    pub fn write_keys_to(&mut self, folder: PathBuf) {
        self.runtime.key_log_dir = Some(folder);
        self.runtime.key_log_forced = true;
        self.endpoint.key_log = true;
        self.ikev1.key_log = true;
    }
}

/// Sockets, devices and files.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Runtime {
    /// Addresses to listen on.
    pub listen: Vec<IpAddr>,
    /// The control socket.
    pub control: PathBuf,
    /// What carries packets.
    pub data_plane: DataPlaneChoice,
    /// What the kernel's plane is told about children, by the names of the connection and the child.
    pub kernel: BTreeMap<(String, String), KernelSettings>,
    /// Name of the TUN device; `None` leaves packets alone.
    pub tun: Option<String>,
    /// MTU of the TUN device, in octets.
    pub mtu: u16,
    /// Routing table, and priority of the rule that leads to it.
    pub route_table: u32,
    /// What becomes of DNS servers that peers name.
    pub dns: DnsChoice,
    /// Which cryptography.
    pub provider: ProviderChoice,
    /// Where Wireshark's key tables go; `None` writes none.
    pub key_log_dir: Option<PathBuf>,
    /// Whether that comes from the command line, so that the file has no say in it.
    pub key_log_forced: bool,
    /// The user to become once everything is open.
    pub user: Option<String>,
    /// The group whose members may use the control socket, beside root and the user.
    pub control_group: Option<String>,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
}

impl Runtime {
    /// What our sockets mark their datagrams with, so that those take the routes that there would be without
    /// us.
    pub(crate) fn mark(&self) -> Option<u32> {
        let routes = self.tun.is_some() || self.data_plane == DataPlaneChoice::Kernel;
        routes.then_some(self.route_table)
    }
}

/// Which data plane to use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum DataPlaneChoice {
    /// ESP in this process, on a TUN device.
    #[default]
    Userspace,
    /// ESP in the Linux kernel.
    Kernel,
}

/// What becomes of DNS servers that peers name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DnsChoice {
    /// They go to systemd-resolved where it runs, else to resolvconf where there is one.
    #[default]
    Auto,
    /// They go through `resolvectl`.
    Resolvectl,
    /// They go through `resolvconf`.
    Resolvconf,
    /// They are shown in the log and in the status only.
    Show,
}

/// Which cryptographic provider to use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProviderChoice {
    /// The fastest that this processor can run.
    #[default]
    Auto,
    /// RustCrypto: portable.
    RustCrypto,
    /// Graviola: fast, on recent x86-64 and AArch64 processors.
    Graviola,
}

/// Reads and checks a configuration file.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    let cannot =
        |error: std::io::Error| ConfigError::file(path, format!("cannot read it: {error}"));
    let file = std::fs::File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    let mut settings = parse(path, &text)?;
    settings
        .warnings
        .extend(settings.trust.warnings(clock::since_1970()));
    if settings.inline_psk && metadata.mode() & 0o077 != 0 {
        settings.warnings.push(format!(
            "{}: holds a psk and can be read by others; run chmod 600 on it, or use psk_file",
            path.display()
        ));
    }
    Ok(settings)
}

/// Checks a configuration text; `file` names it in errors, and relative paths in it are relative
/// to the folder of `file`.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(file: &Path, text: &str) -> Result<Settings, ConfigError> {
    build::build(error::Source { file, text })
}

#[cfg(test)]
mod tests;
