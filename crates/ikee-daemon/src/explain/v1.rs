//! Why a negotiation of IKEv1 failed, and what to change on which side.

use core::net::SocketAddr;

use ikee::doi::v1::{IkeProposal, Phase1, Phase2, notify};
use ikee::doi::{EspProposal, TrafficSelector};
use ikee::ext::Role;
use ikee::ikev1::{
    AuthenticationFailure, Child, Connection, Failure, Incompatibility, Selector, Suites,
};
use ikee::wire::ExchangeType;
use ikee::wire::v1::{AuthMethod, NotifyType};

use super::suites::{self, Offer};
use super::{here, offers, peer, suite, there};
use crate::control::{Advice, Class, Comparison, FailureReport, Side};

/// What is known of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) failure: &'a Failure,
    /// The connection, if one was chosen.
    pub(crate) connection: Option<&'a Connection>,
    pub(crate) role: Role,
    pub(crate) exchange: ExchangeType,
    pub(crate) remote: SocketAddr,
    pub(crate) vendor_ids: &'a [Vec<u8>],
}

/// The report on a failure; its age and count are the caller's to set.
pub(crate) fn report(case: &Case<'_>) -> FailureReport {
    FailureReport {
        connection: case.connection.map(|it| it.name.clone()),
        candidates: Vec::new(),
        age: 0,
        count: 1,
        overcome: false,
        role: match case.role {
            Role::Initiator => "initiator",
            Role::Responder => "responder",
        }
        .to_owned(),
        remote: case.remote.to_string(),
        exchange: case.exchange.to_string(),
        class: class(case.failure),
        summary: case.failure.to_string(),
        comparisons: comparisons(case),
        vendor_ids: peer::names(case.vendor_ids),
        reasons: Vec::new(),
        windows: peer::windows_v1(case.vendor_ids),
        advice: advice(case),
    }
}

/// Sorts failures by what an operator has to look at.
fn class(failure: &Failure) -> Class {
    match failure {
        Failure::Authentication(what) => match what {
            AuthenticationFailure::Identity { .. } => Class::Identity,
            AuthenticationFailure::WrongSecret { .. } => Class::Secret,
            AuthenticationFailure::Xauth { .. } => Class::User,
            _ => Class::Certificate,
        },
        Failure::Bug(_) => Class::Internal,
        Failure::Incompatible(what) => match **what {
            Incompatibility::Addresses => Class::Addresses,
            Incompatibility::Ike { .. } => Class::IkeSuite,
            Incompatibility::Child { .. } => Class::EspSuite,
            Incompatibility::PublicKeyEncryption(_) => Class::Method,
            Incompatibility::Selectors { .. } => Class::Selectors,
            Incompatibility::NoConnection => Class::NoConnection,
            _ => Class::Protocol,
        },
        Failure::Refused(_) => Class::Refused,
        Failure::PeerError(NotifyType::AUTHENTICATION_FAILED) => Class::Secret,
        Failure::PeerError(NotifyType::INVALID_ID_INFORMATION) => Class::Selectors,
        Failure::PeerError(_) => Class::PeerError,
        Failure::Timeout(_) => Class::Silent,
        _ => Class::Protocol,
    }
}

fn phase1(offer: &Phase1) -> IkeProposal {
    IkeProposal {
        encryption: vec![offer.suite.encryption],
        hash: vec![offer.suite.hash],
        groups: vec![offer.suite.group],
    }
}

fn phase2(offer: &Phase2) -> EspProposal {
    EspProposal {
        encryption: offer.encryption.into_iter().collect(),
        integrity: offer.integrity.into_iter().collect(),
        groups: offer.group.into_iter().collect(),
        esn: vec![offer.esn],
    }
}

/// A child of the connection, or its first.
fn child<'a>(case: &Case<'a>, name: Option<&str>) -> Option<&'a Child> {
    let children = &case.connection?.children;
    let named = children.iter().find(|it| Some(it.name.as_str()) == name);
    named.or_else(|| children.first())
}

