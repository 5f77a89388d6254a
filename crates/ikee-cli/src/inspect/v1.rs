//! The fields of the payloads of IKEv1: RFC 2408 §3, RFC 2407 §4.6, RFC 3947, mode config, and Microsoft's.

use std::net::{Ipv4Addr, Ipv6Addr};

use isakmp_wire::v1::{
    Certificate, CertificateRequest, ConfigAttribute, Configuration, Delete, Fragment, Hash,
    IdType, Identification, NatDetection, NatOriginalAddress, Nonce, Notification, NotifyType,
    Signature, kind,
};
use isakmp_wire::{Attribute, AttributeValue, ErrorKind, ParseError, PayloadType, RawPayload};
use serde_json::Value;

use super::report::{Fields, hex};
use super::v2::{printable, put};
use super::{names, sa_v1};

/// Adds the fields of a payload of IKEv1; a type without a layout yields its body.
///
/// # Errors
/// When the body does not fit its layout; `fields` keeps what could be read.
pub(crate) fn fields(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    match raw.kind {
        kind::SA => sa_v1::v1(raw, fields)?,
        kind::KE => {
            put(fields, "ke_octets", raw.body.len());
            put(fields, "data", hex(raw.body));
        }
        kind::ID => identification(raw, fields)?,
        kind::CERT => {
            let payload = Certificate::parse(raw)?;
            put(fields, "encoding", payload.encoding.get());
            put(fields, "encoding_name", payload.encoding.to_string());
            put(fields, "data", hex(payload.data));
        }
        kind::CERTREQ => {
            let payload = CertificateRequest::parse(raw)?;
            put(fields, "encoding", payload.encoding.get());
            put(fields, "encoding_name", payload.encoding.to_string());
            put(fields, "data", hex(payload.data));
        }
        kind::HASH => put(fields, "data", hex(Hash::parse(raw)?.data)),
        kind::SIGNATURE => put(fields, "data", hex(Signature::parse(raw)?.data)),
        kind::NONCE => {
            put(fields, "nonce", hex(raw.body));
            Nonce::parse(raw)?;
        }
        kind::NOTIFY => notification(&Notification::parse(raw)?, fields),
        kind::DELETE => delete(&Delete::parse(raw)?, fields),
        kind::VENDOR_ID => names::vendor_id(raw.body, fields),
        kind::ATTRIBUTES => configuration(&Configuration::parse(raw)?, fields),
        kind::NAT_D_EARLY | kind::NAT_D | kind::NAT_D_DRAFT => {
            put(fields, "natd", hex(NatDetection::parse(raw)?.data));
        }
        kind::NAT_OA_EARLY | kind::NAT_OA | kind::NAT_OA_DRAFT => {
            let payload = NatOriginalAddress::parse(raw)?;
            put(fields, "address", payload.address.to_string());
        }
        kind::FRAGMENT => fragment(&Fragment::parse(raw)?, fields),
        PayloadType::V1_TRANSFORM | PayloadType::V1_PROPOSAL => stray(raw, fields)?,
        _ => put(fields, "data", hex(raw.body)),
    }
    Ok(())
}

/// A proposal or transform outside a security association: its fixed fields, as far as they go.
fn stray(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    let [number, second, ..] = *raw.body else {
        return Err(ParseError::new(ErrorKind::Truncated, raw.body_offset()));
    };
    let name = match raw.kind {
        PayloadType::V1_PROPOSAL => "proto",
        _ => "id",
    };
    put(fields, "num", number);
    put(fields, name, second);
    put(fields, "data", hex(raw.body));
    Ok(())
}

