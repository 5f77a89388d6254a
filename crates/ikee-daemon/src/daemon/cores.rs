//! Both IKE cores behind one face. Whatever has a handle goes to the core that has given it out.

use core::net::{IpAddr, SocketAddr};

use ikee::endpoint::Datagram;
use ikee::ext::{ChildId, Extensions, Hint, Instant, PolicyId, SaId};
use ikee::nat_t::NatT;
use ikee::reliable_delete::ReliableDelete;
use ikee::status::{Report, Status};
use ikee::{ikev1, ikev2};

use super::sas::SaStatus;
use crate::config::Versions;

/// Handles of IKEv1 are above this number, those of IKEv2 below.
pub(super) const FIRST_OF_V1: u64 = 1 << 63;

/// The endpoints, and what they want done.
#[derive(Debug)]
pub(super) struct Cores {
    pub(super) v2: ikev2::Endpoint,
    pub(super) out_v2: ikev2::Outbox,
    /// Only there when a connection speaks IKEv1.
    pub(super) v1: Option<ikev1::Endpoint>,
    pub(super) out_v1: ikev1::Outbox,
}

/// One thing that an endpoint wants done.
#[derive(Debug)]
pub(super) enum Output {
    V1(ikev1::Output),
    V2(ikev2::Output),
}

/// Whether a core of IKEv1 has given this handle out.
pub(super) const fn is_v1(sa: SaId) -> bool {
    sa.get() >= FIRST_OF_V1
}

const fn is_child_of_v1(child: ChildId) -> bool {
    child.get() >= FIRST_OF_V1
}

/// What can go wrong with a request, in words.
type Asked = Result<(), String>;

/// The answer when there is no IKEv1 endpoint; a handle of one cannot be there then.
const NO_V1: &str = "no such SA";

fn said<E: ToString>(result: Result<(), E>) -> Asked {
    result.map_err(|error| error.to_string())
}

impl Cores {
    /// What both want done by now, in order.
    pub(super) fn drain(&mut self) -> Vec<Output> {
        let v2 = self.out_v2.drain().map(Output::V2);
        v2.chain(self.out_v1.drain().map(Output::V1)).collect()
    }

