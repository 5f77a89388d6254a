//! Why a negotiation of IKEv1 failed, and what to change on which side.

mod advice;

use core::net::SocketAddr;

use ikee::doi::v1::{IkeProposal, Phase1, Phase2};
use ikee::doi::{EspProposal, TrafficSelector};
use ikee::ext::Role;
use ikee::ikev1::{
    AuthenticationFailure, Child, Connection, Failure, Incompatibility, Selector, Suites,
};
use ikee::wire::ExchangeType;
use ikee::wire::v1::{AuthMethod, NotifyType};

use super::suites::{self, Offer};
use super::{offers, peer};
use crate::control::{Class, Comparison, FailureReport};

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
        advice: advice::of(case),
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
        Failure::PeerError(_) | Failure::PeerSays(_) => Class::PeerError,
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

#[cfg(test)]
mod tests;
