//! What a profile consists of.

use alloc::vec::Vec;
use core::time::Duration;

use ike_ext::Role;
use ipsec_doi::encapsulation::NatRevision;
use ipsec_doi::{Encryption, GroupId, HashId, IntegrityId};
use isakmp_wire::v1::AuthMethod;

use super::Release;

/// What one release of Windows does in IKE, as data ([MS-IKEE] §1.7 and appendix A).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Windows {
    /// Which it is.
    pub release: Release,
    /// The extensions that it has, in the order in which their vendor IDs stand ([MS-IKEE] notes 2, 3, 10, 30, 33, 35).
    pub extensions: &'static [Extension],
    /// What IKEv1 has to choose from ([MS-IKEE] notes 4 and 5).
    pub algorithms: Algorithms,
    /// Its offer in phase 1, best first, as it was seen or as follows from its algorithms; one transform each.
    pub phase_1: &'static [&'static str],
    /// Its offer in phase 2, best first.
    pub phase_2: &'static [&'static str],
    /// The vendor IDs of IKEv1, in order.
    pub vendor_ids: &'static [Announcement],
    /// NAT traversal, if it has any.
    pub nat_t: Option<NatT>,
    /// Fragments of IKEv1 messages, if it has any.
    pub fragmentation: Option<Fragmentation>,
    /// How it deletes SAs.
    pub delete: Delete,
    /// How it defends itself against floods.
    pub dos: Dos,
    /// How long a child SA may be idle ([MS-IKEE] notes 21 and 34).
    pub idle: Idle,
    /// IKEv2, if it has it.
    pub ikev2: Option<Ikev2>,
}

/// An extension of [MS-IKEE], by the name of its crate less `ikee-`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Extension {
    /// §3.4.
    Cga,
    /// [MS-IKEE] §1.3.8.
    Coexistence,
    /// §3.10.
    Correlation,
    /// §3.7.
    Discovery,
    /// §3.9.
    Dos,
    /// §3.12.
    Dpd,
    /// §3.5; the cluster's side, §3.6, is for nodes of a cluster.
    Failover,
    /// §3.3.
    Fragmentation,
    /// §3.15.
    FragmentationV2,
    /// §3.2.
    NatT,
    /// §3.14.
    Realm,
    /// §3.8.
    ReliableDelete,
    /// §3.11.
    ServerAddress,
    /// §2.2.6 and §2.2.7.
    Status,
    /// §3.13.
    Xbox,
}

impl Extension {
    /// The word: its crate's name less `ikee-`, and its feature.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cga => "cga",
            Self::Coexistence => "coexistence",
            Self::Correlation => "correlation",
            Self::Discovery => "discovery",
            Self::Dos => "dos",
            Self::Dpd => "dpd",
            Self::Failover => "failover",
            Self::Fragmentation => "fragmentation",
            Self::FragmentationV2 => "fragmentation-v2",
            Self::NatT => "nat-t",
            Self::Realm => "realm",
            Self::ReliableDelete => "reliable-delete",
            Self::ServerAddress => "server-address",
            Self::Status => "status",
            Self::Xbox => "xbox",
        }
    }

    /// Whether it is one of IKEv2; [`Status`](Self::Status) is one of both.
    #[must_use]
    pub const fn is_ikev2(self) -> bool {
        matches!(
            self,
            Self::Correlation
                | Self::Dpd
                | Self::FragmentationV2
                | Self::Realm
                | Self::ServerAddress
                | Self::Status
                | Self::Xbox
        )
    }

    /// Whether it is one of IKEv1.
    #[must_use]
    pub const fn is_ikev1(self) -> bool {
        !self.is_ikev2() || matches!(self, Self::Status)
    }
}

/// What IKEv1 has to choose from ([MS-IKEE] notes 4 and 5), the weakest last.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Algorithms {
    /// Authentication methods, less Kerberos.
    pub authentication: &'static [AuthMethod],
    /// Ciphers of phase 1.
    pub encryption: &'static [Encryption],
    /// Hash functions of phase 1.
    pub hash: &'static [HashId],
    /// Groups, in both phases.
    pub groups: &'static [GroupId],
    /// Ciphers of ESP; GMAC counts as one that does not encrypt.
    pub esp_encryption: &'static [Encryption],
    /// Integrity of ESP and AH.
    pub integrity: &'static [IntegrityId],
}

/// A vendor ID: its fixed octets, its value, and when it is sent ([MS-IKEE] §1.7 and note 6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Announcement {
    /// The octets by which it is known; see [`crate::wire::vendor_id`].
    pub id: [u8; 16],
    /// The number behind, if it has one.
    pub value: Option<u32>,
    /// When it is sent.
    pub when: When,
}

