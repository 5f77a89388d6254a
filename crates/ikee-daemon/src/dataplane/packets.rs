//! The way of a packet: to its child, sealed and out; to its SA, opened and in.

use std::net::SocketAddr;
use std::ops::Range;

use ike_ext::ChildId;
use ipsec_doi::encapsulation::Mode;
use ipsec_esp::{Age, ip};

use super::child::Child;
use super::counters::DropReason;
use super::flow::Flow;
use super::outcome::{Delivered, Dropped, Expiry, Outbound, Sealed};
use super::{Dataplane, HEADROOM, TAILROOM, icmp};

impl Dataplane {
    /// Seals the inner packet that `packet` delimits in `buffer`, where [`HEADROOM`] octets lie before and
    /// [`TAILROOM`] octets behind it.
    pub fn encapsulate(&mut self, buffer: &mut [u8], packet: Range<usize>) -> Outbound {
        self.encapsulate_by(buffer, packet, |_| true)
    }

    /// The children through which a packet may leave, best first.
    pub(crate) fn takers(&self, flow: Flow) -> impl Iterator<Item = ChildId> {
        let slots = self.routes.candidates(flow.destination);
        let children = slots.filter_map(|slot| self.slots.get(slot)?.as_deref());
        children
            .filter(move |child| child.wants(&flow))
            .map(|child| child.id)
    }

    /// As [`encapsulate`](Self::encapsulate), through a child that `may` take the packet.
    pub(crate) fn encapsulate_by(
        &mut self,
        buffer: &mut [u8],
        packet: Range<usize>,
        may: impl Fn(ChildId) -> bool,
    ) -> Outbound {
        let Some(octets) = buffer.get(packet.clone()) else {
            return self.refuse(DropReason::Room);
        };
        let Ok(header) = ip::Header::parse(octets) else {
            return self.refuse(DropReason::Malformed);
        };
        let flow = Flow::of(&header, octets);
        let slots = &mut self.slots;
        let found = self.routes.candidates(flow.destination).find(|&slot| {
            let child = slots.get(slot).and_then(Option::as_ref);
            child.is_some_and(|child| may(child.id) && child.wants(&flow))
        });
        let Some(child) = found.and_then(|slot| slots.get_mut(slot)?.as_deref_mut()) else {
            return self.refuse(DropReason::NoRoute);
        };
        if child.mode == Mode::Transport && !self.options.transport {
            child.counters.drops.count(DropReason::Transport);
            return Outbound::Drop(DropReason::Transport);
        }
        let least = if header.source.is_ipv6() {
            icmp::V6_LEAST
        } else {
            0
        };
        let fits = child.inner_mtu(self.options.path_mtu).max(least);
        if header.dont_fragment && header.total > fits {
            child.counters.drops.count(DropReason::TooBig);
            let answer = icmp::too_big(&header, octets, fits);
            return answer.map_or(Outbound::Drop(DropReason::TooBig), Outbound::Answer);
        }
        self.hints.extend(child.notice(&header, octets));
        let sealed = child.seal(buffer, packet.start..packet.start + header.total);
        self.expiries.extend(expiry(child));
        match sealed {
            Ok(datagram) => Outbound::Send(Sealed {
                child: child.id,
                local: child.local,
                remote: child.remote,
                datagram,
                udp: child.udp,
            }),
            Err(reason) => {
                child.counters.drops.count(reason);
                Outbound::Drop(reason)
            }
        }
    }

    /// As [`encapsulate`](Self::encapsulate), for a packet without room around it, which is copied into
    /// `buffer`; keep the buffer for the next, and nothing is allocated.
    pub fn encapsulate_copy(&mut self, packet: &[u8], buffer: &mut Vec<u8>) -> Outbound {
        buffer.clear();
        buffer.resize(HEADROOM, 0);
        buffer.extend_from_slice(packet);
        buffer.resize(HEADROOM + packet.len() + TAILROOM, 0);
        self.encapsulate(buffer, HEADROOM..HEADROOM + packet.len())
    }

    /// Opens the ESP packet that `esp` delimits in `buffer` and that came between these outer addresses. Only
    /// transport mode needs [`HEADROOM`] before it.
    ///
    /// # Errors
    /// [`Dropped`] says why there is nothing to deliver.
    pub fn decapsulate(
        &mut self,
        buffer: &mut [u8],
        esp: Range<usize>,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<Delivered, Dropped> {
        let spi = buffer
            .get(esp.clone())
            .and_then(<[u8]>::first_chunk)
            .map(|&spi| u32::from_be_bytes(spi));
        let slot = spi.and_then(|spi| self.by_spi.get(&spi).copied());
        let Some(child) = slot.and_then(|slot| self.slots.get_mut(slot)?.as_deref_mut()) else {
            let reason = if spi.is_some() {
                DropReason::UnknownSpi
            } else {
                DropReason::Truncated
            };
            self.drops.count(reason);
            return Err(Dropped {
                child: None,
                reason,
            });
        };
        if child.mode == Mode::Transport && !self.options.transport {
            child.counters.drops.count(DropReason::Transport);
            return Err(Dropped {
                child: Some(child.id),
                reason: DropReason::Transport,
            });
        }
        let opened = child.open(buffer, esp, from, to);
        self.expiries.extend(expiry(child));
        match opened {
            Ok(packet) => Ok(Delivered {
                child: child.id,
                packet,
                moved: from != child.remote,
            }),
            Err(reason) => {
                child.counters.drops.count(reason);
                Err(Dropped {
                    child: Some(child.id),
                    reason,
                })
            }
        }
    }

    fn refuse(&mut self, reason: DropReason) -> Outbound {
        self.drops.count(reason);
        Outbound::Drop(reason)
    }
}

fn expiry(child: &mut Child) -> Option<Expiry> {
    child.aged().map(|age| Expiry {
        child: child.id,
        hard: age == Age::Expired,
    })
}
