//! What an extension may offer beyond its callbacks, one small trait each.
#![expect(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    reason = "answers, all of which a core handles, and questions, which a core builds"
)]

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use ipsec_doi::encapsulation::NatRevision;
use isakmp_wire::v1::AuthMethod;
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};
use isakmp_wire::{OwnedPayload, PayloadType};

use crate::context::{Context, Host};
use crate::handle::{PolicyId, SaId};
use crate::message::{Inbound, Sent, Stage};

/// Decides about a first message before any state exists for it.
pub trait Gate {
    /// Judges `first`, which is well-formed. In IKEv1 it may be one that answers a challenge, with the responder's cookie
    /// in its header.
    fn admit(&mut self, cx: &mut Context<'_>, first: &Inbound<'_>) -> Admission;
}

/// A gate's judgement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Let it in.
    Admit,
    /// Answer with this notification, and keep no state.
    Challenge(OwnedPayload),
    /// Let it in, and take the responder's cookie in its header, which an earlier [challenge](Self::Challenge) gave out,
    /// for that of the SA ([MS-IKEE] §3.9.5.3). In IKEv2 the same as [`Admit`](Self::Admit).
    ///
    /// A first message of IKEv1 that has such a cookie, but is merely admitted, is dropped: nobody knows the SA.
    Proven,
    /// Drop it.
    Refuse,
}

/// Turns messages into datagrams and back, below encryption.
///
/// What `join` keeps comes from anybody: it must be bounded per SA and in all (see
/// [`Budget`](crate::Budget)).
pub trait Framing {
    /// Splits a message, or leaves `out` empty to send it whole.
    fn split(&mut self, cx: &mut Context<'_>, sa: SaId, sent: &Sent<'_>, out: &mut Vec<Vec<u8>>);

    /// Looks at an undecrypted message.
    fn join(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Join;
}

/// What became of a datagram.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Join {
    /// Drop it.
    Discard,
    /// It is no fragment of this kind.
    NotMine,
    /// Kept; more is to come.
    Pending,
    /// This is the message it completed.
    Whole(Vec<u8>),
}

/// Decides when IKEv2 messages are fragmented, and queues the peer's fragments (RFC 7383).
///
/// The framing itself touches keys and is the core's: it cuts and seals, opens and authenticates.
pub trait Chunking {
    /// The size in octets of a whole IP packet beyond which a message of `sa` is fragmented, and
    /// which no fragment exceeds; `None` to send every message in one piece.
    fn limit(&self, host: &dyn Host, sa: SaId) -> Option<usize>;

    /// Takes one decrypted and authentic fragment.
    fn collect(&mut self, cx: &mut Context<'_>, sa: SaId, chunk: &Chunk<'_>) -> Gather;
}

/// The content of one Encrypted Fragment payload (RFC 7383 §2.5).
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// The message ID of the message it is part of.
    pub message_id: u32,
    /// Whether that message is a response; requests of both sides count message IDs separately,
    /// so this tells the two directions of one ID apart.
    pub response: bool,
    /// The payload's next payload: the type of the message's first payload if `number` is 1.
    pub first: PayloadType,
    /// Which fragment, from 1.
    pub number: u16,
    /// Of how many.
    pub total: u16,
    /// Its plaintext, without padding.
    pub data: &'a [u8],
}

/// What became of a fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Gather {
    /// Dropped, for this reason.
    Discard(&'static str),
    /// Kept; more is to come.
    Pending,
    /// This is the plaintext it completed.
    Whole {
        /// The type of its first payload.
        first: PayloadType,
        /// The payload chain.
        data: Vec<u8>,
    },
}

/// Answers questions the core asks before it decides.
pub trait Policy {
    /// Whether `candidate` may govern `sa`. All extensions must agree.
    fn permits(&self, _sa: SaId, _candidate: PolicyId) -> bool {
        true
    }

