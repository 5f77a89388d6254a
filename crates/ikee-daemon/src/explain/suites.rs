//! Suites compared transform by transform, and the proposal that would have fitted.

use ikee::doi::{Encryption, EspProposal, GroupId, HashId, IkeProposal, IntegrityId, PrfId, v1};
use ikee::rustcrypto;

use crate::control::Comparison;

/// No list in a report is longer.
const LONGEST_LIST: usize = 64;

/// One proposal as words.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    rows: Vec<Row>,
}

/// The alternatives for one transform type.
#[derive(Clone, Debug)]
struct Row {
    item: &'static str,
    words: Vec<Word>,
    /// Whether its absence on one side does no harm.
    optional: bool,
}

/// One algorithm.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Word {
    text: String,
    /// Whether our provider has it, and not among the weak ones.
    strong: bool,
}

/// The pair of proposals, one of each side, that differs least.
#[derive(Debug)]
pub(super) struct Closest<'a> {
    ours: &'a Offer,
    theirs: &'a Offer,
    /// The transform types without anything in common.
    missing: Vec<&'static str>,
}

const ENCRYPTION: &str = "encryption";
const INTEGRITY: &str = "integrity";

impl Offer {
    pub(super) fn ike(it: &IkeProposal) -> Self {
        let rows = vec![
            encryption(&it.encryption),
            integrity(&it.integrity),
            row("PRF", &it.prf, prf),
            row("group", &it.groups, group),
        ];
        Self { rows }
    }

    /// Of IKEv1's phase 1, where the hash is the PRF, too.
    pub(super) fn phase1(it: &v1::IkeProposal) -> Self {
        let rows = vec![
            encryption(&it.encryption),
            row("hash", &it.hash, hash),
            row("group", &it.groups, group),
        ];
        Self { rows }
    }

    pub(super) fn esp(it: &EspProposal) -> Self {
        let mut groups = row("PFS group", &it.groups, group);
        groups.optional = true;
        let mut esn = row("sequence numbers", &it.esn, |&esn| Word {
            text: if esn { "esn" } else { "noesn" }.to_owned(),
            strong: true,
        });
        esn.optional = true;
        let rows = vec![
            encryption(&it.encryption),
            integrity(&it.integrity),
            groups,
            esn,
        ];
        Self { rows }
    }

    fn words(&self, item: &str) -> &[Word] {
        let row = self.rows.iter().find(|row| row.item == item);
        row.map_or(&[], |row| &row.words)
    }
}

fn row<T>(item: &'static str, from: &[T], word: impl Fn(&T) -> Word) -> Row {
    Row {
        item,
        words: from.iter().map(word).collect(),
        optional: false,
    }
}

fn encryption(from: &[Encryption]) -> Row {
    row(ENCRYPTION, from, |&it| {
        let provider = rustcrypto::provider();
        Word {
            text: it.to_string(),
            strong: provider.cipher(it).is_some() && !provider.is_legacy_cipher(it),
        }
    })
}

fn integrity(from: &[IntegrityId]) -> Row {
    row(INTEGRITY, from, |&it| {
        let provider = rustcrypto::provider();
        let named = IkeProposal {
            integrity: vec![it],
            ..IkeProposal::default()
        };
        Word {
            text: named.to_string(),
            strong: provider.integrity(it).is_some() && !provider.is_legacy_integrity(it),
        }
    })
}

fn prf(&it: &PrfId) -> Word {
    let provider = rustcrypto::provider();
    let named = IkeProposal {
        prf: vec![it],
        ..IkeProposal::default()
    };
    Word {
        text: named.to_string(),
        strong: provider.prf(it).is_some() && !provider.is_legacy_prf(it),
    }
}

fn hash(&it: &HashId) -> Word {
    let provider = rustcrypto::provider();
    let named = v1::IkeProposal {
        hash: vec![it],
        ..v1::IkeProposal::default()
    };
    Word {
        text: named.to_string(),
        strong: provider.hash(it).is_some() && !provider.is_legacy_hash(it),
    }
}

fn group(&it: &GroupId) -> Word {
    Word {
        text: group_word(it),
        strong: is_strong_group(it),
    }
}

/// A group as users type it.
pub(super) fn group_word(it: GroupId) -> String {
    let named = IkeProposal {
        groups: vec![it],
        ..IkeProposal::default()
    };
    named.to_string()
}

