//! Opening the bodies of IKEv1 messages, encrypted as a whole (RFC 2409 §5.5 and App. B).

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use ipsec_doi::v1::IkeSuite;
use isakmp_wire::{Header, RawPayload};

use super::keys::Keys;
use super::phase1::Negotiation;
use super::report::{Defect, Layer, Message, Opened, hex};
use super::walk::{self, Place, Walk};

/// The ISAKMP SAs seen lately, and the IVs that messages had.
#[derive(Default)]
pub(crate) struct Associations {
    /// The oldest first; by the initiator's cookie, as the responder's is not known at once.
    list: VecDeque<([u8; 8], Negotiation)>,
    hasher: RandomState,
    ivs: HashMap<u64, Vec<u8>>,
    order: VecDeque<u64>,
}

impl Associations {
    /// Notes a payload of a message in clear.
    pub(crate) fn note(&mut self, header: &Header, raw: RawPayload<'_>) {
        self.of(header).note(header, raw);
    }

    fn of(&mut self, header: &Header) -> &mut Negotiation {
        let cookie = *header.initiator.as_bytes();
        let known = self.list.iter().position(|(it, _)| *it == cookie);
        let index = known.unwrap_or_else(|| {
            if self.list.len() >= MAX_ASSOCIATIONS {
                self.list.pop_front();
            }
            self.list.push_back((cookie, Negotiation::default()));
            self.list.len() - 1
        });
        &mut self.list[index].1
    }

    /// Opens the body, if there are keys; what came out stands in the message.
    pub(crate) fn open(
        &mut self,
        keys: &Keys,
        header: &Header,
        octets: &[u8],
        message: &mut Message,
    ) {
        let Some(secret) = keys.ikev1(header.initiator.as_bytes()) else {
            return;
        };
        let body = octets.get(Header::LEN..).unwrap_or_default();
        let digest = self.hasher.hash_one(octets);
        let earlier = self.ivs.get(&digest).cloned();
        let association = self.of(header);
        let failed =
            |reason: &str| Defect::new(Layer::Ike, format!("not decrypted: {reason}"), Header::LEN);
        let Some(suite) = association.suite() else {
            let defect = failed("its first messages are not here, which name the algorithms");
            return message.defects.push(defect);
        };
        let Some(key) = association.key(secret) else {
            let defect = failed("its nonces are not here, which the key follows from");
            return message.defects.push(defect);
        };
        let repeated = earlier.is_some();
        let ivs = earlier.map_or_else(|| association.ivs(header.message_id), |iv| vec![iv]);
        if ivs.is_empty() {
            return message.defects.push(failed("no IV is known"));
        }
        let best = match choose(suite, &key, ivs, header, body) {
            Ok(best) => best,
            Err(reason) => return message.defects.push(failed(reason)),
        };
        if !repeated {
            association.advance(header.message_id, body);
        }
        let raws = raws(header, &best.octets);
        let hash_valid = if repeated {
            None
        } else {
            association.check(header.message_id, &raws)
        };
        self.remember(digest, &best.iv);
        best.report(suite, hash_valid, message);
    }

    fn remember(&mut self, digest: u64, iv: &[u8]) {
        if self.ivs.insert(digest, iv.to_vec()).is_none() {
            self.order.push_back(digest);
        }
        if self.order.len() > MAX_IVS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ivs.remove(&oldest);
        }
    }
}

/// A plaintext, and by which IV.
struct Clear {
    iv: Vec<u8>,
    octets: Vec<u8>,
    walk: Walk,
}

/// The first IV whose plaintext is a chain of payloads; else the first one, whose plaintext is flagged.
fn choose(
    suite: IkeSuite,
    key: &[u8],
    ivs: Vec<Vec<u8>>,
    header: &Header,
    body: &[u8],
) -> Result<Clear, &'static str> {
    let cipher = ike_rustcrypto::provider().cipher(suite.encryption);
    let cipher = cipher.ok_or("cipher not available")?;
    let key = cipher.keyed(key).map_err(|_| "key of the wrong length")?;
    if body.is_empty()
        || !body
            .len()
            .is_multiple_of(suite.encryption.block_len().max(1))
    {
        return Err("its length is not a multiple of the block length");
    }
    let mut first = None;
    for iv in ivs {
        let mut octets = body.to_vec();
        if key.open(&iv, &[], &mut octets, &[]).is_err() {
            continue;
        }
        let place = Place {
            offset: Header::LEN,
            stated_end: usize::MAX,
            layer: Layer::Ike,
            padded: true,
        };
        let walk = walk::chain(header.next, &octets, place, |_| ());
        let clear = Clear { iv, octets, walk };
        if clear.walk.defects.is_empty() && !clear.walk.payloads.is_empty() {
            return Ok(clear);
        }
        first.get_or_insert(clear);
    }
    first.ok_or("decryption failed")
}

/// The payloads once more, as octets.
fn raws<'a>(header: &Header, octets: &'a [u8]) -> Vec<RawPayload<'a>> {
    let place = Place {
        offset: Header::LEN,
        stated_end: usize::MAX,
        layer: Layer::Ike,
        padded: true,
    };
    let mut raws = Vec::new();
    drop(walk::chain(header.next, octets, place, |raw| {
        raws.push(raw);
    }));
    raws
}

impl Clear {
    fn report(self, suite: IkeSuite, hash_valid: Option<bool>, message: &mut Message) {
        let used: usize = self.walk.payloads.iter().map(|it| it.octets).sum();
        let padding = self.octets.len().checked_sub(used);
        let content = self.octets.get(..used).unwrap_or(&self.octets);
        if !self.walk.defects.is_empty() {
            let text = "what came out are no payloads: the key or the IV is another";
            message
                .defects
                .push(Defect::new(Layer::Ike, text, Header::LEN));
        }
        if hash_valid == Some(false) {
            let text = "the hash of the message is wrong";
            message
                .defects
                .push(Defect::new(Layer::Ike, text, Header::LEN));
        }
        message.defects.extend(self.walk.defects);
        message.opened = Some(Opened {
            icv_valid: None,
            hash_valid,
            protection: suite.to_string(),
            iv: Some(hex(&self.iv)),
            pad_length: padding.and_then(|it| u8::try_from(it).ok()),
            plaintext: hex(content),
            reassembled_from: Vec::new(),
            inner: Some(self.walk.payloads),
        });
    }
}

const MAX_ASSOCIATIONS: usize = 256;
const MAX_IVS: usize = 8192;
