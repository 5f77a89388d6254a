//! What a peer says of itself: identity, certificates, and a proof that nobody has checked yet.

use alloc::vec::Vec;

use ipsec_doi::Identity;
use isakmp_wire::PayloadChain;
use isakmp_wire::v1::{CertEncoding, Certificate, NotifyType, kind};

use super::{peer_role, secure};
use crate::context::Cx;
use crate::failure::{Failure, Misbehaviour};
use crate::payload::{maybe, notifications, one};
use crate::sa::Sa;

/// What a peer says of itself, before anything is checked.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) identity: Identity,
    pub(crate) id_body: Vec<u8>,
    /// HASH or SIGNATURE.
    pub(super) proof: Vec<u8>,
    pub(super) certificates: Certificates,
    pub(super) initial_contact: bool,
}

/// Certificates as they come.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) crls: Vec<Vec<u8>>,
    pub(super) wrapped: Vec<Vec<u8>>,
}

/// Reads a claim: an identity that may have come before, certificates and a proof.
pub(crate) fn read_claim(
    cx: &Cx<'_>,
    sa: &Sa,
    payloads: PayloadChain<'_>,
    (identity, id_body): (Identity, Vec<u8>),
    earlier: Certificates,
) -> Result<Claim, Failure> {
    let secure = secure(sa)?;
    let what = if secure.signature(peer_role(sa)).is_some() {
        kind::SIGNATURE
    } else {
        kind::HASH
    };
    let beside = payloads.first(kind::ID).is_some();
    let counts = beside || !cx.core.config.profile.certificate_beside_identity;
    let certificates = if counts {
        certificates(payloads, earlier)
    } else {
        earlier
    };
    Ok(Claim {
        identity,
        id_body,
        proof: one(payloads, what)?.body.to_vec(),
        certificates,
        initial_contact: notifications(payloads).any(|it| it.kind == NotifyType::INITIAL_CONTACT),
    })
}

/// No more certificates, or octets of one, than this are kept.
pub(super) const MAX_CERTIFICATES: usize = 16;

/// The certificates of a message, after those of an earlier one.
pub(crate) fn certificates(payloads: PayloadChain<'_>, mut all: Certificates) -> Certificates {
    let raw = payloads.all(kind::CERT).take(MAX_CERTIFICATES);
    for it in raw.filter_map(|it| Certificate::parse(it).ok()) {
        match it.encoding {
            CertEncoding::X509_SIGNATURE => all.chain.push(it.data.to_vec()),
            CertEncoding::CRL => all.crls.push(it.data.to_vec()),
            CertEncoding::PKCS7 => all.wrapped.push(it.data.to_vec()),
            _ => {}
        }
    }
    all
}

/// The identity of a message that must have one.
pub(crate) fn identity_of(payloads: PayloadChain<'_>) -> Result<(Identity, Vec<u8>), Failure> {
    let raw = maybe(payloads, kind::ID)?.ok_or(Misbehaviour::Missing(kind::ID))?;
    crate::payload::read_identity(raw)
}
