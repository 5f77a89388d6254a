//! What went wrong, in the words of logs and metrics, whichever version of IKE it was.

use ikee::ikev1;
use ikee::ikev2::{AuthenticationFailure, Dropped, Failure, Incompatibility, Misbehaviour};

/// Why a negotiation came to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    /// One line.
    pub(crate) text: String,
    /// In a word, for metrics.
    pub(crate) reason: &'static str,
    /// Whether it is our own.
    pub(crate) bug: bool,
}

impl From<&Failure> for Fault {
    fn from(failure: &Failure) -> Self {
        Self {
            text: failure.to_string(),
            reason: reason(failure),
            bug: matches!(failure, Failure::Bug(_)),
        }
    }
}

impl From<&ikev1::Failure> for Fault {
    fn from(failure: &ikev1::Failure) -> Self {
        Self {
            text: failure.to_string(),
            reason: reason_v1(failure),
            bug: matches!(failure, ikev1::Failure::Bug(_)),
        }
    }
}

/// Why a datagram led to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Discard {
    /// One line.
    pub(crate) text: String,
    /// In a word, for metrics.
    pub(crate) reason: &'static str,
    /// Whether the limits on strangers were at work.
    pub(crate) limit: bool,
}

impl From<&Dropped> for Discard {
    fn from(why: &Dropped) -> Self {
        Self {
            text: why.to_string(),
            reason: drop_reason(why),
            limit: matches!(why, Dropped::HalfOpenLimit),
        }
    }
}

impl From<&ikev1::Dropped> for Discard {
    fn from(why: &ikev1::Dropped) -> Self {
        Self {
            text: why.to_string(),
            reason: drop_reason_v1(why),
            limit: matches!(why, ikev1::Dropped::Limit),
        }
    }
}

/// A failure in a word.
fn reason(failure: &Failure) -> &'static str {
    match failure {
        Failure::Authentication(what) => match what {
            AuthenticationFailure::WrongSecret { .. } => "wrong-secret",
            AuthenticationFailure::Method { .. } => "method",
            AuthenticationFailure::Rejected { .. } => "rejected",
            AuthenticationFailure::Identity { .. } => "identity",
            _ => "authentication",
        },
        Failure::Bug(_) => "bug",
        Failure::Crypto => "crypto",
        Failure::Incompatible(what) => match **what {
            Incompatibility::Addresses => "addresses",
            Incompatibility::Ike { .. } => "ike-proposals",
            Incompatibility::Esp { .. } => "esp-proposals",
            Incompatibility::Group { .. } => "group",
            Incompatibility::Selectors { .. } => "selectors",
            Incompatibility::NoConnection => "no-connection",
            _ => "incompatible",
        },
        Failure::Malformed(_) => "malformed",
        Failure::Misbehaved(what) => match what {
            Misbehaviour::UnknownCritical(_) => "unknown-critical",
            _ => "misbehaved",
        },
        Failure::PeerError(_) => "peer-error",
        Failure::Refused(_) => "extension",
        Failure::Timeout(_) => "timeout",
        _ => "other",
    }
}

/// Why a datagram was dropped, in a word.
fn drop_reason(why: &Dropped) -> &'static str {
    match why {
        Dropped::AuthIp => "authip",
        Dropped::Undecryptable => "undecryptable",
        Dropped::Extension(_) => "extension",
        Dropped::HalfOpenLimit => "half-open-limit",
        Dropped::Malformed(_) => "malformed",
        Dropped::MessageId => "message-id",
        Dropped::Unexpected => "unexpected",
        Dropped::UnknownSpi => "unknown-spi",
        Dropped::Version => "version",
        _ => "other",
    }
}

/// A failure of IKEv1 in a word; the words are those of IKEv2 as far as they go.
fn reason_v1(failure: &ikev1::Failure) -> &'static str {
    use ikev1::{AuthenticationFailure, Failure, Incompatibility};
    match failure {
        Failure::Authentication(what) => match what {
            AuthenticationFailure::WrongSecret { .. } => "wrong-secret",
            AuthenticationFailure::Identity { .. } => "identity",
            AuthenticationFailure::Xauth { .. } => "xauth",
            _ => "authentication",
        },
        Failure::Bug(_) => "bug",
        Failure::Crypto => "crypto",
        Failure::Incompatible(what) => match **what {
            Incompatibility::Addresses => "addresses",
            Incompatibility::Ike { .. } => "ike-proposals",
            Incompatibility::Child { .. } => "esp-proposals",
            Incompatibility::Selectors { .. } => "selectors",
            Incompatibility::NoConnection => "no-connection",
            _ => "incompatible",
        },
        Failure::Malformed(_) => "malformed",
        Failure::Misbehaved(_) => "misbehaved",
        Failure::PeerError(_) | Failure::PeerSays(_) => "peer-error",
        Failure::Refused(_) => "extension",
        Failure::Timeout(_) => "timeout",
        _ => "other",
    }
}

fn drop_reason_v1(why: &ikev1::Dropped) -> &'static str {
    use ikev1::Dropped;
    match why {
        Dropped::AuthIp => "authip",
        Dropped::Undecryptable => "undecryptable",
        Dropped::Extension(_) => "extension",
        Dropped::Limit => "half-open-limit",
        Dropped::Malformed(_) => "malformed",
        Dropped::Replay => "replay",
        Dropped::Unexpected => "unexpected",
        Dropped::UnknownSpi => "unknown-spi",
        Dropped::Version => "version",
        _ => "other",
    }
}