    /// Whether the peer may have what its request asks for: a child, or new keys for one or for the
    /// SA. If not, it is told so, and the SA stays as it is (IKEv2). Asked after
    /// [`Extension::on_incoming`](crate::Extension::on_incoming) has seen the request. All
    /// extensions must agree.
    fn grants(&self, _host: &dyn Host, _sa: SaId) -> bool {
        true
    }

    /// How often the message at `stage` may be retransmitted. The smallest wins.
    fn retry_limit(&self, _sa: SaId, _stage: Stage) -> Option<u8> {
        None
    }

    /// How long a child of `sa` may sit idle. The smallest wins.
    fn idle_limit(&self, _sa: SaId) -> Option<Duration> {
        None
    }

    /// What the hash of an incoming informational message covers before its message ID (IKEv1).
    /// The first answer wins.
    fn hash_prefix(&self, _sa: SaId, _message_id: u32) -> Option<&[u8]> {
        None
    }

    /// How a negotiation that succeeded is to end. The first that declines wins.
    fn conclusion(&self, _sa: SaId) -> Conclusion {
        Conclusion::Accept
    }

    /// Which revision of NAT traversal numbers the encapsulation modes (IKEv1). The first answer
    /// wins.
    fn encapsulation(&self, _sa: SaId) -> Option<NatRevision> {
        None
    }
}

/// How a negotiation that succeeded ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Conclusion {
    /// With an established SA.
    Accept,
    /// With this error notify, and no SA: it served another purpose ([MS-IKEE] §3.10).
    Decline(OwnedPayload),
}

/// An authentication method: what it sends, and when it trusts ([MS-IKEE] §3.4).
///
/// Making and checking the signature is the core's, with the RSA key of the connection.
pub trait Credential {
    /// The value of the authentication method attribute.
    fn method(&self) -> AuthMethod;

    /// Whether the method can serve `sa`, by its addresses and by what its peer has sent.
    ///
    /// A core asks before it offers the method, before it chooses it, and before it takes the peer's choice of it: a
    /// number may have another meaning with another peer.
    fn serves(&self, host: &dyn Host, sa: SaId) -> bool;

    /// Our ID payload; `None` to leave it to the core.
    fn identity(&mut self, host: &dyn Host, sa: SaId) -> Option<OwnedPayload>;

    /// Our CERT payload; `None` to leave it to the core.
    fn certificate(&mut self, host: &dyn Host, sa: SaId) -> Option<OwnedPayload>;

    /// Judges the peer, whose signature is valid under the key of its certificate.
    fn trust(&mut self, cx: &mut Context<'_>, sa: SaId, peer: &Evidence<'_>) -> Trust;
}

/// What a peer has shown of itself.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The method that was negotiated.
    pub method: AuthMethod,
    /// The address it speaks from.
    pub peer: IpAddr,
    /// The body of its ID payload.
    pub identity: &'a [u8],
    /// Its certificate, DER.
    pub certificate: &'a [u8],
    /// The SubjectPublicKeyInfo in the certificate, DER.
    pub public_key: &'a [u8],
}

/// A credential's judgement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// It is who it claims to be.
    Accept,
    /// This method has nothing to say; the core judges.
    NotMine,
    /// It is not, for this reason.
    Reject(&'static str),
}

/// Configuration attributes beyond the core's own (RFC 7296 §3.15).
///
/// Nothing that goes wrong here may affect the SA.
pub trait Attributes {
    /// Adds what to ask for in a CFG_REQUEST: attributes, usually without a value.
    fn request(&mut self, host: &dyn Host, sa: SaId, out: &mut Vec<OwnedCfgAttr>);

    /// Adds the answers to one attribute of the peer's CFG_REQUEST.
    fn reply(
        &mut self,
        host: &dyn Host,
        sa: SaId,
        asked: CfgAttribute,
        out: &mut Vec<OwnedCfgAttr>,
    );

    /// Hears one attribute of the peer's CFG_REPLY.
    fn learned(&mut self, cx: &mut Context<'_>, sa: SaId, kind: CfgAttribute, value: &[u8]);
}
