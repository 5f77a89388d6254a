//! What an act has shown.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Act {
    /// `IKEv1` or `IKEv2`.
    pub(super) ike: &'static str,
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// Its crate's name less `ikee-`.
    pub(super) extension: &'static str,
    /// Whether it was seen.
    pub(super) proven: bool,
    /// What was seen, with the figures of this run.
    pub(super) fact: String,
}

impl Act {
    pub(super) const fn new(ike: &'static str, title: &'static str) -> Self {
        Self {
            ike,
            title,
            lines: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, extension: &'static str, proven: bool, fact: String) {
        self.lines.push(Line {
            extension,
            proven,
            fact,
        });
    }
}
