//! AUTH_CGA as an authentication method of main mode ([MS-IKEE] §3.4).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use ike_ext::{Context, Credential, Draft, Evidence, Extension, Host, Role, SaId, Stage, Trust};
use isakmp_wire::v1::AuthMethod;
use isakmp_wire::vendor_id::IKE_CGA;
use isakmp_wire::{OwnedPayload, Version};

use crate::machine::{Identity, prefix, verify};
use crate::wire::{self, Claim, METHOD};

/// Proves our address by the key that it is made of, and has the peer prove its own.
///
/// It serves SAs between our CGA and any IPv6 address, in both roles; others it leaves to the core. It keeps nothing about
/// them. The releases of
/// Windows before Vista and Server 2008 have no such thing ([MS-IKEE] note 2): to be like them, leave it out.
#[derive(Debug, Default)]
pub struct Cga {
    identities: Vec<Identity>,
    announces: bool,
}

impl Cga {
    /// Without an identity, and so silent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With an identity, for SAs from and to its address; one of the same address is replaced.
    #[must_use]
    pub fn with(mut self, identity: Identity) -> Self {
        self.identities
            .retain(|it| it.address() != identity.address());
        self.identities.push(identity);
        self
    }

    /// Says that we can, also without an identity, to look like a release of Windows ([MS-IKEE] note 6).
    #[must_use]
    pub const fn with_announcement(mut self, announces: bool) -> Self {
        self.announces = announces;
        self
    }

    /// The identity of our address, and the peer's, if both can have one.
    fn pair(&self, host: &dyn Host, sa: SaId) -> Option<(&Identity, Ipv6Addr)> {
        let facts = host.facts(sa)?;
        let (IpAddr::V6(local), IpAddr::V6(peer)) = (facts.local.ip(), facts.peer.ip()) else {
            return None;
        };
        let own = self.identities.iter().find(|it| it.address() == local)?;
        (facts.version == Version::V1).then_some((own, peer))
    }

    fn own(&self, host: &dyn Host, sa: SaId) -> Option<&Identity> {
        self.pair(host, sa)
            .filter(|_| self.serves(host, sa))
            .map(|(own, _)| own)
    }
}

impl Extension for Cga {
    fn name(&self) -> &'static str {
        "cga"
    }

    // [MS-IKEE] §3.4.4.1: message 1 says that we can. [MS-IKEE] §3.4.5.1: so does message 2, to a peer that can.
    // [MS-IKEE] §3.4.5.3: messages 3 and 4 are the core's.
    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let can = self.announces || !self.identities.is_empty();
        let stage = draft.stage();
        let due = stage == Stage::main_mode(1)
            || stage == Stage::main_mode(2) && cx.peer_sent(sa, &IKE_CGA);
        if can && due {
            draft.vendor_id(&IKE_CGA);
        }
    }

    fn credential(&mut self) -> Option<&mut dyn Credential> {
        Some(self)
    }
}

impl Credential for Cga {
    fn method(&self) -> AuthMethod {
        METHOD
    }

    /// 0xFDED is AUTH_CGA only with a peer that has said so ([MS-IKEE] §3.4.1, [MS-IKEE] §3.4.5.2), and from and to our CGA
    /// ([MS-IKEE] §3.4.4.1, [MS-IKEE] §3.4.5.1).
    fn serves(&self, host: &dyn Host, sa: SaId) -> bool {
        let Some(facts) = host.facts(sa).filter(|_| self.pair(host, sa).is_some()) else {
            return false;
        };
        // the responder's cookie comes with message 2, and so do its vendor IDs
        let asking = facts.role == Role::Initiator && facts.spis.1.is_zero();
        asking || facts.peer_sent(&IKE_CGA)
    }

    /// [MS-IKEE] §3.4.5.4.
    fn identity(&mut self, host: &dyn Host, sa: SaId) -> Option<OwnedPayload> {
        let own = self.own(host, sa)?;
        Some(Claim::from(own.parameters()).payload())
    }

    /// [MS-IKEE] §3.4.5.4.
    fn certificate(&mut self, host: &dyn Host, sa: SaId) -> Option<OwnedPayload> {
        Some(wire::certificate(self.own(host, sa)?.certificate()))
    }

    /// [MS-IKEE] §3.4.5.5, [MS-IKEE] §3.4.5.6: the peer's address must be made of what it has shown. The prefix is that of the
    /// address it speaks from ([MS-IKEE] §3.4).
    fn trust(&mut self, cx: &mut Context<'_>, sa: SaId, peer: &Evidence<'_>) -> Trust {
        if peer.method != METHOD || !self.serves(cx.host(), sa) {
            return Trust::NotMine;
        }
        let IpAddr::V6(address) = peer.peer else {
            return Trust::Reject("a CGA is an IPv6 address");
        };
        let claim = match Claim::parse(peer.identity) {
            Ok(claim) => claim,
            Err(malformed) => return Trust::Reject(malformed.reason()),
        };
        match verify(address, &claim.complete(prefix(address), peer.public_key)) {
            Ok(_) => Trust::Accept,
            Err(refusal) => Trust::Reject(refusal.reason()),
        }
    }
}
