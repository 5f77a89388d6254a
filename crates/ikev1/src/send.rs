//! From payloads to datagrams: extensions contribute, then HASH and encryption, then the wire.

use alloc::vec::Vec;

use ike_crypto::SecretVec;
use ike_endpoint::{Path, Schedule};
use ike_ext::{ChildDraft, Draft, Sent as Split, Stage};
use isakmp_wire::v1::kind;
use isakmp_wire::{
    ChainWriter, ExchangeType, Flags, Header, MessageWriter, OwnedPayload, PayloadType, Spi,
    Version,
};

use crate::context::Cx;
use crate::failure::Failure;
use crate::output::{Event, Message, Output};
use crate::retransmit::{Repeat, Sent};
use crate::sa::{Exchange, Sa, Step};

/// What HASH of a phase 2 message covers besides the message ID (RFC 2409 §5.5, §5.7).
#[derive(Clone, Debug, Default)]
pub(crate) struct Cover {
    /// Before the message ID.
    pub(crate) before: Vec<u8>,
    /// After it: nonces.
    pub(crate) after: Vec<u8>,
    /// Whether the payloads after HASH follow: quick mode's third message has none that count.
    pub(crate) rest: bool,
}

impl Cover {
    /// The message ID and the payloads.
    pub(crate) const fn plain() -> Self {
        Self {
            before: Vec::new(),
            after: Vec::new(),
            rest: true,
        }
    }
}

/// A message of ours before it is encoded.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) stage: Stage,
    pub(crate) message_id: u32,
    pub(crate) payloads: Vec<OwnedPayload>,
    pub(crate) flags: Flags,
    /// The child SA that it negotiates, for the extensions.
    pub(crate) child: Option<ChildDraft>,
}

impl Outgoing {
    /// A message of phase 1.
    pub(crate) const fn first(stage: Stage, payloads: Vec<OwnedPayload>) -> Self {
        Self::second(stage, 0, payloads)
    }

    /// A message of phase 2.
    pub(crate) const fn second(stage: Stage, message_id: u32, payloads: Vec<OwnedPayload>) -> Self {
        Self {
            stage,
            message_id,
            payloads,
            flags: Flags::NONE,
            child: None,
        }
    }
}

/// Puts a marker in front where the path has one, and sends.
pub(crate) fn transmit(out: &mut crate::Outbox, path: Path, message: &[u8]) {
    out.push(Output::Transmit(path.transmit(message)));
}

/// The payloads that HASH covers.
fn rest(cover: &Cover, payloads: &[OwnedPayload]) -> SecretVec {
    let octets = |it: &OwnedPayload| it.body.len().saturating_add(4);
    let mut rest = Vec::with_capacity(payloads.iter().map(octets).sum());
    if cover.rest {
        let mut chain = ChainWriter::begin(&mut rest);
        for it in payloads {
            chain.owned(it);
        }
    }
    SecretVec::from(rest)
}

/// The header of a message, lengths and payload types still open.
pub(crate) const fn header(
    spis: (Spi, Spi),
    exchange: ExchangeType,
    message_id: u32,
    flags: Flags,
) -> Header {
    Header {
        initiator: spis.0,
        responder: spis.1,
        next: PayloadType::NONE,
        version: Version::V1,
        exchange,
        flags,
        message_id,
        length: 0,
    }
}

