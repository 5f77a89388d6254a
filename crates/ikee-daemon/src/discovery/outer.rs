//! The device for packets in clear: what the host's kernel forwards, from and to the wire.

use core::task::{Context, Poll};
use std::io;

use super::{Discovered, Discovery, Fate, Traits};
use crate::dataplane::{Dataplane, Flow};
use crate::tun::Tun;
use ikee::ext::ChildId;

/// Largest packet.
const PACKET: usize = 65_535;
/// Packets taken from the device at once, before others have their turn.
const BURST: usize = 64;

/// Discovery, and the second TUN device.
#[derive(Debug)]
pub(crate) struct Outer {
    discovery: Discovery,
    tun: Tun,
    packet: Vec<u8>,
    /// Octets of the packet that [`poll`](Self::poll) has put there.
    waiting: Option<usize>,
}

impl Outer {
    /// With a device that nothing else uses.
    pub(crate) fn new(discovery: Discovery, tun: Tun) -> Self {
        Self {
            discovery,
            tun,
            packet: vec![0; PACKET],
            waiting: None,
        }
    }

    /// What becomes of a packet of the host; one that goes in clear is gone already. `None` for one that no rule is about.
    pub(crate) fn fate(&mut self, esp: &Dataplane, packet: &[u8]) -> Option<Fate> {
        let flow = Flow::read(packet)?;
        let fate = self.discovery.outbound(esp, flow)?;
        if fate == Fate::Clear
            && let Err(error) = self.tun.send(packet)
        {
            tracing::debug!("{}: {error}", self.tun.name());
        }
        Some(fate)
    }

    /// Notes a packet that has come over a child, after its checks.
    pub(crate) fn protected(&mut self, child: ChildId, packet: &[u8]) {
        if let Some(flow) = Flow::read(packet) {
            self.discovery.inbound_protected(flow, child);
        }
    }

    /// A child is installed: as [`Discovery::opened`].
    pub(crate) fn opened(
        &mut self,
        child: ChildId,
        traits: Traits,
        replaces: Option<ChildId>,
    ) -> bool {
        self.discovery.opened(child, traits, replaces)
    }

    /// A child is gone.
    pub(crate) fn closed(&mut self, child: ChildId) {
        self.discovery.closed(child);
    }

    /// Other rules from now on.
    pub(crate) fn set_rules(&mut self, rules: Vec<Discovered>) {
        self.discovery.set_rules(rules);
    }

    /// Rules, flows and children.
    pub(crate) const fn discovery(&mut self) -> &mut Discovery {
        &mut self.discovery
    }

    /// What the flows have come to.
    pub(crate) fn counters(&self) -> (ikee::discovery::Counters, usize) {
        self.discovery.counters()
    }

    /// Waits for a packet from the wire.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            tun,
            packet,
            waiting,
            ..
        } = self;
        tun.poll_receive(cx, packet).map_ok(|length| {
            *waiting = Some(length);
        })
    }

    /// Hands the packets that wait to the host, as far as they may be in clear.
    pub(crate) fn work(&mut self, esp: &Dataplane, inner: &Tun) {
        for _ in 0..BURST {
            let another = || self.tun.try_receive(&mut self.packet).ok();
            let Some(length) = self.waiting.take().or_else(another) else {
                break;
            };
            let Some(packet) = self.packet.get(..length) else {
                continue;
            };
            let Some(flow) = Flow::read(packet) else {
                continue;
            };
            if !self.discovery.inbound_clear(esp, flow) {
                tracing::trace!("packet in clear dropped");
            } else if let Err(error) = inner.send(packet) {
                tracing::debug!("{}: {error}", inner.name());
            }
        }
    }
}
