//! RESPONDER-LIFETIME (RFC 2407 §4.6.3.1).

use alloc::vec::Vec;

use ipsec_doi::Life;
use ipsec_doi::v1::Lifetimes;
use isakmp_wire::v1::{NotifyType, Phase2Attribute};
use isakmp_wire::{Attribute, Encode, PayloadChain};

use crate::payload::notifications;

/// What the responder says that it keeps the SA for (RFC 2407 §4.6.3.1).
pub(super) fn responder_lifetime(payloads: PayloadChain<'_>) -> Option<Lifetimes> {
    let notify = notifications(payloads).find(|it| it.kind == NotifyType::RESPONDER_LIFETIME)?;
    let mut out = Lifetimes::default();
    let mut kind = None;
    let list = isakmp_wire::Attributes::parse(notify.data, 0).ok()?;
    for it in list {
        if it.kind == Phase2Attribute::LIFE_TYPE.get() {
            kind = it.number().and_then(|it| u16::try_from(it).ok());
        } else if it.kind == Phase2Attribute::LIFE_DURATION.get() {
            let octets = it.number()?.to_be_bytes();
            match Life::from_v1(kind?, &octets)? {
                Life::Seconds(it) => out.seconds = Some(it),
                Life::Kilobytes(it) => out.kilobytes = Some(it),
            }
        }
    }
    Some(out)
}

/// The data of RESPONDER-LIFETIME.
pub(crate) fn lifetime_data(life: Life) -> Vec<u8> {
    let (kind, duration) = life.to_v1();
    let mut out = Vec::new();
    Attribute::short(Phase2Attribute::LIFE_TYPE.get(), kind).encode(&mut out);
    let octets = duration.to_be_bytes();
    Attribute::long(Phase2Attribute::LIFE_DURATION.get(), &octets).encode(&mut out);
    out
}