    /// When either wants to hear of the time.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let v1 = self.v1.as_ref().and_then(ikev1::Endpoint::next_timeout);
        let v2 = self.v2.next_timeout().map(|it| it.at);
        v1.map(|it| it.at).into_iter().chain(v2).min()
    }

    /// Gives a message to the core of its version; false for IKEv1 where no connection speaks it.
    pub(super) fn datagram(
        &mut self,
        now: Instant,
        (local, remote): (SocketAddr, SocketAddr),
        marker: bool,
        bytes: &[u8],
    ) -> bool {
        let datagram = Datagram {
            local,
            remote,
            marker,
            bytes,
        };
        if major(bytes) != Some(1) {
            let input = ikev2::Input::Datagram(datagram);
            self.v2.handle(now, input, &mut self.out_v2);
            return true;
        }
        let Some(v1) = &mut self.v1 else {
            return false;
        };
        v1.handle(now, ikev1::Input::Datagram(datagram), &mut self.out_v1);
        true
    }

    pub(super) fn time_out(&mut self, now: Instant) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.v2.next_timeout().map(|it| it.at)) {
            self.v2.handle(now, ikev2::Input::Timeout, &mut self.out_v2);
        }
        if let Some(v1) = &mut self.v1
            && due(v1.next_timeout().map(|it| it.at))
        {
            v1.handle(now, ikev1::Input::Timeout, &mut self.out_v1);
        }
    }

    /// The data plane says that a child has carried enough.
    pub(super) fn child_expired(&mut self, now: Instant, child: ChildId, hard: bool) {
        if !is_child_of_v1(child) {
            let input = ikev2::Input::ChildExpired { child, hard };
            self.v2.handle(now, input, &mut self.out_v2);
        } else if let Some(v1) = &mut self.v1 {
            let input = ikev1::Input::ChildExpired { child, hard };
            v1.handle(now, input, &mut self.out_v1);
        }
    }

    /// The data plane tells something about a child's traffic.
    pub(super) fn traffic(&mut self, now: Instant, child: ChildId, hint: Hint) {
        if !is_child_of_v1(child) {
            let input = ikev2::Input::Traffic(child, hint);
            self.v2.handle(now, input, &mut self.out_v2);
        } else if let Some(v1) = &mut self.v1 {
            let input = ikev1::Input::Traffic(child, hint);
            v1.handle(now, input, &mut self.out_v1);
        }
    }

    /// Whether neither has anything left but to repeat answers.
    pub(super) fn is_idle(&self) -> bool {
        self.v2.is_idle() && self.v1.as_ref().is_none_or(ikev1::Endpoint::is_idle)
    }

    pub(super) fn shutdown(&mut self, now: Instant) {
        self.v2.shutdown(now, &mut self.out_v2);
        if let Some(v1) = &mut self.v1 {
            if let Some(reliable) = v1.extensions_mut().get_mut::<ReliableDelete>() {
                reliable.shut_down();
            }
            v1.shutdown(now, &mut self.out_v1);
        }
    }

    pub(super) fn reconfigure(&mut self, now: Instant, v2: ikev2::Config, v1: ikev1::Config) {
        self.v2.reconfigure(now, v2, &mut self.out_v2);
        if let Some(endpoint) = &mut self.v1 {
            endpoint.reconfigure(now, v1, &mut self.out_v1);
        }
    }

    /// Gives back what a panic has taken.
    pub(super) fn recover(&mut self, now: Instant) {
        self.v2.recover(now, &mut self.out_v2);
        if let Some(v1) = &mut self.v1 {
            v1.recover(now, &mut self.out_v1);
        }
    }

    pub(super) fn set_trace(&mut self, on: bool) {
        self.v2.set_trace(on);
        self.v1.iter_mut().for_each(|it| it.set_trace(on));
    }

    /// The extensions that are on.
    pub(super) fn extensions(&self) -> impl Iterator<Item = &Extensions> {
        let v1 = self.v1.as_ref().map(ikev1::Endpoint::extensions);
        [self.v2.extensions()].into_iter().chain(v1)
    }

    /// What peers have said of failures since this was last asked.
    pub(super) fn reports(&mut self) -> Vec<Report> {
        let v1 = self.v1.as_mut().map(ikev1::Endpoint::extensions_mut);
        let sets = [self.v2.extensions_mut()].into_iter().chain(v1);
        sets.filter_map(Extensions::get_mut::<Status>)
            .flat_map(Status::take_reports)
            .collect()
    }

    /// Their names, each once.
    pub(super) fn extension_names(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.extensions().flat_map(Extensions::names) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    pub(super) fn sas(&self) -> impl Iterator<Item = SaStatus<'_>> {
        let v1 = self.v1.iter().flat_map(ikev1::Endpoint::sas);
        self.v2.sas().map(SaStatus::V2).chain(v1.map(SaStatus::V1))
    }

    /// Whether there is a NAT before us, and before the peer.
    pub(super) fn nat(&self, sa: &SaStatus<'_>) -> (bool, bool) {
        match sa {
            SaStatus::V2(it) => it.nat,
            SaStatus::V1(it) => {
                let v1 = self.v1.as_ref().map(ikev1::Endpoint::extensions);
                let found = v1.and_then(|set| set.get::<NatT>()?.nat(it.sa));
                found.map_or((false, false), |it| (it.here, it.there))
            }
        }
    }

    pub(super) fn initiate(
        &mut self,
        now: Instant,
        versions: Versions,
        policy: PolicyId,
        local: IpAddr,
    ) -> Result<SaId, String> {
        if versions != Versions::V1 {
            let begun = self.v2.initiate(now, policy, local, &mut self.out_v2);
            return begun.map_err(|error| error.to_string());
        }
        let v1 = self.v1.as_mut().ok_or(NO_V1)?;
        let begun = v1.initiate(now, policy, local, &mut self.out_v1);
        begun.map_err(|error| error.to_string())
    }

    pub(super) fn delete(&mut self, now: Instant, sa: SaId) -> Asked {
        if !is_v1(sa) {
            return said(self.v2.delete(now, sa, &mut self.out_v2));
        }
        let v1 = self.v1.as_mut().ok_or(NO_V1)?;
        said(v1.delete(now, sa, &mut self.out_v1))
    }

    pub(super) fn open_child(&mut self, now: Instant, sa: SaId, index: usize) -> Asked {
        if !is_v1(sa) {
            return said(self.v2.create_child(now, sa, index, &mut self.out_v2));
        }
        let v1 = self.v1.as_mut().ok_or(NO_V1)?;
        said(v1.request_child(now, sa, index, &mut self.out_v1))
    }

    pub(super) fn rekey_child(&mut self, now: Instant, child: ChildId) -> Asked {
        if !is_child_of_v1(child) {
            return said(self.v2.rekey_child(now, child, &mut self.out_v2));
        }
        let v1 = self.v1.as_mut().ok_or(NO_V1)?;
        said(v1.rekey_child(now, child, &mut self.out_v1))
    }

    pub(super) fn rekey(&mut self, now: Instant, sa: SaId) -> Asked {
        if !is_v1(sa) {
            return said(self.v2.rekey(now, sa, &mut self.out_v2));
        }
        let v1 = self.v1.as_mut().ok_or(NO_V1)?;
        said(v1.rekey(now, sa, &mut self.out_v1))
    }

    /// An IKEv1 SA has fresh proofs whenever it has new keys.
    pub(super) fn reauthenticate(&mut self, now: Instant, sa: SaId) -> Asked {
        if is_v1(sa) {
            return self.rekey(now, sa);
        }
        said(self.v2.reauthenticate(now, sa, &mut self.out_v2))
    }
}

/// The major version in an IKE header (RFC 7296 §3.1).
fn major(message: &[u8]) -> Option<u8> {
    message.get(17).map(|version| version >> 4)
}
