//! Which certificate is at fault, and what to say about it.

use rustls_pki_types::UnixTime;
use webpki::Error;

use crate::certificate::{Certificate, date};
use crate::crl::Crl;
use crate::refusal::{Reason, Refusal};

/// Longest way upwards that is looked at for a message.
const STEPS: usize = 8;

/// All certificates and lists that were at hand.
pub(crate) struct Known<'a> {
    pub(crate) peer: &'a Certificate,
    /// Those that may stand between.
    pub(crate) others: Vec<Certificate>,
    pub(crate) authorities: &'a [Certificate],
    pub(crate) crls: &'a [&'a Crl],
}

impl Known<'_> {
    /// From the peer's certificate upwards, by names alone.
    fn upwards(&self) -> Vec<&Certificate> {
        let mut way = vec![self.peer];
        let mut current = self.peer;
        while way.len() < STEPS && !current.is_self_issued() {
            let above = self
                .authorities
                .iter()
                .chain(&self.others)
                .find(|it| it.subject_der() == current.issuer_der());
            match above {
                Some(above) if !way.contains(&above) => {
                    way.push(above);
                    current = above;
                }
                _ => break,
            }
        }
        way
    }

    /// The first one upwards that has that fault, the peer's when none stands out.
    fn culprit(&self, has_fault: impl Fn(&Certificate) -> bool) -> &Certificate {
        let way = self.upwards();
        way.into_iter()
            .find(|it| has_fault(it))
            .unwrap_or(self.peer)
    }

    pub(crate) fn blame(&self, error: &Error) -> Refusal {
        match error {
            Error::CertExpired { not_after, .. } => {
                let at = since(*not_after);
                let culprit = self.culprit(|it| it.not_after() == at);
                refuse(
                    Reason::Expired,
                    culprit,
                    format!("it has expired at {}; renew it", date(at)),
                )
            }
            Error::CertNotValidYet { not_before, .. } => {
                let at = since(*not_before);
                let culprit = self.culprit(|it| it.not_before() == at);
                refuse(
                    Reason::NotYetValid,
                    culprit,
                    format!(
                        "it is not valid before {}; wait, or set the clock of this host",
                        date(at)
                    ),
                )
            }
            Error::UnknownIssuer => self.unknown_issuer(),
            Error::CertRevoked | Error::UnknownRevocationStatus | Error::CrlExpired { .. } => {
                self.revocation(error)
            }
            _ => self.other(error),
        }
    }

    fn unknown_issuer(&self) -> Refusal {
        let way = self.upwards();
        let last = way.last().copied().unwrap_or(self.peer);
        let text = if self.authorities.contains(last) {
            "no chain of valid certificates leads from it to an authority; look at the certificates between".to_owned()
        } else if last.is_self_issued() {
            "it is self-signed and not among the configured authorities; add it there if it is a CA's that you trust"
                .to_owned()
        } else {
            format!(
                "it is issued by '{}', which is not among the configured authorities; add that CA's certificate, or let \
                 the peer send those between",
                last.issuer()
            )
        };
        refuse(Reason::UnknownAuthority, last, text)
    }

    fn revocation(&self, error: &Error) -> Refusal {
        match error {
            Error::CertRevoked => {
                let culprit = self.culprit(|it| self.crls.iter().any(|crl| crl.lists(it)));
                let text = format!(
                    "its issuer '{}' has revoked it; have a new one issued",
                    culprit.issuer()
                );
                refuse(Reason::Revoked, culprit, text)
            }
            Error::CrlExpired { next_update, .. } => {
                let at = since(*next_update);
                let culprit = self.culprit(|it| {
                    self.crls
                        .iter()
                        .any(|crl| crl.concerns(it) && crl.next_update() == at)
                });
                refuse(
                    Reason::CrlExpired,
                    culprit,
                    format!(
                        "the CRL of '{}' is out of date since {}; fetch the new one",
                        culprit.issuer(),
                        date(at)
                    ),
                )
            }
            _ => {
                let culprit = self.culprit(|it| !self.crls.iter().any(|crl| crl.concerns(it)));
                refuse(
                    Reason::NoCrl,
                    culprit,
                    format!(
                        "no CRL of '{}' says whether it is revoked; add that to crls, or make revocation lenient",
                        culprit.issuer()
                    ),
                )
            }
        }
    }

    fn other(&self, error: &Error) -> Refusal {
        let reason = reason(error);
        let culprit = match reason {
            Reason::IssuerIsNoAuthority => {
                let fault = |it: &Certificate| !it.is_authority() || !it.may_certify();
                self.upwards()
                    .into_iter()
                    .skip(1)
                    .find(|it| fault(it))
                    .unwrap_or(self.peer)
            }
            _ => self.peer,
        };
        refuse(reason, culprit, text(reason))
    }
}

