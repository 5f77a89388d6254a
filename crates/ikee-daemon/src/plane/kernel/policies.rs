//! The kernel's policies: which packets need which SAs.
//!
//! Several children may need the same policy: a rekeyed child and its successor, or a trap and the child
//! that it has led to. The one that came last decides where its packets go; when it leaves, the one before
//! does again, and the kernel exchanges one for the other without a gap.

use std::collections::BTreeMap;

use netlink_packet_core::Emitable;
use netlink_packet_xfrm::constants::{
    XFRM_POLICY_ALLOW, XFRM_POLICY_FWD, XFRM_POLICY_IN, XFRM_POLICY_OUT, XFRM_SHARE_ANY,
};
use netlink_packet_xfrm::policy::{DelGetMessage, ModifyMessage};
use netlink_packet_xfrm::{
    LifetimeConfig, Mark, Selector, UserPolicyId, UserPolicyInfo, UserTemplate, XfrmAttrs,
    XfrmMessage,
};

use super::netlink::{Keyed, Netlink, Refusal};
use super::selectors::{narrowness, reversed};
use crate::config::KernelSettings;
use crate::plane::Owner;

/// Smaller is stronger. The narrowest selector has 16,447 points.
const STRONG: u32 = 100_000;
/// Traps come after every child.
const WEAK: u32 = 200_000;

/// Which way packets go.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Way {
    Out,
    In,
    Forward,
}

impl Way {
    const fn number(self) -> u8 {
        match self {
            Self::Out => XFRM_POLICY_OUT,
            Self::In => XFRM_POLICY_IN,
            Self::Forward => XFRM_POLICY_FWD,
        }
    }
}

/// What makes a policy the same one for the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Policy {
    way: Way,
    selector: Selector,
    settings: KernelSettings,
}

impl Policy {
    /// Something to sort by.
    fn key(&self) -> Key {
        let mut selector = vec![0; self.selector.buffer_len()];
        self.selector.emit(&mut selector);
        (self.way, selector, self.settings.mark, self.settings.if_id)
    }

    fn attributes(&self) -> impl Iterator<Item = XfrmAttrs> + use<> {
        let mark = self
            .settings
            .mark
            .map(|(value, mask)| XfrmAttrs::Mark(Mark { value, mask }));
        mark.into_iter()
            .chain(self.settings.if_id.map(XfrmAttrs::IfId))
    }

    fn install(&self, user: &User) -> Keyed {
        let weakness = match user.owner {
            Owner::Child(_) => STRONG,
            Owner::Trap(..) => WEAK,
        };
        let mut nlas = vec![XfrmAttrs::Template(vec![user.template])];
        nlas.extend(self.attributes());
        Keyed(XfrmMessage::UpdatePolicy(ModifyMessage {
            user_policy_info: UserPolicyInfo {
                selector: self.selector,
                lifetime_cfg: LifetimeConfig::default(),
                priority: weakness - narrowness(&self.selector),
                direction: self.way.number(),
                action: XFRM_POLICY_ALLOW,
                share: XFRM_SHARE_ANY,
                ..UserPolicyInfo::default()
            },
            nlas,
        }))
    }

    fn delete(&self) -> Keyed {
        Keyed(XfrmMessage::DeletePolicy(DelGetMessage {
            user_policy_id: UserPolicyId {
                selector: self.selector,
                index: 0,
                direction: self.way.number(),
            },
            nlas: self.attributes().collect(),
        }))
    }
}

type Key = (Way, Vec<u8>, Option<(u32, u32)>, Option<u32>);

/// Who needs a policy, and for what SAs.
#[derive(Clone, Copy, Debug)]
struct User {
    owner: Owner,
    template: UserTemplate,
}

/// Every policy that we have installed.
#[derive(Debug, Default)]
pub(super) struct Policies {
    entries: BTreeMap<Key, (Policy, Vec<User>)>,
}

impl Policies {
    /// Sends packets through the owner's SAs; for one that has the policy already, through others than before.
    pub(super) fn set(
        &mut self,
        netlink: &Netlink,
        owner: Owner,
        settings: KernelSettings,
        (way, outbound): (Way, &Selector),
        template: UserTemplate,
    ) -> Result<(), Refusal> {
        let selector = match way {
            Way::Out => *outbound,
            Way::In | Way::Forward => reversed(outbound),
        };
        let policy = Policy {
            way,
            selector,
            settings,
        };
        let (_, users) = self
            .entries
            .entry(policy.key())
            .or_insert((policy, Vec::new()));
        let before = users.last().map(|user| (user.template, rank(user.owner)));
        let user = User { owner, template };
        match users.iter_mut().find(|user| user.owner == owner) {
            Some(present) => *present = user,
            // a trap waits behind every child
            None if matches!(owner, Owner::Trap(..)) => users.insert(0, user),
            None => users.push(user),
        }
        let Some(last) = users.last() else {
            return Ok(());
        };
        if before == Some((last.template, rank(last.owner))) {
            return Ok(());
        }
        netlink.tell("a policy", &policy.install(last))
    }

    /// Takes back what an owner needs, and gives to others what is theirs again.
    pub(super) fn remove(&mut self, netlink: &Netlink, owner: Owner) {
        self.entries.retain(|_, (policy, users)| {
            let last = users.last().is_some_and(|user| user.owner == owner);
            users.retain(|user| user.owner != owner);
            let message = match users.last() {
                Some(user) if last => policy.install(user),
                Some(_) => return true,
                None => policy.delete(),
            };
            if let Err(error) = netlink.tell("a policy", &message) {
                tracing::debug!("{error}");
            }
            !users.is_empty()
        });
    }
}

const fn rank(owner: Owner) -> bool {
    matches!(owner, Owner::Child(_))
}
