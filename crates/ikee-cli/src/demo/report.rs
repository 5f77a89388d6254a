//! What the demo has seen, for people and for machines.

use serde::Serialize;

/// The JSON document of `demo --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Version of this document.
    pub(crate) version: u32,
    /// The cryptographic provider.
    pub(crate) provider: &'static str,
    pub(crate) initiator: Party,
    pub(crate) responder: Party,
    /// The IKE suite.
    pub(crate) suite: String,
    /// SPIs of the IKE SA.
    pub(crate) spis: Spis,
    pub(crate) child: Child,
    /// Extensions in use.
    pub(crate) extensions: Vec<ExtensionUse>,
    /// The timeline.
    pub(crate) messages: Vec<MessageLine>,
    pub(crate) packets: Packets,
    /// Milliseconds until both sides had the child SA.
    pub(crate) handshake_ms: f64,
    /// Milliseconds altogether.
    pub(crate) total_ms: f64,
    /// Whether both sides were left without SAs.
    pub(crate) deleted: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Party {
    /// Address and port.
    pub(crate) address: String,
    pub(crate) identity: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Spis {
    pub(crate) initiator: String,
    pub(crate) responder: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Child {
    /// The ESP suite.
    pub(crate) suite: String,
    /// SPI of the packets to each side.
    pub(crate) spis: Spis,
    /// What lies behind the initiator.
    pub(crate) initiator: String,
    /// What lies behind the responder.
    pub(crate) responder: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct ExtensionUse {
    pub(crate) name: &'static str,
    /// What it has done.
    pub(crate) detail: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct MessageLine {
    /// Milliseconds since the start.
    pub(crate) ms: f64,
    /// Who sent it: `initiator` or `responder` of the IKE SA.
    pub(crate) from: &'static str,
    pub(crate) exchange: String,
    /// `request` or `response`.
    pub(crate) kind: &'static str,
    pub(crate) message_id: u32,
    /// Names of the payloads, those inside SK if there is one.
    pub(crate) payloads: Vec<String>,
    /// Octets of all its datagrams' IKE messages.
    pub(crate) octets: usize,
    pub(crate) datagrams: usize,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Packets {
    pub(crate) sent: u32,
    /// Came out as they went in.
    pub(crate) intact: u32,
    /// Inner octets.
    pub(crate) octets: u64,
    pub(crate) ms: f64,
}
