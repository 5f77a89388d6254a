//! What went wrong, sorted by who is to blame, and what the peer is told about it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use ike_crypto::SignatureScheme;
use ipsec_doi::auth_method::Proof;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{EspProposal, GroupId, HashId, Identity, IkeProposal, TrafficSelector};
use isakmp_wire::v2::{AuthMethod, CertEncoding, NotifyType};
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
    /// The peer, authenticated as far as the exchange goes, reported this error.
    PeerError(NotifyType),
    /// An extension vetoed.
    Refused(&'static str),
    /// No answer; the last unauthenticated refusal that came, if any (RFC 7296 §2.21.1).
    Timeout(Option<NotifyType>),
}

/// Which proof failed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AuthenticationFailure {
    /// The peer's AUTH payload does not match what our configuration holds for it.
    WrongSecret {
        /// Who the peer says it is.
        peer: Identity,
    },
    /// The peer authenticates by a method that the connection does not have.
    Method {
        /// Who the peer says it is.
        peer: Identity,
        /// Its method.
        method: AuthMethod,
        /// What the connection takes.
        accepted: Vec<Proof>,
    },
    /// The peer signs by a scheme that the connection does not take.
    Scheme {
        /// Who the peer says it is.
        peer: Identity,
        /// Its method.
        method: AuthMethod,
        /// The scheme that it names, if it names one that we know.
        used: Option<SignatureScheme>,
        /// What the connection takes.
        accepted: Vec<SignatureScheme>,
    },
    /// The peer's signature is not by the key of its certificate over this exchange.
    WrongSignature {
        /// Who the peer says it is.
        peer: Identity,
        /// Its method.
        method: AuthMethod,
        /// The schemes that it was tried by.
        schemes: Vec<SignatureScheme>,
    },
    /// The application does not take the peer's certificate.
    Untrusted {
        /// Who the peer says it is.
        peer: Identity,
        /// Why, in the application's words.
        reason: String,
    },
    /// The application has not said in time whether it takes the peer's certificate.
    Unjudged {
        /// Who the peer says it is.
        peer: Identity,
    },
    /// The peer sends no certificate that can be looked at.
    Encoding {
        /// Who the peer says it is.
        peer: Identity,
        /// What it sends instead.
        encoding: CertEncoding,
    },
    /// The peer proves nothing, and that wrongly (RFC 7619).
    WrongNull {
        /// Who the peer says it is.
        peer: Identity,
    },
    /// We have no key that signs in a way that the peer understands.
    CannotSign {
        /// Who we are.
        ours: Identity,
        /// The schemes that we may sign with.
        schemes: Vec<SignatureScheme>,
        /// The hashes that the peer announced; `None` if it does not know RFC 7427.
        announced: Option<Vec<HashId>>,
    },
    /// The peer does not accept us: who we are, or our secret.
    Rejected {
        /// Who we said we are.
        ours: Identity,
        /// Whom we want to reach, if we said so.
        wanted: Option<Identity>,
        /// How we proved it.
        method: AuthMethod,
    },
    /// No connection is for this pair of identities.
    Identity {
        /// Who the peer says it is.
        peer: Identity,
        /// Whom it wants to reach, if it said so.
        wanted: Option<Identity>,
        /// Whom our connections expect; `None` stands for anybody.
        expected: Vec<Option<Identity>>,
    },
}

/// What the two sides do not have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Incompatibility {
    /// No address was to be had.
    Addresses,
    /// IKE suites.
    Ike {
        /// Ours.
        ours: Vec<IkeProposal>,
        /// The peer's, where it sent them.
        theirs: Vec<IkeProposal>,
    },
    /// ESP suites.
    Esp {
        /// Ours.
        ours: Vec<EspProposal>,
        /// The peer's, where it sent them.
        theirs: Vec<EspProposal>,
    },
    /// The peer insists on a key exchange group that is not ours, or keeps changing its mind.
    Group {
        /// What it asks for.
        wanted: GroupId,
    },
    /// One side wants transport mode, the other a tunnel.
    Mode {
        /// Ours.
        ours: Mode,
    },
    /// Traffic selectors.
    Selectors {
        /// Ours, behind us and behind the peer.
        ours: (Vec<TrafficSelector>, Vec<TrafficSelector>),
        /// The peer's view of the same two sides, where it sent them.
        theirs: (Vec<TrafficSelector>, Vec<TrafficSelector>),
    },
    /// No connection is configured for these addresses.
    NoConnection,
}

