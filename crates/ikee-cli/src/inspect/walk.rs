//! Going along a chain of payloads as far as its damage allows.
//!
//! `isakmp_wire::PayloadChain` refuses a chain with a defect, as a daemon must. A tool wants to see what there is: here a payload
//! that claims too much is cut to what there is, and a message whose length field says less than its chain is
//! followed to the end of the datagram.

use isakmp_wire::{ErrorKind, ParseError, PayloadType, RawPayload};
use serde_json::Value;

use super::report::{Defect, Fields, Layer, Payload, hex};
use super::{v1, v2};

/// A chain, decoded.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub(crate) payloads: Vec<Payload>,
    pub(crate) defects: Vec<Defect>,
}

/// Where a chain lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Where its first octet is in the message.
    pub(crate) offset: usize,
    /// Where the message ends by its own account, if that is before the octets do.
    pub(crate) stated_end: usize,
    /// What offsets count in.
    pub(crate) layer: Layer,
    /// Octets behind the last payload are padding, no defect (RFC 2409 App. B).
    pub(crate) padded: bool,
}

/// Decodes the chain that begins with a payload of type `first`; hands each raw payload to `see`.
pub(crate) fn chain<'a>(
    first: PayloadType,
    octets: &'a [u8],
    place: Place,
    mut see: impl FnMut(RawPayload<'a>),
) -> Walk {
    let mut walk = Walk::default();
    let mut kind = first;
    let mut rest = octets;
    let mut at = place.offset;
    let mut beyond = false;
    while kind != PayloadType::NONE {
        if walk.payloads.len() >= MAX_PAYLOADS {
            walk.note(ErrorKind::TooManyPayloads, at, place.layer);
            return walk;
        }
        if at >= place.stated_end && !rest.is_empty() && !beyond {
            beyond = true;
            let defect = Defect::new(place.layer, "payloads go on behind the message length", at);
            walk.defects.push(defect);
        }
        let Some((raw, left)) = step(kind, rest, at, place.layer, &mut walk.defects) else {
            return walk;
        };
        see(raw);
        walk.decode(raw, place.layer);
        at += rest.len() - left.len();
        rest = left;
        kind = if raw.kind.ends_chain() {
            PayloadType::NONE
        } else {
            raw.next
        };
    }
    if !rest.is_empty() && !place.padded {
        let count = rest.len();
        let defect = Defect::new(place.layer, ErrorKind::TrailingBytes.to_string(), at);
        walk.defects
            .push(defect.with_detail(format!("{count} octets")));
    }
    walk
}

/// The next payload, and what is behind it. `None` when nothing can be made of what is left.
fn step<'a>(
    kind: PayloadType,
    rest: &'a [u8],
    at: usize,
    layer: Layer,
    defects: &mut Vec<Defect>,
) -> Option<(RawPayload<'a>, &'a [u8])> {
    let Some((header, body)) = rest.split_first_chunk::<4>() else {
        let detail = format!("a payload of type {} is announced", kind.get());
        let defect = Defect::new(layer, ErrorKind::Truncated.to_string(), at + rest.len());
        defects.push(defect.with_detail(detail));
        return None;
    };
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let wrong = || {
        let detail = format!(
            "payload of type {} states {length}, {} octets are left",
            kind.get(),
            rest.len()
        );
        Defect::new(layer, ErrorKind::PayloadLength.to_string(), at + 2).with_detail(detail)
    };
    let Some(body_length) = length.checked_sub(4) else {
        defects.push(wrong());
        return None;
    };
    let (body, left) = body.split_at_checked(body_length).unwrap_or_else(|| {
        defects.push(wrong());
        (body, &[])
    });
    let cut = body.len() < body_length;
    let raw = RawPayload {
        kind,
        // what a payload that was cut announces cannot follow
        next: if cut && !kind.ends_chain() {
            PayloadType::NONE
        } else {
            PayloadType::new(header[0])
        },
        reserved: header[1],
        body,
        offset: at,
    };
    Some((raw, left))
}

impl Walk {
    fn decode(&mut self, raw: RawPayload<'_>, layer: Layer) {
        let mut fields = Fields::new();
        if let Err(error) = decode(raw, &mut fields) {
            self.note(error.kind, error.offset, layer);
            if fields.is_empty() {
                fields.insert("undecoded".into(), Value::String(hex(raw.body)));
            }
        }
        self.payloads.push(Payload {
            kind: raw.kind.get(),
            name: raw.kind.to_string(),
            offset: raw.offset,
            octets: raw.body.len() + 4,
            critical: raw.critical(),
            fields,
        });
    }

    fn note(&mut self, kind: ErrorKind, offset: usize, layer: Layer) {
        self.defects
            .push(Defect::new(layer, kind.to_string(), offset));
    }
}

/// The numbers of the two versions do not overlap, so the type says how to read the body, whatever the header says.
fn decode(raw: RawPayload<'_>, fields: &mut Fields) -> Result<(), ParseError> {
    match raw.kind.get() {
        33..=54 | 200 => v2::fields(raw, fields),
        _ => v1::fields(raw, fields),
    }
}

const MAX_PAYLOADS: usize = 256;
