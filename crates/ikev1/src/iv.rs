//! CBC chaining (RFC 2409 App. B).
//!
//! Phase 1 has one chain, phase 2 one for each message ID, which begins from the last block of phase 1.

use alloc::vec::Vec;

use ike_crypto::{Error, Provider};
use ipsec_doi::v1::IkeSuite;

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
