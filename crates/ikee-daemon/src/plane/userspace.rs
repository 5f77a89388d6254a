//! ESP in this process, between a TUN device and the IKE sockets.

use core::net::{IpAddr, SocketAddr};
use core::task::{Context, Poll};
use std::io;

use ikee::crypto::{Provider, Random};
use ikee::doi::encapsulation::Mode;
use ikee::ext::ChildId;

use super::run::Run;
use super::{DataPlane, News, Owner, PlaneError, Setup, Trap, Work};
use crate::child::{ChildSa, ChildUpdate};
use crate::dataplane::{
    Counters, Dataplane, DropReason, Drops, Flow, HEADROOM, Options, Outbound, TAILROOM,
};
use crate::discovery::{Discovered, Fate, Outer};
use crate::routes::{Needed, Path, Routes};
use crate::tun::Tun;
use crate::udp::Sockets;

/// Inner packets taken from the device at once, before others have their turn.
const BURST: usize = 64;
/// Largest inner packet, with the room that sealing takes.
const PACKET: usize = HEADROOM + 65_535 + TAILROOM;

/// The userspace plane.
#[derive(Debug)]
pub(crate) struct Userspace {
    esp: Dataplane,
    tun: Option<(Tun, Routes)>,
    /// One inner packet with room around it.
    packet: Vec<u8>,
    /// Octets of the packet that [`DataPlane::poll`] has put there.
    waiting: Option<usize>,
    run: Run,
    traps: Vec<Trap>,
    /// What has been wanted since [`DataPlane::work`] last said so.
    wanted: Vec<News>,
    /// Packets that may be in clear.
    outer: Option<Outer>,
}

impl Userspace {
    /// A plane between a device, if there is one, and nothing yet; `hints`: whether it looks at TCP segments.
    pub(crate) fn new(
        provider: &'static Provider,
        random: Box<dyn Random + Send>,
        tun: Option<(Tun, Routes)>,
        hints: bool,
        outer: Option<Outer>,
    ) -> Self {
        let options = Options {
            transport: false,
            hints,
            ..Options::default()
        };
        Self {
            esp: Dataplane::new(provider, random, options),
            tun,
            packet: vec![0; PACKET],
            waiting: None,
            run: Run::default(),
            traps: Vec::new(),
            wanted: Vec::new(),
            outer,
        }
    }

    /// A further packet, if one is there already.
    fn another(&mut self) -> Option<usize> {
        match (&self.tun, self.packet.get_mut(HEADROOM..)) {
            (Some((tun, _)), Some(room)) => tun.try_receive(room).ok(),
            _ => None,
        }
    }

    /// Sends a packet of the host through its child.
    fn inner_packet(&mut self, sockets: &Sockets, length: usize) {
        let Self {
            esp,
            tun,
            packet,
            run,
            outer,
            ..
        } = self;
        let range = HEADROOM..HEADROOM + length;
        let fate = match (outer.as_mut(), packet.get(range.clone())) {
            (Some(outer), Some(packet)) => outer.fate(esp, packet),
            _ => None,
        };
        let sealed = match (fate, outer) {
            (Some(Fate::Clear | Fate::Hold), _) => return,
            (Some(Fate::Protect { guaranteed }), Some(outer)) => {
                let discovery = outer.discovery();
                esp.encapsulate_by(packet, range, |it| {
                    discovery.is_guaranteed(it) == guaranteed
                })
            }
            _ => esp.encapsulate(packet, range),
        };
        match sealed {
            Outbound::Send(sealed) if sealed.udp => {
                let Some(bytes) = packet.get(sealed.datagram) else {
                    return;
                };
                if let Err(error) = run.add(sockets, sealed.local, sealed.remote, bytes) {
                    tracing::debug!("ESP to {}: {error}", sealed.remote);
                }
            }
            Outbound::Send(sealed) => {
                tracing::trace!(
                    "child {:?}: ESP without UDP cannot be sent from here",
                    sealed.child
                );
            }
            Outbound::Answer(answer) => {
                if let Some((tun, _)) = tun
                    && let Err(error) = tun.send(&answer)
                {
                    tracing::debug!("{}: {error}", tun.name());
                }
            }
            Outbound::Drop(reason) => {
                tracing::trace!("packet of the host dropped: {reason}");
                if reason == DropReason::NoRoute {
                    self.spring(length);
                }
            }
        }
    }

