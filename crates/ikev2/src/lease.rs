//! Who has which internal address (RFC 7296 §2.19, §3.15.4).

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;

use ike_ext::SaId;
use ipsec_doi::Identity;
use isakmp_wire::v2::IdType;

use crate::config::Addressing;
use crate::pool::Pool;

/// All addresses that are handed out. An address belongs to one identity at a time; several SAs of
/// that identity may hold it, as when one replaces the other.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: BTreeMap<IpAddr, Lease>,
    by_sa: BTreeMap<SaId, Vec<IpAddr>>,
    pools: BTreeMap<Pool, Course>,
    former: Former,
}

#[derive(Debug)]
struct Lease {
    identity: Identity,
    holders: Vec<SaId>,
}

/// How far a pool is used up.
#[derive(Debug)]
struct Course {
    /// The first address that nobody has had yet.
    fresh: Option<IpAddr>,
    /// Those before it that were given back.
    returned: BTreeSet<IpAddr>,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// No more addresses that are in use, or promised to others, are passed over in one request, beside
/// as many as are promised: pools that overlap must not make one dear.
const MAX_STEPS: usize = 1024;

/// What one request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) sa: SaId,
    pub(crate) identity: &'a Identity,
    pub(crate) gives: &'a Addressing,
    pub(crate) family: Family,
    /// The address that the peer would like, its former one for instance.
    pub(crate) wish: Option<IpAddr>,
}

impl Request<'_> {
    /// The address that the identity always gets.
    fn fixed(&self) -> Option<IpAddr> {
        let fixed = self.gives.fixed.iter();
        let mut own = fixed.filter(|it| it.0 == *self.identity).map(|it| it.1);
        own.find(|it| self.is_of(*it))
    }

    /// The pool of one.
    fn single(&self) -> Option<IpAddr> {
        match self.family {
            Family::V4 => self.gives.assign_v4.map(IpAddr::V4),
            Family::V6 => self.gives.assign_v6.map(|it| IpAddr::V6(it.0)),
        }
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        let all = self.gives.pools.iter();
        all.filter(|it| self.is_of(it.first()))
    }

    fn is_of(&self, address: IpAddr) -> bool {
        Family::of(address) == self.family
    }

    /// Whether the address is for whoever asks.
    fn is_offered(&self, address: IpAddr) -> bool {
        let promised = self.gives.fixed.iter().any(|it| it.1 == address);
        let there = self.single() == Some(address) || self.pools().any(|it| it.contains(address));
        there && !promised
    }
}

impl Leases {
    /// An address for the identity: what the SA has already, what is fixed, what it wishes, what it had
    /// before, else the next one. `None` when there is none.
    pub(crate) fn take(&mut self, request: &Request<'_>) -> Option<IpAddr> {
        let own = self.by_sa.get(&request.sa).into_iter().flatten();
        if let Some(has) = own.copied().find(|it| request.is_of(*it)) {
            return Some(has);
        }
        let found = match request.fixed() {
            Some(fixed) => self.may_have(request, fixed).then_some(fixed),
            None => self.find(request),
        }?;
        self.hold(request, found);
        Some(found)
    }

    fn find(&mut self, request: &Request<'_>) -> Option<IpAddr> {
        let former = self.former.get(request.identity, request.family);
        // unless another SA of the identity has it, on another device perhaps
        let former = former.filter(|it| !self.held.contains_key(it));
        let liked = [request.wish, former, request.single()];
        let mut liked = liked.into_iter().flatten();
        liked
            .find(|it| request.is_offered(*it) && self.may_have(request, *it))
            .or_else(|| self.next(request))
    }

    /// Whether nobody has the address, or the same identity. Those who are nobody, are many.
    fn may_have(&self, request: &Request<'_>, address: IpAddr) -> bool {
        self.held.get(&address).is_none_or(|it| {
            it.identity == *request.identity && request.identity.kind != IdType::NULL
        })
    }

    /// An address that nobody has had, or else one that was given back.
    fn next(&mut self, request: &Request<'_>) -> Option<IpAddr> {
        let mut steps = MAX_STEPS.saturating_add(request.gives.fixed.len());
        let fixed: BTreeSet<_> = request.gives.fixed.iter().map(|it| it.1).collect();
        for pool in request.pools() {
            let course = self.pools.entry(*pool).or_insert_with(|| Course {
                fresh: Some(pool.first()),
                returned: BTreeSet::new(),
            });
            while let Some(address) = course.fresh {
                if !self.held.contains_key(&address) && !fixed.contains(&address) {
                    return Some(address);
                }
                steps = steps.checked_sub(1)?;
                course.fresh = pool.after(address);
                if fixed.contains(&address) {
                    // not so for ever: the configuration may change
                    course.returned.insert(address);
                }
            }
        }
        for pool in request.pools() {
            let returned = self.pools.get(pool).into_iter().flat_map(|it| &it.returned);
            for address in returned {
                if !self.held.contains_key(address) && !fixed.contains(address) {
                    return Some(*address);
                }
                steps = steps.checked_sub(1)?;
            }
        }
        None
    }

    fn hold(&mut self, request: &Request<'_>, address: IpAddr) {
        let lease = self.held.entry(address).or_insert_with(|| Lease {
            identity: request.identity.clone(),
            holders: Vec::new(),
        });
        lease.holders.push(request.sa);
        self.by_sa.entry(request.sa).or_default().push(address);
        for (pool, course) in &mut self.pools {
            course.returned.remove(&address);
            if course.fresh == Some(address) {
                course.fresh = pool.after(address);
            }
        }
        self.former.note(request.identity, address);
    }

    /// The SA is over: its addresses are free, unless another SA of the identity has them.
    pub(crate) fn release(&mut self, sa: SaId) {
        for address in self.by_sa.remove(&sa).unwrap_or_default() {
            let Some(lease) = self.held.get_mut(&address) else {
                continue;
            };
            lease.holders.retain(|it| *it != sa);
            if !lease.holders.is_empty() {
                continue;
            }
            self.held.remove(&address);
            for (pool, course) in &mut self.pools {
                let used = course.fresh.is_none_or(|fresh| address < fresh);
                if pool.contains(address) && used {
                    course.returned.insert(address);
                }
            }
        }
    }

    /// A rekeyed IKE SA takes over what the old one had (RFC 7296 §2.8).
    pub(crate) fn inherit(&mut self, old: SaId, new: SaId) {
        let Some(addresses) = self.by_sa.remove(&old) else {
            return;
        };
        for address in &addresses {
            let holders = self.held.get_mut(address).into_iter();
            for it in holders.flat_map(|it| &mut it.holders) {
                if *it == old {
                    *it = new;
                }
            }
        }
        self.by_sa.entry(new).or_default().extend(addresses);
    }
}

/// What identities had last, so that they may have it again.
#[derive(Debug, Default)]
struct Former {
    addresses: BTreeMap<(Identity, Family), IpAddr>,
    order: VecDeque<(Identity, Family)>,
}

/// No more identities than this are remembered; the one that came first is forgotten first.
const MAX_FORMER: usize = 16_384;

impl Former {
    fn get(&self, identity: &Identity, family: Family) -> Option<IpAddr> {
        self.addresses.get(&(identity.clone(), family)).copied()
    }

    fn note(&mut self, identity: &Identity, address: IpAddr) {
        if identity.kind == IdType::NULL {
            return;
        }
        let key = (identity.clone(), Family::of(address));
        if self.addresses.insert(key.clone(), address).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > MAX_FORMER
            && let Some(oldest) = self.order.pop_front()
        {
            self.addresses.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
