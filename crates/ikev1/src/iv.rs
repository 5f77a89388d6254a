//! CBC chaining (RFC 2409 App. B).
//!
//! Phase 1 has one chain, phase 2 one for each message ID, which begins from the last block of phase 1.

use alloc::vec::Vec;

use ike_crypto::{Error, Provider};
use ipsec_doi::v1::IkeSuite;
use isakmp_wire::vendor_id;

use crate::sa::{Sa, Secure};

/// The first IV of phase 1: a hash over both public values.
pub(crate) fn of_phase_1(
    provider: &Provider,
    suite: IkeSuite,
    publics: (&[u8], &[u8]),
) -> Result<Vec<u8>, Error> {
    digest(provider, suite, &[publics.0, publics.1])
}

/// The first IV of a phase 2 exchange: a hash over the last block of phase 1 and the message ID.
pub(crate) fn of_exchange(
    provider: &Provider,
    suite: IkeSuite,
    last: &[u8],
    message_id: u32,
) -> Result<Vec<u8>, Error> {
    digest(provider, suite, &[last, &message_id.to_be_bytes()])
}

/// The IV of a protected notification that we send before the end of phase 1 ([MS-IKEE] note 12): to some releases of
/// Windows the last block that we sent, to everybody else the last that we took.
pub(crate) fn of_early_notify(sa: &Sa) -> Option<Vec<u8>> {
    let secure = sa.secure.as_ref()?;
    let old = sa.facts.vendor_ids.iter().any(|it| {
        it.strip_prefix(&vendor_id::MS_NT5_ISAKMPOAKLEY)
            .is_some_and(|it| matches!(it, [0, 0, 0, 2..=5]))
    });
    let block = if old { &secure.last.0 } else { &secure.last.1 };
    Some(block.clone())
}

/// The IVs that such a notification of the peer may have, besides that of RFC 2409 App. B: it depends on what the peer
/// takes us for.
pub(crate) const fn of_early_notifies(secure: &Secure) -> [&Vec<u8>; 2] {
    [&secure.last.0, &secure.last.1]
}

fn digest(provider: &Provider, suite: IkeSuite, parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let hash = provider.hash(suite.hash).ok_or(Error)?;
    let mut out = alloc::vec![0; suite.hash.output_len()];
    hash.digest(parts, &mut out);
    if out.len() < suite.encryption.iv_len() {
        return Err(Error);
    }
    out.truncate(suite.encryption.iv_len());
    Ok(out)
}
