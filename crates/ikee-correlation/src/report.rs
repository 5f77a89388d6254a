//! What the application hears.

use core::fmt;

use ike_ext::SaId;

use crate::machine::Refusal;

/// How a correlation ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The SA that was made for it, and is gone or about to be.
    pub current: SaId,
    /// The SA that it was about, where that is known.
    pub original: Option<SaId>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Report {
    pub(crate) const fn new(current: SaId, original: Option<SaId>, outcome: Outcome) -> Self {
        Self {
            current,
            original,
            outcome,
        }
    }
}

/// What came of a correlation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Both SAs have the same peer. As initiator, the peer says so.
    Correlated,
    /// The peer's proof did not hold.
    Refused(Refusal),
    /// Our proof did not hold, the peer says, with this status if it can be read
    /// ([MS-IKEE] §3.10.5.3).
    Denied(Option<u32>),
    /// We could not make a proof.
    Unable(Refusal),
    /// The peer made an ordinary SA, which we gave up: it does not know correlation.
    Ignored,
    /// The negotiation came to nothing by itself.
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Correlated => f.write_str("both SAs have the same peer"),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Denied(Some(status)) => write!(f, "the peer refuses, with status {status}"),
            Self::Denied(None) => f.write_str("the peer refuses"),
            Self::Unable(why) => write!(f, "not possible: {why}"),
            Self::Ignored => f.write_str("the peer does not know IKE SA correlation"),
            Self::Failed => f.write_str("the negotiation failed"),
        }
    }
}
