//! From a datagram to the step of an exchange that it is for.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use ike_ext::{Inbound, Join, Role, Stage, Verdict};
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, Flags, Header, Message, PayloadChain, Version};

use crate::context::Cx;
use crate::failure::{Dropped, Failure, Misbehaviour};
use crate::input::Datagram;
use crate::output::{self, ChildUpdate, Event, Output};
use crate::payload::{notifications, one};
use crate::sa::{Exchange, Path, Phase, Sa, State, Step};
use crate::send::{Cover, EXCHANGE};
use crate::{admission, aggressive, informational, main_mode, quick_mode, transaction};

impl Cx<'_> {
    /// Reads as much as it takes to know whom a datagram is for.
    pub(crate) fn receive(&mut self, datagram: &Datagram<'_>) {
        let message = match Header::parse(datagram.bytes) {
            Ok(header) if header.version.major != Version::V1.major => {
                return self.dropped(datagram.remote, Dropped::Version);
            }
            Ok(_) => Message::parse(datagram.bytes),
            Err(error) => Err(error),
        };
        let message = match message {
            Ok(message) => message,
            Err(error) => return self.dropped(datagram.remote, Dropped::Malformed(error)),
        };
        let header = message.header;
        if header.initiator.is_zero() {
            return self.dropped(datagram.remote, Dropped::UnknownSpi);
        }
        let known = !header.responder.is_zero() && self.core.table.find(header.responder).is_some();
        if admission::begins(&message) && !known && !self.is_ours(&header) {
            return match header.exchange {
                ExchangeType::MAIN_MODE => main_mode::responder::on_first(self, datagram, &message),
                _ => aggressive::responder::on_first(self, datagram, &message),
            };
        }
        if header.responder.is_zero() && header.exchange != ExchangeType::V1_INFORMATIONAL {
            return self.dropped(datagram.remote, Dropped::Unexpected);
        }
        self.deliver(datagram, &message);
    }

    /// Whether we began the negotiation that a message is for.
    fn is_ours(&self, header: &Header) -> bool {
        !header.responder.is_zero() && self.core.table.find(header.initiator).is_some()
    }

    /// The SA of a message: ours is one of its cookies, and the other is the peer's.
    fn lend(&mut self, header: &Header) -> Option<Box<Sa>> {
        let ends = [
            (header.responder, Role::Responder),
            (header.initiator, Role::Initiator),
        ];
        for (own, role) in ends {
            let Some(id) = self.core.table.find(own) else {
                continue;
            };
            let fits = self.core.table.get(id).is_some_and(|sa| {
                let known = sa.facts.spis == (header.initiator, header.responder);
                // RFC 2408 §2.5.3: the responder's cookie comes with its first message
                let fresh = sa.facts.spis.1.is_zero() && sa.facts.spis.0 == header.initiator;
                let refusal = header.responder.is_zero() && sa.facts.spis.0 == header.initiator;
                sa.facts.role == role && (known || fresh || refusal)
            });
            if fits {
                return self.core.table.take(id);
            }
        }
        None
    }

    /// Hands a message to its SA.
    fn deliver(&mut self, datagram: &Datagram<'_>, message: &Message<'_>) {
        let Some(mut sa) = self.lend(&message.header) else {
            return self.dropped(datagram.remote, Dropped::UnknownSpi);
        };
        self.asked_from = Some(datagram.into());
        if message.payloads.first(kind::FRAGMENT).is_some() {
            return self.fragment(sa, datagram, message);
        }
        let digest = self.core.digest(message.bytes);
        let header = message.header;
        let plain = !header.flags.contains(Flags::ENCRYPTED);
        if header.exchange == ExchangeType::V1_INFORMATIONAL && plain {
            self.hint(&mut sa, datagram, message);
            return self.keep(sa);
        }
        if header.message_id != 0 {
            let done = self.second_phase(&mut sa, datagram, message, digest);
            return self.conclude(sa, done);
        }
        if sa.first.last_in == Some(digest) {
            // RFC 2408 §5.1: the same answer again; one each, so that nothing is amplified
            let again = sa.first.repeat.as_ref();
            match again.and_then(|it| it.answer_to(digest)) {
                Some(sent) => self.reply(&sa, &sent),
                None => self.dropped(datagram.remote, Dropped::Replay),
            }
            return self.keep(sa);
        }
        let done = self.first_phase(&mut sa, datagram, message, digest);
        self.conclude(sa, done);
    }

    /// Lets an extension put pieces together ([MS-IKEE] §3.3).
    fn fragment(&mut self, sa: Box<Sa>, datagram: &Datagram<'_>, message: &Message<'_>) {
        let stage = Stage::new(message.header.exchange, 0);
        let inbound = Inbound::new(
            stage,
            datagram.remote,
            message.header,
            false,
            message.payloads,
        );
        let joined = self.ask(Some(&sa), |extensions, cx| {
            extensions.join(cx, sa.facts.id, &inbound)
        });
        self.keep(sa);
        match joined {
            Join::Whole(bytes) => {
                let whole = Datagram {
                    bytes: &bytes,
                    ..*datagram
                };
                match Message::parse(&bytes) {
                    Ok(message) if message.payloads.first_type() != kind::FRAGMENT => {
                        self.deliver(&whole, &message);
                    }
                    Ok(_) => self.dropped(datagram.remote, Dropped::Unexpected),
                    Err(error) => self.dropped(datagram.remote, Dropped::Malformed(error)),
                }
            }
            Join::Pending => {}
            Join::Discard => self.dropped(datagram.remote, Dropped::Extension("fragment")),
            Join::NotMine => self.dropped(datagram.remote, Dropped::Unexpected),
        }
    }

    /// A notification that anybody may have sent: extensions may know better, for us it is a hint (RFC 2408 §5.14).
    fn hint(&mut self, sa: &mut Sa, datagram: &Datagram<'_>, message: &Message<'_>) {
        let stage = Stage::new(ExchangeType::V1_INFORMATIONAL, 1);
        let from = datagram.remote;
        let inbound = Inbound::new(stage, from, message.header, false, message.payloads);
        match self.incoming(sa, &inbound) {
            Verdict::Continue => {}
            Verdict::Consume => return,
            // whoever sent it cannot end anything
            Verdict::Abort(reason) | Verdict::Discard(reason) => {
                return self.dropped(from, Dropped::Extension(reason));
            }
        }
        let Some(notify) = notifications(message.payloads).next() else {
            return self.dropped(from, Dropped::Unexpected);
        };
        if sa.facts.phase != Phase::Established && notify.kind.is_error() {
            sa.first.hint = Some(notify.kind);
        }
        self.out.event(Event::Hint {
            sa: sa.facts.id,
            notify: notify.kind,
        });
    }

    fn first_phase(
        &mut self,
        sa: &mut Sa,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
        digest: [u8; 8],
    ) -> Result<(), Failure> {
        match core::mem::replace(&mut sa.state, State::Closed) {
            State::Main(state) => main_mode::handle(self, sa, state, (datagram, message), digest),
            State::Aggressive(state) => {
                aggressive::handle(self, sa, state, (datagram, message), digest)
            }
            other @ (State::AwaitXauth(_)
            | State::Established(_)
            | State::Closing
            | State::Closed) => {
                sa.state = other;
                self.dropped(datagram.remote, Dropped::Unexpected);
                Ok(())
            }
        }
    }

    /// Takes a message of phase 2, or an early notification under phase 1's keys.
    fn second_phase(
        &mut self,
        sa: &mut Sa,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
        digest: [u8; 8],
    ) -> Result<(), Failure> {
        let header = message.header;
        let from = datagram.remote;
        let encrypted = message.encrypted_body();
        let (Some(body), true) = (encrypted, sa.secure.is_some()) else {
            self.dropped(from, Dropped::Unexpected);
            return Ok(());
        };
        let mut exchange = match sa.take_exchange(header.message_id) {
            Some(known) if known.kind == header.exchange => known,
            Some(other) => {
                sa.exchanges.push(other);
                self.dropped(from, Dropped::Unexpected);
                return Ok(());
            }
            None => match self.open_exchange(sa, &header) {
                Ok(new) => new,
                Err(reason) => {
                    self.dropped(from, reason);
                    return Ok(());
                }
            },
        };
        let fresh = exchange.last_in.is_none() && exchange.repeat.is_none();
        if exchange.last_in == Some(digest) {
            self.repeated(sa, exchange, digest);
            return Ok(());
        }
        let opened = self.open(sa, &exchange, &header, body);
        let meant = opened
            .as_ref()
            .is_ok_and(|(plain, _)| !fresh || is_of(&header, plain));
        let (Ok((plain, iv)), true) = (opened, meant) else {
            // nothing is kept of what anybody could have sent
            if !fresh {
                sa.exchanges.push(exchange);
            }
            self.dropped(from, Dropped::Undecryptable);
            return Ok(());
        };
        exchange.iv = iv;
        exchange.last_in = Some(digest);
        sa.last_inbound = self.now;
        self.follow(sa, datagram);
        let (payloads, _) = PayloadChain::parse_padded(header.next, &plain, Header::LEN)?;
        let stage = Stage::new(header.exchange, exchange.step.number());
        let inbound = Inbound::new(stage, from, header, true, payloads);
        self.traced(sa, &inbound, message.bytes.len());
        self.heard(sa, exchange, &inbound)
    }

    /// The same message again gets the same answer again.
    fn repeated(&mut self, sa: &mut Sa, exchange: Exchange, digest: [u8; 8]) {
        let again = exchange.repeat.as_ref();
        match again.and_then(|it| it.answer_to(digest)) {
            Some(sent) => self.reply(sa, &sent),
            None => self.dropped(sa.facts.path.remote, Dropped::Replay),
        }
        sa.exchanges.push(exchange);
    }

    /// Takes an authentic message: extensions first, then its exchange.
    fn heard(
        &mut self,
        sa: &mut Sa,
        exchange: Exchange,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        let from = message.from;
        match self.incoming(sa, message) {
            Verdict::Continue => self.take(sa, exchange, message),
            Verdict::Abort(reason) => Err(Failure::Refused(reason)),
            Verdict::Discard(reason) => {
                self.dropped(from, Dropped::Extension(reason));
                sa.exchanges.push(exchange);
                Ok(())
            }
            Verdict::Consume => {
                sa.exchanges.push(exchange);
                Ok(())
            }
        }
    }

    /// A new exchange of the peer's, if there is room for one.
    fn open_exchange(&self, sa: &mut Sa, header: &Header) -> Result<Exchange, Dropped> {
        if sa.used.contains(&header.message_id) {
            return Err(Dropped::Replay);
        }
        while sa.exchanges.len() >= self.core.config.limits.exchanges {
            let done = sa
                .exchanges
                .iter()
                .enumerate()
                .filter(|(_, it)| matches!(it.step, Step::Done))
                .min_by_key(|(_, it)| it.expires)
                .map(|(at, _)| at);
            let at = done.ok_or(Dropped::Limit)?;
            let gone = sa.exchanges.swap_remove(at);
            sa.retire(gone.message_id);
        }
        let iv = self
            .fresh_iv(sa, header.message_id)
            .map_err(|_| Dropped::Unexpected)?;
        Ok(Exchange {
            message_id: header.message_id,
            kind: header.exchange,
            iv,
            step: Step::Done,
            last_in: None,
            repeat: None,
            expires: self.now + EXCHANGE,
        })
    }

    /// Decrypts a message of phase 2 and checks its HASH; the plaintext, and the next IV.
    fn open(
        &self,
        sa: &Sa,
        exchange: &Exchange,
        header: &Header,
        body: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
        let (plain, iv) = secure.protection.open(&exchange.iv, body)?;
        let (payloads, _) = PayloadChain::parse_padded(header.next, &plain, Header::LEN)?;
        // RFC 2409 §5.5, §5.7: HASH stands first, and covers what follows it
        let hash = one(payloads, kind::HASH)?;
        if payloads.first_type() != kind::HASH {
            return Err(Misbehaviour::Hash.into());
        }
        let rest = payloads
            .as_bytes()
            .get(hash.body.len().saturating_add(4)..)
            .unwrap_or_default();
        let prefix;
        let cover = match &exchange.step {
            Step::Answer(it) => Cover {
                after: it.nonce.clone(),
                ..Cover::plain()
            },
            Step::Proof(it) => it.cover(),
            Step::Connected(_) | Step::Transaction(_) | Step::Held | Step::Done => {
                prefix = self
                    .extensions
                    .hash_prefix(sa.facts.id, header.message_id)
                    .to_vec();
                Cover {
                    before: prefix,
                    ..Cover::plain()
                }
            }
        };
        let id = header.message_id.to_be_bytes();
        let rest: &[u8] = if cover.rest { rest } else { &[] };
        let parts: [&[u8]; 4] = [&cover.before, &id, &cover.after, rest];
        secure
            .keys
            .verify(self.core.provider, &parts, hash.body)
            .map_err(|_| Misbehaviour::Hash)?;
        Ok((plain, iv))
    }

    /// Takes an authentic message to its exchange.
    fn take(
        &mut self,
        sa: &mut Sa,
        exchange: Exchange,
        message: &Inbound<'_>,
    ) -> Result<(), Failure> {
        match message.header.exchange {
            ExchangeType::V1_INFORMATIONAL => {
                sa.exchanges.push(exchange);
                self.answer(sa);
                informational::on_message(self, sa, message)
            }
            ExchangeType::TRANSACTION => transaction::on_message(self, sa, exchange, message),
            ExchangeType::QUICK_MODE if matches!(sa.state, State::Established(_)) => {
                quick_mode::on_message(self, sa, exchange, message)
            }
            _ => {
                // not yet, perhaps: it is looked at again when it comes again
                if exchange.repeat.is_some() {
                    sa.exchanges.push(exchange);
                }
                self.dropped(message.from, Dropped::Unexpected);
                Ok(())
            }
        }
    }

    /// RFC 3947 §4: a peer behind a NAT is where its latest authentic message came from.
    pub(crate) fn follow(&mut self, sa: &mut Sa, datagram: &Datagram<'_>) {
        let path = Path::from(datagram);
        let before = sa.facts.path;
        let nat = path.marker && path.local.ip() == before.local.ip();
        if path == before || !nat {
            return;
        }
        sa.facts.path = path;
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
    pub(crate) fn traced(&mut self, sa: &Sa, message: &Inbound<'_>, octets: usize) {
        if self.core.config.trace {
            self.out.event(Event::Message(output::Message {
                sa: sa.facts.id,
                outbound: false,
                exchange: message.header.exchange,
                number: message.stage.message,
                message_id: message.header.message_id,
                payloads: message.payloads().iter().map(|it| it.kind).collect(),
                octets,
            }));
        }
    }

    pub(crate) fn dropped(&mut self, from: SocketAddr, reason: Dropped) {
        self.out.event(Event::Dropped { from, reason });
    }
}

/// Whether a first message has what its exchange is about. HASH does not cover the header: anybody on the path can
/// change the exchange type, and must not use up the message ID by that.
fn is_of(header: &Header, plain: &[u8]) -> bool {
    let wanted: &[_] = match header.exchange {
        ExchangeType::V1_INFORMATIONAL => &[kind::NOTIFY, kind::DELETE],
        ExchangeType::TRANSACTION => &[kind::ATTRIBUTES],
        ExchangeType::QUICK_MODE => &[kind::SA],
        _ => &[],
    };
    PayloadChain::parse_padded(header.next, plain, Header::LEN)
        .is_ok_and(|(payloads, _)| wanted.iter().any(|it| payloads.first(*it).is_some()))
}

impl Step {
    /// Which message of its exchange comes next.
    const fn number(&self) -> u8 {
        match self {
            Self::Answer(_) | Self::Transaction(_) | Self::Held => 2,
            Self::Proof(_) => 3,
            Self::Connected(_) => 4,
            Self::Done => 1,
        }
    }
}
