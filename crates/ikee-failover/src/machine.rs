//! What a side says, remembers and concludes, with no idea of SAs or the core.

use core::time::Duration;

use crate::wire::{CLUSTER, INITIAL_CONTACT};

/// Which half of the protocol is spoken.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a cluster has two sides")]
pub enum Side {
    /// One who connects to a cluster ([MS-IKEE] §3.5).
    Client,
    /// A node of a cluster ([MS-IKEE] §3.6).
    Cluster,
    /// A node of a cluster that connects to others.
    Both,
}

impl Side {
    const fn is_client(self) -> bool {
        matches!(self, Self::Client | Self::Both)
    }

    const fn is_cluster(self) -> bool {
        matches!(self, Self::Cluster | Self::Both)
    }

    /// The vendor IDs of message 1 or 2, where `new` says that the peer has no SA with us
    /// ([MS-IKEE] §3.5.4.1, §3.6.4.1).
    pub(crate) fn announces(self, new: bool) -> impl Iterator<Item = [u8; 16]> {
        let client = (self.is_client() && new).then_some(INITIAL_CONTACT);
        let cluster = self.is_cluster().then_some(CLUSTER);
        client.into_iter().chain(cluster)
    }
}

/// How long a quick mode SA may carry nothing ([MS-IKEE] §3.5.2, note 21).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "one limit for each case")]
pub struct IdleLimits {
    /// With a node of a cluster.
    pub cluster: Duration,
    /// With anybody else.
    pub other: Duration,
}

impl Default for IdleLimits {
    /// 60 s and 300 s.
    fn default() -> Self {
        Self {
            cluster: Duration::from_secs(60),
            other: Duration::from_secs(300),
        }
    }
}

/// What the first messages of a main mode have told about the peer ([MS-IKEE] §3.5.1, §3.6.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Peer {
    /// It is a node of a cluster.
    pub(crate) fast_failover: bool,
    /// It has no SA with us.
    pub(crate) initial_contact: bool,
}

impl Peer {
    /// Reads the vendor IDs of message 1 or 2. Each side looks for what the other may send
    /// ([MS-IKEE] §3.5.5.1, §3.5.5.2, §3.6.5.1, §3.6.5.2).
    pub(crate) fn hear<'a>(&mut self, side: Side, vendor_ids: impl Iterator<Item = &'a [u8]>) {
        for id in vendor_ids {
            self.fast_failover |= side.is_client() && id == CLUSTER;
            self.initial_contact |= side.is_cluster() && id == INITIAL_CONTACT;
        }
    }

    pub(crate) const fn idle_limit(self, limits: IdleLimits) -> Duration {
        if self.fast_failover {
            limits.cluster
        } else {
            limits.other
        }
    }
}
