//! From octets to a message: header, payloads, and what is inside when there are keys.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use isakmp_wire::v2::kind;
use isakmp_wire::{ErrorKind, Flags, Header as WireHeader, PayloadType, RawPayload};

use super::fragments::{Fragment, Fragments};
use super::keys::{IkeKeys, Keys};
use super::nat;
use super::open;
use super::open_v1::Associations;
use super::pieces::Pieces;
use super::recognise;
use super::report::{Defect, Header, Layer, Message, Opened, Path, Whole, hex};
use super::walk::{self, Place};

/// Decodes messages one after another, remembering what fragments and retransmissions ask for.
pub(crate) struct Decoder<'k> {
    keys: &'k Keys,
    fragments: Fragments,
    pieces: Pieces,
    associations: Associations,
    seen: Seen,
}

impl<'k> Decoder<'k> {
    pub(crate) fn new(keys: &'k Keys) -> Self {
        Self {
            keys,
            fragments: Fragments::default(),
            pieces: Pieces::default(),
            associations: Associations::default(),
            seen: Seen::default(),
        }
    }

    /// Decodes a message; `defects` are those of the layers below.
    ///
    /// # Errors
    /// When there are too few octets for a header.
    pub(crate) fn message(
        &mut self,
        path: Path,
        octets: &[u8],
        mut defects: Vec<Defect>,
    ) -> Result<Message, Defect> {
        let header = WireHeader::parse(octets).map_err(|error| {
            Defect::new(Layer::Ike, error.kind.to_string(), error.offset).in_frame(path.frame)
        })?;
        let stated_end = stated_end(&header, octets, &mut defects);
        let body = octets.get(WireHeader::LEN..).unwrap_or_default();
        let mut message = Message {
            retransmission_of: self.seen.before(path.frame, octets),
            header: describe(&header),
            encrypted: header.version.major == 1 && header.flags.contains(Flags::ENCRYPTED),
            payloads: Vec::new(),
            opened: None,
            recognised: None,
            whole: None,
            defects,
            path,
        };
        if message.encrypted {
            self.associations
                .open(self.keys, &header, octets, &mut message);
            return Ok(message);
        }
        let place = Place {
            offset: WireHeader::LEN,
            stated_end,
            layer: Layer::Ike,
            padded: false,
        };
        let mut sealed = None;
        let mut piece = None;
        let walk = walk::chain(header.next, body, place, |raw| {
            if raw.kind.ends_chain() {
                sealed = Some(raw);
            } else if raw.kind == PayloadType::V1_FRAGMENT {
                piece = Some(raw);
            } else if header.version.major == 1 {
                self.associations.note(&header, raw);
            }
        });
        message.payloads = walk.payloads;
        message.defects.extend(walk.defects);
        if let Some(raw) = sealed {
            self.open(&header, octets, raw, &mut message);
        }
        if let Some(raw) = piece {
            self.piece(&header, raw, &mut message);
        }
        nat::check(&header, &mut message);
        recognise::recognise(&mut message);
        Ok(message)
    }

    /// A fragment of IKEv1; what the fragments make up is a message with a header of its own.
    fn piece(&mut self, header: &WireHeader, raw: RawPayload<'_>, message: &mut Message) {
        let frame = message.path.frame;
        let defects = &mut message.defects;
        let Some((octets, reassembled_from)) = self.pieces.add(header, raw, frame, defects) else {
            return;
        };
        let mut path = message.path.clone();
        path.udp_octets = octets.len();
        match self.whole(path, &octets) {
            Ok(message_inside) => {
                message.whole = Some(Box::new(Whole {
                    reassembled_from,
                    message: message_inside,
                }));
            }
            Err(defect) => message.defects.push(defect),
        }
    }

    /// A fragment within fragments is none that anybody sends.
    fn whole(&mut self, path: Path, octets: &[u8]) -> Result<Message, Defect> {
        let next = octets.get(NEXT_AT).copied();
        if next == Some(PayloadType::V1_FRAGMENT.get()) {
            return Err(Defect::new(Layer::Ike, "fragments within fragments", 0));
        }
        self.message(path, octets, Vec::new())
    }

    /// Opens the encrypted payload of a message, if there are keys for it.
    fn open(
        &mut self,
        header: &WireHeader,
        octets: &[u8],
        raw: RawPayload<'_>,
        message: &mut Message,
    ) {
        let keys = self.keys;
        let Some(keys) = keys.ike(header.initiator.as_bytes(), header.responder.as_bytes()) else {
            return;
        };
        let prefix = if raw.kind == kind::ENCRYPTED_FRAGMENT {
            4
        } else {
            0
        };
        let at = raw.body_offset() + prefix;
        let end = raw.body_offset() + raw.body.len();
        let Some(packet) = octets.get(..end) else {
            return;
        };
        let Some((clear, pad_length)) = unseal(keys, header, packet, at, &mut message.defects)
        else {
            return;
        };
        let mut opened = Opened {
            icv_valid: clear.valid,
            hash_valid: None,
            iv: None,
            protection: keys.suite.name.clone(),
            pad_length,
            plaintext: hex(&clear.octets),
            reassembled_from: Vec::new(),
            inner: None,
        };
        if clear.valid == Some(false) {
            let icv_at = end.saturating_sub(keys.suite.icv_octets());
            let icv = Defect::new(Layer::Ike, "integrity check value is wrong", icv_at);
            message.defects.push(icv);
        }
        if prefix == 0 {
            let offset = at + keys.suite.encryption.iv_len();
            inner(
                raw.next,
                &clear.octets,
                offset,
                Layer::Ike,
                &mut opened,
                message,
            );
        } else if let Some(fragment) = Fragment::new(header, raw, clear.octets, message.path.frame)
        {
            self.join(fragment, &mut opened, message);
        }
        message.opened = Some(opened);
    }

