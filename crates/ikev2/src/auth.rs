//! Proving identities (RFC 7296 §2.15). Only this module makes a [`Verified`].

use alloc::vec::Vec;

use ike_crypto::Provider;
use ike_ext::Role;
use ipsec_doi::Identity;
use isakmp_wire::Encode;
use isakmp_wire::v2::{AuthMethod, Authentication, Identification};

use crate::authentication::{LocalProof, RemoteProof};
use crate::config::Connection;
use crate::failure::{AuthenticationFailure, Failure};
use crate::keys::{Keys, Signed};

/// An identity whose proof has been checked. There is no other way to an established SA.
#[derive(Clone, Debug)]
pub(crate) struct Verified(Identity);

impl Verified {
    pub(crate) const fn identity(&self) -> &Identity {
        &self.0
    }
}

/// The messages and nonces that both proofs cover.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// The initiator's and the responder's IKE_SA_INIT message, without non-ESP marker.
    pub(crate) messages: (Vec<u8>, Vec<u8>),
    /// The initiator's and the responder's nonce.
    pub(crate) nonces: (Vec<u8>, Vec<u8>),
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

/// The body of our AUTH payload.
pub(crate) fn prove(
    provider: &Provider,
    keys: &Keys,
    transcript: &Transcript,
    role: Role,
    connection: &Connection,
) -> Result<Vec<u8>, Failure> {
    let identity = identification(&connection.authentication.local_id);
    let signed = transcript.signed(role, &identity);
    let LocalProof::Psk(psk) = &connection.authentication.local else {
        return Err(Failure::Bug("no such proof"));
    };
    let mut data = alloc::vec![0; keys.suite().prf.output_len()];
    signed.with_psk(provider, keys, role, psk, |key, parts| {
        key.mac(parts, &mut data);
    })?;
    let mut body = Vec::new();
    Encode::encode(
        &Authentication {
            method: AuthMethod::SHARED_KEY,
            data: &data,
        },
        &mut body,
    );
    Ok(body)
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

/// Checks the AUTH payload of the peer, which has `role`.
pub(crate) fn verify(
    provider: &Provider,
    keys: &Keys,
    transcript: &Transcript,
    role: Role,
    connection: &Connection,
    proof: Proof<'_>,
) -> Result<Verified, Failure> {
    let peer = proof.identity.clone();
    let mut secrets = connection.authentication.remote.iter();
    let secret = secrets.find_map(|it| match it {
        RemoteProof::Psk(psk) => Some(psk),
        RemoteProof::Signature(_) | RemoteProof::Null => None,
    });
    let Some(psk) = secret.filter(|_| proof.auth.method == AuthMethod::SHARED_KEY) else {
        let method = proof.auth.method;
        return Err(Failure::Authentication(AuthenticationFailure::Method {
            peer,
            method,
        }));
    };
    let signed = transcript.signed(role, proof.identification);
    // RFC 7296 §2.15: the whole output of the PRF; a shorter one would be easy to guess
    let whole = proof.auth.data.len() == keys.suite().prf.output_len();
    let verified = signed.with_psk(provider, keys, role, psk, |key, parts| {
        key.verify(parts, proof.auth.data)
    })?;
    match verified {
        Ok(()) if whole => Ok(Verified(peer)),
        _ => Err(Failure::Authentication(
            AuthenticationFailure::WrongSecret { peer },
        )),
    }
}
