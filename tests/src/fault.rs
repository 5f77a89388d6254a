//! What may go wrong with a message, by name: a man in the middle who knows the keys takes it apart and puts it together
//! again with one fault in it.

use isakmp_wire::v2::kind;
use isakmp_wire::{
    ExchangeType, Flags, Header, Message, OwnedPayload, PayloadChain, PayloadType, Spi, Version,
    marker,
};

use crate::keyring::{Keyring, Plain, Sealing, chain};
use crate::link::Packet;

/// One thing that is wrong with a message. Payloads are counted from 0, inside SK if there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// A payload is not there.
    Omit(usize),
    /// A payload stands twice.
    Repeat(usize),
    /// A payload stands elsewhere.
    Move(usize, usize),
    /// The last payload comes first.
    Reverse,
    /// A payload has no body.
    Empty(usize),
    /// A payload's body is all zero.
    Zero(usize),
    /// A payload has another body.
    Body(usize, Vec<u8>),
    /// A payload is of another type.
    Kind(usize, PayloadType),
    /// A payload is marked critical.
    Critical(usize),
    /// A payload too many.
    Insert(usize, OwnedPayload),
    /// Other payloads altogether.
    Payloads(Vec<OwnedPayload>),
    /// Any octets where its payloads should be; the type of the first stays.
    Inner(Vec<u8>),
    /// A payload in clear beside SK.
    Beside(OwnedPayload),
    /// The message says that it is of another exchange.
    Exchange(ExchangeType),
    /// It says that it is of another version.
    Version(Version),
    /// It has another message ID.
    MessageId(u32),
    /// Other flags are set.
    Flags(Flags),
    /// It has other SPIs.
    Spis(Spi, Spi),
    /// What is under the cipher ends in these octets instead of its padding.
    Padding(Vec<u8>),
    /// Nothing is under the cipher, not even padding.
    NoCiphertext,
    /// The datagram ends here.
    Cut(usize),
    /// Octets of the datagram are altered.
    Corrupt {
        /// From here on.
        at: usize,
        /// By these bits.
        bits: Vec<u8>,
    },
}

/// A message taken apart.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its header.
    pub header: Header,
    /// Its payloads; those inside SK if it has one.
    pub payloads: Vec<OwnedPayload>,
    /// Whether they were inside SK.
    pub protected: bool,
    marker: bool,
    beside: Vec<OwnedPayload>,
    padding: Option<Vec<u8>>,
    inner: Option<Vec<u8>>,
    bare: bool,
}

impl Letter {
    /// Takes a message apart; `None` if it is a fragment, or its keys are not known.
    #[must_use]
    pub fn open(keyring: &Keyring<'_>, packet: &Packet) -> Option<Self> {
        let message = Message::parse(packet.message()).ok()?;
        let sealed = message.payloads.first(kind::ENCRYPTED).is_some();
        let fragment = message.payloads.first(kind::ENCRYPTED_FRAGMENT).is_some();
        let owned = |it: PayloadChain<'_>| it.iter().map(|it| it.to_owned()).collect();
        let payloads = if sealed || fragment {
            let opened = keyring.open(&message).filter(|_| sealed)?;
            owned(PayloadChain::parse(opened.first, &opened.plain, 0).ok()?)
        } else {
            owned(message.payloads)
        };
        Some(Self {
            header: message.header,
            payloads,
            protected: sealed,
            marker: packet.message().len() < packet.bytes.len(),
            beside: Vec::new(),
            padding: None,
            inner: None,
            bare: false,
        })
    }

    /// Puts it together again.
    ///
    /// # Panics
    ///
    /// When it is protected and its keys are not known.
    #[must_use]
    pub fn write(&self, keyring: &Keyring<'_>, keys_of: &Header) -> Vec<u8> {
        let mut bytes = if self.marker {
            marker::NON_ESP_MARKER.to_vec()
        } else {
            Vec::new()
        };
        let (first, inner) = chain(&self.payloads);
        let inner = self.inner.clone().unwrap_or(inner);
        if !self.protected {
            let length = u32::try_from(Header::LEN + inner.len()).expect("a length");
            let header = Header {
                next: first,
                length,
                ..self.header
            };
            header.encode(&mut bytes);
            bytes.extend(inner);
            return bytes;
        }
        let plain = match &self.padding {
            _ if self.bare => Plain::Raw(Vec::new()),
            Some(padding) => Plain::Raw([&inner, padding.as_slice()].concat()),
            None => Plain::Padded(inner),
        };
        let sealing = Sealing {
            header: self.header,
            first,
            fragment: None,
            beside: self.beside.clone(),
            plain,
        };
        let sealed = keyring.seal_as(&sealing, keys_of);
        bytes.extend(sealed.expect("keys"));
        bytes
    }
}

