//! Why a negotiation failed, and what to change on which side.
//!
//! A pure function from what is known of a failure to the report that `ikee explain` shows.

mod authentication;
mod peer;
mod selectors;
mod silent;
mod suites;
pub(crate) mod v1;
mod windows;

use core::net::SocketAddr;

use ikee::doi::{EspProposal, GroupId, IkeProposal, notify};
use ikee::ext::Role;
use ikee::ikev2::{
    Attempt, AuthenticationFailure, Connection, Failure, Incompatibility, Misbehaviour,
};
use ikee::wire::ExchangeType;
use ikee::wire::v2::{AuthMethod, CfgAttribute, NotifyType, kind};

use crate::control::{Advice, Class, Comparison, FailureReport, Side};
use suites::Offer;

/// What is known of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) failure: &'a Failure,
    /// The connection, if one was chosen.
    pub(crate) connection: Option<&'a Connection>,
    /// Those that take a peer at this address.
    pub(crate) candidates: &'a [&'a Connection],
    pub(crate) circumstances: Circumstances<'a>,
}

/// How far it came, and with whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) role: Role,
    pub(crate) exchange: ExchangeType,
    pub(crate) remote: SocketAddr,
    pub(crate) vendor_ids: &'a [Vec<u8>],
    /// The configuration attributes that it asked for.
    pub(crate) asked: &'a [CfgAttribute],
    /// Octets of the longest datagram that was sent last.
    pub(crate) longest: usize,
    /// Whether long messages go in fragments of our own making (RFC 7383).
    pub(crate) fragmentation: bool,
}

impl<'a> Circumstances<'a> {
    pub(crate) fn of(attempt: &'a Attempt, fragmentation: bool) -> Self {
        Self {
            role: attempt.role,
            exchange: attempt.exchange,
            remote: attempt.remote,
            vendor_ids: &attempt.vendor_ids,
            asked: &attempt.asked,
            longest: attempt.longest,
            fragmentation,
        }
    }
}

/// The report on a failure; its age and count are the caller's to set.
pub(crate) fn report(case: &Case<'_>) -> FailureReport {
    let about = &case.circumstances;
    let class = class(case.failure);
    let windows = peer::windows(about.vendor_ids, about.asked);
    let mut advice = advice(case);
    if windows.is_some() {
        let (ike, esp) = case.proposals();
        advice.splice(0..0, windows::advice(class, about.role, &ike, &esp));
    }
    FailureReport {
        connection: case.connection.map(|it| it.name.clone()),
        candidates: Vec::new(),
        age: 0,
        count: 1,
        overcome: false,
        role: match about.role {
            Role::Initiator => "initiator",
            Role::Responder => "responder",
        }
        .to_owned(),
        remote: about.remote.to_string(),
        exchange: about.exchange.to_string(),
        class,
        summary: case.failure.to_string(),
        comparisons: comparisons(case),
        vendor_ids: peer::names(about.vendor_ids),
        reasons: Vec::new(),
        windows,
        advice,
    }
}

impl<'a> Case<'a> {
    /// The connection, or those that it may have been meant for.
    fn connections(&self) -> impl Iterator<Item = &'a Connection> + use<'a> {
        let candidates = self.candidates.iter().copied();
        let others = candidates.filter(|_| self.connection.is_none());
        let all: Vec<_> = self.connection.into_iter().chain(others).collect();
        all.into_iter()
    }

    /// Our suites for IKE, and for the child that is opened first.
    fn proposals(&self) -> (Vec<IkeProposal>, Vec<EspProposal>) {
        let connections = || self.connections();
        let ike = connections().flat_map(|it| it.proposals.clone());
        let esp = connections().filter_map(|it| it.children.first());
        (
            ike.collect(),
            esp.flat_map(|child| child.proposals.clone()).collect(),
        )
    }
}

