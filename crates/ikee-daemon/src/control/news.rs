//! What a reader of `events` gets.

use serde::{Deserialize, Serialize};

use super::VERSION;

/// One thing that happened, as a line of its own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct News {
    /// [`VERSION`].
    pub version: u32,
    /// When, in milliseconds since 1970.
    pub time: u64,
    /// What.
    pub event: Topic,
    /// The connection, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The IKE SA: SPIs in hexadecimal digits, initiator's first, as far as they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spis: Option<(String, String)>,
    /// The peer's address and port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The child's name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<String>,
    /// For people: one line, the one in the log.
    pub text: String,
}

impl News {
    pub(crate) const fn new(time: u64, event: Topic, text: String) -> Self {
        Self {
            version: VERSION,
            time,
            event,
            connection: None,
            spis: None,
            remote: None,
            child: None,
            text,
        }
    }
}

/// Kinds of news. One that this version does not know reads as [`Topic::Other`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Topic {
    /// An IKE SA stands.
    Established,
    /// A negotiation has failed.
    Failed,
    /// An IKE SA is gone.
    Closed,
    /// An IKE SA was replaced by a new one, its children moved.
    Rekeyed,
    /// A child SA was installed.
    ChildUp,
    /// A child SA could not be negotiated.
    ChildFailed,
    /// A child SA was replaced by a new one.
    ChildRekeyed,
    /// A child SA is gone.
    ChildDown,
    /// The peer has assigned addresses.
    Configured,
    /// The peer's address has changed.
    Moved,
    /// A stranger was answered with an error.
    Refused,
    /// A peer gives a reason for a failure in Windows' words.
    Status,
    /// An extension has learned something of an SA.
    Extension,
    /// The configuration was read again.
    Reloaded,
    /// A bug was contained; it has cost an SA.
    Contained,
    /// The daemon ends.
    Ending,
    /// Something else.
    #[serde(other)]
    Other,
}

impl core::fmt::Display for Topic {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Established => "established",
            Self::Failed => "failed",
            Self::Closed => "closed",
            Self::Rekeyed => "rekeyed",
            Self::Extension => "extension",
            Self::ChildUp => "child-up",
            Self::ChildFailed => "child-failed",
            Self::ChildRekeyed => "child-rekeyed",
            Self::ChildDown => "child-down",
            Self::Configured => "configured",
            Self::Moved => "moved",
            Self::Refused => "refused",
            Self::Status => "status",
            Self::Reloaded => "reloaded",
            Self::Contained => "contained",
            Self::Ending => "ending",
            Self::Other => "other",
        })
    }
}
