//! Who the peer is: proofs of phase 1, and what follows from them (RFC 2409 §5).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use ike_ext::{PolicyId, Role};
use ipsec_doi::Identity;
use ipsec_doi::auth_method::wants_xauth;
use isakmp_wire::ExchangeType;
use isakmp_wire::v1::AuthMethod;

use crate::aggressive::{self, Aggressive};
use crate::authentication::scheme;
use crate::context::Cx;
use crate::failure::{AuthenticationFailure, Failure};
use crate::finish_phase_1;
use crate::main_mode::{self, MainMode};
use crate::output::{Event, PeerCertificates};
use crate::sa::{Sa, Secure, State};
use crate::select::{is_for, offers};

mod brought;
mod claim;
mod proof;
mod spki;

pub(crate) use brought::{served, serves};
pub(crate) use claim::{Certificates, Claim, certificates, identity_of, read_claim};
pub(crate) use proof::{basis, own_identity, prove, requests};
use proof::{hash, with_hash};

/// What both proofs cover besides cookies and identities (RFC 2409 §5).
#[derive(Debug)]
pub(crate) struct Transcript {
    /// The body of the initiator's SA payload.
    pub(crate) sa: Vec<u8>,
    /// Public values, the initiator's first.
    pub(crate) publics: (Vec<u8>, Vec<u8>),
}

/// A claim whose certificates are being judged.
#[derive(Debug)]
pub(crate) struct AwaitTrust {
    pub(crate) transcript: Transcript,
    pub(crate) claim: Claim,
}

/// A peer whose proof of phase 1 is right; only this module makes one.
#[derive(Debug)]
pub(crate) struct Proven {
    identity: Identity,
    /// Who has yet to prove itself by XAUTH.
    pub(crate) user: Option<Role>,
    pub(crate) initial_contact: bool,
}

/// A peer that has proved everything there is to prove; only this module makes one.
#[derive(Debug)]
pub(crate) struct Verified {
    identity: Identity,
    user: Option<String>,
}

/// That XAUTH has succeeded; only this module makes one.
#[derive(Debug)]
pub(crate) struct Passed(Option<String>);

impl Proven {
    /// If phase 1 was all.
    pub(crate) fn finish(self) -> Result<Verified, Self> {
        if self.user.is_some() {
            return Err(self);
        }
        Ok(Verified {
            identity: self.identity,
            user: None,
        })
    }

    /// After XAUTH.
    pub(crate) fn with(self, passed: Passed) -> Verified {
        Verified {
            identity: self.identity,
            user: passed.0,
        }
    }
}

