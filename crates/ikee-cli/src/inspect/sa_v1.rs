//! Security associations of IKEv1: RFC 2408 §3.4-3.6, RFC 2407 §4.4-4.6, RFC 2409 App. A.

use ipsec_doi::v1::{EspTransform, HashAlgorithm, IntegrityAlgorithm, Phase1Encryption};
use ipsec_doi::{Encryption, EncryptionId, EspProposal, GroupId, HashId, IkeProposal, Life, PrfId};
use isakmp_wire::v1::{
    AuthMethod, EncapsulationMode, Phase1Attribute, Phase2Attribute, Proposal, ProtocolId,
    SecurityAssociation, Transform,
};
use isakmp_wire::{Attribute, ParseError, RawPayload};
use serde_json::{Value, json};

use super::report::{Fields, hex};
use super::sa::attribute;
use super::v2::put;

/// The proposals.
pub(crate) fn v1(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    let association = SecurityAssociation::parse(raw)?;
    let proposals: Vec<Value> = association.proposals().map(|it| proposal(&it)).collect();
    put(fields, "proposals", proposals);
    Ok(())
}

fn proposal(proposal: &Proposal<'_>) -> Value {
    let transforms: Vec<Value> = proposal
        .transforms()
        .map(|it| transform(proposal.protocol, &it))
        .collect();
    json!({
        "num": proposal.number,
        "proto": proposal.protocol.get(),
        "proto_name": proposal.protocol.to_string(),
        "spi": hex(proposal.spi),
        "transforms": transforms,
    })
}

fn transform(protocol: ProtocolId, transform: &Transform<'_>) -> Value {
    let attributes = transform.attributes();
    let first = protocol == ProtocolId::ISAKMP;
    let named: Vec<Value> = attributes
        .iter()
        .map(|it| {
            let (name, value) = if first {
                (Phase1Attribute::new(it.kind).name(), phase1_value(&it))
            } else {
                (Phase2Attribute::new(it.kind).name(), phase2_value(&it))
            };
            attribute(&it, name, value)
        })
        .collect();
    let suite = if first {
        phase1_suite(transform)
    } else {
        phase2_suite(protocol, transform)
    };
    json!({
        "num": transform.number,
        "id": transform.id,
        "suite": suite,
        "attributes": named,
    })
}

fn phase1_value(attribute: &Attribute<'_>) -> Option<String> {
    let number = u16::try_from(attribute.number()?).ok()?;
    match Phase1Attribute::new(attribute.kind) {
        Phase1Attribute::ENCRYPTION => Phase1Encryption::new(number).name().map(str::to_owned),
        Phase1Attribute::HASH => HashAlgorithm::new(number).name().map(str::to_owned),
        Phase1Attribute::AUTHENTICATION => AuthMethod::new(number).name().map(str::to_owned),
        Phase1Attribute::GROUP_DESCRIPTION => GroupId::new(number).name().map(str::to_owned),
        Phase1Attribute::LIFE_TYPE => life_type(number),
        _ => None,
    }
}

fn phase2_value(attribute: &Attribute<'_>) -> Option<String> {
    let number = u16::try_from(attribute.number()?).ok()?;
    match Phase2Attribute::new(attribute.kind) {
        Phase2Attribute::AUTHENTICATION_ALGORITHM => {
            IntegrityAlgorithm::new(number).name().map(str::to_owned)
        }
        Phase2Attribute::ENCAPSULATION_MODE => {
            EncapsulationMode::new(number).name().map(str::to_owned)
        }
        Phase2Attribute::GROUP_DESCRIPTION => GroupId::new(number).name().map(str::to_owned),
        Phase2Attribute::LIFE_TYPE => life_type(number),
        _ => None,
    }
}

/// Cipher, hash and group as users type them, then the authentication method and the lifetime.
fn phase1_suite(transform: &Transform<'_>) -> String {
    let value = |class: Phase1Attribute| number(transform, class.get());
    let bits = value(Phase1Attribute::KEY_LENGTH).unwrap_or(0);
    // a hash serves as PRF and integrity check in its HMAC form (RFC 2409 §4)
    let hash = value(Phase1Attribute::HASH)
        .and_then(|number| HashAlgorithm::new(number).id())
        .and_then(HashId::hmac);
    let suite = IkeProposal {
        encryption: value(Phase1Attribute::ENCRYPTION)
            .and_then(|number| Phase1Encryption::new(number).id())
            .map(|id| Encryption::new(id, bits))
            .into_iter()
            .collect(),
        integrity: hash.into_iter().filter_map(PrfId::integrity).collect(),
        prf: hash.into_iter().collect(),
        groups: value(Phase1Attribute::GROUP_DESCRIPTION)
            .map(GroupId::new)
            .into_iter()
            .collect(),
    };
    let method = value(Phase1Attribute::AUTHENTICATION).map(|id| AuthMethod::new(id).to_string());
    let mut words = vec![suite.to_string()];
    words.extend(method);
    words.extend(lives(
        transform,
        Phase1Attribute::LIFE_TYPE.get(),
        Phase1Attribute::LIFE_DURATION.get(),
    ));
    words.join(" ")
}

fn phase2_suite(protocol: ProtocolId, transform: &Transform<'_>) -> String {
    let value = |class: Phase2Attribute| number(transform, class.get());
    let bits = value(Phase2Attribute::KEY_LENGTH).unwrap_or(0);
    let suite = EspProposal {
        encryption: (protocol == ProtocolId::ESP)
            .then(|| Encryption::new(esp_cipher(transform.id), bits))
            .into_iter()
            .collect(),
        integrity: value(Phase2Attribute::AUTHENTICATION_ALGORITHM)
            .and_then(|number| IntegrityAlgorithm::new(number).id())
            .into_iter()
            .collect(),
        groups: value(Phase2Attribute::GROUP_DESCRIPTION)
            .map(GroupId::new)
            .into_iter()
            .collect(),
        esn: vec![false],
    };
    let mode = value(Phase2Attribute::ENCAPSULATION_MODE);
    let mut words = vec![suite.to_string()];
    words.extend(mode.map(|mode| EncapsulationMode::new(mode).to_string()));
    words.extend(lives(
        transform,
        Phase2Attribute::LIFE_TYPE.get(),
        Phase2Attribute::LIFE_DURATION.get(),
    ));
    words.join(" ")
}

fn number(transform: &Transform<'_>, class: u16) -> Option<u16> {
    let number = transform.attributes().first(class)?.number()?;
    u16::try_from(number).ok()
}

/// A duration belongs to the type before it; there may be a pair for seconds and one for kilobytes.
fn lives(transform: &Transform<'_>, type_class: u16, duration_class: u16) -> Vec<String> {
    let mut kind = None;
    let mut lives = Vec::new();
    for attribute in transform.attributes().iter() {
        let Some(number) = attribute.number() else {
            continue;
        };
        if attribute.kind == type_class {
            kind = u16::try_from(number).ok();
        } else if attribute.kind == duration_class
            && let Some(life) = Life::from_v1(kind.unwrap_or(1), &number.to_be_bytes())
        {
            lives.push(life.to_string());
        }
    }
    lives
}

fn life_type(number: u16) -> Option<String> {
    match number {
        1 => Some("seconds".into()),
        2 => Some("kilobytes".into()),
        _ => None,
    }
}

/// A number without a meaning is shown as it is.
fn esp_cipher(id: u8) -> EncryptionId {
    EspTransform::new(id)
        .id()
        .unwrap_or_else(|| EncryptionId::new(u16::from(id)))
}