/// A rule that a peer broke.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// It chose what was not offered.
    ChoseUnoffered,
    /// A payload is missing.
    Missing(PayloadType),
    /// A payload stands more than once.
    Repeated(PayloadType),
    /// A payload that we do not know is marked critical.
    UnknownCritical(PayloadType),
    /// It widened the traffic selectors.
    WidenedSelectors,
    /// It asked for cookies or other groups without end.
    EndlessRetry,
    /// More certificates than the limits allow.
    TooManyCertificates,
    /// A certificate longer than the limits allow.
    LongCertificate,
    /// A nonce is shorter than half the PRF's key (RFC 7296 §2.10).
    ShortNonce,
}

/// Why a datagram led to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dropped {
    /// It is of AuthIP, which shares our port ([MS-IKEE] §1.3.8).
    AuthIp,
    /// It did not decrypt.
    Undecryptable,
    /// Its SA waits for a verdict on the peer's certificates; it may come again.
    Waiting,
    /// An extension dropped it.
    Extension(&'static str),
    /// More half-open SAs than the limits allow.
    HalfOpenLimit,
    /// It cannot be read.
    Malformed(ParseError),
    /// Its message ID is outside the window.
    MessageId,
    /// Not what is awaited now.
    Unexpected,
    /// No SA has these SPIs.
    UnknownSpi,
    /// Another major version than 2.
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

impl From<AuthenticationFailure> for Failure {
    fn from(what: AuthenticationFailure) -> Self {
        Self::Authentication(what)
    }
}

impl From<Misbehaviour> for Failure {
    fn from(what: Misbehaviour) -> Self {
        Self::Misbehaved(what)
    }
}

impl From<Incompatibility> for Failure {
    fn from(what: Incompatibility) -> Self {
        Self::Incompatible(Box::new(what))
    }
}

impl Failure {
    /// The one table from failure to notify: what the peer is told (RFC 7296 §3.10.1); `None`
    /// where there is nobody to tell.
    #[must_use]
    pub fn notify(&self) -> Option<NotifyType> {
        Some(match self {
            Self::Authentication(_) => NotifyType::AUTHENTICATION_FAILED,
            Self::Bug(_) | Self::Refused(_) => NotifyType::NO_PROPOSAL_CHOSEN,
            Self::Crypto | Self::Malformed(_) => NotifyType::INVALID_SYNTAX,
            Self::Incompatible(what) => match **what {
                Incompatibility::Addresses => NotifyType::INTERNAL_ADDRESS_FAILURE,
                Incompatibility::Ike { .. }
                | Incompatibility::Esp { .. }
                | Incompatibility::Mode { .. }
                | Incompatibility::NoConnection => NotifyType::NO_PROPOSAL_CHOSEN,
                Incompatibility::Group { .. } => NotifyType::INVALID_KE_PAYLOAD,
                Incompatibility::Selectors { .. } => NotifyType::TS_UNACCEPTABLE,
            },
            Self::Misbehaved(Misbehaviour::UnknownCritical(_)) => {
                NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD
            }
            Self::Misbehaved(Misbehaviour::TooManyCertificates | Misbehaviour::LongCertificate) => {
                NotifyType::AUTHENTICATION_FAILED
            }
            Self::Misbehaved(_) => NotifyType::INVALID_SYNTAX,
            Self::PeerError(_) | Self::Timeout(_) => return None,
        })
    }

    /// What goes with that notify: the payload type that was not understood, or the group that is
    /// wanted instead (RFC 7296 §3.10.1).
    pub(crate) fn notify_data(&self) -> Vec<u8> {
        if let Self::Misbehaved(Misbehaviour::UnknownCritical(kind)) = self {
            return Vec::from([kind.get()]);
        }
        if let Self::Incompatible(what) = self
            && let Incompatibility::Group { wanted } = **what
        {
            return wanted.get().to_be_bytes().to_vec();
        }
        Vec::new()
    }
}
