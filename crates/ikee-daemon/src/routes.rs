//! Addresses, and routes to what lies behind peers.
//!
//! What lies behind peers goes into a routing table of its own. A rule leads there every packet
//! that does not carry our sockets' mark, so the way to a peer never leads through the tunnel to
//! that peer, whatever the traffic selectors are. Beside a default route the table also says
//! that the peer itself is reached otherwise, for the kernel's check of reverse paths.

pub(crate) mod prefix;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use ikee::doi::TrafficSelector;
use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType};
use rtnetlink::packet_route::rule::{RuleAction, RuleFlags, RuleMessage};
use rtnetlink::{Error, Handle, RouteMessageBuilder};

use prefix::Prefix;

use crate::plane::Owner;

/// The loopback device, in every network namespace.
const LOOPBACK: u32 = 1;

/// The netlink side.
#[derive(Debug)]
pub(crate) struct Routes {
    handle: Handle,
    table: u32,
    /// Where assigned addresses are.
    device: u32,
    /// Who needs a route; the last one to go takes it along.
    users: BTreeMap<(Prefix, bool), (Hop, Vec<Owner>)>,
    rules: Vec<RuleMessage>,
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Hop {
    device: u32,
    gateway: Option<IpAddr>,
}

/// How packets get to what lies behind a peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Path {
    /// Into the device that was given to [`Routes::open`].
    Device,
    /// As packets to the peer itself, with the right source address, and only where the host would do
    /// something else.
    AsThePeer,
}

/// A child's part of the routing table.
#[derive(Clone, Debug)]
pub(crate) struct Needed<'a> {
    pub(crate) owner: Owner,
    /// The peer's outer address.
    pub(crate) peer: IpAddr,
    pub(crate) local: &'a [TrafficSelector],
    pub(crate) remote: &'a [TrafficSelector],
    /// Addresses that the peer assigned to us.
    pub(crate) assigned: &'a [IpAddr],
}

impl Routes {
    /// Connects to netlink and adds the rules.
    ///
    /// Assigned addresses go to `device`, else to the loopback device.
    pub(crate) async fn open(device: Option<u32>, table: u32) -> Result<Self, Error> {
        let (connection, handle, _) =
            rtnetlink::new_connection().map_err(|_| Error::RequestFailed)?;
        tokio::spawn(connection);
        let mut routes = Self {
            handle,
            table,
            device: device.unwrap_or(LOOPBACK),
            users: BTreeMap::new(),
            rules: Vec::new(),
        };
        routes.add_rule(true).await?;
        if let Err(error) = routes.add_rule(false).await {
            tracing::warn!("no rule for IPv6: {error}");
        }
        Ok(routes)
    }

    async fn add_rule(&mut self, v4: bool) -> Result<(), Error> {
        let rule = self
            .handle
            .rule()
            .add()
            .table_id(self.table)
            .priority(self.table);
        let rule = rule.fw_mark(self.table).action(RuleAction::ToTable);
        let (message, added) = if v4 {
            let mut rule = rule.v4();
            rule.message_mut().header.flags |= RuleFlags::Invert;
            (rule.message_mut().clone(), rule.execute().await)
        } else {
            let mut rule = rule.v6();
            rule.message_mut().header.flags |= RuleFlags::Invert;
            (rule.message_mut().clone(), rule.execute().await)
        };
        // one that a killed daemon has left behind will do
        if let Err(error) = added
            && !is(&error, rustix::io::Errno::EXIST)
        {
            return Err(error);
        }
        self.rules.push(message);
        Ok(())
    }

    /// Gives the device an address that the peer assigned.
    pub(crate) async fn add_address(&self, address: IpAddr) -> Result<(), Error> {
        let mut request = self
            .handle
            .address()
            .add(self.device, address, host_length(address))
            .replace();
        // nobody else is on this link who could have it, and packets must not wait (RFC 4862 §5.4)
        let flags = &mut request.message_mut().header.flags;
        flags.insert(AddressHeaderFlags::Nodad);
        request.execute().await
    }

    /// Takes an address away again.
    pub(crate) async fn remove_address(&self, address: IpAddr) {
        let mut request = self
            .handle
            .address()
            .add(self.device, address, host_length(address));
        let message = request.message_mut().clone();
        if let Err(error) = self.handle.address().del(message).execute().await {
            tracing::debug!("address {address}: {error}");
        }
    }

    /// Routes what lies behind the peer.
    pub(crate) async fn add(&mut self, needed: &Needed<'_>, path: Path) -> Result<(), Error> {
        let prefixes: Vec<Prefix> = needed
            .remote
            .iter()
            .flat_map(|selector| prefix::cover(selector.start, selector.end))
            .collect();
        let peer = Prefix::host(needed.peer);
        let around =
            prefixes.iter().any(|prefix| prefix.contains(needed.peer)) && !prefixes.contains(&peer);
        let hop = match path {
            Path::Device => Hop {
                device: self.device,
                gateway: None,
            },
            Path::AsThePeer => match self.lookup(needed.peer).await {
                Ok((hop, _)) => hop,
                Err(error) => return Err(error),
            },
        };
        if around {
            self.set(needed.owner, peer, hop, None, true).await?;
        }
        for prefix in prefixes {
            let source = source(needed, prefix.is_v4());
            if path == Path::AsThePeer && !self.differs(needed, prefix, source).await {
                continue;
            }
            self.set(needed.owner, prefix, hop, source, false).await?;
        }
        Ok(())
    }

    /// Whether the host has no way to what lies behind a peer, or takes the wrong source address, though it
    /// has a right one.
    async fn differs(&self, needed: &Needed<'_>, prefix: Prefix, source: Option<IpAddr>) -> bool {
        let Ok((_, usual)) = self.lookup(prefix.address).await else {
            return true;
        };
        let fits = |address| {
            needed
                .local
                .iter()
                .any(|selector| within(selector, address))
        };
        source.is_some() && !usual.is_some_and(fits)
    }

