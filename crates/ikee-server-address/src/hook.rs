use alloc::vec::Vec;

use ike_ext::{Action, Attributes, Context, Extension, Host, Lifecycle, SaId, SaTable};
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

use crate::machine::{Addresses, Families, Query};

/// Asks for the server's internal addresses, as a client, and tells them, as a server.
///
/// No vendor ID announces it ([MS-IKEE] §3.1.5). The releases of Windows before 7 and
/// Server 2008 R2 neither ask nor answer ([MS-IKEE] note 30): to be like them, leave it out.
#[derive(Debug, Default)]
pub struct ServerAddress {
    families: Option<Families>,
    own: Addresses,
    queries: SaTable<Query>,
}

impl ServerAddress {
    /// Neither asks nor answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks, where this side sends a CFG_REQUEST, for the addresses of the families that it
    /// supports ([MS-IKEE] §3.11.1).
    #[must_use]
    pub const fn asking(mut self, families: Families) -> Self {
        self.families = Some(families);
        self
    }

    /// Answers with these addresses, where the peer asks ([MS-IKEE] §3.11.5.1).
    #[must_use]
    pub const fn answering(mut self, own: Addresses) -> Self {
        self.own = own;
        self
    }

    /// What the server at the other end of an SA has told. The core nudges the application when
    /// there is news ([`Action::Nudge`]).
    #[must_use]
    pub fn addresses(&self, sa: SaId) -> Option<Addresses> {
        self.queries
            .get(sa)
            .map(Query::learned)
            .filter(|learned| !learned.is_empty())
    }

    /// Whether no SA is left over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queries.is_empty()
    }
}

impl Extension for ServerAddress {
    fn name(&self) -> &'static str {
        "server-address"
    }

    fn on_lifecycle(&mut self, _: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        self.queries.follow(sa, what);
    }

    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        Some(self)
    }
}

impl Attributes for ServerAddress {
    // [MS-IKEE] §3.11: the client asks in the CFG_REQUEST of IKE_AUTH.
    fn request(&mut self, _: &dyn Host, sa: SaId, out: &mut Vec<OwnedCfgAttr>) {
        if let Some(families) = self.families {
            out.extend(self.queries.row(sa).ask(families));
        }
    }

    // [MS-IKEE] §3.11.5.1: what it has, of what was asked; nothing that goes wrong is an error.
    fn reply(&mut self, _: &dyn Host, _: SaId, asked: CfgAttribute, out: &mut Vec<OwnedCfgAttr>) {
        let known = |answer: &OwnedCfgAttr| out.iter().any(|it| it.kind == answer.kind);
        let answer = self.own.answer(asked).filter(|answer| !known(answer));
        out.extend(answer);
    }

    // [MS-IKEE] §3.11.5.2: kept for whoever wants to reach the server inside the tunnel.
    fn learned(&mut self, cx: &mut Context<'_>, sa: SaId, kind: CfgAttribute, value: &[u8]) {
        let query = self.queries.get_mut(sa);
        if query.is_some_and(|query| query.learn(kind, value)) {
            cx.push(Action::Nudge(sa));
        }
    }
}