fn identification(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    if let [kind, protocol, high, low, data @ ..] = raw.body {
        put(fields, "id_type", *kind);
        put(fields, "id_type_name", IdType::new(*kind).to_string());
        put(fields, "protocol", *protocol);
        put(fields, "port", u16::from_be_bytes([*high, *low]));
        put(fields, "id", hex(data));
    }
    let payload = Identification::parse(raw)?;
    let text = match payload.kind {
        IdType::FQDN | IdType::USER_FQDN => Some(printable(payload.data)),
        IdType::IPV4_ADDR | IdType::IPV6_ADDR => names::address(payload.data),
        IdType::IPV4_ADDR_SUBNET => pair::<4, Ipv4Addr>(payload.data, '/'),
        IdType::IPV6_ADDR_SUBNET => pair::<16, Ipv6Addr>(payload.data, '/'),
        IdType::IPV4_ADDR_RANGE => pair::<4, Ipv4Addr>(payload.data, '-'),
        IdType::IPV6_ADDR_RANGE => pair::<16, Ipv6Addr>(payload.data, '-'),
        _ => None,
    };
    if let Some(text) = text {
        put(fields, "text", text);
    }
    Ok(())
}

/// Two addresses: a network and its mask, or the ends of a range.
fn pair<const N: usize, A: From<[u8; N]> + ToString>(data: &[u8], between: char) -> Option<String> {
    let (first, second) = data.split_first_chunk::<N>()?;
    let second: [u8; N] = second.try_into().ok()?;
    let [first, second] = [*first, second].map(|octets| A::from(octets).to_string());
    Some(format!("{first}{between}{second}"))
}

fn notification(payload: &Notification<'_>, fields: &mut Fields) {
    put(fields, "doi", payload.doi.get());
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

/// [MS-IKEE] §2.2.6: the message ID of a quick mode may stand before the value; the length tells.
fn meaning(payload: &Notification<'_>) -> Option<String> {
    let value = match *payload.data {
        [a, b, c, d] | [_, _, _, _, a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
        _ => return None,
    };
    match payload.kind {
        NotifyType::NOTIFY_STATUS => Some(names::status(value)),
        NotifyType::EXCHANGE_INFO => {
            let flags = [(1, "boundary"), (2, "guarantee encryption")];
            let flags = flags
                .iter()
                .filter(|(bit, _)| value & bit != 0)
                .map(|(_, name)| *name);
            Some(flags.collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

fn delete(payload: &Delete<'_>, fields: &mut Fields) {
    put(fields, "doi", payload.doi.get());
    put(fields, "protocol", payload.protocol.get());
    put(fields, "protocol_name", payload.protocol.to_string());
    put(fields, "spi_size", payload.spi_size);
    put(fields, "count", payload.count());
    let spis: Vec<Value> = payload.spis().map(|spi| hex(spi).into()).collect();
    put(fields, "spis", spis);
}

fn configuration(payload: &Configuration<'_>, fields: &mut Fields) {
    put(fields, "cfg_type", payload.kind.get());
    put(fields, "cfg_type_name", payload.kind.to_string());
    put(fields, "identifier", payload.identifier);
    let attributes: Vec<Value> = payload.attributes.iter().map(|it| attribute(&it)).collect();
    put(fields, "attributes", attributes);
}

fn attribute(attribute: &Attribute<'_>) -> Value {
    let mut fields = Fields::new();
    let kind = ConfigAttribute::new(attribute.kind);
    put(&mut fields, "type", attribute.kind);
    put(&mut fields, "name", kind.to_string());
    match attribute.value {
        AttributeValue::Short(value) => put(&mut fields, "value", value),
        AttributeValue::Long(value) => {
            put(&mut fields, "value", hex(value));
            let text = match kind {
                ConfigAttribute::APPLICATION_VERSION
                | ConfigAttribute::XAUTH_USER_NAME
                | ConfigAttribute::XAUTH_MESSAGE
                | ConfigAttribute::UNITY_BANNER
                | ConfigAttribute::UNITY_DEFAULT_DOMAIN => Some(printable(value)),
                _ => names::address(value),
            };
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                put(&mut fields, "text", text);
            }
        }
    }
    Value::Object(fields)
}

/// [MS-IKEE] §2.2.3.
fn fragment(payload: &Fragment<'_>, fields: &mut Fields) {
    put(fields, "id", payload.id);
    put(fields, "fragment", payload.number);
    put(fields, "last", payload.last);
    put(fields, "data", hex(payload.data));
}
