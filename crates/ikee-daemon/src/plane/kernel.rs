//! ESP in the Linux kernel, told by netlink (XFRM).
//!
//! A child becomes two SAs and the policies that lead packets to them. Policies are shared by children with
//! the same selectors and keep their request ID, so a rekey exchanges SAs under a policy that stays. Whatever
//! carries a request ID of ours is ours, and goes at the end, or at the next start after a crash.

mod algorithm;
mod error;
mod install;
mod netlink;
mod policies;
mod probe;
mod reqids;
mod selectors;
mod states;

use core::net::{IpAddr, SocketAddr};
use core::task::{Context, Poll};
use std::collections::BTreeMap;
use std::io;

use ikee::doi::encapsulation::Mode;
use ikee::ext::{ChildId, PolicyId};
use netlink_packet_xfrm::constants::IPPROTO_ESP;
use netlink_packet_xfrm::{Selector, UserSaInfo, XfrmMessage};
use rustix::io::Errno;

pub use self::error::KernelError;
use self::install::template;
pub use self::netlink::Refusal;
use self::netlink::{Keyed, Monitor, Netlink};
use self::policies::{Policies, Way};
use self::reqids::Reqids;
use self::states::StateId;
use super::{DataPlane, News, Owner, PlaneError, Setup, Trap, Work};
use crate::child::{ChildSa, ChildUpdate};
use crate::config::KernelSettings;
use crate::dataplane::{Counters, DropReason, Drops};
use crate::routes::{Needed, Path, Routes};
use crate::udp::Sockets;

/// The kernel's plane.
#[derive(Debug)]
pub(crate) struct Kernel {
    netlink: Netlink,
    monitor: Monitor,
    heard: Vec<Keyed>,
    children: BTreeMap<ChildId, Child>,
    traps: BTreeMap<(PolicyId, usize), u32>,
    policies: Policies,
    reqids: Reqids,
    routes: Routes,
}

/// An installed child.
#[derive(Debug)]
struct Child {
    inbound: StateId,
    outbound: StateId,
    /// The outbound SA, until it may be used.
    waiting: Option<Keyed>,
    replaces: Option<ChildId>,
    /// What the outbound SA had carried when it was removed.
    sent: Option<(u64, u64)>,
    selectors: Vec<Selector>,
    settings: KernelSettings,
    mode: Mode,
    reqid: u32,
}

impl Kernel {
    /// Connects to the kernel, makes sure that it has ESP, and removes what a killed daemon has left.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn open(sockets: &Sockets, nat_t: u16, routes: Routes) -> Result<Self, KernelError> {
        let netlink = Netlink::open().map_err(KernelError::NoXfrm)?;
        let listen: Vec<IpAddr> = sockets.local_addresses().map(|it| it.ip()).collect();
        probe::probe(&netlink, &listen)?;
        let swept = probe::sweep(&netlink)?;
        if swept > 0 {
            tracing::info!("removed {swept} SAs and policies of an earlier run");
        }
        sockets
            .leave_esp_to_the_kernel(nat_t)
            .map_err(KernelError::Sockets)?;
        Ok(Self {
            netlink,
            monitor: Monitor::open().map_err(KernelError::NoXfrm)?,
            heard: Vec::new(),
            children: BTreeMap::new(),
            traps: BTreeMap::new(),
            policies: Policies::default(),
            reqids: Reqids::default(),
            routes,
        })
    }

    fn hear(&self, message: &XfrmMessage) -> Option<News> {
        match message {
            XfrmMessage::Expire(message) => {
                let state = &message.expire.state;
                let id = StateId {
                    destination: states::address(&state.id.daddr, state.family),
                    spi: state.id.spi,
                    protocol: state.id.proto,
                };
                let mut children = self.children.iter();
                let (&child, _) =
                    children.find(|(_, child)| id == child.inbound || id == child.outbound)?;
                Some(News::Expired {
                    child,
                    hard: message.expire.hard != 0,
                })
            }
            XfrmMessage::Acquire(message) => {
                let reqid = message.nlas.iter().find_map(|attribute| match attribute {
                    netlink_packet_xfrm::XfrmAttrs::Template(list) => {
                        list.first().map(|it| it.reqid)
                    }
                    _ => None,
                })?;
                let mut traps = self.traps.iter();
                let (&(policy, child), _) = traps.find(|(_, trap)| **trap == reqid)?;
                Some(News::Wanted { policy, child })
            }
            _ => None,
        }
    }

    fn usage(&self, id: StateId) -> Option<UserSaInfo> {
        let answer = self.netlink.ask("an SA", id.get()).ok()?;
        match &answer.0 {
            XfrmMessage::AddSa(message) => Some(message.user_sa_info),
            _ => None,
        }
    }
}

impl DataPlane for Kernel {
    fn device(&self) -> Option<&str> {
        None
    }

