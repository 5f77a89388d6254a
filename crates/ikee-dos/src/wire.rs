//! The one notification ([MS-IKEE] §2.2.6).

use isakmp_wire::v1::{Doi, Notification, NotifyType, ProtocolId, kind};
use isakmp_wire::{Encode, OwnedPayload, PayloadChain};

/// Octets of a cookie: those of the header's field ([MS-IKEE] §2.2.6).
pub(crate) const COOKIE: usize = 8;

/// Message 2: a cookie and nothing else. No message ID stands before it, whoever the peer is.
pub(crate) fn challenge(cookie: [u8; COOKIE]) -> OwnedPayload {
    let mut body = alloc::vec::Vec::new();
    let notification = Notification {
        doi: Doi::IPSEC,
        protocol: ProtocolId::ISAKMP,
        spi: &[],
        kind: NotifyType::NOTIFY_DOS_COOKIE,
        data: &cookie,
    };
    notification.encode(&mut body);
    OwnedPayload::new(kind::NOTIFY, body)
}

/// The cookie of a message 2; `None` if it is anything else ([MS-IKEE] §3.9.5.2): more payloads
/// than one, another notification, another length.
pub(crate) fn challenged(payloads: PayloadChain<'_>) -> Option<[u8; COOKIE]> {
    let mut all = payloads.iter();
    let only = all.next().filter(|it| it.kind == kind::NOTIFY)?;
    if all.next().is_some() {
        return None;
    }
    let notification = Notification::parse(only).ok()?;
    let fits = notification.kind == NotifyType::NOTIFY_DOS_COOKIE;
    notification.data.try_into().ok().filter(|_| fits)
}
