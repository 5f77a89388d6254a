//! CERT and CERTREQ (RFC 7296 §3.6, §3.7). Certificates are octets here: what they say is the application's to read.

use alloc::vec::Vec;

use ipsec_doi::Identity;
use isakmp_wire::v2::{CertEncoding, Certificate, CertificateRequest, kind};
use isakmp_wire::{Encode, OwnedPayload, PayloadChain};

use crate::authentication::{Authentication, AuthorityHash, RemoteProof};
use crate::config::Limits;
use crate::failure::{AuthenticationFailure, Failure, Misbehaviour};

/// Our chain.
pub(crate) fn show(chain: &[Vec<u8>]) -> Vec<OwnedPayload> {
    let payload = |data: &Vec<u8>| {
        let mut body = Vec::new();
        Encode::encode(
            &Certificate {
                encoding: CertEncoding::X509_SIGNATURE,
                data,
            },
            &mut body,
        );
        OwnedPayload::new(kind::CERT, body)
    };
    chain.iter().map(payload).collect()
}

/// What the peer shows.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
}

/// Takes the peer's certificates, as many and as long as the limits allow.
pub(crate) fn read(
    payloads: PayloadChain<'_>,
    peer: &Identity,
    limits: &Limits,
) -> Result<Shown, Failure> {
    let mut shown = Shown::default();
    let mut foreign = None;
    for (count, raw) in payloads.all(kind::CERT).enumerate() {
        if count >= limits.certificates {
            return Err(Misbehaviour::TooManyCertificates.into());
        }
        let Certificate { encoding, data } = Certificate::parse(raw)?;
        if data.len() > limits.certificate_octets {
            return Err(Misbehaviour::LongCertificate.into());
        }
        match encoding {
            CertEncoding::X509_SIGNATURE => shown.chain.push(data.to_vec()),
            CertEncoding::CRL => shown.crls.push(data.to_vec()),
            // RFC 7296 §3.6: nobody may send the address of a certificate unasked, and we do not ask:
            // it would make us connect to wherever a stranger likes
            other => foreign = foreign.or(Some(other)),
        }
    }
    match foreign {
        Some(encoding) if shown.chain.is_empty() => {
            let peer = peer.clone();
            Err(AuthenticationFailure::Encoding { peer, encoding }.into())
        }
        _ => Ok(shown),
    }
}

/// No more authorities than this are named, or looked at, in one message.
pub(crate) const MAX_AUTHORITIES: usize = 128;

/// No more authorities than this are named to a stranger: an answer in clear goes to whatever address
/// the question bore, and cannot be fragmented (RFC 7383 §2.1).
pub(crate) const MAX_IN_CLEAR: usize = 20;

/// Asks for certificates of the authorities that these authentications trust, `most` of them; `None`
/// where there is nothing to ask for.
pub(crate) fn ask<'a>(
    all: impl Iterator<Item = &'a Authentication>,
    most: usize,
) -> Option<OwnedPayload> {
    let mut authorities: Vec<AuthorityHash> = Vec::new();
    for remote in all.flat_map(|it| &it.remote) {
        if let RemoteProof::Signature(trust) = remote {
            for it in &trust.authorities {
                if authorities.len() < most && !authorities.contains(it) {
                    authorities.push(*it);
                }
            }
        }
    }
    if authorities.is_empty() {
        return None;
    }
    let mut body = Vec::new();
    Encode::encode(
        &CertificateRequest {
            encoding: CertEncoding::X509_SIGNATURE,
            data: authorities.as_flattened(),
        },
        &mut body,
    );
    Some(OwnedPayload::new(kind::CERTREQ, body))
}

/// The authorities that the peer asks for; what cannot be read is no wish.
pub(crate) fn asked(payloads: PayloadChain<'_>) -> Vec<AuthorityHash> {
    payloads
        .all(kind::CERTREQ)
        .filter_map(|it| CertificateRequest::parse(it).ok())
        .filter(|it| it.encoding == CertEncoding::X509_SIGNATURE)
        .flat_map(|it| it.authorities().copied().collect::<Vec<_>>())
        .take(MAX_AUTHORITIES)
        .collect()
}
