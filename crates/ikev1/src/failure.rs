//! What went wrong, sorted by who is to blame, and what the peer is told about it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use ipsec_doi::v1::{IkeProposal, Phase1, Phase2};
use ipsec_doi::{Identity, TrafficSelector};
use isakmp_wire::v1::{AuthMethod, NotifyType};
use isakmp_wire::{ParseError, PayloadType};

mod text;

/// Why a negotiation came to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// A proof did not verify.
    Authentication(AuthenticationFailure),
    /// A fault of our own.
    Bug(&'static str),
    /// A primitive refused its input, a public value for instance.
    Crypto,
    /// Each side works, but not with the other.
    Incompatible(Box<Incompatibility>),
    /// The peer sent something that cannot be read.
    Malformed(ParseError),
    /// The peer broke a rule.
    Misbehaved(Misbehaviour),
    /// The peer, in a message under the SA's keys, reported this error.
    PeerError(NotifyType),
    /// The peer, in a message under the SA's keys, gave this reason of its own kind; an extension understood it.
    PeerSays(&'static str),
    /// An extension vetoed.
    Refused(&'static str),
    /// No answer; the last unauthenticated refusal that came, if any.
    Timeout(Option<NotifyType>),
}

/// Which proof failed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthenticationFailure {
    /// The certificates were refused, for this reason.
    Certificate {
        /// Who the peer says it is.
        peer: Identity,
        /// What whoever judged them said.
        reason: String,
    },
    /// No connection is for this identity.
    Identity {
        /// Who the peer says it is.
        peer: Identity,
        /// Whom our connection expects; `None` stands for anybody.
        expected: Option<Identity>,
    },
    /// The peer signs, but sent no certificate.
    NoCertificate {
        /// Who the peer says it is.
        peer: Identity,
    },
    /// The signature is not by the key of the certificate.
    Signature {
        /// Who the peer says it is.
        peer: Identity,
    },
    /// The peer's messages do not decrypt, or its HASH is wrong: it has another pre-shared key.
    WrongSecret {
        /// Where it is.
        peer: IpAddr,
    },
    /// XAUTH came to nothing: the name or the password is wrong.
    Xauth {
        /// The user.
        user: String,
    },
}

/// What the two sides do not have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Incompatibility {
    /// No address was to be had.
    Addresses,
    /// Phase 1 suites or methods.
    Ike {
        /// Ours.
        ours: Vec<IkeProposal>,
        /// The methods that we accept.
        methods: Vec<AuthMethod>,
        /// What the peer offers, as far as it can be understood.
        theirs: Vec<Phase1>,
    },
    /// Quick mode suites.
    Child {
        /// The child of ours whose selectors fit, by name.
        child: String,
        /// What the peer offers, as far as it can be understood.
        theirs: Vec<Phase2>,
    },
    /// The method of phase 1 works by public-key encryption, which we refuse (RFC 2409 §5.2, §5.3).
    PublicKeyEncryption(AuthMethod),
    /// As many quick modes were negotiated under the SA as it may have ([MS-IKEE] §3.8.7.2).
    QuickModes,
    /// The identities of quick mode.
    Selectors {
        /// The peer's view: what lies behind us, and behind it; `None` for an identity that selects no traffic.
        theirs: (Option<TrafficSelector>, Option<TrafficSelector>),
    },
    /// Quick mode with several security associations at once.
    SeveralSas,
    /// No connection is configured for these addresses, or none takes aggressive mode.
    NoConnection,
}

/// A rule that a peer broke.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// It changed the identities of quick mode.
    ChangedIdentities,
    /// It chose what was not offered.
    ChoseUnoffered,
    /// HASH is wrong under keys that are right.
    Hash,
    /// A payload is missing.
    Missing(PayloadType),
    /// A nonce is not 8 to 256 octets long (RFC 2409 §5).
    Nonce,
    /// Something has to be encrypted and is not.
    Plain,
    /// A payload stands more than once.
    Repeated(PayloadType),
}

/// Why a datagram led to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dropped {
    /// It is of AuthIP, which shares our port ([MS-IKEE] §1.3.8).
    AuthIp,
    /// It did not decrypt, or its HASH is wrong.
    Undecryptable,
    /// An extension dropped it.
    Extension(&'static str),
    /// More half-open SAs, or exchanges, than the limits allow.
    Limit,
    /// It cannot be read.
    Malformed(ParseError),
    /// It was seen before.
    Replay,
    /// Not what is awaited now.
    Unexpected,
    /// No SA has these cookies.
    UnknownSpi,
    /// Another major version than 1.
    Version,
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<ike_crypto::Error> for Failure {
    fn from(_: ike_crypto::Error) -> Self {
        Self::Crypto
    }
}

impl From<Misbehaviour> for Failure {
    fn from(what: Misbehaviour) -> Self {
        Self::Misbehaved(what)
    }
}

impl From<AuthenticationFailure> for Failure {
    fn from(what: AuthenticationFailure) -> Self {
        Self::Authentication(what)
    }
}

impl From<Incompatibility> for Failure {
    fn from(what: Incompatibility) -> Self {
        Self::Incompatible(Box::new(what))
    }
}

impl Failure {
    /// The one table from failure to notify: what the peer is told (RFC 2408 §3.14.1); `None` where there is nobody to
    /// tell.
    #[must_use]
    pub fn notify(&self) -> Option<NotifyType> {
        Some(match self {
            Self::Authentication(what) => match what {
                AuthenticationFailure::Certificate { .. }
                | AuthenticationFailure::NoCertificate { .. } => NotifyType::INVALID_CERTIFICATE,
                AuthenticationFailure::Identity { .. } => NotifyType::INVALID_ID_INFORMATION,
                AuthenticationFailure::Signature { .. } => NotifyType::INVALID_SIGNATURE,
                AuthenticationFailure::WrongSecret { .. } => NotifyType::INVALID_HASH_INFORMATION,
                AuthenticationFailure::Xauth { .. } => NotifyType::AUTHENTICATION_FAILED,
            },
            Self::Bug(_) | Self::Refused(_) => NotifyType::NO_PROPOSAL_CHOSEN,
            Self::Crypto => NotifyType::INVALID_KEY_INFORMATION,
            Self::Malformed(_) => NotifyType::PAYLOAD_MALFORMED,
            Self::Incompatible(what) => match **what {
                Incompatibility::Addresses | Incompatibility::Selectors { .. } => {
                    NotifyType::INVALID_ID_INFORMATION
                }
                Incompatibility::Ike { .. }
                | Incompatibility::Child { .. }
                | Incompatibility::PublicKeyEncryption(_)
                | Incompatibility::QuickModes
                | Incompatibility::SeveralSas
                | Incompatibility::NoConnection => NotifyType::NO_PROPOSAL_CHOSEN,
            },
            Self::Misbehaved(what) => match what {
                Misbehaviour::ChangedIdentities => NotifyType::INVALID_ID_INFORMATION,
                Misbehaviour::ChoseUnoffered => NotifyType::BAD_PROPOSAL_SYNTAX,
                Misbehaviour::Hash => NotifyType::INVALID_HASH_INFORMATION,
                Misbehaviour::Plain => NotifyType::INVALID_FLAGS,
                Misbehaviour::Missing(_) | Misbehaviour::Nonce | Misbehaviour::Repeated(_) => {
                    NotifyType::PAYLOAD_MALFORMED
                }
            },
            Self::PeerError(_) | Self::PeerSays(_) | Self::Timeout(_) => return None,
        })
    }
}
