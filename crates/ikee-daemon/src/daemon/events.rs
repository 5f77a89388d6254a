//! News from the endpoint: notes for `status`, and log lines by consequence.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use ikee::ext::{Instant, PolicyId, Role, SaId};
use ikee::ikev2::{CloseReason, Established, Event, Failure, Message};
use ikee::wire::{ExchangeType, Spi};

use super::Daemon;
use crate::control::Topic;
use crate::fault::{Discard, Fault};
use crate::keylog::Keys;

/// An IKE SA that stands, whichever version it is of.
#[derive(Debug)]
pub(super) struct Stood {
    pub(super) sa: SaId,
    pub(super) policy: PolicyId,
    pub(super) role: Role,
    /// Who the peer proved to be, in quotes.
    pub(super) peer: String,
    /// Our address and port, and the peer's.
    pub(super) ends: (SocketAddr, SocketAddr),
    pub(super) suite: String,
    pub(super) spis: (Spi, Spi),
    /// What else there is to say.
    pub(super) more: String,
    /// When its negotiation began, and when it ended.
    pub(super) span: (Instant, Instant),
}

impl Daemon {
    pub(super) async fn event(&mut self, event: Event) {
        match event {
            Event::Established(established) => self.established_v2(&established),
            Event::Failed {
                sa,
                policy,
                remote,
                failure,
                attempt,
            } => {
                self.hear_correlations();
                if self.book.proofs.remove(&sa) {
                    return self.forget(sa).await;
                }
                self.failed(sa, policy, remote, &Fault::from(&failure));
                self.remember_failed(policy, &failure, &attempt);
                self.forget(sa).await;
            }
            Event::ChildFailed {
                sa,
                policy,
                failure,
            } => {
                self.child_failed(sa, policy, &failure.to_string());
                self.remember_child(sa, policy, &failure);
            }
            Event::Closed { sa, policy, reason } => {
                if self.book.proofs.remove(&sa) {
                    return self.forget(sa).await;
                }
                self.closed_v2(sa, policy, &reason);
                self.remember_closed(policy, &reason);
                self.forget(sa).await;
            }
            Event::PeerCertificates(shown) => self.vet(&shown),
            Event::Hint { sa, notify } => self.hint(sa, notify.to_string()),
            Event::Retransmitted { sa, exchange } => self.retransmitted(sa, exchange),
            Event::Dropped { from, reason } => self.dropped(from, &Discard::from(&reason)),
            Event::Refused {
                from,
                failure,
                vendor_ids,
            } => {
                self.refused(from, &Fault::from(&failure));
                self.remember_refused(from, &failure, &vendor_ids);
            }
            Event::Configured { sa, assigned } => {
                self.configured(sa, &assigned.addresses, &assigned.dns)
                    .await;
            }
            Event::Moved { sa, remote } => self.moved(sa, remote),
            Event::Nudge(sa) => self.nudge(sa),
            Event::KeyLog(keys) => self.log_keys(Keys::V2(&keys)),
            Event::Message(message) => self.message(&message),
            other => self.renewed(other),
        }
    }

    pub(super) fn retransmitted(&self, sa: SaId, exchange: ExchangeType) {
        self.metrics.retransmissions.inc();
        self.span(sa)
            .in_scope(|| tracing::debug!("no answer yet: {exchange} sent again"));
    }

    pub(super) fn moved(&mut self, sa: SaId, remote: SocketAddr) {
        let note = self.note(sa, None);
        note.is_at(remote);
        let text = format!("the peer is at {remote} now");
        note.span.in_scope(|| tracing::info!("{text}"));
        self.announce_sa(sa, Topic::Moved, None, text);
    }

    pub(super) fn failed(
        &mut self,
        sa: SaId,
        policy: Option<PolicyId>,
        remote: SocketAddr,
        fault: &Fault,
    ) {
        if policy.is_none() && !self.book.sas.contains_key(&sa) {
            return self.stranger_failed(remote, fault);
        }
        let note = self.note(sa, policy);
        note.is_at(remote);
        let role = note.role;
        let why = format!("no IKE SA with {remote}: {}", fault.text);
        note.span.in_scope(|| tracing::warn!("{why}"));
        self.metrics.failed(role, fault);
        self.announce_sa(sa, Topic::Failed, None, why.clone());
        self.failed_text(sa, why);
    }

    pub(super) fn child_failed(&mut self, sa: SaId, policy: PolicyId, failure: &str) {
        let why = format!("no child SA: {failure}");
        let span = self.note(sa, Some(policy)).span.clone();
        span.in_scope(|| tracing::warn!("{why}"));
        self.announce_sa(sa, Topic::ChildFailed, None, why.clone());
        self.failed_text(sa, why);
    }

    /// Said once aloud; each retransmission brings it again.
    pub(super) fn hint(&mut self, sa: SaId, notify: String) {
        let note = self.note(sa, None);
        let repeated = note.hint.as_ref() == Some(&notify);
        note.span.in_scope(|| match repeated {
            false => tracing::warn!("an unauthenticated answer says {notify}; still trying"),
            true => tracing::debug!("an unauthenticated answer says {notify} again"),
        });
        note.hint = Some(notify);
    }

