//! The configuration payload: addresses asked for, handed out and learned (RFC 7296 §2.19, §3.15).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use isakmp_wire::OwnedPayload;
use isakmp_wire::v2::{CfgAttribute, CfgType, Configuration, OwnedCfgAttr, kind};

use crate::config::Connection;
use crate::context::{Core, Cx};
use crate::failure::{Failure, Incompatibility};
use crate::lease::{Family, Request};
use crate::output::Assigned;
use crate::sa::{Sa, State};

/// No more attributes of one payload than this are looked at.
const MAX_ATTRIBUTES: usize = 64;

fn attribute(kind: CfgAttribute, value: &[u8]) -> OwnedCfgAttr {
    OwnedCfgAttr {
        kind,
        value: value.to_vec(),
    }
}

/// A CP payload.
pub(crate) fn payload(what: CfgType, attributes: &[OwnedCfgAttr]) -> OwnedPayload {
    let mut body = Vec::new();
    Configuration::write(what, attributes, &mut body);
    OwnedPayload::new(kind::CONFIGURATION, body)
}

/// What our client asks for; extensions add theirs. It would like the addresses that it had last
/// under this connection (RFC 7296 §3.15.1).
pub(crate) fn request(core: &Core, connection: &Connection) -> Vec<OwnedCfgAttr> {
    let asks = &connection.addressing;
    let had = core.assigned.get(&connection.policy);
    let had = |family| {
        let mut had = had.into_iter().flatten();
        had.find(|it| Family::of(it.0) == family).copied()
    };
    let mut attributes = Vec::new();
    if asks.request_v4 {
        let value = match had(Family::V4) {
            Some((IpAddr::V4(ip), _)) => ip.octets().to_vec(),
            _ => Vec::new(),
        };
        let kind = CfgAttribute::INTERNAL_IP4_ADDRESS;
        attributes.push(OwnedCfgAttr { kind, value });
        attributes.push(attribute(CfgAttribute::INTERNAL_IP4_DNS, &[]));
    }
    if asks.request_v6 {
        let value = match had(Family::V6) {
            Some((IpAddr::V6(ip), prefix)) => [&ip.octets()[..], &[prefix]].concat(),
            _ => Vec::new(),
        };
        let kind = CfgAttribute::INTERNAL_IP6_ADDRESS;
        attributes.push(OwnedCfgAttr { kind, value });
        attributes.push(attribute(CfgAttribute::INTERNAL_IP6_DNS, &[]));
    }
    attributes
}

/// What a client asks for, by number.
pub(crate) fn asked(request: &Configuration<'_>) -> Vec<CfgAttribute> {
    if request.kind != CfgType::REQUEST {
        return Vec::new();
    }
    let kinds = request.attributes().map(|it| it.kind);
    kinds.take(MAX_ATTRIBUTES).collect()
}

/// What our server gives.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) attributes: Vec<OwnedCfgAttr>,
    /// The addresses among them.
    pub(crate) addresses: Vec<IpAddr>,
}

/// Answers a request: only what was asked for, and only what there is.
pub(crate) fn reply(
    cx: &mut Cx<'_>,
    sa: &Sa,
    connection: usize,
    asked: &Configuration<'_>,
) -> Result<Reply, Failure> {
    let mut reply = Reply::default();
    let mut wants_address = false;
    let mut seen: Vec<CfgAttribute> = Vec::new();
    for it in asked.attributes().take(MAX_ATTRIBUTES) {
        if seen.contains(&it.kind) {
            continue;
        }
        seen.push(it.kind);
        match it.kind {
            CfgAttribute::INTERNAL_IP4_ADDRESS => {
                wants_address = true;
                let given = assign(cx, sa, connection, (Family::V4, v4(it.value)))?;
                if let Some((IpAddr::V4(ip), _)) = given {
                    reply.attributes.push(attribute(it.kind, &ip.octets()));
                    reply.addresses.push(ip.into());
                }
            }
            CfgAttribute::INTERNAL_IP6_ADDRESS => {
                wants_address = true;
                let wish = v6_with_prefix(it.value).map(|it| it.0);
                let given = assign(cx, sa, connection, (Family::V6, wish))?;
                if let Some((IpAddr::V6(ip), prefix)) = given {
                    let mut value = ip.octets().to_vec();
                    value.push(prefix);
                    reply.attributes.push(OwnedCfgAttr {
                        kind: it.kind,
                        value,
                    });
                    reply.addresses.push(ip.into());
                }
            }
            CfgAttribute::INTERNAL_IP4_DNS | CfgAttribute::INTERNAL_IP6_DNS => {
                let connection = cx.core.connection(Some(connection)).ok_or(NO_CONNECTION)?;
                push_dns(&mut reply.attributes, it.kind, &connection.addressing.dns);
            }
            kind => cx.question(sa, |extensions, host| {
                extensions.reply_attributes(host, sa.facts.id, kind, &mut reply.attributes);
            }),
        }
    }
    if wants_address && reply.addresses.is_empty() {
        return Err(Incompatibility::Addresses.into());
    }
    Ok(reply)
}

