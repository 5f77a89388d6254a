//! A look at the SAs from outside.

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_endpoint::ChildStatus;
use ike_ext::{Instant, PolicyId, Role, SaId};
use ipsec_doi::{Identity, IkeSuite};
use isakmp_wire::Spi;

use crate::config::Config;
use crate::sa::{Sa, State};

/// One IKE SA as an operator sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SaStatus<'a> {
    /// Its handle.
    pub sa: SaId,
    /// Its connection, once that is known.
    pub policy: Option<PolicyId>,
    /// Our part.
    pub role: Role,
    /// What it is doing.
    pub state: &'static str,
    /// SPIs, initiator's first; the responder's is zero before it has answered.
    pub spis: (Spi, Spi),
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Ciphers, once agreed.
    pub suite: Option<IkeSuite>,
    /// Who the peer proved to be.
    pub remote_id: Option<&'a Identity>,
    /// Whether there is a NAT before us, and before the peer.
    pub nat: (bool, bool),
    /// The vendor IDs that the peer sent, within the limits of the configuration.
    pub vendor_ids: &'a [Vec<u8>],
    /// When it is rekeyed or replaced by one with fresh proofs, by us.
    pub renewal: Option<Instant>,
    children: &'a [crate::sa::ChildEntry],
    config: &'a Config,
}

impl<'a> SaStatus<'a> {
    /// `None` for an SA that is over and merely repeats its last answer.
    pub(crate) fn of(sa: &'a Sa, config: &'a Config) -> Option<Self> {
        let (state, remote_id) = match &sa.state {
            State::AwaitInitResponse(_) => ("awaiting IKE_SA_INIT response", None),
            State::AwaitAuthRequest(_) => ("awaiting IKE_AUTH request", None),
            State::AwaitAuthResponse(_) => ("awaiting IKE_AUTH response", None),
            State::AwaitTrust(_) => ("awaiting trust in the peer's key", None),
            State::Established(_) if sa.is_undecided() => ("awaiting the end of a rekeying", None),
            State::Established(it) => ("established", Some(it.remote_id())),
            State::Closing(_) => ("closing", None),
            State::Replaced(_) => ("replaced", None),
            State::Prepared(_) | State::Lingering(_) | State::Closed => return None,
        };
        let renewal = if let State::Established(it) = &sa.state {
            let deadlines = [it.deadlines.rekey, it.deadlines.reauthenticate];
            deadlines.into_iter().flatten().min()
        } else {
            None
        };
        Some(Self {
            renewal,
            sa: sa.facts.id,
            policy: sa.facts.policy,
            role: sa.facts.role,
            state,
            spis: sa.facts.spis,
            local: sa.facts.path.local,
            remote: sa.facts.path.remote,
            suite: sa.secure.as_ref().map(|it| it.keys.suite()),
            remote_id,
            nat: (sa.nat.here, sa.nat.there),
            vendor_ids: &sa.facts.vendor_ids,
            children: &sa.children,
            config,
        })
    }

    /// Its children.
    pub fn children(&self) -> impl Iterator<Item = ChildStatus<'a>> + use<'a> {
        let connection = self
            .config
            .connections
            .iter()
            .find(|it| Some(it.policy) == self.policy);
        self.children.iter().map(move |it| ChildStatus {
            child: it.id,
            name: connection
                .and_then(|connection| connection.children.get(it.index))
                .map_or("", |child| child.name.as_str()),
            spis: (it.spi_in, it.spi_out),
            renewal: it.deadlines.soft,
        })
    }
}
