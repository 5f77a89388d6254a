//! What extensions have learned of an SA: for `status`, and a line in the log whenever one has news.

use core::net::IpAddr;
use std::collections::BTreeMap;

use ikee::coexistence::{Coexistence, Outcome};
use ikee::correlation::{self, Correlation};
use ikee::discovery::Discovery;
use ikee::doi::encapsulation::NatRevision;
use ikee::dos::Dos;
use ikee::dpd::Dpd;
use ikee::ext::{ChildId, Extensions, SaId};
use ikee::failover::Failover;
use ikee::fragmentation::Fragmentation;
use ikee::fragmentation_v2::FragmentationV2;
use ikee::nat_t::NatT;
use ikee::pcscf::Pcscf;
use ikee::realm::SecurityRealm;
use ikee::reliable_delete::ReliableDelete;
use ikee::server_address::{Addresses, ServerAddress};
use ikee::status::{Report, Status};
use ikee::wire::vendor_id;
use ikee::xbox::Xbox;

use super::Daemon;
use super::cores::Cores;
use super::events::list;
use crate::control::Topic;

/// What is known of one SA, by extension.
pub(super) type Learned = BTreeMap<&'static str, String>;

/// How one extension tells of an SA with these children.
type Tell = fn(&Extensions, SaId, &[ChildId]) -> Option<String>;

/// What follows from the first messages alone, and is no news.
const QUIET: [(&str, Tell); 6] = [
    ("nat-t", nat_t),
    ("fragmentation", |set, sa, _| {
        let on = set.get::<Fragmentation>()?.is_active(sa);
        on.then(|| "messages go in fragments".to_owned())
    }),
    ("fragmentation-v2", |set, sa, _| {
        let on = set.get::<FragmentationV2>()?.is_negotiated(sa);
        on.then(|| "both sides have it".to_owned())
    }),
    ("reliable-delete", |set, sa, _| {
        let waiting = set.get::<ReliableDelete>()?.unacknowledged(sa);
        (waiting > 0).then(|| format!("{waiting} deletes wait for their acknowledgement"))
    }),
    ("status", |set, sa, _| {
        let number = set.get::<Status>()?.peer_release(sa)?;
        let release = vendor_id::windows_release(number);
        Some(release.map_or_else(
            || format!("the peer has Microsoft's vendor ID, number {number}"),
            |name| format!("the peer is {name}"),
        ))
    }),
    ("discovery", discovery),
];

/// What the application is nudged about.
const NEWS: [(&str, Tell); 7] = [
    ("coexistence", coexistence),
    ("failover", |set, sa, _| {
        let failover = set.get::<Failover>()?;
        match (failover.is_cluster(sa), failover.may_move(sa)) {
            (true, _) => Some("the peer is a node of a cluster".to_owned()),
            (_, true) => Some("the peer is new: a balancer may move it".to_owned()),
            _ => None,
        }
    }),
    ("dpd", |set, sa, _| {
        let searching = set.get::<Dpd>()?.status(sa)?.searching;
        searching.then(|| "finding out whether the peer lives".to_owned())
    }),
    ("server-address", |set, sa, _| {
        let told = set.get::<ServerAddress>()?.addresses(sa)?;
        Some(format!(
            "the server is {} inside the tunnel",
            list(&servers(told))
        ))
    }),
    ("realm", |set, sa, _| {
        let id = set.get::<SecurityRealm>()?.asked(sa)?;
        let digits: String = id.as_bytes().iter().map(|it| format!("{it:02x}")).collect();
        Some(format!("the peer is a member of {digits}"))
    }),
    ("xbox", |set, sa, _| {
        let number = set.get::<Xbox>()?.negotiation_type(sa)?;
        Some(format!("a negotiation of type {number}"))
    }),
    ("pcscf", |set, sa, _| {
        let told = set.get::<Pcscf>()?.addresses(sa);
        (!told.is_empty()).then(|| format!("the P-CSCFs are {}", list(told)))
    }),
];

fn servers(told: Addresses) -> Vec<IpAddr> {
    let v4 = told.v4.map(IpAddr::V4);
    v4.into_iter().chain(told.v6.map(IpAddr::V6)).collect()
}

fn nat_t(set: &Extensions, sa: SaId, _: &[ChildId]) -> Option<String> {
    let nat_t = set.get::<NatT>()?;
    let revision = match nat_t.revision(sa)? {
        NatRevision::Draft => "draft-ietf-ipsec-nat-t-ike-02",
        NatRevision::Rfc3947 => "RFC 3947",
    };
    let found = nat_t.nat(sa).map_or("", |nat| match (nat.here, nat.there) {
        (false, false) => ", no NAT",
        (true, false) => ", NAT before us",
        (false, true) => ", NAT before the peer",
        (true, true) => ", NAT before both",
    });
    Some(format!("{revision}{found}"))
}

fn discovery(set: &Extensions, _: SaId, children: &[ChildId]) -> Option<String> {
    let discovery = set.get::<Discovery>()?;
    let flags = || children.iter().map(|child| discovery.child(*child));
    let boundary = flags().filter(|it| it.boundary).count();
    let guaranteed = flags().filter(|it| it.guaranteed).count();
    (boundary + guaranteed > 0).then(|| {
        format!("children to a peer that takes packets in clear: {boundary}; with guaranteed encryption: {guaranteed}")
    })
}

