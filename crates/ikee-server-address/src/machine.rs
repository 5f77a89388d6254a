//! Asking and answering, with no idea of SAs or the core ([MS-IKEE] §3.11).

use core::net::{Ipv4Addr, Ipv6Addr};

use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

use crate::wire::{V4, V6, parse_v4, parse_v6};

/// The internal addresses of a server ([MS-IKEE] §3.11.1).
///
/// ```
/// use ikee_server_address::Addresses;
/// use isakmp_wire::v2::CfgAttribute;
///
/// let server = Addresses::default().with_v4([10, 0, 0, 1].into());
/// let answer = server.answer(CfgAttribute::INTERNAL_IP4_SERVER).unwrap();
/// assert_eq!(answer.value, [10, 0, 0, 1]);
/// assert_eq!(server.answer(CfgAttribute::INTERNAL_IP6_SERVER), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct Addresses {
    /// The IPv4 address.
    pub v4: Option<Ipv4Addr>,
    /// The IPv6 address.
    pub v6: Option<Ipv6Addr>,
}

impl Addresses {
    /// With an IPv4 address.
    #[must_use]
    pub const fn with_v4(mut self, address: Ipv4Addr) -> Self {
        self.v4 = Some(address);
        self
    }

    /// With an IPv6 address.
    #[must_use]
    pub const fn with_v6(mut self, address: Ipv6Addr) -> Self {
        self.v6 = Some(address);
        self
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }

    /// The server's answer to one attribute of a request: the address of that family, if there is
    /// one ([MS-IKEE] §3.11.5.1).
    #[must_use]
    pub fn answer(&self, asked: CfgAttribute) -> Option<OwnedCfgAttr> {
        match asked {
            V4 => self.v4.map(|it| OwnedCfgAttr::new(V4, it.octets())),
            V6 => self.v6.map(|it| OwnedCfgAttr::new(V6, it.octets())),
            _ => None,
        }
    }
}

/// The address families that a client supports inside the tunnel.
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

/// A client's question, and what it has learned so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Query {
    asked: Option<Families>,
    learned: Addresses,
}

impl Query {
    /// The attributes to ask with, empty, one for each family ([MS-IKEE] §3.11.1).
    pub fn ask(&mut self, families: Families) -> impl Iterator<Item = OwnedCfgAttr> {
        self.asked = Some(families);
        let kinds: &[CfgAttribute] = match families {
            Families::V4 => &[V4],
            Families::V6 => &[V6],
            Families::Both => &[V4, V6],
        };
        kinds.iter().map(|kind| OwnedCfgAttr::new(*kind, []))
    }

    /// Takes one attribute of the reply; whether it told something new.
    ///
    /// What was not asked for is ignored, and so is a value of the wrong length: the SA does not
    /// depend on it ([MS-IKEE] §3.11.5.2). An empty value says that there is no address.
    pub fn learn(&mut self, kind: CfgAttribute, value: &[u8]) -> bool {
        let before = self.learned;
        match (kind, self.asked) {
            (V4, Some(Families::V4 | Families::Both)) => {
                self.learned.v4 = parse_v4(value).or(before.v4);
            }
            (V6, Some(Families::V6 | Families::Both)) => {
                self.learned.v6 = parse_v6(value).or(before.v6);
            }
            _ => {}
        }
        self.learned != before
    }

    /// What the server has told.
    #[must_use]
    pub const fn learned(&self) -> Addresses {
        self.learned
    }
}
