//! An endpoint of either version, behind one face.

use core::net::{IpAddr, SocketAddr};

use ikee::crypto::Provider;
use ikee::doi::Identity;
use ikee::endpoint::{Datagram, Transmit};
use ikee::ext::{ChildId, Extensions, Hint, Instant, PolicyId, SaId};
use ikee::{ikev1, ikev2};
use ikee_daemon::child::ChildSa;
use ikee_daemon::keylog::Keys;
use ikee_daemon::provider::seed;

use super::world::DemoError;

/// An endpoint, and where it puts what follows from a call.
#[derive(Debug)]
pub(super) enum Core {
    V1(Box<ikev1::Endpoint>, ikev1::Outbox),
    V2(Box<ikev2::Endpoint>, ikev2::Outbox),
}

/// Something for whoever drives an endpoint.
#[derive(Debug)]
pub(super) enum Effect {
    Transmit(Transmit),
    Install(Box<ChildSa>),
    Remove(ChildId),
    Established(Box<Established>),
    /// A negotiation, or a child, came to nothing.
    Failed(String),
    /// A datagram led to nothing.
    Dropped(String),
    /// An SA is gone; whether because the peer was silent.
    Closed {
        silent: bool,
    },
    Keys(KeyLog),
    /// A message was sent.
    Sent(Message),
}

/// Keys, for the tables.
#[derive(Debug)]
pub(super) enum KeyLog {
    V1(Box<ikev1::KeyLog>),
    V2(Box<ikev2::KeyLog>),
}

impl KeyLog {
    pub(super) fn keys(&self) -> Keys<'_> {
        match self {
            Self::V1(it) => Keys::V1(it),
            Self::V2(it) => Keys::V2(it),
        }
    }
}

/// A message that was sent.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) exchange: String,
    /// `request` or `response`; in IKEv1 `message`.
    pub(super) kind: &'static str,
    /// Which message of its exchange, in IKEv1.
    pub(super) number: Option<u8>,
    pub(super) message_id: u32,
    pub(super) payloads: Vec<String>,
    pub(super) octets: usize,
    pub(super) datagrams: usize,
}

/// An authenticated SA.
#[derive(Clone, Debug)]
pub(super) struct Established {
    pub(super) sa: SaId,
    pub(super) policy: PolicyId,
    pub(super) suite: String,
    /// The initiator's first.
    pub(super) spis: (String, String),
    pub(super) remote_id: Identity,
    /// The authentication method's number, in IKEv1.
    pub(super) method: Option<ikee::wire::v1::AuthMethod>,
}

impl Core {
    pub(super) fn v1(
        config: ikev1::Config,
        provider: &'static Provider,
        extensions: Extensions,
    ) -> Result<Self, DemoError> {
        let seed = seed().map_err(|_| DemoError::Crypto)?;
        let endpoint = ikev1::Endpoint::new(config, provider, extensions, seed);
        let endpoint = endpoint.map_err(|_| DemoError::Crypto)?;
        Ok(Self::V1(Box::new(endpoint), ikev1::Outbox::new()))
    }

    pub(super) fn v2(
        config: ikev2::Config,
        provider: &'static Provider,
        extensions: Extensions,
    ) -> Result<Self, DemoError> {
        let seed = seed().map_err(|_| DemoError::Crypto)?;
        let endpoint = ikev2::Endpoint::new(config, provider, extensions, seed);
        let endpoint = endpoint.map_err(|_| DemoError::Crypto)?;
        Ok(Self::V2(Box::new(endpoint), ikev2::Outbox::new()))
    }

    /// An IKE message; `marker` says whether a non-ESP marker stood before it.
    pub(super) fn datagram(
        &mut self,
        now: Instant,
        ends: (SocketAddr, SocketAddr),
        marker: bool,
        bytes: &[u8],
    ) {
        let (local, remote) = ends;
        let datagram = Datagram {
            local,
            remote,
            marker,
            bytes,
        };
        match self {
            Self::V1(endpoint, out) => {
                endpoint.handle(now, ikev1::Input::Datagram(datagram), out);
            }
            Self::V2(endpoint, out) => {
                endpoint.handle(now, ikev2::Input::Datagram(datagram), out);
            }
        }
    }

