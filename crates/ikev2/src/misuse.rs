//! The caller's own errors.

use core::fmt;

use ike_ext::PolicyId;

/// A call that cannot be carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Misuse {
    /// Too many requests wait already.
    Busy,
    /// The connection knows no address of the peer, or nothing to offer it.
    CannotInitiate,
    /// The child is unknown, or gone.
    NoChild,
    /// The SA is unknown, or gone.
    NoSa,
    /// The SA is not established.
    NotEstablished,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many requests wait for the IKE SA already",
            Self::CannotInitiate => "the connection cannot begin a negotiation",
            Self::NoChild => "no such child SA",
            Self::NoSa => "no such IKE SA",
            Self::NotEstablished => "the IKE SA is not established",
        })
    }
}

impl core::error::Error for Misuse {}

/// Why a negotiation could not even be started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InitiateError {
    /// The provider has none of the algorithms that the connection wants first.
    Crypto,
    /// The connection has no child to open (RFC 6023 is not implemented).
    NoChildren,
    /// No connection has this handle.
    NoConnection(PolicyId),
    /// The connection has no proposals.
    NoProposals,
    /// The connection has no peer address.
    NoRemote,
    /// An extension vetoed.
    Refused(&'static str),
}

impl fmt::Display for InitiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crypto => {
                f.write_str("the crypto provider lacks the first proposal's algorithms")
            }
            Self::NoChildren => f.write_str("the connection has no children"),
            Self::NoConnection(id) => write!(f, "no connection {id:?}"),
            Self::NoProposals => f.write_str("the connection has no IKE proposals"),
            Self::NoRemote => f.write_str("the connection has no remote address"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl core::error::Error for InitiateError {}
