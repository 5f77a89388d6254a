//! The control socket: one JSON object a line, each with `"version": 1`.
//!
//! A request names a command: `{"version":1,"command":"up","name":"office"}`. The answer is one line too:
//! `{"version":1,"ok":true,…}`, or `{"version":1,"ok":false,"error":{"code":…,"message":…}}`; that to `events`
//! is followed by [`News`], one a line, until one side hangs up. Unknown fields are ignored on both sides, so
//! that later versions can add some. A line of a client is at most [`LONGEST_LINE`] octets. Only root, the
//! daemon's own user and the members of the configured group are heard. `CONTROL.md` beside this crate's
//! README shows every command.

pub(crate) mod access;
pub mod client;
mod failure;
mod news;
mod plan;
mod report;
pub(crate) mod server;

use serde::{Deserialize, Serialize};

pub use failure::{Advice, Class, Comparison, FailureReport, Side};
pub use news::{News, Topic};
pub use plan::Plan;
pub use report::{
    ChildReport, ConnectionReport, DiscoveryReport, Learned, Negotiated, SaReport, Status, Times,
    Traffic,
};

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
    /// Replace the keys of a connection that is up; answered when the new ones are in use or that has failed.
    Rekey {
        /// Its name in the configuration.
        name: String,
        /// Which keys.
        #[serde(default)]
        what: Keys,
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
    /// Read the configuration again, and carry out what has changed.
    Reload {
        /// Only say what would be done.
        #[serde(default)]
        check: bool,
    },
    /// Change how much is logged, or only tell.
    LogLevel {
        /// From now on; left out: as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<LogLevel>,
    },
    /// News, as they come.
    Events,
}

/// Which keys to replace.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Keys {
    /// Those of the child SAs.
    #[default]
    Children,
    /// Those of the IKE SA; its children stay.
    Ike,
    /// All, with new proofs of who both sides are: a new IKE SA that replaces the old one.
    Reauthenticate,
}

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LogLevel {
    /// What needs somebody's attention.
    Error,
    /// And what went wrong without harm to others.
    Warn,
    /// And what happened to SAs.
    #[default]
    Info,
    /// And messages.
    Debug,
    /// And packets.
    Trace,
}

impl core::fmt::Display for LogLevel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
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
    /// The answer to `reload`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
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
            plan: None,
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

    pub(crate) fn plan(message: String, plan: Plan) -> Self {
        Self {
            plan: Some(plan),
            ..Self::done(message)
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
    /// The new configuration is not usable; the old one stays.
    BadConfiguration,
    /// The daemon is busy with too many requests.
    Busy,
    /// The negotiation failed.
    Failed,
    /// The daemon is ending.
    Ending,
    /// The caller may not.
    Forbidden,
    /// The reader of events was too slow, and some were lost.
    Slow,
    /// There is no connection of this name.
    UnknownConnection,
    /// The daemon does not speak this version.
    Version,
}
