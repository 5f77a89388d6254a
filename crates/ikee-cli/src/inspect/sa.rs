//! Security associations: proposals and transforms, with the suite that each proposal amounts to.

use ipsec_doi::{
    Encryption, EncryptionId, EsnId, EspProposal, GroupId, IkeProposal, IntegrityId, PrfId,
};
use isakmp_wire::v2::{Proposal, ProtocolId, SecurityAssociation, Transform, TransformType};
use isakmp_wire::{Attribute, AttributeValue, ParseError, RawPayload};
use serde_json::{Value, json};

use super::report::{Fields, hex};
use super::v2::put;

/// A data attribute: type, value as a number if it is one, names where there are any, octets if it had the long form.
pub(crate) fn attribute(
    attribute: &Attribute<'_>,
    name: Option<&'static str>,
    value_name: Option<String>,
) -> Value {
    let mut fields = Fields::new();
    put(&mut fields, "type", attribute.kind);
    if let Some(name) = name {
        put(&mut fields, "name", name);
    }
    if let Some(number) = attribute.number() {
        put(&mut fields, "value", number);
    }
    if let AttributeValue::Long(octets) = attribute.value {
        put(&mut fields, "octets", hex(octets));
    }
    if let Some(name) = value_name {
        put(&mut fields, "value_name", name);
    }
    Value::Object(fields)
}

/// The proposals of IKEv2, RFC 7296 §3.3.
pub(crate) fn v2(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    let association = SecurityAssociation::parse(raw)?;
    let proposals: Vec<Value> = association
        .proposals()
        .map(|proposal| v2_proposal(&proposal))
        .collect();
    put(fields, "proposals", proposals);
    Ok(())
}

fn v2_proposal(proposal: &Proposal<'_>) -> Value {
    let transforms: Vec<Value> = proposal
        .transforms()
        .map(|transform| v2_transform(&transform))
        .collect();
    json!({
        "num": proposal.number,
        "proto": proposal.protocol.get(),
        "proto_name": proposal.protocol.to_string(),
        "spi": hex(proposal.spi),
        "suite": v2_suite(proposal),
        "transforms": transforms,
    })
}

fn v2_transform(transform: &Transform<'_>) -> Value {
    let mut fields = Fields::new();
    put(&mut fields, "type", transform.kind.get());
    put(&mut fields, "type_name", transform.kind.to_string());
    put(&mut fields, "id", transform.id);
    put(&mut fields, "name", v2_transform_name(transform));
    if let Some(bits) = transform.key_length() {
        put(&mut fields, "key_length", bits);
    }
    let attributes: Vec<Value> = transform
        .attributes()
        .iter()
        .map(|it| attribute(&it, (it.kind == KEY_LENGTH).then_some("KEY_LENGTH"), None))
        .collect();
    if !attributes.is_empty() {
        put(&mut fields, "attributes", attributes);
    }
    Value::Object(fields)
}

fn v2_transform_name(transform: &Transform<'_>) -> String {
    let id = transform.id;
    match transform.kind {
        TransformType::ENCR => EncryptionId::new(id).to_string(),
        TransformType::PRF => PrfId::new(id).to_string(),
        TransformType::INTEG => IntegrityId::new(id).to_string(),
        TransformType::ESN => EsnId::new(id).to_string(),
        kind if matches!(kind.get(), 4 | 6..=12) => GroupId::new(id).to_string(),
        _ => id.to_string(),
    }
}

/// The proposal in one word, as users of strongSwan type it.
fn v2_suite(proposal: &Proposal<'_>) -> String {
    let ids = |kind: TransformType| {
        proposal
            .transforms()
            .filter(move |transform| transform.kind == kind)
            .map(|transform| transform.id)
    };
    let encryption = proposal
        .transforms()
        .filter(|transform| transform.kind == TransformType::ENCR)
        .map(|transform| {
            let bits = transform.key_length().unwrap_or(0);
            Encryption::new(EncryptionId::new(transform.id), bits)
        })
        .collect();
    let integrity = ids(TransformType::INTEG)
        .map(IntegrityId::new)
        .filter(|id| *id != IntegrityId::NONE)
        .collect();
    let groups = ids(TransformType::KE).map(GroupId::new).collect();
    if proposal.protocol == ProtocolId::IKE {
        let prf = ids(TransformType::PRF).map(PrfId::new).collect();
        let proposal = IkeProposal {
            encryption,
            integrity,
            prf,
            groups,
        };
        return proposal.to_string();
    }
    let esn = ids(TransformType::ESN).map(|id| id == 1).collect();
    let proposal = EspProposal {
        encryption,
        integrity,
        groups,
        esn,
    };
    proposal.to_string()
}

const KEY_LENGTH: u16 = 14;
