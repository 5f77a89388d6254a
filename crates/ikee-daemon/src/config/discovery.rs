//! Negotiation discovery: `[extensions.discovery]`, and `discovery = […]` of a child.

use core::time::Duration;

use ikee::discovery::{Limits, Rule};
use serde::Deserialize;
use toml::Spanned;

use super::build::Checked;
use super::error::Source;
use super::schema::{Child, Connection, Version};
use super::text::Time;
use super::{DataPlaneChoice, Runtime};

/// The largest table of flows: 1 GiB.
const FLOWS: u32 = 1 << 24;

/// What negotiation discovery is told.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DiscoverySettings {
    /// Name of the TUN device for packets in clear.
    pub outer: String,
    /// How many flows are kept, and for how long.
    pub limits: Limits,
}

/// `[extensions.discovery]` as it stands in the file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    enabled: Option<bool>,
    outer: Spanned<String>,
    flows: Option<Spanned<u32>>,
    forget: Option<Time>,
    forget_secured: Option<Time>,
    hold_off: Option<Time>,
}

/// What a child's `discovery` may say.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    Boundary,
    GuaranteedEncryption,
    Inbound,
    Outbound,
}

/// Whether the section is there and does not say no.
pub(super) fn is_on(given: Option<&Spanned<Given>>) -> bool {
    given.is_some_and(|it| it.get_ref().enabled != Some(false))
}

/// The section, checked against the data plane.
pub(super) fn settings(
    source: Source<'_>,
    given: Option<&Spanned<Given>>,
    runtime: &Runtime,
) -> Checked<Option<DiscoverySettings>> {
    let Some(section) = given.filter(|_| is_on(given)) else {
        return Ok(None);
    };
    if runtime.data_plane == DataPlaneChoice::Kernel {
        let what = "discovery judges every packet, which the kernel's data plane does not show; leave [extensions.discovery] \
                    out, or write data_plane = \"userspace\" under [daemon]";
        return Err(source.error(section.span(), what));
    }
    let Some(inner) = &runtime.tun else {
        let what = "discovery judges packets, and tun = \"none\" leaves them alone; name a device";
        return Err(source.error(section.span(), what));
    };
    let given = section.get_ref();
    let outer = super::runtime::device_name(source, "outer", given.outer.clone())?;
    if outer == *inner {
        let what = format!(
            "outer = {outer:?} is also the tun device; packets in clear need another one, such as \"outer\""
        );
        return Err(source.error(given.outer.span(), what));
    }
    let mut limits = Limits::DEFAULT;
    if let Some(flows) = &given.flows {
        limits.flows = *flows.get_ref();
        if !(1..=FLOWS).contains(&limits.flows) {
            let what = format!(
                "flows = {} is not possible; write 1 to {FLOWS}",
                limits.flows
            );
            return Err(source.error(flows.span(), what));
        }
    }
    let time = |given: Option<Time>, usual: Duration| given.map_or(usual, |it| it.0);
    limits.clear = time(given.forget, limits.clear);
    limits.secure = time(given.forget_secured, limits.secure);
    limits.hold_off = time(given.hold_off, limits.hold_off);
    Ok(Some(DiscoverySettings { outer, limits }))
}

/// The rule of each child of a connection.
pub(super) fn rules(
    source: Source<'_>,
    section: bool,
    name: &Spanned<String>,
    given: &Connection,
) -> Checked<Vec<Option<Rule>>> {
    let children = given.children.0.iter();
    children
        .map(|(child, it)| {
            rule(
                source,
                section,
                (name.get_ref(), child.get_ref()),
                given,
                it,
            )
        })
        .collect()
}

fn rule(
    source: Source<'_>,
    section: bool,
    (connection, name): (&str, &str),
    given: &Connection,
    child: &Child,
) -> Checked<Option<Rule>> {
    let Some(words) = &child.discovery else {
        return Ok(None);
    };
    let has = |word| words.get_ref().contains(&word);
    let mut rule = Rule::default();
    rule.inbound = has(Word::Inbound);
    rule.outbound = has(Word::Outbound);
    rule.boundary = has(Word::Boundary);
    rule.guaranteed = has(Word::GuaranteedEncryption);
    let wrong = if !section {
        Some(
            "needs a device for packets in clear; add [extensions.discovery] with outer = \"outer\"",
        )
    } else if given.version != Version::Ikev1 {
        Some(
            "is an extension of IKEv1; write version = \"ikev1\" in the connection, or leave it out",
        )
    } else if !rule.inbound && !rule.outbound {
        Some("discovers nothing; write \"inbound\", \"outbound\" or both")
    } else if rule.boundary && !rule.inbound {
        Some("lets nothing in; write \"inbound\" beside \"boundary\"")
    } else if child.local.is_none() || child.remote.is_none() {
        Some(
            "is about traffic that both sides name; add local = [\"SUBNET\"] and remote = [\"SUBNET\"]",
        )
    } else if given.peer.remote.is_none() {
        Some("has IKE begin by itself; add remote = \"ADDRESS\" to the connection")
    } else {
        None
    };
    match wrong {
        Some(why) => {
            let what = format!("connection {connection:?}, child {name:?}: discovery {why}");
            Err(source.error(words.span(), what))
        }
        None => Ok(Some(rule)),
    }
}

#[cfg(test)]
mod tests;