    /// Notes that a packet wants a child that a trap stands for.
    fn spring(&mut self, length: usize) {
        let packet = self.packet.get(HEADROOM..HEADROOM + length);
        let Some(flow) = packet.and_then(Flow::read) else {
            return;
        };
        let trap = self.traps.iter().find(|trap| {
            flow.goes_to(&trap.remote_selectors) && flow.comes_from(&trap.local_selectors)
        });
        let wanted = trap.map(|trap| News::Wanted {
            policy: trap.policy,
            child: trap.child,
        });
        self.wanted
            .extend(wanted.filter(|wanted| !self.wanted.contains(wanted)));
    }

    fn report(&mut self, news: &mut Vec<News>) {
        let expired = self.esp.expiries().map(|expiry| News::Expired {
            child: expiry.child,
            hard: expiry.hard,
        });
        news.extend(expired);
        let noticed = self.esp.hints();
        news.extend(noticed.map(|(child, hint)| News::Noticed { child, hint }));
        news.append(&mut self.wanted);
        if let Some(outer) = &mut self.outer {
            news.extend(outer.discovery().wishes().map(News::Discovered));
        }
    }

    /// With discovery the device is another network namespace's, whose routes are not ours.
    fn routes(&mut self) -> Option<&mut Routes> {
        let ours = self.outer.is_none();
        self.tun.as_mut().filter(|_| ours).map(|(_, routes)| routes)
    }

    async fn lead(&mut self, child: &ChildSa, assigned: &[IpAddr]) -> Result<(), PlaneError> {
        let Some(routes) = self.routes() else {
            return Ok(());
        };
        let needed = Needed {
            owner: Owner::Child(child.id),
            peer: child.remote.ip(),
            local: &child.selectors.0,
            remote: &child.selectors.1,
            assigned,
        };
        let added = routes.add(&needed, Path::Device).await;
        added.map_err(|error| PlaneError::Routes(Box::new(error)))
    }
}

/// What this plane negotiates, but carries no packets of.
const fn carries(child: &ChildSa) -> Result<(), PlaneError> {
    match (child.mode, child.udp_encapsulation) {
        (Mode::Tunnel, true) => Ok(()),
        (Mode::Transport, _) => Err(PlaneError::NoPackets(
            "it is in transport mode, and the userspace data plane carries no packets of that; \
             set data_plane = \"kernel\"",
        )),
        (_, false) => Err(PlaneError::NoPackets(
            "the peer does without UDP encapsulation, and the userspace data plane cannot send bare ESP; \
             set data_plane = \"kernel\"",
        )),
    }
}

impl DataPlane for Userspace {
    fn device(&self) -> Option<&str> {
        self.tun.as_ref().map(|(tun, _)| tun.name())
    }

