//! Traffic selectors side by side.

use ikee::doi::TrafficSelector;
use ikee::ikev2::Connection;

use super::{child_section, here, there};
use crate::control::{Advice, Comparison};

type Sides = (Vec<TrafficSelector>, Vec<TrafficSelector>);

/// What lies behind us, and behind the peer.
pub(super) fn compare(ours: &Sides, theirs: &Sides) -> Vec<Comparison> {
    let told = !theirs.0.is_empty() || !theirs.1.is_empty();
    let item = |what: &str, ours: &[TrafficSelector], theirs: &[TrafficSelector]| Comparison {
        item: what.to_owned(),
        ours: texts(ours),
        common: texts(&common(ours, theirs)),
        theirs: told.then(|| texts(theirs)),
    };
    vec![
        item("behind us", &ours.0, &theirs.0),
        item("behind the peer", &ours.1, &theirs.1),
    ]
}

fn common(ours: &[TrafficSelector], theirs: &[TrafficSelector]) -> Vec<TrafficSelector> {
    let pairs = ours
        .iter()
        .flat_map(|ours| theirs.iter().map(move |theirs| ours.intersect(theirs)));
    pairs.flatten().collect()
}

fn texts(selectors: &[TrafficSelector]) -> Vec<String> {
    selectors.iter().map(ToString::to_string).collect()
}

/// What to change.
pub(super) fn advice(ours: &Sides, theirs: &Sides, connection: Option<&Connection>) -> Vec<Advice> {
    if theirs.0.is_empty() && theirs.1.is_empty() {
        return vec![there(format!(
            "the peer does not tell its own; they must be ours the other way round, or contain them: behind it {}, \
             behind us {}",
            texts(&ours.1).join(", "),
            texts(&ours.0).join(", ")
        ))];
    }
    let sides = [
        ("local", "behind us", &ours.0, &theirs.0),
        ("remote", "behind the peer", &ours.1, &theirs.1),
    ];
    let mut out = Vec::new();
    for (key, what, ours, theirs) in sides {
        if !common(ours, theirs).is_empty() {
            continue;
        }
        let quoted: Vec<String> = theirs.iter().map(|it| format!("\"{it}\"")).collect();
        out.push(here(
            format!("take what the peer has for what lies {what}"),
            Some(format!(
                "{}{key} = [{}]",
                child_section(connection),
                quoted.join(", ")
            )),
        ));
        out.push(there(format!(
            "or let the peer have {} for it",
            texts(ours).join(", ")
        )));
    }
    out
}