impl Fault {
    /// The datagram with this fault; `None` where it cannot have it.
    #[must_use]
    pub fn apply(&self, keyring: &Keyring<'_>, packet: &Packet) -> Option<Packet> {
        let bytes = match self {
            Self::Cut(len) => packet.bytes.get(..*len)?.to_vec(),
            Self::Corrupt { at, bits } => {
                let mut bytes = packet.bytes.clone();
                let octets = bytes.get_mut(*at..*at + bits.len())?;
                octets
                    .iter_mut()
                    .zip(bits)
                    .for_each(|(it, bits)| *it ^= bits);
                bytes
            }
            _ => {
                let mut letter = Letter::open(keyring, packet)?;
                let keys_of = letter.header;
                self.strike(&mut letter)?;
                letter.write(keyring, &keys_of)
            }
        };
        Some(Packet {
            bytes,
            ..packet.clone()
        })
    }

    /// Puts the fault into a message that has been taken apart.
    fn strike(&self, letter: &mut Letter) -> Option<()> {
        let payloads = &mut letter.payloads;
        match self {
            Self::Omit(at) => drop((*at < payloads.len()).then(|| payloads.remove(*at))?),
            Self::Repeat(at) => {
                let again = payloads.get(*at)?.clone();
                payloads.push(again);
            }
            Self::Move(from, to) => {
                let inside = *from < payloads.len() && *to < payloads.len() && from != to;
                let it = inside.then(|| payloads.remove(*from))?;
                payloads.insert(*to, it);
            }
            Self::Reverse => payloads.reverse(),
            Self::Empty(at) => payloads.get_mut(*at)?.body.clear(),
            Self::Zero(at) => payloads.get_mut(*at)?.body.fill(0),
            Self::Body(at, body) => payloads.get_mut(*at)?.body.clone_from(body),
            Self::Kind(at, kind) => payloads.get_mut(*at)?.kind = *kind,
            Self::Critical(at) => payloads.get_mut(*at)?.critical = true,
            Self::Insert(at, it) => {
                let at = (*at).min(payloads.len());
                payloads.insert(at, it.clone());
            }
            Self::Payloads(it) => payloads.clone_from(it),
            Self::Inner(it) => letter.inner = Some(it.clone()),
            Self::Beside(it) if letter.protected => letter.beside.push(it.clone()),
            Self::Padding(octets) if letter.protected => letter.padding = Some(octets.clone()),
            Self::NoCiphertext if letter.protected => letter.bare = true,
            Self::Exchange(it) => letter.header.exchange = *it,
            Self::Version(it) => letter.header.version = *it,
            Self::MessageId(it) => letter.header.message_id = *it,
            Self::Flags(it) => letter.header.flags = *it,
            Self::Spis(initiator, responder) => {
                letter.header.initiator = *initiator;
                letter.header.responder = *responder;
            }
            Self::Beside(_) | Self::Padding(_) | Self::NoCiphertext => return None,
            Self::Cut(_) | Self::Corrupt { .. } => return None,
        }
        Some(())
    }
}

/// Every way to leave out, double, move, empty, zero or mark one payload of `count`.
pub fn rearranged(count: usize) -> impl Iterator<Item = Fault> {
    let single = (0..count).flat_map(|at| {
        let single = [Fault::Omit(at), Fault::Repeat(at), Fault::Empty(at)];
        single
            .into_iter()
            .chain([Fault::Zero(at), Fault::Critical(at)])
    });
    let moves = (0..count).flat_map(move |from| (0..count).map(move |to| Fault::Move(from, to)));
    single.chain(moves).chain([Fault::Reverse])
}

/// Payloads that nobody knows, critical or not, first or last, in SK or in clear.
pub fn strangers() -> impl Iterator<Item = Fault> {
    [false, true].into_iter().flat_map(|critical| {
        let payload = OwnedPayload {
            kind: PayloadType::new(199),
            critical,
            body: vec![7; 5],
        };
        let last = Fault::Insert(usize::MAX, payload.clone());
        [
            Fault::Insert(0, payload.clone()),
            last,
            Fault::Beside(payload),
        ]
    })
}
