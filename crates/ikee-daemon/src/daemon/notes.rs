//! What is remembered of SAs, for spans, events and `status`.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use ikee::doi::TrafficSelector;
use ikee::ext::{Instant, PolicyId, SaId};
use tracing::Span;

use super::Daemon;
use super::learned::Learned;
use crate::child::ChildSa;
use crate::config::Outline;

/// What is remembered of an IKE SA.
#[derive(Debug)]
pub(super) struct SaNote {
    pub(super) span: Span,
    id: u64,
    /// Our part in its negotiation.
    pub(super) role: &'static str,
    /// Its connection's name, once it is known.
    pub(super) connection: Option<String>,
    /// SPIs, initiator's first.
    pub(super) spis: Option<(String, String)>,
    /// Where the peer is.
    pub(super) remote: Option<SocketAddr>,
    pub(super) since: Option<Instant>,
    /// What an unauthenticated answer said last.
    pub(super) hint: Option<String>,
    pub(super) assigned: Vec<IpAddr>,
    pub(super) dns: Vec<IpAddr>,
    /// What extensions have told.
    pub(super) learned: Learned,
}

/// What is remembered of a child SA.
#[derive(Debug)]
pub(super) struct ChildNote {
    pub(super) name: String,
    pub(super) sa: SaId,
    /// The connection's name.
    pub(super) connection: String,
    pub(super) since: Instant,
    pub(super) suite: String,
    pub(super) spis: (u32, u32),
    pub(super) local: Vec<TrafficSelector>,
    pub(super) remote: Vec<TrafficSelector>,
    /// Whether it has a successor, and only receives what is still under way.
    pub(super) replaced: bool,
}

impl ChildNote {
    pub(super) fn of(child: &ChildSa, connection: &str, since: Instant) -> Self {
        Self {
            name: child.name.clone(),
            sa: child.sa,
            connection: connection.to_owned(),
            since,
            suite: child.suite.to_string(),
            spis: (child.inbound.spi, child.outbound.spi),
            local: child.selectors.0.clone(),
            remote: child.selectors.1.clone(),
            replaced: false,
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

impl SaNote {
    fn new(sa: SaId) -> Self {
        let mut note = Self {
            span: Span::none(),
            id: sa.get(),
            role: "responder",
            connection: None,
            spis: None,
            remote: None,
            since: None,
            hint: None,
            assigned: Vec::new(),
            dns: Vec::new(),
            learned: Learned::new(),
        };
        note.renew_span();
        note
    }

    /// The span says what is known by now; at every level, so that what is logged inside has it.
    fn renew_span(&mut self) {
        let spis = self
            .spis
            .as_ref()
            .map(|(initiator, responder)| format!("{initiator}_{responder}"));
        self.span = tracing::error_span!(
            "sa",
            id = self.id,
            connection = self.connection.as_deref(),
            peer = self.remote.map(display),
            spis = spis.as_deref(),
        );
    }

    pub(super) fn is_of(&mut self, connection: &str) {
        if self.connection.as_deref() != Some(connection) {
            self.connection = Some(connection.to_owned());
            self.renew_span();
        }
    }

    pub(super) fn is_at(&mut self, remote: SocketAddr) {
        if self.remote != Some(remote) {
            self.remote = Some(remote);
            self.renew_span();
        }
    }

    /// It goes on under another handle and SPIs.
    pub(super) fn continues_as(&mut self, sa: SaId, spis: (String, String)) {
        self.id = sa.get();
        self.has_spis(spis);
    }

    pub(super) fn has_spis(&mut self, spis: (String, String)) {
        if self.spis.as_ref() != Some(&spis) {
            self.spis = Some(spis);
            self.renew_span();
        }
    }
}

impl Daemon {
    /// The span of an SA; everything that concerns it is logged inside.
    pub(super) fn span(&self, sa: SaId) -> Span {
        self.book
            .sas
            .get(&sa)
            .map_or_else(|| SaNote::new(sa).span, |note| note.span.clone())
    }

    /// The note on an SA, made at its first mention.
    pub(super) fn note(&mut self, sa: SaId, policy: Option<PolicyId>) -> &mut SaNote {
        let name = policy
            .and_then(|policy| self.connection_name(policy))
            .map(str::to_owned);
        let note = self.book.sas.entry(sa).or_insert_with(|| SaNote::new(sa));
        if let Some(name) = name {
            note.is_of(&name);
        }
        note
    }

    pub(super) fn connection_name(&self, policy: PolicyId) -> Option<&str> {
        self.outline(policy).map(|it| it.name.as_str())
    }

    pub(super) fn outline(&self, policy: PolicyId) -> Option<&Outline> {
        let mut connections = self.configuration.connections.iter();
        connections.find(|it| it.policy == policy)
    }
}
