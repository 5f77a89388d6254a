//! Proofs by a shared secret, and the form of one that proves nothing (RFC 7296 §2.15, RFC 7619 §2.1).

use alloc::vec::Vec;

use ike_crypto::{Error, Provider};
use ike_ext::Role;

use crate::keys::{Keys, Signed};

pub(super) fn make(
    provider: &Provider,
    keys: &Keys,
    role: Role,
    signed: &Signed<'_>,
    secret: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut data = alloc::vec![0; keys.suite().prf.output_len()];
    signed.with_psk(provider, keys, role, secret, |key, parts| {
        key.mac(parts, &mut data);
    })?;
    Ok(data)
}

/// Whether `data` is what the side with `role` makes of the secret.
pub(super) fn check(
    provider: &Provider,
    keys: &Keys,
    role: Role,
    signed: &Signed<'_>,
    secret: &[u8],
    data: &[u8],
) -> Result<bool, Error> {
    // RFC 7296 §2.15: the whole output of the PRF; a shorter one would be easy to guess
    let whole = data.len() == keys.suite().prf.output_len();
    let verified = signed.with_psk(provider, keys, role, secret, |key, parts| {
        key.verify(parts, data)
    })?;
    Ok(whole && verified.is_ok())
}
