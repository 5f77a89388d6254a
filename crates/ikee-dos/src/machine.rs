//! Stateless cookies, and following them, with no idea of SAs or the core. Whoever calls brings the
//! hash function and the time.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipsec_doi::HashId;
use isakmp_wire::Spi;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::wire::COOKIE;

/// Octets of the secret ([MS-IKEE] note 27).
const KEY: usize = 50;
/// Seconds that one cookie lasts, and the one before it as many again ([MS-IKEE] §3.9.1, note 28).
const SLICE: u64 = 150;
/// Octets of an address in a cookie ([MS-IKEE] note 27).
const ADDRESS: usize = 36;
/// More cookies than this are not followed in one negotiation.
const MAX_FOLLOWED: u8 = 3;

/// How a cookie is made. No two hosts compare their cookies, so that each may choose.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Construction {
    /// SHA-256 over the same octets.
    #[default]
    Sha256,
    /// SHA-1, as Windows does ([MS-IKEE] note 27).
    Windows,
}

impl Construction {
    const fn hash(self) -> HashId {
        match self {
            Self::Sha256 => HashId::SHA2_256,
            Self::Windows => HashId::SHA1,
        }
    }
}

/// Who wants to begin, and over which path: what a cookie is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "what note 27 lists")]
pub struct Claim {
    /// The initiator's cookie.
    pub initiator: Spi,
    /// Where its message came from.
    pub peer: SocketAddr,
    /// Where it came to; the port matters.
    pub local: SocketAddr,
}

/// Makes and checks cookies, and keeps nothing but a secret ([MS-IKEE] §3.9.1).
pub struct Jar {
    key: Zeroizing<[u8; KEY]>,
    construction: Construction,
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jar")
            .field("construction", &self.construction)
            .finish_non_exhaustive()
    }
}

impl Jar {
    /// With a secret that `fill` draws.
    pub fn new(construction: Construction, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut key = Zeroizing::new([0; KEY]);
        fill(key.as_mut_slice());
        Self { key, construction }
    }

    /// The cookie for a message 1 that came at `now`, by a hash function that says how many octets
    /// it has written; `None` if it has written too few.
    pub fn make(
        &self,
        claim: &Claim,
        now: Duration,
        hash: impl FnOnce(HashId, &[&[u8]], &mut [u8]) -> usize,
    ) -> Option<[u8; COOKIE]> {
        self.of_slice(claim, slice_end(now), hash)
    }

    /// Whether `shown` is the cookie of this claim in the present slice or in the one before
    /// ([MS-IKEE] note 28).
    pub fn check(
        &self,
        shown: Spi,
        claim: &Claim,
        now: Duration,
        hash: impl Fn(HashId, &[&[u8]], &mut [u8]) -> usize,
    ) -> bool {
        let end = slice_end(now);
        let ends = [end, end.saturating_sub(SLICE)];
        let fits = |end| {
            let own = self.of_slice(claim, end, &hash);
            own.is_some_and(|own| own.as_slice().ct_eq(shown.as_bytes()).into())
        };
        !shown.is_zero() && ends.into_iter().any(fits)
    }

    fn of_slice(
        &self,
        claim: &Claim,
        end: u64,
        hash: impl FnOnce(HashId, &[&[u8]], &mut [u8]) -> usize,
    ) -> Option<[u8; COOKIE]> {
        let mut out = [0; COOKIE];
        // the order of octets of the time is not said; it is that of the hosts that run Windows
        let [a, b, c, d, ..] = end.to_le_bytes();
        let v6 = claim.peer.is_ipv6();
        let parts: [&[u8]; 5] = [
            self.key.as_slice(),
            claim.initiator.as_bytes(),
            &block(claim.peer, v6),
            &block(claim.local, false),
            &[a, b, c, d],
        ];
        let written = hash(self.construction.hash(), &parts, &mut out);
        (written == COOKIE).then_some(out)
    }
}

/// The end of the slice that a time is in, in seconds; of the next one, if it is such an end itself
/// ([MS-IKEE] note 27).
const fn slice_end(now: Duration) -> u64 {
    (now.as_secs().saturating_add(SLICE) / SLICE).saturating_mul(SLICE)
}

/// 4 octets that do not matter, the port, the address, and zeros ([MS-IKEE] note 27).
fn block(address: SocketAddr, odd: bool) -> [u8; ADDRESS] {
    let prefix: [u8; 4] = if odd { [5, 0, 23, 0] } else { [1, 0, 2, 0] };
    let (v4, v6);
    let octets: &[u8] = match address.ip() {
        IpAddr::V4(ip) => {
            v4 = ip.octets();
            &v4
        }
        IpAddr::V6(ip) => {
            v6 = ip.octets();
            &v6
        }
    };
    let port = address.port().to_be_bytes();
    let mut out = [0; ADDRESS];
    let all = prefix.iter().chain(&port).chain(octets);
    for (to, from) in out.iter_mut().zip(all) {
        *to = *from;
    }
    out
}

/// What an initiator does about a challenge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must handle each")]
pub enum Follow {
    /// Message 1 goes out again, with the cookie.
    Again,
    /// There have been enough: whoever sends more of them is not the responder.
    Enough,
    /// No message 1 is out.
    Late,
}

/// An initiator's part, of one negotiation ([MS-IKEE] §3.9.5.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Retry {
    cookie: Option<[u8; COOKIE]>,
    followed: u8,
    over: bool,
}

impl Retry {
    /// Takes a cookie, whose value is nobody's to judge but the responder's.
    pub const fn challenged(&mut self, cookie: [u8; COOKIE]) -> Follow {
        if self.over {
            return Follow::Late;
        }
        if self.followed >= MAX_FOLLOWED {
            return Follow::Enough;
        }
        self.followed = self.followed.saturating_add(1);
        self.cookie = Some(cookie);
        Follow::Again
    }

    /// The responder's cookie for the header of message 1, if it has asked for one.
    #[must_use]
    pub fn responder(&self) -> Option<Spi> {
        self.cookie.map(Spi::new)
    }

    /// Message 2 has come: no more cookies.
    pub const fn answered(&mut self) {
        self.over = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-IKEE] note 27/2
    #[test]
    fn the_time_is_that_of_the_end_of_its_slice() {
        let end = |seconds| slice_end(Duration::from_secs(seconds));
        assert_eq!((end(300), end(449), end(450)), (450, 450, 600));
        assert_eq!(end(u64::MAX), u64::MAX / SLICE * SLICE);
    }

    #[test]
    fn a_jar_shows_no_secret() {
        let jar = Jar::new(Construction::Sha256, |key| key.fill(0xee));
        assert!(!alloc::format!("{jar:?}").contains("238"));
    }
}
