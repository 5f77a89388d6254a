//! What a user may type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ikee::profile::Release;
use ikee_daemon::config::{CONTROL_SOCKET, EXAMPLE, ProviderChoice};

use ikee_daemon::control::LogLevel;

use crate::cga::CgaArgs;
use crate::inspect::InspectArgs;

/// After the help of every command.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed; the reason is on stderr
  2  wrong usage or configuration, or no connection of that name
  3  the daemon cannot be reached or understood";

const PROBE_HELP: &str = "\
Exit codes:
  0  the peer answered
  1  it did not, or has no address
  2  wrong usage";

/// IKEv2 with Microsoft's extensions: a daemon, its controls, and tools.
#[derive(Debug, Parser)]
#[command(name = "ikee", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Negotiate with itself over loopback, send packets through ESP, show what happened
    Demo(DemoArgs),
    /// Serve the connections of a configuration file, in the foreground
    Daemon(DaemonArgs),
    /// Bring a connection up, and wait until it stands or has failed
    Up(ConnectionArgs),
    /// Take a connection down
    Down(ConnectionArgs),
    /// Give a connection that is up new keys
    Rekey(RekeyArgs),
    /// Show the SAs of the daemon
    Status(StatusArgs),
    /// Show the configured connections, and which are up
    List(ListArgs),
    /// Let the daemon read its configuration again, as SIGHUP does
    Reload(ReloadArgs),
    /// Change how much the daemon logs, or show it
    LogLevel(LogLevelArgs),
    /// Print what happens in the daemon, as it happens
    Events(EventsArgs),
    /// Tell why the last negotiation of a connection failed, and what to change on which side
    Explain(ExplainArgs),
    /// Ask a peer what it accepts, without credentials, politely
    Probe(ProbeArgs),
    /// Decode the IKE messages in a capture file, and decrypt them when the keys are given
    Inspect(InspectArgs),
    /// Make, check or show a cryptographically generated address
    Cga(CgaArgs),
    /// Print a shell's completions for this program
    Completions(CompletionsArgs),
    /// Write this program's manual pages
    Man(ManArgs),
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Negotiate with IKEv1: main mode, quick mode, and deletes that are acknowledged
    #[arg(long)]
    pub(crate) ikev1: bool,
    /// Let both sides offer, announce and time as this release of Windows does
    #[arg(
        long = "as",
        value_name = "RELEASE",
        value_parser = release,
        requires = "ikev1",
        conflicts_with = "suite"
    )]
    pub(crate) release: Option<Release>,
    /// Show every extension of [MS-IKEE] at work instead, by what came of it
    #[arg(long, conflicts_with_all = ["ikev1", "suite", "pcap", "keylog"])]
    pub(crate) all_extensions: bool,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a capture of all datagrams there
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
    /// Write key tables for Wireshark to this folder (WIRESHARK_CONFIG_DIR)
    #[arg(long, value_name = "DIR")]
    pub(crate) keylog: Option<PathBuf>,
    /// IKE suite, as strongSwan writes it; ESP uses its cipher [default: aes256gcm16-prfsha256-x25519, in IKEv1
    /// aes256-sha256-modp2048]
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: Option<String>,
    /// Cryptography
    #[arg(long, value_enum, default_value_t)]
    pub(crate) provider: Provider,
}

/// A release of Windows by its word.
fn release(word: &str) -> Result<Release, String> {
    Release::parse(word).ok_or_else(|| {
        let known: Vec<_> = Release::ALL.iter().map(|it| it.word()).collect();
        format!(
            "no release of Windows has that name; there are {}",
            known.join(", ")
        )
    })
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Provider {
    /// The fastest that this processor can run
    #[default]
    Auto,
    /// RustCrypto
    Rustcrypto,
    /// Graviola
    Graviola,
}

impl From<Provider> for ProviderChoice {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Auto => Self::Auto,
            Provider::Rustcrypto => Self::RustCrypto,
            Provider::Graviola => Self::Graviola,
        }
    }
}

