//! News from the endpoint: notes for `status`, and log lines by consequence.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use ikee::doi::TrafficSelector;
use ikee::ext::{Instant, PolicyId, Role, SaId};
use ikee::ikev2::{
    Assigned, ChildSa, CloseReason, Dropped, Established, Event, Failure, Incompatibility, Message,
};
use ikee::server_address::ServerAddress;
use ikee::wire::v2::NotifyType;
use tracing::Span;

use super::Daemon;

/// What is remembered of an IKE SA.
#[derive(Debug)]
pub(super) struct SaNote {
    pub(super) span: Span,
    pub(super) since: Option<Instant>,
    /// What an unauthenticated answer said last.
    pub(super) hint: Option<NotifyType>,
    pub(super) assigned: Vec<IpAddr>,
    pub(super) dns: Vec<IpAddr>,
    pub(super) servers: Vec<IpAddr>,
}

/// What is remembered of a child SA.
#[derive(Debug)]
pub(super) struct ChildNote {
    pub(super) name: String,
    pub(super) sa: SaId,
    pub(super) suite: String,
    pub(super) spis: (u32, u32),
    pub(super) local: Vec<TrafficSelector>,
    pub(super) remote: Vec<TrafficSelector>,
}

impl ChildNote {
    pub(super) fn of(child: &ChildSa) -> Self {
        Self {
            name: child.name.clone(),
            sa: child.sa,
            suite: child.suite.to_string(),
            spis: (child.inbound.spi, child.outbound.spi),
            local: child.local_selectors.clone(),
            remote: child.remote_selectors.clone(),
        }
    }
}

impl fmt::Display for ChildNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |selectors: &[TrafficSelector]| {
            selectors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        write!(
            f,
            "{}: {} === {}, {}, SPIs {:08x} in, {:08x} out",
            self.name,
            list(&self.local),
            list(&self.remote),
            self.suite,
            self.spis.0,
            self.spis.1
        )
    }
}

impl Daemon {
    /// The span of an SA; everything that concerns it is logged inside.
    pub(super) fn span(&self, sa: SaId) -> Span {
        self.book.sas.get(&sa).map_or_else(
            || tracing::info_span!("sa", id = sa.get()),
            |note| note.span.clone(),
        )
    }

    /// The note on an SA, made at its first mention.
    pub(super) fn note(&mut self, sa: SaId, policy: Option<PolicyId>) -> &mut SaNote {
        let name = policy
            .and_then(|policy| self.connection_name(policy))
            .unwrap_or("?")
            .to_owned();
        self.book.sas.entry(sa).or_insert_with(|| SaNote {
            span: tracing::info_span!("sa", id = sa.get(), connection = name),
            since: None,
            hint: None,
            assigned: Vec::new(),
            dns: Vec::new(),
            servers: Vec::new(),
        })
    }

    pub(super) fn connection_name(&self, policy: PolicyId) -> Option<&str> {
        let connections = &self.endpoint.config().connections;
        connections
            .iter()
            .find(|connection| connection.policy == policy)
            .map(|connection| connection.name.as_str())
    }

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
                let span = self.note(sa, policy).span.clone();
                let why = format!("no IKE SA with {remote}: {failure}");
                span.in_scope(|| tracing::warn!("{why}"));
                self.failed_text(sa, why);
                self.remember_failed(policy, &failure, &attempt);
                self.forget(sa).await;
            }
            Event::ChildFailed {
                sa,
                policy,
                failure,
            } => {
                let span = self.note(sa, Some(policy)).span.clone();
                let why = format!("no child SA: {failure}");
                span.in_scope(|| tracing::warn!("{why}"));
                self.failed_text(sa, why);
                self.remember_child(sa, policy, &failure);
            }
            Event::Closed { sa, policy, reason } => {
                self.closed(sa, policy, &reason);
                self.remember_closed(policy, &reason);
                self.forget(sa).await;
            }
            Event::PeerCertificates(shown) => self.vet(&shown),
            Event::Hint { sa, notify } => self.hint(sa, notify),
            Event::Dropped { from, reason } => self.dropped(from, &reason),
            Event::Refused {
                from,
                failure,
                vendor_ids,
            } => {
                refused(from, &failure);
                self.remember_refused(from, &failure, &vendor_ids);
            }
            Event::Configured { sa, assigned } => self.configured(sa, &assigned).await,
            Event::Moved { sa, remote } => {
                self.span(sa)
                    .in_scope(|| tracing::info!("the peer is at {remote} now"));
            }
            Event::Nudge(sa) => self.nudge(sa),
            Event::KeyLog(keys) => self.log_keys(&keys),
            Event::Message(message) => self.message(&message),
            // what a later core may tell, nobody asked for yet
            _ => {}
        }
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
        let span = note.span.clone();
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
        span.in_scope(|| {
            tracing::info!(
                "IKE SA established as {role} with '{}', {} === {}, {}, SPIs {} {}{nat}",
                sa.remote_id,
                sa.local,
                sa.remote,
                sa.suite,
                sa.spis.0,
                sa.spis.1,
            );
        });
    }

    fn closed(&mut self, sa: SaId, policy: PolicyId, reason: &CloseReason) {
        let span = self.note(sa, Some(policy)).span.clone();
        span.in_scope(|| match reason {
            CloseReason::Local | CloseReason::Peer => tracing::info!("IKE SA closed: {reason}"),
            _ => tracing::warn!("IKE SA closed: {reason}"),
        });
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
        span.in_scope(|| {
            tracing::info!(
                "assigned: {}; DNS servers: {}",
                list(&addresses),
                list(&assigned.dns)
            );
        });
        let Some((tun, routes)) = &self.plane.tun else {
            return;
        };
        for &address in &addresses {
            if let Err(error) = routes.add_address(address).await {
                span.in_scope(|| {
                    tracing::error!("cannot give {address} to {}: {error}", tun.name());
                });
            }
        }
    }

    /// Takes back what the host has because of an SA.
    async fn forget(&mut self, sa: SaId) {
        let Some(note) = self.book.sas.remove(&sa) else {
            return;
        };
        let Some((_, routes)) = &self.plane.tun else {
            return;
        };
        for address in note.assigned {
            if !self
                .book
                .sas
                .values()
                .any(|other| other.assigned.contains(&address))
            {
                routes.remove_address(address).await;
            }
        }
    }

    fn dropped(&mut self, from: SocketAddr, reason: &Dropped) {
        self.book.dropped += 1;
        match reason {
            Dropped::HalfOpenLimit => tracing::warn!("dropped a datagram from {from}: {reason}"),
            _ => tracing::debug!("dropped a datagram from {from}: {reason}"),
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

fn refused(from: SocketAddr, failure: &Failure) {
    // the peer will guess better now (RFC 7296 §2.7)
    let guessed = matches!(failure, Failure::Incompatible(what) if matches!(**what, Incompatibility::Group { .. }));
    if guessed {
        tracing::debug!("asked {from} for another group: {failure}");
    } else {
        tracing::warn!("refused {from}: {failure}");
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
