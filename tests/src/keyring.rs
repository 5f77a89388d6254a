//! The keys of every IKE SA, as the endpoints reported them: opens and seals what a man in the middle has no business to.

use ike_crypto::{CipherKey, IntegrityKey, Provider};
use ikev2::KeyLog;
use ipsec_doi::Encryption;
use isakmp_wire::v2::{EncryptedFragment, kind};
use isakmp_wire::{ChainWriter, Flags, Header, Message, OwnedPayload, PayloadType, Spi};

use crate::pair::Pair;

/// The keys of every IKE SA that either party reported.
#[derive(Debug)]
pub struct Keyring<'a> {
    provider: &'static Provider,
    keys: Vec<&'a KeyLog>,
}

/// What stood in an SK or SKF payload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened {
    /// The type of the first payload in it.
    pub first: PayloadType,
    /// The payloads' octets, padding removed.
    pub plain: Vec<u8>,
    /// Number and total of a fragment.
    pub fragment: Option<(u16, u16)>,
}

/// An SK or SKF payload to be, and the header before it.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// The header; next payload and length are filled in.
    pub header: Header,
    /// The type of the first payload.
    pub first: PayloadType,
    /// Number and total, to make an SKF payload.
    pub fragment: Option<(u16, u16)>,
    /// What stands before it in clear, where nothing should.
    pub beside: Vec<OwnedPayload>,
    /// What is encrypted.
    pub plain: Plain,
}

/// What goes under the cipher.
#[derive(Clone, Debug)]
pub enum Plain {
    /// These octets, with the padding that they need.
    Padded(Vec<u8>),
    /// These octets as they are, padding and pad length included, right or wrong.
    Raw(Vec<u8>),
}

/// One direction of an IKE SA.
struct Direction {
    cipher: Box<dyn CipherKey>,
    integrity: Option<Box<dyn IntegrityKey>>,
    encryption: Encryption,
    icv_len: usize,
}

impl<'a> Keyring<'a> {
    /// All keys that are known so far.
    #[must_use]
    pub fn of(pair: &'a Pair) -> Self {
        let reported = pair.a.keys().chain(pair.b.keys());
        Self {
            provider: pair.provider,
            keys: reported
                .filter(|it| matches!(it, KeyLog::Ike { .. }))
                .collect(),
        }
    }

    /// The keys of the SA with these SPIs; several, should the parties disagree.
    fn fitting(&self, wanted: (Spi, Spi)) -> impl Iterator<Item = &'a KeyLog> {
        let keys = self.keys.iter().copied();
        keys.filter(move |it| matches!(it, KeyLog::Ike { spis, .. } if *spis == wanted))
    }

    /// The cipher of an SA.
    #[must_use]
    pub fn encryption(&self, spis: (Spi, Spi)) -> Option<Encryption> {
        match self.fitting(spis).next()? {
            KeyLog::Ike { suite, .. } => Some(suite.encryption),
            _ => None,
        }
    }

    /// Opens the SK or SKF payload of a message, if it has one and the keys are known.
    #[must_use]
    pub fn open(&self, message: &Message<'_>) -> Option<Opened> {
        let raw = message.payloads.iter().last()?;
        let fragment = match raw.kind {
            kind::ENCRYPTED => None,
            kind::ENCRYPTED_FRAGMENT => {
                let it = EncryptedFragment::parse(raw).ok()?;
                Some((it.number, it.total))
            }
            _ => return None,
        };
        let body = raw.body_offset() + if fragment.is_some() { 4 } else { 0 };
        let header = &message.header;
        let by_initiator = header.flags.contains(Flags::INITIATOR);
        let mut keys = self.fitting((header.initiator, header.responder));
        let plain = keys.find_map(|it| {
            let direction = Direction::new(self.provider, it, by_initiator)?;
            direction.open(message.bytes, body)
        })?;
        Some(Opened {
            first: raw.next,
            plain,
            fragment,
        })
    }

    /// Makes a message with one SK or SKF payload; `None` without keys for its header.
    #[must_use]
    pub fn seal(&self, sealing: &Sealing) -> Option<Vec<u8>> {
        self.seal_as(sealing, &sealing.header)
    }

    /// As [`seal`](Self::seal), with the keys that belong to another header.
    #[must_use]
    pub fn seal_as(&self, sealing: &Sealing, header: &Header) -> Option<Vec<u8>> {
        let by_initiator = header.flags.contains(Flags::INITIATOR);
        let keys = self.fitting((header.initiator, header.responder)).next()?;
        Some(Direction::new(self.provider, keys, by_initiator)?.seal(sealing))
    }

    /// Makes a message with these payloads in an SK payload.
    #[must_use]
    pub fn seal_payloads(&self, header: Header, payloads: &[OwnedPayload]) -> Option<Vec<u8>> {
        let (first, inner) = chain(payloads);
        self.seal(&Sealing {
            header,
            first,
            fragment: None,
            beside: Vec::new(),
            plain: Plain::Padded(inner),
        })
    }
}

