//! IKE_SA_INIT (RFC 7296 §1.2, §2.6, §2.7).

use alloc::vec::Vec;

use ipsec_doi::{GroupId, PrfId};
use isakmp_wire::v2::{KeyExchange, Nonce, Notify, NotifyType, SecurityAssociation, kind};
use isakmp_wire::{Encode, OwnedPayload, PayloadChain, PayloadType, RawPayload};

use crate::failure::{Failure, Misbehaviour};

mod initiator;
mod responder;

pub(crate) use initiator::{AwaitInitResponse, on_response, resend, start};
pub(crate) use responder::{is_for, on_request};

/// Octets of our nonces: half the key of the largest PRF and more (RFC 7296 §2.10).
pub(crate) const NONCE: usize = 32;

/// The payloads that both IKE_SA_INIT messages have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InitPayloads<'a> {
    pub(crate) sa: SecurityAssociation<'a>,
    pub(crate) ke: KeyExchange<'a>,
    pub(crate) nonce: Nonce<'a>,
}

impl<'a> InitPayloads<'a> {
    pub(crate) fn read(payloads: PayloadChain<'a>) -> Result<Self, Failure> {
        Ok(Self {
            sa: SecurityAssociation::parse(one(payloads, kind::SA)?)?,
            ke: KeyExchange::parse(one(payloads, kind::KE)?)?,
            nonce: Nonce::parse(one(payloads, kind::NONCE)?)?,
        })
    }

    /// Whether the nonce is long enough for the PRF (RFC 7296 §2.10).
    pub(crate) fn check_nonce(&self, prf: PrfId) -> Result<(), Failure> {
        let half = prf.key_len().checked_div(2).unwrap_or(0);
        if self.nonce.data.len() >= half {
            Ok(())
        } else {
            Err(Misbehaviour::ShortNonce.into())
        }
    }
}

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
    let mut all = payloads.iter().filter(|it| it.kind == kind);
    match (all.next(), all.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(Misbehaviour::Repeated(kind).into()),
    }
}

/// A payload type that we must understand and do not (RFC 7296 §2.5).
pub(crate) fn unknown_critical(payloads: PayloadChain<'_>) -> Option<PayloadType> {
    payloads
        .iter()
        .find(|it| it.critical() && !KNOWN.contains(&it.kind))
        .map(|it| it.kind)
}

/// What this core reads or may safely pass over; the critical flag on these means nothing.
const KNOWN: [PayloadType; 18] = [
    kind::SA,
    kind::KE,
    kind::ID_I,
    kind::ID_R,
    kind::CERT,
    kind::CERTREQ,
    kind::AUTH,
    kind::NONCE,
    kind::NOTIFY,
    kind::DELETE,
    kind::VENDOR_ID,
    kind::TS_I,
    kind::TS_R,
    kind::ENCRYPTED,
    kind::CONFIGURATION,
    kind::EAP,
    kind::ENCRYPTED_FRAGMENT,
    kind::CORRELATION,
];

/// All readable Notify payloads.
pub(crate) fn notifies(payloads: PayloadChain<'_>) -> impl Iterator<Item = Notify<'_>> {
    payloads
        .iter()
        .filter(|it| it.kind == kind::NOTIFY)
        .filter_map(|it| Notify::parse(it).ok())
}

/// The data of all Notify payloads of one type.
pub(crate) fn notify_data(
    payloads: PayloadChain<'_>,
    what: NotifyType,
) -> impl Iterator<Item = &[u8]> {
    notifies(payloads)
        .filter(move |it| it.kind == what)
        .map(|it| it.data)
}

/// The first error that the peer reports.
pub(crate) fn error(payloads: PayloadChain<'_>) -> Option<NotifyType> {
    notifies(payloads)
        .map(|it| it.kind)
        .find(|it| it.is_error())
}

pub(crate) fn key_exchange(group: GroupId, public: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    Encode::encode(
        &KeyExchange {
            group: group.get(),
            data: public,
        },
        &mut body,
    );
    OwnedPayload::new(kind::KE, body)
}
