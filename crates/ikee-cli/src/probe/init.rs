//! IKE_SA_INIT: a first message, and what can be read from its answer (RFC 7296 §1.2).

use ike_crypto::Random;
use ike_rustcrypto::SystemRandom;
use ipsec_doi::{Encryption, EncryptionId, GroupId, HashId, IkeProposal, IntegrityId, PrfId};
use isakmp_wire::v2::{
    CertificateRequest, KeyExchange, Nonce, Notify, NotifyType, ProtocolId, SaBuilder,
    SecurityAssociation, TransformType, kind,
};
use isakmp_wire::{ExchangeType, Flags, Header, Message, MessageWriter, PayloadType, Spi, Version};

use super::findings::Findings;
use super::line::{Line, Stop};
use crate::inspect::nat::digest;
use crate::inspect::report::hex;

const NONCE: usize = 32;
/// What we say we can do ourselves, so that the peer says the same of itself (RFC 7427 §4).
const HASHES: [HashId; 4] = [
    HashId::SHA2_256,
    HashId::SHA2_384,
    HashId::SHA2_512,
    HashId::IDENTITY,
];

/// One question: proposals, and the group of the public value that comes with them.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) proposals: &'a [IkeProposal],
    pub(super) group: GroupId,
}

/// What the peer made of it.
#[derive(Debug)]
pub(super) enum Answer {
    /// It took this, and keeps a half-open SA.
    Took(IkeProposal),
    /// It would take something with this group (RFC 7296 §1.2).
    WantsGroup(GroupId),
    /// It refused.
    Refused(NotifyType),
    /// It answered something that has no place here.
    Odd(String),
}

/// Asks, twice if the peer wants its cookie back (RFC 7296 §2.6).
pub(super) fn ask(
    line: &mut Line,
    question: &Question<'_>,
    findings: &mut Findings,
) -> Result<Answer, Stop> {
    let mut first = First::new(question.group)?;
    for _ in 0..2 {
        let message = first.message(line, question);
        let reply = line.ask(&message, first.spi)?;
        findings.answers = true;
        let round_trip = u64::try_from(reply.round_trip.as_millis()).unwrap_or(u64::MAX);
        findings.round_trip_ms.get_or_insert(round_trip);
        let cookies = findings.hints.cookies.get_or_insert(false);
        let Ok(message) = Message::parse(&reply.bytes) else {
            return Ok(Answer::Odd("an answer that cannot be read".to_owned()));
        };
        if message.header.version.major != 2 {
            return Ok(Answer::Odd(format!(
                "it answers with version {} of IKE",
                message.header.version.major
            )));
        }
        match notifies(&message).find(|it| it.kind == NotifyType::COOKIE) {
            Some(cookie) if first.cookie.is_empty() => {
                *cookies = true;
                first.cookie = cookie.data.to_vec();
            }
            _ => return Ok(read(&message, line, findings)),
        }
    }
    Ok(Answer::Odd("it asks for cookies without end".to_owned()))
}

fn notifies<'a>(message: &Message<'a>) -> impl Iterator<Item = Notify<'a>> + use<'a> {
    let all = message.payloads;
    all.iter()
        .filter(|it| it.kind == kind::NOTIFY)
        .filter_map(|it| Notify::parse(it).ok())
}

/// What stays the same when a question is asked again.
struct First {
    spi: Spi,
    nonce: [u8; NONCE],
    public: Vec<u8>,
    cookie: Vec<u8>,
}

impl First {
    fn new(group: GroupId) -> Result<Self, Stop> {
        let no_random = |_| Stop::Internal("the system has no randomness");
        let mut random = SystemRandom::new();
        let (mut spi, mut nonce) = ([0; 8], [0; NONCE]);
        random.fill(&mut spi).map_err(no_random)?;
        random.fill(&mut nonce).map_err(no_random)?;
        let mut public = vec![0; group.public_len().unwrap_or(32)];
        random.fill(&mut public).map_err(no_random)?;
        if group.is_modp() {
            // below the prime, whichever it is
            public[0] = 0;
        } else if let Some(group) = ike_rustcrypto::provider().group(group)
            && let Ok(exchange) = group.start(&mut random)
        {
            public = exchange.public().to_vec();
        }
        Ok(Self {
            spi: Spi::new(spi),
            nonce,
            public,
            cookie: Vec::new(),
        })
    }

