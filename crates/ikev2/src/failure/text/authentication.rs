//! Failed proofs in words.

use core::fmt;

use ike_crypto::SignatureScheme;
use ipsec_doi::auth_method::Proof;
use ipsec_doi::{HashId, Identity};
use isakmp_wire::v2::AuthMethod;

use super::{List, NONE};
use crate::failure::AuthenticationFailure;

/// An identity, or anybody.
struct Whom<'a>(Option<&'a Identity>);

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(identity) => write!(f, "'{identity}'"),
            None => f.write_str("anybody"),
        }
    }
}

/// A kind of proof in an operator's words.
struct Kind(Proof);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Proof::Null => "no proof at all",
            Proof::SharedKey => "a pre-shared key",
            Proof::Signature => "a signature",
            Proof::Decryption | _ => "another proof",
        })
    }
}

/// The method of an AUTH payload in an operator's words.
struct Method(AuthMethod);

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Proof::of_v2(self.0) {
            Some(Proof::Signature) => write!(f, "a signature (method {})", self.0),
            Some(kind) => Kind(kind).fmt(f),
            None => write!(f, "method {}", self.0),
        }
    }
}

impl fmt::Display for AuthenticationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSecret { peer } => write!(
                f,
                "the pre-shared key for '{peer}' is not the one that the peer used; both sides need the same"
            ),
            Self::WrongNull { peer } => write!(
                f,
                "'{peer}' proves nothing, as it may, but not over this exchange"
            ),
            Self::Method {
                peer,
                method,
                accepted,
            } => {
                let kinds: alloc::vec::Vec<_> = accepted.iter().map(|it| Kind(*it)).collect();
                let (used, taken) = (Method(*method), List(&kinds, NONE));
                write!(
                    f,
                    "'{peer}' authenticates with {used}, but the connection wants {taken}"
                )
            }
            Self::Scheme {
                peer,
                method,
                used,
                accepted,
            } => scheme(f, peer, (*method, *used), accepted),
            Self::WrongSignature { peer, schemes, .. } => write!(
                f,
                "the signature of '{peer}' ({}) is not by the key of its certificate over this exchange",
                List(schemes, NONE)
            ),
            Self::Untrusted { peer, reason } => {
                write!(f, "the certificate of '{peer}' is not taken: {reason}")
            }
            Self::Unjudged { peer } => write!(
                f,
                "nobody said in time whether the certificate of '{peer}' is to be trusted"
            ),
            Self::Encoding { peer, encoding } => write!(
                f,
                "'{peer}' sends no X.509 certificate but {encoding}, which is neither fetched nor read"
            ),
            Self::CannotSign {
                ours,
                schemes,
                announced,
            } => cannot_sign(f, ours, schemes, announced.as_deref()),
            Self::Rejected {
                ours,
                wanted,
                method,
            } => rejected(f, ours, wanted.as_ref(), *method),
            Self::Identity {
                peer,
                wanted,
                expected,
            } => identity(f, peer, wanted.as_ref(), expected),
        }
    }
}

fn scheme(
    f: &mut fmt::Formatter<'_>,
    peer: &Identity,
    (method, used): (AuthMethod, Option<SignatureScheme>),
    accepted: &[SignatureScheme],
) -> fmt::Result {
    write!(f, "'{peer}' signs with ")?;
    match used {
        Some(scheme) => write!(f, "{scheme}")?,
        None if method == AuthMethod::DIGITAL_SIGNATURE => {
            f.write_str("an algorithm that is unknown here")?;
        }
        None => write!(f, "the old method {method}")?,
    }
    write!(f, "; the connection takes only {}", List(accepted, NONE))
}

fn cannot_sign(
    f: &mut fmt::Formatter<'_>,
    ours: &Identity,
    schemes: &[SignatureScheme],
    announced: Option<&[HashId]>,
) -> fmt::Result {
    write!(
        f,
        "'{ours}' may sign with {}, and the peer ",
        List(schemes, NONE)
    )?;
    match announced {
        Some(hashes) => write!(f, "knows the hashes {} only", List(hashes, NONE)),
        None => f.write_str(
            "does not know RFC 7427: it takes RSA with SHA-1, or ECDSA with the hash of its curve",
        ),
    }
}

fn rejected(
    f: &mut fmt::Formatter<'_>,
    ours: &Identity,
    wanted: Option<&Identity>,
    method: AuthMethod,
) -> fmt::Result {
    write!(f, "the peer answered AUTHENTICATION_FAILED to '{ours}'")?;
    if let Some(wanted) = wanted {
        write!(f, ", which asked for '{wanted}'")?;
    }
    f.write_str("; it does not expect that, ")?;
    match Proof::of_v2(method) {
        Some(Proof::SharedKey) => f.write_str("or has another pre-shared key"),
        Some(Proof::Null) => f.write_str("or wants a proof"),
        _ => write!(
            f,
            "or does not take our certificate or the signature (method {method})"
        ),
    }
}

fn identity(
    f: &mut fmt::Formatter<'_>,
    peer: &Identity,
    wanted: Option<&Identity>,
    expected: &[Option<Identity>],
) -> fmt::Result {
    write!(f, "the peer is '{peer}'")?;
    if let Some(wanted) = wanted {
        write!(f, " and asks for '{wanted}'")?;
    }
    let expected: alloc::vec::Vec<_> = expected.iter().map(|it| Whom(it.as_ref())).collect();
    write!(
        f,
        "; no connection expects that, only {}",
        List(&expected, NONE)
    )
}
