//! Datagrams from the network, and the data plane's part of the daemon's life.

use ikee::ext::ChildId;
use ikee::wire::marker;

use super::{Daemon, contain};
use crate::child::ChildUpdate;
use crate::control::Traffic;
use crate::plane::News;

impl Daemon {
    /// Gives each datagram of the batch, from the given one on, to whom it is for. When IKEv1 asks for a peer's key, the
    /// rest waits for the answer: the place of the next.
    pub(super) fn datagrams(&mut self, from: usize) -> Option<usize> {
        let nat_t = self.cores.v2.config().ports.nat_t;
        let now = self.clock.now();
        let Self {
            batch,
            cores,
            plane,
            news,
            book,
            metrics,
            ..
        } = self;
        let mut survived = true;
        let mut rest = None;
        for (at, (local, remote, bytes)) in batch.datagrams().enumerate().skip(from) {
            let floated = local.port() == nat_t;
            let message: &[u8] = match marker::classify(bytes) {
                _ if !floated => bytes,
                marker::Datagram::Ike(message) => message,
                marker::Datagram::Esp(_) => {
                    let taken = contain::contain("data plane", || {
                        plane.datagram(bytes, remote, local, news);
                    });
                    survived &= taken.is_some();
                    continue;
                }
                marker::Datagram::Keepalive => continue,
                marker::Datagram::Short => {
                    book.dropped += 1;
                    continue;
                }
            };
            let handled = contain::contain("endpoint", || {
                cores.datagram(now, (local, remote), floated, message)
            });
            survived &= handled.is_some();
            if handled == Some(false) {
                book.dropped += 1;
                metrics.dropped("no-ikev1");
            }
            if cores.out_v1.asks() {
                rest = at.checked_add(1);
                break;
            }
        }
        if !survived {
            self.sweep();
        }
        rest
    }

    /// Lets the data plane do what it waited for.
    pub(super) fn plane_work(&mut self) {
        let Self {
            plane,
            sockets,
            news,
            ..
        } = self;
        contain::contain("data plane", || plane.work(sockets, news));
    }

    /// Tells the cores what the data plane has to say.
    pub(super) fn hear_news(&mut self) {
        for news in core::mem::take(&mut self.news) {
            match news {
                News::Expired { child, hard } => {
                    self.core(|cores, now| cores.child_expired(now, child, hard));
                }
                News::Noticed { child, hint } => {
                    self.core(|cores, now| cores.traffic(now, child, hint));
                }
                News::Discovered(wish) => self.discovered(wish),
                News::Wanted { policy, child } => self.wanted(policy, child),
            }
        }
    }

    /// Looks at what children have carried, if it is time to.
    pub(super) fn watch_traffic(&mut self) {
        let Self {
            watch,
            plane,
            news,
            clock,
            ..
        } = self;
        let hints = watch.look(clock.now(), |child| plane.counters(child));
        news.extend(
            hints
                .into_iter()
                .map(|(child, hint)| News::Noticed { child, hint }),
        );
    }

    pub(super) fn use_child(&mut self, child: ChildId) {
        if let Err(error) = self.plane.use_child(child) {
            tracing::debug!("child {child:?}: {error}");
        }
    }

    pub(super) fn update_child(&mut self, update: ChildUpdate) {
        if let Err(error) = self.plane.update(update) {
            tracing::debug!("child {:?}: {error}", update.child);
        }
    }

    /// What a child has carried: in, out.
    pub(super) fn traffic(&self, child: ChildId) -> (Traffic, Traffic) {
        let counters = self.plane.counters(child).unwrap_or_default();
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
