//! Signatures: which scheme under which method, and what was announced (RFC 7296 §2.15, RFC 4754, RFC 7427, RFC 8420).

use alloc::vec::Vec;

use ike_crypto::{Random, SignatureScheme};
use ipsec_doi::HashId;
use isakmp_wire::v2::{AuthMethod, DigitalSignature, NotifyType};
use isakmp_wire::{Encode, OwnedPayload, PayloadChain};

use crate::auth::Proof;
use crate::authentication::{
    Authentication, AuthorityHash, Credential, LocalProof, RemoteProof, Trust,
};
use crate::failure::{AuthenticationFailure, Failure};
use crate::init::notify_data;
use crate::send::notify;

/// How we sign.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) credential: &'a Credential,
    pub(crate) method: AuthMethod,
    scheme: SignatureScheme,
}

/// The credential that the peer asks for, with its first scheme that the peer understands.
pub(crate) fn choose<'a>(
    credentials: &'a [Credential],
    announced: Option<&[HashId]>,
    asked: &[AuthorityHash],
) -> Option<Choice<'a>> {
    let suits = |it: &&Credential| {
        let authorities = &it.authorities;
        asked.is_empty()
            || authorities.is_empty()
            || authorities.iter().any(|it| asked.contains(it))
    };
    // RFC 7296 §3.7: a request is a wish, so that another certificate is better than none
    let wished = credentials.iter().filter(suits);
    let others = credentials.iter().filter(|it| !suits(it));
    wished.chain(others).find_map(|credential| {
        let (scheme, method) = credential
            .schemes
            .iter()
            .find_map(|it| Some((*it, method(*it, announced)?)))?;
        Some(Choice {
            credential,
            method,
            scheme,
        })
    })
}

/// The schemes that have a method of their own, from before RFC 7427: ECDSA on one curve each (RFC
/// 4754 §3), and what method 1 means unless both sides know better (RFC 7296 §2.15).
const OLD: [(SignatureScheme, AuthMethod); 4] = [
    (
        SignatureScheme::EcdsaFixed(HashId::SHA2_256),
        AuthMethod::ECDSA_256,
    ),
    (
        SignatureScheme::EcdsaFixed(HashId::SHA2_384),
        AuthMethod::ECDSA_384,
    ),
    (
        SignatureScheme::EcdsaFixed(HashId::SHA2_512),
        AuthMethod::ECDSA_521,
    ),
    (SignatureScheme::RsaPkcs1(HashId::SHA1), AuthMethod::RSA),
];

/// The method that a scheme goes by, if the peer understands it.
fn method(scheme: SignatureScheme, announced: Option<&[HashId]>) -> Option<AuthMethod> {
    if let Some((_, method)) = OLD.iter().find(|it| it.0 == scheme) {
        return Some(*method);
    }
    // RFC 7427 §4: not before the peer has said that it knows the hash
    let known = announced?.contains(&hash(scheme)?);
    known.then_some(AuthMethod::DIGITAL_SIGNATURE)
}

/// What a scheme is announced by; `None` where it does not go by method 14.
fn hash(scheme: SignatureScheme) -> Option<HashId> {
    scheme.algorithm_identifier().and_then(|_| scheme.hash())
}

impl Choice<'_> {
    /// The data of the AUTH payload.
    pub(crate) fn sign(
        &self,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Failure> {
        let signature = self.credential.key.sign(self.scheme, parts, random)?;
        if self.method != AuthMethod::DIGITAL_SIGNATURE {
            return Ok(signature);
        }
        let algorithm = self.scheme.algorithm_identifier();
        let mut data = Vec::new();
        // RFC 7427 §3
        Encode::encode(
            &DigitalSignature {
                algorithm: algorithm.ok_or(Failure::Bug("a scheme without a name"))?,
                signature: &signature,
            },
            &mut data,
        );
        Ok(data)
    }
}

/// The schemes that the peer's signature may be made by, and the signature itself.
pub(crate) fn schemes<'a>(
    proof: Proof<'a>,
    trust: &Trust,
) -> Result<(Vec<SignatureScheme>, &'a [u8]), Failure> {
    use SignatureScheme as S;
    let auth = proof.auth;
    let mut named = None;
    let (may, octets): (Vec<S>, _) = match auth.method {
        AuthMethod::DIGITAL_SIGNATURE => {
            let it = DigitalSignature::parse(auth.data, 0)?;
            named = S::from_algorithm_identifier(it.algorithm);
            (named.into_iter().collect(), it.signature)
        }
        // RFC 7296 §2.15: SHA-1 unless both sides know better
        AuthMethod::RSA => {
            let hashes = [
                HashId::SHA1,
                HashId::SHA2_256,
                HashId::SHA2_384,
                HashId::SHA2_512,
            ];
            (hashes.map(S::RsaPkcs1).to_vec(), auth.data)
        }
        AuthMethod::ECDSA_256 => (alloc::vec![S::EcdsaFixed(HashId::SHA2_256)], auth.data),
        AuthMethod::ECDSA_384 => (alloc::vec![S::EcdsaFixed(HashId::SHA2_384)], auth.data),
        AuthMethod::ECDSA_521 => (alloc::vec![S::EcdsaFixed(HashId::SHA2_512)], auth.data),
        _ => (Vec::new(), auth.data),
    };
    let taken: Vec<_> = may
        .into_iter()
        .filter(|it| trust.schemes.contains(it))
        .collect();
    if taken.is_empty() {
        return Err(AuthenticationFailure::Scheme {
            peer: proof.identity.clone(),
            method: auth.method,
            used: named,
            accepted: trust.schemes.clone(),
        }
        .into());
    }
    Ok((taken, octets))
}

/// The hashes to announce for these authentications (RFC 7427 §4); empty: nothing, and the peer is
/// to sign in the old ways.
pub(crate) fn hashes<'a>(all: impl Iterator<Item = &'a Authentication>) -> Vec<HashId> {
    let mut hashes = Vec::new();
    let mut add = |schemes: &[SignatureScheme]| {
        for it in schemes {
            let old = *it == SignatureScheme::RsaPkcs1(HashId::SHA1);
            // RFC 8247 §3.2: SHA-1 goes with the old method alone
            if let Some(hash) = hash(*it).filter(|hash| !old && !hashes.contains(hash)) {
                hashes.push(hash);
            }
        }
    };
    for it in all {
        let mut asks = false;
        for remote in &it.remote {
            if let RemoteProof::Signature(trust) = remote {
                asks = true;
                add(&trust.schemes);
            }
        }
        // who takes no signatures still has to say that it makes some, to hear what the peer knows
        if let (false, LocalProof::Certificate(own)) = (asks, &it.local) {
            own.iter().for_each(|it| add(&it.schemes));
        }
    }
    hashes
}

/// The notification that announces hashes.
pub(crate) fn announce(hashes: &[HashId]) -> OwnedPayload {
    let octets: Vec<u8> = hashes
        .iter()
        .flat_map(|it| it.get().to_be_bytes())
        .collect();
    notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, &octets)
}

/// No more hashes of one announcement than this are looked at.
const MAX_HASHES: usize = 32;

/// What the peer announces.
pub(crate) fn announced(payloads: PayloadChain<'_>) -> Option<Vec<HashId>> {
    let data = notify_data(payloads, NotifyType::SIGNATURE_HASH_ALGORITHMS).next()?;
    let (numbers, _) = data.as_chunks::<2>();
    let numbers = numbers.iter().take(MAX_HASHES);
    Some(
        numbers
            .map(|it| HashId::new(u16::from_be_bytes(*it)))
            .collect(),
    )
}
