//! Choosing a revision and finding translators, with no idea of SAs or the core.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use ipsec_doi::encapsulation::NatRevision;
use isakmp_wire::Spi;

use crate::wire::vendor_id;

/// How often a keep-alive goes when nothing else is sent ([MS-IKEE] note 14, RFC 3948 §4).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// What a keep-alive consists of (RFC 3948 §2.3).
pub const KEEPALIVE: [u8; 1] = [0xff];

/// No more NAT-D payloads of a message than this are compared.
const MAX_HASHES: usize = 16;

/// Which revisions of NAT traversal a side supports.
///
/// ```
/// use ikee_nat_t::Revisions;
/// use ipsec_doi::encapsulation::NatRevision;
///
/// let old = Revisions::DRAFT;
/// assert_eq!(Revisions::BOTH.common(old), Some(NatRevision::Draft));
/// assert_eq!(Revisions::RFC_3947.common(old), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Revisions {
    draft: bool,
    rfc_3947: bool,
}

impl Revisions {
    /// None: what Windows before 2000 SP4 and XP SP2 has ([MS-IKEE] note 15).
    pub const NONE: Self = Self::new(false, false);
    /// draft-ietf-ipsec-nat-t-ike-02 only: Windows 2000 SP4, XP SP2, Server 2003
    /// ([MS-IKEE] note 13).
    pub const DRAFT: Self = Self::new(true, false);
    /// RFC 3947 only.
    pub const RFC_3947: Self = Self::new(false, true);
    /// Both: Windows Vista and later ([MS-IKEE] note 13).
    pub const BOTH: Self = Self::new(true, true);

    const fn new(draft: bool, rfc_3947: bool) -> Self {
        Self { draft, rfc_3947 }
    }

    /// What a side has announced by these vendor IDs ([MS-IKEE] §3.2.5.1).
    pub fn announced<'a>(vendor_ids: impl Iterator<Item = &'a [u8]>) -> Self {
        vendor_ids.fold(Self::NONE, |found, id| Self {
            draft: found.draft || id == vendor_id(NatRevision::Draft),
            rfc_3947: found.rfc_3947 || id == vendor_id(NatRevision::Rfc3947),
        })
    }

    /// The vendor IDs that announce them, the newer one first ([MS-IKEE] §3.2.4.1).
    pub fn vendor_ids(self) -> impl Iterator<Item = &'static [u8]> {
        let rfc = self.rfc_3947.then_some(NatRevision::Rfc3947);
        let draft = self.draft.then_some(NatRevision::Draft);
        rfc.into_iter().chain(draft).map(vendor_id)
    }

    /// The revision that two sides use: RFC 3947 if both have it, else the draft if both have
    /// that ([MS-IKEE] §3.2.5.1).
    #[must_use]
    pub const fn common(self, other: Self) -> Option<NatRevision> {
        if self.rfc_3947 && other.rfc_3947 {
            Some(NatRevision::Rfc3947)
        } else if self.draft && other.draft {
            Some(NatRevision::Draft)
        } else {
            None
        }
    }
}

/// Where translators sit.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Nat {
    /// Before us: the peer sees another address or port than ours.
    pub here: bool,
    /// Before the peer.
    pub there: bool,
}

impl Nat {
    /// Whether there is one at all.
    #[must_use]
    pub const fn any(self) -> bool {
        self.here || self.there
    }
}

/// The content of a NAT-D payload: the negotiated hash over both cookies, an address and a port
/// (RFC 3947 §3.2).
///
/// `digest` hashes concatenated parts and says how many octets it has written; with a hash
/// function that is not there, none.
pub fn hash(
    digest: impl FnOnce(&[&[u8]], &mut [u8]) -> usize,
    spis: (Spi, Spi),
    end: SocketAddr,
) -> Vec<u8> {
    let (v4, v6);
    let address: &[u8] = match end.ip() {
        IpAddr::V4(it) => {
            v4 = it.octets();
            &v4
        }
        IpAddr::V6(it) => {
            v6 = it.octets();
            &v6
        }
    };
    let port = end.port().to_be_bytes();
    let mut out = [0; 64];
    let parts = [spis.0.as_bytes(), spis.1.as_bytes(), address, &port];
    let length = digest(&parts, &mut out);
    out.get(..length).unwrap_or_default().to_vec()
}

/// Compares the NAT-D payloads of a message with what we see of the path: the first is about our
/// end, the others are about the peer's (RFC 3947 §3.2).
///
/// `local` are our ends, any of which may be meant; `None` if the peer does not take part in NAT
/// detection, with fewer than two payloads.
pub fn detect<'a>(
    hash: impl Fn(SocketAddr) -> Vec<u8>,
    local: impl IntoIterator<Item = SocketAddr>,
    remote: SocketAddr,
    mut bodies: impl Iterator<Item = &'a [u8]>,
) -> Option<Nat> {
    let ours = bodies.next()?;
    let theirs: Vec<&[u8]> = bodies.take(MAX_HASHES).collect();
    if theirs.is_empty() {
        return None;
    }
    let here = !local.into_iter().any(|it| is_of(ours, &hash(it)));
    let expected = hash(remote);
    let there = !theirs.iter().any(|it| is_of(it, &expected));
    Some(Nat { here, there })
}

/// Whether a hash is the expected one; one that could not be computed is no hash.
fn is_of(found: &[u8], expected: &[u8]) -> bool {
    !expected.is_empty() && found == expected
}
