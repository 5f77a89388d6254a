//! The fields of the payloads of IKEv2, RFC 7296 §3 and the RFCs that add to it.

use isakmp_wire::v2::{AuthMethod, RawSelector};
use isakmp_wire::v2::{
    Authentication, Certificate, CertificateRequest, CfgAttr, CfgAttribute, Configuration, Delete,
    DigitalSignature, Eap, EncryptedFragment, IdType, Identification, KeyExchange, Nonce, Notify,
    NotifyType, TrafficSelectors, kind,
};
use isakmp_wire::{ParseError, RawPayload};
use serde_json::{Value, json};

use super::names;
use super::report::{Fields, hex};
use super::sa;

/// Adds the fields of a payload of IKEv2; a type without a layout yields its body.
///
/// # Errors
/// When the body does not fit its layout; `fields` keeps what could be read.
pub(crate) fn fields(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    match raw.kind {
        kind::SA => sa::v2(raw, fields)?,
        kind::KE => key_exchange(&KeyExchange::parse(raw)?, fields),
        kind::ID_I | kind::ID_R | kind::ID_G => identification(raw, fields)?,
        kind::CERT => {
            let certificate = Certificate::parse(raw)?;
            put(fields, "encoding", certificate.encoding.get());
            put(fields, "encoding_name", certificate.encoding.to_string());
            put(fields, "data", hex(certificate.data));
        }
        kind::CERTREQ => certificate_request(&CertificateRequest::parse(raw)?, fields),
        kind::AUTH => authentication(raw, fields)?,
        kind::NONCE => {
            put(fields, "nonce", hex(raw.body));
            Nonce::parse(raw)?;
        }
        kind::NOTIFY => notify(&Notify::parse(raw)?, fields),
        kind::DELETE => delete(&Delete::parse(raw)?, fields),
        kind::VENDOR_ID => names::vendor_id(raw.body, fields),
        kind::TS_I | kind::TS_R => selectors(&TrafficSelectors::parse(raw)?, fields),
        kind::ENCRYPTED => encrypted(raw, fields),
        kind::ENCRYPTED_FRAGMENT => {
            let fragment = EncryptedFragment::parse(raw)?;
            put(fields, "fragment", fragment.number);
            put(fields, "total", fragment.total);
            encrypted(raw, fields);
        }
        kind::CONFIGURATION => configuration(&Configuration::parse(raw)?, fields),
        kind::EAP => eap(&Eap::parse(raw)?, fields),
        kind::CORRELATION => correlation(raw.body, fields),
        _ => put(fields, "data", hex(raw.body)),
    }
    Ok(())
}

/// Adds a field.
pub(crate) fn put(fields: &mut Fields, name: &str, value: impl Into<Value>) {
    fields.insert(name.into(), value.into());
}

fn encrypted(raw: RawPayload<'_>, fields: &mut Fields) {
    put(fields, "next", raw.next.get());
    put(fields, "next_name", raw.next.to_string());
}

fn key_exchange(payload: &KeyExchange<'_>, fields: &mut Fields) {
    put(fields, "group", payload.group);
    put(fields, "group_name", names::group(payload.group));
    put(fields, "ke_octets", payload.data.len());
    put(fields, "data", hex(payload.data));
}

fn identification(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    if let [kind, _, _, _, data @ ..] = raw.body {
        put(fields, "id_type", *kind);
        put(fields, "id_type_name", IdType::new(*kind).to_string());
        put(fields, "id", hex(data));
    }
    let payload = Identification::parse(raw)?;
    let text = match payload.kind {
        IdType::FQDN | IdType::RFC822_ADDR => Some(printable(payload.data)),
        _ => payload.address().map(|address| address.to_string()),
    };
    if let Some(text) = text {
        put(fields, "text", text);
    }
    Ok(())
}

fn certificate_request(payload: &CertificateRequest<'_>, fields: &mut Fields) {
    put(fields, "encoding", payload.encoding.get());
    put(fields, "encoding_name", payload.encoding.to_string());
    if payload.data.len().is_multiple_of(20) {
        let authorities: Vec<Value> = payload
            .authorities()
            .map(|authority| hex(authority).into())
            .collect();
        put(fields, "authorities", authorities);
    } else {
        put(fields, "data", hex(payload.data));
    }
}

fn authentication(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    let payload = Authentication::parse(raw)?;
    put(fields, "method", payload.method.get());
    put(fields, "method_name", payload.method.to_string());
    put(fields, "data", hex(payload.data));
    if payload.method == AuthMethod::DIGITAL_SIGNATURE {
        let signature = DigitalSignature::parse(payload.data, raw.body_offset() + 4)?;
        put(fields, "algorithm", hex(signature.algorithm));
        put(fields, "signature", hex(signature.signature));
    }
    Ok(())
}

fn notify(payload: &Notify<'_>, fields: &mut Fields) {
    put(fields, "protocol", payload.protocol.get());
    put(fields, "protocol_name", payload.protocol.to_string());
    put(fields, "spi", hex(payload.spi));
    put(fields, "notify", payload.kind.get());
    put(fields, "notify_name", payload.kind.to_string());
    put(fields, "error", payload.kind.is_error());
    put(fields, "data", hex(payload.data));
    if let Some(meaning) = meaning(payload) {
        put(fields, "meaning", meaning);
    }
}