impl Verified {
    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

/// Whether the peer knows the name and the password of one of our users; in time that depends on neither password.
pub(crate) fn check_password(
    cx: &mut Cx<'_>,
    sa: &Sa,
    name: &[u8],
    password: &[u8],
) -> Result<Option<Passed>, Failure> {
    let key: [u8; 32] = cx.core.fresh()?;
    let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
    let id = secure.keys.prf();
    let prf = cx.core.provider.prf(id).ok_or(Failure::Crypto)?.keyed(&key);
    let mut given = alloc::vec![0; id.output_len()];
    prf.mac(&[password], &mut given);
    let connection = cx.core.connection_of(sa)?;
    let Some(crate::authentication::Xauth::Server(users)) = &connection.authentication.xauth else {
        return Ok(None);
    };
    let mut found = None;
    for user in users {
        let right = prf.verify(&[user.password.as_slice()], &given).is_ok();
        if right && user.name.as_bytes() == name {
            found = Some(Passed(Some(user.name.clone())));
        }
    }
    Ok(found)
}

/// The server has said that our own name and password are right.
pub(crate) const fn told_success() -> Passed {
    Passed(None)
}

fn secure(sa: &Sa) -> Result<&Secure, Failure> {
    sa.secure
        .as_deref()
        .ok_or(Failure::Bug("a proof without keys"))
}

const fn peer_role(sa: &Sa) -> Role {
    match sa.facts.role {
        Role::Initiator => Role::Responder,
        Role::Responder => Role::Initiator,
    }
}

/// Judges a claim: a HASH at once, a signature once its certificates are trusted.
pub(crate) fn judge(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: ExchangeType,
    transcript: Transcript,
    claim: Claim,
) -> Result<(), Failure> {
    if secure(sa)?.brought {
        let claim = brought::judge(cx, sa, &transcript, claim)?;
        return accepted(cx, sa, exchange, &transcript, &claim);
    }
    find_connection(cx, sa, &claim.identity)?;
    if secure(sa)?.signature(peer_role(sa)).is_none() {
        let right = with_hash(
            cx,
            sa,
            peer_role(sa),
            &transcript,
            &claim.id_body,
            |key, len, parts| claim.proof.len() == len && key.verify(parts, &claim.proof).is_ok(),
        )?;
        if !right {
            return Err(AuthenticationFailure::WrongSecret {
                peer: sa.facts.path.remote.ip(),
            }
            .into());
        }
        return accepted(cx, sa, exchange, &transcript, &claim);
    }
    let certificates = &claim.certificates;
    if certificates.chain.is_empty() && certificates.wrapped.is_empty() {
        return Err(AuthenticationFailure::NoCertificate {
            peer: claim.identity,
        }
        .into());
    }
    cx.out
        .event(Event::PeerCertificates(Box::new(PeerCertificates {
            sa: sa.facts.id,
            policy: sa.facts.policy.unwrap_or(PolicyId::new(0)),
            identity: claim.identity.clone(),
            chain: certificates.chain.clone(),
            crls: certificates.crls.clone(),
            wrapped: certificates.wrapped.clone(),
        })));
    let wait = Box::new(AwaitTrust { transcript, claim });
    sa.state = if exchange == ExchangeType::AGGRESSIVE {
        State::Aggressive(Aggressive::AwaitTrust(wait))
    } else {
        State::Main(MainMode::AwaitTrust(wait))
    };
    Ok(())
}

/// Whether an SA waits for [`on_trust`].
pub(crate) const fn awaits_trust(state: &State) -> bool {
    matches!(
        state,
        State::Aggressive(Aggressive::AwaitTrust(_)) | State::Main(MainMode::AwaitTrust(_))
    )
}

/// The certificates are judged: the key of the peer's own, or why there is none.
pub(crate) fn on_trust(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    verdict: Result<&[u8], String>,
) -> Result<(), Failure> {
    let (exchange, wait) = match core::mem::replace(&mut sa.state, State::Closed) {
        State::Main(MainMode::AwaitTrust(wait)) => (ExchangeType::MAIN_MODE, wait),
        State::Aggressive(Aggressive::AwaitTrust(wait)) => (ExchangeType::AGGRESSIVE, wait),
        other @ (State::Main(_)
        | State::Aggressive(_)
        | State::AwaitXauth(_)
        | State::Established(_)
        | State::Lingering(_)
        | State::Closing
        | State::Closed) => {
            sa.state = other;
            return Ok(());
        }
    };
    let AwaitTrust { transcript, claim } = *wait;
    let peer = claim.identity.clone();
    let spki = verdict.map_err(|reason| AuthenticationFailure::Certificate {
        peer: peer.clone(),
        reason,
    })?;
    let verified = verify(cx, sa, &transcript, &claim, spki)?;
    if !verified {
        return Err(AuthenticationFailure::Signature { peer }.into());
    }
    accepted(cx, sa, exchange, &transcript, &claim)
}

/// Whether the peer's signature is by this key.
fn verify(
    cx: &Cx<'_>,
    sa: &Sa,
    transcript: &Transcript,
    claim: &Claim,
    spki: &[u8],
) -> Result<bool, Failure> {
    let peer = peer_role(sa);
    let hash = hash(cx, sa, peer, transcript, &claim.id_body)?;
    let verifier = secure(sa)?
        .signature(peer)
        .and_then(|(scheme, _)| cx.core.provider.verifier(scheme));
    Ok(verifier.is_some_and(|it| it.verify(spki, &[&hash], &claim.proof).is_ok()))
}

/// RFC 2409 §5: the connection of an identity; where it comes only now, perhaps another one than the addresses gave.
fn find_connection(cx: &Cx<'_>, sa: &mut Sa, identity: &Identity) -> Result<(), Failure> {
    let secure = secure(sa)?;
    let (suite, method) = (secure.keys.suite(), secure.method);
    let current = cx.core.connection_of(sa)?;
    let expected = current.authentication.remote_id.clone();
    if expected.as_ref().is_none_or(|it| it == identity) {
        return Ok(());
    }
    let path = sa.facts.path;
    let movable = sa.facts.role == Role::Responder && scheme(method).is_some();
    let mut all = cx.core.config.connections.iter().enumerate();
    let found = all.find(|(_, it)| {
        movable
            && is_for(it, path.local, path.remote)
            && it.authentication.remote_id.as_ref() == Some(identity)
            && it.authentication.brought_method().is_none()
            && cx.extensions.permits(sa.facts.id, it.policy)
            && offers(it, cx.core.provider, Role::Responder)
                .iter()
                .any(|it| it.suite == suite && it.auth == method)
    });
    let Some((index, connection)) = found else {
        return Err(AuthenticationFailure::Identity {
            peer: identity.clone(),
            expected,
        }
        .into());
    };
    sa.connection = Some(index);
    sa.facts.policy = Some(connection.policy);
    Ok(())
}

/// The peer's proof is right: ours follows where it is due, then phase 1 is done.
fn accepted(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: ExchangeType,
    transcript: &Transcript,
    claim: &Claim,
) -> Result<(), Failure> {
    match (exchange, sa.facts.role) {
        (ExchangeType::AGGRESSIVE, Role::Initiator) => {
            aggressive::initiator::conclude(cx, sa, transcript)?;
        }
        (ExchangeType::MAIN_MODE, Role::Responder) => {
            main_mode::responder::conclude(cx, sa, transcript)?;
        }
        _ => {}
    }
    let method = secure(sa)?.method;
    let wanted = wants_xauth(method) && !secure(sa)?.brought;
    let user = wanted.then_some(match method {
        AuthMethod::HYBRID_RESP_RSA
        | AuthMethod::XAUTH_RESP_PRE_SHARED
        | AuthMethod::XAUTH_RESP_RSA => Role::Responder,
        _ => Role::Initiator,
    });
    let proven = Proven {
        identity: claim.identity.clone(),
        user,
        initial_contact: claim.initial_contact,
    };
    finish_phase_1::done(cx, sa, proven)
}
