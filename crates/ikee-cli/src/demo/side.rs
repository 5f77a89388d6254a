//! One of the two endpoints, with its socket and its data plane.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::io;

use ikee::ext::{Instant, SaId};
use ikee::fragmentation_v2::FragmentationV2;
use ikee::ikev2::{
    ChildSa, Datagram, Endpoint, Established, Event, Input, KeyLog, Message, Outbox, Output,
    Transmit,
};
use ikee::server_address::ServerAddress;
use ikee::wire::marker;
use ikee_daemon::dataplane::Dataplane;
use ikee_daemon::udp::{Batch, BindError, Sockets};

/// What a side has to say after a step.
#[derive(Debug)]
pub(super) enum News {
    /// It sent a message.
    Sent(Message),
    /// Keys, for the tables.
    Keys(Box<KeyLog>),
    /// A datagram to send.
    Transmit(Transmit),
    /// An inner packet came through.
    Packet(Vec<u8>),
}

#[derive(Debug)]
pub(super) struct Side {
    pub(super) role: &'static str,
    pub(super) address: SocketAddr,
    pub(super) endpoint: Endpoint,
    pub(super) outbox: Outbox,
    pub(super) sockets: Sockets,
    pub(super) batch: Batch,
    pub(super) plane: Dataplane,
    pub(super) established: Option<Established>,
    pub(super) child: Option<ChildNote>,
    /// Why it came to nothing.
    pub(super) failure: Option<String>,
}

/// What the page tells of a child SA.
#[derive(Debug)]
pub(super) struct ChildNote {
    pub(super) suite: String,
    pub(super) spi_in: u32,
    pub(super) local: String,
    pub(super) remote: String,
}

/// A socket on the usual port, or on a free one if that is taken.
pub(super) fn bind(address: Ipv4Addr, usual: u16) -> Result<(Sockets, SocketAddr), BindError> {
    let address = IpAddr::V4(address);
    let sockets = Sockets::bind(&[address], &[usual], None)
        .or_else(|_| Sockets::bind(&[address], &[0], None))?;
    let bound = sockets.local_addresses().next();
    let bound = bound.unwrap_or_else(|| SocketAddr::new(address, usual));
    Ok((sockets, bound))
}

impl Side {
    /// Takes what has arrived; the inner packets come out as news.
    pub(super) fn receive(&mut self, now: Instant, news: &mut Vec<News>) {
        let Self {
            batch,
            endpoint,
            outbox,
            plane,
            ..
        } = self;
        for (local, remote, bytes) in batch.datagrams() {
            match marker::classify(bytes) {
                marker::Datagram::Ike(message) => {
                    let datagram = Datagram {
                        local,
                        remote,
                        marker: true,
                        bytes: message,
                    };
                    endpoint.handle(now, Input::Datagram(datagram), outbox);
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
        let outputs: Vec<Output> = self.outbox.drain().collect();
        for output in outputs {
            match output {
                Output::Transmit(transmit) => news.push(News::Transmit(transmit)),
                Output::InstallChild(child) => self.install(*child),
                // nothing is rekeyed or moves in the demo
                Output::UpdateChild(_) | Output::UseChild(_) => {}
                Output::DeleteChild(child) => {
                    self.child = self
                        .child
                        .take()
                        .filter(|_| self.plane.remove(child).is_none());
                }
                Output::Event(event) => self.event(event, news),
            }
        }
    }

    fn install(&mut self, child: ChildSa) {
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
            local: list(&child.local_selectors),
            remote: list(&child.remote_selectors),
        });
        if let Err(error) = self.plane.install(&child.into()) {
            self.failure = Some(format!("{}: {error}", self.role));
        }
    }

    fn event(&mut self, event: Event, news: &mut Vec<News>) {
        match event {
            Event::Established(established) => self.established = Some(*established),
            Event::Failed { failure, .. }
            | Event::ChildFailed { failure, .. }
            | Event::Refused { failure, .. } => {
                self.failure
                    .get_or_insert_with(|| format!("{}: {failure}", self.role));
            }
            Event::KeyLog(keys) => news.push(News::Keys(keys)),
            Event::Message(message) if message.outbound => news.push(News::Sent(message)),
            _ => {}
        }
    }

    pub(super) fn send(&self, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        self.sockets.send(self.address, to, bytes)
    }

    pub(super) fn sa(&self) -> Option<SaId> {
        self.established.as_ref().map(|established| established.sa)
    }

    /// Whether both sides of the SA fragment.
    pub(super) fn fragments(&self) -> bool {
        let extension = self.endpoint.extensions().get::<FragmentationV2>();
        extension
            .zip(self.sa())
            .is_some_and(|(extension, sa)| extension.is_negotiated(sa))
    }

    /// The server's address inside the tunnel, if it told.
    pub(super) fn server(&self) -> Option<Ipv4Addr> {
        let extension = self.endpoint.extensions().get::<ServerAddress>();
        extension
            .zip(self.sa())
            .and_then(|(extension, sa)| extension.addresses(sa))
            .and_then(|it| it.v4)
    }
}
