//! Which release of Windows sent a message, by its vendor IDs and what stands beside them.

use ikee::profile::{self, Recognition, Seen};
use isakmp_wire::PayloadType;
use isakmp_wire::v2::NotifyType;
use serde_json::Value;

use super::report::{Message, Payload, Recognised};

/// Says in a message which release sent it, if it is one of Windows.
pub(crate) fn recognise(message: &mut Message) {
    let inner = message.opened.iter().filter_map(|it| it.inner.as_ref());
    let all: Vec<&Payload> = inner.flatten().chain(&message.payloads).collect();
    let vendor_ids: Vec<Vec<u8>> = all.iter().filter_map(|it| vendor_id(it)).collect();
    let vendor_ids: Vec<&[u8]> = vendor_ids.iter().map(Vec::as_slice).collect();
    let mut seen = if message.header.version.starts_with('1') {
        Seen::ikev1(&vendor_ids)
    } else {
        let announced = all.iter().any(|it| announces_fragments(it));
        // a server has them switched off by default: that it announces none says nothing
        let asks = message.header.flag_names.contains(&"initiator");
        Seen::ikev2(&vendor_ids, (announced || asks).then_some(announced))
    };
    if all.iter().any(|it| asks_for_servers(it)) {
        seen = seen.with_server_address();
    }
    message.recognised = profile::recognise(&seen).map(|known| Recognised::from(&known));
}

impl From<&Recognition> for Recognised {
    fn from(known: &Recognition) -> Self {
        Self {
            release: known.to_string(),
            releases: known.releases.iter().map(|it| it.word()).collect(),
            reasons: known.reasons.iter().map(ToString::to_string).collect(),
            exact: known.exact,
        }
    }
}

fn vendor_id(payload: &Payload) -> Option<Vec<u8>> {
    let kind = PayloadType::new(payload.kind);
    if !matches!(kind, PayloadType::V1_VENDOR_ID | PayloadType::V2_VENDOR_ID) {
        return None;
    }
    super::keys::unhex(payload.fields.get("vid")?.as_str()?)
}

fn announces_fragments(payload: &Payload) -> bool {
    let number = u64::from(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED.get());
    payload.kind == PayloadType::V2_NOTIFY.get()
        && payload.fields.get("notify").and_then(Value::as_u64) == Some(number)
}

/// [MS-IKEE] §2.2.8.
fn asks_for_servers(payload: &Payload) -> bool {
    let attributes = payload.fields.get("attributes").and_then(Value::as_array);
    let request = payload.fields.get("cfg_type").and_then(Value::as_u64) == Some(1);
    payload.kind == PayloadType::V2_CONFIGURATION.get()
        && request
        && attributes.into_iter().flatten().any(|it| {
            let number = it.get("type").and_then(Value::as_u64);
            matches!(number, Some(23456 | 23457))
        })
}
