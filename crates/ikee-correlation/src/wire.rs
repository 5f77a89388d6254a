//! The Correlation payload and the notify that ends the exchange ([MS-IKEE] §2.2.7, §2.2.9).

use alloc::vec::Vec;

use isakmp_wire::v2::{Notify, NotifyType, kind};
use isakmp_wire::{Encode, OwnedPayload, Spi};

/// Octets of the two SPIs.
const SPIS: usize = 16;

/// No PRF has a longer output.
pub(crate) const MAX_HASH: usize = 64;

/// What a Correlation payload says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Claim {
    /// The SPIs of the original SA, its initiator's first.
    pub(crate) original: (Spi, Spi),
    /// The proof.
    pub(crate) hash: Vec<u8>,
}

impl Claim {
    /// The payload; it is not critical.
    pub(crate) fn payload(&self) -> OwnedPayload {
        let (initiator, responder) = &self.original;
        let parts = [&initiator.as_bytes()[..], responder.as_bytes(), &self.hash];
        OwnedPayload::new(kind::CORRELATION, parts.concat())
    }

    /// Reads the body of a payload; `None` if it is too short or too long for any PRF.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let (spis, hash) = body.split_first_chunk::<SPIS>()?;
        let (initiator, responder) = spis.split_first_chunk::<8>()?;
        let responder = responder.first_chunk::<8>()?;
        (1..=MAX_HASH).contains(&hash.len()).then(|| Self {
            original: (Spi::new(*initiator), Spi::new(*responder)),
            hash: hash.to_vec(),
        })
    }
}

/// The error notify with a status ([MS-IKEE] §2.2.7).
pub(crate) fn status(code: u32) -> OwnedPayload {
    let mut body = Vec::new();
    let data = code.to_be_bytes();
    Notify::new(NotifyType::MS_STATUS, &data).encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}
