//! Keys of the other version are mistakes: they would change nothing.

use core::ops::Range;

use toml::Spanned;

use super::build::Checked;
use super::error::Source;
use super::schema::{Connection, Version};

/// A key that stands in the file, and where.
type Key = (&'static str, Option<Range<usize>>);

fn span<T>(given: &Option<Spanned<T>>) -> Option<Range<usize>> {
    given.as_ref().map(Spanned::span)
}

/// Refuses what a connection's version does not have.
pub(super) fn check(source: Source<'_>, name: &Spanned<String>, given: &Connection) -> Checked<()> {
    if let Some(release) = &given.special.release {
        let what = format!(
            "connection {:?}: a peer hears what we are like before a connection is chosen; move as to the top of the file",
            name.get_ref()
        );
        return Err(source.error(release.span(), what));
    }
    let (keys, other) = match given.version {
        Version::Both => return Ok(()),
        Version::Ikev1 => (only_v2(given), "IKEv2"),
        Version::Ikev2 => (only_v1(given), "IKEv1"),
    };
    let found = keys
        .into_iter()
        .find_map(|(key, span)| span.map(|span| (key, span)));
    let Some((key, span)) = found else {
        return Ok(());
    };
    let what = format!(
        "connection {:?}: {key} is for {other}; leave it out, or write version = \"{}\" or \"both\"",
        name.get_ref(),
        other.to_lowercase()
    );
    Err(source.error(span, what))
}

fn only_v1(given: &Connection) -> Vec<Key> {
    let mut keys = vec![
        ("auth.cga", span(&given.auth.cga)),
        ("xauth", span(&given.v1.xauth)),
        ("aggressive", span(&given.v1.aggressive)),
        ("aggressive_psk", span(&given.v1.aggressive_psk)),
        ("legacy", span(&given.v1.legacy)),
        ("mode_config", span(&given.v1.mode_config)),
        ("lifetime.time", span(&given.lifetime.time)),
        ("lifetime.margin", span(&given.lifetime.margin)),
        ("lifetime.quick_modes", span(&given.lifetime.quick_modes)),
    ];
    for (_, child) in &given.children.0 {
        keys.push(("protocol", span(&child.protocol)));
        keys.push((
            "a child's lifetime.kilobytes",
            span(&child.lifetime.kilobytes),
        ));
        keys.push(("a child's lifetime.margin", span(&child.lifetime.margin)));
    }
    keys
}

fn only_v2(given: &Connection) -> Vec<Key> {
    let lifetime = &given.lifetime;
    let mut keys = vec![
        ("lifetime.rekey", span(&lifetime.rekey)),
        ("lifetime.reauthenticate", span(&lifetime.reauthenticate)),
        ("lifetime.jitter", span(&lifetime.jitter)),
        ("lifetime.hard", span(&lifetime.hard)),
        ("lifetime.unique", span(&lifetime.unique)),
        ("realm", span(&given.special.realm)),
        ("xbox", span(&given.special.xbox)),
        ("correlate_with", span(&given.special.correlate_with)),
    ];
    let ports = &given.peer.ports;
    keys.push(("remote_ports.nat_t_first", span(&ports.nat_t_first)));
    keys.push(("remote_ports.nat_t_always", span(&ports.nat_t_always)));
    for (_, child) in &given.children.0 {
        keys.push(("a child's lifetime.bytes", span(&child.lifetime.bytes)));
        keys.push(("a child's lifetime.packets", span(&child.lifetime.packets)));
        keys.push(("a child's lifetime.jitter", span(&child.lifetime.jitter)));
    }
    keys
}
