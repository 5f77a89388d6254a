//! Addresses inside the tunnel for peers of IKEv1, of the stock from which the core of IKEv2 hands out its own.

use core::net::IpAddr;

use ikee::doi::Identity;
use ikee::ext::SaId;
use ikee::ikev1::AddressesWanted;
use ikee::ikev2::Addressing;
use ikee::wire::v2::IdType;

use super::Daemon;
use super::cores::is_v1;
use super::events::list;

/// What stands before the name of a user, so that it is nobody's identity.
const USER: &[u8] = b"xauth user ";

/// Whom an address is for: several users may prove themselves by one identity. A user for whom one is fixed is known by
/// that.
fn whose(wanted: &AddressesWanted, gives: &Addressing) -> Identity {
    let Some(user) = &wanted.user else {
        return wanted.identity.clone();
    };
    let named = Identity::parse(user).ok();
    let fixed = named.filter(|name| gives.fixed.iter().any(|it| it.0 == *name));
    fixed.unwrap_or_else(|| Identity::new(IdType::KEY_ID, [USER, user.as_bytes()].concat()))
}

impl Daemon {
    /// Answers the core's question for addresses of a peer.
    pub(super) fn lend_addresses(&mut self, wanted: &AddressesWanted) {
        let sa = wanted.sa;
        let outline = self.outline(wanted.policy);
        let gives = outline.and_then(|it| it.gives.clone()).unwrap_or_default();
        let identity = whose(wanted, &gives);
        let v4 = wanted.v4.map(|wish| (false, wish.map(IpAddr::V4)));
        let v6 = wanted.v6.map(|wish| (true, wish.map(IpAddr::V6)));
        let given = self.core(|cores, now| {
            let mut addresses: Vec<(IpAddr, u8)> = Vec::new();
            for (v6, wish) in [v4, v6].into_iter().flatten() {
                let found = cores.v2.lease(sa, &identity, &gives, v6, wish);
                addresses.extend(found.map(|ip| (ip, prefix(ip, &gives))));
            }
            let Some(v1) = &mut cores.v1 else {
                return addresses;
            };
            if let Err(error) = v1.assign(now, sa, &addresses, &mut cores.out_v1) {
                tracing::debug!("addresses: {error}");
            }
            addresses
        });
        let who = wanted.user.clone();
        let who = who.unwrap_or_else(|| wanted.identity.to_string());
        let given: Vec<IpAddr> = given.into_iter().flatten().map(|it| it.0).collect();
        self.span(sa).in_scope(|| {
            if given.is_empty() {
                tracing::warn!("no address is free for '{who}'; give the connection larger pools");
            } else {
                tracing::info!("'{who}' has {} inside the tunnel", list(&given));
            }
        });
    }

    /// An SA is over, and what it had is free.
    pub(super) fn take_addresses_back(&mut self, sa: SaId) {
        if is_v1(sa) {
            self.cores.v2.release(sa);
        }
    }
}

/// The prefix length that is told with an address.
fn prefix(ip: IpAddr, gives: &Addressing) -> u8 {
    let single = gives.assign_v6.filter(|it| IpAddr::V6(it.0) == ip);
    match (ip, single) {
        (_, Some((_, prefix))) => prefix,
        (IpAddr::V4(_), None) => 32,
        (IpAddr::V6(_), None) => 128,
    }
}
