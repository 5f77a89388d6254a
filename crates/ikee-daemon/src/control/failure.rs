//! The answer to `explain`.

use serde::{Deserialize, Serialize};

/// A negotiation that came to nothing, or an SA that ended against our will.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FailureReport {
    /// The connection, if it came as far as to choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Without a connection: those that take peers from this address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Seconds since it happened last.
    pub age: u64,
    /// How often the same came from the same address in a row.
    pub count: u64,
    /// Whether the connection has stood since.
    pub overcome: bool,
    /// `initiator` or `responder`: our part.
    pub role: String,
    /// The peer's address and port.
    pub remote: String,
    /// The exchange in which it ended, `IKE_SA_INIT` for instance.
    pub exchange: String,
    /// Its class.
    pub class: Class,
    /// One line.
    pub summary: String,
    /// What each side had, item by item; empty where that says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// What the peer's vendor IDs say of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendor_ids: Vec<String>,
    /// What the peer has said of it in Windows' codes, or who pretends to be the peer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The release of Windows that the peer says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<String>,
    /// What to do, most promising first.
    pub advice: Vec<Advice>,
}

/// Why it failed, for programs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// No internal address.
    Addresses,
    /// A certificate was refused.
    Certificate,
    /// No ESP suite in common.
    EspSuite,
    /// The key exchange group.
    Group,
    /// Nobody expects that identity.
    Identity,
    /// No IKE suite in common.
    IkeSuite,
    /// A bug of ours.
    Internal,
    /// The way of authentication.
    Method,
    /// No connection is for these addresses.
    NoConnection,
    /// The peer reported an error that fits no other class.
    PeerError,
    /// A message that breaks the rules.
    Protocol,
    /// An extension refused.
    Refused,
    /// The pre-shared key, or the peer does not accept who we are.
    Secret,
    /// Traffic selectors.
    Selectors,
    /// The peer does not answer.
    Silent,
    /// The user who was to prove itself by XAUTH.
    User,
}

/// One item, as both sides had it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// What: `encryption`, `identity of the peer`, …
    pub item: String,
    /// Ours.
    pub ours: Vec<String>,
    /// The peer's; nothing where it did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Vec<String>>,
    /// What both have.
    pub common: Vec<String>,
}

impl Comparison {
    /// Whether this is (part of) the reason: both have something, and nothing in common.
    #[must_use]
    pub fn differs(&self) -> bool {
        let theirs = self.theirs.as_ref().is_some_and(|it| !it.is_empty());
        theirs && !self.ours.is_empty() && self.common.is_empty()
    }
}

/// One thing to do.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Advice {
    /// On which side.
    pub side: Side,
    /// What, in words.
    pub text: String,
    /// What to type there: a line of our configuration, of PowerShell, of a shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Where something is to be done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Side {
    /// In our configuration.
    Here,
    /// At the peer.
    There,
    /// On the way between.
    Between,
}
