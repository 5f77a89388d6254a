//! Mode config: addresses inside the tunnel, asked for or pushed (draft-dukes-ike-mode-cfg-02 §3), and what Cisco's
//! clients add.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use ike_ext::Role;
use ipsec_doi::TrafficSelector;
use isakmp_wire::v1::{ConfigAttribute as Kind, ConfigType, Configuration};
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};
use isakmp_wire::{Attribute, AttributeValue, OwnedAttribute, vendor_id};

use super::{What, ask, borrowed, lease, respond};
use crate::config::Assign;
use crate::context::Cx;
use crate::failure::{Failure, Incompatibility};
use crate::narrow::{netmask, octets, prefix};
use crate::output::{Assigned, Event};
use crate::quick_mode;
use crate::sa::{Exchange, Sa, State};

/// No more networks or servers of one kind than this are taken.
const MAX: usize = 64;
/// Octets of one network in a list of Cisco's: address, mask, protocol, two ports.
const SPLIT: usize = 14;

/// Once the SA stands: the client asks, or the server pushes, or one waits for the other.
pub(crate) fn begin(cx: &mut Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    let addressing = &cx.core.connection_of(sa)?.addressing;
    if addressing.is_client() {
        let (v4, v6, waits) = (
            addressing.request_v4,
            addressing.request_v6,
            addressing.await_push,
        );
        if let State::Established(state) = &mut sa.state {
            state.configuring = true;
        }
        if waits {
            return Ok(());
        }
        let mut wanted = wanted(sa, v4, v6);
        wanted.extend(asked_by_extensions(cx, sa));
        return ask(cx, sa, ConfigType::REQUEST, &wanted, What::Addresses);
    }
    if addressing.push && addressing.leased {
        lease::ask(cx, sa, lease::to_push());
    } else if addressing.push {
        let all = everything(&addressing.assign);
        assign(cx, sa)?;
        return ask(cx, sa, ConfigType::SET, &all, What::Pushed);
    }
    Ok(())
}

/// What a client asks for.
fn wanted(sa: &Sa, v4: bool, v6: bool) -> Vec<OwnedAttribute> {
    let mut kinds = Vec::new();
    if v4 {
        kinds.extend([
            Kind::INTERNAL_IP4_ADDRESS,
            Kind::INTERNAL_IP4_NETMASK,
            Kind::INTERNAL_IP4_DNS,
        ]);
    }
    if v6 {
        kinds.extend([Kind::INTERNAL_IP6_ADDRESS, Kind::INTERNAL_IP6_DNS]);
    }
    if sa.peer_sent(&vendor_id::CISCO_UNITY) {
        kinds.extend([
            Kind::UNITY_BANNER,
            Kind::UNITY_DEFAULT_DOMAIN,
            Kind::UNITY_SPLIT_INCLUDE,
            Kind::UNITY_LOCAL_LAN,
        ]);
    }
    let empty = |it: Kind| OwnedAttribute::long(it.get(), Vec::new());
    kinds.into_iter().map(empty).collect()
}

/// What extensions ask for.
fn asked_by_extensions(cx: &mut Cx<'_>, sa: &Sa) -> Vec<OwnedAttribute> {
    let mut out = Vec::new();
    cx.ask(Some(sa), |extensions, cx| {
        extensions.request_attributes(cx.host(), sa.facts.id, &mut out);
    });
    out.into_iter().map(long).collect()
}

/// What extensions answer to one kind of attribute.
fn answers_of_extensions(cx: &mut Cx<'_>, sa: &Sa, asked: Kind) -> Vec<OwnedAttribute> {
    let mut out = Vec::new();
    let asked = CfgAttribute::new(asked.get());
    cx.ask(Some(sa), |extensions, cx| {
        extensions.reply_attributes(cx.host(), sa.facts.id, asked, &mut out);
    });
    out.into_iter().map(long).collect()
}

/// Both IKEs have one number space for attributes.
fn long(attribute: OwnedCfgAttr) -> OwnedAttribute {
    OwnedAttribute::long(attribute.kind.get(), attribute.value)
}

/// Shows to extensions what the server gives.
fn show_extensions(cx: &mut Cx<'_>, sa: &Sa, config: &Configuration<'_>) {
    for it in config.attributes.iter().take(MAX) {
        let short;
        let value = match it.value {
            AttributeValue::Long(value) => value,
            AttributeValue::Short(number) => {
                short = number.to_be_bytes();
                &short
            }
        };
        let kind = CfgAttribute::new(it.kind);
        cx.ask(Some(sa), |extensions, cx| {
            extensions.learned_attribute(cx, sa.facts.id, kind, value);
        });
    }
}

