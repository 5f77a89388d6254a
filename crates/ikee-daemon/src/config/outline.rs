//! A connection as far as the version of IKE does not matter.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;

use ikee::discovery::Rule;
use ikee::doi::TrafficSelector;
use ikee::doi::encapsulation::Mode;
use ikee::ext::PolicyId;
use ikee::{ikev1, ikev2};

use super::{Special, schema};

/// Which versions of IKE a connection speaks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Versions {
    /// IKEv1 only.
    V1,
    /// IKEv2 only.
    #[default]
    V2,
    /// Either as responder, IKEv2 as initiator.
    Both,
}

impl Versions {
    /// `1`, `2`, or `1+2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
            Self::Both => "1+2",
        }
    }
}

impl From<schema::Version> for Versions {
    fn from(version: schema::Version) -> Self {
        match version {
            schema::Version::Ikev1 => Self::V1,
            schema::Version::Ikev2 => Self::V2,
            schema::Version::Both => Self::Both,
        }
    }
}

/// What every part of the daemon wants to know of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outline {
    /// Its handle, the same in both cores.
    pub policy: PolicyId,
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub versions: Versions,
    /// Our address, if it is configured.
    pub local: Option<IpAddr>,
    /// The peer's address and IKE port, if they are configured.
    pub remote: Option<SocketAddr>,
    /// Who we are.
    pub local_id: String,
    /// Who the peer must be; nothing stands for anybody.
    pub remote_id: Option<String>,
    /// Its children.
    pub children: Vec<ChildOutline>,
    /// What it tells extensions.
    pub special: Special,
    /// What addresses it hands out by IKEv1; those of IKEv2 are that core's.
    pub gives: Option<ikev2::Addressing>,
}

/// What every part of the daemon wants to know of a child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildOutline {
    /// Its name.
    pub name: String,
    /// Tunnel or transport.
    pub mode: Mode,
    /// Whether the first packet opens it.
    pub trap: bool,
    /// Which traffic begins in clear, or may.
    pub discovery: Option<Rule>,
    /// What lies behind us; nothing stands for our address.
    pub local: Option<Vec<TrafficSelector>>,
    /// What lies behind the peer; nothing stands for its address.
    pub remote: Option<Vec<TrafficSelector>>,
}

impl Outline {
    /// With what is discovered for each child, and with what it tells other extensions.
    pub(super) fn telling(mut self, (rules, special): (Vec<Option<Rule>>, Special)) -> Self {
        for (child, rule) in self.children.iter_mut().zip(rules) {
            child.discovery = rule;
        }
        self.special = special;
        self
    }

    /// With the addresses that IKEv1 hands out.
    pub(super) fn giving(self, gives: Option<ikev2::Addressing>) -> Self {
        Self { gives, ..self }
    }

    pub(super) fn of_v2(connection: &ikev2::Connection, versions: Versions) -> Self {
        let remote = connection.remote;
        let id = &connection.authentication;
        Self {
            policy: connection.policy,
            name: connection.name.clone(),
            versions,
            local: connection.local,
            remote: remote.map(|it| SocketAddr::new(it.address, it.ports.ike)),
            local_id: id.local_id.to_string(),
            remote_id: id.remote_id.as_ref().map(ToString::to_string),
            children: connection
                .children
                .iter()
                .map(ChildOutline::of_v2)
                .collect(),
            special: Special::default(),
            gives: None,
        }
    }

    pub(super) fn of_v1(
        connection: &ikev1::Connection,
        versions: Versions,
        traps: &BTreeSet<(String, String)>,
    ) -> Self {
        let children = connection.children.iter();
        let trap =
            |child: &ikev1::Child| traps.contains(&(connection.name.clone(), child.name.clone()));
        let remote = connection.remote;
        let id = &connection.authentication;
        Self {
            policy: connection.policy,
            name: connection.name.clone(),
            versions,
            local: connection.local,
            remote: remote.map(|it| SocketAddr::new(it.address, it.ports.ike)),
            local_id: id.local_id.to_string(),
            remote_id: id.remote_id.as_ref().map(ToString::to_string),
            children: children
                .map(|child| ChildOutline::of_v1(child, trap(child)))
                .collect(),
            special: Special::default(),
            gives: None,
        }
    }
}

impl ChildOutline {
    fn of_v2(child: &ikev2::Child) -> Self {
        let list = |selectors: &ikev2::Selectors| match selectors {
            ikev2::Selectors::Dynamic => None,
            ikev2::Selectors::Fixed(list) => Some(list.clone()),
        };
        Self {
            name: child.name.clone(),
            mode: child.mode,
            trap: child.start == ikev2::StartAction::Trap,
            discovery: None,
            local: list(&child.local),
            remote: list(&child.remote),
        }
    }

    fn of_v1(child: &ikev1::Child, trap: bool) -> Self {
        let list = |selector: &ikev1::Selector| match selector {
            ikev1::Selector::Dynamic => None,
            ikev1::Selector::Fixed(one) => Some(vec![*one]),
        };
        Self {
            name: child.name.clone(),
            mode: child.mode,
            trap,
            discovery: None,
            local: list(&child.local),
            remote: list(&child.remote),
        }
    }
}