    pub(super) fn time_out(&mut self, now: Instant) {
        match self {
            Self::V1(endpoint, out) => endpoint.handle(now, ikev1::Input::Timeout, out),
            Self::V2(endpoint, out) => endpoint.handle(now, ikev2::Input::Timeout, out),
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        match self {
            Self::V1(endpoint, _) => endpoint.next_timeout().map(|it| it.at),
            Self::V2(endpoint, _) => endpoint.next_timeout().map(|it| it.at),
        }
    }

    /// What the data plane would say of a child's traffic.
    pub(super) fn hint(&mut self, now: Instant, child: ChildId, hint: Hint) {
        match self {
            Self::V1(endpoint, out) => {
                endpoint.handle(now, ikev1::Input::Traffic(child, hint), out);
            }
            Self::V2(endpoint, out) => {
                endpoint.handle(now, ikev2::Input::Traffic(child, hint), out);
            }
        }
    }

    pub(super) fn initiate(
        &mut self,
        now: Instant,
        policy: PolicyId,
        local: IpAddr,
    ) -> Result<SaId, DemoError> {
        let begun = match self {
            Self::V1(endpoint, out) => endpoint
                .initiate(now, policy, local, out)
                .map_err(|it| it.to_string()),
            Self::V2(endpoint, out) => endpoint
                .initiate(now, policy, local, out)
                .map_err(|it| it.to_string()),
        };
        begun.map_err(DemoError::Initiate)
    }

    /// Opens the connection's child with this index.
    pub(super) fn open(&mut self, now: Instant, sa: SaId, index: usize) -> Result<(), DemoError> {
        let begun = match self {
            Self::V1(endpoint, out) => endpoint
                .request_child(now, sa, index, out)
                .map_err(|it| it.to_string()),
            Self::V2(endpoint, out) => endpoint
                .create_child(now, sa, index, out)
                .map_err(|it| it.to_string()),
        };
        begun.map_err(DemoError::Initiate)
    }

    pub(super) fn shutdown(&mut self, now: Instant) {
        match self {
            Self::V1(endpoint, out) => endpoint.shutdown(now, out),
            Self::V2(endpoint, out) => endpoint.shutdown(now, out),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        match self {
            Self::V1(endpoint, _) => endpoint.is_idle(),
            Self::V2(endpoint, _) => endpoint.is_idle(),
        }
    }

    /// How many SAs there are, finished or not.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::V1(endpoint, _) => endpoint.sas().count(),
            Self::V2(endpoint, _) => endpoint.sas().count(),
        }
    }

    pub(super) fn has(&self, sa: SaId) -> bool {
        match self {
            Self::V1(endpoint, _) => endpoint.sas().any(|it| it.sa == sa),
            Self::V2(endpoint, _) => endpoint.sas().any(|it| it.sa == sa),
        }
    }

    /// The vendor IDs that the peer of an SA has sent, in order.
    pub(super) fn peer_vendor_ids(&self, sa: SaId) -> Vec<Vec<u8>> {
        match self {
            Self::V1(endpoint, _) => {
                let of = endpoint.sas().find(|it| it.sa == sa);
                of.map_or_else(Vec::new, |it| it.vendor_ids.to_vec())
            }
            Self::V2(endpoint, _) => {
                let of = endpoint.sas().find(|it| it.sa == sa);
                of.map_or_else(Vec::new, |it| it.vendor_ids.to_vec())
            }
        }
    }

    pub(super) fn extensions(&self) -> &Extensions {
        match self {
            Self::V1(endpoint, _) => endpoint.extensions(),
            Self::V2(endpoint, _) => endpoint.extensions(),
        }
    }