/// As server: the peer has what we assign from now on.
fn assign(cx: &Cx<'_>, sa: &mut Sa) -> Result<(), Failure> {
    let assign = &cx.core.connection_of(sa)?.addressing.assign;
    sa.assigned = assign.addresses.iter().map(|it| it.0).collect();
    Ok(())
}

/// Every kind that a server has something to say about.
const SERVED: [Kind; 7] = [
    Kind::INTERNAL_IP4_ADDRESS,
    Kind::INTERNAL_IP4_NETMASK,
    Kind::INTERNAL_IP6_ADDRESS,
    Kind::INTERNAL_IP4_DNS,
    Kind::INTERNAL_IP6_DNS,
    Kind::UNITY_SPLIT_INCLUDE,
    Kind::UNITY_BANNER,
];

pub(super) fn everything(assign: &Assign) -> Vec<OwnedAttribute> {
    let all = SERVED.iter();
    all.flat_map(|it| answers(assign, *it)).collect()
}

/// The answers to one kind of attribute.
fn answers(assign: &Assign, kind: Kind) -> Vec<OwnedAttribute> {
    let long = |value: Vec<u8>| OwnedAttribute::long(kind.get(), value);
    let addresses = |v4: bool| {
        let all = assign.addresses.iter();
        all.filter(move |it| it.0.is_ipv4() == v4)
    };
    let dns = |v4: bool| {
        let all = assign.dns.iter();
        all.filter(move |it| it.is_ipv4() == v4)
    };
    match kind {
        Kind::INTERNAL_IP4_ADDRESS => addresses(true).map(|it| long(octets(it.0))).collect(),
        Kind::INTERNAL_IP4_NETMASK => addresses(true)
            .map(|it| long(octets(netmask(it.1, true))))
            .take(1)
            .collect(),
        Kind::INTERNAL_IP6_ADDRESS => addresses(false).map(|it| long(octets(it.0))).collect(),
        Kind::INTERNAL_IP4_DNS => dns(true).map(|it| long(octets(*it))).collect(),
        Kind::INTERNAL_IP6_DNS => dns(false).map(|it| long(octets(*it))).collect(),
        Kind::UNITY_SPLIT_INCLUDE => {
            let nets: Vec<u8> = assign.split.iter().flat_map(network).collect();
            if nets.is_empty() {
                Vec::new()
            } else {
                alloc::vec![long(nets)]
            }
        }
        Kind::UNITY_BANNER if !assign.banner.is_empty() => {
            alloc::vec![long(assign.banner.as_bytes().to_vec())]
        }
        _ => Vec::new(),
    }
}

/// One network in a list of Cisco's.
fn network(selector: &TrafficSelector) -> Vec<u8> {
    let Some((address, length)) = selector.to_subnet().filter(|it| it.0.is_ipv4()) else {
        return Vec::new();
    };
    let mut out = octets(address);
    out.extend(octets(netmask(length, true)));
    out.resize(SPLIT, 0);
    out
}

/// As server: the client asks.
pub(crate) fn on_request(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: &mut Exchange,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    let leased = cx.core.connection_of(sa)?.addressing.leased;
    let mut asked: Vec<Kind> = Vec::new();
    for it in config.attributes {
        let kind = Kind::new(it.kind);
        if !asked.contains(&kind) && asked.len() < MAX {
            asked.push(kind);
        }
    }
    if leased && asked.iter().any(|it| is_address(*it)) {
        lease::ask(cx, sa, lease::pulled(exchange.message_id, config, asked));
        return Ok(());
    }
    assign(cx, sa)?;
    let question = (config.identifier, asked);
    let given = cx.core.connection_of(sa)?.addressing.assign.clone();
    reply(cx, sa, exchange, &question, &given)
}

/// Answers what a client has asked under an identifier.
pub(super) fn reply(
    cx: &mut Cx<'_>,
    sa: &Sa,
    exchange: &mut Exchange,
    (identifier, asked): &(u16, Vec<Kind>),
    given: &Assign,
) -> Result<(), Failure> {
    let mut reply: Vec<_> = asked.iter().flat_map(|it| answers(given, *it)).collect();
    for it in asked {
        reply.extend(answers_of_extensions(cx, sa, *it));
    }
    let reply = borrowed(&reply);
    respond(cx, sa, exchange, ConfigType::REPLY, *identifier, &reply)
}

