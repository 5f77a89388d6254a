//! The caller's own errors.

use core::fmt;

use ike_ext::PolicyId;

/// A call that cannot be carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Misuse {
    /// The child is unknown, or gone.
    NoChild,
    /// The SA is unknown, or gone.
    NoSa,
    /// The SA is not established.
    NotEstablished,
    /// The SA does not wait for that.
    NotAwaited,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoChild => "no such child SA",
            Self::NoSa => "no such IKE SA",
            Self::NotEstablished => "the IKE SA is not established",
            Self::NotAwaited => "the IKE SA does not wait for that",
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
    /// Key and XAUTH of the connection go together in no authentication method; or no extension brings the method that
    /// it wants, for these addresses and in main mode.
    NoMethod,
    /// No connection has this handle.
    NoConnection(PolicyId),
    /// The connection has no proposals, or weak ones only.
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
            Self::NoMethod => {
                f.write_str("no authentication method has this combination of key and XAUTH, or the extension that brings it does not serve these addresses, or aggressive mode is on")
            }
            Self::NoConnection(id) => write!(f, "no connection {id:?}"),
            Self::NoProposals => f.write_str(
                "the connection has no IKE proposals, or only weak ones and is not marked as legacy",
            ),
            Self::NoRemote => f.write_str("the connection has no remote address"),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl core::error::Error for InitiateError {}
