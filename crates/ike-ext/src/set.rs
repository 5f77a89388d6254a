use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;

use ipsec_doi::encapsulation::NatRevision;
use isakmp_wire::v1::AuthMethod;
use isakmp_wire::v2::{CfgAttribute, OwnedCfgAttr};

use crate::action::{Action, Lifecycle, Verdict};
use crate::context::{Context, Host};
use crate::extension::Extension;
use crate::facet::{
    Admission, Attributes, Chunk, Conclusion, Credential, Evidence, Gather, Join, Policy, Trust,
};
use crate::handle::{PolicyId, SaId};
use crate::message::{Draft, Foreign, Inbound, Sent, Stage};
use crate::table::SaTable;
use crate::time::Instant;

/// The extensions of one endpoint, in order; the only thing a core knows about any of them.
///
/// The rules for when several have an opinion live here and nowhere else, and so does the rule
/// that privilege follows protection: what an extension asks for while it handles a message that
/// is not authenticated is refused where [`Action::needs_protection`] says so.
#[derive(Debug, Default)]
pub struct Extensions {
    list: Vec<Box<dyn Extension>>,
    recomposed: SaTable<u8>,
}

impl Extensions {
    /// How often unauthenticated messages may make the core compose a message of one SA anew.
    pub const RECOMPOSE_LIMIT: u8 = 4;

