//! Datagrams from the network, packets from the host, and the ESP between them.

use core::task::Poll;
use std::io;

use ikee::ext::ChildId;
use ikee::ikev2::{ChildSa, ChildUpdate, Datagram, Input};
use ikee::wire::marker;

use super::{BURST, Daemon, Plane, contain};
use crate::control::Traffic;
use crate::dataplane::{HEADROOM, Outbound};

impl Plane {
    /// Waits for a packet from the host; never, when there is no device.
    pub(super) async fn receive(&mut self) -> io::Result<usize> {
        let Self { tun, packet, .. } = self;
        core::future::poll_fn(|cx| match (&tun, packet.get_mut(HEADROOM..)) {
            (Some((tun, _)), Some(room)) => tun.poll_receive(cx, room),
            _ => Poll::Pending,
        })
        .await
    }

    /// A further packet, if one is there already.
    fn another(&mut self) -> io::Result<usize> {
        match (&self.tun, self.packet.get_mut(HEADROOM..)) {
            (Some((tun, _)), Some(room)) => tun.try_receive(room),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Opens an ESP packet and hands what was in it to the host.
    fn deliver(
        &mut self,
        bytes: &mut [u8],
        from: core::net::SocketAddr,
        to: core::net::SocketAddr,
    ) {
        let delivered = match self.esp.decapsulate(bytes, 0..bytes.len(), from, to) {
            Ok(delivered) => delivered,
            Err(dropped) => return tracing::trace!("ESP from {from} dropped: {}", dropped.reason),
        };
        let (Some((tun, _)), Some(packet)) = (&self.tun, bytes.get(delivered.packet)) else {
            return;
        };
        if let Err(error) = tun.send(packet) {
            tracing::debug!("{}: {error}", tun.name());
        }
    }
}

impl Daemon {
    /// Gives each datagram of the batch to whom it is for.
    pub(super) fn datagrams(&mut self) {
        let nat_t = self.endpoint.config().ports.nat_t;
        let now = self.clock.now();
        let Self {
            batch,
            endpoint,
            outbox,
            plane,
            book,
            ..
        } = self;
        let mut survived = true;
        for (local, remote, bytes) in batch.datagrams() {
            let floated = local.port() == nat_t;
            let message: &[u8] = match marker::classify(bytes) {
                _ if !floated => bytes,
                marker::Datagram::Ike(message) => message,
                marker::Datagram::Esp(_) => {
                    let opened =
                        contain::contain("data plane", || plane.deliver(bytes, remote, local));
                    survived &= opened.is_some();
                    continue;
                }
                marker::Datagram::Keepalive => continue,
                marker::Datagram::Short => {
                    book.dropped += 1;
                    continue;
                }
            };
            let datagram = Datagram {
                local,
                remote,
                marker: floated,
                bytes: message,
            };
            let handled = contain::contain("endpoint", || {
                endpoint.handle(now, Input::Datagram(datagram), outbox);
            });
            survived &= handled.is_some();
        }
        if !survived {
            self.sweep();
        }
    }

    /// Sends a packet of the host through its child, and those that wait behind it.
    pub(super) fn inner_packets(&mut self, first: usize) {
        let mut length = first;
        for _ in 0..BURST {
            self.inner_packet(length);
            match self.plane.another() {
                Ok(next) => length = next,
                Err(_) => break,
            }
        }
        if let Err(error) = self.plane.run.send(&self.sockets) {
            tracing::debug!("ESP: {error}");
        }
    }

    fn inner_packet(&mut self, length: usize) {
        let Plane {
            esp,
            tun,
            packet,
            run,
        } = &mut self.plane;
        let sealed = contain::contain("data plane", || {
            esp.encapsulate(packet, HEADROOM..HEADROOM + length)
        });
        match sealed {
            Some(Outbound::Send(sealed)) if sealed.udp => {
                let Some(bytes) = packet.get(sealed.datagram) else {
                    return;
                };
                if let Err(error) = run.add(&self.sockets, sealed.local, sealed.remote, bytes) {
                    tracing::debug!("ESP to {}: {error}", sealed.remote);
                }
            }
            Some(Outbound::Send(sealed)) => {
                tracing::debug!(
                    "child {:?}: ESP without UDP cannot be sent from here",
                    sealed.child
                );
            }
            Some(Outbound::Answer(answer)) => {
                if let Some((tun, _)) = tun
                    && let Err(error) = tun.send(&answer)
                {
                    tracing::debug!("{}: {error}", tun.name());
                }
            }
            Some(Outbound::Drop(reason)) => tracing::trace!("packet of the host dropped: {reason}"),
            None => {}
        }
    }

    /// Gives a child's keys to the data plane.
    pub(super) fn install_keys(&mut self, child: &ChildSa) {
        if let Err(error) = self.plane.esp.install(child) {
            self.span(child.sa)
                .in_scope(|| tracing::error!("child {}: {error}", child.name));
        }
        if !child.udp_encapsulation {
            self.span(child.sa).in_scope(|| {
                tracing::error!(
                    "child {}: the peer does without UDP encapsulation, packets cannot pass",
                    child.name
                );
            });
        }
    }

    pub(super) fn update_child(&mut self, update: ChildUpdate) {
        if !self.plane.esp.update(update) {
            tracing::debug!("child {:?} is not installed", update.child);
        }
    }

    /// What a child has carried: in, out.
    pub(super) fn traffic(&self, child: ChildId) -> (Traffic, Traffic) {
        let counters = self.plane.esp.counters(child).unwrap_or_default();
        (
            Traffic {
                packets: counters.packets_in,
                octets: counters.octets_in,
            },
            Traffic {
                packets: counters.packets_out,
                octets: counters.octets_out,
            },
        )
    }
}
