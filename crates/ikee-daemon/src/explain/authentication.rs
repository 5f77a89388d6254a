//! Who is who, and who knows which secret.

use ikee::doi::Identity;
use ikee::ikev2::{AuthenticationFailure, Connection};

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
        AuthenticationFailure::Rejected { ours, wanted } => {
            let mut out = vec![item("our identity", vec![ours.to_string()], None)];
            if let Some(wanted) = wanted {
                out.push(peers(vec![wanted.to_string()], None));
            }
            out
        }
        AuthenticationFailure::WrongSecret { peer }
        | AuthenticationFailure::Method { peer, .. } => {
            let ours = case
                .connection
                .map(|it| name(it.authentication.remote_id.as_ref()));
            vec![peers(ours.into_iter().collect(), Some(peer))]
        }
        _ => Vec::new(),
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
        AuthenticationFailure::Rejected { ours, wanted } => rejected(ours, wanted.as_ref()),
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
        AuthenticationFailure::Method { peer, method } => vec![
            there(format!(
                "let '{peer}' authenticate with what the connection has here"
            )),
            here(
                format!("or let the connection accept {method} from the peer"),
                None,
            ),
        ],
        other => vec![here(
            format!(
                "{other}: look at the peer's certificate, and at the authorities that the connection trusts"
            ),
            None,
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
fn rejected(ours: &Identity, wanted: Option<&Identity>) -> Vec<Advice> {
    let mut out = vec![there(format!(
        "the peer must expect '{ours}' (our local_id) as its remote identity; its log says whether it does"
    ))];
    if let Some(wanted) = wanted {
        out.push(there(format!(
            "it must be '{wanted}' (our remote_id) itself"
        )));
    }
    out.push(there(
        "and its secret for us must be ours, octet by octet: look for white space, quotes, and secrets that one side \
         takes as hexadecimal or base64; with certificates, it must trust the authority that signed ours"
            .to_owned(),
    ));
    out
}
