use core::any::Any;
use core::fmt;

use crate::action::{Lifecycle, Verdict};
use crate::context::Context;
use crate::facet::{Attributes, Chunking, Credential, Framing, Gate, Policy};
use crate::handle::SaId;
use crate::message::{Draft, Foreign, Inbound};
use crate::time::Instant;

/// Something that rides on the IKE SAs of an endpoint.
///
/// One value serves the whole endpoint. It keeps its own state per SA, in a
/// [`SaTable`](crate::SaTable), and its own policy flags, keyed by
/// [`PolicyId`](crate::PolicyId). Every method has a default, so an extension states only what
/// it changes.
pub trait Extension: Any + Send + fmt::Debug {
    /// A short name for logs and events; one endpoint has one extension of a name.
    fn name(&self) -> &'static str;

    /// A message is about to be encoded: contribute vendor IDs, notifies and private payloads.
    fn on_outgoing(&mut self, _cx: &mut Context<'_>, _sa: SaId, _draft: &mut Draft<'_>) {}

    /// A message has arrived and been decrypted, and the core has not acted on it yet.
    fn on_incoming(&mut self, _cx: &mut Context<'_>, _sa: SaId, _msg: &Inbound<'_>) -> Verdict {
        Verdict::Continue
    }

    /// A message of another keying protocol has arrived, which the core is about to drop.
    fn on_foreign(&mut self, _cx: &mut Context<'_>, _foreign: &Foreign) {}

    /// Something happened to an SA.
    fn on_lifecycle(&mut self, _cx: &mut Context<'_>, _sa: SaId, _what: Lifecycle) {}

    /// Whatever is due at `cx.now()` is due.
    fn on_timeout(&mut self, _cx: &mut Context<'_>) {}

    /// When [`on_timeout`](Self::on_timeout) is next wanted.
    fn next_timeout(&self) -> Option<Instant> {
        None
    }

    /// The part that guards the door before there is an SA.
    fn gate(&mut self) -> Option<&mut dyn Gate> {
        None
    }

    /// The part that works on whole datagrams.
    fn framing(&mut self) -> Option<&mut dyn Framing> {
        None
    }

    /// The part that bends the core's decisions.
    fn policy(&self) -> Option<&dyn Policy> {
        None
    }

    /// The part that fragments before encryption.
    fn chunking(&mut self) -> Option<&mut dyn Chunking> {
        None
    }

    /// The part that is an authentication method.
    fn credential(&mut self) -> Option<&mut dyn Credential> {
        None
    }

    /// The part that has configuration attributes.
    fn attributes(&mut self) -> Option<&mut dyn Attributes> {
        None
    }
}
