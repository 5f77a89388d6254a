//! Asking and answering, with no idea of SAs or the core ([MS-IKEE] §3.16, RFC 7651).

use alloc::vec::Vec;
use core::net::IpAddr;

use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

use crate::wire::{V4, V6, attribute, read};

/// A client keeps no more addresses than this.
pub const MAX_ADDRESSES: usize = 16;

/// The proxies that a server names, best first.
///
/// ```
/// use ikee_pcscf::Addresses;
/// use isakmp_wire::v2::CfgAttribute;
///
/// let proxies = Addresses::new([[10, 0, 0, 1].into(), [10, 0, 0, 2].into()]);
/// assert_eq!(proxies.answer(CfgAttribute::P_CSCF_IP4_ADDRESS).count(), 2);
/// assert_eq!(proxies.answer(CfgAttribute::P_CSCF_IP6_ADDRESS).count(), 0);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Addresses(Vec<IpAddr>);

impl Addresses {
    /// These, in this order; only the first 16 are told.
    #[must_use]
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(addresses.into_iter().take(MAX_ADDRESSES).collect())
    }

    /// The server's answer to one attribute of a request: every address of that family, each in
    /// an attribute of its own (RFC 7651 §4).
    pub fn answer(&self, asked: CfgAttribute) -> impl Iterator<Item = OwnedCfgAttr> {
        let all = self.0.iter().copied().map(attribute);
        all.filter(move |it| it.kind == asked)
    }
}

/// The address families that a client can reach a proxy by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "IP has two versions")]
pub enum Families {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Both.
    Both,
}

impl Families {
    const fn kinds(self) -> &'static [CfgAttribute] {
        match self {
            Self::V4 => &[V4],
            Self::V6 => &[V6],
            Self::Both => &[V4, V6],
        }
    }
}

/// A client's question, and what it has learned so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    asked: Option<Families>,
    learned: Vec<IpAddr>,
}

impl Query {
    /// The attributes to ask with, empty, one for each family (RFC 7651 §4).
    pub fn ask(&mut self, families: Families) -> impl Iterator<Item = OwnedCfgAttr> {
        self.asked = Some(families);
        let kinds = families.kinds().iter();
        kinds.map(|kind| OwnedCfgAttr::new(*kind, []))
    }

    /// Takes one attribute of the reply; whether it told something new. What was not asked for,
    /// or has the wrong length, is ignored.
    pub fn learn(&mut self, kind: CfgAttribute, value: &[u8]) -> bool {
        let asked = self.asked.is_some_and(|it| it.kinds().contains(&kind));
        let new = read(kind, value).filter(|it| asked && !self.learned.contains(it));
        let new = new.filter(|_| self.learned.len() < MAX_ADDRESSES);
        self.learned.extend(new);
        new.is_some()
    }

    /// What the server has told, in its order ([MS-IKEE] §3.16.1).
    #[must_use]
    pub fn learned(&self) -> &[IpAddr] {
        &self.learned
    }
}
