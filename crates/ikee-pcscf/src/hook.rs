use alloc::vec::Vec;
use core::net::IpAddr;

use ike_ext::{Action, Attributes, Context, Extension, Host, Lifecycle, SaId, SaTable};
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

use crate::machine::{Addresses, Families, Query};

/// Asks for the addresses of P-CSCFs, as a client, and tells them, as a server.
#[derive(Debug, Default)]
pub struct Pcscf {
    families: Option<Families>,
    own: Addresses,
    queries: SaTable<Query>,
}

impl Pcscf {
    /// Neither asks nor answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks, where this side sends a CFG_REQUEST, for addresses of these families.
    #[must_use]
    pub const fn asking(mut self, families: Families) -> Self {
        self.families = Some(families);
        self
    }

    /// Answers with these addresses, where the peer asks.
    #[must_use]
    pub fn answering(mut self, own: Addresses) -> Self {
        self.own = own;
        self
    }

    /// What the server at the other end of an SA has told, in its order. The core nudges the
    /// application when there is news ([`Action::Nudge`]).
    #[must_use]
    pub fn addresses(&self, sa: SaId) -> &[IpAddr] {
        self.queries.get(sa).map_or(&[], Query::learned)
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queries.is_empty()
    }
}

impl Extension for Pcscf {
    fn name(&self) -> &'static str {
        "pcscf"
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        self.queries.follow(sa, what);
    }

    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        Some(self)
    }
}

impl Attributes for Pcscf {
    fn request(&mut self, _: &dyn Host, sa: SaId, out: &mut Vec<OwnedCfgAttr>) {
        if let Some(families) = self.families {
            out.extend(self.queries.row(sa).ask(families));
        }
    }

    // a client that asks twice is told once
    fn reply(&mut self, _: &dyn Host, _: SaId, asked: CfgAttribute, out: &mut Vec<OwnedCfgAttr>) {
        for answer in self.own.answer(asked) {
            if !out.contains(&answer) {
                out.push(answer);
            }
        }
    }

    // [MS-IKEE] §3.16.1: kept, in order
    fn learned(&mut self, cx: &mut Context<'_>, sa: SaId, kind: CfgAttribute, value: &[u8]) {
        let query = self.queries.get_mut(sa);
        if query.is_some_and(|query| query.learn(kind, value)) {
            cx.push(Action::Nudge(sa));
        }
    }
}
