//! What `status` and `list` answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// The release of Windows that it is like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Whether peers of IKEv1 have to return a cookie at present (\[MS-IKEE\] §3.9).
    #[serde(default)]
    pub protecting: bool,
    /// The TUN device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tun: Option<String>,
    /// What negotiation discovery has come to, where it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<DiscoveryReport>,
    /// Datagrams that led to nothing, since the start.
    pub dropped: u64,
    /// Bugs that were contained, since the start; each has cost an SA.
    #[serde(default)]
    pub bugs: u64,
    /// What is logged.
    #[serde(default)]
    pub log_level: super::LogLevel,
    /// The IKE SAs.
    pub sas: Vec<SaReport>,
}

/// Flows and packets of negotiation discovery, since the start.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DiscoveryReport {
    /// Flows that are known.
    pub flows: u64,
    /// Packets that left in clear.
    pub clear: u64,
    /// Packets that came in clear and were let in.
    pub accepted: u64,
    /// Packets that came in clear and were not.
    pub refused: u64,
    /// Packets that waited for an SA.
    pub held: u64,
    /// Negotiations that packets have asked for.
    pub negotiations: u64,
}

/// One IKE SA.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SaReport {
    /// The connection's name, once one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Which IKE, and what was agreed.
    #[serde(flatten)]
    pub negotiated: Negotiated,
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
    /// Whether there is a NAT before us, and before the peer.
    pub nat: (bool, bool),
    /// Since when, and until when.
    #[serde(flatten)]
    pub times: Times,
    /// Addresses that the peer assigned to us, with prefix lengths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<String>,
    /// DNS servers that the peer named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<String>,
    /// What extensions have learned of it.
    #[serde(flatten)]
    pub learned: Learned,
    /// Its child SAs.
    pub children: Vec<ChildReport>,
}

/// What extensions have learned of an SA; its fields stand among the SA's own.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Learned {
    /// The peer's addresses inside the tunnel (\[MS-IKEE\] §3.11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
    /// The P-CSCFs that the peer named, best first (RFC 7651, \[MS-IKEE\] §3.16).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
    /// By extension, one line for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, String>,
}

/// What an IKE SA is of; its fields stand among the SA's own.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Negotiated {
    /// The major version of IKE, 1 or 2; 0 from a daemon that does not tell.
    #[serde(default)]
    pub version: u8,
    /// Of IKEv1: `main` or `aggressive`, the mode in which it was negotiated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The IKE suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// The user who proved itself to us by XAUTH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
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
    /// Since when, and until when.
    #[serde(flatten)]
    pub times: Times,
    /// What lies behind us.
    pub local: Vec<String>,
    /// What lies behind the peer.
    pub remote: Vec<String>,
    /// Packets and octets that came in.
    pub inbound: Traffic,
    /// Packets and octets that went out.
    pub outbound: Traffic,
}

/// The age of an SA, and what is left of it; its fields stand among the SA's own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Times {
    /// Seconds since it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u64>,
    /// Seconds until its keys are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rekey_in: Option<u64>,
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

impl Traffic {
    /// Adds up.
    pub(crate) const fn add(&mut self, other: Self) {
        self.packets = self.packets.saturating_add(other.packets);
        self.octets = self.octets.saturating_add(other.octets);
    }
}

/// One configured connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// Its name.
    pub name: String,
    /// The versions of IKE that it speaks: `1`, `2` or `1+2`.
    #[serde(default)]
    pub versions: String,
    /// What its IKE SA does, as in [`SaReport::state`]; nothing, when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
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