/// The octets of payloads one after the other, and the type of the first.
#[must_use]
pub fn chain(payloads: &[OwnedPayload]) -> (PayloadType, Vec<u8>) {
    let mut inner = Vec::new();
    let mut chain = ChainWriter::begin(&mut inner);
    for it in payloads {
        chain.owned(it);
    }
    (chain.finish(), inner)
}

impl Direction {
    fn new(provider: &Provider, keys: &KeyLog, initiator: bool) -> Option<Self> {
        let KeyLog::Ike {
            suite,
            encryption,
            integrity,
            ..
        } = keys
        else {
            return None;
        };
        let pick = |it: &'_ (ike_crypto::SecretVec, ike_crypto::SecretVec)| {
            let key = if initiator { &it.0 } else { &it.1 };
            key.as_slice().to_vec()
        };
        let cipher = provider.cipher(suite.encryption)?;
        let (integrity, icv_len) = match suite.integrity {
            None => (None, suite.encryption.icv_len()),
            Some(id) => {
                let keyed = provider.integrity(id)?.keyed(&pick(integrity)).ok()?;
                (Some(keyed), id.icv_len())
            }
        };
        Some(Self {
            cipher: cipher.keyed(&pick(encryption)).ok()?,
            integrity,
            encryption: suite.encryption,
            icv_len,
        })
    }

    fn open(&self, message: &[u8], body: usize) -> Option<Vec<u8>> {
        let (signed, icv) = message.split_at_checked(message.len().checked_sub(self.icv_len)?)?;
        let (aad, rest) = signed.split_at_checked(body)?;
        let (iv, sealed) = rest.split_at_checked(self.encryption.iv_len())?;
        let mut plain = sealed.to_vec();
        match &self.integrity {
            None => self.cipher.open(iv, aad, &mut plain, icv).ok()?,
            Some(integrity) => {
                integrity.verify(&[signed], icv).ok()?;
                self.cipher.open(iv, aad, &mut plain, &[]).ok()?;
            }
        }
        let pad = usize::from(*plain.last()?);
        plain.truncate(plain.len().checked_sub(pad + 1)?);
        Some(plain)
    }

    fn seal(&self, sealing: &Sealing) -> Vec<u8> {
        let block = self.encryption.block_len().max(1);
        let plain = match &sealing.plain {
            Plain::Raw(it) => it.clone(),
            Plain::Padded(it) => {
                let pad = (block - (it.len() + 1) % block) % block;
                let mut plain = it.clone();
                plain.resize(it.len() + pad, 0);
                plain.push(u8::try_from(pad).expect("a pad length"));
                plain
            }
        };
        let sealed_kind = match sealing.fragment {
            None => kind::ENCRYPTED,
            Some(_) => kind::ENCRYPTED_FRAGMENT,
        };
        let (numbers, iv_len) = (sealing.fragment.map_or(0, |_| 4), self.encryption.iv_len());
        let body_len = 4 + numbers + iv_len + plain.len() + self.icv_len;
        let beside: usize = sealing.beside.iter().map(|it| 4 + it.body.len()).sum();
        let header = Header {
            next: sealing.beside.first().map_or(sealed_kind, |it| it.kind),
            length: u32::try_from(Header::LEN + beside + body_len).expect("a length"),
            ..sealing.header
        };
        let mut out = Vec::new();
        header.encode(&mut out);
        let followers = sealing.beside.iter().skip(1).map(|it| it.kind);
        for (it, next) in sealing.beside.iter().zip(followers.chain([sealed_kind])) {
            out.extend([next.get(), u8::from(it.critical) << 7]);
            out.extend(
                u16::try_from(4 + it.body.len())
                    .expect("a length")
                    .to_be_bytes(),
            );
            out.extend_from_slice(&it.body);
        }
        out.extend([sealing.first.get(), 0]);
        out.extend(u16::try_from(body_len).unwrap_or(u16::MAX).to_be_bytes());
        if let Some((number, total)) = sealing.fragment {
            out.extend(number.to_be_bytes());
            out.extend(total.to_be_bytes());
        }
        let aad_len = out.len();
        // no endpoint counts that far
        out.extend(vec![0xf0; iv_len]);
        let data_at = out.len();
        out.extend_from_slice(&plain);
        let mut icv = vec![0; self.icv_len];
        let (clear, data) = out.split_at_mut(data_at);
        let (aad, iv) = clear.split_at(aad_len);
        match &self.integrity {
            None => self.cipher.seal(iv, aad, data, &mut icv).expect("sealed"),
            Some(integrity) => {
                // what is no whole block stays as it is: the receiver has to notice
                let whole = data.len() - data.len() % block;
                let sealed = self.cipher.seal(iv, aad, &mut data[..whole], &mut []);
                sealed.expect("sealed");
                integrity.sign(&[&out], &mut icv);
            }
        }
        out.extend(icv);
        out
    }
}
