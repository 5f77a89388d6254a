//! The facts that lie beside the captures: what others have decoded of each message.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use isakmp_wire::{AttributeValue, Attributes, Message, RawPayload, v1, v2};
use serde_json::{Value, json};

/// The facts by file and frame; 0 for a file that is one message.
pub(crate) fn load(folder: &Path) -> BTreeMap<(String, u64), Value> {
    let mut facts = BTreeMap::new();
    let mut files: Vec<_> = std::fs::read_dir(folder.join("facts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for path in files {
        let text = std::fs::read_to_string(path).unwrap();
        let fact: Value = serde_json::from_str(&text).unwrap();
        if let Some(file) = fact["file"].as_str() {
            facts.insert((file.to_owned(), 0), fact.clone());
        }
        if let (Some(file), Some(messages)) =
            (fact["capture"].as_str(), fact["messages"].as_array())
        {
            for message in messages {
                let frame = message["frame"].as_u64().unwrap();
                facts.insert((file.to_owned(), frame), message.clone());
            }
        }
        for (file, entry) in fact["files"].as_object().into_iter().flatten() {
            for message in entry["messages"].as_array().into_iter().flatten() {
                let frame = message["frame"].as_u64().unwrap();
                facts.insert((format!("openswan/{file}"), frame), message.clone());
            }
        }
    }
    facts
}

/// Compares what the facts say of a message with what we read, and returns how many values were compared.
pub(crate) fn compare(fact: &Value, message: &Message<'_>) -> usize {
    let header = message.header;
    let mut compared = 0;
    let mut same = |name: &str, ours: Value| {
        let theirs = &fact[name];
        if !theirs.is_null() {
            assert_eq!(theirs, &ours, "{name}");
            compared += 1;
        }
    };
    same("spi_i", json!(header.initiator.to_string()));
    same("spi_r", json!(header.responder.to_string()));
    same("first_payload", json!(header.next.get()));
    same("exchange", json!(header.exchange.get()));
    same("flags", json!(header.flags.get()));
    same("message_id", json!(header.message_id));
    same("length", json!(header.length));
    if fact["version"]
        .as_str()
        .is_some_and(|text| text.contains('.'))
    {
        same("version", json!(header.version.to_string()));
    }
    let Some(theirs) = fact["payloads"].as_array() else {
        return compared;
    };
    assert_eq!(theirs.len(), message.payloads.len(), "payloads");
    for (theirs, raw) in theirs.iter().zip(message.payloads) {
        if theirs.is_number() {
            assert_eq!(theirs, &json!(raw.kind.get()));
            compared += 1;
            continue;
        }
        for (name, ours) in describe(raw) {
            if !theirs[name].is_null() {
                assert_eq!(theirs[name], ours, "{name} of {:?}", raw.kind);
                compared += 1;
            }
        }
    }
    compared
}

/// The payload in the words of the facts.
fn describe(raw: RawPayload<'_>) -> Vec<(&'static str, Value)> {
    let mut words = vec![
        ("type", json!(raw.kind.get())),
        ("octets", json!(raw.body.len() + 4)),
    ];
    words.extend(match raw.kind {
        v1::kind::SA => vec![("proposals", proposals_v1(raw))],
        v2::kind::SA => vec![("proposals", proposals_v2(raw))],
        v1::kind::VENDOR_ID | v2::kind::VENDOR_ID => vec![("vid", hex(raw.body))],
        v1::kind::KE => vec![("ke_octets", json!(raw.body.len()))],
        v2::kind::KE => {
            let ke = v2::KeyExchange::parse(raw).unwrap();
            vec![
                ("ke_octets", json!(ke.data.len())),
                ("group", json!(ke.group)),
            ]
        }
        v1::kind::NONCE | v2::kind::NONCE => vec![("nonce", hex(raw.body))],
        v1::kind::NOTIFY => {
            let notify = v1::Notification::parse(raw).unwrap();
            vec![
                ("doi", json!(notify.doi.get())),
                ("protocol", json!(notify.protocol.get())),
                ("spi", hex(notify.spi)),
                ("notify", json!(notify.kind.get())),
                ("data", hex(notify.data)),
            ]
        }
        v2::kind::NOTIFY => {
            let notify = v2::Notify::parse(raw).unwrap();
            vec![
                ("protocol", json!(notify.protocol.get())),
                ("spi", hex(notify.spi)),
                ("notify", json!(notify.kind.get())),
                ("data", hex(notify.data)),
            ]
        }
        v1::kind::ID => {
            let id = v1::Identification::parse(raw).unwrap();
            vec![
                ("id_type", json!(id.kind.get())),
                ("protocol", json!(id.protocol)),
                ("port", json!(id.port)),
            ]
        }
        v2::kind::ENCRYPTED_FRAGMENT => {
            let fragment = v2::EncryptedFragment::parse(raw).unwrap();
            vec![
                ("fragment", json!(fragment.number)),
                ("total", json!(fragment.total)),
            ]
        }
        _ => Vec::new(),
    });
    words
}

fn proposals_v1(raw: RawPayload<'_>) -> Value {
    let sa = v1::SecurityAssociation::parse(raw).unwrap();
    let proposals = sa.proposals().map(|proposal| {
        let transforms: Vec<_> = proposal
            .transforms()
            .map(|transform| {
                json!({
                    "num": transform.number,
                    "id": transform.id,
                    "attrs": attributes(transform.attributes()),
                })
            })
            .collect();
        json!({
            "num": proposal.number,
            "proto": proposal.protocol.get(),
            "spi": hex(proposal.spi),
            "transforms": transforms,
        })
    });
    Value::Array(proposals.collect())
}

fn proposals_v2(raw: RawPayload<'_>) -> Value {
    let sa = v2::SecurityAssociation::parse(raw).unwrap();
    let proposals = sa.proposals().map(|proposal| {
        let transforms: Vec<_> = proposal
            .transforms()
            .map(|transform| {
                let mut words = vec![json!(transform.kind.get()), json!(transform.id)];
                words.extend(attributes(transform.attributes()));
                words
            })
            .collect();
        json!({
            "num": proposal.number,
            "proto": proposal.protocol.get(),
            "spi": hex(proposal.spi),
            "transforms": transforms,
        })
    });
    Value::Array(proposals.collect())
}

fn attributes(attributes: Attributes<'_>) -> Vec<Value> {
    attributes
        .iter()
        .map(|attribute| match attribute.value {
            AttributeValue::Short(value) => json!([attribute.kind, value]),
            AttributeValue::Long(value) => json!([attribute.kind, hex(value)]),
        })
        .collect()
}

fn hex(octets: &[u8]) -> Value {
    let mut text = String::new();
    for octet in octets {
        write!(text, "{octet:02x}").unwrap();
    }
    Value::String(text)
}
