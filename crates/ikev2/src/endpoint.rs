//! The door: one input in, everything that follows from it out.

use core::net::IpAddr;

use alloc::vec::Vec;

use ike_crypto::Provider;
use ike_crypto::random::SeededRandom;
use ike_endpoint::{Deadline, Table};
use ike_ext::{ChildId, Extensions, Hint, Instant, Lifecycle, PolicyId, SaId};

use crate::config::Config;
use crate::context::{Core, Cx};
use crate::cookie::CookieJar;
use crate::init;
use crate::input::Input;
use crate::misuse::{InitiateError, Misuse};
use crate::output::{CloseReason, Outbox};
use crate::sa::{State, Task};
use crate::status::SaStatus;
use crate::tasks::next_task;

mod lending;

/// An IKEv2 endpoint: any number of SAs, both roles, no IO.
///
/// Each call takes the current time and leaves what is to be done in an [`Outbox`]. Nothing that
/// arrives from the network makes a call fail.
#[derive(Debug)]
pub struct Endpoint {
    core: Core,
    extensions: Extensions,
}

impl Endpoint {
    /// An endpoint without SAs.
    ///
    /// `seed` feeds the only random generator: take it from the system in production, and a
    /// constant in a test that must replay.
    ///
    /// # Errors
    ///
    /// When the provider lacks HMAC-SHA-256, which cookies need.
    pub fn new(
        config: Config,
        provider: &'static Provider,
        extensions: Extensions,
        seed: [u8; 32],
    ) -> Result<Self, ike_crypto::Error> {
        let mut random = SeededRandom::new(seed);
        let table = Table::new(&mut random, 0)?;
        let cookies = CookieJar::new(provider, &mut random)?;
        Ok(Self {
            core: Core::new(config, provider, random, table, cookies),
            extensions,
        })
    }

    fn cx<'a>(&'a mut self, now: Instant, out: &'a mut Outbox) -> Cx<'a> {
        Cx {
            now,
            core: &mut self.core,
            extensions: &mut self.extensions,
            out,
            asked_from: None,
        }
    }