    /// Where packets of our sockets to this address go, and with which source address.
    async fn lookup(&self, to: IpAddr) -> Result<(Hop, Option<IpAddr>), Error> {
        use futures_util::TryStreamExt;

        let mut question = match to {
            IpAddr::V4(to) => RouteMessageBuilder::<Ipv4Addr>::new()
                .destination_prefix(to, 32)
                .build(),
            IpAddr::V6(to) => RouteMessageBuilder::<Ipv6Addr>::new()
                .destination_prefix(to, 128)
                .build(),
        };
        question.attributes.push(RouteAttribute::Mark(self.table));
        let answer = self
            .handle
            .route()
            .get(question)
            .execute()
            .try_next()
            .await?;
        answer.as_ref().and_then(hop).ok_or(Error::RequestFailed)
    }

    async fn set(
        &mut self,
        owner: Owner,
        prefix: Prefix,
        hop: Hop,
        source: Option<IpAddr>,
        throw: bool,
    ) -> Result<(), Error> {
        let entry = self.users.entry((prefix, throw));
        let (known, users) = entry.or_insert((hop, Vec::new()));
        *known = hop;
        users.push(owner);
        let route = self.route(prefix, hop, source, throw);
        self.handle.route().add(route).replace().execute().await
    }

    /// Removes the routes that only this owner needed.
    pub(crate) async fn remove(&mut self, owner: Owner) {
        let mut unused = Vec::new();
        for (key, (hop, users)) in &mut self.users {
            users.retain(|&user| user != owner);
            if users.is_empty() {
                unused.push((*key, *hop));
            }
        }
        for (key, hop) in unused {
            self.users.remove(&key);
            self.delete(key, hop).await;
        }
    }

    async fn delete(&self, (prefix, throw): (Prefix, bool), hop: Hop) {
        let route = self.route(prefix, hop, None, throw);
        if let Err(error) = self.handle.route().del(route).execute().await {
            tracing::debug!("route to {prefix}: {error}");
        }
    }

    /// Removes what would outlive the device.
    pub(crate) async fn close(self) {
        for (&key, &(hop, _)) in &self.users {
            self.delete(key, hop).await;
        }
        for rule in &self.rules {
            if let Err(error) = self.handle.rule().del(rule.clone()).execute().await {
                tracing::debug!("rule: {error}");
            }
        }
    }

    fn route(&self, prefix: Prefix, hop: Hop, source: Option<IpAddr>, throw: bool) -> RouteMessage {
        let mut route = match prefix.address {
            IpAddr::V4(address) => RouteMessageBuilder::<Ipv4Addr>::new()
                .destination_prefix(address, prefix.length)
                .table_id(self.table)
                .build(),
            IpAddr::V6(address) => RouteMessageBuilder::<Ipv6Addr>::new()
                .destination_prefix(address, prefix.length)
                .table_id(self.table)
                .build(),
        };
        if throw {
            route.header.kind = RouteType::Throw;
            return route;
        }
        let attributes = &mut route.attributes;
        attributes.push(RouteAttribute::Oif(hop.device));
        let wire = |address| match address {
            IpAddr::V4(address) => RouteAddress::Inet(address),
            IpAddr::V6(address) => RouteAddress::Inet6(address),
        };
        let same = |address: &IpAddr| address.is_ipv4() == prefix.is_v4();
        attributes.extend(
            source
                .filter(same)
                .map(wire)
                .map(RouteAttribute::PrefSource),
        );
        attributes.extend(
            hop.gateway
                .filter(same)
                .map(wire)
                .map(RouteAttribute::Gateway),
        );
        route
    }
}

/// The hop that an answer of the kernel names, and the source address it would take.
fn hop(answer: &RouteMessage) -> Option<(Hop, Option<IpAddr>)> {
    let (mut device, mut gateway, mut source) = (None, None, None);
    let read = |address: &RouteAddress| match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    };
    for attribute in &answer.attributes {
        match attribute {
            RouteAttribute::Oif(index) => device = Some(*index),
            RouteAttribute::Gateway(address) => gateway = read(address),
            RouteAttribute::PrefSource(address) => source = read(address),
            _ => {}
        }
    }
    device.map(|device| (Hop { device, gateway }, source))
}

/// The address that packets of this host should carry: the assigned one, or one of ours that
/// the local selectors name.
fn source(needed: &Needed<'_>, v4: bool) -> Option<IpAddr> {
    let mut assigned = needed.assigned.iter();
    if let Some(&assigned) = assigned.find(|address| address.is_ipv4() == v4) {
        return Some(assigned);
    }
    let mut ours = own_addresses().filter(|address| address.is_ipv4() == v4);
    ours.find(|&address| {
        needed
            .local
            .iter()
            .any(|selector| within(selector, address))
    })
}

/// The addresses of this host that others may use.
fn own_addresses() -> impl Iterator<Item = IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().ok().into_iter().flatten();
    interfaces.filter_map(|interface| {
        let address = interface.address?;
        let address = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) => IpAddr::V4(v4.ip()),
            (_, Some(v6)) => IpAddr::V6(v6.ip()),
            _ => return None,
        };
        (!address.is_loopback()).then_some(address)
    })
}

fn within(selector: &TrafficSelector, address: IpAddr) -> bool {
    selector.start.is_ipv4() == address.is_ipv4()
        && (selector.start..=selector.end).contains(&address)
}

const fn host_length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is(error: &Error, errno: rustix::io::Errno) -> bool {
    matches!(error, Error::NetlinkError(message) if message.raw_code() == -errno.raw_os_error())
}
