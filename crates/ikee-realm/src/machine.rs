//! Realms and what they permit, with no idea of SAs or the core ([MS-IKEE] §3.14).

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

/// The key under which the name of a realm is hashed ([MS-IKEE] note 11).
const KEY: &str = "SecurityRealmPolicyHmacKey";

/// Octets of a block of MD5; a shorter key of HMAC is the same as one filled up with zeros
/// (RFC 2104 §2).
const BLOCK: usize = 64;

/// The id of a realm: sixteen octets ([MS-IKEE] §3.14.1). It is no secret.
///
/// ```
/// use ikee_realm::RealmId;
///
/// let game = RealmId::from_name("game");
/// assert_ne!(game, RealmId::from_name("Game"));
/// assert_eq!(game, RealmId::new(*game.as_bytes()));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RealmId([u8; Self::LEN]);

impl RealmId {
    /// How many octets it has.
    pub const LEN: usize = 16;

    /// From its octets.
    #[must_use]
    pub const fn new(octets: [u8; Self::LEN]) -> Self {
        Self(octets)
    }

    /// The id of the realm of this name: its HMAC-MD5, name and key in UTF-8 without terminator
    /// ([MS-IKEE] note 11). The specification does not say how they are encoded.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::hash(KEY.bytes(), |mac| mac.update(name.as_bytes()))
    }

    /// As [`from_name`](Self::from_name), with name and key in UTF-16, low octets first, as Windows
    /// has its strings.
    #[must_use]
    pub fn from_name_utf16(name: &str) -> Self {
        let key = KEY.encode_utf16().flat_map(u16::to_le_bytes);
        Self::hash(key, |mac| {
            for unit in name.encode_utf16() {
                mac.update(&unit.to_le_bytes());
            }
        })
    }

    /// The octets.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    fn hash(key: impl Iterator<Item = u8>, name: impl FnOnce(&mut Hmac<Md5>)) -> Self {
        let mut block = [0; BLOCK];
        for (place, octet) in block.iter_mut().zip(key) {
            *place = octet;
        }
        let mut mac = Hmac::<Md5>::new(&block.into());
        name(&mut mac);
        Self(mac.finalize().into_bytes().into())
    }
}

/// The ids that an SA's peer has told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Told {
    /// In IKE_SA_INIT.
    pub(crate) first: Option<RealmId>,
    /// In its latest request.
    pub(crate) latest: Option<RealmId>,
}

impl Told {
    /// Whether an IKE SA may be under a policy of this realm, or of none: a policy without a realm
    /// is for everybody ([MS-IKEE] §3.14.5.1).
    pub(crate) fn permits(&self, policy: Option<RealmId>) -> bool {
        policy.is_none() || self.first == policy
    }

    /// Whether the peer's latest request is one under that policy ([MS-IKEE] §3.14.5.2).
    pub(crate) fn grants(&self, policy: Option<RealmId>) -> bool {
        policy.is_none() || self.latest == policy
    }
}
