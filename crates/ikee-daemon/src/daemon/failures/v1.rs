//! The failures of IKEv1.

use core::net::{IpAddr, SocketAddr};

use ikee::ext::{PolicyId, Role, SaId};
use ikee::ikev1::{Attempt, Connection, Failure};
use ikee::wire::ExchangeType;

use crate::daemon::Daemon;
use crate::explain::v1::{Case, report};

impl Daemon {
    /// Remembers why a negotiation failed, or was refused.
    pub(in crate::daemon) fn remember_failed_v1(
        &mut self,
        policy: Option<PolicyId>,
        remote: SocketAddr,
        failure: &Failure,
        attempt: &Attempt,
    ) {
        // a scanner that leaves after its first message has no failure to explain
        let left = attempt.role == Role::Responder && matches!(failure, Failure::Timeout(_));
        if left && policy.is_none() {
            return;
        }
        let about = (
            attempt.role,
            attempt.exchange,
            attempt.vendor_ids.as_slice(),
        );
        self.remember_v1(policy, remote, failure, about);
    }

    /// Remembers why a child could not be opened on an SA that stands.
    pub(in crate::daemon) fn remember_child_v1(
        &mut self,
        sa: SaId,
        policy: PolicyId,
        failure: &Failure,
    ) {
        let Some(status) = self.cores.sas().find(|it| it.sa() == sa) else {
            return;
        };
        let (role, remote) = (status.role(), status.remote());
        let vendor_ids = status.vendor_ids().to_vec();
        let about = (role, ExchangeType::QUICK_MODE, vendor_ids.as_slice());
        self.remember_v1(Some(policy), remote, failure, about);
    }

    /// Remembers why an SA that stood has ended against our will.
    pub(in crate::daemon) fn remember_closed_v1(&mut self, policy: PolicyId, failure: &Failure) {
        let Some(remote) = self.outline(policy).and_then(|it| it.remote) else {
            return;
        };
        let about = (Role::Initiator, ExchangeType::V1_INFORMATIONAL, &[][..]);
        self.remember_v1(Some(policy), remote, failure, about);
    }

    fn remember_v1(
        &mut self,
        policy: Option<PolicyId>,
        remote: SocketAddr,
        failure: &Failure,
        (role, exchange, vendor_ids): (Role, ExchangeType, &[Vec<u8>]),
    ) {
        let chosen = policy.and_then(|policy| self.connection_v1(policy));
        let candidates = self.candidates_v1(remote.ip());
        // nobody is authenticated: only the address of a connection makes a failure its own
        let connection = chosen.or_else(|| match candidates.as_slice() {
            [only] if only.remote.is_some() => Some(*only),
            _ => None,
        });
        let mut report = report(&Case {
            failure,
            connection,
            role,
            exchange,
            remote,
            vendor_ids,
        });
        if connection.is_none() {
            report.candidates = candidates.iter().map(|it| it.name.clone()).collect();
        }
        let now = self.clock.now();
        self.book.failures.put(now, remote.ip(), report);
    }

    fn candidates_v1(&self, from: IpAddr) -> Vec<&Connection> {
        let all = self.cores.v1.iter().flat_map(|it| &it.config().connections);
        all.filter(|it| it.remote.is_none_or(|remote| remote.address == from))
            .collect()
    }

    fn connection_v1(&self, policy: PolicyId) -> Option<&Connection> {
        let mut all = self.cores.v1.iter().flat_map(|it| &it.config().connections);
        all.find(|it| it.policy == policy)
    }
}
