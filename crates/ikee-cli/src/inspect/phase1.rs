//! What an IKEv1 negotiation shows in clear, and the keys and IVs that follow (RFC 2409 §5 and App. B).
//!
//! Nothing is taken to be complete or in order: of key exchange values and nonces the first is the initiator's, the first
//! other one the responder's; a message that was seen before has the IV that it had then.

use std::collections::BTreeMap;

use ike_crypto::{Prf, PrfKey, Provider};
use ipsec_doi::v1::{IkeSuite, Phase1};
use isakmp_wire::v1::{SecurityAssociation, kind};
use isakmp_wire::{Header, RawPayload};

use super::keys::Secret;

/// What is known of one ISAKMP SA.
#[derive(Debug, Default)]
pub(crate) struct Negotiation {
    suite: Option<IkeSuite>,
    /// The body of the initiator's SA payload, which its proof covers.
    offer: Option<Vec<u8>>,
    publics: Pair,
    nonces: Pair,
    spis: ([u8; 8], [u8; 8]),
    /// The last block of phase 1, once there was an encrypted message.
    last: Option<Vec<u8>>,
    exchanges: BTreeMap<u32, Exchange>,
    /// The last block of whatever was encrypted last.
    latest: Option<Vec<u8>>,
    /// Derived once.
    derived: Option<Derived>,
}

/// An exchange under a message ID of its own.
#[derive(Debug, Default)]
struct Exchange {
    last: Option<Vec<u8>>,
    nonces: Pair,
}

/// Two values, the initiator's and the responder's.
#[derive(Debug, Default)]
struct Pair(Option<Vec<u8>>, Option<Vec<u8>>);

impl Pair {
    fn add(&mut self, value: &[u8]) {
        match (&self.0, &self.1) {
            (None, _) => self.0 = Some(value.to_vec()),
            (Some(first), None) if first != value => self.1 = Some(value.to_vec()),
            _ => {}
        }
    }

    fn both(&self) -> Option<(&[u8], &[u8])> {
        Some((self.0.as_deref()?, self.1.as_deref()?))
    }
}

/// SKEYID and what is made of it.
#[derive(Debug)]
struct Derived {
    skeyid: Vec<u8>,
    authenticate: Vec<u8>,
    encrypt: Vec<u8>,
}

impl Negotiation {
    /// Notes a payload that came in clear.
    pub(crate) fn note(&mut self, header: &Header, raw: RawPayload<'_>) {
        self.spis.0 = *header.initiator.as_bytes();
        if !header.responder.is_zero() {
            self.spis.1 = *header.responder.as_bytes();
        }
        if header.message_id != 0 {
            return;
        }
        match raw.kind {
            kind::SA => self.proposals(raw),
            kind::KE => self.publics.add(raw.body),
            kind::NONCE => self.nonces.add(raw.body),
            _ => {}
        }
    }

    /// The suite is what a lone transform says: the answer's, or that of an offer without a choice.
    fn proposals(&mut self, raw: RawPayload<'_>) {
        if self.offer.is_none() {
            self.offer = Some(raw.body.to_vec());
        }
        let Ok(association) = SecurityAssociation::parse(raw) else {
            return;
        };
        let mut all = association.proposals();
        let (Some(proposal), None) = (all.next(), all.next()) else {
            return;
        };
        let mut transforms = proposal.transforms();
        if let (Some(transform), None) = (transforms.next(), transforms.next())
            && let Ok(chosen) = Phase1::read(transform.attributes().iter())
        {
            self.suite = Some(chosen.suite);
        }
    }

    pub(crate) const fn suite(&self) -> Option<IkeSuite> {
        self.suite
    }

    /// The encryption key: as given, or from secrets.
    pub(crate) fn key(&mut self, secret: &Secret) -> Option<Vec<u8>> {
        let suite = self.suite?;
        let length = suite.encryption.key_len();
        if let Secret::Key(key) = secret {
            return Some(key.get(..length).unwrap_or(key).to_vec());
        }
        let prf = provider().prf(suite.prf()?)?;
        if self.derived.is_none() {
            self.derived = self.derive(prf, secret);
        }
        let mut key = self.derived.as_ref()?.encrypt.clone();
        if key.len() < length {
            // RFC 2409 App. B: K1 = prf(SKEYID_e, 0), Kn = prf(SKEYID_e, Kn-1)
            let expand = prf.keyed(&key);
            let mut block = mac(prf, &*expand, &[&[0]]);
            key.clear();
            while key.len() < length {
                key.extend(&block);
                block = mac(prf, &*expand, &[&block]);
            }
        }
        key.truncate(length);
        Some(key)
    }

    /// RFC 2409 §5.
    fn derive(&self, prf: &dyn Prf, secret: &Secret) -> Option<Derived> {
        let (ni, nr) = self.nonces.both()?;
        let (skeyid, shared) = match secret {
            Secret::Psk { psk, shared } => (mac(prf, &*prf.keyed(psk), &[ni, nr]), shared),
            Secret::Signature { shared } => {
                let key = prf.keyed(&[ni, nr].concat());
                (mac(prf, &*key, &[shared]), shared)
            }
            Secret::Key(_) => return None,
        };
        let key = prf.keyed(&skeyid);
        let next = |before: &[u8], number: u8| {
            let parts: [&[u8]; 5] = [before, shared, &self.spis.0, &self.spis.1, &[number]];
            mac(prf, &*key, &parts)
        };
        let derive = next(&[], 0);
        let authenticate = next(&derive, 1);
        let encrypt = next(&authenticate, 2);
        Some(Derived {
            skeyid,
            authenticate,
            encrypt,
        })
    }

