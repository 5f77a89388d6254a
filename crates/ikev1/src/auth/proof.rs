//! Our own proof, and what goes with it: identity, certificates and requests for the peer's (RFC 2409 §5).

use alloc::vec::Vec;

use ike_ext::Role;
use isakmp_wire::OwnedPayload;
use isakmp_wire::v1::{AuthMethod, CertEncoding, Certificate, CertificateRequest, kind};

use super::claim::MAX_CERTIFICATES;
use super::{Transcript, brought, peer_role, secure};
use crate::authentication::{scheme, signs};
use crate::context::Cx;
use crate::failure::Failure;
use crate::keys;
use crate::payload::{encoded, identity_body};
use crate::sa::Sa;

/// HASH_I or HASH_R, by whose proof it is (RFC 2409 §5).
pub(super) fn with_hash<R>(
    cx: &Cx<'_>,
    sa: &Sa,
    prover: Role,
    transcript: &Transcript,
    id_body: &[u8],
    then: impl FnOnce(&dyn ike_crypto::PrfKey, usize, &[&[u8]]) -> R,
) -> Result<R, Failure> {
    let secure = secure(sa)?;
    let hash = secure.signature(prover).and_then(|it| it.1);
    let (i, r) = (&transcript.publics.0, &transcript.publics.1);
    let (cky_i, cky_r) = (sa.facts.spis.0.as_bytes(), sa.facts.spis.1.as_bytes());
    let parts: [&[u8]; 6] = match prover {
        Role::Initiator => [i, r, cky_i, cky_r, &transcript.sa, id_body],
        Role::Responder => [r, i, cky_r, cky_i, &transcript.sa, id_body],
    };
    let done = secure
        .keys
        .proof(cx.core.provider, hash, |key, len| then(key, len, &parts))?;
    Ok(done)
}

/// HASH_I or HASH_R itself.
pub(super) fn hash(
    cx: &Cx<'_>,
    sa: &Sa,
    prover: Role,
    transcript: &Transcript,
    id_body: &[u8],
) -> Result<Vec<u8>, Failure> {
    with_hash(cx, sa, prover, transcript, id_body, |key, len, parts| {
        let mut out = alloc::vec![0; len];
        key.mac(parts, &mut out);
        out
    })
}

/// Our own proof, HASH or SIGNATURE, with certificates before it where they are due.
pub(crate) fn prove(
    cx: &mut Cx<'_>,
    sa: &Sa,
    transcript: &Transcript,
    id_body: &[u8],
) -> Result<Vec<OwnedPayload>, Failure> {
    let role = sa.facts.role;
    let hash = hash(cx, sa, role, transcript, id_body)?;
    let Some((scheme, _)) = secure(sa)?.signature(role) else {
        return Ok(alloc::vec![OwnedPayload::new(kind::HASH, hash)]);
    };
    let brought = brought::certificate(cx, sa)?;
    let connection = cx
        .core
        .config
        .connections
        .get(sa.connection.unwrap_or(usize::MAX));
    let credential = connection
        .and_then(|it| it.authentication.credential())
        .ok_or(Failure::Bug("a signature without a key"))?;
    let signature = credential.key.sign(scheme, &[&hash], &mut cx.core.random)?;
    let mut out: Vec<_> = match brought {
        Some(certificate) => alloc::vec![certificate],
        None => credential.chain.iter().map(|it| certificate(it)).collect(),
    };
    out.push(OwnedPayload::new(kind::SIGNATURE, signature));
    Ok(out)
}

fn certificate(der: &[u8]) -> OwnedPayload {
    let body = Certificate {
        encoding: CertEncoding::X509_SIGNATURE,
        data: der,
    };
    encoded(kind::CERT, &body)
}

/// Certificate requests (RFC 2408 §3.10), if the peer signs.
pub(crate) fn requests(cx: &Cx<'_>, sa: &Sa, method: AuthMethod) -> Vec<OwnedPayload> {
    let trust = cx
        .core
        .connection(sa.connection)
        .and_then(|it| it.authentication.trust());
    let Some(trust) = trust.filter(|_| signs(method, peer_role(sa))) else {
        return Vec::new();
    };
    let request = |name: &[u8]| {
        let body = CertificateRequest {
            encoding: CertEncoding::X509_SIGNATURE,
            data: name,
        };
        encoded(kind::CERTREQ, &body)
    };
    if trust.authorities.is_empty() {
        return alloc::vec![request(&[])];
    }
    let some = trust.authorities.iter().take(MAX_CERTIFICATES);
    some.map(|it| request(it)).collect()
}

/// The basis of SKEYID for the method of an SA.
pub(crate) fn basis(
    authentication: &crate::Authentication,
    method: AuthMethod,
) -> Result<keys::Basis<'_>, Failure> {
    if scheme(method).is_some() || authentication.brought_method().is_some() {
        return Ok(keys::Basis::Signature);
    }
    let psk = authentication.psk_octets();
    Ok(keys::Basis::Psk(psk.ok_or(Failure::Bug(
        "a method without its pre-shared key",
    ))?))
}

/// Our identity, as the body of an ID payload.
pub(crate) fn own_identity(cx: &mut Cx<'_>, sa: &Sa) -> Result<Vec<u8>, Failure> {
    if let Some(brought) = brought::identity(cx, sa)? {
        return Ok(brought);
    }
    let connection = cx.core.connection_of(sa)?;
    Ok(identity_body(&connection.authentication.local_id))
}