fn esp(child: Option<&Child>) -> Vec<EspProposal> {
    match child.map(|it| &it.suites) {
        Some(Suites::Esp(list)) => list.clone(),
        _ => Vec::new(),
    }
}

fn item(what: &str, ours: Vec<String>, theirs: Option<Vec<String>>) -> Comparison {
    let common = theirs.iter().flatten().filter(|it| ours.contains(it));
    Comparison {
        item: what.to_owned(),
        common: common.cloned().collect(),
        ours,
        theirs,
    }
}

fn comparisons(case: &Case<'_>) -> Vec<Comparison> {
    match case.failure {
        Failure::Authentication(AuthenticationFailure::Identity { peer, expected }) => {
            let ours = expected
                .as_ref()
                .map_or_else(|| "any".to_owned(), ToString::to_string);
            vec![item(
                "identity of the peer",
                vec![ours],
                Some(vec![peer.to_string()]),
            )]
        }
        Failure::Incompatible(what) => match &**what {
            Incompatibility::Ike {
                ours,
                methods,
                theirs,
            } => {
                let read: Vec<IkeProposal> = theirs.iter().map(phase1).collect();
                let (ours, read) = (offers(ours, Offer::phase1), offers(&read, Offer::phase1));
                let mut out = suites::compare(&ours, &read);
                out.push(compare_methods(methods, theirs));
                out
            }
            Incompatibility::Child {
                child: name,
                theirs,
            } => {
                let theirs: Vec<EspProposal> = theirs.iter().map(phase2).collect();
                let ours = esp(child(case, Some(name)));
                suites::compare(&offers(&ours, Offer::esp), &offers(&theirs, Offer::esp))
            }
            Incompatibility::Selectors { theirs } => compare_selectors(case, *theirs),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn compare_methods(ours: &[AuthMethod], theirs: &[Phase1]) -> Comparison {
    let mut words: Vec<String> = Vec::new();
    for word in theirs.iter().map(|it| it.auth.to_string()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let ours = ours.iter().map(ToString::to_string).collect();
    item("method", ours, (!theirs.is_empty()).then_some(words))
}

fn compare_selectors(
    case: &Case<'_>,
    theirs: (Option<TrafficSelector>, Option<TrafficSelector>),
) -> Vec<Comparison> {
    let side = |of: fn(&Child) -> Selector| -> Vec<String> {
        let children = case.connection.iter().flat_map(|it| &it.children);
        let texts = children.map(|it| match of(it) {
            Selector::Dynamic => "dynamic".to_owned(),
            Selector::Fixed(selector) => selector.to_string(),
        });
        texts.collect()
    };
    let text = |it: Option<TrafficSelector>| it.map(|it| vec![it.to_string()]);
    vec![
        item("behind us", side(|it| it.local), text(theirs.0)),
        item("behind the peer", side(|it| it.remote), text(theirs.1)),
    ]
}

fn advice(case: &Case<'_>) -> Vec<Advice> {
    match case.failure {
        Failure::Timeout(hint) => silent(case, *hint),
        Failure::Authentication(what) => authentication(what, case),
        Failure::Incompatible(what) => incompatible(what, case),
        Failure::PeerError(what) => refused(*what, case),
        Failure::Malformed(_) | Failure::Misbehaved(_) | Failure::Crypto => vec![there(
            "the peer's messages are not what the protocol wants: `ikee daemon --log debug`, and a capture for \
             `ikee inspect`, show them"
                .to_owned(),
        )],
        Failure::Bug(_) => vec![here("please report this as a bug of ikee".to_owned(), None)],
        _ => Vec::new(),
    }
}

/// What a notification from the peer usually means at this point.
fn refused(what: NotifyType, case: &Case<'_>) -> Vec<Advice> {
    let cause = notify::explain(what).map_or("its log says more", |it| it.cause);
    let mut out = vec![there(format!(
        "the peer says {}; {cause}",
        notify::meaning(what)
    ))];
    if case.exchange == ExchangeType::QUICK_MODE {
        out.push(here(
            "quick mode was refused: compare the child's proposals (with or without a group), its selectors (IKEv1 wants \
             them equal on both sides) and its mode"
                .to_owned(),
            None,
        ));
    }
    out
}

/// Nothing came that could be read.
fn silent(case: &Case<'_>, hint: Option<NotifyType>) -> Vec<Advice> {
    let (address, port) = (case.remote.ip(), case.remote.port());
    let mut out = Vec::new();
    if let Some(hint) = hint {
        out.push(there(format!(
            "an answer that nobody authenticated said {hint} ({}): look into the peer's log for the reason",
            notify::meaning(hint)
        )));
    }
    if case.vendor_ids.is_empty() && case.role == Role::Initiator {
        out.push(Advice {
            side: Side::There,
            text: format!(
                "nothing came back from UDP {port}: is {address} the right address, and does an IKE daemon listen there \
                 that speaks IKEv1?"
            ),
            command: Some(format!("ikee probe {address} --ikev1")),
        });
    } else {
        out.push(here(
            "the peer answered at first and then stopped: with pre-shared keys that differ it cannot read what is \
             encrypted, and often says nothing; compare the keys"
                .to_owned(),
            None,
        ));
    }
    out.push(Advice {
        side: Side::Between,
        text: "UDP 500 and 4500 must pass in both directions, IP fragments of long messages with certificates included"
            .to_owned(),
        command: None,
    });
    out
}

fn authentication(what: &AuthenticationFailure, case: &Case<'_>) -> Vec<Advice> {
    let section = section(case.connection);
    match what {
        AuthenticationFailure::WrongSecret { .. } => vec![
            here(
                "what the peer encrypts cannot be read, because its key is another one: compare both, blanks and line ends \
                 included; main mode finds the key by the peer's address, not by its name"
                    .to_owned(),
                Some(format!("{section}psk_file = \"SECRET\"")),
            ),
            there("the same there; several connections for this address must have the same key".to_owned()),
        ],
        AuthenticationFailure::Identity { peer, .. } => vec![here(
            "take the identity that the peer sends, or let the peer send the one that is expected".to_owned(),
            Some(format!("{section}remote_id = \"{peer}\"")),
        )],
        AuthenticationFailure::Xauth { user } if case.role == Role::Responder => vec![
            here(
                format!("name and password of '{user}' stand in xauth.users_file, as NAME:PASSWORD; `ikee reload` reads it"),
                Some(format!("{section}xauth = {{ users_file = \"USERS\" }}")),
            ),
            there("the user may have mistyped it".to_owned()),
        ],
        AuthenticationFailure::Xauth { user } => vec![
            here(
                format!("is '{user}' the name, and is the password in the file?"),
                Some(format!("{section}xauth = {{ user = \"{user}\", password_file = \"PASSWORD\" }}")),
            ),
            there("does the peer know this user?".to_owned()),
        ],
        AuthenticationFailure::NoCertificate { .. } => vec![there(
            "let the peer send its certificate always, not only when it is asked with an authority that it knows".to_owned(),
        )],
        AuthenticationFailure::Certificate { .. } => vec![
            here(
                "the reason stands above; authorities are files or folders".to_owned(),
                Some(format!("{section}auth.authorities = [\"ca.pem\"]")),
            ),
            there("give the peer a certificate of such an authority, for the identity that it sends".to_owned()),
        ],
        _ => vec![there(
            "certificate and private key of the peer do not belong together".to_owned(),
        )],
    }
}

fn incompatible(what: &Incompatibility, case: &Case<'_>) -> Vec<Advice> {
    let section = section(case.connection);
    match what {
        Incompatibility::Ike { theirs, .. } if theirs.is_empty() => vec![Advice {
            side: Side::Here,
            text: "the peer does not tell what it takes: ask for it, then add that to the connection's proposals".to_owned(),
            command: Some(format!("ikee probe {} --ikev1", case.remote.ip())),
        }],
        Incompatibility::Ike {
            ours,
            methods,
            theirs,
        } => phase1_suites(ours, methods, theirs, &section),
        Incompatibility::Child { child: name, theirs } => {
            let ours = esp(child(case, Some(name)));
            let theirs: Vec<EspProposal> = theirs.iter().map(phase2).collect();
            let place = section.replace("]\n", &format!(".children.{name}]\n"));
            let line = |new: &str| place.clone() + &list(&ours, new);
            let (read, theirs) = (offers(&ours, Offer::esp), offers(&theirs, Offer::esp));
            suite(&read, &theirs, line)
        }
        Incompatibility::Selectors { theirs } => other_selectors(*theirs, &section),
        Incompatibility::Addresses => vec![here(
            "have an address for the peer that asks".to_owned(),
            Some(section.replace("]\n", ".addresses]\n") + "assign_ipv4 = \"10.1.9.2\""),
        )],
        Incompatibility::NoConnection => vec![here(
            "no connection that speaks IKEv1 is for this peer and this exchange: give one its address (or none), its \
             identity, and aggressive = true where the peer wants that"
                .to_owned(),
            Some(format!(
                "version = \"ikev1\"\nremote = \"{}\"",
                case.remote.ip()
            )),
        )],
        Incompatibility::PublicKeyEncryption(_) => vec![there(
            "let the peer authenticate by signatures (certificates) or a pre-shared key".to_owned(),
        )],
        Incompatibility::SeveralSas => vec![there(
            "let the peer negotiate one SA in a quick mode: no compression, and ESP without AH"
                .to_owned(),
        )],
        _ => Vec::new(),
    }
}

/// A line of the configuration with one more proposal.
fn list<T: ToString>(proposals: &[T], new: &str) -> String {
    let all = proposals.iter().map(ToString::to_string);
    let quoted: Vec<String> = all
        .chain([new.to_owned()])
        .map(|it| format!("\"{it}\""))
        .collect();
    format!("proposals = [{}]", quoted.join(", "))
}

fn phase1_suites(
    ours: &[IkeProposal],
    methods: &[AuthMethod],
    theirs: &[Phase1],
    section: &str,
) -> Vec<Advice> {
    let mut out = Vec::new();
    if !theirs.iter().any(|it| methods.contains(&it.auth)) {
        out.push(here(
            "both sides have to prove themselves in the same way: a psk or certificates, with xauth or without"
                .to_owned(),
            None,
        ));
    }
    let read: Vec<IkeProposal> = theirs.iter().map(phase1).collect();
    let (mine, read) = (offers(ours, Offer::phase1), offers(&read, Offer::phase1));
    if suites::closest(&mine, &read).is_some_and(|it| !it.wanted_there().is_empty()) {
        let line = |new: &str| section.to_owned() + &list(ours, new);
        out.extend(suite(&mine, &read, line));
    }
    out
}

fn other_selectors(
    theirs: (Option<TrafficSelector>, Option<TrafficSelector>),
    section: &str,
) -> Vec<Advice> {
    let (Some(ours), Some(theirs)) = theirs else {
        return vec![there(
            "let the peer send addresses or subnets in quick mode".to_owned(),
        )];
    };
    let section = section.replace("]\n", ".children.NAME]\n");
    vec![here(
        "IKEv1 wants the selectors of a child equal on both sides: have a child for these, or let the peer take ours"
            .to_owned(),
        Some(format!(
            "{section}local = [\"{ours}\"]\nremote = [\"{theirs}\"]"
        )),
    )]
}

/// Where the keys of a connection stand.
fn section(connection: Option<&Connection>) -> String {
    let name = connection.map_or("NAME", |it| &it.name);
    format!("[connections.{name}]\n")
}

#[cfg(test)]
mod tests;
