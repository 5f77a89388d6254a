//! What a child becomes in the kernel: two SAs, and the policies that lead packets to them.

use core::net::{IpAddr, SocketAddr};

use ikee::doi::encapsulation::Mode;
use ikee::ext::ChildId;
use netlink_packet_xfrm::{Address, Id, UserTemplate, XfrmMessage};
use rustix::io::Errno;

use super::netlink::{Keyed, Refusal};
use super::policies::Way;
use super::states::{self, Common, StateId};
use super::{Child, Kernel, selectors};
use crate::child::ChildSa;
use crate::config::KernelSettings;
use crate::plane::{Owner, PlaneError};

impl Kernel {
    /// The SAs and policies of a child.
    pub(super) fn establish(
        &mut self,
        child: &ChildSa,
        settings: KernelSettings,
    ) -> Result<(), PlaneError> {
        let selectors = selectors::outbound(&child.selectors.0, &child.selectors.1);
        let selectors = selectors.ok_or(PlaneError::TooManyPolicies)?;
        let reqid = self
            .reqids
            .take(child.policy, &child.selectors.0, &child.selectors.1);
        let reqid = reqid.ok_or(PlaneError::TooManyPolicies)?;
        let common = Common::of(child, reqid, settings.if_id);
        let (local, remote) = (child.local, child.remote);
        let states = common
            .inbound(&child.inbound, local, remote)
            .zip(common.outbound(&child.outbound, local, remote));
        let Some((inbound, outbound)) = states else {
            self.reqids.give_back(reqid);
            return Err(PlaneError::NoCipher(child.suite.to_string()));
        };
        let state = |destination: SocketAddr, spi| StateId {
            destination: destination.ip(),
            spi,
            protocol: states::protocol(child.suite),
        };
        // known from here on, so that removal takes back what was done before an error
        self.children.insert(
            child.id,
            Child {
                inbound: state(local, child.inbound.spi),
                outbound: state(remote, child.outbound.spi),
                waiting: Some(outbound),
                replaces: child.life.replaces,
                sent: None,
                selectors,
                settings,
                mode: child.mode,
                reqid,
            },
        );
        self.netlink
            .tell("the inbound SA", &inbound)
            .map_err(|refusal| unknown_cipher(refusal, child))?;
        if child.life.sends {
            self.send_with(child.id)?;
        }
        self.lead(child.id, local.ip(), remote.ip())
    }

    /// Installs the outbound SA that waits, and removes the one it replaces, so that no packet takes that.
    pub(super) fn send_with(&mut self, id: ChildId) -> Result<(), PlaneError> {
        let child = self.children.get_mut(&id).ok_or(PlaneError::Unknown)?;
        if let Some(outbound) = child.waiting.take() {
            self.netlink.tell("the outbound SA", &outbound)?;
        }
        let old = child.replaces.take();
        if let Some(old) = old.and_then(|old| self.children.get_mut(&old)) {
            let carried = self.netlink.ask("an SA", old.outbound.get());
            old.sent = Some(carried.as_ref().map_or((0, 0), usage));
            if let Err(error) = self
                .netlink
                .tell("the old outbound SA", &old.outbound.delete())
            {
                tracing::debug!("{error}");
            }
        }
        Ok(())
    }

    /// Points the policies of a child at its SAs between these addresses.
    pub(super) fn lead(
        &mut self,
        id: ChildId,
        local: IpAddr,
        remote: IpAddr,
    ) -> Result<(), PlaneError> {
        let child = self.children.get(&id).ok_or(PlaneError::Unknown)?;
        let ways: &[Way] = match child.mode {
            Mode::Tunnel => &[Way::In, Way::Forward, Way::Out],
            Mode::Transport => &[Way::In, Way::Out],
        };
        for &way in ways {
            let ends = match way {
                Way::Out => (local, remote),
                Way::In | Way::Forward => (remote, local),
            };
            let template = template(ends, child.mode, child.reqid, child.inbound.protocol);
            for selector in &child.selectors {
                self.policies.set(
                    &self.netlink,
                    Owner::Child(id),
                    child.settings,
                    (way, selector),
                    template,
                )?;
            }
        }
        Ok(())
    }

    /// Moves one SA to other addresses: the new one is there before the old one goes, where the kernel can
    /// tell them apart.
    pub(super) fn move_state(
        &self,
        id: StateId,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<StateId, PlaneError> {
        let state = self.netlink.ask("an SA", id.get())?;
        let state = states::moved(state, from, to).ok_or(PlaneError::Unknown)?;
        let new = StateId {
            destination: to.ip(),
            ..id
        };
        if new == id {
            self.netlink.tell("an SA that moves", &id.delete())?;
        }
        self.netlink.tell("an SA that moved", &state)?;
        if new != id {
            self.netlink.tell("an SA that moved", &id.delete())?;
        }
        Ok(new)
    }
}

/// The kernel does not know an algorithm: say which suite wanted it.
fn unknown_cipher(refusal: Refusal, child: &ChildSa) -> PlaneError {
    if refusal.is(Errno::NOSYS) {
        PlaneError::NoCipher(child.suite.to_string())
    } else {
        PlaneError::Kernel(refusal)
    }
}

/// Packets and octets.
fn usage(state: &Keyed) -> (u64, u64) {
    match &state.0 {
        XfrmMessage::AddSa(message) => {
            let carried = &message.user_sa_info.lifetime_cur;
            (carried.packets, carried.bytes)
        }
        _ => (0, 0),
    }
}

/// What SAs a policy's packets need. In transport mode the packet's own addresses are the SA's.
pub(super) fn template(
    (from, to): (IpAddr, IpAddr),
    mode: Mode,
    reqid: u32,
    protocol: u8,
) -> UserTemplate {
    let ends = match mode {
        Mode::Tunnel => (Address::from_ip(&from), Address::from_ip(&to)),
        Mode::Transport => (Address::default(), Address::default()),
    };
    UserTemplate {
        id: Id {
            daddr: ends.1,
            spi: 0,
            proto: protocol,
        },
        family: selectors::family(to),
        saddr: ends.0,
        reqid,
        mode: states::mode(mode),
        ..UserTemplate::default()
    }
}
