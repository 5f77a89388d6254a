//! The failures that `ikee explain` tells of: the last one of each connection, and the last few
//! of strangers that no connection was chosen for.

mod v1;

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use ikee::ext::{Instant, PolicyId, Role, SaId};
use ikee::ikev2::{Attempt, CloseReason, Connection, Failure, Incompatibility};
use ikee::wire::ExchangeType;

use super::Daemon;
use crate::control::{FailureReport, Response};
use crate::explain::{Case, Circumstances, report};

/// So many strangers' failures are remembered.
const STRANGERS: usize = 16;

/// So many of the reasons that peers give are remembered.
const REASONS: usize = 64;
/// A reason comes with the failure, or about as much earlier or later.
const NEAR: Duration = Duration::from_secs(10);

/// What is remembered; bounded by the number of connections, [`STRANGERS`] and [`REASONS`].
#[derive(Debug, Default)]
pub(super) struct Failures {
    connections: BTreeMap<String, Remembered>,
    /// Latest last.
    strangers: VecDeque<Remembered>,
    /// What peers have said in Windows' codes, and when; latest last.
    reasons: VecDeque<(Instant, IpAddr, String)>,
}

#[derive(Clone, Debug)]
struct Remembered {
    at: Instant,
    from: IpAddr,
    report: FailureReport,
}

impl Failures {
    /// Remembers a failure in place of the one before it.
    fn put(&mut self, now: Instant, from: IpAddr, mut report: FailureReport) {
        let same = |before: &Remembered| {
            before.from == from
                && before.report.class == report.class
                && before.report.summary == report.summary
        };
        let Some(name) = report.connection.clone() else {
            if let Some(at) = self.strangers.iter().position(same) {
                let before = self.strangers.remove(at);
                report.count += before.map_or(0, |it| it.report.count);
            }
            if self.strangers.len() >= STRANGERS {
                self.strangers.pop_front();
            }
            self.strangers.push_back(Remembered {
                at: now,
                from,
                report,
            });
            return;
        };
        if let Some(before) = self.connections.get(&name).filter(|it| same(it)) {
            report.count += before.report.count;
        }
        let remembered = Remembered {
            at: now,
            from,
            report,
        };
        self.connections.insert(name, remembered);
    }

    /// A connection stands: what went wrong before is history.
    pub(super) fn overcome(&mut self, name: &str) {
        if let Some(it) = self.connections.get_mut(name) {
            it.report.overcome = true;
        }
    }

    /// What to tell of one connection: its own last failure, and those of strangers that it may
    /// have been meant for.
    fn of(&self, name: &str, now: Instant) -> Vec<FailureReport> {
        let strangers = self.strangers.iter().rev();
        let meant = strangers.filter(|it| {
            it.report
                .candidates
                .iter()
                .any(|candidate| candidate == name)
        });
        let own = self.connections.get(name);
        own.into_iter()
            .chain(meant)
            .map(|it| self.told(it, now))
            .collect()
    }

    fn strangers(&self, now: Instant) -> Vec<FailureReport> {
        let all = self.strangers.iter().rev();
        all.map(|it| self.told(it, now)).collect()
    }

    /// Remembers what a peer says.
    fn reason(&mut self, now: Instant, from: IpAddr, text: &str) {
        if self.reasons.len() >= REASONS {
            self.reasons.pop_front();
        }
        self.reasons.push_back((now, from, text.to_owned()));
    }

    /// A failure with what its peer has said about that time.
    fn told(&self, it: &Remembered, now: Instant) -> FailureReport {
        let near = |at: Instant| at.since(it.at) <= NEAR && it.at.since(at) <= NEAR;
        let mut reasons: Vec<String> = Vec::new();
        for (_, _, text) in self
            .reasons
            .iter()
            .filter(|(at, from, _)| *from == it.from && near(*at))
        {
            if !reasons.contains(text) {
                reasons.push(text.clone());
            }
        }
        FailureReport {
            age: now.since(it.at).as_secs(),
            reasons,
            ..it.report.clone()
        }
    }
}

impl Daemon {
    /// The answer to `explain`.
    pub(super) fn explain(&self, name: Option<&str>) -> Response {
        let now = self.clock.now();
        let Some(name) = name else {
            return Response::failures(self.book.failures.strangers(now));
        };
        match self.policy(name) {
            Ok(_) => Response::failures(self.book.failures.of(name, now)),
            Err((code, why)) => Response::refused(code, why),
        }
    }

