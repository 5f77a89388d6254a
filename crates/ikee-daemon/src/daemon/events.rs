//! News from the endpoint: notes for `status`, and log lines by consequence.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use ikee::ext::{PolicyId, Role, SaId};
use ikee::ikev2::{Assigned, CloseReason, Established, Event, Failure, Message};
use ikee::server_address::ServerAddress;
use ikee::wire::v2::NotifyType;

use super::Daemon;
use crate::control::Topic;

impl Daemon {
    pub(super) async fn event(&mut self, event: Event) {
        match event {
            Event::Established(established) => self.established(&established),
            Event::Failed {
                sa,
                policy,
                remote,
                failure,
                attempt,
            } => {
                self.failed(sa, policy, remote, &failure);
                self.remember_failed(policy, &failure, &attempt);
                self.forget(sa).await;
            }
            Event::ChildFailed {
                sa,
                policy,
                failure,
            } => {
                self.child_failed(sa, policy, &failure);
                self.remember_child(sa, policy, &failure);
            }
            Event::Closed { sa, policy, reason } => {
                self.closed(sa, policy, &reason);
                self.remember_closed(policy, &reason);
                self.forget(sa).await;
            }
            Event::PeerCertificates(shown) => self.vet(&shown),
            Event::Hint { sa, notify } => self.hint(sa, notify),
            Event::Retransmitted { sa, exchange } => {
                self.metrics.retransmissions.inc();
                self.span(sa)
                    .in_scope(|| tracing::debug!("no answer yet: {exchange} sent again"));
            }
            Event::Dropped { from, reason } => self.dropped(from, &reason),
            Event::Refused {
                from,
                failure,
                vendor_ids,
            } => {
                self.refused(from, &failure);
                self.remember_refused(from, &failure, &vendor_ids);
            }
            Event::Configured { sa, assigned } => self.configured(sa, &assigned).await,
            Event::Moved { sa, remote } => {
                let note = self.note(sa, None);
                note.is_at(remote);
                let text = format!("the peer is at {remote} now");
                note.span.in_scope(|| tracing::info!("{text}"));
                self.announce_sa(sa, Topic::Moved, None, text);
            }
            Event::Nudge(sa) => self.nudge(sa),
            Event::KeyLog(keys) => self.log_keys(&keys),
            Event::Message(message) => self.message(&message),
            other => self.renewed(other),
        }
    }

    fn failed(
        &mut self,
        sa: SaId,
        policy: Option<PolicyId>,
        remote: SocketAddr,
        failure: &Failure,
    ) {
        if policy.is_none() && !self.book.sas.contains_key(&sa) {
            return self.stranger_failed(remote, failure);
        }
        let note = self.note(sa, policy);
        note.is_at(remote);
        let role = note.role;
        let why = format!("no IKE SA with {remote}: {failure}");
        note.span.in_scope(|| tracing::warn!("{why}"));
        self.metrics.failed(role, failure);
        self.announce_sa(sa, Topic::Failed, None, why.clone());
        self.failed_text(sa, why);
    }

    fn child_failed(&mut self, sa: SaId, policy: PolicyId, failure: &Failure) {
        let why = format!("no child SA: {failure}");
        let span = self.note(sa, Some(policy)).span.clone();
        span.in_scope(|| tracing::warn!("{why}"));
        self.announce_sa(sa, Topic::ChildFailed, None, why.clone());
        self.failed_text(sa, why);
    }

    /// Said once aloud; each retransmission brings it again.
    fn hint(&mut self, sa: SaId, notify: NotifyType) {
        let note = self.note(sa, None);
        let repeated = note.hint.replace(notify) == Some(notify);
        note.span.in_scope(|| match repeated {
            false => tracing::warn!("an unauthenticated answer says {notify}; still trying"),
            true => tracing::debug!("an unauthenticated answer says {notify} again"),
        });
    }

    fn established(&mut self, sa: &Established) {
        let note = self.note(sa.sa, Some(sa.policy));
        note.since = Some(sa.at);
        note.is_at(sa.remote);
        note.has_spis((sa.spis.0.to_string(), sa.spis.1.to_string()));
        let role = match sa.role {
            Role::Initiator => "initiator",
            Role::Responder => "responder",
        };
        let nat = match sa.nat {
            (false, false) => "",
            (true, false) => ", NAT before us",
            (false, true) => ", NAT before the peer",
            (true, true) => ", NAT before both",
        };
        let text = format!(
            "IKE SA established as {role} with '{}', {} === {}, {}, SPIs {} {}{nat}",
            sa.remote_id, sa.local, sa.remote, sa.suite, sa.spis.0, sa.spis.1,
        );
        note.span.in_scope(|| tracing::info!("{text}"));
        self.metrics.established(sa);
        self.announce_sa(sa.sa, Topic::Established, None, text);
        if sa.role == Role::Initiator {
            // the first came with IKE_AUTH, or was refused there
            self.open_children(sa.sa, 1);
        }
    }

    fn closed(&mut self, sa: SaId, policy: PolicyId, reason: &CloseReason) {
        let span = self.note(sa, Some(policy)).span.clone();
        let text = format!("IKE SA closed: {reason}");
        span.in_scope(|| match reason {
            CloseReason::Local
            | CloseReason::Peer
            | CloseReason::Reauthenticated
            | CloseReason::Superseded => tracing::info!("{text}"),
            _ => tracing::warn!("{text}"),
        });
        if matches!(reason, CloseReason::Failure(Failure::Bug(_))) {
            self.metrics.bugs.inc();
        }
        self.announce_sa(sa, Topic::Closed, None, text);
        if matches!(reason, CloseReason::Reauthenticated) {
            self.metrics.rekeyed("reauthenticated");
            self.reauthenticated(sa);
        }
        self.failed_text(sa, reason.to_string());
    }

    async fn configured(&mut self, sa: SaId, assigned: &Assigned) {
        let addresses: Vec<IpAddr> = assigned
            .addresses
            .iter()
            .map(|(address, _)| *address)
            .collect();
        let note = self.note(sa, None);
        note.assigned.clone_from(&addresses);
        note.dns.clone_from(&assigned.dns);
        let span = note.span.clone();
        let shown = match self.book.dns.tool() {
            None if !assigned.dns.is_empty() => " (shown only)",
            _ => "",
        };
        let text = format!(
            "assigned: {}; DNS servers: {}{shown}",
            list(&addresses),
            list(&assigned.dns)
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

    fn nudge(&mut self, sa: SaId) {
        let learned = self
            .endpoint
            .extensions()
            .get::<ServerAddress>()
            .and_then(|it| it.addresses(sa));
        let Some(addresses) = learned else { return };
        let servers: Vec<IpAddr> = addresses
            .v4
            .map(IpAddr::V4)
            .into_iter()
            .chain(addresses.v6.map(IpAddr::V6))
            .collect();
        let note = self.note(sa, None);
        if note.servers == servers {
            return;
        }
        let span = note.span.clone();
        span.in_scope(|| {
            tracing::info!(
                "the server's addresses inside the tunnel: {}",
                list(&servers)
            );
        });
        note.servers = servers;
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
