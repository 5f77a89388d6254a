//! A look at the SAs from outside.

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_endpoint::ChildStatus;
use ike_ext::{Instant, PolicyId, Role, SaId};
use ipsec_doi::Identity;
use ipsec_doi::v1::IkeSuite;
use isakmp_wire::{ExchangeType, Spi};

use crate::config::Config;
use crate::sa::{ChildEntry, Sa, State};

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
    /// Cookies, the initiator's first; the responder's is zero before it has answered.
    pub spis: (Spi, Spi),
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's.
    pub remote: SocketAddr,
    /// Ciphers, once there are keys.
    pub suite: Option<IkeSuite>,
    /// Who the peer proved to be, and which user.
    pub remote_id: Option<(&'a Identity, Option<&'a str>)>,
    /// Main mode or aggressive mode.
    pub mode: ExchangeType,
    /// The vendor IDs that the peer sent, within the limits of the configuration.
    pub vendor_ids: &'a [Vec<u8>],
    /// When its successor is due, if we begin it.
    pub renewal: Option<Instant>,
    children: &'a [ChildEntry],
    config: &'a Config,
}

impl<'a> SaStatus<'a> {
    /// `None` for an SA that is over.
    pub(crate) fn of(sa: &'a Sa, config: &'a Config) -> Option<Self> {
        let (state, remote_id, renewal) = match &sa.state {
            State::Main(it) => (it.name(), None, None),
            State::Aggressive(it) => (it.name(), None, None),
            State::AwaitXauth(_) => ("awaiting XAUTH", None, None),
            State::Established(it) => {
                let peer = (it.peer.identity(), it.peer.user());
                ("established", Some(peer), it.rekey)
            }
            // what an operator can still see of it are its children
            State::Lingering(it) => {
                let peer = (it.peer.identity(), it.peer.user());
                ("closing", Some(peer), None)
            }
            State::Closing | State::Closed => return None,
        };
        Some(Self {
            sa: sa.facts.id,
            policy: sa.facts.policy,
            role: sa.facts.role,
            state,
            spis: sa.facts.spis,
            local: sa.facts.path.local,
            remote: sa.facts.path.remote,
            suite: sa.secure.as_ref().map(|it| it.keys.suite()),
            remote_id,
            mode: sa.facts.mode,
            vendor_ids: &sa.facts.vendor_ids,
            renewal,
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
            renewal: it.rekey,
        })
    }
}
