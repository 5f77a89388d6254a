//! Authentication methods that extensions bring: they have identity and certificate, and judge the peer's; the signature
//! is ours, as with any RSA key ([MS-IKEE] §3.4).

use alloc::string::String;
use alloc::vec::Vec;

use ike_ext::{Evidence, Trust};
use ipsec_doi::Identity;
use isakmp_wire::OwnedPayload;
use isakmp_wire::v1::AuthMethod;

use super::{Claim, Transcript, secure, spki, verify};
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure};
use crate::sa::Sa;

/// The methods that extensions bring, and with which they can serve the SA.
pub(crate) fn served(cx: &mut Cx<'_>, sa: &Sa) -> Vec<AuthMethod> {
    let all: Vec<AuthMethod> = cx.extensions.auth_methods().collect();
    let all = all.into_iter();
    all.filter(|it| serves(cx, sa, *it)).collect()
}

/// Whether an extension brings this method, and can serve the SA with it.
pub(crate) fn serves(cx: &mut Cx<'_>, sa: &Sa, method: AuthMethod) -> bool {
    cx.ask(Some(sa), |extensions, cx| {
        let credential = extensions.credential(method);
        credential.is_some_and(|it| it.serves(cx.host(), sa.facts.id))
    })
}

/// The method of an SA, if an extension brings it.
fn method(sa: &Sa) -> Result<Option<AuthMethod>, Failure> {
    Ok(Some(secure(sa)?)
        .filter(|it| it.brought)
        .map(|it| it.method))
}

/// The body of our ID payload, where an extension has one.
pub(super) fn identity(cx: &mut Cx<'_>, sa: &Sa) -> Result<Option<Vec<u8>>, Failure> {
    // aggressive mode begins before there is a method
    if sa.secure.is_none() {
        return Ok(None);
    }
    let Some(method) = method(sa)? else {
        return Ok(None);
    };
    let payload = cx.ask(Some(sa), |extensions, cx| {
        let credential = extensions.credential(method)?;
        credential.identity(cx.host(), sa.facts.id)
    });
    Ok(payload.map(|it| it.body))
}

/// Our CERT payload, where an extension has one.
pub(super) fn certificate(cx: &mut Cx<'_>, sa: &Sa) -> Result<Option<OwnedPayload>, Failure> {
    let Some(method) = method(sa)? else {
        return Ok(None);
    };
    Ok(cx.ask(Some(sa), |extensions, cx| {
        let credential = extensions.credential(method)?;
        credential.certificate(cx.host(), sa.facts.id)
    }))
}

/// [MS-IKEE] §3.4.5.5: the signature by the key of the certificate that came, then the extension's judgement. What is
/// proved is the address.
pub(super) fn judge(
    cx: &mut Cx<'_>,
    sa: &Sa,
    transcript: &Transcript,
    mut claim: Claim,
) -> Result<Claim, Failure> {
    let peer = Identity::address(sa.facts.path.remote.ip());
    claim.identity = peer.clone();
    let expected = &cx.core.connection_of(sa)?.authentication.remote_id;
    if expected.as_ref().is_some_and(|it| *it != peer) {
        let expected = expected.clone();
        return Err(AuthenticationFailure::Identity { peer, expected }.into());
    }
    let refused = |reason: &str| AuthenticationFailure::Certificate {
        peer: peer.clone(),
        reason: String::from(reason),
    };
    let Some(certificate) = claim.certificates.chain.first() else {
        return Err(AuthenticationFailure::NoCertificate { peer }.into());
    };
    let public_key =
        spki::of_certificate(certificate).ok_or_else(|| refused("it cannot be read"))?;
    if !verify(cx, sa, transcript, &claim, public_key)? {
        return Err(AuthenticationFailure::Signature { peer }.into());
    }
    let evidence = Evidence {
        method: secure(sa)?.method,
        peer: sa.facts.path.remote.ip(),
        identity: &claim.id_body,
        certificate,
        public_key,
    };
    let trust = cx.ask(Some(sa), |extensions, cx| {
        let credential = extensions.credential(evidence.method);
        credential.map_or(Trust::NotMine, |it| it.trust(cx, sa.facts.id, &evidence))
    });
    match trust {
        Trust::Accept => Ok(claim),
        Trust::NotMine => Err(refused("no extension judges it").into()),
        Trust::Reject(reason) => Err(refused(reason).into()),
    }
}
