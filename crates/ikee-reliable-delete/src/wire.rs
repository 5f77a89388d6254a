//! The payloads of a reliable delete ([MS-IKEE] §3.8.4.1, §3.8.5.1).

use isakmp_wire::v1::{Delete, ProtocolId, kind};
use isakmp_wire::{PayloadChain, RawPayload, Spi, vendor_id};

/// Microsoft's vendor ID, behind which the release stands: such a peer acknowledges deletes
/// ([MS-IKEE] §3.8.4.1, note 24).
pub(crate) const MICROSOFT: [u8; 16] = vendor_id::MS_NT5_ISAKMPOAKLEY;

/// Octets of our nonces ([MS-IKEE] note 23).
pub const NONCE_LEN: usize = 32;

/// Octets of a peer's nonce (RFC 2409 §5).
const NONCES: core::ops::RangeInclusive<usize> = 8..=256;

/// A delete with a nonce: message 1 or 2 of the exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reliable<'a> {
    /// The nonce, without its header.
    pub(crate) nonce: &'a [u8],
    /// The delete.
    pub(crate) raw: RawPayload<'a>,
    /// What it says.
    pub(crate) delete: Delete<'a>,
}

impl<'a> Reliable<'a> {
    /// Reads Hash, Nonce and Delete, the last two in either order; `None` if there is anything
    /// else, or less.
    pub(crate) fn read(payloads: PayloadChain<'a>) -> Option<Self> {
        let nonce = payloads.first(kind::NONCE)?.body;
        let raw = payloads.first(kind::DELETE)?;
        let hashes = payloads.all(kind::HASH).count();
        let alone = payloads.iter().count() == hashes.saturating_add(2);
        let fits = alone && hashes <= 1 && NONCES.contains(&nonce.len());
        let delete = Delete::parse(raw).ok().filter(|_| fits)?;
        Some(Self { nonce, raw, delete })
    }

    /// Whether it names the IKE SA with these cookies.
    pub(crate) fn names_sa(&self, cookies: (Spi, Spi)) -> bool {
        let own: (&[u8], &[u8]) = (cookies.0.as_bytes(), cookies.1.as_bytes());
        let mut all = self.delete.spis();
        self.delete.protocol == ProtocolId::ISAKMP
            && all.any(|it| it.split_at_checked(own.0.len()) == Some(own))
    }

    /// The child SAs that it names.
    pub(crate) fn children(&self) -> impl Iterator<Item = u32> + use<'a> {
        let child = self.delete.protocol != ProtocolId::ISAKMP;
        let all = self.delete.spis().filter(move |_| child);
        all.filter_map(|it| Some(u32::from_be_bytes(it.try_into().ok()?)))
    }
}