    /// No extensions: a plain core.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            list: Vec::new(),
            recomposed: SaTable::new(),
        }
    }

    /// Adds one, after those already there; one of the same name is replaced, in its place.
    #[must_use]
    pub fn with(mut self, extension: impl Extension) -> Self {
        let name = extension.name();
        let extension: Box<dyn Extension> = Box::new(extension);
        match self.list.iter_mut().find(|ext| ext.name() == name) {
            Some(old) => *old = extension,
            None => self.list.push(extension),
        }
        self
    }

    /// An extension by type.
    #[must_use]
    pub fn get<E: Extension>(&self) -> Option<&E> {
        self.list.iter().find_map(|ext| {
            let any: &dyn Any = ext.as_ref();
            any.downcast_ref()
        })
    }

    /// An extension by type, for the application to ask it something.
    pub fn get_mut<E: Extension>(&mut self) -> Option<&mut E> {
        self.list.iter_mut().find_map(|ext| {
            let any: &mut dyn Any = ext.as_mut();
            any.downcast_mut()
        })
    }

    /// The names of all, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.list.iter().map(|ext| ext.name())
    }

    /// Everyone contributes, in order.
    pub fn outgoing(&mut self, cx: &mut Context<'_>, sa: SaId, draft: &mut Draft<'_>) {
        for ext in &mut self.list {
            ext.on_outgoing(cx, sa, draft);
        }
    }

    /// Everyone sees the message until someone objects.
    pub fn incoming(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Verdict {
        let mark = cx.mark();
        let all = self.list.iter_mut();
        let verdict = decided(Verdict::Continue, all.map(|it| it.on_incoming(cx, sa, msg)));
        if !msg.protected {
            self.review(cx, mark);
        }
        verdict
    }

    /// Everyone hears of a message that is not of IKE; nothing that needs protection follows.
    pub fn foreign(&mut self, cx: &mut Context<'_>, foreign: &Foreign) {
        let mark = cx.mark();
        for ext in &mut self.list {
            ext.on_foreign(cx, foreign);
        }
        self.review(cx, mark);
    }

    /// Everyone hears about it.
    pub fn lifecycle(&mut self, cx: &mut Context<'_>, sa: SaId, what: Lifecycle) {
        for ext in &mut self.list {
            ext.on_lifecycle(cx, sa, what);
        }
        if what == Lifecycle::Closed {
            self.recomposed.remove(sa);
        }
    }

    /// Wakes those who are due.
    pub fn timeout(&mut self, cx: &mut Context<'_>) {
        let now = cx.now();
        for ext in &mut self.list {
            if ext.next_timeout().is_some_and(|at| at <= now) {
                ext.on_timeout(cx);
            }
        }
    }

    /// The earliest deadline of any.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.list.iter().filter_map(|ext| ext.next_timeout()).min()
    }

    /// The first gate that does not simply admit decides.
    pub fn admit(&mut self, cx: &mut Context<'_>, first: &Inbound<'_>) -> Admission {
        let mark = cx.mark();
        let all = self.list.iter_mut().filter_map(|ext| ext.gate());
        let admission = decided(Admission::Admit, all.map(|it| it.admit(cx, first)));
        self.review(cx, mark);
        admission
    }

    /// The first framing that splits the message decides; empty to send it whole.
    pub fn split(&mut self, cx: &mut Context<'_>, sa: SaId, sent: &Sent<'_>) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        let mut all = self.list.iter_mut().filter_map(|ext| ext.framing());
        all.any(|it| {
            it.split(cx, sa, sent, &mut out);
            !out.is_empty()
        });
        out
    }

    /// The first framing that recognises the datagram decides.
    pub fn join(&mut self, cx: &mut Context<'_>, sa: SaId, msg: &Inbound<'_>) -> Join {
        let mark = cx.mark();
        let all = self.list.iter_mut().filter_map(|ext| ext.framing());
        let join = decided(Join::NotMine, all.map(|it| it.join(cx, sa, msg)));
        self.review(cx, mark);
        join
    }

    /// The smallest packet size beyond which to fragment, in octets of a whole IP packet.
    pub fn chunk_limit(&mut self, host: &dyn Host, sa: SaId) -> Option<usize> {
        let all = self.list.iter_mut().filter_map(|ext| ext.chunking());
        all.filter_map(|it| it.limit(host, sa)).min()
    }

    /// The first that chunks takes the fragment; `None` if nobody does.
    pub fn collect(&mut self, cx: &mut Context<'_>, sa: SaId, chunk: &Chunk<'_>) -> Option<Gather> {
        let first = self.list.iter_mut().find_map(|ext| ext.chunking());
        first.map(|it| it.collect(cx, sa, chunk))
    }

    /// Whether all agree to the policy.
    #[must_use]
    pub fn permits(&self, sa: SaId, candidate: PolicyId) -> bool {
        self.policies().all(|it| it.permits(sa, candidate))
    }

    /// Whether all agree that the peer may have what its request asks for.
    #[must_use]
    pub fn grants(&self, host: &dyn Host, sa: SaId) -> bool {
        self.policies().all(|it| it.grants(host, sa))
    }

    /// The smallest retry limit.
    #[must_use]
    pub fn retry_limit(&self, sa: SaId, stage: Stage) -> Option<u8> {
        let all = self.policies();
        all.filter_map(|it| it.retry_limit(sa, stage)).min()
    }

    /// The smallest idle limit.
    #[must_use]
    pub fn idle_limit(&self, sa: SaId) -> Option<Duration> {
        self.policies().filter_map(|it| it.idle_limit(sa)).min()
    }

    /// The hash prefix of whoever expects that message; empty if nobody does.
    #[must_use]
    pub fn hash_prefix(&self, sa: SaId, message_id: u32) -> &[u8] {
        let found = self
            .policies()
            .find_map(|it| it.hash_prefix(sa, message_id));
        found.unwrap_or_default()
    }

    /// The first that declines decides.
    #[must_use]
    pub fn conclusion(&self, sa: SaId) -> Conclusion {
        decided(
            Conclusion::Accept,
            self.policies().map(|it| it.conclusion(sa)),
        )
    }

    /// The first NAT traversal revision named.
    #[must_use]
    pub fn encapsulation(&self, sa: SaId) -> Option<NatRevision> {
        self.policies().find_map(|it| it.encapsulation(sa))
    }

    /// The authentication methods that extensions bring, in order.
    pub fn auth_methods(&mut self) -> impl Iterator<Item = AuthMethod> {
        self.credentials().map(|it| it.method())
    }

    /// Whoever brings `method`.
    pub fn credential(&mut self, method: AuthMethod) -> Option<&mut dyn Credential> {
        self.credentials().find(|it| it.method() == method)
    }

    /// The first credential that has something to say about the peer decides.
    pub fn trust(&mut self, cx: &mut Context<'_>, sa: SaId, peer: &Evidence<'_>) -> Trust {
        decided(
            Trust::NotMine,
            self.credentials().map(|it| it.trust(cx, sa, peer)),
        )
    }

    /// Everyone asks for attributes, in order.
    pub fn request_attributes(&mut self, host: &dyn Host, sa: SaId, out: &mut Vec<OwnedCfgAttr>) {
        for attributes in self.attributes() {
            attributes.request(host, sa, out);
        }
    }

    /// Everyone answers to an attribute, in order.
    pub fn reply_attributes(
        &mut self,
        host: &dyn Host,
        sa: SaId,
        asked: CfgAttribute,
        out: &mut Vec<OwnedCfgAttr>,
    ) {
        for attributes in self.attributes() {
            attributes.reply(host, sa, asked, out);
        }
    }

    /// Everyone hears of an attribute, in order.
    pub fn learned_attribute(
        &mut self,
        cx: &mut Context<'_>,
        sa: SaId,
        kind: CfgAttribute,
        value: &[u8],
    ) {
        for attributes in self.attributes() {
            attributes.learned(cx, sa, kind, value);
        }
    }

    fn credentials(&mut self) -> impl Iterator<Item = &mut dyn Credential> {
        self.list.iter_mut().filter_map(|ext| ext.credential())
    }

    fn attributes(&mut self) -> impl Iterator<Item = &mut dyn Attributes> {
        self.list.iter_mut().filter_map(|ext| ext.attributes())
    }

    fn policies(&self) -> impl Iterator<Item = &dyn Policy> {
        self.list.iter().filter_map(|ext| ext.policy())
    }

    /// Takes back what an unauthenticated message must not lead to.
    fn review(&mut self, cx: &mut Context<'_>, mark: usize) {
        cx.review(mark, |action| {
            if let Action::Recompose(sa) = action {
                let count = self.recomposed.row(*sa);
                let allowed = *count < Self::RECOMPOSE_LIMIT;
                *count = count.saturating_add(1);
                return allowed;
            }
            !action.needs_protection()
        });
    }
}

/// The first answer that is not the neutral one.
fn decided<T: PartialEq>(neutral: T, mut answers: impl Iterator<Item = T>) -> T {
    answers.find(|it| *it != neutral).unwrap_or(neutral)
}
