//! Proving identities (RFC 7296 §2.15). Only this module makes a [`Verified`].

use alloc::vec::Vec;

use ike_crypto::{Provider, SignatureScheme};
use ike_ext::Role;
use ipsec_doi::auth_method;
use ipsec_doi::{HashId, Identity};
use isakmp_wire::v2::{AuthMethod, Authentication, Identification, kind};
use isakmp_wire::{Encode, OwnedPayload};

use crate::authentication::{AuthorityHash, LocalProof, PeerKey, RemoteProof, Trust};
use crate::context::Core;
use crate::failure::{AuthenticationFailure, Failure};
use crate::keys::{Keys, Signed};

pub(crate) mod certificates;
mod mac;
pub(crate) mod signature;

/// An identity whose proof has been checked. There is no other way to an established SA.
#[derive(Clone, Debug)]
pub(crate) struct Verified(Identity, auth_method::Proof);

impl Verified {
    pub(crate) const fn identity(&self) -> &Identity {
        &self.0
    }

    /// Whose, and by what, for extensions.
    pub(crate) const fn proven(&self) -> (&Identity, auth_method::Proof) {
        (&self.0, self.1)
    }
}

/// The messages and nonces that both proofs cover, and how the peer wants ours.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// The initiator's and the responder's IKE_SA_INIT message, without non-ESP marker.
    pub(crate) messages: (Vec<u8>, Vec<u8>),
    /// The initiator's and the responder's nonce.
    pub(crate) nonces: (Vec<u8>, Vec<u8>),
    /// The hashes that the peer announced; `None` if it does not know RFC 7427.
    pub(crate) hashes: Option<Vec<HashId>>,
}

impl Transcript {
    /// What the side with `role` signs.
    fn signed<'a>(&'a self, role: Role, identity: &'a [u8]) -> Signed<'a> {
        let (first_message, other_nonce) = match role {
            Role::Initiator => (&self.messages.0, &self.nonces.1),
            Role::Responder => (&self.messages.1, &self.nonces.0),
        };
        Signed {
            first_message,
            other_nonce,
            identity,
        }
    }
}

/// The body of an ID payload.
pub(crate) fn identification(identity: &Identity) -> Vec<u8> {
    let mut body = Vec::new();
    Encode::encode(
        &Identification {
            kind: identity.kind,
            data: &identity.data,
        },
        &mut body,
    );
    body
}

/// Our proof, as payloads.
#[derive(Debug)]
pub(crate) struct OwnProof {
    /// CERT, leaf first.
    pub(crate) certificates: Vec<OwnedPayload>,
    /// AUTH.
    pub(crate) auth: OwnedPayload,
    /// Its method, to tell an operator.
    pub(crate) method: AuthMethod,
}

/// Makes our proof, as the side with `role`, for a peer that asked for certificates of these
/// authorities.
pub(crate) fn prove(
    core: &mut Core,
    connection: Option<usize>,
    (keys, transcript, role): (&Keys, &Transcript, Role),
    asked: &[AuthorityHash],
) -> Result<OwnProof, Failure> {
    let at = connection.ok_or(Failure::Bug("no connection"))?;
    let connection = core.config.connections.get(at);
    let authentication = &connection
        .ok_or(Failure::Bug("no connection"))?
        .authentication;
    let identity = identification(&authentication.local_id);
    let signed = transcript.signed(role, &identity);
    let provider = core.provider;
    let mut certificates = Vec::new();
    let (method, data) = match &authentication.local {
        LocalProof::Psk(psk) => {
            let data = mac::make(provider, keys, role, &signed, psk.as_slice())?;
            (AuthMethod::SHARED_KEY, data)
        }
        // RFC 7619 §2.1
        LocalProof::Null => {
            let data = mac::make(provider, keys, role, &signed, keys.proof_key(role))?;
            (AuthMethod::NULL, data)
        }
        LocalProof::Certificate(credentials) => {
            let announced = transcript.hashes.as_deref();
            let chosen = signature::choose(credentials, announced, asked);
            let chosen = chosen.ok_or_else(|| {
                let schemes = credentials.iter().flat_map(|it| &it.schemes).copied();
                AuthenticationFailure::CannotSign {
                    ours: authentication.local_id.clone(),
                    schemes: schemes.collect(),
                    announced: transcript.hashes.clone(),
                }
            })?;
            certificates = certificates::show(&chosen.credential.chain);
            let made = signed.covered(provider, keys, role, |parts| {
                chosen.sign(parts, &mut core.random)
            })?;
            (chosen.method, made?)
        }
    };
    let data = &data;
    let mut body = Vec::new();
    Encode::encode(&Authentication { method, data }, &mut body);
    Ok(OwnProof {
        certificates,
        auth: OwnedPayload::new(kind::AUTH, body),
        method,
    })
}

