//! From a datagram to the step of an exchange that it is for.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_crypto::Provider;
use ike_endpoint::{ChildUpdate, Datagram, Path};
use ike_ext::{Chunk, Gather, Inbound, Role, SaId, Stage, Verdict};
use isakmp_wire::v2::{EncryptedFragment, NotifyType, kind};
use isakmp_wire::{ExchangeType, Flags, Header, Message, PayloadChain, PayloadType, Version};

use crate::auth_exchange;
use crate::context::Cx;
use crate::create_child;
use crate::failure::{Dropped, Failure, Misbehaviour};
use crate::informational;
use crate::init::{self, unknown_critical};
use crate::output::{self, Event, Output};
use crate::rekey;
use crate::sa::{Sa, State};
use crate::send::{encode_clear, header, notify, transmit};
use crate::tasks::{self, next_task};
use crate::window::Place;

impl Cx<'_> {
    /// Reads as much as it takes to know whom a datagram is for.
    pub(crate) fn receive(&mut self, datagram: &Datagram<'_>) {
        let parsed = match Header::parse(datagram.bytes) {
            Ok(header) if header.exchange.is_authip() => {
                return self.dropped(datagram.remote, Dropped::AuthIp);
            }
            Ok(header) if header.version.major > Version::V2.major => {
                return self.refuse_version(datagram, &header);
            }
            Ok(header) if header.version.major < Version::V2.major => {
                return self.dropped(datagram.remote, Dropped::Version);
            }
            Ok(_) => Message::parse(datagram.bytes),
            Err(error) => Err(error),
        };
        let message = match parsed {
            Ok(message) => message,
            Err(error) => return self.dropped(datagram.remote, Dropped::Malformed(error)),
        };
        let header = message.header;
        let response = header.flags.contains(Flags::RESPONSE);
        let first = header.exchange == ExchangeType::IKE_SA_INIT;
        if first && !response {
            let fresh = header.flags.contains(Flags::INITIATOR)
                && header.responder.is_zero()
                && !header.initiator.is_zero()
                && header.message_id == 0;
            return if fresh {
                init::on_request(self, datagram, &message);
            } else {
                self.dropped(datagram.remote, Dropped::Unexpected);
            };
        }
        // the Initiator flag tells which SPI is the sender's, hence which is ours
        let from_initiator = header.flags.contains(Flags::INITIATOR);
        let own = if from_initiator {
            header.responder
        } else {
            header.initiator
        };
        let Some(id) = self.core.table.find(own) else {
            return self.dropped(datagram.remote, Dropped::UnknownSpi);
        };
        self.deliver(id, datagram, &message, response);
    }

    /// RFC 7296 §2.5: a later major version is answered with ours, a request only.
    fn refuse_version(&mut self, datagram: &Datagram<'_>, received: &Header) {
        self.dropped(datagram.remote, Dropped::Version);
        if received.flags.contains(Flags::RESPONSE) {
            return;
        }
        let spis = (received.initiator, received.responder);
        let role = if received.flags.contains(Flags::INITIATOR) {
            Role::Responder
        } else {
            Role::Initiator
        };
        let header = header(spis, role, received.exchange, true, received.message_id);
        let refusal = notify(NotifyType::INVALID_MAJOR_VERSION, &[]);
        let path = Path::from(datagram);
        transmit(self.out, path, &encode_clear(&header, &[refusal]));
    }

    /// Hands a message to its SA.
    fn deliver(
        &mut self,
        id: SaId,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
        response: bool,
    ) {
        let Some(mut sa) = self.core.table.take(id) else {
            return;
        };
        let header = message.header;
        let sender = if header.flags.contains(Flags::INITIATOR) {
            Role::Initiator
        } else {
            Role::Responder
        };
        let first = header.exchange == ExchangeType::IKE_SA_INIT;
        let spis_fit = if first {
            sa.facts.spis.0 == header.initiator && !header.responder.is_zero()
                || is_refusal(message)
        } else {
            sa.facts.spis == (header.initiator, header.responder)
        };
        if sender == sa.facts.role || !spis_fit {
            self.dropped(datagram.remote, Dropped::UnknownSpi);
            return self.keep(sa);
        }
        let place = sa.window.place(response, header.message_id);
        if place == Place::Outside {
            self.dropped(datagram.remote, Dropped::MessageId);
            return self.keep(sa);
        }
        if !first {
            return self.protected(sa, datagram, message, (response, place));
        }
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::AwaitInitResponse(state) => {
                let stage = Stage::response(header.exchange);
                let inbound = Inbound::new(stage, datagram.remote, header, false, message.payloads);
                self.traced(&sa, &inbound, message.bytes.len(), 1);
                let done = init::on_response(self, &mut sa, state, &inbound, message.bytes);
                self.conclude(sa, done);
            }
            other @ (State::AwaitAuthRequest(_)
            | State::AwaitAuthResponse(_)
            | State::AwaitTrust(_)
            | State::Established(_)
            | State::Closing(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed) => {
                sa.state = other;
                self.dropped(datagram.remote, Dropped::Unexpected);
                self.keep(sa);
            }
        }
    }

    /// Takes a message that must be under the SA's keys.
    fn protected(
        &mut self,
        mut sa: Box<Sa>,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
        (response, place): (bool, Place),
    ) {
        let opened = open(&mut sa, message, self.core.provider);
        let (piece, plain) = match opened {
            Ok(opened) => opened,
            Err(reason) => {
                if let (State::AwaitAuthRequest(_), Some(secure)) = (&sa.state, &mut sa.secure) {
                    secure.rest();
                }
                self.dropped(datagram.remote, reason);
                return self.keep(sa);
            }
        };
        if !response {
            self.asked_from = Some(datagram.into());
        }
        if place == Place::Duplicate {
            // RFC 7383 §2.6.1: only the first of a request's fragments brings the answer again
            if piece.is_none_or(|it| it.number == 1) {
                let stored = sa.window.stored().to_vec();
                self.answer(&mut sa, &stored);
            }
            return self.keep(sa);
        }
        // the request is being looked at; its repetition finds the answer later
        if matches!(sa.state, State::AwaitTrust(_)) {
            self.dropped(datagram.remote, Dropped::Waiting);
            return self.keep(sa);
        }
        // RFC 7296 §2.4: only what is fresh shows that the peer lives
        sa.last_inbound = self.now;
        let whole = match piece {
            None => Some((first_inner(message), plain)),
            Some(piece) => self.collect(&sa, message, piece, &plain, response),
        };
        let Some((first, plain)) = whole else {
            return self.keep(sa);
        };
        self.follow(&mut sa, datagram);
        let done = self.inner(&mut sa, datagram.remote, message, first, &plain);
        self.conclude(sa, done);
    }

    fn collect(
        &mut self,
        sa: &Sa,
        message: &Message<'_>,
        piece: EncryptedFragment<'_>,
        plain: &[u8],
        response: bool,
    ) -> Option<(PayloadType, Vec<u8>)> {
        let chunk = Chunk {
            message_id: message.header.message_id,
            response,
            first: piece.next,
            number: piece.number,
            total: piece.total,
            data: plain,
        };
        match self.ask(sa, |extensions, cx| {
            extensions.collect(cx, sa.facts.id, &chunk)
        }) {
            Some(Gather::Whole { first, data }) => Some((first, data)),
            Some(Gather::Pending) => None,
            Some(Gather::Discard(reason)) => {
                self.dropped(sa.facts.path.remote, Dropped::Extension(reason));
                None
            }
            None => {
                self.dropped(sa.facts.path.remote, Dropped::Unexpected);
                None
            }
        }
    }

    /// RFC 7296 §2.23: a peer behind a NAT is where its latest authentic request came from.
    fn follow(&mut self, sa: &mut Sa, datagram: &Datagram<'_>) {
        let path = Path::from(datagram);
        if path == sa.facts.path {
            return;
        }
        let floats = matches!(sa.state, State::AwaitAuthRequest(_))
            && path.local.ip() == sa.facts.path.local.ip();
        let moved = sa.nat.there && !sa.nat.here && path.local.ip() == sa.facts.path.local.ip();
        if !floats && !moved {
            return;
        }
        let before = core::mem::replace(&mut sa.facts.path, path);
        if before.remote != path.remote && matches!(sa.state, State::Established(_)) {
            self.out.event(Event::Moved {
                sa: sa.facts.id,
                remote: path.remote,
            });
            for child in &sa.children {
                self.out.push(Output::UpdateChild(ChildUpdate {
                    child: child.id,
                    local: path.local,
                    remote: path.remote,
                }));
            }
        }
    }

    /// Takes a decrypted message: extensions first, then the exchange.
    fn inner(
        &mut self,
        sa: &mut Sa,
        from: SocketAddr,
        message: &Message<'_>,
        first: PayloadType,
        plain: &[u8],
    ) -> Result<(), Failure> {
        let header = message.header;
        let response = header.flags.contains(Flags::RESPONSE);
        let stage = if response {
            Stage::response(header.exchange)
        } else {
            Stage::request(header.exchange)
        };
        let payloads = match PayloadChain::parse(first, plain, 0) {
            Ok(payloads) => payloads,
            Err(error) => return self.malformed(sa, &header, response, error.into()),
        };
        let inbound = Inbound::new(stage, from, header, true, payloads);
        self.traced(sa, &inbound, message.bytes.len(), 1);
        match self.incoming(sa, &inbound) {
            Verdict::Continue if response => self.response(sa, &inbound),
            Verdict::Continue => self.request_in(sa, &inbound),
            Verdict::Abort(reason) => Err(Failure::Refused(reason)),
            Verdict::Discard(reason) => {
                self.dropped(from, Dropped::Extension(reason));
                Ok(())
            }
            Verdict::Consume if response => {
                sa.window.complete();
                Ok(())
            }
            Verdict::Consume => self.respond(sa, header.exchange, header.message_id, Vec::new()),
        }
    }

    /// RFC 7296 §2.21.3: an authentic message that cannot be read ends a negotiation, and is
    /// refused on an established SA.
    fn malformed(
        &mut self,
        sa: &mut Sa,
        header: &Header,
        response: bool,
        failure: Failure,
    ) -> Result<(), Failure> {
        match (&sa.state, response) {
            (State::Established(_) | State::Closing(_) | State::Replaced(_), false) => {
                let refusal = alloc::vec![notify(NotifyType::INVALID_SYNTAX, &[])];
                self.respond(sa, header.exchange, header.message_id, refusal)
            }
            _ => Err(failure),
        }
    }

    fn response(&mut self, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Failure> {
        let expected = sa.window.pending().map(|it| it.exchange);
        if expected != Some(message.header.exchange) {
            self.dropped(message.from, Dropped::Unexpected);
            return Ok(());
        }
        sa.window.complete();
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::AwaitAuthResponse(state) => {
                auth_exchange::on_response(self, sa, *state, message)?;
            }
            state @ (State::Established(_) | State::Closing(_)) => {
                sa.state = state;
                tasks::on_response(self, sa, message)?;
            }
            other @ (State::AwaitInitResponse(_)
            | State::AwaitAuthRequest(_)
            | State::AwaitTrust(_)
            | State::Prepared(_)
            | State::Replaced(_)
            | State::Lingering(_)
            | State::Closed) => sa.state = other,
        }
        next_task(self, sa)
    }

    fn request_in(&mut self, sa: &mut Sa, message: &Inbound<'_>) -> Result<(), Failure> {
        let (exchange, message_id) = (message.header.exchange, message.header.message_id);
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::AwaitAuthRequest(state) => {
                if exchange != ExchangeType::IKE_AUTH {
                    sa.state = State::AwaitAuthRequest(state);
                    self.dropped(message.from, Dropped::Unexpected);
                    return Ok(());
                }
                let critical = unknown_critical(message.payloads());
                let done = match critical {
                    Some(kind) => Err(Misbehaviour::UnknownCritical(kind).into()),
                    None => auth_exchange::on_request(self, sa, *state, message),
                };
                done.or_else(|failure| self.refuse_auth(sa, message_id, failure))
            }
            state @ (State::Established(_) | State::Closing(_) | State::Replaced(_)) => {
                sa.state = state;
                if !informational::ends(message.payloads()) {
                    rekey::yield_to(self, sa);
                }
                if exchange == ExchangeType::INFORMATIONAL {
                    return informational::on_request(self, sa, message);
                }
                if exchange == ExchangeType::CREATE_CHILD_SA {
                    return create_child::on_request(self, sa, message);
                }
                let refusal = alloc::vec![notify(NotifyType::INVALID_SYNTAX, &[])];
                self.respond(sa, exchange, message_id, refusal)
            }
            other @ (State::AwaitInitResponse(_)
            | State::AwaitAuthResponse(_)
            | State::Prepared(_)
            | State::AwaitTrust(_)
            | State::Lingering(_)
            | State::Closed) => {
                sa.state = other;
                self.dropped(message.from, Dropped::Unexpected);
                Ok(())
            }
        }
    }

    /// Answers a failed IKE_AUTH under the SA's keys, and keeps that answer for a while.
    pub(crate) fn refuse_auth(
        &mut self,
        sa: &mut Sa,
        message_id: u32,
        failure: Failure,
    ) -> Result<(), Failure> {
        if matches!(sa.state, State::Established(_)) {
            return Err(failure);
        }
        let Some(what) = failure.notify() else {
            return Err(failure);
        };
        let refusal = alloc::vec![notify(what, &failure.notify_data())];
        self.respond(sa, ExchangeType::IKE_AUTH, message_id, refusal)?;
        self.failed(sa, failure);
        self.linger(sa, None);
        Ok(())
    }

    /// Reports a message where the configuration asks for a trace.
    pub(crate) fn traced(
        &mut self,
        sa: &Sa,
        message: &Inbound<'_>,
        octets: usize,
        datagrams: usize,
    ) {
        if self.core.config.trace {
            self.out.event(Event::Message(output::Message {
                sa: sa.facts.id,
                outbound: false,
                exchange: message.header.exchange,
                response: !message.stage.is_request(),
                message_id: message.header.message_id,
                payloads: message.payloads().iter().map(|it| it.kind).collect(),
                octets,
                datagrams,
            }));
        }
    }

    pub(crate) fn dropped(&mut self, from: SocketAddr, reason: Dropped) {
        self.out.event(Event::Dropped { from, reason });
    }
}

