//! Who is who, and who knows which secret.

use ikee::crypto::SignatureScheme;
use ikee::doi::auth_method::Proof;
use ikee::doi::{HashId, Identity};
use ikee::ikev2::{AuthenticationFailure, Connection};
use ikee::wire::v2::AuthMethod;

use super::{Case, here, section, there};
use crate::control::{Advice, Comparison};

/// Identities side by side.
pub(super) fn compare(what: &AuthenticationFailure, case: &Case<'_>) -> Vec<Comparison> {
    let peers =
        |ours: Vec<String>, theirs: Option<&Identity>| item("identity of the peer", ours, theirs);
    match what {
        AuthenticationFailure::Identity {
            peer,
            wanted,
            expected,
        } => {
            let ours = expected.iter().map(|it| name(it.as_ref())).collect();
            let mut out = vec![peers(ours, Some(peer))];
            if let Some(wanted) = wanted {
                let ours = case
                    .connections()
                    .map(|it| it.authentication.local_id.to_string());
                out.push(item("our identity", ours.collect(), Some(wanted)));
            }
            out
        }
        AuthenticationFailure::Rejected { ours, wanted, .. } => {
            let mut out = vec![item("our identity", vec![ours.to_string()], None)];
            if let Some(wanted) = wanted {
                out.push(peers(vec![wanted.to_string()], None));
            }
            out
        }
        AuthenticationFailure::Method {
            peer,
            method,
            accepted,
        } => vec![
            peers(remote_id(case), Some(peer)),
            methods(
                accepted.iter().map(|&it| proof(it).to_owned()),
                method.to_string(),
            ),
        ],
        AuthenticationFailure::Scheme {
            peer,
            method,
            used,
            accepted,
        } => {
            let used = used.map_or_else(|| method.to_string(), |it| it.to_string());
            let ours = accepted.iter().map(ToString::to_string);
            vec![peers(remote_id(case), Some(peer)), methods(ours, used)]
        }
        AuthenticationFailure::CannotSign {
            schemes, announced, ..
        } => vec![signatures(schemes, announced.as_deref())],
        AuthenticationFailure::WrongSecret { peer }
        | AuthenticationFailure::WrongSignature { peer, .. }
        | AuthenticationFailure::Untrusted { peer, .. }
        | AuthenticationFailure::Unjudged { peer }
        | AuthenticationFailure::Encoding { peer, .. }
        | AuthenticationFailure::WrongNull { peer } => vec![peers(remote_id(case), Some(peer))],
        _ => Vec::new(),
    }
}

fn signatures(ours: &[SignatureScheme], theirs: Option<&[HashId]>) -> Comparison {
    Comparison {
        item: "signatures".to_owned(),
        ours: ours.iter().map(ToString::to_string).collect(),
        theirs: theirs.map(|it| it.iter().map(ToString::to_string).collect()),
        common: Vec::new(),
    }
}

/// As `auth.remote` has it.
fn proof(it: Proof) -> &'static str {
    match it {
        Proof::Null => "null",
        Proof::SharedKey => "psk",
        Proof::Signature => "cert",
        Proof::Decryption | _ => "another",
    }
}

fn remote_id(case: &Case<'_>) -> Vec<String> {
    let ours = case.connection.iter();
    ours.map(|it| name(it.authentication.remote_id.as_ref()))
        .collect()
}

fn methods(ours: impl Iterator<Item = String>, theirs: String) -> Comparison {
    Comparison {
        item: "authentication of the peer".to_owned(),
        ours: ours.collect(),
        theirs: Some(vec![theirs]),
        common: Vec::new(),
    }
}

fn item(what: &str, ours: Vec<String>, theirs: Option<&Identity>) -> Comparison {
    let theirs = theirs.map(|it| vec![it.to_string()]);
    let fits =
        |it: &&String| *it == ANYBODY || theirs.as_ref().is_some_and(|theirs| theirs.contains(it));
    let common = ours.iter().filter(fits).cloned().collect();
    Comparison {
        item: what.to_owned(),
        common,
        ours,
        theirs,
    }
}

const ANYBODY: &str = "any";

fn name(identity: Option<&Identity>) -> String {
    identity.map_or_else(|| ANYBODY.to_owned(), ToString::to_string)
}