fn coexistence(set: &Extensions, sa: SaId, _: &[ChildId]) -> Option<String> {
    let coexistence = set.get::<Coexistence>()?;
    match coexistence.outcome(sa) {
        Outcome::Undecided => Some("neither IKEv1 nor AuthIP was answered yet".to_owned()),
        Outcome::AuthIp => Some("AuthIP was answered first, and serves this peer".to_owned()),
        Outcome::Ike if coexistence.peer_has_authip(sa) => {
            Some("the peer has AuthIP, too; IKEv1 serves it".to_owned())
        }
        Outcome::Ike => None,
    }
}

impl Cores {
    /// What extensions know of an SA, and whether only what is news.
    pub(super) fn learned(&self, sa: SaId, news: bool) -> Learned {
        let mut status = self.sas().filter(|it| it.sa() == sa);
        let children = status.next().map(|it| it.children()).unwrap_or_default();
        let children: Vec<ChildId> = children.iter().map(|it| it.child).collect();
        let quiet: &[(&'static str, Tell)] = if news { &[] } else { &QUIET };
        let mut all = Learned::new();
        for set in self.extensions() {
            for (name, tell) in quiet.iter().chain(&NEWS) {
                if let Some(text) = tell(set, sa, &children) {
                    all.insert(*name, text);
                }
            }
            let partner = set.get::<Correlation>().and_then(|it| it.partner(sa));
            if let Some(partner) = partner.filter(|_| !news) {
                let other = self.sas().find(|it| it.sa() == partner);
                let text = other.map_or_else(
                    || "has the peer of an SA that is gone".to_owned(),
                    |it| format!("has the peer of SPIs {} {}", it.spis().0, it.spis().1),
                );
                all.insert("correlation", text);
            }
        }
        all
    }

    /// The peer's addresses inside the tunnel.
    pub(super) fn servers(&self, sa: SaId) -> Vec<IpAddr> {
        let mut told = self
            .extensions()
            .filter_map(|set| set.get::<ServerAddress>()?.addresses(sa));
        told.next().map_or_else(Vec::new, servers)
    }

    /// The P-CSCFs that the peer named.
    pub(super) fn proxies(&self, sa: SaId) -> Vec<IpAddr> {
        let told = self.v2.extensions().get::<Pcscf>();
        told.map_or_else(Vec::new, |it| it.addresses(sa).to_vec())
    }

    /// How correlations have ended since this was last asked.
    fn correlations(&mut self) -> Vec<correlation::Report> {
        let extension = self.v2.extensions_mut().get_mut::<Correlation>();
        extension.map_or_else(Vec::new, Correlation::take_reports)
    }

    /// Whether peers of IKEv1 have to return a cookie at present.
    pub(super) fn protects(&self) -> bool {
        self.extensions()
            .filter_map(|set| set.get::<Dos>())
            .any(Dos::is_protecting)
    }
}

impl Daemon {
    /// How correlations have ended; asked before a failure is judged too, as some of them are no failure.
    pub(super) fn hear_correlations(&mut self) {
        for report in self.cores.correlations() {
            let text = format!("correlation: {}", report.outcome);
            let about = report.original.unwrap_or(report.current);
            match report.outcome {
                correlation::Outcome::Correlated => self.correlated(report.current),
                _ => self.failed_text(report.current, text.clone()),
            }
            if report.outcome != correlation::Outcome::Failed {
                self.book.proofs.insert(report.current);
            }
            self.span(about).in_scope(|| tracing::info!("{text}"));
            self.announce_sa(about, Topic::Extension, None, text);
        }
    }

    /// An extension has news of an SA.
    pub(super) fn nudge(&mut self, sa: SaId) {
        for report in self.cores.reports() {
            let text = told(&report);
            self.span(report.sa).in_scope(|| tracing::warn!("{text}"));
            self.remember_reason(report.sa, &text);
            self.announce_sa(report.sa, Topic::Status, None, text);
        }
        self.hear_correlations();
        let learned = self.cores.learned(sa, true);
        if learned.is_empty() && !self.book.sas.contains_key(&sa) {
            return;
        }
        let note = self.note(sa, None);
        let before = core::mem::replace(&mut note.learned, learned.clone());
        let span = note.span.clone();
        for (name, text) in learned {
            if before.get(name) != Some(&text) {
                let text = format!("{name}: {text}");
                span.in_scope(|| tracing::info!("{text}"));
                self.announce_sa(sa, Topic::Extension, None, text);
            }
        }
    }
}

/// A peer's status code in words.
fn told(report: &Report) -> String {
    let who = if report.protected {
        "the peer"
    } else {
        "somebody, perhaps the peer,"
    };
    let Some(code) = report.code else {
        return format!("{who} gives a reason that cannot be read");
    };
    let name = code.name().unwrap_or("unknown");
    let mut text = format!("{who} gives the reason {} ({name})", code.get());
    let more = code.meaning().into_iter();
    let advice = code.advice();
    for part in more.chain(advice.into_iter().flat_map(|it| [it.cause, it.remedy])) {
        text.push_str("; ");
        text.push_str(part);
    }
    text
}
