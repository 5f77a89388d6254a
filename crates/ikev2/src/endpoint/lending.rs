//! Addresses of our pools for peers of somebody else.

use core::net::IpAddr;

use ike_ext::SaId;
use ipsec_doi::Identity;

use super::Endpoint;
use crate::config::Addressing;
use crate::lease::{Family, Request};

impl Endpoint {
    /// Takes an address of what `gives` hands out, for a peer that gets it by other means than this endpoint's: the mode
    /// config of an IKEv1 endpoint beside it. `holder` is a handle that this endpoint does not give out; it keeps the
    /// address until [`release`](Self::release). Nothing if there is none; the same again for the same holder.
    pub fn lease(
        &mut self,
        holder: SaId,
        identity: &Identity,
        gives: &Addressing,
        v6: bool,
        wish: Option<IpAddr>,
    ) -> Option<IpAddr> {
        self.core.leases.take(&Request {
            sa: holder,
            identity,
            gives,
            family: if v6 { Family::V6 } else { Family::V4 },
            wish,
        })
    }

    /// The addresses of a holder are free again, unless another one with its identity has them.
    pub fn release(&mut self, holder: SaId) {
        self.core.leases.release(holder);
    }

    /// What one holder has is another's from now on.
    pub fn inherit(&mut self, old: SaId, new: SaId) {
        self.core.leases.inherit(old, new);
    }
}