/// On what a vendor ID depends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum When {
    /// In the first message and in the answer to it.
    Always,
    /// In the first message, not in the answer.
    Initiator,
    /// As [`Always`](Self::Always), but over IPv4 only ([MS-IKEE] note 15).
    Ipv4,
    /// In the first message to a peer with which there is no SA ([MS-IKEE] §3.5).
    FirstContact,
    /// With a first message of AuthIP beside it ([MS-IKEE] §1.3.8).
    Authip,
    /// By a node of a cluster ([MS-IKEE] §3.6).
    Cluster,
    /// Where Kerberos is offered.
    Kerberos,
    /// By an Xbox ([MS-IKEE] §3.13). Its number is the type of the negotiation.
    Xbox,
    /// Under a policy with a realm ([MS-IKEE] §3.14). The realm follows.
    Realm,
}

impl Announcement {
    pub(super) const fn new(id: [u8; 16], when: When) -> Self {
        Self {
            id,
            value: None,
            when,
        }
    }

    pub(super) const fn numbered(id: [u8; 16], value: u32, when: When) -> Self {
        Self {
            id,
            value: Some(value),
            when,
        }
    }

    /// What goes on the wire.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let value = self.value.map(u32::to_be_bytes);
        let value = value.iter().flatten().copied();
        self.id.iter().copied().chain(value).collect()
    }

    /// Whether an ordinary negotiation has it: of an initiator that does not know the peer yet, without Kerberos, AuthIP, cluster,
    /// Xbox and realm.
    #[must_use]
    pub const fn is_usual(&self, role: Role, ipv6: bool) -> bool {
        match self.when {
            When::Always => true,
            When::Ipv4 => !ipv6,
            When::Initiator | When::FirstContact => matches!(role, Role::Initiator),
            When::Authip | When::Cluster | When::Kerberos | When::Xbox | When::Realm => false,
        }
    }
}

/// NAT traversal ([MS-IKEE] §3.2).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NatT {
    /// The revisions, the preferred one first ([MS-IKEE] note 13).
    pub revisions: &'static [NatRevision],
    /// Between keep-alives; `None`: it sends none ([MS-IKEE] note 14).
    pub keep_alive: Option<Duration>,
}

/// Fragments of IKEv1 messages ([MS-IKEE] §3.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Fragmentation {
    /// From a message to its fragments: the first two retransmission intervals; half a second more or less for each of them is
    /// usual ([MS-IKEE] note 16).
    pub after: Duration,
    /// Whether only an initiator has that timer ([MS-IKEE] note 16).
    pub initiator_only: bool,
    /// The first message that starts the timer, counted from 1 ([MS-IKEE] note 16).
    pub from_message: u8,
    /// How long an incomplete message is kept ([MS-IKEE] note 17).
    pub reassembly: Duration,
    /// Whether, once a fragment has come in, messages go out in fragments at once ([MS-IKEE] notes 18 and 19); of releases of which
    /// this is not said, no.
    pub at_once: bool,
}

/// How SAs are deleted ([MS-IKEE] §3.8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Delete {
    /// Whether deletes have a nonce, 32 octets, and are answered ([MS-IKEE] note 23).
    pub nonce: bool,
    /// Retransmissions to a Microsoft peer ([MS-IKEE] note 24).
    pub retransmissions: u8,
    /// To the first retransmission; then it doubles ([MS-IKEE] note 24).
    pub first: Duration,
    /// The longest interval ([MS-IKEE] note 24).
    pub longest: Duration,
    /// Whether a shutdown keeps to that schedule, instead of one repetition ([MS-IKEE] note 25).
    pub shutdown_as_usual: bool,
}

/// How long a child SA may be idle ([MS-IKEE] notes 21 and 34).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Idle {
    /// Otherwise.
    pub usual: Duration,
    /// With a peer that is part of a cluster.
    pub failover: Duration,
}

/// The defence against floods ([MS-IKEE] §3.9, note 29).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dos {
    /// None.
    Never,
    /// Always on where the operator wants it.
    Always,
    /// By the number of main modes that have received one message, where the operator wants it.
    Thresholds {
        /// On above.
        on: u16,
        /// Off below.
        off: u16,
        /// One address may have so many.
        per_address: u16,
    },
}

/// What is peculiar to IKEv2.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ikev2 {
    /// The vendor IDs of IKE_SA_INIT, in order.
    pub vendor_ids: &'static [Announcement],
    /// The offer of an IKE SA, best first.
    pub ike: &'static [&'static str],
    /// The offer of a child SA, best first.
    pub esp: &'static [&'static str],
    /// Whether it announces fragments in IKE_SA_INIT. [MS-IKEE] note 2 has it for no release; logs of Windows 10 from 1803 on
    /// have the notify.
    pub fragmentation: bool,
    /// Whether one proposal may combine ESP and AH ([MS-IKEE] note 2).
    pub combined_proposals: bool,
}

impl Windows {
    /// The vendor IDs of an ordinary IKEv1 negotiation, in order: what [`Announcement::is_usual`] says.
    pub fn usual_vendor_ids(
        &self,
        role: Role,
        ipv6: bool,
    ) -> impl Iterator<Item = &'static Announcement> + use<> {
        let all = self.vendor_ids.iter();
        all.filter(move |it| it.is_usual(role, ipv6))
    }

    /// Whether it has an extension.
    #[must_use]
    pub fn has(&self, extension: Extension) -> bool {
        self.extensions.contains(&extension)
    }
}
