//! The fields of the payloads of IKEv1.

use isakmp_wire::{ParseError, RawPayload};

use super::report::{Fields, hex};
use super::v2::put;

/// The fields of a payload of IKEv1.
pub(crate) fn fields(raw: RawPayload<'_>) -> Result<Fields, ParseError> {
    let mut fields = Fields::new();
    put(&mut fields, "data", hex(raw.body));
    Ok(fields)
}
