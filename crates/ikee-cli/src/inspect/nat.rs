//! NAT detection: do the hashes in a message fit the addresses it came from and went to?
//! (RFC 7296 §2.23, RFC 3947 §3.2)

use std::net::IpAddr;

use ipsec_doi::HashId;
use isakmp_wire::{Header, PayloadType, v2::NotifyType};
use serde_json::Value;

use super::report::{Message, Path, Payload, hex};
use super::v2::put;

/// Adds a field `matches` to each NAT detection payload: false where an address or port was translated, or the sender
/// wanted it to look so.
pub(crate) fn check(header: &Header, message: &mut Message) {
    let path = message.path.clone();
    let Some((source, destination)) = endpoints(&path) else {
        return;
    };
    let mut seen = 0;
    for payload in &mut message.payloads {
        let wanted = match subject(payload) {
            Some(Subject::Source) => source,
            Some(Subject::Destination) => destination,
            // the first is about the receiver, and the others about the sender, one for each address that it may have
            Some(Subject::Next) => {
                seen += 1;
                if seen == 1 { destination } else { source }
            }
            None => continue,
        };
        let name = if seen == 0 { "data" } else { "natd" };
        let Some(Value::String(received)) = payload.fields.get(name) else {
            continue;
        };
        let computed = digest(header, wanted, received.len() / 2);
        let matches = computed.as_ref() == Some(received);
        put(&mut payload.fields, "matches", matches);
    }
}

enum Subject {
    Source,
    Destination,
    Next,
}

fn subject(payload: &Payload) -> Option<Subject> {
    match PayloadType::new(payload.kind) {
        PayloadType::V2_NOTIFY => {
            let number = payload.fields.get("notify").and_then(Value::as_u64)?;
            match NotifyType::new(u16::try_from(number).ok()?) {
                NotifyType::NAT_DETECTION_SOURCE_IP => Some(Subject::Source),
                NotifyType::NAT_DETECTION_DESTINATION_IP => Some(Subject::Destination),
                _ => None,
            }
        }
        PayloadType::V1_NAT_D | PayloadType::V1_NAT_D_DRAFT | PayloadType::V1_NAT_D_EARLY => {
            Some(Subject::Next)
        }
        _ => None,
    }
}

fn endpoints(path: &Path) -> Option<((IpAddr, u16), (IpAddr, u16))> {
    Some(((path.src?, path.sport?), (path.dst?, path.dport?)))
}

/// The hash over SPIs, address and port; IKEv2 uses SHA-1, IKEv1 the negotiated hash, which the length tells.
pub(crate) fn digest(
    header: &Header,
    (address, port): (IpAddr, u16),
    length: usize,
) -> Option<String> {
    let id = match length {
        16 => HashId::MD5,
        20 => HashId::SHA1,
        32 => HashId::SHA2_256,
        48 => HashId::SHA2_384,
        64 => HashId::SHA2_512,
        _ => return None,
    };
    let hash = ike_rustcrypto::provider().hash(id)?;
    let mut out = [0; 64];
    let port = port.to_be_bytes();
    let spis: [&[u8]; 2] = [header.initiator.as_bytes(), header.responder.as_bytes()];
    let written = match address {
        IpAddr::V4(address) => hash.digest(&[spis[0], spis[1], &address.octets(), &port], &mut out),
        IpAddr::V6(address) => hash.digest(&[spis[0], spis[1], &address.octets(), &port], &mut out),
    };
    out.get(..written).map(hex)
}