/// An address for the SA's peer, with its prefix length. What it wishes, its former address for
/// instance, it gets where that is free (RFC 7296 §3.15.1).
fn assign(
    cx: &mut Cx<'_>,
    sa: &Sa,
    connection: usize,
    (family, wish): (Family, Option<IpAddr>),
) -> Result<Option<(IpAddr, u8)>, Failure> {
    let State::Established(established) = &sa.state else {
        return Err(Failure::Bug("an address before authentication"));
    };
    let core = &mut *cx.core;
    let connection = core.config.connections.get(connection);
    let gives = &connection.ok_or(NO_CONNECTION)?.addressing;
    let found = core.leases.take(&Request {
        sa: sa.facts.id,
        identity: established.remote_id(),
        gives,
        family,
        wish,
    });
    let single = gives.assign_v6.map(|it| (IpAddr::V6(it.0), it.1));
    Ok(found.map(|ip| single.filter(|it| it.0 == ip).unwrap_or((ip, 128))))
}

const NO_CONNECTION: Failure = Failure::Bug("the connection is gone");

fn push_dns(out: &mut Vec<OwnedCfgAttr>, kind: CfgAttribute, servers: &[IpAddr]) {
    for server in servers {
        match (server, kind) {
            (IpAddr::V4(ip), CfgAttribute::INTERNAL_IP4_DNS) => {
                out.push(attribute(kind, &ip.octets()));
            }
            (IpAddr::V6(ip), CfgAttribute::INTERNAL_IP6_DNS) => {
                out.push(attribute(kind, &ip.octets()));
            }
            _ => {}
        }
    }
}

/// Takes what the server gave; what has a wrong length is passed over (RFC 7296 §3.15.1).
pub(crate) fn learn(cx: &mut Cx<'_>, sa: &Sa, reply: &Configuration<'_>) -> Assigned {
    let asks = cx
        .core
        .connection(sa.connection)
        .map(|it| it.addressing.clone())
        .unwrap_or_default();
    let mut assigned = Assigned::default();
    for it in reply.attributes().take(MAX_ATTRIBUTES) {
        match it.kind {
            CfgAttribute::INTERNAL_IP4_ADDRESS => {
                if let (true, Some(ip)) = (asks.request_v4, v4(it.value)) {
                    assigned.addresses.push((ip, 32));
                }
            }
            CfgAttribute::INTERNAL_IP6_ADDRESS => {
                if let (true, Some(found)) = (asks.request_v6, v6_with_prefix(it.value)) {
                    assigned.addresses.push(found);
                }
            }
            CfgAttribute::INTERNAL_IP4_DNS => assigned.dns.extend(v4(it.value)),
            CfgAttribute::INTERNAL_IP6_DNS => assigned.dns.extend(v6(it.value)),
            kind => cx.ask(sa, |extensions, context| {
                extensions.learned_attribute(context, sa.facts.id, kind, it.value);
            }),
        }
    }
    if let Some(policy) = sa.facts.policy.filter(|_| !assigned.addresses.is_empty()) {
        let had = assigned.addresses.clone();
        cx.core.assigned.insert(policy, had);
    }
    assigned
}

fn v4(value: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 4] = value.try_into().ok()?;
    Some(Ipv4Addr::from(octets))
        .filter(|it| !it.is_unspecified())
        .map(IpAddr::V4)
}

fn v6(value: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 16] = value.try_into().ok()?;
    Some(Ipv6Addr::from(octets))
        .filter(|it| !it.is_unspecified())
        .map(IpAddr::V6)
}

fn v6_with_prefix(value: &[u8]) -> Option<(IpAddr, u8)> {
    let (prefix, address) = value.split_last()?;
    v6(address)
        .filter(|_| *prefix <= 128)
        .map(|it| (it, *prefix))
}
