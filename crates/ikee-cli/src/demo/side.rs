//! One of the two endpoints, with its sockets and its data plane.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::io;

use ikee::doi::encapsulation::NatRevision;
use ikee::endpoint::Transmit;
use ikee::ext::{Extension, Instant, SaId};
use ikee::wire::marker;
use ikee_daemon::child::ChildSa;
use ikee_daemon::dataplane::Dataplane;
use ikee_daemon::udp::{Batch, BindError, Sockets};

use super::endpoint::{Core, Effect, Established, KeyLog, Message};

/// What a side has to say after a step.
#[derive(Debug)]
pub(super) enum News {
    /// It sent a message.
    Sent(Message),
    /// Keys, for the tables.
    Keys(KeyLog),
    /// A datagram to send.
    Transmit(Transmit),
    /// An inner packet came through.
    Packet(Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Side {
    pub(super) role: &'static str,
    pub(super) ports: Ends,
    pub(super) core: Core,
    pub(super) sockets: Sockets,
    pub(super) batch: Batch,
    pub(super) plane: Dataplane,
    pub(super) established: Option<Established>,
    pub(super) child: Option<ChildNote>,
    /// Why it came to nothing.
    pub(super) failure: Option<String>,
}

/// Where a side's sockets are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// For plain IKE; the other one again where everything goes there.
    pub(super) ike: SocketAddr,
    /// For IKE behind a non-ESP marker, and ESP.
    pub(super) nat_t: SocketAddr,
}

/// What the page tells of a child SA.
#[derive(Debug)]
pub(super) struct ChildNote {
    pub(super) suite: String,
    pub(super) spi_in: u32,
    pub(super) local: String,
    pub(super) remote: String,
    /// Whether its packets travel in UDP, as those of the userspace data plane do.
    pub(super) udp: bool,
}

/// Sockets on the usual ports, or on free ones if they are taken; on the second port alone if there is no first.
pub(super) fn bind(
    address: Ipv4Addr,
    ike: Option<u16>,
    nat_t: u16,
) -> Result<(Sockets, Ends), BindError> {
    let address = IpAddr::V4(address);
    let usual: Vec<u16> = ike.into_iter().chain([nat_t]).collect();
    let free = vec![0; usual.len()];
    let sockets = Sockets::bind(&[address], &usual, None)
        .or_else(|_| Sockets::bind(&[address], &free, None))?;
    let bound: Vec<_> = sockets.local_addresses().collect();
    let unknown = SocketAddr::new(address, nat_t);
    let ends = Ends {
        ike: bound.first().copied().unwrap_or(unknown),
        nat_t: bound.last().copied().unwrap_or(unknown),
    };
    Ok((sockets, ends))
}

impl Side {
    /// Takes what has arrived; the inner packets come out as news.
    pub(super) fn receive(&mut self, now: Instant, news: &mut Vec<News>) {
        let Self {
            batch,
            core,
            plane,
            ports,
            ..
        } = self;
        for (local, remote, bytes) in batch.datagrams() {
            if local.port() != ports.nat_t.port() {
                core.datagram(now, (local, remote), false, bytes);
                continue;
            }
            match marker::classify(bytes) {
                marker::Datagram::Ike(message) => {
                    core.datagram(now, (local, remote), true, message);
                }
                marker::Datagram::Esp(_) => {
                    let delivered = plane.decapsulate(bytes, 0..bytes.len(), remote, local);
                    let packet = delivered
                        .ok()
                        .and_then(|delivered| bytes.get(delivered.packet));
                    news.extend(packet.map(|packet| News::Packet(packet.to_vec())));
                }
                marker::Datagram::Keepalive | marker::Datagram::Short => {}
            }
        }
    }

    /// Carries out what the endpoint wants done.
    pub(super) fn perform(&mut self, news: &mut Vec<News>) {
        for effect in self.core.effects() {
            match effect {
                Effect::Transmit(transmit) => news.push(News::Transmit(transmit)),
                Effect::Install(child) => self.install(&child),
                Effect::Remove(child) => {
                    self.plane.remove(child);
                    self.child = None;
                }
                Effect::Established(established) => self.established = Some(*established),
                Effect::Failed(why) => {
                    self.failure
                        .get_or_insert_with(|| format!("{}: {why}", self.role));
                }
                Effect::Keys(keys) => news.push(News::Keys(keys)),
                Effect::Sent(message) => news.push(News::Sent(message)),
                Effect::Dropped(_) | Effect::Closed { .. } => {}
            }
        }
    }

    fn install(&mut self, child: &ChildSa) {
        let list = |selectors: &[ikee::doi::TrafficSelector]| {
            selectors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        self.child = Some(ChildNote {
            suite: child.suite.to_string(),
            spi_in: child.inbound.spi,
            local: list(&child.selectors.0),
            remote: list(&child.selectors.1),
            udp: child.udp_encapsulation,
        });
        if !child.udp_encapsulation {
            // for the kernel's data plane only
            return;
        }
        if let Err(error) = self.plane.install(child) {
            self.failure = Some(format!("{}: {error}", self.role));
        }
    }

    pub(super) fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        self.sockets.send(from, to, bytes)
    }

    pub(super) fn sa(&self) -> Option<SaId> {
        self.established.as_ref().map(|established| established.sa)
    }

    /// An extension and the SA, if there are both.
    pub(super) fn with<T: Extension>(&self) -> Option<(&T, SaId)> {
        self.core.extensions().get::<T>().zip(self.sa())
    }

    /// The revision of NAT traversal that was agreed on.
    pub(super) fn nat_t(&self) -> Option<NatRevision> {
        let (extension, sa) = self.with::<ikee::nat_t::NatT>()?;
        extension.revision(sa)
    }
}
