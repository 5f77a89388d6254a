//! The door: one input in, everything that follows from it out.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use ike_crypto::Provider;
use ike_endpoint::{Deadline, Path, Phase};
use ike_ext::{ChildId, Extensions, Hint, Instant, Lifecycle, PolicyId, SaId};

use crate::config::{Config, Connection};
use crate::context::{Core, Cx};
use crate::input::Input;
use crate::lifetime;
use crate::misuse::{InitiateError, Misuse};
use crate::output::Outbox;
use crate::sa::{Sa, State};
use crate::status::SaStatus;
use crate::{auth, informational, main_mode, quick_mode, transaction};

/// An IKEv1 endpoint: any number of SAs, both roles, no IO.
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
    /// When the provider lacks HMAC-SHA-256, by which repeated messages are known.
    pub fn new(
        config: Config,
        provider: &'static Provider,
        extensions: Extensions,
        seed: [u8; 32],
    ) -> Result<Self, ike_crypto::Error> {
        Ok(Self {
            core: Core::new(config, provider, seed)?,
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
            Input::ChildExpired { child, hard } => cx.with_child(child, |cx, sa| {
                if hard {
                    informational::delete_child(cx, sa, child);
                } else {
                    quick_mode::initiator::rekey(cx, sa, child);
                }
            }),
            Input::Traffic(child, hint) => cx.with_child(child, |cx, sa| {
                if hint == Hint::Inbound {
                    sa.last_inbound = cx.now;
                }
                cx.lifecycle(sa, Lifecycle::Traffic(child, hint));
            }),
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
        let own = sa.and_then(|sa| {
            let connection = self.core.connection(sa.connection);
            lifetime::deadline(sa, connection.and_then(|it| it.options.liveness))
        });
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
        let all = &self.core.config.connections;
        let index = all.iter().position(|it| it.policy == policy);
        let index = index.ok_or(InitiateError::NoConnection(policy))?;
        let connection = all.get(index);
        let path = connection.and_then(|it| path(it, self.core.config.ports.ike, local));
        let path = path.ok_or(InitiateError::NoRemote)?;
        let mut cx = self.cx(now, out);
        let id = main_mode::initiator::begin(&mut cx, index, path, None)?;
        cx.settle();
        Ok(id)
    }

    /// Opens another child of an SA's connection: the one with this index.
    ///
    /// # Errors
    ///
    /// When the SA is unknown or not established, or there is no such child.
    pub fn request_child(
        &mut self,
        now: Instant,
        sa: SaId,
        index: usize,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        self.on(now, sa, out, |cx, sa| {
            let connection = cx.core.connection(sa.connection);
            if connection.is_none_or(|it| index >= it.children.len()) {
                return Err(Misuse::NoChild);
            }
            quick_mode::initiator::open(cx, sa, index);
            Ok(())
        })
    }

    /// Negotiates the successor of a child.
    ///
    /// # Errors
    ///
    /// When there is no such child.
    pub fn rekey_child(
        &mut self,
        now: Instant,
        child: ChildId,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let sa = self.cx(now, out).sa_of(child).ok_or(Misuse::NoChild)?;
        self.on(now, sa, out, |cx, sa| {
            quick_mode::initiator::rekey(cx, sa, child);
            Ok(())
        })
    }

    /// Negotiates the successor of an SA; its children move there.
    ///
    /// # Errors
    ///
    /// When the SA is unknown.
    pub fn rekey(&mut self, now: Instant, sa: SaId, out: &mut Outbox) -> Result<(), Misuse> {
        if self.core.table.get(sa).is_none() {
            return Err(Misuse::NoSa);
        }
        let mut cx = self.cx(now, out);
        lifetime::rekey(&mut cx, sa);
        cx.settle();
        Ok(())
    }

    /// Answers [`Event::PeerCertificates`](crate::Event::PeerCertificates): the SubjectPublicKeyInfo, DER, of the
    /// certificate that is trusted and is for the identity, or the reason why there is none.
    ///
    /// # Errors
    ///
    /// When the SA is unknown or does not wait for that.
    pub fn trusted(
        &mut self,
        now: Instant,
        sa: SaId,
        verdict: Result<&[u8], String>,
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        let mut cx = self.cx(now, out);
        let mut found = cx.core.table.take(sa).ok_or(Misuse::NoSa)?;
        let waits = auth::awaits_trust(&found.state);
        let done = if waits {
            auth::on_trust(&mut cx, &mut found, verdict)
        } else {
            Ok(())
        };
        cx.conclude(found, done);
        cx.settle();
        if waits {
            Ok(())
        } else {
            Err(Misuse::NotAwaited)
        }
    }

    /// Answers [`Event::AddressesWanted`](crate::Event::AddressesWanted): addresses of the peer with prefix lengths; none
    /// refuse.
    ///
    /// # Errors
    ///
    /// When the SA is unknown or does not wait for that.
    pub fn assign(
        &mut self,
        now: Instant,
        sa: SaId,
        addresses: &[(IpAddr, u8)],
        out: &mut Outbox,
    ) -> Result<(), Misuse> {
        self.on(now, sa, out, |cx, sa| {
            transaction::assign(cx, sa, addresses).map_err(|_| Misuse::NotAwaited)
        })
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

    /// Deletes every SA ([MS-IKEE] §3.8.7). The endpoint [is idle](Self::is_idle) at once, unless an extension waits for the peers' answers.
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

    /// Takes another configuration. SAs whose connection is still there, by its
    /// [`policy`](crate::Connection::policy), stay as they are and take deadlines from it when they are renewed; those
    /// of others are deleted. Children are known again by their names. The first handle stays what it was.
    pub fn reconfigure(&mut self, now: Instant, config: Config, out: &mut Outbox) {
        let mut cx = self.cx(now, out);
        cx.reconfigure(config);
        cx.settle();
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
        let mut cx = self.cx(now, out);
        let sa = cx.sa_of(child).ok_or(Misuse::NoChild)?;
        cx.with(sa, |cx, sa| {
            informational::delete_child(cx, sa, child);
            Ok(())
        });
        cx.settle();
        Ok(())
    }

    /// Asks the peer whether it lives (RFC 3706 §5.3); `false` if it has not said that it answers.
    ///
    /// # Errors
    ///
    /// When the SA is unknown or not established.
    pub fn probe(&mut self, now: Instant, sa: SaId, out: &mut Outbox) -> Result<bool, Misuse> {
        self.on(now, sa, out, |cx, sa| {
            informational::probe(cx, sa).map_err(|_| Misuse::NotEstablished)
        })
    }

    /// Runs a step on an established SA.
    fn on<R>(
        &mut self,
        now: Instant,
        id: SaId,
        out: &mut Outbox,
        step: impl FnOnce(&mut Cx<'_>, &mut Sa) -> Result<R, Misuse>,
    ) -> Result<R, Misuse> {
        let mut cx = self.cx(now, out);
        let mut sa = cx.core.table.take(id).ok_or(Misuse::NoSa)?;
        let done = if matches!(sa.state, State::Established(_)) {
            step(&mut cx, &mut sa)
        } else {
            Err(Misuse::NotEstablished)
        };
        cx.keep(sa);
        cx.settle();
        done
    }

    /// Gives back the SAs that a panic in an earlier call has taken with it; which they are.
    pub fn recover(&mut self, now: Instant, out: &mut Outbox) -> Vec<SaId> {
        let lost = self.core.table.lost();
        self.core.actions.clear();
        for &id in &lost {
            self.core.table.remove(id);
            self.cx(now, out).ask(None, |extensions, context| {
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

    /// Whether no SA is left but those that merely wait to be forgotten.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core
            .table
            .iter()
            .all(|it| it.facts.phase == Phase::Over && it.children.is_empty())
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

/// Where a connection's first message goes; `None` if it has no peer address.
pub(crate) fn path(connection: &Connection, port: u16, local: IpAddr) -> Option<Path> {
    let remote = connection.remote?;
    Some(Path {
        local: SocketAddr::new(connection.local.unwrap_or(local), port),
        remote: SocketAddr::new(remote.address, remote.ports.ike),
        marker: false,
    })
}
