//! Messages of phase 2: which exchange they belong to, decryption and HASH, then extensions, then the exchange.

use alloc::vec::Vec;

use ike_crypto::SecretVec;
use ike_endpoint::Datagram;
use ike_ext::{Inbound, Stage, Verdict};
use isakmp_wire::v1::kind;
use isakmp_wire::{ExchangeType, Header, Message, PayloadChain};

use crate::context::Cx;
use crate::failure::{Dropped, Failure, Misbehaviour};
use crate::payload::one;
use crate::sa::{Exchange, Sa, State, Step};
use crate::send::{Cover, EXCHANGE};
use crate::{finish_phase_1, informational, iv, quick_mode, transaction};

impl Cx<'_> {
    /// Takes a message of phase 2, or an early notification under phase 1's keys.
    pub(crate) fn second_phase(
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
        let mut opened = self.open(sa, &exchange, &header, body);
        if opened.is_err() && fresh && header.exchange == ExchangeType::V1_INFORMATIONAL {
            opened = self.open_early(sa, &mut exchange, &header, body);
        }
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
        // passwords come this way, too
        let plain = SecretVec::from(plain);
        exchange.iv = iv;
        exchange.last_in = Some(digest);
        sa.last_inbound = self.now;
        finish_phase_1::heard(sa);
        self.follow(sa, datagram);
        let (payloads, _) = PayloadChain::parse_padded(header.next, plain.as_slice(), Header::LEN)?;
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

    /// The same for a notification of the peer's before the end of phase 1, with the chains that it may go on with
    /// ([MS-IKEE] note 12).
    fn open_early(
        &self,
        sa: &Sa,
        exchange: &mut Exchange,
        header: &Header,
        body: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let secure = sa.secure.as_ref().ok_or(Failure::Bug("no keys"))?;
        // the responder of main mode stands by then, but has no child
        if sa.children.is_empty() {
            for iv in iv::of_early_notifies(secure) {
                exchange.iv.clone_from(iv);
                if let Ok(opened) = self.open(sa, exchange, header, body) {
                    return Ok(opened);
                }
            }
        }
        Err(Failure::Crypto)
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
