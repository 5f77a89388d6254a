//! Bringing everything up, and why that may fail.

use core::time::Duration;
use std::io;
use std::path::PathBuf;

use ikee::discovery::Letter;
use ikee::ext::Extensions;
use ikee::ikev1;
use ikee::ikev2::{self, Endpoint, Outbox};
use rustix::thread::CapabilitySet;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::certificates::Vetting;
use super::cores::{Cores, FIRST_OF_V1};
use super::listeners::Listeners;
use super::reload::Configuration;
use super::system::{self, System};
use super::watch::Watch;
use super::{Book, Control, Daemon, Log, Signals};
use crate::clock::Clock;
use crate::config::{DataPlaneChoice, DiscoverySettings, ExtensionSettings, Runtime, Settings};
use crate::control::LogLevel;
use crate::control::access::Access;
use crate::control::server::Server;
use crate::discovery::{Discovery, Outer};
use crate::dns::Dns;
use crate::keylog::KeyTables;
use crate::metrics::server::Scrape;
use crate::metrics::{self, Metrics};
use crate::plane::DataPlane;
use crate::plane::kernel::{Kernel, KernelError};
use crate::plane::userspace::Userspace;
use crate::privileges::{self, Account};
use crate::routes::Routes;
use crate::tun::Tun;
use crate::udp::{Batch, BindError, Sockets};
use crate::{extensions, provider};