    pub(super) fn extensions_mut(&mut self) -> &mut Extensions {
        match self {
            Self::V1(endpoint, _) => endpoint.extensions_mut(),
            Self::V2(endpoint, _) => endpoint.extensions_mut(),
        }
    }

    /// What is to be done, in order.
    pub(super) fn effects(&mut self) -> Vec<Effect> {
        match self {
            Self::V1(_, out) => out.drain().filter_map(of_v1).collect(),
            Self::V2(_, out) => out.drain().filter_map(of_v2).collect(),
        }
    }
}

fn of_v1(output: ikev1::Output) -> Option<Effect> {
    use ikev1::{CloseReason, Event, Output};
    Some(match output {
        Output::Transmit(it) => Effect::Transmit(it),
        Output::InstallChild(child) => Effect::Install(Box::new((*child).into())),
        Output::DeleteChild(child) => Effect::Remove(child),
        // nothing moves in the demo
        Output::UpdateChild(_) => return None,
        Output::Event(Event::Established(it)) => Effect::Established(Box::new(Established {
            sa: it.sa,
            policy: it.policy,
            suite: it.suite.to_string(),
            spis: (it.spis.0.to_string(), it.spis.1.to_string()),
            remote_id: it.remote_id,
            method: Some(it.method),
        })),
        Output::Event(
            Event::Failed { failure, .. }
            | Event::ChildFailed { failure, .. }
            | Event::Refused { failure, .. },
        ) => Effect::Failed(failure.to_string()),
        Output::Event(Event::Dropped { reason, .. }) => Effect::Dropped(reason.to_string()),
        Output::Event(Event::Closed { reason, .. }) => Effect::Closed {
            silent: reason == CloseReason::Silent,
        },
        Output::Event(Event::KeyLog(keys)) => Effect::Keys(KeyLog::V1(keys)),
        Output::Event(Event::Message(it)) if it.outbound => Effect::Sent(Message {
            exchange: it.exchange.to_string().replace(" (v1)", ""),
            kind: "message",
            number: Some(it.number),
            message_id: it.message_id,
            payloads: it.payloads.iter().map(ToString::to_string).collect(),
            octets: it.octets,
            datagrams: 1,
        }),
        Output::Event(_) => return None,
    })
}

fn of_v2(output: ikev2::Output) -> Option<Effect> {
    use ikev2::{CloseReason, Event, Output};
    Some(match output {
        Output::Transmit(it) => Effect::Transmit(it),
        Output::InstallChild(child) => Effect::Install(Box::new((*child).into())),
        Output::DeleteChild(child) => Effect::Remove(child),
        // nothing is rekeyed or moves in the demo
        Output::UpdateChild(_) | Output::UseChild(_) => return None,
        Output::Event(Event::Established(it)) => Effect::Established(Box::new(Established {
            sa: it.sa,
            policy: it.policy,
            suite: it.suite.to_string(),
            spis: (it.spis.0.to_string(), it.spis.1.to_string()),
            remote_id: it.remote_id,
            method: None,
        })),
        Output::Event(
            Event::Failed { failure, .. }
            | Event::ChildFailed { failure, .. }
            | Event::Refused { failure, .. },
        ) => Effect::Failed(failure.to_string()),
        Output::Event(Event::Dropped { reason, .. }) => Effect::Dropped(reason.to_string()),
        Output::Event(Event::Closed { reason, .. }) => Effect::Closed {
            silent: reason == CloseReason::Silent,
        },
        Output::Event(Event::KeyLog(keys)) => Effect::Keys(KeyLog::V2(keys)),
        Output::Event(Event::Message(it)) if it.outbound => Effect::Sent(Message {
            exchange: it.exchange.to_string(),
            kind: if it.response { "response" } else { "request" },
            number: None,
            message_id: it.message_id,
            payloads: it.payloads.iter().map(ToString::to_string).collect(),
            octets: it.octets,
            datagrams: it.datagrams,
        }),
        Output::Event(_) => return None,
    })
}
