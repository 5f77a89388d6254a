//! Vendor IDs of a release in IKEv2 that have nothing behind them.

use ike_ext::{Context, Draft, Extension, Role, SaId};
use isakmp_wire::{ExchangeType, Version, vendor_id};

use super::{Announcement, Windows};

/// Says in IKE_SA_INIT what the release says: a peer that knows it by its vendor IDs is to know it here.
///
/// Windows speaks of negotiation discovery, first contact and keying modules in IKEv2, too, where they do nothing. Its
/// number is [`Status`](crate::status::Status)'s to tell.
#[derive(Debug)]
pub(super) struct Announced(&'static [Announcement]);

impl Announced {
    /// `None` for a release without IKEv2.
    pub(super) fn of(profile: &Windows) -> Option<Self> {
        profile.ikev2.as_ref().map(|own| Self(own.vendor_ids))
    }
}

impl Extension for Announced {
    fn name(&self) -> &'static str {
        "announcements"
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        let stage = draft.stage();
        if draft.version() != Version::V2 || stage.exchange != ExchangeType::IKE_SA_INIT {
            return;
        }
        let role = if stage.message == 1 {
            Role::Initiator
        } else {
            Role::Responder
        };
        let ipv6 = cx.host().facts(sa).is_some_and(|it| it.peer.is_ipv6());
        let usual = self.0.iter().filter(|it| it.is_usual(role, ipv6));
        for it in usual.filter(|it| it.id != vendor_id::MS_NT5_ISAKMPOAKLEY) {
            draft.vendor_id(&it.octets());
        }
    }
}
