//! What to change, here or at the peer.

use ikee::doi::v1::{IkeProposal, Phase1, notify};
use ikee::doi::{EspProposal, TrafficSelector};
use ikee::ext::Role;
use ikee::ikev1::{AuthenticationFailure, Connection, Failure, Incompatibility};
use ikee::wire::ExchangeType;
use ikee::wire::v1::{AuthMethod, NotifyType};

use super::super::suites::{self, Offer};
use super::super::{here, offers, suite, there};
use super::{Case, child, esp, phase1, phase2};
use crate::control::{Advice, Side};

/// What to change on which side.
pub(super) fn of(case: &Case<'_>) -> Vec<Advice> {
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