/// What the data of a notify says, where it says something short.
fn meaning(payload: &Notify<'_>) -> Option<Value> {
    let data = payload.data;
    match payload.kind {
        NotifyType::INVALID_KE_PAYLOAD => {
            let group = u16::from_be_bytes(data.try_into().ok()?);
            Some(format!("group {group} ({})", names::group(group)).into())
        }
        NotifyType::SIGNATURE_HASH_ALGORITHMS => {
            let names = data
                .as_chunks::<2>()
                .0
                .iter()
                .map(|number| names::hash(u16::from_be_bytes(*number)));
            Some(names.collect::<Vec<_>>().join(", ").into())
        }
        NotifyType::MS_STATUS => {
            let status = u32::from_be_bytes(data.try_into().ok()?);
            Some(names::status(status).into())
        }
        NotifyType::ADDITIONAL_IP4_ADDRESS | NotifyType::ADDITIONAL_IP6_ADDRESS => {
            Some(names::address(data)?.into())
        }
        NotifyType::REDIRECT | NotifyType::REDIRECTED_FROM => Some(gateway(data)?.into()),
        NotifyType::SET_WINDOW_SIZE => Some(u32::from_be_bytes(data.try_into().ok()?).into()),
        NotifyType::AUTH_LIFETIME => {
            let seconds = u32::from_be_bytes(data.try_into().ok()?);
            Some(format!("{seconds} s").into())
        }
        _ => None,
    }
}

/// The identity of a gateway, RFC 5685 §9.
fn gateway(data: &[u8]) -> Option<String> {
    let [kind, length, rest @ ..] = data else {
        return None;
    };
    let identity = rest.get(..usize::from(*length))?;
    match *kind {
        1 => names::address(identity).filter(|_| identity.len() == 4),
        2 => names::address(identity).filter(|_| identity.len() == 16),
        3 => Some(printable(identity)),
        _ => None,
    }
}

fn delete(payload: &Delete<'_>, fields: &mut Fields) {
    put(fields, "protocol", payload.protocol.get());
    put(fields, "protocol_name", payload.protocol.to_string());
    put(fields, "spi_size", payload.spi_size);
    put(fields, "count", payload.count());
    let spis: Vec<Value> = payload.spis().map(|spi| hex(spi).into()).collect();
    put(fields, "spis", spis);
}

fn selectors(payload: &TrafficSelectors<'_>, fields: &mut Fields) {
    let selectors: Vec<Value> = payload.raw().map(|raw| selector(&raw)).collect();
    put(fields, "ts", selectors);
}

fn selector(raw: &RawSelector<'_>) -> Value {
    let mut fields = Fields::new();
    put(&mut fields, "type", raw.kind.get());
    put(&mut fields, "type_name", raw.kind.to_string());
    put(&mut fields, "proto", raw.protocol);
    match raw.selector() {
        Some(selector) => {
            let ports = vec![selector.start_port, selector.end_port];
            put(&mut fields, "ports", ports);
            put(&mut fields, "start", selector.start.to_string());
            put(&mut fields, "end", selector.end.to_string());
        }
        None => put(&mut fields, "data", hex(raw.body)),
    }
    Value::Object(fields)
}

fn configuration(payload: &Configuration<'_>, fields: &mut Fields) {
    put(fields, "cfg_type", payload.kind.get());
    put(fields, "cfg_type_name", payload.kind.to_string());
    let attributes: Vec<Value> = payload
        .attributes()
        .map(|attribute| cfg_attribute(&attribute))
        .collect();
    put(fields, "attributes", attributes);
}

fn cfg_attribute(attribute: &CfgAttr<'_>) -> Value {
    let mut value = json!({
        "type": attribute.kind.get(),
        "name": attribute.kind.to_string(),
        "value": hex(attribute.value),
    });
    let text = match attribute.kind {
        CfgAttribute::APPLICATION_VERSION | CfgAttribute::INTERNAL_DNS_DOMAIN => {
            Some(printable(attribute.value)).filter(|text| !text.is_empty())
        }
        _ => names::address(attribute.value),
    };
    if let (Some(text), Value::Object(fields)) = (text, &mut value) {
        put(fields, "text", text);
    }
    value
}

fn eap(payload: &Eap<'_>, fields: &mut Fields) {
    put(fields, "code", payload.code.get());
    put(fields, "code_name", payload.code.to_string());
    put(fields, "identifier", payload.identifier);
    if let Some(method) = payload.method {
        put(fields, "method", method.get());
        put(fields, "method_name", method.to_string());
        put(fields, "data", hex(payload.data));
    }
}

/// [MS-IKEE] §2.2.9: the SPIs of the original SA, then the hash.
fn correlation(body: &[u8], fields: &mut Fields) {
    match body.split_at_checked(16) {
        Some((spis, hash)) => {
            let (initiator, responder) = spis.split_at(8);
            put(fields, "original_spi_i", hex(initiator));
            put(fields, "original_spi_r", hex(responder));
            put(fields, "hash", hex(hash));
        }
        None => put(fields, "data", hex(body)),
    }
}

/// Text as it is, anything else as escapes.
pub(crate) fn printable(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => octets.escape_ascii().to_string(),
    }
}
