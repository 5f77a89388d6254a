use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ipsec_doi::auth_method::Proof;
use ipsec_doi::{HashId, Identity};
use isakmp_wire::{Spi, Version};

use crate::action::Action;
use crate::handle::{ChildId, PolicyId, Role, SaId};
use crate::time::Instant;

/// What the core lets an extension know, and the few services it lends.
pub trait Host {
    /// Facts about one SA; `None` for one that is gone.
    fn facts(&self, sa: SaId) -> Option<SaFacts<'_>>;

    /// The SA with these SPIs.
    fn find(&self, initiator: Spi, responder: Spi) -> Option<SaId>;

    /// Facts about one child SA; `None` for one that is gone, and from a core that tells none.
    fn child(&self, _child: ChildId) -> Option<ChildFacts> {
        None
    }

    /// The child of an SA whose packets go out under this SPI, which is how the peer names it;
    /// `None` from a core that tells none.
    fn child_to(&self, _sa: SaId, _spi: u32) -> Option<ChildId> {
        None
    }

    /// How many authenticated SAs there are with a peer.
    fn established_with(&self, peer: IpAddr) -> usize;

    /// How many negotiations have seen one message only, from one address or from all.
    fn half_open(&self, from: Option<IpAddr>) -> usize;

    /// Fills `out` with unpredictable octets.
    fn fill_random(&mut self, out: &mut [u8]);

    /// Hashes the concatenated `parts`; how many octets of `out` were written, 0 if the core does
    /// not have that hash function. What does not fit is cut off.
    fn digest(&self, hash: HashId, parts: &[&[u8]], out: &mut [u8]) -> usize;

    /// Applies a pseudo-random function under a key that stays in the core; how many octets of
    /// `out` were written. `None` if an SA is gone, or has no such key.
    fn prf(&self, ask: Prf<'_>, out: &mut [u8]) -> Option<usize>;
}

/// A pseudo-random function to apply, with the function of one SA and a key of perhaps another.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "extensions build it, cores read it"
)]
pub struct Prf<'a> {
    /// The SA whose negotiated function is used.
    pub function: SaId,
    /// The SA whose key is used.
    pub owner: SaId,
    /// Which of its keys.
    pub key: Key,
    /// The input, concatenated.
    pub parts: &'a [&'a [u8]],
}

/// A key that a core lends for [`Host::prf`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a core must handle every variant")]
pub enum Key {
    /// SK_ai or SK_ar, whichever protects what this role sends (RFC 7296 §2.14); absent when an
    /// AEAD was negotiated.
    Integrity(Role),
    /// SKEYID_a (RFC 2409 §5).
    SkeyidA,
}

/// The public face of one IKE SA.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SaFacts<'a> {
    /// Our side.
    pub role: Role,
    /// Which IKE it speaks.
    pub version: Version,
    /// Our address.
    pub local: SocketAddr,
    /// The peer's address.
    pub peer: SocketAddr,
    /// The policy it is negotiated under, once chosen.
    pub policy: Option<PolicyId>,
    /// Whether its messages are encrypted by now.
    pub protected: bool,
    /// The cookies or SPIs, the initiator's first; the responder's is zero as long as it is not
    /// known.
    pub spis: (Spi, Spi),
    /// The hash function of phase 1, once chosen (IKEv1).
    pub hash: Option<HashId>,
    /// Who the peer has proved to be, and by what; `None` before, once the SA is over, and from a
    /// core that does not tell.
    pub proven: Option<(&'a Identity, Proof)>,
    vendor_ids: &'a [Vec<u8>],
}

impl<'a> SaFacts<'a> {
    /// Facts about a fresh SA, without a policy, protection, SPIs or vendor IDs of the peer.
    #[must_use]
    pub const fn new(role: Role, version: Version, local: SocketAddr, peer: SocketAddr) -> Self {
        Self {
            role,
            version,
            local,
            peer,
            policy: None,
            protected: false,
            spis: (Spi::ZERO, Spi::ZERO),
            hash: None,
            proven: None,
            vendor_ids: &[],
        }
    }

    /// With the policy it is negotiated under.
    #[must_use]
    pub const fn with_policy(mut self, policy: Option<PolicyId>) -> Self {
        self.policy = policy;
        self
    }

