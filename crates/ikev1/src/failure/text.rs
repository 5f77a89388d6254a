//! Failures in words: one line that says what each side had, and what to look at.

use core::fmt;

use ipsec_doi::TrafficSelector;

use super::{AuthenticationFailure, Dropped, Failure, Incompatibility, Misbehaviour};
use crate::output::CloseReason;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authentication(what) => what.fmt(f),
            Self::Bug(what) => write!(f, "internal error: {what}"),
            Self::Crypto => f.write_str("a public value or key of the peer was refused"),
            Self::Incompatible(what) => what.fmt(f),
            Self::Malformed(error) => write!(f, "malformed message from the peer: {error}"),
            Self::Misbehaved(what) => write!(f, "the peer broke a rule: {what}"),
            Self::PeerError(what) => write!(f, "the peer answered {what}"),
            Self::PeerSays(why) => write!(f, "the peer refused: {why}"),
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

impl fmt::Display for AuthenticationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { peer, reason } => {
                write!(f, "the certificate of '{peer}' was refused: {reason}")
            }
            Self::Identity { peer, expected } => {
                write!(
                    f,
                    "the peer says it is '{peer}', but the connection is for "
                )?;
                match expected {
                    Some(it) => write!(f, "'{it}'; set remote-id to what the peer sends"),
                    None => f.write_str("somebody else"),
                }
            }
            Self::NoCertificate { peer } => {
                write!(f, "'{peer}' signs but sent no certificate; let it send one")
            }
            Self::Signature { peer } => write!(
                f,
                "the signature of '{peer}' is not by the key of its certificate"
            ),
            Self::WrongSecret { peer } => write!(
                f,
                "the pre-shared key for {peer} is not the one that the peer used; both sides need the same"
            ),
            Self::Xauth { user } => {
                write!(f, "XAUTH failed for user '{user}': wrong name or password")
            }
        }
    }
}

/// A selector, or what is none.
struct Traffic<'a>(&'a Option<TrafficSelector>);

impl fmt::Display for Traffic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(it) => it.fmt(f),
            None => f.write_str("(an identity that selects no traffic)"),
        }
    }
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses => f.write_str("no address was assigned"),
            Self::Ike {
                ours,
                methods,
                theirs,
            } => {
                f.write_str("no common phase 1 suite: ours")?;
                for it in ours {
                    write!(f, " {it}")?;
                }
                for it in methods {
                    write!(f, " ({it})")?;
                }
                f.write_str("; the peer's")?;
                for it in theirs {
                    write!(f, " {} ({})", it.suite, it.auth)?;
                }
                if theirs.is_empty() {
                    f.write_str(" (none that is known)")?;
                }
                Ok(())
            }
            Self::Child { child, theirs } => {
                write!(f, "no common suite for child '{child}'; the peer's")?;
                for it in theirs {
                    match it.encryption {
                        Some(encryption) => write!(f, " {encryption}")?,
                        None => f.write_str(" ah")?,
                    }
                    if let Some(integrity) = it.integrity {
                        write!(f, "-{integrity}")?;
                    }
                    if let Some(group) = it.group {
                        write!(f, "-{group}")?;
                    }
                }
                f.write_str("; compare algorithms, groups and tunnel or transport mode")
            }
            Self::PublicKeyEncryption(method) => write!(
                f,
                "the peer wants {method}: authentication by public-key encryption is not supported; use signatures"
            ),
            Self::QuickModes => f.write_str(
                "the SA has had as many quick modes as it may have; another one has to be negotiated first",
            ),
            Self::Selectors { theirs } => write!(
                f,
                "no child has these selectors: behind us {}, behind the peer {}",
                Traffic(&theirs.0),
                Traffic(&theirs.1)
            ),
            Self::SeveralSas => f.write_str(
                "the peer negotiates several SAs in one quick mode, which is not supported",
            ),
            Self::NoConnection => f.write_str(
                "no connection is configured for these addresses, identity and kind of exchange",
            ),
        }
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedIdentities => f.write_str("other identities than ours in quick mode"),
            Self::ChoseUnoffered => f.write_str("it chose what was not offered"),
            Self::Hash => f.write_str("a wrong HASH"),
            Self::Missing(kind) => write!(f, "payload {kind} is missing"),
            Self::Nonce => f.write_str("a nonce that is not 8 to 256 octets long"),
            Self::Plain => f.write_str("a message in clear that has to be encrypted"),
            Self::Repeated(kind) => write!(f, "payload {kind} stands more than once"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthIp => f.write_str("a message of AuthIP, which is not spoken here"),
            Self::Undecryptable => f.write_str(
                "it did not decrypt or its HASH is wrong; in main mode: perhaps another pre-shared key",
            ),
            Self::Extension(why) => write!(f, "dropped by an extension: {why}"),
            Self::Limit => f.write_str("too many SAs or exchanges that are not finished"),
            Self::Malformed(error) => write!(f, "malformed: {error}"),
            Self::Replay => f.write_str("seen before"),
            Self::Unexpected => f.write_str("not what is awaited now"),
            Self::UnknownSpi => f.write_str("no SA has these cookies"),
            Self::Version => f.write_str("not version 1"),
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("its lifetime is over"),
            Self::Failure(failure) => failure.fmt(f),
            Self::Local => f.write_str("closed by us"),
            Self::Peer => f.write_str("deleted by the peer"),
            Self::Restarted => f.write_str("the peer has begun anew"),
            Self::Silent => f.write_str("the peer does not answer"),
        }
    }
}
