//! What the demo has seen, for people and for machines.

use serde::Serialize;

/// The JSON document of `demo --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Version of this document.
    pub(crate) version: u32,
    /// Which IKE: 1 or 2.
    pub(crate) ike: u8,
    /// The cryptographic provider.
    pub(crate) provider: &'static str,
    pub(crate) initiator: Party,
    pub(crate) responder: Party,
    /// The IKE suite.
    pub(crate) suite: String,
    /// SPIs of the IKE SA; cookies, in IKEv1.
    pub(crate) spis: Spis,
    /// The release of Windows that both sides behave as, and what the responder takes the initiator for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) windows: Option<WindowsLine>,
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
    /// Where its first messages come from, if that is another port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) began_at: Option<String>,
    pub(crate) identity: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct WindowsLine {
    /// The word of `--as`.
    pub(crate) release: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// What the responder recognised, by the vendor IDs that came.
    pub(crate) recognised: String,
    /// Why.
    pub(crate) reasons: Vec<String>,
    /// Whether the release is one of those that were recognised.
    pub(crate) right: bool,
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
    /// `request` or `response`; in IKEv1 `message`.
    pub(crate) kind: &'static str,
    /// Which message of its exchange, in IKEv1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u8>,
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
    /// Why none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) none_because: Option<String>,
    pub(crate) ms: f64,
}
