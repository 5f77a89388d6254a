//! From a datagram to the step of an exchange that it is for.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_crypto::Provider;
use ike_endpoint::{ChildUpdate, Datagram, Path};
use ike_ext::{Chunk, Gather, Inbound, Role, SaId, Stage};
use isakmp_wire::v2::{EncryptedFragment, NotifyType, kind};
use isakmp_wire::{ExchangeType, Flags, Header, Message, MessageWriter, PayloadType, Version};

use crate::context::Cx;
use crate::failure::Dropped;
use crate::init;
use crate::output::{self, Event, Output};
use crate::sa::{Sa, State};
use crate::send::{header, notify, transmit};
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
        transmit(self.out, path, &MessageWriter::message(&header, &[refusal]));
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
