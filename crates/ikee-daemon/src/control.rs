//! The control socket: one JSON object a line, each with `"version": 1`.
//!
//! A request names a command: `{"version":1,"command":"up","name":"office"}`. Commands are `up`
//! and `down` (with the `name` of a connection), `status`, `list` and `explain` (with or without a
//! `name`). The answer is one line too:
//! `{"version":1,"ok":true,…}`, or `{"version":1,"ok":false,"error":{"code":…,"message":…}}`.
//! Unknown fields are ignored on both sides, so that later versions can add some. A line is at
//! most [`LONGEST_LINE`] octets. Only the daemon's own user and root are heard.

pub mod client;
mod failure;
pub(crate) mod server;

use serde::{Deserialize, Serialize};

pub use failure::{Advice, Class, Comparison, FailureReport, Side};

/// Version of this protocol.
pub const VERSION: u32 = 1;

/// Longest request, in octets, line end included.
pub const LONGEST_LINE: usize = 16 << 10;

/// One line from a client.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// What to do.
    #[serde(flatten)]
    pub command: Command,
}

impl Request {
    /// A request of this version.
    #[must_use]
    pub const fn new(command: Command) -> Self {
        Self {
            version: VERSION,
            command,
        }
    }
}

/// What a client may ask for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Command {
    /// Bring a connection up; answered when it stands or has failed.
    Up {
        /// Its name in the configuration.
        name: String,
    },
    /// Take a connection down; answered when its SAs are gone.
    Down {
        /// Its name in the configuration.
        name: String,
    },
    /// What there is now.
    Status,
    /// Which connections are configured.
    List,
    /// Why the last negotiation of a connection failed.
    Explain {
        /// Its name in the configuration; without one: strangers' negotiations that no
        /// connection was chosen for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// One line to a client.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Response {
    /// [`VERSION`].
    pub version: u32,
    /// Whether it was done.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
    /// What was done, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The answer to `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<Status>>,
    /// The answer to `list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<Vec<ConnectionReport>>,
    /// The answer to `explain`, latest first; none if nothing has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<Vec<FailureReport>>,
}

impl Response {
    const fn empty(ok: bool) -> Self {
        Self {
            version: VERSION,
            ok,
            error: None,
            message: None,
            status: None,
            connections: None,
            failures: None,
        }
    }

    /// It is done.
    #[must_use]
    pub fn done(message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::empty(true)
        }
    }

    /// It is not done.
    #[must_use]
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self {
            error: Some(Refusal {
                code,
                message: message.into(),
            }),
            ..Self::empty(false)
        }
    }

    pub(crate) fn status(status: Status) -> Self {
        Self {
            status: Some(Box::new(status)),
            ..Self::empty(true)
        }
    }

    pub(crate) fn failures(failures: Vec<FailureReport>) -> Self {
        Self {
            failures: Some(failures),
            ..Self::empty(true)
        }
    }

    pub(crate) fn connections(connections: Vec<ConnectionReport>) -> Self {
        Self {
            connections: Some(connections),
            ..Self::empty(true)
        }
    }
}

/// Why a request came to nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// For people: one line.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// The request cannot be read.
    BadRequest,
    /// The daemon is busy with too many requests.
    Busy,
    /// The negotiation failed.
    Failed,
    /// The daemon is ending.
    Ending,
    /// The caller may not.
    Forbidden,
    /// There is no connection of this name.
    UnknownConnection,
    /// The daemon does not speak this version.
    Version,
}

/// The daemon and its SAs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The program's version.
    pub program: String,
    /// Seconds since it started.
    pub uptime: u64,
    /// Name of the cryptographic provider.
    pub provider: String,
    /// Extensions that are on.
    pub extensions: Vec<String>,
    /// Addresses and ports it listens on.
    pub listen: Vec<String>,
    /// The TUN device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tun: Option<String>,
    /// Datagrams that led to nothing, since the start.
    pub dropped: u64,
    /// The IKE SAs.
    pub sas: Vec<SaReport>,
}

/// One IKE SA.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SaReport {
    /// The connection's name, once one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// `negotiating`, `established` or `closing`.
    pub state: String,
    /// `initiator` or `responder`.
    pub role: String,
    /// Our address and port.
    pub local: String,
    /// The peer's.
    pub remote: String,
    /// Who we are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_id: Option<String>,
    /// Who the peer proved to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// SPIs in hexadecimal digits, initiator's first.
    pub spis: (String, String),
    /// The IKE suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// Whether there is a NAT before us, and before the peer.
    pub nat: (bool, bool),
    /// Seconds since it was established.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// Addresses that the peer assigned to us, with prefix lengths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<String>,
    /// DNS servers that the peer named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<String>,
    /// The peer's addresses inside the tunnel (\[MS-IKEE\] §3.11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
    /// Its child SAs.
    pub children: Vec<ChildReport>,
}

/// One child SA.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChildReport {
    /// Its name in the configuration.
    pub name: String,
    /// The ESP suite.
    pub suite: String,
    /// SPIs in hexadecimal digits: inbound, outbound.
    pub spis: (String, String),
    /// What lies behind us.
    pub local: Vec<String>,
    /// What lies behind the peer.
    pub remote: Vec<String>,
    /// Packets and octets that came in.
    pub inbound: Traffic,
    /// Packets and octets that went out.
    pub outbound: Traffic,
}

/// Inner packets.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Traffic {
    /// How many.
    pub packets: u64,
    /// Their octets.
    pub octets: u64,
}

/// One configured connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// Its name.
    pub name: String,
    /// Who we are.
    pub local_id: String,
    /// Who the peer must be; nothing stands for anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The peer's address, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Its children.
    pub children: Vec<String>,
}