/// Serve the connections of a configuration file, in the foreground.
///
/// Needs root, or CAP_NET_ADMIN and CAP_NET_BIND_SERVICE. SIGHUP reads the configuration again and changes what has
/// changed; SIGINT and SIGTERM delete all SAs and end it.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = daemon_help())]
pub(crate) struct DaemonArgs {
    /// The configuration; `ikee daemon --help` shows one with every key
    #[arg(short, long, value_name = "FILE", required_unless_present = "example")]
    pub(crate) config: Option<PathBuf>,
    /// Check the configuration and do nothing else
    #[arg(long)]
    pub(crate) check: bool,
    /// Print a configuration with every key
    #[arg(long, exclusive = true)]
    pub(crate) example: bool,
    /// What to log
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    pub(crate) log: Level,
    /// How to log
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
    /// Write Wireshark's key tables to this folder, whatever the configuration says
    #[arg(long, value_name = "DIR")]
    pub(crate) keylog: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Level {
    /// What needs somebody's attention
    Error,
    /// And what went wrong without harm to others
    Warn,
    /// And what happened to SAs
    #[default]
    Info,
    /// And messages
    Debug,
    /// And packets
    Trace,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
            Level::Trace => Self::Trace,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people: time, level, the SA, a sentence
    #[default]
    Text,
    /// For programs: one JSON object a line
    Json,
}

fn daemon_help() -> String {
    format!("{EXIT_CODES}\n\nA configuration with every key:\n\n{EXAMPLE}")
}

#[derive(Args, Debug)]
pub(crate) struct ConnectionArgs {
    /// The connection's name in the configuration
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

/// Tell why the last negotiation of a connection failed, and what to change on which side.
///
/// What each side had, transform by transform, identities, selectors; what to change here, at the peer, or on the way
/// between; for a Windows peer the PowerShell command or the registry value. Without a name: the last failures of
/// strangers for whom no connection was chosen.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct ExplainArgs {
    /// The connection's name in the configuration
    pub(crate) name: Option<String>,
    /// Print the daemon's answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

/// Ask a peer what it accepts, without credentials, politely.
///
/// First messages of IKE_SA_INIT (IKEv2) and of main mode (IKEv1) reveal suites, groups, IKEv1 authentication methods,
/// signature hashes, certificate requests, cookies, NATs, fragments, and vendor IDs by name. Ask only peers that are
/// yours, or whose operator agrees.
///
/// Datagrams are spaced and their number and time limited. A proposal that the peer takes leaves a half-open SA there
/// until that times out (30 s with most): IKEv2 needs one, IKEv1 one for each thing learnt; never more than the limit.
#[derive(Args, Debug)]
#[command(after_help = PROBE_HELP)]
pub(crate) struct ProbeArgs {
    /// Name or address of the peer
    pub(crate) host: String,
    /// Only IKEv1
    #[arg(long, conflicts_with = "ikev2")]
    pub(crate) ikev1: bool,
    /// Only IKEv2
    #[arg(long)]
    pub(crate) ikev2: bool,
    /// The peer's UDP port; on 4500 messages go behind a non-ESP marker
    #[arg(long, default_value_t = 500, value_name = "PORT")]
    pub(crate) port: u16,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Milliseconds between two datagrams; less than 250 is refused
    #[arg(long, default_value_t = 500, value_name = "MS", value_parser = clap::value_parser!(u64).range(250..=60_000))]
    pub(crate) interval: u64,
    /// Datagrams at most; more than 100 are refused
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) datagrams: u32,
    /// Half-open SAs that may be left at the peer; more than 12 are refused
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=12))]
    pub(crate) half_open: u32,
    /// Seconds at most
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) time: u64,
}

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Print the daemon's answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show it again every second, until Ctrl-C; with --json, one line each time
    #[arg(short, long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

#[derive(Args, Debug)]
pub(crate) struct RekeyArgs {
    /// The connection's name in the configuration
    pub(crate) name: String,
    /// The IKE SA instead of its children
    #[arg(long)]
    pub(crate) ike: bool,
    /// Everything, with new proofs of who both sides are
    #[arg(long, conflicts_with = "ike")]
    pub(crate) reauthenticate: bool,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Print the daemon's answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ReloadArgs {
    /// Only say what would change
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

#[derive(Args, Debug)]
pub(crate) struct LogLevelArgs {
    /// What to log from now on
    #[arg(value_enum)]
    pub(crate) level: Option<Level>,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

#[derive(Args, Debug)]
pub(crate) struct EventsArgs {
    /// Print the daemon's lines as they are: one JSON object each
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) socket: SocketArgs,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// Whose completions
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The folder that they go to, one file for each command
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct SocketArgs {
    /// The daemon's control socket
    #[arg(short = 's', long = "socket", value_name = "PATH", default_value = CONTROL_SOCKET, env = "IKEE_SOCKET")]
    pub(crate) path: PathBuf,
}