/// What to change.
pub(super) fn advice(what: &AuthenticationFailure, case: &Case<'_>) -> Vec<Advice> {
    match what {
        AuthenticationFailure::Identity {
            peer,
            wanted,
            expected,
        } => identities(peer, wanted.as_ref(), expected, case),
        AuthenticationFailure::Rejected {
            ours,
            wanted,
            method,
        } => rejected(ours, wanted.as_ref(), *method),
        AuthenticationFailure::WrongSecret { peer } => vec![
            there(format!(
                "the secret for us must be the one that we have for '{peer}', octet by octet: look for white space, \
                 quotes, and secrets that one side takes as hexadecimal or base64"
            )),
            here(
                "or take the peer's secret".to_owned(),
                Some(format!("{}psk = \"…\"", section(case.connection))),
            ),
        ],
        AuthenticationFailure::Method { peer, method, .. } => vec![
            there(format!(
                "let '{peer}' authenticate with what the connection takes here"
            )),
            here(
                format!(
                    "or take {method} from it: auth.remote says what the peer may prove itself with"
                ),
                None,
            ),
        ],
        other => certificates(other),
    }
}

/// What is wrong with a certificate, or with a signature by its key.
fn certificates(what: &AuthenticationFailure) -> Vec<Advice> {
    match what {
        AuthenticationFailure::Untrusted { peer, reason } => vec![
            here(
                format!(
                    "the certificate of '{peer}' is not taken ({reason}): if it should be, the authority that signed it \
                     belongs into auth.authorities, and its name must be that identity"
                ),
                None,
            ),
            there(format!(
                "or let the peer show a certificate for '{peer}' by an authority that is trusted here"
            )),
        ],
        AuthenticationFailure::WrongSignature { peer, .. } => vec![there(format!(
            "the peer's private key does not belong to the certificate of '{peer}' that it shows"
        ))],
        AuthenticationFailure::Scheme { .. } => vec![there(
            "let the peer sign with SHA-2 (RFC 7427); only for old peers that cannot, auth.sha1 = true takes SHA-1 here"
                .to_owned(),
        )],
        AuthenticationFailure::CannotSign { .. } => vec![
            here(
                "our key and the peer's hashes do not fit: use a key of another kind".to_owned(),
                None,
            ),
            there(
                "or let the peer take SHA-2 (RFC 7427); only for old peers that cannot, auth.sha1 = true signs with \
                 SHA-1 here"
                    .to_owned(),
            ),
        ],
        AuthenticationFailure::Encoding { .. } => vec![there(
            "let the peer send its certificate itself as X.509, no link and no container".to_owned(),
        )],
        AuthenticationFailure::Unjudged { .. } => vec![here(
            "the daemon was too busy to look at the certificate; try again".to_owned(),
            None,
        )],
        _ => vec![there(
            "let the peer prove who it is, with a key or a secret".to_owned(),
        )],
    }
}

fn identities(
    peer: &Identity,
    wanted: Option<&Identity>,
    expected: &[Option<Identity>],
    case: &Case<'_>,
) -> Vec<Advice> {
    let mut out = Vec::new();
    let is_expected = expected
        .iter()
        .any(|it| it.as_ref().is_none_or(|it| it == peer));
    if !is_expected {
        out.push(here(
            "if that peer is meant, expect the identity that it has".to_owned(),
            Some(format!(
                "{}remote_id = \"{peer}\"",
                section(case.connection)
            )),
        ));
        if let Some(one) = expected.iter().flatten().next() {
            out.push(there(format!("or let the peer be '{one}'")));
        }
    }
    let ours = |it: &Connection, wanted: &Identity| it.authentication.local_id == *wanted;
    if let Some(wanted) = wanted.filter(|wanted| !case.connections().any(|it| ours(it, wanted))) {
        out.push(here(
            "the peer asks for somebody that we are not: be that one".to_owned(),
            Some(format!(
                "{}local_id = \"{wanted}\"",
                section(case.connection)
            )),
        ));
        if let Some(one) = case.connections().next() {
            out.push(there(format!(
                "or let the peer ask for '{}'",
                one.authentication.local_id
            )));
        }
    }
    if out.is_empty() {
        out.push(here(
            "each identity fits some connection, but none has both and the suite that was agreed: look at the \
             connections' proposals"
                .to_owned(),
            None,
        ));
    }
    out
}

/// The peer does not say whether it is the identity or the secret.
fn rejected(ours: &Identity, wanted: Option<&Identity>, method: AuthMethod) -> Vec<Advice> {
    let mut out = vec![there(format!(
        "the peer must expect '{ours}' (our local_id) as its remote identity; its log says whether it does"
    ))];
    if let Some(wanted) = wanted {
        out.push(there(format!(
            "it must be '{wanted}' (our remote_id) itself"
        )));
    }
    let proof = if method == AuthMethod::SHARED_KEY {
        "and its secret for us must be ours, octet by octet: look for white space, quotes, and secrets that one side \
         takes as hexadecimal or base64"
    } else {
        "and it must trust the authority that signed our certificate, and find our identity among its names"
    };
    out.push(there(proof.to_owned()));
    out
}