/// Whether our provider has the group, and it is not weak.
pub(super) fn is_strong_group(it: GroupId) -> bool {
    let provider = rustcrypto::provider();
    it == GroupId::NONE
        || (provider.group(it).is_some() && !provider.is_legacy_group(it) && !it.is_weak())
}

/// Both sides' algorithms, type by type, over all proposals.
pub(super) fn compare(ours: &[Offer], theirs: &[Offer]) -> Vec<Comparison> {
    let Some(first) = ours.first() else {
        return Vec::new();
    };
    let items = first.rows.iter().map(|row| row.item);
    items
        .map(|item| {
            let (ours, theirs_words) = (texts(ours, item), texts(theirs, item));
            let common = ours.iter().filter(|it| theirs_words.contains(it));
            Comparison {
                item: item.to_owned(),
                common: common.cloned().collect(),
                ours,
                theirs: (!theirs.is_empty()).then_some(theirs_words),
            }
        })
        .filter(|it| !it.ours.is_empty() || it.theirs.as_ref().is_some_and(|it| !it.is_empty()))
        .collect()
}

fn texts(offers: &[Offer], item: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in offers.iter().flat_map(|offer| offer.words(item)) {
        if out.len() < LONGEST_LIST && !out.contains(&word.text) {
            out.push(word.text.clone());
        }
    }
    out
}

/// The proposals of both sides that have the most in common.
pub(super) fn closest<'a>(ours: &'a [Offer], theirs: &'a [Offer]) -> Option<Closest<'a>> {
    let pairs = ours
        .iter()
        .flat_map(|ours| theirs.iter().map(move |theirs| (ours, theirs)));
    let judged = pairs.map(|(ours, theirs)| Closest {
        missing: missing(ours, theirs),
        ours,
        theirs,
    });
    judged.min_by_key(|it| it.missing.len())
}

fn missing(ours: &Offer, theirs: &Offer) -> Vec<&'static str> {
    let fits = |row: &Row| {
        let words = theirs.words(row.item);
        let one_has_none = row.words.is_empty() || words.is_empty();
        row.words.iter().any(|word| words.contains(word))
            || (row.words.is_empty() && words.is_empty())
            || (row.optional && one_has_none)
    };
    let rows = ours.rows.iter().filter(|row| !fits(row));
    rows.map(|row| row.item).collect()
}

impl Closest<'_> {
    /// What the peer would have to take, in words; the cipher's kind brings the integrity along.
    pub(super) fn wanted_there(&self) -> String {
        let rows = self.missing.iter().filter_map(|&item| {
            let words: Vec<&str> = self.ours.words(item).iter().map(|it| &*it.text).collect();
            (!words.is_empty()).then(|| format!("{item} {}", words.join(" or ")))
        });
        rows.collect::<Vec<_>>().join(", ")
    }

    /// The transform types for which the peer has nothing but weak or unknown algorithms, with
    /// these.
    pub(super) fn weak(&self) -> Vec<String> {
        let rows = self.missing.iter().filter_map(|&item| {
            let words = self.theirs.words(item);
            let weak = !words.is_empty() && words.iter().all(|word| !word.strong);
            weak.then(|| {
                let words: Vec<&str> = words.iter().map(|it| &*it.text).collect();
                format!("{item} {}", words.join(", "))
            })
        });
        rows.collect()
    }

    /// The proposal that, on our side, would have fitted; none if it would be a weak one.
    pub(super) fn fitting_here(&self) -> Option<String> {
        let mut words: Vec<&str> = Vec::new();
        for row in &self.ours.rows {
            let theirs = self.theirs.words(row.item);
            let common = theirs.iter().filter(|it| row.words.contains(it));
            let mut these: Vec<&str> = common.map(|it| &*it.text).collect();
            if these.is_empty() && !(row.optional && row.words.is_empty()) {
                let strong = theirs.iter().filter(|it| it.strong);
                these = strong.map(|it| &*it.text).collect();
                if these.is_empty() && !theirs.is_empty() {
                    return None;
                }
            }
            words.extend(these);
        }
        let text = words.join("-");
        // as short as users type it, where it is a whole suite of IKE
        Some(IkeProposal::parse(&text).map_or(text, |it| it.to_string()))
    }
}
