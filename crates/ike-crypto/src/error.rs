use core::fmt;

/// A cryptographic operation failed.
///
/// It does not say which one or why, by design: whoever could tell a wrong tag from a wrong length, or a point off the
/// curve from a wrong padding, could be used as an oracle. What led there is known to the caller, who logs that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a unit by design: it will never say more"
)]
pub struct Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cryptographic operation failed")
    }
}

impl core::error::Error for Error {}

/// Bridges from the slice and array conversions of `core`, whose failures mean a wrong length.
impl From<core::array::TryFromSliceError> for Error {
    fn from(_: core::array::TryFromSliceError) -> Self {
        Self
    }
}