/// What a peer shows for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof<'a> {
    /// Its ID payload's body.
    pub(crate) identification: &'a [u8],
    /// Who it says it is.
    pub(crate) identity: &'a Identity,
    /// Its AUTH payload.
    pub(crate) auth: Authentication<'a>,
}

/// Where the check of a proof stands.
#[derive(Debug)]
pub(crate) enum Checked<'a> {
    /// It holds.
    Done(Verified),
    /// It is a signature, and may hold if the application vouches for a key.
    NeedsKey(&'a Trust),
}

/// What a proof is checked with.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) keys: &'a Keys,
    pub(crate) transcript: &'a Transcript,
    /// The peer's.
    pub(crate) role: Role,
}

/// Checks the AUTH payload of the peer against what the connection accepts, as far as that goes
/// without its public key.
pub(crate) fn verify<'a>(
    evidence: Evidence<'_>,
    accepted: &'a [RemoteProof],
    proof: Proof<'_>,
) -> Result<Checked<'a>, Failure> {
    let peer = proof.identity;
    let method = proof.auth.method;
    let Some(expected) = accepted.iter().find(|it| it.is_for(method)) else {
        let failure = AuthenticationFailure::Method {
            peer: peer.clone(),
            method,
            accepted: accepted.iter().map(RemoteProof::kind).collect(),
        };
        return Err(failure.into());
    };
    let signed = evidence
        .transcript
        .signed(evidence.role, proof.identification);
    let Evidence {
        provider,
        keys,
        role,
        ..
    } = evidence;
    match expected {
        RemoteProof::Psk(_) => {
            // any of several, as when a key is replaced
            for secret in accepted.iter().filter_map(RemoteProof::secret) {
                if mac::check(provider, keys, role, &signed, secret, proof.auth.data)? {
                    return Ok(Checked::Done(Verified(peer.clone(), expected.kind())));
                }
            }
            Err(AuthenticationFailure::WrongSecret { peer: peer.clone() }.into())
        }
        // RFC 7619 §2.2: whoever it says it is, it has shown nothing of it
        RemoteProof::Null => {
            let secret = keys.proof_key(role);
            mac::check(provider, keys, role, &signed, secret, proof.auth.data)?
                .then(|| Checked::Done(Verified(Identity::nobody(), expected.kind())))
                .ok_or_else(|| AuthenticationFailure::WrongNull { peer: peer.clone() }.into())
        }
        RemoteProof::Signature(trust) => {
            signature::schemes(proof, trust)?;
            Ok(Checked::NeedsKey(trust))
        }
    }
}

/// Checks a signature of the peer with the key that the application vouches for.
pub(crate) fn verify_signature(
    evidence: Evidence<'_>,
    trust: &Trust,
    proof: Proof<'_>,
    key: &PeerKey,
) -> Result<Verified, Failure> {
    let (schemes, octets) = signature::schemes(proof, trust)?;
    let signed = evidence
        .transcript
        .signed(evidence.role, proof.identification);
    let provider = evidence.provider;
    let by = |scheme: &SignatureScheme| {
        let verifier = provider.verifier(*scheme);
        signed.covered(provider, evidence.keys, evidence.role, |parts| {
            verifier.is_some_and(|it| it.verify(key.as_der(), parts, octets).is_ok())
        })
    };
    let peer = proof.identity.clone();
    for scheme in &schemes {
        if by(scheme)? {
            return Ok(Verified(peer, auth_method::Proof::Signature));
        }
    }
    let method = proof.auth.method;
    // method 1 does not name its hash: an old peer's operator should hear that it is the hash
    let old = SignatureScheme::RsaPkcs1(HashId::SHA1);
    if method == AuthMethod::RSA && !schemes.contains(&old) && by(&old)? {
        return Err(AuthenticationFailure::Scheme {
            peer,
            method,
            used: Some(old),
            accepted: trust.schemes.clone(),
        }
        .into());
    }
    Err(AuthenticationFailure::WrongSignature {
        peer,
        method,
        schemes,
    }
    .into())
}