pub(super) const fn is_address(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::INTERNAL_IP4_ADDRESS | Kind::INTERNAL_IP6_ADDRESS
    )
}

/// As client: the server pushes.
pub(crate) fn on_push(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    exchange: &mut Exchange,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    if !cx.core.connection_of(sa)?.addressing.is_client() {
        // nothing that we asked for: acknowledged without a word
        return respond(cx, sa, exchange, ConfigType::ACK, config.identifier, &[]);
    }
    let kinds: Vec<_> = config
        .attributes
        .iter()
        .take(MAX)
        .map(|it| OwnedAttribute::long(it.kind, Vec::new()))
        .collect();
    let kinds = borrowed(&kinds);
    respond(cx, sa, exchange, ConfigType::ACK, config.identifier, &kinds)?;
    on_assigned(cx, sa, config)
}

/// As client: what the server gives. Children that waited for it begin.
pub(crate) fn on_assigned(
    cx: &mut Cx<'_>,
    sa: &mut Sa,
    config: &Configuration<'_>,
) -> Result<(), Failure> {
    let assigned = read(config);
    if assigned.addresses.is_empty() && sa.assigned.is_empty() {
        return Err(Incompatibility::Addresses.into());
    }
    if !assigned.addresses.is_empty() {
        sa.assigned = assigned.addresses.iter().map(|it| it.0).collect();
    }
    show_extensions(cx, sa, config);
    cx.out.event(Event::Configured {
        sa: sa.facts.id,
        assigned: Box::new(assigned),
    });
    let waited = match &mut sa.state {
        State::Established(state) => core::mem::take(&mut state.configuring),
        State::Main(_)
        | State::Aggressive(_)
        | State::AwaitXauth(_)
        | State::Lingering(_)
        | State::Closing
        | State::Closed => false,
    };
    if waited && sa.facts.role == Role::Initiator {
        quick_mode::initiator::open_all(cx, sa);
    }
    Ok(())
}

/// Reads what a server gives; what has a wrong length is passed over.
fn read(config: &Configuration<'_>) -> Assigned {
    let mut out = Assigned::default();
    let mut mask = None;
    for it in config.attributes {
        take(&mut out, &mut mask, &it);
    }
    if let Some(length) = mask {
        for it in out.addresses.iter_mut().filter(|it| it.0.is_ipv4()) {
            it.1 = length;
        }
    }
    out
}

fn take(out: &mut Assigned, mask: &mut Option<u8>, attribute: &Attribute<'_>) {
    let AttributeValue::Long(value) = attribute.value else {
        return;
    };
    let v4 = <[u8; 4]>::try_from(value).ok().map(IpAddr::from);
    let v6 = value
        .first_chunk::<16>()
        .filter(|_| value.len() <= 17)
        .map(|it| IpAddr::from(*it));
    let text = || String::from_utf8_lossy(value).into_owned();
    match Kind::new(attribute.kind) {
        Kind::INTERNAL_IP4_ADDRESS if out.addresses.len() < MAX => {
            out.addresses.extend(v4.map(|it| (it, 32)));
        }
        Kind::INTERNAL_IP6_ADDRESS if out.addresses.len() < MAX => {
            let length = value.get(16).copied().unwrap_or(128).min(128);
            out.addresses.extend(v6.map(|it| (it, length)));
        }
        Kind::INTERNAL_IP4_NETMASK => *mask = v4.and_then(prefix),
        Kind::INTERNAL_IP4_DNS if out.dns.len() < MAX => out.dns.extend(v4),
        Kind::INTERNAL_IP6_DNS if out.dns.len() < MAX => out.dns.extend(v6),
        Kind::UNITY_SPLIT_INCLUDE => networks(value, &mut out.split),
        Kind::UNITY_LOCAL_LAN => networks(value, &mut out.local),
        Kind::UNITY_DEFAULT_DOMAIN => out.domain = text(),
        Kind::UNITY_BANNER => out.banner = text(),
        _ => {}
    }
}

/// A list of networks as Cisco's clients know it.
fn networks(value: &[u8], out: &mut Vec<TrafficSelector>) {
    for entry in value.chunks_exact(SPLIT).take(MAX) {
        let (Some((address, rest)), true) = (entry.split_first_chunk::<4>(), out.len() < MAX)
        else {
            continue;
        };
        let mask = rest.first_chunk::<4>().map(|it| IpAddr::from(*it));
        if let Some(length) = mask.and_then(prefix) {
            out.push(TrafficSelector::subnet(IpAddr::from(*address), length));
        }
    }
}