    fn install<'a>(
        &'a mut self,
        child: &'a ChildSa,
        setup: Setup<'a>,
    ) -> Work<'a, Result<(), PlaneError>> {
        Box::pin(async move {
            self.esp.install(child)?;
            if let Some(outer) = &mut self.outer
                && outer.opened(child.id, setup.discovered, child.life.replaces)
                && let Some(old) = child.life.replaces
            {
                self.esp.keep_sending(old);
            }
            carries(child)?;
            self.lead(child, setup.assigned).await
        })
    }

    fn use_child(&mut self, child: ChildId) -> Result<(), PlaneError> {
        let known = self.esp.use_child(child);
        known.then_some(()).ok_or(PlaneError::Unknown)
    }

    fn update(&mut self, update: ChildUpdate) -> Result<(), PlaneError> {
        let known = self.esp.update(update);
        known.then_some(()).ok_or(PlaneError::Unknown)
    }

    fn remove(&mut self, child: ChildId) -> Work<'_, bool> {
        Box::pin(async move {
            let known = self.esp.remove(child).is_some();
            if let Some(outer) = &mut self.outer {
                outer.closed(child);
            }
            if let Some(routes) = self.routes() {
                routes.remove(Owner::Child(child)).await;
            }
            known
        })
    }

    fn trap<'a>(&'a mut self, trap: &'a Trap) -> Work<'a, Result<(), PlaneError>> {
        Box::pin(async move {
            self.traps.push(trap.clone());
            let Some(routes) = self.routes() else {
                return Ok(());
            };
            let needed = Needed {
                owner: Owner::Trap(trap.policy, trap.child),
                peer: trap.remote,
                local: &trap.local_selectors,
                remote: &trap.remote_selectors,
                assigned: &[],
            };
            let added = routes.add(&needed, Path::Device).await;
            added.map_err(|error| PlaneError::Routes(Box::new(error)))
        })
    }

    fn untrap(&mut self) -> Work<'_, ()> {
        Box::pin(async move {
            for trap in core::mem::take(&mut self.traps) {
                if let Some(routes) = self.routes() {
                    routes.remove(Owner::Trap(trap.policy, trap.child)).await;
                }
            }
        })
    }

    fn add_address(&mut self, address: IpAddr) -> Work<'_, Result<(), PlaneError>> {
        Box::pin(async move {
            let Some(routes) = self.routes() else {
                return Ok(());
            };
            let added = routes.add_address(address).await;
            added.map_err(|error| PlaneError::Routes(Box::new(error)))
        })
    }

    fn remove_address(&mut self, address: IpAddr) -> Work<'_, ()> {
        Box::pin(async move {
            if let Some(routes) = self.routes() {
                routes.remove_address(address).await;
            }
        })
    }

    fn counters(&self, child: ChildId) -> Option<Counters> {
        self.esp.counters(child)
    }

    fn drops(&self) -> Drops {
        *self.esp.drops()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            tun,
            packet,
            waiting,
            outer,
            ..
        } = self;
        if let Some(outer) = outer
            && let Poll::Ready(done) = outer.poll(cx)
        {
            return Poll::Ready(done);
        }
        let (Some((tun, _)), Some(room)) = (tun, packet.get_mut(HEADROOM..)) else {
            return Poll::Pending;
        };
        tun.poll_receive(cx, room).map_ok(|length| {
            *waiting = Some(length);
        })
    }

    fn work(&mut self, sockets: &Sockets, news: &mut Vec<News>) {
        for _ in 0..BURST {
            let Some(length) = self.waiting.take().or_else(|| self.another()) else {
                break;
            };
            self.inner_packet(sockets, length);
        }
        if let Err(error) = self.run.send(sockets) {
            tracing::debug!("ESP: {error}");
        }
        if let (Some(outer), Some((inner, _))) = (&mut self.outer, &self.tun) {
            outer.work(&self.esp, inner);
        }
        self.report(news);
    }

    /// Opens an ESP packet and hands what was in it to the host.
    fn datagram(&mut self, esp: &mut [u8], from: SocketAddr, to: SocketAddr, news: &mut Vec<News>) {
        let delivered = self.esp.decapsulate(esp, 0..esp.len(), from, to);
        self.report(news);
        let delivered = match delivered {
            Ok(delivered) => delivered,
            Err(dropped) => return tracing::trace!("ESP from {from} dropped: {}", dropped.reason),
        };
        let (Some((tun, _)), Some(packet)) = (&self.tun, esp.get(delivered.packet)) else {
            return;
        };
        if let Some(outer) = &mut self.outer {
            outer.protected(delivered.child, packet);
        }
        if let Err(error) = tun.send(packet) {
            tracing::debug!("{}: {error}", tun.name());
        }
    }

    fn discover(&mut self, rules: Vec<Discovered>) {
        if let Some(outer) = &mut self.outer {
            outer.set_rules(rules);
        }
    }

    fn discovery(&self) -> Option<(ikee::discovery::Counters, usize)> {
        self.outer.as_ref().map(Outer::counters)
    }

    fn close(self: Box<Self>) -> Work<'static, ()> {
        Box::pin(async move {
            if let Some((tun, routes)) = self.tun {
                routes.close().await;
                drop(tun);
            }
        })
    }
}
