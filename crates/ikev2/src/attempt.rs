//! How far a negotiation came that failed.

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_ext::Role;
use isakmp_wire::v2::CfgAttribute;
use isakmp_wire::{ExchangeType, Message};

use crate::sa::Sa;

/// How far a negotiation came, for whoever looks for the cause of its failure.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// Our part.
    pub role: Role,
    /// The exchange in which it ended: IKE_SA_INIT or IKE_AUTH.
    pub exchange: ExchangeType,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Octets of the longest datagram that was sent last, from the IKE header on; 0: none was.
    pub longest: usize,
    /// In how many datagrams that message went.
    pub datagrams: usize,
    /// The vendor IDs that the peer sent, within the limits of the configuration.
    pub vendor_ids: Vec<Vec<u8>>,
    /// The configuration attributes that the peer asked for as initiator, a bounded number (RFC 7296 §3.15.1). Who does not
    /// vouch for itself in IKE_AUTH may have asked for anything.
    pub asked: Vec<CfgAttribute>,
}

impl Attempt {
    pub(crate) fn of(sa: &Sa) -> Self {
        let sent = match sa.window.pending() {
            Some(request) => &request.datagrams,
            None => sa.window.stored(),
        };
        Self {
            role: sa.facts.role,
            exchange: if sa.secure.is_some() {
                ExchangeType::IKE_AUTH
            } else {
                ExchangeType::IKE_SA_INIT
            },
            local: sa.facts.path.local,
            remote: sa.facts.path.remote,
            longest: sent.iter().map(Vec::len).max().unwrap_or_default(),
            datagrams: sent.len(),
            vendor_ids: sa.facts.vendor_ids.clone(),
            asked: sa.facts.asked.clone(),
        }
    }
}

/// The vendor IDs of a message that led to no SA.
pub(crate) fn vendor_ids(bytes: &[u8], limit: usize) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    if let Ok(message) = Message::parse(bytes) {
        let found = message.payloads.iter();
        let found = found.filter(|it| it.kind == isakmp_wire::v2::kind::VENDOR_ID);
        ike_endpoint::remember(&mut ids, found.map(|it| it.body), limit);
    }
    ids
}
