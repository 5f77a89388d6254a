use alloc::vec::Vec;

use isakmp_wire::OwnedPayload;

use crate::handle::{ChildId, SaId};

/// What an extension concludes about an incoming message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a core must handle every variant")]
pub enum Verdict {
    /// The negotiation must fail.
    Abort(&'static str),
    /// The message was wholly the extension's; the core is done with it.
    Consume,
    /// Nothing to say; let the core go on.
    Continue,
    /// Silently drop the message.
    Discard(&'static str),
}

/// What an extension asks of the core, which acts once the extension has returned.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a core must handle every variant")]
pub enum Action {
    /// The peer of the SA is dead: forget the SA and its children, and do not tell it. With `again`,
    /// begin a new negotiation under the same policy and with the same peer ([MS-IKEE] §3.12.4.1).
    Abandon {
        /// Which SA.
        sa: SaId,
        /// Whether to begin anew.
        again: bool,
    },
    /// The SA may go now; undoes every [`Draft::hold`](crate::Draft::hold).
    Close(SaId),
    /// Delete a child SA.
    DeleteChild(ChildId),
    /// Move the SA to the NAT traversal port (RFC 3947 §4).
    FloatPorts(SaId),
    /// Send an informational message.
    ///
    /// In IKEv1 its hash is computed over `prefix`, the message ID and the payloads. IKEv2 has
    /// neither: the core uses its next message ID and leaves the prefix out.
    Inform {
        /// On which SA.
        sa: SaId,
        /// Under which message ID (IKEv1): that of a message which it answers, or 0 for a new one of the core's choice.
        message_id: u32,
        /// What the hash covers before the message ID (IKEv1).
        prefix: Vec<u8>,
        /// What follows the hash.
        payloads: Vec<OwnedPayload>,
    },
    /// Tell the application that this extension has news about the SA.
    Nudge(SaId),
    /// The peer refuses the quick mode of ours that has this message ID, or the only one that is under way if it does not say
    /// which, for this reason (IKEv1).
    QuickModeRefused {
        /// On which SA.
        sa: SaId,
        /// Under which message ID, if the peer says.
        message_id: Option<u32>,
        /// The peer's reason.
        why: &'static str,
    },
    /// Send these octets to the peer of the SA, as they are: a NAT keepalive.
    Raw(SaId, Vec<u8>),
    /// Send the current message of the SA again, from composition on. In IKEv1 an initiator's message in clear that is not
    /// answered yet; otherwise nothing happens.
    Recompose(SaId),
    /// Rekey a child SA.
    RekeyChild(ChildId),
    /// Rekey the IKE SA.
    RekeySa(SaId),
    /// Nobody holds the message with this message ID any more; the SA may go if no other is held.
    Release(SaId, u32),
    /// Send the held message of the SA with this message ID again, byte for byte.
    Resend(SaId, u32),
}

impl Action {
    /// Whether only an authenticated message may lead to it.
    ///
    /// Otherwise anybody who can forge a datagram would have a lever on an established SA. What
    /// is left moves no state that is worth protecting: [`Nudge`](Self::Nudge),
    /// [`Recompose`](Self::Recompose) (a bounded number of times) and
    /// [`FloatPorts`](Self::FloatPorts) (NAT detection comes before authentication).
    #[must_use]
    pub const fn needs_protection(&self) -> bool {
        !matches!(
            self,
            Self::FloatPorts(_) | Self::Nudge(_) | Self::Recompose(_)
        )
    }
}

/// What happened to an SA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Lifecycle {
    /// A child SA is gone.
    ChildClosed(ChildId),
    /// A child SA that we wanted has come to nothing; it was to replace no other (IKEv1).
    ChildFailed(Blame),
    /// A child SA was installed.
    ChildOpened(ChildId),
    /// The IKE SA is gone, and its row in every table with it. The last thing that is heard of it.
    Closed,
    /// The IKE SA is authenticated.
    Established,
    /// The negotiation fails; the core is about to compose what it tells the peer.
    Failing(Blame),
    /// The peer has proved who it is, which the facts tell; nothing has come of it yet, and
    /// [`Policy::conclusion`](crate::Policy::conclusion) is asked next (IKEv2).
    Proven,
    /// The quick mode with this message ID fails (IKEv1); the core is about to compose what it tells the peer. The SA
    /// stands.
    QuickModeFailing(u32, Blame),
    /// Rekeying of a child failed.
    RekeyChildFailed(ChildId),
    /// Rekeying of the IKE SA failed.
    RekeyFailed,
    /// The IKE SA was rekeyed: what its peer can do holds for the successor, too.
    Succeeded(SaId),
    /// The data plane noticed something about a child SA.
    Traffic(ChildId, Hint),
}

/// Who or what is to blame for a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Blame {
    /// The peer could not prove who it is.
    Authentication,
    /// A cryptographic operation failed.
    Crypto,
    /// The two sides have nothing in common.
    Incompatible,
    /// A fault of our own.
    Internal,
    /// The peer sent what cannot be parsed.
    Malformed,
    /// The peer broke the protocol's rules.
    Misbehaved,
    /// An extension or the policy said no.
    Refused,
    /// The peer did not answer.
    Timeout,
}

/// What the data plane notices about the traffic of a child SA ([MS-IKEE] §3.5, §3.12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Hint {
    /// No packet has passed for the idle limit.
    Idle,
    /// A packet came in, after some while without.
    Inbound,
    /// Packets go out and none comes in.
    OneSided,
    /// A TCP segment was retransmitted, of a connection that stands.
    Retransmission,
    /// Packets have gone out for the idle limit, and none has come in.
    Unanswered,
    /// A TCP SYN was retransmitted, and no TCP connection to the peer is open.
    Unconnected,
}