    fn install<'a>(
        &'a mut self,
        child: &'a ChildSa,
        setup: Setup<'a>,
    ) -> Work<'a, Result<(), PlaneError>> {
        Box::pin(async move {
            let settings = setup.settings;
            self.establish(child, settings)?;
            // an interface of the operator's has its own routes
            if child.mode == Mode::Transport || settings.if_id.is_some() {
                return Ok(());
            }
            let needed = Needed {
                owner: Owner::Child(child.id),
                peer: child.remote.ip(),
                local: &child.selectors.0,
                remote: &child.selectors.1,
                assigned: setup.assigned,
            };
            let added = self.routes.add(&needed, Path::AsThePeer).await;
            added.map_err(|error| PlaneError::Routes(Box::new(error)))
        })
    }

    fn use_child(&mut self, child: ChildId) -> Result<(), PlaneError> {
        self.send_with(child)
    }

    fn update(&mut self, update: ChildUpdate) -> Result<(), PlaneError> {
        let ChildUpdate {
            child: id,
            local,
            remote,
        } = update;
        let child = self.children.get(&id).ok_or(PlaneError::Unknown)?;
        let (inbound, outbound) = (child.inbound, child.outbound);
        if child.waiting.is_none() && child.sent.is_none() {
            let outbound = self.move_state(outbound, local, remote)?;
            self.children
                .entry(id)
                .and_modify(|it| it.outbound = outbound);
        }
        let inbound = self.move_state(inbound, remote, local)?;
        self.children
            .entry(id)
            .and_modify(|it| it.inbound = inbound);
        self.lead(id, local.ip(), remote.ip())
    }

    fn remove(&mut self, child: ChildId) -> Work<'_, bool> {
        Box::pin(async move {
            let Some(gone) = self.children.remove(&child) else {
                return false;
            };
            self.policies.remove(&self.netlink, Owner::Child(child));
            for state in [gone.outbound, gone.inbound] {
                // not there: never used, replaced already, or the hard limit has removed it
                if let Err(error) = self.netlink.tell("an SA", &state.delete())
                    && !error.is(Errno::SRCH)
                {
                    tracing::warn!("{error}");
                }
            }
            self.reqids.give_back(gone.reqid);
            self.routes.remove(Owner::Child(child)).await;
            true
        })
    }

    fn trap<'a>(&'a mut self, trap: &'a Trap) -> Work<'a, Result<(), PlaneError>> {
        Box::pin(async move {
            let settings = trap.settings;
            let selectors = selectors::outbound(&trap.local_selectors, &trap.remote_selectors);
            let selectors = selectors.ok_or(PlaneError::TooManyPolicies)?;
            let taken =
                self.reqids
                    .take(trap.policy, &trap.local_selectors, &trap.remote_selectors);
            let reqid = taken.ok_or(PlaneError::TooManyPolicies)?;
            self.traps.insert((trap.policy, trap.child), reqid);
            let template = template((trap.local, trap.remote), trap.mode, reqid, IPPROTO_ESP);
            let owner = Owner::Trap(trap.policy, trap.child);
            for selector in &selectors {
                let way = (Way::Out, selector);
                self.policies
                    .set(&self.netlink, owner, settings, way, template)?;
            }
            if trap.mode == Mode::Transport || settings.if_id.is_some() {
                return Ok(());
            }
            let needed = Needed {
                owner,
                peer: trap.remote,
                local: &trap.local_selectors,
                remote: &trap.remote_selectors,
                assigned: &[],
            };
            let added = self.routes.add(&needed, Path::AsThePeer).await;
            added.map_err(|error| PlaneError::Routes(Box::new(error)))
        })
    }

    fn untrap(&mut self) -> Work<'_, ()> {
        Box::pin(async move {
            for ((policy, child), reqid) in core::mem::take(&mut self.traps) {
                let owner = Owner::Trap(policy, child);
                self.policies.remove(&self.netlink, owner);
                self.reqids.give_back(reqid);
                self.routes.remove(owner).await;
            }
        })
    }

    fn add_address(&mut self, address: IpAddr) -> Work<'_, Result<(), PlaneError>> {
        Box::pin(async move {
            let added = self.routes.add_address(address).await;
            added.map_err(|error| PlaneError::Routes(Box::new(error)))
        })
    }

    fn remove_address(&mut self, address: IpAddr) -> Work<'_, ()> {
        Box::pin(async move { self.routes.remove_address(address).await })
    }

    fn counters(&self, child: ChildId) -> Option<Counters> {
        let child = self.children.get(&child)?;
        let mut counters = Counters::default();
        if let Some(inbound) = self.usage(child.inbound) {
            counters.packets_in = inbound.lifetime_cur.packets;
            counters.octets_in = inbound.lifetime_cur.bytes;
            let stats = inbound.stats;
            for (reason, count) in [
                (DropReason::TooOld, stats.replay_window),
                (DropReason::Replay, stats.replay),
                (DropReason::Integrity, stats.integrity_failed),
            ] {
                counters.drops.add(reason, count.into());
            }
        }
        let sent = child.sent.or_else(|| {
            let outbound = self.usage(child.outbound)?.lifetime_cur;
            Some((outbound.packets, outbound.bytes))
        });
        (counters.packets_out, counters.octets_out) = sent.unwrap_or_default();
        Some(counters)
    }

    /// Those are the kernel's, for all programs together: /proc/net/xfrm_stat.
    fn drops(&self) -> Drops {
        Drops::default()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.monitor.poll(cx).map_ok(|said| self.heard.extend(said))
    }

    fn work(&mut self, _: &Sockets, news: &mut Vec<News>) {
        let heard = core::mem::take(&mut self.heard);
        news.extend(heard.iter().filter_map(|message| self.hear(&message.0)));
    }

    /// The kernel takes ESP from the sockets before we see it; what comes through has no SA.
    fn datagram(&mut self, _: &mut [u8], from: SocketAddr, _: SocketAddr, _: &mut Vec<News>) {
        tracing::trace!("ESP from {from} that the kernel has left to us dropped");
    }

    fn close(self: Box<Self>) -> Work<'static, ()> {
        Box::pin(async move {
            if let Err(error) = probe::sweep(&self.netlink) {
                tracing::warn!("cannot take back SAs and policies: {error}");
            }
            self.routes.close().await;
        })
    }
}
