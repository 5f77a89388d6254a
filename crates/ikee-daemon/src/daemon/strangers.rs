//! What strangers cause: counted always, logged within limits.

use core::fmt;
use core::net::SocketAddr;

use ikee::ext::Instant;

use super::Daemon;
use super::limit::Limit;
use crate::control::Topic;
use crate::fault::{Discard, Fault};

/// One limit for each kind of line.
#[derive(Debug, Default)]
pub(super) struct Limits {
    refused: Limit,
    dropped: Limit,
    failed: Limit,
}

/// Logs what a stranger caused, or counts it.
fn warn(limit: &mut Limit, now: Instant, line: &dyn fmt::Display) {
    match limit.ask(now) {
        Some(0) => tracing::warn!("{line}"),
        Some(missed) => tracing::warn!("{line} (and {missed} like it before, not logged)"),
        None => tracing::debug!("{line}"),
    }
}

impl Daemon {
    /// A datagram led to nothing.
    pub(super) fn dropped(&mut self, from: SocketAddr, why: &Discard) {
        self.book.dropped += 1;
        self.metrics.dropped(why.reason);
        let line = format_args!("dropped a datagram from {from}: {}", why.text);
        if why.limit {
            let now = self.clock.now();
            warn(&mut self.book.limits.dropped, now, &line);
        } else {
            tracing::debug!("{line}");
        }
    }

    /// A first message was answered with an error.
    pub(super) fn refused(&mut self, from: SocketAddr, fault: &Fault) {
        self.metrics.refused(fault);
        // the peer will guess better now (RFC 7296 §2.7)
        if fault.reason == "group" {
            return tracing::debug!("asked {from} for another group: {}", fault.text);
        }
        let line = format!("refused {from}: {}", fault.text);
        let now = self.clock.now();
        warn(&mut self.book.limits.refused, now, &line);
        self.announce(Topic::Refused, line);
    }

    /// A negotiation that a stranger began has failed before anybody knew who it is.
    pub(super) fn stranger_failed(&mut self, from: SocketAddr, fault: &Fault) {
        self.metrics.failed("responder", fault);
        let line = format!("no IKE SA with {from}: {}", fault.text);
        let now = self.clock.now();
        warn(&mut self.book.limits.failed, now, &line);
        self.announce(Topic::Failed, line);
    }
}