fn comparisons(case: &Case<'_>) -> Vec<Comparison> {
    match case.failure {
        Failure::Authentication(what) => authentication::compare(what, case),
        Failure::Incompatible(what) => match &**what {
            Incompatibility::Ike { ours, theirs } => {
                suites::compare(&offers(ours, Offer::ike), &offers(theirs, Offer::ike))
            }
            Incompatibility::Esp { ours, theirs } => {
                suites::compare(&offers(ours, Offer::esp), &offers(theirs, Offer::esp))
            }
            Incompatibility::Group { wanted } => vec![group(case, *wanted)],
            Incompatibility::Selectors { ours, theirs } => selectors::compare(ours, theirs),
            Incompatibility::NoConnection => vec![addresses(case)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn offers<T>(proposals: &[T], offer: impl Fn(&T) -> Offer) -> Vec<Offer> {
    proposals.iter().map(offer).collect()
}

fn group(case: &Case<'_>, wanted: GroupId) -> Comparison {
    let mut ours: Vec<String> = Vec::new();
    for group in case.proposals().0.iter().flat_map(|it| &it.groups) {
        let word = suites::group_word(*group);
        if !ours.contains(&word) {
            ours.push(word);
        }
    }
    let theirs = vec![suites::group_word(wanted)];
    Comparison {
        item: "group".to_owned(),
        common: ours
            .iter()
            .filter(|it| theirs.contains(it))
            .cloned()
            .collect(),
        ours,
        theirs: Some(theirs),
    }
}

fn addresses(case: &Case<'_>) -> Comparison {
    let all = case.candidates.iter().filter_map(|it| it.remote);
    Comparison {
        item: "address of the peer".to_owned(),
        ours: all.map(|it| it.address.to_string()).collect(),
        theirs: Some(vec![case.circumstances.remote.ip().to_string()]),
        common: Vec::new(),
    }
}

fn advice(case: &Case<'_>) -> Vec<Advice> {
    match case.failure {
        Failure::Timeout(hint) => silent::advice(&case.circumstances, *hint),
        Failure::Authentication(what) => authentication::advice(what, case),
        Failure::Incompatible(what) => incompatible(what, case),
        Failure::PeerError(what) => vec![there(format!(
            "the peer says {}; {}",
            notify::meaning(*what),
            notify::explain(*what).map_or("its log says more", |it| it.cause)
        ))],
        Failure::Misbehaved(Misbehaviour::Missing(kind::AUTH)) => vec![there(
            "the peer sends no AUTH payload, so it wants EAP, which is not spoken here: let it authenticate with a \
             certificate or a shared key"
                .to_owned(),
        )],
        Failure::Malformed(_) | Failure::Misbehaved(_) | Failure::Crypto => vec![there(
            "the peer's messages are not what the protocol wants: `ikee daemon --log debug`, and a capture for \
             `ikee inspect`, show them"
                .to_owned(),
        )],
        Failure::Bug(_) => vec![here("please report this as a bug of ikee".to_owned(), None)],
        _ => Vec::new(),
    }
}

fn incompatible(what: &Incompatibility, case: &Case<'_>) -> Vec<Advice> {
    let probe = || format!("ikee probe {} --ikev2", case.circumstances.remote.ip());
    let list = |proposals: Vec<String>| {
        move |new: &str| {
            let all = proposals.iter().map(String::as_str).chain([new]);
            let quoted: Vec<String> = all.map(|it| format!("\"{it}\"")).collect();
            format!("proposals = [{}]", quoted.join(", "))
        }
    };
    match what {
        Incompatibility::Ike { theirs, .. } if theirs.is_empty() => vec![Advice {
            side: Side::Here,
            text: "the peer does not tell what it takes: ask for it, then add that to the connection's proposals, or let \
                   the peer take one of ours"
                .to_owned(),
            command: Some(probe()),
        }],
        Incompatibility::Esp { theirs, .. } if theirs.is_empty() => vec![there(
            "the peer does not tell what it takes for ESP, only its log and its configuration do: let it take one of \
             ours, or add one of its own to the child's proposals here"
                .to_owned(),
        )],
        Incompatibility::Ike { ours, theirs } => {
            let add = list(ours.iter().map(ToString::to_string).collect());
            let (ours, theirs) = (offers(ours, Offer::ike), offers(theirs, Offer::ike));
            suite(&ours, &theirs, |it| section(case.connection) + &add(it))
        }
        Incompatibility::Esp { ours, theirs } => {
            let add = list(ours.iter().map(ToString::to_string).collect());
            let (ours, theirs) = (offers(ours, Offer::esp), offers(theirs, Offer::esp));
            suite(&ours, &theirs, |it| child_section(case.connection) + &add(it))
        }
        Incompatibility::Group { wanted } => wanted_group(*wanted, case),
        Incompatibility::Selectors { ours, theirs } => {
            selectors::advice(ours, theirs, case.connection)
        }
        Incompatibility::Addresses => vec![here(
            "have addresses for those that ask".to_owned(),
            Some("[connections.NAME.addresses]\nassign_ipv4 = \"10.1.9.2\"".to_owned()),
        )],
        Incompatibility::NoConnection => vec![here(
            "if a peer at this address is meant, give a connection its address, or none (any peer); else nothing is \
             to be done"
                .to_owned(),
            Some(format!("remote = \"{}\"", case.circumstances.remote.ip())),
        )],
        _ => Vec::new(),
    }
}

/// The proposal that would have fitted, on either side.
fn suite(ours: &[Offer], theirs: &[Offer], line: impl Fn(&str) -> String) -> Vec<Advice> {
    let Some(closest) = suites::closest(ours, theirs) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let weak = closest.weak();
    for what in &weak {
        out.push(there(format!(
            "all that the peer offers for {what} is weak or unknown here: change the peer"
        )));
    }
    out.push(there(format!(
        "let the peer take {}",
        closest.wanted_there()
    )));
    if let Some(new) = closest.fitting_here() {
        out.push(here(
            "or take what the peer offers: one more proposal".to_owned(),
            Some(line(&new)),
        ));
    }
    out
}

fn wanted_group(wanted: GroupId, case: &Case<'_>) -> Vec<Advice> {
    let word = suites::group_word(wanted);
    let ours = group(case, wanted).ours.join(" or ");
    let mut out = vec![there(format!("let the peer take {ours}"))];
    if suites::is_strong_group(wanted) {
        let proposals = case.proposals().0;
        let with: Vec<String> = proposals
            .iter()
            .map(|it| format!("\"{it}-{word}\""))
            .collect();
        out.push(here(
            format!("or add {word} to the proposals"),
            Some(format!(
                "{}proposals = [{}]",
                section(case.connection),
                with.join(", ")
            )),
        ));
    } else {
        out.insert(
            0,
            there(format!("{word} is weak or unknown here: change the peer")),
        );
    }
    out
}

fn here(text: String, command: Option<String>) -> Advice {
    Advice {
        side: Side::Here,
        text,
        command,
    }
}

fn there(text: String) -> Advice {
    Advice {
        side: Side::There,
        text,
        command: None,
    }
}

/// Where the keys of a connection stand.
fn section(connection: Option<&Connection>) -> String {
    let name = connection.map_or("NAME", |it| &it.name);
    format!("[connections.{name}]\n")
}

/// Where the keys of its first child stand.
fn child_section(connection: Option<&Connection>) -> String {
    let child = connection.and_then(|it| it.children.first());
    let name = connection.map_or("NAME", |it| &it.name);
    format!(
        "[connections.{name}.children.{}]\n",
        child.map_or("NAME", |it| &it.name)
    )
}

/// Sorts failures by what an operator has to look at.
pub(crate) fn class(failure: &Failure) -> Class {
    match failure {
        Failure::Authentication(what) => match what {
            AuthenticationFailure::Identity { .. } => Class::Identity,
            AuthenticationFailure::Method { .. }
            | AuthenticationFailure::Scheme { .. }
            | AuthenticationFailure::Encoding { .. }
            | AuthenticationFailure::WrongNull { .. }
            | AuthenticationFailure::CannotSign { .. } => Class::Method,
            AuthenticationFailure::WrongSecret { .. } => Class::Secret,
            AuthenticationFailure::Rejected { method, .. } if *method == AuthMethod::SHARED_KEY => {
                Class::Secret
            }
            _ => Class::Certificate,
        },
        Failure::Bug(_) => Class::Internal,
        // RFC 7296 §2.16: who sends none wants EAP
        Failure::Misbehaved(Misbehaviour::Missing(kind::AUTH)) => Class::Method,
        Failure::Incompatible(what) => match **what {
            Incompatibility::Addresses => Class::Addresses,
            Incompatibility::Ike { .. } => Class::IkeSuite,
            Incompatibility::Esp { .. } => Class::EspSuite,
            Incompatibility::Group { .. } => Class::Group,
            Incompatibility::Selectors { .. } => Class::Selectors,
            Incompatibility::NoConnection => Class::NoConnection,
            _ => Class::Protocol,
        },
        Failure::Refused(_) => Class::Refused,
        Failure::PeerError(NotifyType::INTERNAL_ADDRESS_FAILURE) => Class::Addresses,
        Failure::PeerError(_) => Class::PeerError,
        Failure::Timeout(_) => Class::Silent,
        _ => Class::Protocol,
    }
}