    /// The IVs that a message may have, the likeliest first.
    pub(crate) fn ivs(&self, message_id: u32) -> Vec<Vec<u8>> {
        let Some(suite) = self.suite else {
            return Vec::new();
        };
        let first = || {
            let (i, r) = self.publics.both()?;
            digest(suite, &[i, r])
        };
        let phase_1 = self.last.clone().or_else(first);
        let mut ivs = Vec::new();
        if message_id == 0 {
            ivs.extend(phase_1);
        } else {
            let exchange = self.exchanges.get(&message_id);
            ivs.extend(exchange.and_then(|it| it.last.clone()));
            // [MS-IKEE] note 12: an early notify goes on with the chain of phase 1, of either direction
            let fresh = phase_1
                .as_ref()
                .and_then(|last| digest(suite, &[last, &message_id.to_be_bytes()]));
            ivs.extend(fresh);
            ivs.extend(phase_1);
        }
        ivs.extend(self.latest.clone());
        ivs.extend(first());
        ivs
    }

    /// Goes on with the chain of a message that was opened.
    pub(crate) fn advance(&mut self, message_id: u32, body: &[u8]) {
        let Some(suite) = self.suite else { return };
        let at = body.len().saturating_sub(suite.encryption.block_len());
        let block = body.get(at..).map(<[u8]>::to_vec);
        self.latest.clone_from(&block);
        if message_id == 0 {
            self.last = block;
        } else {
            if self.exchanges.len() >= MAX_EXCHANGES {
                self.exchanges.pop_first();
            }
            self.exchanges.entry(message_id).or_default().last = block;
        }
    }

    /// Whether the hash of a message is right; `None` where that cannot be told.
    pub(crate) fn check(&mut self, message_id: u32, raws: &[RawPayload<'_>]) -> Option<bool> {
        let prf = provider().prf(self.suite?.prf()?)?;
        let hash = raws.iter().find(|it| it.kind == kind::HASH)?;
        let nonce = raws.iter().find(|it| it.kind == kind::NONCE);
        if message_id == 0 {
            return self.proof(prf, hash.body, raws);
        }
        let exchange = self.exchanges.entry(message_id).or_default();
        let derived = self.derived.as_ref()?;
        let key = prf.keyed(&derived.authenticate);
        let id = message_id.to_be_bytes();
        let rest = rest(raws);
        let mut right = mac(prf, &*key, &[&id, &rest]) == hash.body;
        if let Some(ni) = &exchange.nonces.0 {
            right |= mac(prf, &*key, &[&id, ni, &rest]) == hash.body;
            // [MS-IKEE] §3.8.5.1: the answer to a delete
            right |= mac(prf, &*key, &[ni, &id, &rest]) == hash.body;
            if let Some(nr) = &exchange.nonces.1 {
                right |= mac(prf, &*key, &[&[0], &id, ni, nr]) == hash.body;
                right |= mac(prf, &*key, &[&id, ni, nr, &rest]) == hash.body;
            }
        }
        if let Some(nonce) = nonce {
            exchange.nonces.add(nonce.body);
        }
        Some(right)
    }

    /// HASH_I or HASH_R (RFC 2409 §5).
    fn proof(&self, prf: &dyn Prf, hash: &[u8], raws: &[RawPayload<'_>]) -> Option<bool> {
        let derived = self.derived.as_ref()?;
        let offer = self.offer.as_deref()?;
        let identity = raws.iter().find(|it| it.kind == kind::ID)?.body;
        let (i, r) = self.publics.both()?;
        let (cky_i, cky_r) = (&self.spis.0, &self.spis.1);
        let key = prf.keyed(&derived.skeyid);
        let of_i = mac(prf, &*key, &[i, r, cky_i, cky_r, offer, identity]);
        let of_r = mac(prf, &*key, &[r, i, cky_r, cky_i, offer, identity]);
        Some(hash == of_i || hash == of_r)
    }
}

/// The payloads behind the hash, with their headers.
fn rest(raws: &[RawPayload<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for raw in raws.iter().skip(1) {
        let length = u16::try_from(raw.body.len() + 4).unwrap_or(u16::MAX);
        out.extend([raw.next.get(), raw.reserved]);
        out.extend(length.to_be_bytes());
        out.extend(raw.body);
    }
    out
}

fn mac(prf: &dyn Prf, key: &dyn PrfKey, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0; prf.id().output_len()];
    key.mac(parts, &mut out);
    out
}

/// A hash cut to the length of an IV.
fn digest(suite: IkeSuite, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let hash = provider().hash(suite.hash)?;
    let mut out = vec![0; suite.hash.output_len()];
    hash.digest(parts, &mut out);
    out.truncate(suite.encryption.iv_len());
    Some(out)
}

fn provider() -> &'static Provider {
    ike_rustcrypto::provider()
}

const MAX_EXCHANGES: usize = 256;
