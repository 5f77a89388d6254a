//! From payloads to datagrams: extensions contribute, then protection, then the wire.

use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_endpoint::Path;
use ike_ext::{Draft, Role, Stage};
use isakmp_wire::v2::{Notify, NotifyType, kind};
use isakmp_wire::{
    ChainWriter, Encode, ExchangeType, Flags, Header, MessageWriter, OwnedPayload, PayloadType,
    Spi, Version,
};

use crate::context::Cx;
use crate::failure::Failure;
use crate::output::{Event, Message, Output};
use crate::protect::Piece;
use crate::sa::Sa;

/// A message of ours before it is encoded.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) exchange: ExchangeType,
    pub(crate) response: bool,
    pub(crate) message_id: u32,
    pub(crate) payloads: Vec<OwnedPayload>,
}

/// A Notify payload without SPI.
pub(crate) fn notify(what: NotifyType, data: &[u8]) -> OwnedPayload {
    let mut body = Vec::new();
    let notify = Notify::new(what, data);
    notify.encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

/// Puts a marker in front where the path has one, and sends.
pub(crate) fn transmit(out: &mut crate::Outbox, path: Path, message: &[u8]) {
    out.push(Output::Transmit(path.transmit(message)));
}

/// The header of a message within an SA, lengths and payload types still open.
pub(crate) fn header(
    spis: (Spi, Spi),
    role: Role,
    exchange: ExchangeType,
    response: bool,
    message_id: u32,
) -> Header {
    let side = if role == Role::Initiator {
        Flags::INITIATOR
    } else {
        Flags::default()
    };
    let direction = if response {
        Flags::RESPONSE
    } else {
        Flags::default()
    };
    Header {
        initiator: spis.0,
        responder: spis.1,
        next: PayloadType::NONE,
        version: Version::V2,
        exchange,
        flags: side | direction,
        message_id,
        length: 0,
    }
}

/// What a message adds to its IP packet: IP and UDP header, and the marker.
const fn overhead(remote: SocketAddr, marked: bool) -> usize {
    match (remote.is_ipv6(), marked) {
        (false, false) => 28,
        (false, true) => 32,
        (true, false) => 48,
        (true, true) => 52,
    }
}

impl Cx<'_> {
    /// Sends a request and awaits its response.
    pub(crate) fn request(
        &mut self,
        sa: &mut Sa,
        exchange: ExchangeType,
        payloads: Vec<OwnedPayload>,
    ) -> Result<(), Failure> {
        let message_id = sa.window.next_request();
        let outgoing = Outgoing {
            exchange,
            response: false,
            message_id,
            payloads,
        };
        let datagrams = self.encode(sa, outgoing)?;
        self.send(sa, &datagrams);
        let retransmit = self
            .core
            .connection(sa.connection)
            .map(|it| it.retransmit)
            .unwrap_or_default();
        let limit = self
            .extensions
            .retry_limit(sa.facts.id, Stage::request(exchange));
        sa.window
            .sent(self.now, exchange, datagrams, retransmit, limit);
        Ok(())
    }

    /// Answers the expected request, and keeps the answer for its duplicates.
    pub(crate) fn respond(
        &mut self,
        sa: &mut Sa,
        exchange: ExchangeType,
        message_id: u32,
        payloads: Vec<OwnedPayload>,
    ) -> Result<(), Failure> {
        let outgoing = Outgoing {
            exchange,
            response: true,
            message_id,
            payloads,
        };
        let datagrams = self.encode(sa, outgoing)?;
        self.answer(sa, &datagrams);
        sa.window.answered(datagrams);
        Ok(())
    }

    /// Sends an answer where the request came from, wherever the SA's peer is otherwise
    /// (RFC 7296 §2.11).
    pub(crate) fn answer(&mut self, sa: &mut Sa, datagrams: &[Vec<u8>]) {
        let path = self.asked_from.unwrap_or(sa.facts.path);
        for it in datagrams {
            transmit(self.out, path, it);
        }
        sa.last_outbound = self.now;
    }

    /// Sends what is already encoded.
    pub(crate) fn send(&mut self, sa: &mut Sa, datagrams: &[Vec<u8>]) {
        for it in datagrams {
            transmit(self.out, sa.facts.path, it);
        }
        sa.last_outbound = self.now;
    }

    fn encode(&mut self, sa: &mut Sa, outgoing: Outgoing) -> Result<Vec<Vec<u8>>, Failure> {
        let Outgoing {
            exchange,
            response,
            message_id,
            mut payloads,
        } = outgoing;
        let stage = if response {
            Stage::response(exchange)
        } else {
            Stage::request(exchange)
        };
        let mut responder = sa.facts.spis.1;
        let mut draft = Draft::new(
            Version::V2,
            stage,
            message_id,
            &mut payloads,
            &mut responder,
        );
        self.outgoing(sa, &mut draft);
        let header = header(sa.facts.spis, sa.facts.role, exchange, response, message_id);
        let datagrams = if sa.secure.is_some() && exchange != ExchangeType::IKE_SA_INIT {
            self.protect(sa, &header, &payloads)?
        } else {
            alloc::vec![MessageWriter::message(&header, &payloads)]
        };
        if self.core.config.trace {
            self.out.event(Event::Message(Message {
                sa: sa.facts.id,
                outbound: true,
                exchange,
                response,
                message_id,
                payloads: payloads.iter().map(|it| it.kind).collect(),
                octets: datagrams
                    .iter()
                    .map(Vec::len)
                    .fold(0, usize::saturating_add),
                datagrams: datagrams.len(),
            }));
        }
        Ok(datagrams)
    }

    /// One SK payload, or as many SKF payloads as an extension's limit makes necessary.
    fn protect(
        &mut self,
        sa: &mut Sa,
        header: &Header,
        payloads: &[OwnedPayload],
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let mut inner = Vec::new();
        let mut chain = ChainWriter::begin(&mut inner);
        for it in payloads {
            chain.payload(it.kind, it.critical, &it.body);
        }
        let first = chain.finish();
        let limit = self.question(sa, |extensions, host| {
            extensions.chunk_limit(host, sa.facts.id)
        });
        let path = sa.facts.path;
        let secure = sa
            .secure
            .as_mut()
            .ok_or(Failure::Bug("no keys to protect a message with"))?;
        let protection = secure.protection(self.core.provider)?;
        let room = limit.map(|it| it.saturating_sub(overhead(path.remote, path.marker)));
        let whole = protection.message_len(inner.len());
        let chunk = room
            .filter(|it| whole > *it)
            .map(|it| protection.chunk_len(it));
        let random = &mut self.core.random;
        let Some(chunk) = chunk.filter(|it| *it > 0) else {
            let mut out = Vec::new();
            protection.seal(random, header, first, None, &inner, &mut out)?;
            return Ok(alloc::vec![out]);
        };
        let chunks = inner.chunks(chunk);
        let total = u16::try_from(chunks.len()).map_err(|_| Failure::Bug("too many fragments"))?;
        let mut datagrams = Vec::with_capacity(chunks.len());
        for (number, piece) in (1..=total).zip(chunks) {
            let first = if number == 1 {
                first
            } else {
                PayloadType::NONE
            };
            let mut out = Vec::new();
            let place = Some(Piece { number, total });
            protection.seal(random, header, first, place, piece, &mut out)?;
            datagrams.push(out);
        }
        Ok(datagrams)
    }
}