    /// Remembers what the peer of an SA says of a failure.
    pub(super) fn remember_reason(&mut self, sa: SaId, text: &str) {
        let status = self.cores.sas().find(|it| it.sa() == sa);
        let from = status.map(|it| it.remote());
        let from = from.or_else(|| self.book.sas.get(&sa)?.remote);
        if let Some(from) = from {
            let now = self.clock.now();
            self.book.failures.reason(now, from.ip(), text);
        }
    }

    /// Remembers why a negotiation failed.
    pub(super) fn remember_failed(
        &mut self,
        policy: Option<PolicyId>,
        failure: &Failure,
        attempt: &Attempt,
    ) {
        // a scanner that leaves after its first message has no failure to explain
        let left = attempt.role == Role::Responder && matches!(failure, Failure::Timeout(_));
        if left && policy.is_none() {
            return;
        }
        self.remember(
            policy,
            failure,
            Circumstances::of(attempt, self.fragments()),
        );
    }

    /// Remembers why a first message was refused.
    pub(super) fn remember_refused(
        &mut self,
        from: SocketAddr,
        failure: &Failure,
        vendor_ids: &[Vec<u8>],
    ) {
        // the peer will guess better now (RFC 7296 §2.7)
        if matches!(failure, Failure::Incompatible(what) if matches!(**what, Incompatibility::Group { .. }))
        {
            return;
        }
        let about = Circumstances {
            role: Role::Responder,
            exchange: ExchangeType::IKE_SA_INIT,
            remote: from,
            vendor_ids,
            asked: &[],
            longest: 0,
            fragmentation: self.fragments(),
        };
        self.remember(None, failure, about);
    }

    /// Remembers why a child could not be opened on an SA that stands.
    pub(super) fn remember_child(&mut self, sa: SaId, policy: PolicyId, failure: &Failure) {
        let Some(status) = self.cores.sas().find(|it| it.sa() == sa) else {
            return;
        };
        let about = Circumstances {
            role: status.role(),
            exchange: ExchangeType::IKE_AUTH,
            remote: status.remote(),
            vendor_ids: status.vendor_ids(),
            asked: &[],
            longest: 0,
            fragmentation: self.fragments(),
        };
        let case = Case {
            failure,
            connection: self.connection(policy),
            candidates: &[],
            circumstances: about,
        };
        let report = report(&case);
        let (now, from) = (self.clock.now(), status.remote().ip());
        self.book.failures.put(now, from, report);
    }

    /// Remembers why an SA that stood has ended, unless somebody wanted it.
    pub(super) fn remember_closed(&mut self, policy: PolicyId, reason: &CloseReason) {
        let failure = match reason {
            CloseReason::Silent => Failure::Timeout(None),
            CloseReason::PeerError(what) => Failure::PeerError(*what),
            CloseReason::Failure(failure) => failure.clone(),
            _ => return,
        };
        let Some(remote) = self.connection(policy).and_then(|it| it.remote) else {
            return;
        };
        let about = Circumstances {
            role: Role::Initiator,
            exchange: ExchangeType::INFORMATIONAL,
            remote: SocketAddr::new(remote.address, remote.ports.ike),
            vendor_ids: &[],
            asked: &[],
            longest: 0,
            fragmentation: self.fragments(),
        };
        self.remember(Some(policy), &failure, about);
    }

    fn remember(&mut self, policy: Option<PolicyId>, failure: &Failure, about: Circumstances<'_>) {
        let from = about.remote.ip();
        let chosen = policy.and_then(|policy| self.connection(policy));
        let candidates = self.candidates(from);
        // nobody is authenticated: only the address of a connection makes a failure its own
        let connection = chosen.or_else(|| match candidates.as_slice() {
            [only] if only.remote.is_some() => Some(*only),
            _ => None,
        });
        let mut report = report(&Case {
            failure,
            connection,
            candidates: &candidates,
            circumstances: about,
        });
        if connection.is_none() {
            report.candidates = candidates.iter().map(|it| it.name.clone()).collect();
        }
        let now = self.clock.now();
        self.book.failures.put(now, from, report);
    }

    /// The connections that take a peer at this address.
    fn candidates(&self, from: IpAddr) -> Vec<&Connection> {
        let all = self.cores.v2.config().connections.iter();
        all.filter(|it| it.remote.is_none_or(|remote| remote.address == from))
            .collect()
    }

    fn connection(&self, policy: PolicyId) -> Option<&Connection> {
        let mut all = self.cores.v2.config().connections.iter();
        all.find(|it| it.policy == policy)
    }

    /// Whether the extension for fragments is on.
    fn fragments(&self) -> bool {
        let mut names = self.cores.v2.extensions().names();
        names.any(|name| name.contains("fragmentation"))
    }
}
