//! What is found out about one version of the protocol.

use ikee::profile::{Seen, recognise};
use ipsec_doi::{GroupId, IkeProposal};
use isakmp_wire::vendor_id;
use serde::Serialize;
use serde_json::Value;

use super::line::Stop;
use crate::inspect::keys::unhex;
use crate::inspect::names;
use crate::inspect::report::Fields;

/// The peer's answers, put together.
#[derive(Debug, Default, Serialize)]
pub(super) struct Findings {
    pub(super) answers: bool,
    /// Whether every question was answered.
    pub(super) complete: bool,
    /// What there is to say about that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) round_trip_ms: Option<u64>,
    /// The suite that it chose first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chosen: Option<String>,
    /// What it takes, each beside something else that it takes.
    pub(super) accepts: Accepts,
    /// Those of them that should not be in use any more.
    pub(super) weak: Vec<String>,
    pub(super) hints: Hints,
    pub(super) vendor_ids: Vec<Vendor>,
    /// The release of Windows that it is taken for, and by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) windows: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) windows_reasons: Vec<String>,
}

/// Algorithms, as users type them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Accepts {
    pub(super) encryption: Vec<String>,
    pub(super) integrity: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) prf: Vec<String>,
    pub(super) groups: Vec<String>,
    /// Of IKEv1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) authentication: Vec<String>,
}

/// What answers hold beside the suite.
#[derive(Debug, Default, Serialize)]
pub(super) struct Hints {
    /// It asked for a cookie before it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cookies: Option<bool>,
    /// It can do fragments: RFC 7383, or those of IKEv1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fragmentation: Option<bool>,
    /// Whether there is a NAT before us, and before the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nat: Option<(bool, bool)>,
    /// SIGNATURE_HASH_ALGORITHMS: it may authenticate with signatures (RFC 7427).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) signature_hashes: Vec<String>,
    /// It asks for certificates: encoding, and how many authorities it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) certificate_requests: Vec<String>,
    /// Other status notifications.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notifies: Vec<String>,
}

/// A vendor ID.
#[derive(Debug, Eq, PartialEq, Serialize)]
pub(super) struct Vendor {
    pub(super) octets: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// What stands behind the part by which it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

impl Findings {
    /// Adds a vendor ID once.
    pub(super) fn vendor(&mut self, octets: &[u8]) {
        let vendor = Vendor::of(octets);
        if self.vendor_ids.contains(&vendor) {
            return;
        }
        let known = vendor_id::lookup(octets);
        if known.is_some_and(|(known, _)| known.prefix == vendor_id::FRAGMENTATION) {
            self.hints.fragmentation = Some(true);
        }
        self.vendor_ids.push(vendor);
    }

    /// Says which release of Windows the peer is, if it is one, by all that it has answered.
    pub(super) fn recognise(&mut self, ikev2: bool) {
        let octets = self.vendor_ids.iter().filter_map(|it| unhex(&it.octets));
        let octets: Vec<Vec<u8>> = octets.collect();
        let octets: Vec<&[u8]> = octets.iter().map(Vec::as_slice).collect();
        let seen = if ikev2 {
            // a server has fragments switched off by default: that it announces none says nothing
            Seen::ikev2(&octets, self.hints.fragmentation.filter(|it| *it))
        } else {
            Seen::ikev1(&octets)
        };
        if let Some(known) = recognise(&seen) {
            self.windows = Some(known.to_string());
            self.windows_reasons = known.reasons.iter().map(ToString::to_string).collect();
        }
    }

    /// Adds a word to a list once, and to the weak ones if it is weak.
    pub(super) fn accept(&mut self, list: fn(&mut Accepts) -> &mut Vec<String>, word: &Word) {
        let list = list(&mut self.accepts);
        if !list.contains(&word.text) {
            list.push(word.text.clone());
            if word.weak {
                self.weak.push(word.text.clone());
            }
        }
    }

    /// The end of the questions.
    pub(super) fn stopped(&mut self, stop: &Stop) {
        self.complete = false;
        self.notes.push(match stop {
            Stop::Limit(which) => format!("not everything was asked: {which}"),
            Stop::Silent if self.answers => {
                "it stopped answering: it limits half-open SAs or messages, perhaps; ask again in a minute".to_owned()
            }
            Stop::Silent => {
                "nothing came back: the address is wrong, nothing listens, or UDP is blocked on the way; --port 4500 asks \
                 IKE's other port"
                    .to_owned()
            }
            Stop::Unreachable(error) => format!("not reachable: {error}"),
            Stop::Internal(what) => (*what).to_owned(),
        });
    }
}

/// An algorithm's word and whether it is weak.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) weak: bool,
}

impl Word {
    /// The word of the one algorithm that a proposal holds.
    pub(super) fn of(proposal: &IkeProposal) -> Self {
        let provider = ike_rustcrypto::provider();
        let weak = proposal
            .encryption
            .iter()
            .any(|&it| provider.is_legacy_cipher(it))
            || proposal
                .integrity
                .iter()
                .any(|&it| provider.is_legacy_integrity(it))
            || proposal.prf.iter().any(|&it| provider.is_legacy_prf(it))
            || proposal.groups.iter().any(|&it| is_weak_group(it));
        Self {
            text: proposal.to_string(),
            weak,
        }
    }
}

fn is_weak_group(group: GroupId) -> bool {
    group.is_weak() || ike_rustcrypto::provider().is_legacy_group(group)
}

impl Vendor {
    fn of(octets: &[u8]) -> Self {
        let mut fields = Fields::new();
        names::vendor_id(octets, &mut fields);
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
            None => None,
        };
        Self {
            octets: text("vid").unwrap_or_default(),
            name: text("vid_meaning").or_else(|| text("vid_name")),
            value: text("vid_value_name").or_else(|| text("vid_value")),
        }
    }
}
