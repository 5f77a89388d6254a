//! Why a negotiation failed, and what to change on which side.
//!
//! A pure function from what is known of a failure to the report that `ikee explain` shows.

mod peer;
mod silent;

use core::net::SocketAddr;

use ikee::ext::Role;
use ikee::ikev2::{Attempt, AuthenticationFailure, Connection, Failure, Incompatibility};
use ikee::wire::ExchangeType;

use crate::control::{Advice, Class, FailureReport};

/// What is known of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) failure: &'a Failure,
    /// The connection, if one was chosen.
    pub(crate) connection: Option<&'a Connection>,
    pub(crate) circumstances: Circumstances<'a>,
}

/// How far it came, and with whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances<'a> {
    pub(crate) role: Role,
    pub(crate) exchange: ExchangeType,
    pub(crate) remote: SocketAddr,
    pub(crate) vendor_ids: &'a [Vec<u8>],
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
            longest: attempt.longest,
            fragmentation,
        }
    }
}

/// The report on a failure; its age and count are the caller's to set.
pub(crate) fn report(case: &Case<'_>) -> FailureReport {
    let about = &case.circumstances;
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
        class: class(case.failure),
        summary: case.failure.to_string(),
        comparisons: Vec::new(),
        vendor_ids: peer::names(about.vendor_ids),
        windows: peer::windows(about.vendor_ids),
        advice: advice(case),
    }
}

fn advice(case: &Case<'_>) -> Vec<Advice> {
    match case.failure {
        Failure::Timeout(hint) => silent::advice(&case.circumstances, *hint),
        _ => Vec::new(),
    }
}

/// Sorts failures by what an operator has to look at.
pub(crate) fn class(failure: &Failure) -> Class {
    match failure {
        Failure::Authentication(what) => match what {
            AuthenticationFailure::Identity { .. } => Class::Identity,
            AuthenticationFailure::Method { .. } => Class::Method,
            AuthenticationFailure::WrongSecret { .. } | AuthenticationFailure::Rejected { .. } => {
                Class::Secret
            }
            _ => Class::Certificate,
        },
        Failure::Bug(_) => Class::Internal,
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
        Failure::PeerError(_) => Class::PeerError,
        Failure::Timeout(_) => Class::Silent,
        _ => Class::Protocol,
    }
}
