//! DNS servers that peers named, handed to the system.
//!
//! `resolvectl` where systemd-resolved runs, else `resolvconf` where there is one; else they are only shown. The programs are
//! run without a shell, one at a time and beside the daemon's own work, each with an end. What they get are addresses that
//! have been read as such, and the name of our device.

use core::fmt::Write as _;
use core::net::IpAddr;
use core::time::Duration;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::config::DnsChoice;

/// How long one of the programs may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// More servers than these are not passed on: no resolver asks more.
const MOST: usize = 8;
/// Where systemd-resolved has its files while it runs.
const RESOLVED: &str = "/run/systemd/resolve";

/// What the system has for this.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Tool {
    Resolvectl(PathBuf),
    Resolvconf(PathBuf),
}

/// The servers that the system has from us.
#[derive(Debug, Default)]
pub(crate) struct Dns {
    current: Vec<IpAddr>,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Worker {
    jobs: mpsc::UnboundedSender<Vec<IpAddr>>,
    task: JoinHandle<()>,
    name: &'static str,
}

impl Dns {
    /// Looks for the tool; must be called within a tokio runtime.
    pub(crate) fn open(choice: DnsChoice, device: Option<&str>) -> Self {
        let Some(device) = device else {
            return Self::default();
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        match find(choice, &folders, Path::new(RESOLVED)) {
            Some(tool) => Self::with(tool, device),
            None => Self::default(),
        }
    }

    fn with(tool: Tool, device: &str) -> Self {
        let (jobs, received) = mpsc::unbounded_channel();
        let name = tool.name();
        let task = tokio::spawn(work(tool, device.to_owned(), received));
        Self {
            current: Vec::new(),
            worker: Some(Worker { jobs, task, name }),
        }
    }

    /// What the servers are given to; nothing if they are only shown.
    pub(crate) fn tool(&self) -> Option<&'static str> {
        self.worker.as_ref().map(|worker| worker.name)
    }

    /// From now on the system should ask these, in this order; none takes back what it has.
    pub(crate) fn set(&mut self, servers: impl IntoIterator<Item = IpAddr>) {
        let mut wanted: Vec<IpAddr> = Vec::new();
        for server in servers {
            if wanted.len() < MOST && is_useful(server) && !wanted.contains(&server) {
                wanted.push(server);
            }
        }
        if wanted == self.current {
            return;
        }
        self.current.clone_from(&wanted);
        if let Some(worker) = &self.worker
            && worker.jobs.send(wanted).is_err()
        {
            tracing::error!(
                "DNS servers: nobody is left to hand them to {}",
                worker.name
            );
        }
    }

    /// Takes everything back, and waits until that is done.
    pub(crate) async fn close(mut self) {
        self.set([]);
        if let Some(worker) = self.worker {
            drop(worker.jobs);
            if let Err(error) = worker.task.await {
                tracing::error!("DNS servers: {error}");
            }
        }
    }
}

/// A peer may not turn our questions to ourselves, to nobody or to everybody.
fn is_useful(server: IpAddr) -> bool {
    let useful = !server.is_unspecified() && !server.is_loopback() && !server.is_multicast();
    if !useful {
        tracing::warn!("the peer names {server} as a DNS server; that is none");
    }
    useful
}

fn find(choice: DnsChoice, folders: &[PathBuf], resolved: &Path) -> Option<Tool> {
    let program = |name: &str| {
        let mut all = folders.iter().map(|folder| folder.join(name));
        all.find(|path| is_program(path))
    };
    let resolvectl = || program("resolvectl").map(Tool::Resolvectl);
    let resolvconf = || program("resolvconf").map(Tool::Resolvconf);
    match choice {
        DnsChoice::Show => None,
        DnsChoice::Resolvectl => resolvectl(),
        DnsChoice::Resolvconf => resolvconf(),
        DnsChoice::Auto if resolved.is_dir() => resolvectl().or_else(resolvconf),
        DnsChoice::Auto => resolvconf(),
    }
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

impl Tool {
    const fn name(&self) -> &'static str {
        match self {
            Self::Resolvectl(_) => "resolvectl",
            Self::Resolvconf(_) => "resolvconf",
        }
    }

    /// The command for these servers, and what it reads.
    fn command(&self, device: &str, servers: &[IpAddr]) -> (Command, String) {
        let mut input = String::new();
        let command = match self {
            Self::Resolvectl(program) => {
                let mut command = Command::new(program);
                if servers.is_empty() {
                    command.args(["revert", device]);
                } else {
                    command.args(["dns", device]);
                    command.args(servers.iter().map(IpAddr::to_string));
                }
                command
            }
            Self::Resolvconf(program) => {
                let mut command = Command::new(program);
                let what = if servers.is_empty() { "-d" } else { "-a" };
                command.arg(what).arg(format!("{device}.ikee"));
                for server in servers {
                    // a String takes everything
                    writeln!(input, "nameserver {server}").unwrap_or_default();
                }
                command
            }
        };
        (command, input)
    }

    async fn run(&self, device: &str, servers: &[IpAddr]) -> io::Result<()> {
        let (mut command, input) = self.command(device, servers);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let ended = async {
            if let Some(mut stdin) = child.stdin.take() {
                // one that does not read has its reasons, and tells them by its exit code
                drop(stdin.write_all(input.as_bytes()).await);
            }
            child.wait_with_output().await
        };
        let output = tokio::time::timeout(PATIENCE, ended).await??;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("no reason given").to_owned();
        Err(io::Error::other(format!("{}: {said}", output.status)))
    }
}

async fn work(tool: Tool, device: String, mut jobs: mpsc::UnboundedReceiver<Vec<IpAddr>>) {
    while let Some(mut servers) = jobs.recv().await {
        // only the latest counts
        while let Ok(later) = jobs.try_recv() {
            servers = later;
        }
        let name = tool.name();
        match tool.run(&device, &servers).await {
            Ok(()) if servers.is_empty() => tracing::info!("DNS servers taken back from {name}"),
            Ok(()) => tracing::info!("DNS servers given to {name}: {servers:?}"),
            Err(error) => {
                tracing::warn!("DNS servers {servers:?} could not be given to {name}: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
