//! Failures in words: one line that says what each side had, and what to look at.

use core::fmt;

use ipsec_doi::TrafficSelector;
use ipsec_doi::encapsulation::Mode;

use super::{Dropped, Failure, Incompatibility, Misbehaviour};
use crate::output::CloseReason;

mod authentication;

/// A comma-separated list, or what stands for an empty one.
struct List<'a, T>(&'a [T], &'static str);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(self.1);
        }
        for (i, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

const UNTOLD: &str = "(not told)";
const NONE: &str = "(none)";

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authentication(what) => what.fmt(f),
            Self::Bug(what) => write!(f, "internal error: {what}"),
            Self::Crypto => f.write_str("a public value or key of the peer was refused"),
            Self::Incompatible(what) => what.fmt(f),
            Self::Malformed(error) => write!(f, "malformed message from the peer: {error}"),
            Self::Misbehaved(what) => write!(f, "the peer broke a rule: {what}"),
            Self::PeerError(what) => {
                write!(f, "the peer answered {what}")
            }
            Self::Refused(why) => write!(f, "refused by an extension: {why}"),
            Self::Timeout(None) => f.write_str("no answer from the peer"),
            Self::Timeout(Some(what)) => write!(
                f,
                "no valid answer from the peer; an unauthenticated one said {what}"
            ),
        }
    }
}

impl core::error::Error for Failure {}

type Sides = (
    alloc::vec::Vec<TrafficSelector>,
    alloc::vec::Vec<TrafficSelector>,
);

fn sides(
    f: &mut fmt::Formatter<'_>,
    who: &str,
    (local, remote): &Sides,
    empty: &'static str,
) -> fmt::Result {
    if local.is_empty() && remote.is_empty() {
        return write!(f, "{who} {empty}");
    }
    write!(f, "{who} {} === {}", List(local, NONE), List(remote, NONE))
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses => {
                f.write_str("an internal address was asked for, and there is none to give")
            }
            Self::Ike { ours, theirs } if theirs.is_empty() => write!(
                f,
                "the peer answered NO_PROPOSAL_CHOSEN to our IKE suites: {}",
                List(ours, NONE)
            ),
            Self::Esp { ours, theirs } if theirs.is_empty() => write!(
                f,
                "the peer answered NO_PROPOSAL_CHOSEN to our ESP suites: {}",
                List(ours, NONE)
            ),
            Self::Ike { ours, theirs } => write!(
                f,
                "no IKE suite in common: ours {}; the peer's {}",
                List(ours, NONE),
                List(theirs, UNTOLD)
            ),
            Self::Esp { ours, theirs } => write!(
                f,
                "no ESP suite in common: ours {}; the peer's {}",
                List(ours, NONE),
                List(theirs, UNTOLD)
            ),
            Self::Group { wanted } => {
                write!(
                    f,
                    "the peer wants key exchange group {wanted}, which was not offered or did not help"
                )
            }
            Self::Mode { ours } => {
                let (ours, theirs) = match ours {
                    Mode::Transport => ("transport mode", "a tunnel"),
                    Mode::Tunnel => ("a tunnel", "transport mode"),
                };
                write!(
                    f,
                    "the child is configured for {ours}, the peer wants {theirs}"
                )
            }
            Self::Selectors { ours, theirs } => {
                f.write_str("no traffic selectors in common (local === remote): ")?;
                sides(f, "ours", ours, NONE)?;
                f.write_str("; ")?;
                sides(f, "the peer's", theirs, UNTOLD)
            }
            Self::NoConnection => f.write_str("no connection is configured for these addresses"),
        }
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChoseUnoffered => f.write_str("it chose what was not offered"),
            Self::Missing(kind) => write!(f, "a {kind} payload is missing"),
            Self::Repeated(kind) => write!(f, "a {kind} payload stands more than once"),
            Self::UnknownCritical(kind) => write!(f, "payload type {kind} is critical and unknown"),
            Self::WidenedSelectors => f.write_str("it widened the traffic selectors"),
            Self::EndlessRetry => f.write_str("it asked for cookies or other groups without end"),
            Self::TooManyCertificates => f.write_str("it sent more certificates than we take"),
            Self::LongCertificate => f.write_str("it sent a certificate longer than we take"),
            Self::ShortNonce => f.write_str("its nonce is too short for the PRF"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthIp => f.write_str("a message of AuthIP, which is not spoken here"),
            Self::Undecryptable => f.write_str("does not decrypt"),
            Self::Waiting => f.write_str("a repetition of what is being looked at"),
            Self::Extension(why) => write!(f, "dropped by an extension: {why}"),
            Self::HalfOpenLimit => f.write_str("too many half-open SAs"),
            Self::Malformed(error) => write!(f, "malformed: {error}"),
            Self::MessageId => f.write_str("message ID outside the window"),
            Self::Unexpected => f.write_str("not what is awaited now"),
            Self::UnknownSpi => f.write_str("unknown SPI"),
            Self::Version => f.write_str("not IKEv2"),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("its lifetime is over"),
            Self::Local => f.write_str("deleted by us"),
            Self::Reauthenticated => f.write_str("replaced by an SA with fresh proofs"),
            Self::Superseded => f.write_str("a new SA of the same peer takes its place"),
            Self::Peer => f.write_str("deleted by the peer"),
            Self::Silent => f.write_str("the peer does not answer"),
            Self::PeerError(what) => write!(f, "the peer reported {what}"),
            Self::Failure(failure) => failure.fmt(f),
        }
    }
}
