//! Addresses and routes of the TUN device.
//!
//! What lies behind peers goes into a routing table of its own. A rule leads there every packet
//! that does not carry our sockets' mark, so the way to a peer never leads through the tunnel to
//! that peer, whatever the traffic selectors are. Beside a default route the table also says
//! that the peer itself is reached otherwise, for the kernel's check of reverse paths.

mod prefix;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use ikee::doi::TrafficSelector;
use ikee::ext::ChildId;
use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::packet_route::route::{RouteMessage, RouteType};
use rtnetlink::packet_route::rule::{RuleAction, RuleFlags, RuleMessage};
use rtnetlink::{Error, Handle, RouteMessageBuilder};

use prefix::Prefix;

/// The netlink side of the TUN device.
#[derive(Debug)]
pub(crate) struct Routes {
    handle: Handle,
    table: u32,
    device: u32,
    /// Who needs a route; the last one to go takes it along.
    users: BTreeMap<(Prefix, bool), Vec<ChildId>>,
    rules: Vec<RuleMessage>,
}

/// A child's part of the routing table.
#[derive(Clone, Debug)]
pub(crate) struct ChildRoutes<'a> {
    pub(crate) child: ChildId,
    /// The peer's outer address.
    pub(crate) peer: IpAddr,
    pub(crate) local: &'a [TrafficSelector],
    pub(crate) remote: &'a [TrafficSelector],
    /// Addresses that the peer assigned to us.
    pub(crate) assigned: &'a [IpAddr],
}

impl Routes {
    /// Connects to netlink and adds the rules.
    pub(crate) async fn open(device: u32, table: u32) -> Result<Self, Error> {
        let (connection, handle, _) =
            rtnetlink::new_connection().map_err(|_| Error::RequestFailed)?;
        tokio::spawn(connection);
        let mut routes = Self {
            handle,
            table,
            device,
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

    /// Routes what lies behind the peer into the device.
    pub(crate) async fn add_child(&mut self, wanted: &ChildRoutes<'_>) -> Result<(), Error> {
        let prefixes: Vec<Prefix> = wanted
            .remote
            .iter()
            .flat_map(|selector| prefix::cover(selector.start, selector.end))
            .collect();
        let peer = Prefix::host(wanted.peer);
        let around =
            prefixes.iter().any(|prefix| prefix.contains(wanted.peer)) && !prefixes.contains(&peer);
        if around {
            self.add(wanted.child, peer, None, true).await?;
        }
        for prefix in prefixes {
            let source = self.source(wanted, prefix.is_v4());
            self.add(wanted.child, prefix, source, false).await?;
        }
        Ok(())
    }

    async fn add(
        &mut self,
        child: ChildId,
        prefix: Prefix,
        source: Option<IpAddr>,
        throw: bool,
    ) -> Result<(), Error> {
        self.users.entry((prefix, throw)).or_default().push(child);
        let route = self.route(prefix, source, throw);
        self.handle.route().add(route).replace().execute().await
    }

    /// Removes the routes that only this child needed.
    pub(crate) async fn remove_child(&mut self, child: ChildId) {
        let mut unused = Vec::new();
        for (key, users) in &mut self.users {
            users.retain(|&user| user != child);
            if users.is_empty() {
                unused.push(*key);
            }
        }
        for key in unused {
            self.users.remove(&key);
            self.remove(key.0, key.1).await;
        }
    }

    async fn remove(&self, prefix: Prefix, throw: bool) {
        if let Err(error) = self
            .handle
            .route()
            .del(self.route(prefix, None, throw))
            .execute()
            .await
        {
            tracing::debug!("route to {prefix}: {error}");
        }
    }

    /// Removes what would outlive the device.
    pub(crate) async fn close(self) {
        for &(prefix, throw) in self.users.keys() {
            self.remove(prefix, throw).await;
        }
        for rule in &self.rules {
            if let Err(error) = self.handle.rule().del(rule.clone()).execute().await {
                tracing::debug!("rule: {error}");
            }
        }
    }

    fn route(&self, prefix: Prefix, source: Option<IpAddr>, throw: bool) -> RouteMessage {
        let device = self.device;
        match prefix.address {
            IpAddr::V4(address) => {
                let mut route = RouteMessageBuilder::<Ipv4Addr>::new()
                    .destination_prefix(address, prefix.length)
                    .table_id(self.table);
                if let Some(IpAddr::V4(source)) = source {
                    route = route.pref_source(source);
                }
                if throw {
                    route.kind(RouteType::Throw)
                } else {
                    route.output_interface(device)
                }
                .build()
            }
            IpAddr::V6(address) => {
                let mut route = RouteMessageBuilder::<Ipv6Addr>::new()
                    .destination_prefix(address, prefix.length)
                    .table_id(self.table);
                if let Some(IpAddr::V6(source)) = source {
                    route = route.pref_source(source);
                }
                if throw {
                    route.kind(RouteType::Throw)
                } else {
                    route.output_interface(device)
                }
                .build()
            }
        }
    }

    /// The address that packets of this host should carry: the assigned one, or one of ours that
    /// the local selectors name.
    fn source(&self, wanted: &ChildRoutes<'_>, v4: bool) -> Option<IpAddr> {
        if let Some(&assigned) = wanted
            .assigned
            .iter()
            .find(|address| address.is_ipv4() == v4)
        {
            return Some(assigned);
        }
        let mut ours = own_addresses().filter(|address| address.is_ipv4() == v4);
        ours.find(|&address| {
            wanted
                .local
                .iter()
                .any(|selector| within(selector, address))
        })
    }
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