    fn message(&self, line: &Line, question: &Question<'_>) -> Vec<u8> {
        let header = Header {
            initiator: self.spi,
            responder: Spi::ZERO,
            next: PayloadType::NONE,
            version: Version::V2,
            exchange: ExchangeType::IKE_SA_INIT,
            flags: Flags::INITIATOR,
            message_id: 0,
            length: 0,
        };
        let notify = |kind, data| Notify {
            protocol: ProtocolId::NONE,
            spi: &[],
            kind,
            data,
        };
        let hash = |at: std::net::SocketAddr| {
            let text = digest(&header, (at.ip(), at.port()), 20).unwrap_or_default();
            unhex(&text)
        };
        let (source, destination) = (hash(line.local()), hash(line.remote()));
        let hashes: Vec<u8> = HASHES
            .iter()
            .flat_map(|it| it.get().to_be_bytes())
            .collect();
        let mut bytes = Vec::new();
        let mut writer = MessageWriter::begin(&mut bytes, &header);
        if !self.cookie.is_empty() {
            writer.encode(kind::NOTIFY, &notify(NotifyType::COOKIE, &self.cookie));
        }
        let key_exchange = KeyExchange {
            group: question.group.get(),
            data: &self.public,
        };
        writer
            .payload_with(kind::SA, false, |body| proposals(body, question.proposals))
            .encode(kind::KE, &key_exchange)
            .encode(kind::NONCE, &Nonce { data: &self.nonce });
        for (what, data) in [
            (NotifyType::NAT_DETECTION_SOURCE_IP, &*source),
            (NotifyType::NAT_DETECTION_DESTINATION_IP, &destination),
            (NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, &[]),
            (NotifyType::SIGNATURE_HASH_ALGORITHMS, &hashes),
        ] {
            writer.encode(kind::NOTIFY, &notify(what, data));
        }
        writer.finish();
        bytes
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2);
    pairs
        .filter_map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

fn proposals(body: &mut Vec<u8>, proposals: &[IkeProposal]) {
    let mut sa = SaBuilder::new(body);
    for (number, proposal) in (1..).zip(proposals) {
        sa.proposal(number, ProtocolId::IKE, &[]);
        for it in &proposal.encryption {
            sa.transform(TransformType::ENCR, it.id.get(), it.key_length_attribute());
        }
        for it in &proposal.prf {
            sa.transform(TransformType::PRF, it.get(), None);
        }
        for it in &proposal.integrity {
            sa.transform(TransformType::INTEG, it.get(), None);
        }
        for it in &proposal.groups {
            sa.transform(TransformType::KE, it.get(), None);
        }
    }
    sa.finish();
}

/// The answer, and the hints that come with it.
fn read(message: &Message<'_>, line: &mut Line, findings: &mut Findings) -> Answer {
    for payload in message.payloads.iter() {
        match payload.kind {
            kind::VENDOR_ID => findings.vendor(payload.body),
            kind::CERTREQ => {
                if let Ok(request) = CertificateRequest::parse(payload) {
                    let count = request.authorities().count();
                    let text = format!("{} of {count} authorities", request.encoding);
                    once(&mut findings.hints.certificate_requests, text);
                }
            }
            _ => {}
        }
    }
    let mut refusal = None;
    for notify in notifies(message) {
        match notify.kind {
            NotifyType::INVALID_KE_PAYLOAD => {
                if let Ok(group) = notify.data.try_into().map(u16::from_be_bytes) {
                    return Answer::WantsGroup(GroupId::new(group));
                }
            }
            it if it.get() < 16_384 => refusal = Some(it),
            _ => {}
        }
    }
    if let Some(refusal) = refusal {
        return Answer::Refused(refusal);
    }
    let Some(taken) = taken(message) else {
        return Answer::Odd("an answer without a proposal".to_owned());
    };
    line.took();
    status(message, line, findings);
    Answer::Took(taken)
}

/// The status notifications of an answer that took a proposal.
fn status(message: &Message<'_>, line: &Line, findings: &mut Findings) {
    let hints = &mut findings.hints;
    hints.fragmentation.get_or_insert(false);
    let matches = |data: &[u8], at: std::net::SocketAddr| {
        digest(&message.header, (at.ip(), at.port()), 20) == Some(hex(data))
    };
    // a peer may send several sources, one for each address it has; one must fit
    let (mut source, mut destination) = (None, None);
    for notify in notifies(message) {
        match notify.kind {
            NotifyType::NAT_DETECTION_SOURCE_IP => {
                let fits = matches(notify.data, line.remote());
                source = Some(source.unwrap_or(false) || fits);
            }
            NotifyType::NAT_DETECTION_DESTINATION_IP => {
                destination = Some(matches(notify.data, line.local()));
            }
            NotifyType::IKEV2_FRAGMENTATION_SUPPORTED => hints.fragmentation = Some(true),
            NotifyType::SIGNATURE_HASH_ALGORITHMS => {
                for number in notify.data.chunks_exact(2) {
                    let number = number.try_into().map_or(0, u16::from_be_bytes);
                    once(&mut hints.signature_hashes, HashId::new(number).to_string());
                }
            }
            other => once(&mut hints.notifies, other.to_string()),
        }
    }
    if let (Some(source), Some(destination)) = (source, destination) {
        hints.nat = Some((!destination, !source));
    }
}

fn once(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// The proposal that came back, with the one algorithm of each type.
fn taken(message: &Message<'_>) -> Option<IkeProposal> {
    let sa = SecurityAssociation::parse(message.payloads.first(kind::SA)?).ok()?;
    let proposal = sa.proposals().next()?;
    let mut taken = IkeProposal::default();
    for transform in proposal.transforms() {
        match transform.kind {
            TransformType::ENCR => {
                let id = EncryptionId::new(transform.id);
                let bits = transform.key_length().unwrap_or_default();
                taken.encryption.push(Encryption::new(id, bits));
            }
            TransformType::PRF => taken.prf.push(PrfId::new(transform.id)),
            TransformType::INTEG if transform.id != 0 => {
                taken.integrity.push(IntegrityId::new(transform.id));
            }
            TransformType::KE => taken.groups.push(GroupId::new(transform.id)),
            _ => {}
        }
    }
    Some(taken)
}