    fn join(&mut self, fragment: Fragment, opened: &mut Opened, message: &mut Message) {
        if let Some(whole) = self.fragments.add(fragment, &mut message.defects) {
            opened.plaintext = hex(&whole.data);
            opened.reassembled_from = whole.frames;
            inner(whole.first, &whole.data, 0, Layer::Inner, opened, message);
        }
    }
}

fn inner(
    first: PayloadType,
    octets: &[u8],
    offset: usize,
    layer: Layer,
    opened: &mut Opened,
    message: &mut Message,
) {
    let place = Place {
        offset,
        stated_end: usize::MAX,
        layer,
        padded: false,
    };
    let walk = walk::chain(first, octets, place, |_| ());
    opened.inner = Some(walk.payloads);
    message.defects.extend(walk.defects);
}

/// Decrypts and takes the padding away (RFC 7296 §3.14).
fn unseal(
    keys: &IkeKeys,
    header: &WireHeader,
    packet: &[u8],
    at: usize,
    defects: &mut Vec<Defect>,
) -> Option<(open::Clear, Option<u8>)> {
    let side = if header.flags.contains(Flags::INITIATOR) {
        &keys.initiator
    } else {
        &keys.responder
    };
    let provider = ike_rustcrypto::provider();
    let mut clear = match open::open(provider, &keys.suite, side, packet, at) {
        Ok(clear) => clear,
        Err(reason) => {
            defects.push(Defect::new(
                Layer::Ike,
                format!("not decrypted: {reason}"),
                at,
            ));
            return None;
        }
    };
    let pad_at = at + keys.suite.encryption.iv_len() + clear.octets.len().saturating_sub(1);
    let pad_length = clear.octets.pop();
    let content = pad_length.and_then(|pad| clear.octets.len().checked_sub(usize::from(pad)));
    match content {
        Some(length) => clear.octets.truncate(length),
        None => defects.push(Defect::new(Layer::Ike, "pad length does not fit", pad_at)),
    }
    Some((clear, pad_length))
}

/// Where the message ends by its own account, if that is believable; a difference is a defect.
fn stated_end(header: &WireHeader, octets: &[u8], defects: &mut Vec<Defect>) -> usize {
    let stated = usize::try_from(header.length).unwrap_or(usize::MAX);
    if stated != octets.len() {
        let detail = format!("{stated} stated, {} octets there", octets.len());
        let defect = Defect::new(Layer::Ike, ErrorKind::MessageLength.to_string(), LENGTH_AT);
        defects.push(defect.with_detail(detail));
    }
    if !matches!(header.version.major, 1 | 2) {
        let defect = Defect::new(Layer::Ike, "unknown major version", VERSION_AT);
        defects.push(defect.with_detail(header.version.to_string()));
    }
    if (WireHeader::LEN..octets.len()).contains(&stated) {
        stated
    } else {
        octets.len()
    }
}

fn describe(header: &WireHeader) -> Header {
    let names: &[(Flags, &'static str)] = if header.version.major == 1 {
        &[
            (Flags::ENCRYPTED, "encrypted"),
            (Flags::COMMIT, "commit"),
            (Flags::AUTH_ONLY, "authentication only"),
        ]
    } else {
        &[
            (Flags::INITIATOR, "initiator"),
            (Flags::VERSION, "higher version"),
            (Flags::RESPONSE, "response"),
        ]
    };
    Header {
        spi_i: header.initiator.to_string(),
        spi_r: header.responder.to_string(),
        first_payload: header.next.get(),
        version: header.version.to_string(),
        exchange: header.exchange.get(),
        exchange_name: header.exchange.to_string(),
        flags: header.flags.get(),
        flag_names: names
            .iter()
            .filter(|(flag, _)| header.flags.contains(*flag))
            .map(|(_, name)| *name)
            .collect(),
        message_id: header.message_id,
        length: header.length,
    }
}

/// The messages seen lately, by a hash of their octets.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    frames: HashMap<u64, u64>,
    order: VecDeque<u64>,
}

impl Seen {
    /// The frame of an identical message; notes this one.
    fn before(&mut self, frame: u64, octets: &[u8]) -> Option<u64> {
        let hash = self.hasher.hash_one(octets);
        if let Some(earlier) = self.frames.get(&hash) {
            return Some(*earlier);
        }
        self.frames.insert(hash, frame);
        self.order.push_back(hash);
        if self.order.len() > MAX_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.frames.remove(&oldest);
        }
        None
    }
}

const NEXT_AT: usize = 16;
const VERSION_AT: usize = 17;
const LENGTH_AT: usize = 24;
const MAX_SEEN: usize = 8192;