fn refuse(reason: Reason, certificate: &Certificate, text: impl Into<String>) -> Refusal {
    Refusal::new(reason, certificate.subject(), text)
}

fn since(time: UnixTime) -> core::time::Duration {
    core::time::Duration::from_secs(time.as_secs())
}

/// The reasons that need no more than the error itself.
fn reason(error: &Error) -> Reason {
    match error {
        Error::InvalidSignatureForPublicKey => Reason::BadSignature,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::SignatureAlgorithmMismatch => Reason::SignatureAlgorithm,
        Error::UnsupportedCriticalExtension => Reason::CriticalExtension,
        Error::UnsupportedCertVersion => Reason::Version,
        Error::CaUsedAsEndEntity => Reason::AuthorityAsPeer,
        Error::EndEntityUsedAsCa => Reason::IssuerIsNoAuthority,
        Error::PathLenConstraintViolated
        | Error::MaximumPathDepthExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => Reason::ChainTooLong,
        Error::NameConstraintViolation => Reason::NameConstraint,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Reason::ExtendedKeyUsage,
        Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => Reason::CrlSignature,
        Error::InvalidCrlNumber
        | Error::UnsupportedCrlIssuingDistributionPoint
        | Error::UnsupportedCrlVersion
        | Error::UnsupportedDeltaCrl
        | Error::UnsupportedIndirectCrl
        | Error::UnsupportedRevocationReason
        | Error::UnsupportedRevocationReasonsPartitioning => Reason::CrlMalformed,
        _ => Reason::Malformed,
    }
}

fn text(reason: Reason) -> &'static str {
    match reason {
        Reason::BadSignature => {
            "it, or one above it, was not signed with its issuer's key (or with one too short); is it of another CA of \
             the same name?"
        }
        Reason::SignatureAlgorithm => {
            "it, or one above it, is signed in a way that is unknown or too weak (SHA-1 only where allowed); have it \
             issued with SHA-256"
        }
        Reason::CriticalExtension => {
            "it, or one above it, has a critical extension that is not understood; have it issued without"
        }
        Reason::Version => "it, or one above it, is not of version 3; have it issued anew",
        Reason::AuthorityAsPeer => {
            "it is a CA's; let the peer use a certificate that the CA has issued for it"
        }
        Reason::IssuerIsNoAuthority => {
            "it has issued a certificate but is no CA's that may (basicConstraints, keyCertSign)"
        }
        Reason::ChainTooLong => {
            "the chain above it is longer than a CA in it allows, or too long to be looked at; shorten it"
        }
        Reason::NameConstraint => {
            "a CA above it may not certify its name (nameConstraints); have another CA issue it"
        }
        Reason::ExtendedKeyUsage => {
            "the extended key usage of one above it excludes IKE; have another CA issue it"
        }
        Reason::CrlSignature => {
            "the CRL of its issuer is not signed by that issuer, or not in an acceptable way; fetch it anew"
        }
        Reason::CrlMalformed => "the CRL of its issuer cannot be read; fetch a complete one",
        _ => "it, or one above it, is not as RFC 5280 has it; have it issued anew",
    }
}
