//! The vendor IDs of co-existence ([MS-IKEE] §1.3.8, §1.7).

use alloc::vec::Vec;

use isakmp_wire::vendor_id;

/// "AuthIP is here, too".
pub(crate) const AUTHIP: [u8; 16] = vendor_id::MS_MAMIE_EXISTS;

/// A keying module, as the vendor ID for them counts ([MS-IKEE] note 6).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum KeyingModule {
    /// IKEv1.
    Ike,
    /// AuthIP.
    AuthIp,
    /// IKEv2.
    IkeV2,
}

impl KeyingModule {
    /// The number behind the vendor ID.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Ike => 0,
            Self::AuthIp => 1,
            Self::IkeV2 => 2,
        }
    }

    /// The vendor ID that tells of it.
    pub(crate) fn vendor_id(self) -> Vec<u8> {
        let mut id = Vec::from(vendor_id::KEY_MODS);
        id.extend_from_slice(&self.number().to_be_bytes());
        id
    }

    /// The module that a vendor ID tells of, if it is a known one.
    #[must_use]
    pub fn told(id: &[u8]) -> Option<Self> {
        let rest = id.strip_prefix(&vendor_id::KEY_MODS)?;
        let number = u32::from_be_bytes(rest.try_into().ok()?);
        let all = [Self::Ike, Self::AuthIp, Self::IkeV2];
        all.into_iter().find(|it| it.number() == number)
    }
}