impl Cx<'_> {
    /// Lets the extensions contribute; the header, and whether one of them holds the message.
    fn draft(&mut self, sa: &Sa, outgoing: &mut Outgoing) -> (Header, bool) {
        let mut responder = sa.facts.spis.1;
        let mut draft = Draft::new(
            Version::V1,
            outgoing.stage,
            outgoing.message_id,
            &mut outgoing.payloads,
            &mut responder,
        )
        .with_child(outgoing.child);
        self.outgoing(sa, &mut draft);
        let held = draft.is_held();
        let header = header(
            (sa.facts.spis.0, responder),
            outgoing.stage.exchange,
            outgoing.message_id,
            outgoing.flags,
        );
        (header, held)
    }

    fn sent(&mut self, sa: &Sa, outgoing: &Outgoing, bytes: Vec<u8>, held: bool) -> Sent {
        let kinds: Vec<_> = outgoing.payloads.iter().map(|it| it.kind).collect();
        if self.core.config.trace {
            self.out.event(Event::Message(Message {
                sa: sa.facts.id,
                outbound: true,
                exchange: outgoing.stage.exchange,
                number: outgoing.stage.message,
                message_id: outgoing.message_id,
                payloads: kinds.clone(),
                octets: bytes.len(),
            }));
        }
        Sent {
            stage: outgoing.stage,
            kinds,
            bytes,
            held,
        }
    }

    /// A message in clear.
    pub(crate) fn clear(&mut self, sa: &Sa, mut outgoing: Outgoing) -> Sent {
        let (header, held) = self.draft(sa, &mut outgoing);
        let bytes = MessageWriter::message(&header, &outgoing.payloads);
        self.sent(sa, &outgoing, bytes, held)
    }

    /// A message of phase 1 under its keys.
    pub(crate) fn sealed(&mut self, sa: &mut Sa, mut outgoing: Outgoing) -> Result<Sent, Failure> {
        let (header, held) = self.draft(sa, &mut outgoing);
        let secure = sa.secure.as_mut().ok_or(NO_KEYS)?;
        let bytes = secure
            .protection
            .seal(&mut secure.iv, &header, &outgoing.payloads)?;
        secure.last.0.clone_from(&secure.iv);
        Ok(self.sent(sa, &outgoing, bytes, held))
    }

    /// A message of phase 2: HASH first, then everything encrypted under `iv`, which becomes that of the next one.
    pub(crate) fn hashed(
        &mut self,
        sa: &Sa,
        mut outgoing: Outgoing,
        cover: &Cover,
        iv: &mut Vec<u8>,
    ) -> Result<Sent, Failure> {
        let (header, held) = self.draft(sa, &mut outgoing);
        let secure = sa.secure.as_ref().ok_or(NO_KEYS)?;
        let rest = rest(cover, &outgoing.payloads);
        let id = outgoing.message_id.to_be_bytes();
        let hash = secure.keys.hash(
            self.core.provider,
            &[&cover.before, &id, &cover.after, rest.as_slice()],
        )?;
        outgoing
            .payloads
            .insert(0, OwnedPayload::new(kind::HASH, hash));
        let bytes = secure.protection.seal(iv, &header, &outgoing.payloads)?;
        let sent = self.sent(sa, &outgoing, bytes, held);
        // passwords go this way, too
        for it in outgoing.payloads {
            drop(SecretVec::from(it.body));
        }
        Ok(sent)
    }

    /// Sends a message to the SA's peer, in pieces if an extension wants it so.
    pub(crate) fn send(&mut self, sa: &Sa, sent: &Sent) {
        self.send_to(sa, sent, sa.facts.path);
    }

    /// Sends a message where the one came from that it answers.
    pub(crate) fn reply(&mut self, sa: &Sa, sent: &Sent) {
        let path = self.asked_from.unwrap_or(sa.facts.path);
        self.send_to(sa, sent, path);
    }

    fn send_to(&mut self, sa: &Sa, sent: &Sent, path: Path) {
        let split = Split {
            stage: sent.stage,
            kinds: &sent.kinds,
            bytes: &sent.bytes,
        };
        let pieces = self.ask(Some(sa), |extensions, cx| {
            extensions.split(cx, sa.facts.id, &split)
        });
        if pieces.is_empty() {
            return transmit(self.out, path, &sent.bytes);
        }
        for it in &pieces {
            transmit(self.out, path, it);
        }
    }

    /// The schedule for a message that awaits an answer; none for a responder whose profile leaves it to the initiator
    /// ([MS-IKEE] §3.1.5).
    pub(crate) fn schedule(&self, sa: &Sa, stage: Stage) -> Option<Schedule> {
        if !stage.is_request() && !self.core.config.profile.responder_retransmits {
            return None;
        }
        let retransmit = self
            .core
            .connection(sa.connection)
            .map(|it| it.retransmit)
            .unwrap_or_default();
        let limit = self.extensions.retry_limit(sa.facts.id, stage);
        Some(Schedule::new(self.now, retransmit, limit))
    }

    /// Sends a message of phase 1 that awaits an answer.
    pub(crate) fn send_first(&mut self, sa: &mut Sa, sent: Sent) {
        if sent.stage.is_request() {
            self.send(sa, &sent);
        } else {
            self.reply(sa, &sent);
        }
        let schedule = self.schedule(sa, sent.stage);
        sa.first.repeat = Some(Repeat::new(sent, sa.first.last_in, schedule));
    }

    /// Sends a message of phase 1 in clear that awaits an answer. An initiator's can be composed anew until that is
    /// there.
    pub(crate) fn ask_first(&mut self, sa: &mut Sa, outgoing: Outgoing) {
        sa.first.draft = outgoing.stage.is_request().then(|| outgoing.clone());
        let sent = self.clear(sa, outgoing);
        self.send_first(sa, sent);
    }

    /// Composes the message anew that is out, for an extension that has something to add: what is encrypted, or what is
    /// an answer, is not.
    pub(crate) fn recompose(&mut self, sa: &mut Sa) {
        if let Some(outgoing) = sa.first.draft.take() {
            self.ask_first(sa, outgoing);
        }
    }

    /// Sends the last message of phase 1, which is repeated only when the peer asks again.
    pub(crate) fn send_last(&mut self, sa: &mut Sa, sent: Sent) {
        self.reply(sa, &sent);
        sa.first.repeat = Some(Repeat::new(sent, sa.first.last_in, None));
    }

    /// The IV with which an exchange begins.
    pub(crate) fn fresh_iv(&self, sa: &Sa, message_id: u32) -> Result<Vec<u8>, Failure> {
        let secure = sa.secure.as_ref().ok_or(NO_KEYS)?;
        let suite = secure.keys.suite();
        Ok(crate::iv::of_exchange(
            self.core.provider,
            suite,
            &secure.iv,
            message_id,
        )?)
    }

    /// A new exchange of ours, not yet in the SA.
    pub(crate) fn exchange(
        &mut self,
        sa: &Sa,
        kind: ExchangeType,
        step: Step,
    ) -> Result<Exchange, Failure> {
        let message_id = self.core.message_id(sa)?;
        Ok(Exchange {
            message_id,
            kind,
            iv: self.fresh_iv(sa, message_id)?,
            step,
            last_in: None,
            repeat: None,
            expires: self.now + EXCHANGE,
        })
    }
}

/// How long an exchange is kept that awaits nothing, or whose peer says nothing more.
pub(crate) const EXCHANGE: core::time::Duration = core::time::Duration::from_secs(120);

const NO_KEYS: Failure = Failure::Bug("no keys to protect a message with");