    fn established_v2(&mut self, sa: &Established) {
        let nat = match sa.nat {
            (false, false) => "",
            (true, false) => ", NAT before us",
            (false, true) => ", NAT before the peer",
            (true, true) => ", NAT before both",
        };
        self.established(&Stood {
            sa: sa.sa,
            policy: sa.policy,
            role: sa.role,
            peer: format!("'{}'", sa.remote_id),
            ends: (sa.local, sa.remote),
            suite: sa.suite.to_string(),
            spis: sa.spis,
            more: nat.to_owned(),
            span: (sa.began, sa.at),
        });
        if sa.role == Role::Initiator {
            // the first came with IKE_AUTH, or was refused there
            self.open_children(sa.sa, 1);
        }
    }

    /// An IKE SA stands.
    pub(super) fn established(&mut self, sa: &Stood) {
        let note = self.note(sa.sa, Some(sa.policy));
        note.since = Some(sa.span.1);
        note.is_at(sa.ends.1);
        note.has_spis((sa.spis.0.to_string(), sa.spis.1.to_string()));
        let role = match sa.role {
            Role::Initiator => "initiator",
            Role::Responder => "responder",
        };
        let text = format!(
            "IKE SA established as {role} with {}, {} === {}, {}, SPIs {} {}{}",
            sa.peer, sa.ends.0, sa.ends.1, sa.suite, sa.spis.0, sa.spis.1, sa.more
        );
        note.span.in_scope(|| tracing::info!("{text}"));
        let took = sa.span.1.since(sa.span.0);
        self.metrics.established(sa.role, took);
        self.announce_sa(sa.sa, Topic::Established, None, text);
    }

    fn closed_v2(&mut self, sa: SaId, policy: PolicyId, reason: &CloseReason) {
        let wanted = matches!(
            reason,
            CloseReason::Local
                | CloseReason::Peer
                | CloseReason::Reauthenticated
                | CloseReason::Superseded
        );
        let bug = matches!(reason, CloseReason::Failure(Failure::Bug(_)));
        let why = reason.to_string();
        self.closed(sa, policy, &why, wanted, bug);
        if matches!(reason, CloseReason::Reauthenticated) {
            self.metrics.rekeyed("reauthenticated");
            self.reauthenticated(sa);
        }
        self.failed_text(sa, why);
    }

    /// An IKE SA that stood is gone.
    pub(super) fn closed(
        &mut self,
        sa: SaId,
        policy: PolicyId,
        reason: &str,
        wanted: bool,
        bug: bool,
    ) {
        let span = self.note(sa, Some(policy)).span.clone();
        let text = format!("IKE SA closed: {reason}");
        span.in_scope(|| match wanted {
            true => tracing::info!("{text}"),
            false => tracing::warn!("{text}"),
        });
        if bug {
            self.metrics.bugs.inc();
        }
        self.announce_sa(sa, Topic::Closed, None, text);
    }

    /// The peer gives us addresses, with prefix lengths, and DNS servers.
    pub(super) async fn configured(&mut self, sa: SaId, assigned: &[(IpAddr, u8)], dns: &[IpAddr]) {
        let addresses: Vec<IpAddr> = assigned.iter().map(|(address, _)| *address).collect();
        let note = self.note(sa, None);
        note.assigned.clone_from(&addresses);
        note.dns = dns.to_vec();
        let span = note.span.clone();
        let shown = match self.book.dns.tool() {
            None if !dns.is_empty() => " (shown only)",
            _ => "",
        };
        let text = format!(
            "assigned: {}; DNS servers: {}{shown}",
            list(&addresses),
            list(dns)
        );
        span.in_scope(|| tracing::info!("{text}"));
        self.announce_sa(sa, Topic::Configured, None, text);
        self.pass_dns_on();
        for &address in &addresses {
            if let Err(error) = self.plane.add_address(address).await {
                span.in_scope(|| tracing::error!("cannot take the address {address}: {error}"));
            }
        }
    }

    /// The system asks the servers of all SAs that stand.
    fn pass_dns_on(&mut self) {
        let notes = self.book.sas.values();
        let servers: Vec<IpAddr> = notes.flat_map(|note| note.dns.iter().copied()).collect();
        self.book.dns.set(servers);
    }

    /// Takes back what the host has because of an SA.
    pub(super) async fn forget(&mut self, sa: SaId) {
        self.take_addresses_back(sa);
        let Some(note) = self.book.sas.remove(&sa) else {
            return;
        };
        self.pass_dns_on();
        for address in note.assigned {
            if !self
                .book
                .sas
                .values()
                .any(|other| other.assigned.contains(&address))
            {
                self.plane.remove_address(address).await;
            }
        }
    }

    fn message(&self, message: &Message) {
        let payloads: Vec<String> = message.payloads.iter().map(ToString::to_string).collect();
        self.span(message.sa).in_scope(|| {
            tracing::debug!(
                "{} {} {} {} [{}], {} octets in {} datagrams",
                if message.outbound { "sent" } else { "got" },
                message.exchange,
                if message.response {
                    "response"
                } else {
                    "request"
                },
                message.message_id,
                payloads.join(", "),
                message.octets,
                message.datagrams,
            );
        });
    }
}

pub(super) fn list<T: fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