/// Why a daemon could not start; each displays as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No runtime, no signals.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// A UDP port is taken, or not ours to have.
    #[error("{0}{hint}", hint = hint(&.0.error))]
    Bind(BindError),
    /// The control socket.
    #[error("control socket {}: {error}{hint}", path.display(), hint = hint(error))]
    Control {
        /// Where it should be.
        path: PathBuf,
        /// What is in the way.
        error: io::Error,
    },
    /// The TUN device.
    #[error("cannot make the TUN device {name}: {error}{hint}", hint = hint(error))]
    Tun {
        /// Its name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// The kernel's data plane.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Routing rules.
    #[error("cannot set up routing: {0}")]
    Routes(Box<rtnetlink::Error>),
    /// The port for metrics.
    #[error("cannot serve metrics on {address}: {error}{hint}", hint = hint(error))]
    Metrics {
        /// Where it should be.
        address: core::net::SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The user to become.
    #[error("cannot give up privileges: {0}; only root can become another user")]
    Privileges(io::Error),
    /// The key tables.
    #[error("cannot write key tables to {}: {error}", folder.display())]
    KeyTables {
        /// Where they should be.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The provider that was asked for does not run here.
    #[error(transparent)]
    Provider(#[from] provider::Unsupported),
    /// The provider cannot do the least, or the system has no randomness.
    #[error("the cryptographic provider failed")]
    Crypto,
}

fn book(runtime: &Runtime, provider: &'static str, key_tables: Option<KeyTables>) -> Book {
    Book {
        provider,
        key_tables,
        // without packets of ours, nothing reaches a server behind a peer
        dns: Dns::open(runtime.dns, runtime.tun.as_deref()),
        ..Book::default()
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; run it as root, or with CAP_NET_ADMIN and CAP_NET_BIND_SERVICE"
        }
        io::ErrorKind::AddrInUse => "; another program has it, another IKE daemon perhaps",
        _ => "",
    }
}

impl Daemon {
    /// Opens sockets and devices. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The first thing that could not be opened.
    pub async fn start(settings: Settings, log: Log) -> Result<Self, StartError> {
        let v2 = extensions::ikev2(&settings.extensions, &settings.connections);
        let v1 = extensions::ikev1(&settings.extensions);
        Self::start_with(settings, (v1, v2), log).await
    }

    /// As [`start`](Self::start), with other extensions than the settings name.
    pub(super) async fn start_with(
        settings: Settings,
        extensions: (Extensions, Extensions),
        log: Log,
    ) -> Result<Self, StartError> {
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        let (configuration, clock) = (Configuration::of(&settings), Clock::start());
        let (hints, watch) = watching(&settings);
        let Settings {
            runtime,
            mut endpoint,
            mut ikev1,
            extensions: ExtensionSettings { discovery, .. },
            trust,
            ..
        } = settings;
        endpoint.trace = log.level >= LogLevel::Debug;
        ikev1.trace = endpoint.trace;
        let provider = provider::provider(runtime.provider)?;
        let ports = endpoint.ports;
        let cores = cores((ikev1, endpoint), provider, extensions)?;
        let key_tables = key_tables(&runtime)?;
        let account = account(&runtime)?;
        let server = control(&runtime, account.as_ref()).map_err(|error| StartError::Control {
            path: runtime.control.clone(),
            error,
        })?;
        let sockets = Sockets::bind(&runtime.listen, &[ports.ike, ports.nat_t], runtime.mark())
            .map_err(StartError::Bind)?;
        let plane = match runtime.data_plane {
            DataPlaneChoice::Userspace => {
                let outer = outer(&runtime, discovery, clock)?;
                userspace(&runtime, provider, hints, outer).await?
            }
            DataPlaneChoice::Kernel => kernel(&runtime, &sockets, ports.nat_t).await?,
        };
        let scrapes = scrapes(&runtime).await?;
        privileges::give_up(account.as_ref(), capabilities(&runtime))
            .map_err(StartError::Privileges)?;
        let daemon = Self {
            cores,
            clock,
            sockets,
            batch: Batch::default(),
            plane,
            news: Vec::new(),
            watch,
            control: Control::new(server, scrapes),
            signals: Signals::watch().map_err(StartError::Runtime)?,
            book: book(&runtime, provider.name, key_tables),
            metrics: Metrics::new(),
            log,
            vetting: Vetting::new(trust),
            runtime,
            configuration,
        };
        daemon.greet();
        daemon.configuration.look();
        system::ready(daemon.configuration.connections.len());
        Ok(daemon)
    }

    fn greet(&self) {
        let listen: Vec<String> = self
            .sockets
            .local_addresses()
            .map(|address| address.to_string())
            .collect();
        let extensions = self.cores.extension_names();
        tracing::info!(
            "ikee {} listens on {}; {} connections; provider {}; extensions: {}; control socket {}",
            env!("CARGO_PKG_VERSION"),
            listen.join(", "),
            self.configuration.connections.len(),
            self.book.provider,
            if extensions.is_empty() {
                "none".to_owned()
            } else {
                extensions.join(", ")
            },
            self.runtime.control.display(),
        );
        if let Some(tables) = &self.book.key_tables {
            tracing::warn!(
                "all keys are written to {}: whoever can read them can read all traffic",
                tables.folder().display()
            );
        }
    }
}

/// Both cores, that of IKEv1 only where a connection speaks it.
fn cores(
    (v1, v2): (ikev1::Config, ikev2::Config),
    provider: &'static ikee::crypto::Provider,
    extensions: (Extensions, Extensions),
) -> Result<Cores, StartError> {
    let seed = provider::seed().map_err(|_| StartError::Crypto)?;
    let v2 = Endpoint::new(v2, provider, extensions.1, seed).map_err(|_| StartError::Crypto)?;
    let v1 = (!v1.connections.is_empty()).then(|| ikev1(v1, provider, extensions.0));
    Ok(Cores {
        v2,
        out_v2: Outbox::new(),
        v1: v1.transpose().map_err(|_| StartError::Crypto)?,
        out_v1: ikev1::Outbox::new(),
    })
}

/// The core of IKEv1, whose handles are not those of IKEv2.
pub(super) fn ikev1(
    mut config: ikev1::Config,
    provider: &'static ikee::crypto::Provider,
    extensions: Extensions,
) -> Result<ikev1::Endpoint, String> {
    config.first_handle = FIRST_OF_V1;
    let failed = |_| "the cryptographic provider failed".to_owned();
    let seed = provider::seed().map_err(failed)?;
    ikev1::Endpoint::new(config, provider, extensions, seed).map_err(failed)
}

/// The user that the process will become.
fn account(runtime: &Runtime) -> Result<Option<Account>, StartError> {
    let account = runtime.user.as_deref().map(Account::find);
    account.transpose().map_err(StartError::Privileges)
}

/// The control socket, for whom the configuration wants.
fn control(runtime: &Runtime, account: Option<&Account>) -> io::Result<Server> {
    let group = runtime.control_group.as_deref();
    let group = group.map(privileges::group).transpose()?;
    let owner = account.map(Account::user);
    Server::bind(&runtime.control, owner, Access::new(group))
}

async fn scrapes(runtime: &Runtime) -> Result<Option<mpsc::Receiver<Scrape>>, StartError> {
    let Some(address) = runtime.metrics else {
        return Ok(None);
    };
    let scrapes = metrics::server::serve(address).await;
    scrapes
        .map(Some)
        .map_err(|error| StartError::Metrics { address, error })
}

/// What the process needs as long as it runs.
fn capabilities(runtime: &Runtime) -> CapabilitySet {
    if runtime.mark().is_some() {
        // routes, addresses, the kernel's SAs, and the marks of sockets
        CapabilitySet::NET_ADMIN
    } else {
        CapabilitySet::empty()
    }
}

impl Control {
    fn new(mut server: Server, scrapes: Option<mpsc::Receiver<Scrape>>) -> Self {
        Self {
            calls: server.serve(),
            _server: server,
            scrapes,
            waiters: Vec::new(),
            listeners: Listeners::default(),
        }
    }
}

impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Self {
            system: System::from_environment(),
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }
}

fn key_tables(runtime: &Runtime) -> Result<Option<KeyTables>, StartError> {
    let Some(folder) = &runtime.key_log_dir else {
        return Ok(None);
    };
    let tables = KeyTables::create(folder);
    tables.map(Some).map_err(|error| StartError::KeyTables {
        folder: folder.clone(),
        error,
    })
}

/// Whether the data plane looks at TCP segments, and what looks at its counters. The kernel is asked less often, as each
/// answer costs two messages.
fn watching(settings: &Settings) -> (bool, Watch) {
    let extensions = &settings.extensions;
    let hints = extensions.looks_at_tcp();
    let seconds = match settings.runtime.data_plane {
        DataPlaneChoice::Userspace => 1,
        DataPlaneChoice::Kernel => 5,
    };
    let watch = Watch::new(Duration::from_secs(seconds), extensions.searches());
    (hints, watch)
}

async fn kernel(
    runtime: &Runtime,
    sockets: &Sockets,
    nat_t: u16,
) -> Result<Box<dyn DataPlane>, StartError> {
    let routes = Routes::open(None, runtime.route_table).await;
    let routes = routes.map_err(|error| StartError::Routes(Box::new(error)))?;
    let kernel = Kernel::open(sockets, nat_t, routes)?;
    Ok(Box::new(kernel))
}

/// The device for packets in clear, where the configuration wants to discover.
fn outer(
    runtime: &Runtime,
    settings: Option<DiscoverySettings>,
    clock: Clock,
) -> Result<Option<Outer>, StartError> {
    let Some(settings) = settings else {
        return Ok(None);
    };
    let name = settings.outer;
    let device = Tun::open(&name, runtime.mtu);
    let device = device.map_err(|error| StartError::Tun { name, error })?;
    let seed = provider::seed().map_err(|_| StartError::Crypto)?;
    let half = seed.first_chunk().copied().unwrap_or_default();
    let discovery = Discovery::new(settings.limits, Letter::default(), half, clock);
    Ok(Some(Outer::new(discovery, device)))
}

async fn userspace(
    runtime: &Runtime,
    provider: &'static ikee::crypto::Provider,
    hints: bool,
    outer: Option<Outer>,
) -> Result<Box<dyn DataPlane>, StartError> {
    let mut tun = None;
    if let Some(name) = &runtime.tun {
        let device = Tun::open(name, runtime.mtu).map_err(|error| StartError::Tun {
            name: name.clone(),
            error,
        })?;
        let routes = Routes::open(Some(device.index()), runtime.route_table).await;
        tun = Some((
            device,
            routes.map_err(|error| StartError::Routes(Box::new(error)))?,
        ));
    }
    let random = Box::new(ikee::rustcrypto::SystemRandom::new());
    Ok(Box::new(Userspace::new(
        provider, random, tun, hints, outer,
    )))
}
