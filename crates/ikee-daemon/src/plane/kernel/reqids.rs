//! Request IDs: what ties a policy to the SAs that serve it.
//!
//! A child and its successor have the same one, so the policy stays as it is when keys change.

use std::collections::BTreeMap;

use ikee::doi::TrafficSelector;
use ikee::ext::PolicyId;

/// Our request IDs begin here; they also mark what is ours in the kernel.
pub(super) const FIRST: u32 = 0x696b_0000;
/// How many there are.
const COUNT: u32 = 1 << 16;

/// Whether an SA or a policy with this request ID comes from this program.
pub(super) const fn is_ours(reqid: u32) -> bool {
    FIRST <= reqid && reqid - FIRST < COUNT
}

/// What children have in common that share one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    policy: u64,
    selectors: Vec<String>,
}

/// The request IDs in use.
#[derive(Debug, Default)]
pub(super) struct Reqids {
    taken: BTreeMap<Key, (u32, usize)>,
    last: u32,
}

impl Reqids {
    /// The one for these packets of a connection; `None` if all are in use. Give it back afterwards.
    pub(super) fn take(
        &mut self,
        policy: PolicyId,
        local: &[TrafficSelector],
        remote: &[TrafficSelector],
    ) -> Option<u32> {
        let texts = |list: &[TrafficSelector]| list.iter().map(ToString::to_string).collect();
        let mut selectors: Vec<String> = texts(local);
        selectors.push("===".to_owned());
        selectors.extend::<Vec<String>>(texts(remote));
        let key = Key {
            policy: policy.get(),
            selectors,
        };
        if let Some((reqid, users)) = self.taken.get_mut(&key) {
            *users += 1;
            return Some(*reqid);
        }
        let used: std::collections::BTreeSet<u32> =
            self.taken.values().map(|(reqid, _)| *reqid).collect();
        // the first one is the probe's
        let candidates = (1..COUNT).map(|step| (self.last + step) % COUNT);
        let free = candidates
            .filter(|&it| it != 0)
            .find(|&it| !used.contains(&(FIRST + it)))?;
        self.last = free;
        self.taken.insert(key, (FIRST + free, 1));
        Some(FIRST + free)
    }

    /// Gives one back; the last user frees it.
    pub(super) fn give_back(&mut self, reqid: u32) {
        self.taken.retain(|_, (taken, users)| {
            if *taken == reqid {
                *users -= 1;
            }
            *users > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_packets_share_a_request_id_until_the_last_user_has_gone() {
        let mut reqids = Reqids::default();
        let a = [TrafficSelector::any_v4()];
        let b = [TrafficSelector::any_v6()];
        let policy = PolicyId::new(1);
        let first = reqids.take(policy, &a, &a).unwrap();
        assert_eq!(reqids.take(policy, &a, &a), Some(first));
        let other = reqids.take(policy, &a, &b).unwrap();
        assert_ne!(first, other);
        assert_ne!(reqids.take(PolicyId::new(2), &a, &a), Some(first));
        reqids.give_back(first);
        assert_eq!(reqids.take(policy, &a, &a), Some(first));
        reqids.give_back(first);
        reqids.give_back(first);
        assert_ne!(
            reqids.take(policy, &a, &a),
            Some(first),
            "not at once again"
        );
        assert!(is_ours(first) && is_ours(other) && !is_ours(1) && !is_ours(u32::MAX));
    }
}
