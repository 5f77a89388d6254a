//! Payloads that several exchanges read and write.

use alloc::vec::Vec;

use ipsec_doi::Identity;
use isakmp_wire::v1::{
    Delete, Doi, IdType, Identification, Nonce, Notification, NotifyType, ProtocolId, kind,
};
use isakmp_wire::{Encode, OwnedPayload, PayloadChain, PayloadType, RawPayload, Spi, v2};

use crate::failure::{Failure, Misbehaviour};

/// Octets of our nonces (RFC 2409 §5 allows 8 to 256).
pub(crate) const NONCE: usize = 32;

/// The only payload of a type.
pub(crate) fn one(
    payloads: PayloadChain<'_>,
    kind: PayloadType,
) -> Result<RawPayload<'_>, Failure> {
    maybe(payloads, kind)?.ok_or(Failure::Misbehaved(Misbehaviour::Missing(kind)))
}

/// The only payload of a type, if there is one.
pub(crate) fn maybe(
    payloads: PayloadChain<'_>,
    kind: PayloadType,
) -> Result<Option<RawPayload<'_>>, Failure> {
    let mut all = payloads.all(kind);
    match (all.next(), all.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(Misbehaviour::Repeated(kind).into()),
    }
}

/// The nonce, of a permitted length (RFC 2409 §5).
pub(crate) fn nonce(payloads: PayloadChain<'_>) -> Result<&[u8], Failure> {
    let data = Nonce::parse(one(payloads, kind::NONCE)?)?.data;
    if (8..=256).contains(&data.len()) {
        Ok(data)
    } else {
        Err(Misbehaviour::Nonce.into())
    }
}

/// All readable notifications.
pub(crate) fn notifications(payloads: PayloadChain<'_>) -> impl Iterator<Item = Notification<'_>> {
    payloads
        .all(kind::NOTIFY)
        .filter_map(|it| Notification::parse(it).ok())
}

/// A payload of this type with this body.
pub(crate) fn encoded(kind: PayloadType, body: &impl Encode) -> OwnedPayload {
    let mut octets = Vec::new();
    body.encode(&mut octets);
    OwnedPayload::new(kind, octets)
}

/// A notification in the IPsec domain of interpretation.
pub(crate) fn notify(
    what: NotifyType,
    protocol: ProtocolId,
    spi: &[u8],
    data: &[u8],
) -> OwnedPayload {
    let body = Notification {
        doi: Doi::IPSEC,
        protocol,
        spi,
        kind: what,
        data,
    };
    encoded(kind::NOTIFY, &body)
}

/// Both cookies: the SPI of an ISAKMP SA (RFC 2407 §4.6.3).
pub(crate) fn cookies(spis: (Spi, Spi)) -> Vec<u8> {
    let mut out = spis.0.as_bytes().to_vec();
    out.extend_from_slice(spis.1.as_bytes());
    out
}

/// A notification about the ISAKMP SA.
pub(crate) fn notify_sa(what: NotifyType, spis: (Spi, Spi), data: &[u8]) -> OwnedPayload {
    notify(what, ProtocolId::ISAKMP, &cookies(spis), data)
}

/// A Delete for the ISAKMP SA.
pub(crate) fn delete_sa(spis: (Spi, Spi)) -> OwnedPayload {
    delete(ProtocolId::ISAKMP, 16, &cookies(spis))
}

/// A Delete for a child, by our own inbound SPI.
pub(crate) fn delete_child(protocol: ProtocolId, spi: u32) -> OwnedPayload {
    delete(protocol, 4, &spi.to_be_bytes())
}

fn delete(protocol: ProtocolId, size: u8, spis: &[u8]) -> OwnedPayload {
    match Delete::new(Doi::IPSEC, protocol, size, spis) {
        Some(body) => encoded(kind::DELETE, &body),
        None => OwnedPayload::new(kind::DELETE, Vec::new()),
    }
}

/// The body of an ID payload that says who we are (RFC 2407 §4.6.2).
pub(crate) fn identity_body(identity: &Identity) -> Vec<u8> {
    let mut out = Vec::new();
    Identification {
        kind: IdType::new(identity.kind.get()),
        protocol: 0,
        port: 0,
        data: &identity.data,
    }
    .encode(&mut out);
    out
}

/// Who the sender of an ID payload says it is, and the body, which hashes cover.
pub(crate) fn read_identity(payload: RawPayload<'_>) -> Result<(Identity, Vec<u8>), Failure> {
    let id = Identification::parse(payload)?;
    let identity = Identity::new(v2::IdType::new(id.kind.get()), id.data.to_vec());
    Ok((identity, payload.body.to_vec()))
}