    /// With the knowledge whether its messages are encrypted.
    #[must_use]
    pub const fn with_protected(mut self, protected: bool) -> Self {
        self.protected = protected;
        self
    }

    /// With its SPIs, the initiator's first.
    #[must_use]
    pub const fn with_spis(mut self, spis: (Spi, Spi)) -> Self {
        self.spis = spis;
        self
    }

    /// With the hash function of phase 1.
    #[must_use]
    pub const fn with_hash(mut self, hash: Option<HashId>) -> Self {
        self.hash = hash;
        self
    }

    /// With who its peer has proved to be, and by what.
    #[must_use]
    pub const fn with_proven(mut self, proven: Option<(&'a Identity, Proof)>) -> Self {
        self.proven = proven;
        self
    }

    /// With the vendor IDs its peer has sent.
    #[must_use]
    pub const fn with_vendor_ids(mut self, ids: &'a [Vec<u8>]) -> Self {
        self.vendor_ids = ids;
        self
    }

    /// Whether the peer has sent a vendor ID that begins with `prefix`.
    ///
    /// The core remembers every vendor ID it was sent, so an extension needs no flag of its own
    /// to know what its peer supports.
    #[must_use]
    pub fn peer_sent(&self, prefix: &[u8]) -> bool {
        self.vendor_ids.iter().any(|id| id.starts_with(prefix))
    }
}

/// The public face of one child SA (IKEv1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChildFacts {
    /// The SA above it.
    pub sa: SaId,
    /// Which of the children of that SA's policy.
    pub index: usize,
    /// The message ID of the quick mode that made it.
    pub message_id: u32,
    /// Whether it encrypts: ESP, with a cipher other than NULL.
    pub encrypts: bool,
}

impl ChildFacts {
    /// Facts about a child that encrypts.
    #[must_use]
    pub const fn new(sa: SaId, index: usize, message_id: u32) -> Self {
        Self {
            sa,
            index,
            message_id,
            encrypts: true,
        }
    }

    /// With the knowledge whether it encrypts.
    #[must_use]
    pub const fn with_encrypts(mut self, encrypts: bool) -> Self {
        self.encrypts = encrypts;
        self
    }
}

/// The core, as seen by an extension for the length of one call.
#[expect(
    missing_debug_implementations,
    reason = "a borrowed view, never stored"
)]
pub struct Context<'a> {
    now: Instant,
    host: &'a mut dyn Host,
    actions: &'a mut Vec<Action>,
    refused: usize,
}

impl<'a> Context<'a> {
    /// Lends a core to the extensions.
    pub fn new(now: Instant, host: &'a mut dyn Host, actions: &'a mut Vec<Action>) -> Self {
        Self {
            now,
            host,
            actions,
            refused: 0,
        }
    }

    /// Asks the core for something; it acts once the extension has returned.
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Fills `out` with unpredictable octets.
    pub fn fill_random(&mut self, out: &mut [u8]) {
        self.host.fill_random(out);
    }

    /// The time of the call.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The core, to ask about SAs.
    #[must_use]
    pub fn host(&self) -> &dyn Host {
        self.host
    }

    /// Whether the peer of `sa` has sent a vendor ID that begins with `prefix`.
    #[must_use]
    pub fn peer_sent(&self, sa: SaId, prefix: &[u8]) -> bool {
        self.host
            .facts(sa)
            .is_some_and(|facts| facts.peer_sent(prefix))
    }

    /// How many actions were refused in this call because the message that led to them was not
    /// authenticated; a core logs it.
    #[must_use]
    pub const fn refused(&self) -> usize {
        self.refused
    }

    /// How many actions have been asked for so far.
    pub(crate) const fn mark(&self) -> usize {
        self.actions.len()
    }

    /// Takes back those asked for since `mark` that `allowed` refuses.
    pub(crate) fn review(&mut self, mark: usize, allowed: impl FnMut(&Action) -> bool) {
        let mut since = self.actions.split_off(mark.min(self.actions.len()));
        self.refused = self.refused.saturating_add(since.len());
        since.retain(allowed);
        self.refused = self.refused.saturating_sub(since.len());
        self.actions.append(&mut since);
    }
}