/// Whether this is an answer that opens no SA: it may come without a responder SPI.
fn is_refusal(message: &Message<'_>) -> bool {
    message.payloads.first(kind::SA).is_none()
}

fn first_inner(message: &Message<'_>) -> PayloadType {
    message
        .payloads
        .iter()
        .last()
        .map_or(PayloadType::NONE, |it| it.next)
}

/// Decrypts the SK or SKF payload, which must stand alone.
fn open<'a>(
    sa: &mut Sa,
    message: &Message<'a>,
    provider: &'static Provider,
) -> Result<(Option<EncryptedFragment<'a>>, Vec<u8>), Dropped> {
    let secure = sa.secure.as_mut().ok_or(Dropped::Unexpected)?;
    let mut payloads = message.payloads.iter();
    let (Some(raw), None) = (payloads.next(), payloads.next()) else {
        return Err(Dropped::Unexpected);
    };
    let piece = if raw.kind == kind::ENCRYPTED_FRAGMENT {
        Some(EncryptedFragment::parse(raw).map_err(Dropped::Malformed)?)
    } else if raw.kind == kind::ENCRYPTED {
        None
    } else {
        return Err(Dropped::Unexpected);
    };
    let numbers = if piece.is_some() {
        EncryptedFragment::PREFIX
    } else {
        0
    };
    let body = raw.body_offset().saturating_add(numbers);
    let plain = secure
        .protection(provider)
        .and_then(|it| it.open(message.bytes, body))
        .map_err(|_| Dropped::Undecryptable)?;
    Ok((piece, plain))
}
