//! What the release of Windows that the daemon is like does where the file names nothing: suites, liveness checks.

use core::time::Duration;

use ikee::profile::{self, Release};
use toml::Spanned;

use super::schema::{Connection, Protocol, Suites};
use super::text::Time;

/// Where a connection names no suites, for itself and for each of its children, and no liveness check.
#[derive(Debug)]
pub(super) struct Gaps {
    release: Option<Release>,
    own: bool,
    children: Vec<bool>,
    liveness: bool,
}

impl Gaps {
    pub(super) fn of(release: Option<Release>, connection: &Connection) -> Self {
        let children = connection.children.0.iter().map(|(_, child)| {
            let protocol = child.protocol.as_ref().map(Spanned::get_ref);
            child.proposals.is_none() && protocol != Some(&Protocol::Ah)
        });
        Self {
            release,
            own: connection.proposals.is_none(),
            children: children.collect(),
            liveness: connection.peer.liveness.is_none(),
        }
    }

    /// Fills them with what the release offers in a version.
    pub(super) fn fill(&self, v1: bool, name: &Spanned<String>, connection: &mut Connection) {
        let Some(release) = self.release else { return };
        if self.liveness {
            // Windows does not have RFC 3706, nor its vendor ID
            connection.peer.liveness = v1.then_some(Time(Duration::ZERO));
        }
        let profile = profile::windows(release);
        let (ike, esp) = match &profile.ikev2 {
            Some(own) if !v1 => (own.ike, own.esp),
            _ => (profile.phase_1, profile.phase_2),
        };
        let suites = |words: &[&str]| -> Suites {
            let words = words
                .iter()
                .map(|it| Spanned::new(name.span(), (*it).to_owned()));
            Spanned::new(name.span(), words.collect())
        };
        if self.own {
            connection.proposals = Some(suites(ike));
        }
        let children = connection.children.0.iter_mut().zip(&self.children);
        for ((_, child), _) in children.filter(|(_, gap)| **gap) {
            child.proposals = Some(suites(esp));
        }
    }
}