    /// Takes one input. What follows from it is in `out` on return.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, out: &mut Outbox) {
        let mut cx = self.cx(now, out);
        match input {
            Input::Datagram(datagram) => cx.receive(&datagram),
            Input::Timeout => cx.time_out(),
            Input::Trusted { sa, verdict } => cx.trusted(sa, verdict),
            Input::ChildExpired { child, hard } => cx.child_expired(child, hard),
            Input::Traffic(child, hint) => cx.traffic(child, hint),
        }
        cx.settle();
    }

    /// When [`Input::Timeout`] is next wanted. A property: read it after every call.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Deadline> {
        let sa = self
            .core
            .table
            .next()
            .and_then(|id| self.core.table.get(id));
        let own = sa.and_then(|sa| sa.deadline(self.core.liveness(sa)));
        let theirs = self.extensions.next_timeout().map(|at| (at, "extension"));
        let first = [own, theirs].into_iter().flatten().min_by_key(|it| it.0);
        first.map(|(at, reason)| Deadline { at, reason })
    }

    /// Begins a negotiation. `local` is our address where the connection names none.
    ///
    /// # Errors
    ///
    /// When the connection is unknown or cannot initiate.
    pub fn initiate(
        &mut self,
        now: Instant,
        policy: PolicyId,
        local: IpAddr,
        out: &mut Outbox,
    ) -> Result<SaId, InitiateError> {
        let index = self
            .core
            .config
            .connections
            .iter()
            .position(|it| it.policy == policy);
        let index = index.ok_or(InitiateError::NoConnection(policy))?;
        let mut cx = self.cx(now, out);
        let id = init::start(&mut cx, index, local)?;
        cx.settle();
        Ok(id)
    }

    /// Deletes an IKE SA and its children; one that is not established yet is just forgotten.
    ///
    /// # Errors
    ///
    /// When there is no such SA.
    pub fn delete(&mut self, now: Instant, sa: SaId, out: &mut Outbox) -> Result<(), Misuse> {
        let mut cx = self.cx(now, out);
        let found = cx.core.table.take(sa).ok_or(Misuse::NoSa)?;
        cx.delete(found);
        cx.settle();
        Ok(())
    }

    /// Deletes one child.
    ///
    /// # Errors
    ///
    /// When there is no such child.
    pub fn delete_child(
        &mut self,
        now: Instant,
        child: ChildId,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let id = self.core.sa_of(child).ok_or(Misuse::NoChild)?;
        self.queue(now, id, Task::DeleteChild(child, CloseReason::Local), out)
    }

    /// Asks the peer whether it lives (RFC 7296 §2.4).
    ///
    /// # Errors
    ///
    /// When the SA is unknown or not established.
    pub fn probe(&mut self, now: Instant, sa: SaId, out: &mut Outbox) -> Result<(), Misuse> {
        self.queue(now, sa, Task::Probe, out)
    }

    /// Replaces one child by one with new keys (RFC 7296 §2.8).
    ///
    /// # Errors
    ///
    /// When there is no such child, or too much is to be done already.
    pub fn rekey_child(
        &mut self,
        now: Instant,
        child: ChildId,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let id = self.core.sa_of(child).ok_or(Misuse::NoChild)?;
        self.queue(now, id, Task::RekeyChild(child), out)
    }

    /// Replaces an IKE SA by one with new keys, which inherits its children (RFC 7296 §2.8).
    ///
    /// # Errors
    ///
    /// When the SA is unknown or not established, or too much is to be done already.
    pub fn rekey(&mut self, now: Instant, sa: SaId, out: &mut Outbox) -> Result<(), Misuse> {
        self.queue(now, sa, Task::Rekey, out)
    }

    /// Replaces an IKE SA by one with new proofs of identity and its own children; the old one goes
    /// when the new one stands (RFC 7296 §2.8.3).
    ///
    /// # Errors
    ///
    /// When the SA is unknown or not established, or the connection cannot begin a negotiation.
    pub fn reauthenticate(
        &mut self,
        now: Instant,
        sa: SaId,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let found = self.core.table.get(sa).ok_or(Misuse::NoSa)?;
        let connection = self.core.connection(found.connection);
        if connection.is_none_or(|it| it.remote.is_none() || it.children.is_empty()) {
            return Err(Misuse::CannotInitiate);
        }
        self.queue(now, sa, Task::Reauthenticate, out)
    }

    /// Opens another child of the SA's connection, its `index`th (RFC 7296 §1.3.1).
    ///
    /// # Errors
    ///
    /// When the SA is unknown or not established, the connection has no such child, or too much is to
    /// be done already.
    pub fn create_child(
        &mut self,
        now: Instant,
        sa: SaId,
        index: usize,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let found = self.core.table.get(sa).ok_or(Misuse::NoSa)?;
        let connection = self.core.connection(found.connection);
        if connection.is_none_or(|it| it.children.get(index).is_none()) {
            return Err(Misuse::NoChild);
        }
        self.queue(now, sa, Task::CreateChild(index), out)
    }

    /// Takes another configuration. SAs whose connection is still there, by its
    /// [`policy`](crate::Connection::policy), stay as they are and take deadlines from it when they
    /// are rekeyed; those of others are deleted. Children are known again by their names.
    pub fn reconfigure(&mut self, now: Instant, config: Config, out: &mut Outbox) {
        let mut cx = self.cx(now, out);
        cx.reconfigure(config);
        cx.settle();
    }

    fn queue(
        &mut self,
        now: Instant,
        id: SaId,
        task: Task,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let mut cx = self.cx(now, out);
        let mut sa = cx.core.table.take(id).ok_or(Misuse::NoSa)?;
        let undecided = sa.is_undecided();
        let queued = match &mut sa.state {
            State::Established(_) if undecided => Err(Misuse::NotEstablished),
            State::Established(state) => {
                let queued = state.enqueue(task);
                if queued { Ok(()) } else { Err(Misuse::Busy) }
            }
            State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed => Err(Misuse::NotEstablished),
        };
        let sent = next_task(&mut cx, &mut sa);
        cx.conclude(sa, sent);
        cx.settle();
        queued
    }

    /// Deletes every SA. The endpoint [is idle](Self::is_idle) when the peers have answered, or
    /// will not.
    pub fn shutdown(&mut self, now: Instant, out: &mut Outbox) {
        let ids: Vec<SaId> = self.core.table.iter().map(|it| it.facts.id).collect();
        let mut cx = self.cx(now, out);
        for id in ids {
            if let Some(sa) = cx.core.table.take(id) {
                cx.delete(sa);
            }
        }
        cx.settle();
    }

    /// Takes stock after a panic in another call of this endpoint: the SA that was being served is gone for good.
    /// Its place is given back, extensions forget it, and its handle comes out. Its children are the driver's to
    /// remove: they are no longer among those of [`sas`](Self::sas). The peer is not told; it will notice.
    pub fn recover(&mut self, now: Instant, out: &mut Outbox) -> Vec<SaId> {
        let lost = self.core.table.lost();
        // places that were kept for successors of the lost go, too
        let kept = self.core.table.iter();
        let idle = kept.filter(|it| matches!(it.state, State::Prepared(of) if lost.contains(&of)));
        let idle: Vec<SaId> = idle.map(|it| it.facts.id).collect();
        for id in idle {
            self.core.table.remove(id);
        }
        self.core.actions.clear();
        for &id in &lost {
            self.core.table.remove(id);
            let mut cx = self.cx(now, out);
            cx.extensions_only(|extensions, context| {
                extensions.lifecycle(context, id, Lifecycle::Closed);
            });
        }
        self.cx(now, out).settle();
        lost
    }

    /// Whether each message is reported as [`Event::Message`](crate::Event::Message), from now on.
    pub const fn set_trace(&mut self, on: bool) {
        self.core.config.trace = on;
    }

    /// Whether no SA is left but those that merely repeat an answer.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core
            .table
            .iter()
            .all(|it| matches!(it.state, State::Lingering(_)))
    }

    /// All SAs, for a status display.
    pub fn sas(&self) -> impl Iterator<Item = SaStatus<'_>> {
        self.core
            .table
            .iter()
            .filter_map(|sa| SaStatus::of(sa, &self.core.config))
    }

    /// The extensions, to ask one by type.
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The extensions, to tell one something by type.
    pub const fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// What the endpoint was told.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.core.config
    }
}

impl Cx<'_> {
    /// The data plane says that a child has carried enough.
    fn child_expired(&mut self, child: ChildId, hard: bool) {
        let Some(sa) = self.core.sa_of(child) else {
            return;
        };
        let task = if hard {
            Task::DeleteChild(child, CloseReason::Expired)
        } else {
            Task::RekeyChild(child)
        };
        self.queue_task(sa, task);
    }

    /// The data plane has noticed something about a child, which extensions may care for.
    fn traffic(&mut self, child: ChildId, hint: Hint) {
        let Some(sa) = self.core.sa_of(child) else {
            return;
        };
        self.with(sa, |cx, sa| {
            if hint == Hint::Inbound {
                // RFC 7296 §2.4: whoever sends through a child lives
                sa.last_inbound = cx.now;
            }
            cx.lifecycle(sa, Lifecycle::Traffic(child, hint));
            Ok(())
        });
    }
}
